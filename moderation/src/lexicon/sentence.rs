//! The words of a message in a row, as the automaton reads them.

use std::ops::Range;

use super::letters::{BARRIER, NUMBER, SPACE, encode, is_letter};
use crate::text::{Holds, Text};

/// Longest gap between the letters of a word that is written apart, in bytes.
const APART_MAX: usize = 4;

/// The words of a message, and behind them other ways to read some of them.
#[derive(Debug)]
pub(super) struct Sentence<'s, 't> {
    text: &'s Text<'t>,
    /// The words, each with a space before and behind it; then, behind a barrier each, the other readings.
    bytes: Vec<u8>,
    /// Where each word begins in `bytes`, the other readings last.
    starts: Vec<u32>,
    others: Vec<Other>,
    /// Whether each word goes on with what the word before it began.
    goes_on: Vec<bool>,
    /// The other readings by their first word, and by their last.
    by_first: Vec<(u32, u32)>,
    by_last: Vec<(u32, u32)>,
    /// Whether another reading begins with each word, or ends with it. Empty when there is none at all.
    is_edge: Vec<bool>,
}

/// Most other readings of one word that phrases are tried with: there are few.
const READINGS_MAX: usize = 8;

/// What another reading stands for.
#[derive(Debug, Clone, Copy)]
struct Other {
    /// Bytes of the folded text.
    start: usize,
    end: usize,
    token: usize,
    last: usize,
    weak: bool,
}

/// What a part of the automaton's text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The word, the first of them if several.
    pub(super) token: usize,
    /// The last of them.
    pub(super) last: usize,
    /// Bytes of the folded text.
    pub(super) start: usize,
    pub(super) end: usize,
    /// It is read so only among other words of a phrase.
    pub(super) weak: bool,
}

impl Place {
    /// Whether a phrase from word `first` up to `end` is nothing but this one, which is read so only among others.
    pub(super) const fn is_weak(&self, first: usize, end: usize) -> bool {
        self.weak && first >= self.token && end <= self.last + 1
    }
}

impl<'s, 't> Sentence<'s, 't> {
    pub(super) fn new(text: &'s Text<'t>) -> Self {
        let tokens = text.tokens();
        let mut bytes = Vec::with_capacity(text.folded().len() + 2);
        let mut starts = Vec::with_capacity(tokens.len() + 4);
        let goes_on = (0..tokens.len()).map(|i| i == 0 || continues(text.gap_before(i))).collect();
        bytes.push(SPACE);
        for token in tokens {
            starts.push(place(bytes.len()));
            if token.holds.is_number() {
                bytes.push(NUMBER);
            } else {
                encode(text.word(token), &mut bytes);
            }
            bytes.push(SPACE);
        }
        Self {
            text,
            bytes,
            starts,
            others: Vec::new(),
            goes_on,
            by_first: Vec::new(),
            by_last: Vec::new(),
            is_edge: Vec::new(),
        }
    }

    pub(super) const fn text(&self) -> &'s Text<'t> {
        self.text
    }

