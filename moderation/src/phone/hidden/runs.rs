//! The runs of a text: what belongs to one, and what may stand at its ends.

use std::ops::Range;

use super::between::{Gap, is_counting_talk, is_enumerator, is_neutral, is_unknown};
use super::is_digit_like;
use super::run::{DIGITS_MIN, How, Piece, Reading, Run};
use crate::Category;
use crate::find::{Found, OrderId};
use crate::numbers::compose::Atom;
use crate::numbers::{self, Meaning, Number};
use crate::phone::plan::DIGITS_MAX;
use crate::text::{Holds, Text, Token};

/// The runs of a text, one after another.
pub(super) struct Runs<'r, 't, 'o> {
    pub(super) text: &'r Text<'t>,
    pub(super) limit: Range<usize>,
    pub(super) pieces: Vec<Piece>,
    /// Where a plus stands before the run, as a sign or a word.
    pub(super) plus: Option<usize>,
    pub(super) order: &'r mut OrderId<'o>,
    pub(super) out: &'r mut Vec<Found>,
}

const THOUSAND: &[&str] = &["thousand", "mille", "тысяча", "тысячи", "тысяч"];

impl Runs<'_, '_, '_> {
    /// Whether the last piece is a word.
    pub(super) fn ends_in_words(&self) -> bool {
        self.pieces.last().is_some_and(|last| last.how.has(How::WORD))
    }

    /// Takes a word into the run. `false`: it is no part of a number.
    pub(super) fn take(&mut self, token: &Token, left: &str, before: Gap) -> bool {
        let text = self.text;
        let word = text.word(token);
        let sign = left.trim_end_matches([' ', '(']);
        if self.pieces.is_empty() && sign.ends_with('+') {
            self.plus = Some(token.start - left.len() + sign.len() - 1);
        }
        let (none, among) = (self.pieces.is_empty(), !self.pieces.is_empty());
        let among_words = self.pieces.last().is_some_and(|last| last.how.has(How::WORD));
        let lettered = self.pieces.last().is_some_and(|last| last.how.has(How::LETTERS));
        let mut push = |range: Range<usize>, atom, how| {
            let before = if range.start == token.start { before } else { Gap::default() };
            self.pieces.push(Piece { start: range.start, end: range.end, atom, how, before });
        };
        if token.holds.is_number() {
            let how = if token.holds.has(Holds::DISGUISED) { How::ODD } else { How::default() };
            let fits = token.end - token.start <= DIGITS_MAX && !is_enumerator(text, token, left);
            if fits {
                push(token.range(), Atom::Digits, how);
            }
            return fits;
        }
        if token.holds.is_word() {
            if let Some(meaning) = numbers::meaning(word) {
                if meaning.number == Number::Scale {
                    // "… five five five, two thousand six hundred seventy one"
                    if THOUSAND.contains(&word) && self.ends_in_thousands() {
                        return true;
                    }
                    self.amount();
                    return false;
                }
                let how = if meaning.weak { How::WORD.and(How::WEAK) } else { How::WORD };
                // What only sounds like a digit does so among words.
                if meaning.weak && !among_words {
                    return false;
                }
                if is_counting_talk(text, token) {
                    return false;
                }
                push(token.range(), Atom::Word(meaning), how);
                return true;
            }
            if among
                && is_unknown(word)
                && let Some(meaning) =
                    numbers::misspelt(word).or_else(|| among_words.then(|| numbers::sounding(word)).flatten())
            {
                push(token.range(), Atom::Word(meaning), How::WORD.and(How::WEAK));
                return true;
            }
            let tied = matches!(left, "-" | ".") && lettered;
            let letters = word.chars().nth(1).is_some() || left.is_empty() || tied;
            if among
                && letters
                && (is_unknown(word) || left.is_empty())
                && word.len() <= 8
                && text.folded()[token.range()].chars().all(is_digit_like)
            {
                push(token.range(), Atom::Digits, How::LETTERS.and(How::WEAK));
                return true;
            }
        } else if looks_like_digits(&text.folded()[token.range()], !none || goes_on_in_digits(text, token)) {
            push(token.range(), Atom::Digits, How::LETTERS);
            return true;
        }
        self.take_glued(token, before)
    }

    /// Takes a word that a hyphen cuts in two: "во-семь", "oui-te". `false`: the two are none.
    pub(super) fn take_joined(&mut self, at: usize, before: Gap) -> bool {
        let Some(meaning) = self.joined(at) else { return false };
        let among_words = self.pieces.last().is_some_and(|last| last.how.has(How::WORD));
        if meaning.weak && !among_words {
            return false;
        }
        let (start, end) = (self.text.tokens()[at].start, self.text.tokens()[at + 1].end);
        let how = if meaning.weak { How::WORD.and(How::WEAK) } else { How::WORD };
        self.pieces.push(Piece { start, end, atom: Atom::Word(meaning), how, before });
        true
    }

    /// The digit that a word and the next are together, where nothing but a hyphen parts them.
    fn joined(&self, at: usize) -> Option<Meaning> {
        const LONGEST: usize = 24;
        let [one, two] = self.text.tokens().get(at..at + 2)? else { return None };
        let is_cut = self.text.gap_before(at + 1) == "-" && two.end <= self.limit.end && two.end - one.start <= LONGEST;
        if !is_cut || !one.holds.is_word() || !two.holds.is_word() {
            return None;
        }
        let (one, two) = (self.text.word(one), self.text.word(two));
        numbers::meaning(&[one, two].concat()).filter(|meaning| matches!(meaning.number, Number::Digit(_)))
    }

    /// Takes number words without spaces, with digits among them or in place of letters.
    fn take_glued(&mut self, token: &Token, before: Gap) -> bool {
        let word = self.text.word(token);
        let Some(parts) = numbers::starts_like_number(word).then(|| numbers::glued(word)).flatten() else {
            let Some(meaning) = numbers::disguised(word) else { return false };
            let Token { start, end, .. } = *token;
            self.pieces.push(Piece { start, end, atom: Atom::Word(meaning), how: How::WORD, before });
            return true;
        };
        let has_digits = token.holds.has(Holds::DIGIT);
        for (range, meaning) in parts {
            // "five55": nothing else is written so.
            let how = match meaning {
                Some(_) if has_digits => How::WORD.and(How::ODD),
                Some(_) => How::WORD,
                None => How::ODD,
            };
            let before = if range.start == 0 { before } else { Gap::default() };
            let atom = meaning.map_or(Atom::Digits, Atom::Word);
            let (start, end) = (token.start + range.start, token.start + range.end);
            self.pieces.push(Piece { start, end, atom, how, before });
        }
        true
    }

    fn push_sign(&mut self, start: usize, before: Gap) {
        let how = How::LETTERS.and(How::WEAK);
        self.pieces.push(Piece { start, end: start + 1, atom: Atom::Digits, how, before });
    }

    /// A sign that passes for a digit, right behind the last piece or right before the next: "4$6", "51|". Takes it and returns the
    /// rest of what stands between.
    pub(super) fn take_sign<'g>(&mut self, gap: &'g str, token: &Token) -> &'g str {
        let next = token.start;
        let at = next - gap.len();
        // A sign of money stands before plain digits.
        let is_mixed = !token.holds.is_number();
        let letters = || is_mixed || self.pieces.iter().any(|piece| piece.how.has(How::LETTERS));
        if let Some(rest) = gap.strip_prefix(['$', '|', '!']).filter(|rest| rest.is_empty() || letters()) {
            self.push_sign(at, Gap::default());
            return rest;
        }
        if let Some(rest) = gap.strip_suffix('|').or_else(|| gap.strip_suffix(['$', '!']).filter(|_| is_mixed))
            && let Some(between) = Gap::read(rest)
        {
            self.push_sign(next - 1, between);
            return "";
        }
        gap
    }

    /// Whether the run is a number up to its last four digits, and a word that says how many thousands these are.
    fn ends_in_thousands(&self) -> bool {
        const BEFORE: std::ops::RangeInclusive<usize> = 6..=8;
        let Some((last, before)) = self.pieces.split_last() else { return false };
        let digits = |piece: &Piece| match piece.atom {
            Atom::Digits => piece.end - piece.start,
            Atom::Word(meaning) => match meaning.number {
                Number::Digit(_) => 1,
                Number::Teen(_) | Number::Ten(_) => 2,
                Number::Hundreds(_) => 3,
                _ => 0,
            },
        };
        let few = matches!(last.atom, Atom::Word(meaning) if matches!(meaning.number, Number::Digit(1..=9)));
        // "Forty five thousand": an amount.
        let tens = before.last().is_some_and(|piece| piece.how.has(How::WORD) && digits(piece) > 1);
        few && !tens && BEFORE.contains(&before.iter().map(digits).sum())
    }

    /// What stands before a word like "thousand" is an amount.
    fn amount(&mut self) {
        while self.pieces.pop().is_some_and(|piece| !piece.before.has(Gap::COMMA) && !piece.before.has(Gap::NEWLINE)) {}
    }

    /// A word like "and" right before the run: looks at the one before it. `false`: that is no part of the number.
    fn look_over(&mut self, at: usize, between: Gap) -> bool {
        let Some(before) = at.checked_sub(1).map(|at| self.text.tokens()[at]) else { return false };
        let gap = Gap::read(self.text.gap_before(at)).filter(|_| before.start >= self.limit.start);
        let word = self.text.word(&before);
        let meaning = numbers::meaning(word).or_else(|| numbers::misspelt(word)).filter(|m| m.number != Number::Scale);
        let (Some(gap), Some(meaning), true) = (gap, meaning, is_unknown(word)) else { return false };
        self.pieces[0].before = between.and(gap);
        let (how, before_it) = (How::WORD.and(How::WEAK), Gap::default());
        let piece = Piece { start: before.start, end: before.end, atom: Atom::Word(meaning), how, before: before_it };
        self.pieces.insert(0, piece);
        true
    }

    /// Puts a word that a hyphen cuts in two before the run. `false`: the two are none.
    fn joined_before(&mut self, at: usize, between: Gap) -> bool {
        let start = self.text.tokens()[at].start;
        let Some(meaning) = self.joined(at).filter(|_| start >= self.limit.start) else { return false };
        self.pieces[0].before = between;
        let (end, how, before) = (self.text.tokens()[at + 1].end, How::WORD.and(How::WEAK), Gap::default());
        self.pieces.insert(0, Piece { start, end, atom: Atom::Word(meaning), how, before });
        true
    }

    /// What counts only among sure ones can also stand first: it is looked for when the rest is there.
    fn look_back(&mut self) {
        const REST: usize = 2;
        const REST_DIGITS: usize = 4;
        const BACK: usize = 3;
        const BACK_DICTATED: usize = 12;
        for count in 0..BACK_DICTATED {
            if count >= BACK && !self.is_dictated() {
                return;
            }
            let enough = |first: &&Piece| self.pieces.len() >= REST || first.end - first.start >= REST_DIGITS;
            let Some(first) = self.pieces.first().filter(|first| enough(first) && self.plus.is_none()) else {
                return;
            };
            let Some(at) = self.text.token_from(first.start).checked_sub(1) else { return };
            let token = self.text.tokens()[at];
            let gap = self.text.gap_before(at + 1);
            // "9о$ 223": the sign is a digit of the word.
            let sign = gap.starts_with(['$', '|']);
            let between = Gap::read(if sign { &gap[1..] } else { gap });
            let Some(between) = between.filter(|_| token.start >= self.limit.start) else { return };
            if at.checked_sub(1).is_some_and(|first| self.joined_before(first, between)) {
                continue;
            }
            let word = self.text.word(&token);
            let sounds = self.is_dictated() && numbers::meaning(word).is_some();
            if is_neutral(word) && !sounds && self.look_over(at, between) {
                continue;
            }
            // "B-902": one letter, tied to what follows.
            let tied = sign || matches!(gap, "-" | ".");
            if !tied && !is_unknown(word) && !sounds {
                return;
            }
            let shortest = if tied { 1 } else { 2 };
            let digits =
                || (shortest..=8).contains(&word.len()) && self.text.folded()[token.range()].chars().all(is_digit_like);
            let sounding = || self.is_dictated().then(|| numbers::sounding(word)).flatten();
            let meaning = numbers::meaning(word).or_else(|| numbers::misspelt(word)).or_else(sounding);
            let (atom, how) = match meaning {
                Some(meaning) if meaning.number != Number::Scale => (Atom::Word(meaning), How::WORD),
                None if digits() => (Atom::Digits, How::LETTERS),
                _ => return,
            };
            self.pieces[0].before = between;
            let before = Gap::default();
            if sign {
                let how = How::LETTERS.and(How::WEAK);
                self.pieces.insert(0, Piece { start: token.end, end: token.end + 1, atom: Atom::Digits, how, before });
            }
            self.pieces.insert(0, Piece { start: token.start, end: token.end, atom, how: how.and(How::WEAK), before });
        }
    }

    /// "$14 з13": a sign that passes for the first digit, where letters pass for others.
    fn take_sign_before(&mut self) -> bool {
        let letters = self.pieces.iter().any(|piece| piece.how.has(How::LETTERS));
        let Some(first) = self.pieces.first().filter(|_| letters && self.plus.is_none()).map(|first| first.start)
        else {
            return false;
        };
        let before = &self.text.folded()[self.limit.start..first];
        if !before.ends_with(['$', '|']) {
            return false;
        }
        let how = How::LETTERS.and(How::WEAK);
        let piece = Piece { start: first - 1, end: first, atom: Atom::Digits, how, before: Gap::default() };
        self.pieces[0].before = Gap::default();
        self.pieces.insert(0, piece);
        true
    }

    /// Whether the first pieces are words of digits, one after another.
    fn is_dictated(&self) -> bool {
        const WORDS: usize = 3;
        self.pieces.len() >= WORDS && self.pieces[..WORDS].iter().all(|piece| piece.how.has(How::WORD))
    }

    /// Whether the pieces can have enough digits; a word has at most three, and few more can be found before the first.
    fn may_be_number(&self) -> bool {
        const FEW: usize = 4;
        let digits = |piece: &Piece| if piece.how.has(How::WORD) { 3 } else { piece.end - piece.start };
        self.pieces.iter().map(digits).sum::<usize>() + FEW >= DIGITS_MIN
    }

    /// The run is over: judges it.
    pub(super) fn end(&mut self) {
        if !self.may_be_number() {
            self.pieces.clear();
            self.plus = None;
            return;
        }
        // "4912$29$": a sign that passes for the last digit, where one did before.
        if let Some(last) = self.pieces.last().map(|last| last.end)
            && self.pieces.iter().any(|piece| piece.how.has(How::LETTERS))
            && self.text.folded()[last..self.limit.end].starts_with(['$', '|'])
        {
            self.push_sign(last, Gap::default());
        }
        self.look_back();
        if self.take_sign_before() {
            self.look_back();
        }
        let pieces = std::mem::take(&mut self.pieces);
        let plus = std::mem::take(&mut self.plus);
        let has_words = pieces.iter().any(|piece| piece.how.has(How::WORD));
        for reading in [Reading::Usual, Reading::Over, Reading::Apart] {
            let run = Run::read(self.text, &self.limit, &pieces, plus, reading);
            let found = run.numbers();
            if !found.is_empty() || !has_words {
                for (range, rule) in found {
                    let kept = self.order.around(&range);
                    self.out.push(match kept {
                        Some(_) => Found::kept(range),
                        None => Found::contact(range, Category::Phone, rule),
                    });
                }
                break;
            }
        }
        self.pieces = pieces;
        self.pieces.clear();
    }
}

/// Tied to another word of digits: "43B-58G".
fn goes_on_in_digits(text: &Text<'_>, token: &Token) -> bool {
    let next = text.tokens().get(text.token_from(token.end));
    next.is_some_and(|next| {
        let tie = &text.folded()[token.end..next.start];
        let digits = text.folded()[next.range()].chars().all(is_digit_like);
        matches!(tie, "-" | "." | "-|" | "-$") && next.holds.has(Holds::DIGIT) && digits
    })
}

/// A word of digits and letters whose letters all pass for digits: "5I4", "O199".
fn looks_like_digits(word: &str, among: bool) -> bool {
    let all = word.chars().all(is_digit_like);
    // "50s", "4G", "2D", "100l" are sizes and names: one letter behind digits begins no number.
    all && (among || word.chars().next_back().is_some_and(|c| c.is_ascii_digit() || word.len() >= 4))
}
