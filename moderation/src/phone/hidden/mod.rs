//! Phone numbers that are written so that they are not seen: in words, digit by digit, in other digits, in letters that look
//! like digits, with anything between.
//!
//! Words and digits that follow each other make a *run*. A run is read as groups of digits, and a stretch of groups that some
//! numbering plan knows is weighed: what is odd about how it is written speaks for a number, what stands around it may speak
//! against. Ordinary layouts are not weighed here: [`find`](super::find) judges them, before this.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | from words to runs |
//! | `runs.rs` | what belongs to a run, and what may stand at its ends |
//! | `between.rs` | what may stand between two parts of a number |
//! | `run.rs` | a run as groups of digits |
//! | `stretch.rs` | what speaks for a number, and what against |

mod between;
mod run;
mod runs;
mod stretch;

use std::ops::Range;

use crate::find::{self, Found, OrderId};
use crate::numbers;
use crate::text::{BOUNDARY, Text, Token, scripts};
use between::{FILLERS_MAX, Gap, filler, is_asking, is_counting_talk, is_fraction, leads_on};
use run::How;
use runs::Runs;

/// A part of a number whose other parts are in other messages.
pub(crate) const SPLIT: &str = "phone.split";

/// The most pieces of a run; a number has far fewer.
const PIECES_MAX: usize = 256;

/// The most words behind the last number of a message, or before the first.
const EDGE_WORDS_MAX: usize = 64;

/// Finds the numbers between what others claimed. In a window of messages those that say no number are looked over, with what is
/// claimed in them.
pub(crate) fn find_between(text: &Text<'_>, found: &mut Vec<Found>, order: &mut OrderId<'_>) {
    let folded = text.folded();
    if !folded.contains(BOUNDARY) {
        find::in_gaps(found, folded.len(), |gap, out| find(text, gap, order, out));
        return;
    }
    let (mut loud, mut silent) = (Vec::new(), Vec::new());
    let (mut from, mut start) = (0, 0);
    for message in folded.split(BOUNDARY) {
        let end = start + message.len();
        let here = found[from..].partition_point(|claimed| claimed.start < end);
        if here > 0 {
            let tokens = &text.tokens()[text.token_from(start)..text.token_from(end)];
            let kind = if says_number(text, tokens) { &mut loud } else { &mut silent };
            kind.extend_from_slice(&found[from..from + here]);
        }
        (from, start) = (from + here, end + 1);
    }
    find::in_gaps(&mut loud, folded.len(), |gap, out| find(text, gap, order, out));
    *found = loud;
    find::add(found, silent);
}

/// Finds the numbers in one range of the folded text.
fn find(text: &Text<'_>, gap: Range<usize>, order: &mut OrderId<'_>, out: &mut Vec<Found>) {
    let mut runs = Runs { text, limit: gap.clone(), pieces: Vec::new(), plus: None, order, out };
    let mut at = text.token_from(gap.start);
    let mut between = Between::new();
    let first = at;
    let past = at + text.tokens()[at..].partition_point(|token| token.end <= gap.end);
    while at < past {
        let mut before =
            if at == first { &text.folded()[gap.start..text.tokens()[at].start] } else { text.gap_before(at) };
        if before.contains(BOUNDARY) && !runs.pieces.is_empty() {
            let next = next_with_numbers(text, at, past);
            if next == past {
                break;
            }
            if next > at {
                between.ends_message(before);
                between.leads_on(text, at..next);
                at = next;
                before = text.gap_before(at);
                before = &before[before.rfind(BOUNDARY).unwrap_or_default()..];
            }
        }
        at += between.step(&mut runs, at, before);
    }
    runs.end();
}

/// The first word of the next message that says a number, from the first word of a message on: what says none is no gap between
/// the parts of one, however long it is.
fn next_with_numbers(text: &Text<'_>, from: usize, past: usize) -> usize {
    let mut at = from;
    while at < past {
        let end = (at + 1..past).find(|next| text.gap_before(*next).contains(BOUNDARY)).unwrap_or(past);
        if says_number(text, &text.tokens()[at..end]) {
            return at;
        }
        at = end;
    }
    past
}

/// Whether a message says a number: in digits or a word that is one; or, of few words, in one that may be.
fn says_number(text: &Text<'_>, tokens: &[Token]) -> bool {
    let may_be = |word: &str| {
        numbers::meaning(word).is_some()
            || numbers::misspelt(word).is_some()
            || numbers::disguised(word).is_some()
            || word.chars().all(is_digit_like)
    };
    tokens.iter().any(|token| {
        let word = text.word(token);
        let glued = || numbers::starts_like_number(word) && numbers::glued(word).is_some();
        let sure = || numbers::meaning(word).is_some_and(|meaning| !meaning.weak) || glued();
        let says = || sure() || (tokens.len() <= FILLERS_MAX && may_be(word));
        !token.holds.is_word() || (says() && !is_counting_talk(text, token))
    })
}

/// What stands between the last number of a run and the next.
struct Between {
    /// `None`: a number does not go on behind it.
    gap: Option<Gap>,
    fillers: usize,
}

impl Between {
    const fn new() -> Self {
        Self { gap: Some(Gap::NONE), fillers: 0 }
    }