    /// What the automaton reads.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.text.tokens().len()
    }

    /// A word in small letters.
    pub(super) fn word(&self, i: usize) -> &[u8] {
        /// Behind a word stands a space; behind the last, and behind each other reading, a barrier and a space more.
        const BEHIND: usize = 1;
        const BEHIND_LAST: usize = 3;
        let behind = if i + 1 < self.len() { BEHIND } else { BEHIND_LAST };
        let end = self.starts.get(i + 1).map_or(self.bytes.len() - BEHIND, |next| *next as usize - behind);
        &self.bytes[self.starts[i] as usize..end]
    }

    /// Adds another reading of the words in a range of the folded text, which begins with or in front of word `token`.
    pub(super) fn read_also(&mut self, reading: impl Iterator<Item = u8>, token: usize, range: Range<usize>) {
        self.add(reading, token, range, false);
    }

    /// The same for a reading that counts only among other words of a phrase.
    pub(super) fn read_in_phrases(&mut self, reading: impl Iterator<Item = u8>, token: usize, range: Range<usize>) {
        self.add(reading, token, range, true);
    }

    fn add(&mut self, reading: impl Iterator<Item = u8>, token: usize, range: Range<usize>, weak: bool) {
        let last = self.text.token_from(range.end).saturating_sub(1).max(token);
        self.bytes.extend([BARRIER, SPACE]);
        self.starts.push(place(self.bytes.len()));
        self.bytes.extend(reading);
        self.bytes.push(SPACE);
        self.others.push(Other { start: range.start, end: range.end, token, last, weak });
    }

    /// Every reading is there: phrases may be looked for.
    pub(super) fn settle(&mut self) {
        if self.others.is_empty() {
            return;
        }
        let numbered = || self.others.iter().enumerate();
        self.by_first = numbered().map(|(i, other)| (place(other.token), place(i))).collect();
        self.by_last = numbered().map(|(i, other)| (place(other.last), place(i))).collect();
        self.is_edge = vec![false; self.len()];
        for other in &self.others {
            self.is_edge[other.token] = true;
            self.is_edge[other.last] = true;
        }
        self.by_first.sort_unstable();
        self.by_last.sort_unstable();
    }

    /// What is read from word `start` on, with the word after it.
    pub(super) fn readings_from(&self, start: usize) -> impl Iterator<Item = (&[u8], usize)> {
        let others = of(&self.by_first, start).map(|i| (self.word(self.len() + i), self.others[i].last + 1));
        std::iter::once((self.word(start), start + 1)).chain(others)
    }

    /// What is read up to word `end`, with the word it begins with.
    pub(super) fn readings_to(&self, end: usize) -> impl Iterator<Item = (&[u8], usize)> {
        let others = of(&self.by_last, end - 1).map(|i| (self.word(self.len() + i), self.others[i].token));
        std::iter::once((self.word(end - 1), end - 1)).chain(others)
    }

    /// What the word around byte `at` of [`bytes`](Self::bytes) stands for.
    pub(super) fn place(&self, at: usize) -> Place {
        let i = self.starts.partition_point(|start| *start as usize <= at).saturating_sub(1);
        match i.checked_sub(self.len()).and_then(|i| self.others.get(i)) {
            Some(Other { start, end, token, last, weak }) => {
                Place { token: *token, last: *last, start: *start, end: *end, weak: *weak }
            }
            None => self.range(i, i + 1),
        }
    }

    /// The words from `first` up to `end`, as one place.
    pub(super) fn range(&self, first: usize, end: usize) -> Place {
        let tokens = self.text.tokens();
        Place { token: first, last: end - 1, start: tokens[first].start, end: tokens[end - 1].end, weak: false }
    }

    /// Whether word `i` goes on with what the word before it began: no sentence ends between them.
    pub(super) fn goes_on(&self, i: usize) -> bool {
        self.goes_on.get(i).is_none_or(|goes_on| *goes_on)
    }

    /// The number of the sentence that each word belongs to.
    pub(super) fn numbers(&self) -> Vec<u32> {
        let ends = self.goes_on.iter().scan(0, |number, goes_on| {
            *number += u32::from(!goes_on);
            Some(*number)
        });
        ends.collect()
    }

    /// Whether another reading begins or ends with word `i`.
    pub(super) fn has_others(&self, i: usize) -> bool {
        self.is_edge.get(i).is_some_and(|edge| *edge)
    }

    /// Whether the words from `first` up to `end` stand so near that they may be one.
    pub(super) fn is_apart(&self, first: usize, end: usize) -> bool {
        (first + 1..end).all(|i| {
            let gap = self.text.gap_before(i);
            gap.len() <= APART_MAX && !gap.contains('\n')
        })
    }

    /// Whether word `i` was written in other characters than it is read in, or in two alphabets.
    pub(super) fn is_rewritten(&self, i: usize) -> bool {
        let token = self.text.tokens()[i];
        if token.holds.has(Holds::LATIN) && token.holds.has(Holds::CYRILLIC) {
            return true;
        }
        let written = written(self, i);
        written != &self.text.folded()[token.range()] || written.chars().any(|c| matches!(c, '\u{450}'..='\u{52F}'))
    }

    /// Whether word `i` holds letters and digits.
    pub(super) fn is_mixed(&self, i: usize) -> bool {
        let holds = self.text.tokens()[i].holds;
        holds.has(Holds::DIGIT) && !holds.is_number()
    }
}

/// Whether no sentence ends in a gap.
fn continues(gap: &str) -> bool {
    if gap == " " {
        return true;
    }
    let ends = gap.contains(['\n', '!', '?', ';']);
    let stops = gap.trim_end().strip_suffix('.').is_some_and(|rest| !rest.ends_with('.'));
    !(ends || stops && gap.ends_with(char::is_whitespace))
}

/// The readings of a word.
fn of(by_word: &[(u32, u32)], word: usize) -> impl Iterator<Item = usize> {
    let word = place(word);
    let first = by_word.partition_point(|(of, _)| *of < word);
    by_word[first..].iter().take_while(move |(of, _)| *of == word).take(READINGS_MAX).map(|(_, i)| *i as usize)
}

/// Word `i` as it was written.
pub(super) fn written<'s>(sentence: &Sentence<'s, '_>, i: usize) -> &'s str {
    let text = sentence.text();
    &text.original()[text.original_range(text.tokens()[i].range())]
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The letters of a word, each run of the same cut to at most `most`; `None` when no run is as long as `from`.
pub(super) fn squeezed(word: &[u8], from: usize, most: usize) -> Option<Vec<u8>> {
    let mut runs = word.chunk_by(|a, b| a == b);
    if !runs.any(|run| run.len() >= from && is_letter(run[0])) {
        return None;
    }
    let cut = |run: &[u8]| run[..if run.len() >= from { run.len().min(most) } else { run.len() }].to_vec();
    Some(word.chunk_by(|a, b| a == b).flat_map(cut).collect())
}