    /// The message ends, and the next has no numbers.
    fn ends_message(&mut self, before: &str) {
        let tail = before.find(BOUNDARY).map_or(before, |end| &before[..end]);
        self.gap = self.gap.zip(Gap::read(tail)).map(|(so_far, gap)| so_far.and(gap));
    }

    /// Who writes a short message such as "one sec", "and then" between numbers dictates.
    fn leads_on(&mut self, text: &Text<'_>, silent: Range<usize>) {
        if silent.len() > FILLERS_MAX {
            return;
        }
        let filler = text.tokens()[silent].iter().any(|token| leads_on(text.word(token)));
        let filler = if filler { Gap::FILLER } else { Gap::NONE };
        self.gap = self.gap.map(|gap| gap.without_talk().and(filler));
    }

    /// Whether more words than usual may stand here: those before the first number of a message, and behind the last. Asked
    /// when they are too many for any other place.
    fn is_far(&self, text: &Text<'_>, at: usize) -> bool {
        let over = |gap: Gap| gap.has(Gap::BOUNDARY) || gap.has(Gap::FAR);
        self.gap.is_some_and(over) || {
            let rest = at + 1..text.tokens().len();
            let end = rest.clone().take(EDGE_WORDS_MAX).find(|next| text.gap_before(*next).contains(BOUNDARY));
            end.is_some_and(|end| !says_number(text, &text.tokens()[rest.start..end]))
        }
    }

    /// Takes the next word into the run, or between its numbers, or ends it. How many words it took.
    fn step(&mut self, runs: &mut Runs<'_, '_, '_>, at: usize, before: &str) -> usize {
        let taken = runs.text.gap_before(at + 1) == "-" && self.joins(runs, at, before);
        if !taken {
            self.step_one(runs, at, before);
        }
        1 + usize::from(taken)
    }

    /// Takes a word that a hyphen cuts in two.
    fn joins(&mut self, runs: &mut Runs<'_, '_, '_>, at: usize, before: &str) -> bool {
        let gap = self.gap.zip(Gap::read(before)).map(|(so_far, gap)| so_far.and(gap));
        if gap.is_none() || runs.pieces.len() >= PIECES_MAX {
            return false;
        }
        let taken = runs.take_joined(at, gap.unwrap_or_default());
        if taken {
            *self = Self::new();
        }
        taken
    }

    fn step_one(&mut self, runs: &mut Runs<'_, '_, '_>, at: usize, before: &str) {
        let text = runs.text;
        let token = &text.tokens()[at];
        let mut before = before;
        if !runs.pieces.is_empty() && self.gap == Some(Gap::NONE) {
            before = runs.take_sign(before, token);
        }
        self.gap = self.gap.zip(Gap::read(before)).map(|(so_far, gap)| so_far.and(gap));
        if self.gap.is_none() || runs.pieces.len() >= PIECES_MAX {
            runs.end();
        }
        let word = text.word(token);
        // "06 is lost, my new one: …": what only sounds like a digit begins the number that is meant.
        let talk = self.gap.is_some_and(|gap| gap.has(Gap::TALK)) && !runs.ends_in_words();
        let goes_on = || text.tokens().get(at + 1).is_some_and(|next| numbers::meaning(text.word(next)).is_some());
        if talk && numbers::meaning(word).is_some_and(|meaning| meaning.weak) && goes_on() {
            runs.end();
        }
        let pieces = runs.pieces.len();
        if before == "/" && is_fraction(text, at) {
            runs.end();
        }
        if runs.take(token, before, self.gap.unwrap_or_default()) {
            *self = Self::new();
            return;
        }
        // "three hundred plus forty": a sum.
        if is_plus(word)
            && runs.pieces.last().is_some_and(|last| last.how.has(How::WORD))
            && !text.gap_before(at).contains(BOUNDARY)
        {
            runs.end();
        }
        // Most words stand in no run at all: they are not asked further.
        let says = match runs.pieces.is_empty() {
            true => None,
            false if is_asking(text, at) => Some(Gap::SPACE),
            false => filler(word, token, self.gap.unwrap_or_default()),
        };
        self.fillers += 1;
        let far = self.fillers > FILLERS_MAX && says.is_some() && self.is_far(text, at);
        let is_too_much = self.fillers > EDGE_WORDS_MAX || (self.fillers > FILLERS_MAX && !far);
        if runs.pieces.len() < pieces || is_too_much || says.is_none() {
            runs.end();
            runs.plus = is_plus(word).then_some(token.start);
            *self = Self::new();
            return;
        }
        let says = says.map(|says| if far { says.and(Gap::FAR) } else { says });
        self.gap = self.gap.zip(says).map(|(gap, says)| gap.and(says));
        // Talk over the end of a sentence is another sentence.
        let ends = [". ", "! ", "? "].iter().any(|end| before.starts_with(end));
        if ends && says.is_some_and(|says| says.has(Gap::TALK)) {
            runs.end();
            *self = Self::new();
        }
    }
}

/// A digit, or a letter or sign that passes for one.
pub(super) fn is_digit_like(c: char) -> bool {
    c.is_ascii_digit() || scripts::as_digit(c).is_some()
}

/// Whether a word is said between the parts of a number.
pub(super) fn is_filler(word: &str) -> bool {
    leads_on(word)
}

fn is_plus(word: &str) -> bool {
    matches!(word, "plus" | "плюс")
}

#[cfg(test)]
mod tests;
