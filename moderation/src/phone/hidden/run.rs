//! A run as groups of digits, and the stretches of it that are numbers.

use std::ops::Range;

use super::SPLIT;
use super::between::Gap;
use super::stretch::{DICTATED, Stretch};
use crate::RuleId;
use crate::numbers::compose::{Atom, compose};
use crate::phone::plan::DIGITS_MAX;
use crate::text::{Text, scripts};

const WORDS: RuleId = "phone.words";
const DISGUISED: RuleId = "phone.disguised";

/// The fewest digits of a stretch.
pub(super) const DIGITS_MIN: usize = 7;

/// How a piece of a run is written: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct How(u8);

impl How {
    pub(super) const WORD: Self = Self(1);
    /// Letters that look like digits.
    pub(super) const LETTERS: Self = Self(2);
    /// Digits in another form.
    pub(super) const ODD: Self = Self(4);
    /// Counts only among sure ones.
    pub(super) const WEAK: Self = Self(8);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One word or number of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) atom: Atom,
    pub(super) how: How,
    pub(super) before: Gap,
}

/// Pieces read together: digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Its digits, in the run's.
    pub(super) digits: (usize, usize),
    pub(super) how: How,
    pub(super) before: Gap,
    /// How many pieces it is made of, and how many of them count only among sure ones.
    pub(super) pieces: usize,
    pub(super) weak: usize,
}

/// How words are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As people speak: a comma ends a number.
    Usual,
    /// Over commas and line breaks.
    Over,
    /// Each word alone.
    Apart,
}

/// A run, read as groups of digits.
pub(super) struct Run<'r, 't> {
    pub(super) text: &'r Text<'t>,
    pub(super) limit: Range<usize>,
    pub(super) digits: Vec<u8>,
    pub(super) groups: Vec<Group>,
    pub(super) reading: Reading,
    pub(super) plus: Option<usize>,
}

impl<'r, 't> Run<'r, 't> {
    pub(super) fn read(
        text: &'r Text<'t>,
        limit: &Range<usize>,
        pieces: &[Piece],
        plus: Option<usize>,
        reading: Reading,
    ) -> Self {
        let atoms: Vec<Atom> = pieces.iter().map(|piece| piece.atom).collect();
        let mut digits = Vec::new();
        let mut groups = Vec::with_capacity(pieces.len());
        let joins = |at: usize| {
            let gap = pieces[at].before;
            let apart = gap.has(Gap::COMMA) || gap.has(Gap::NEWLINE) || gap.has(Gap::SLASH);
            reading == Reading::Over || !(apart || (gap.has(Gap::DOT) && gap.has(Gap::SPACE)) || gap.has(Gap::TALK))
        };
        compose(&atoms, reading != Reading::Apart, joins, |range, value| {
            let from = digits.len();
            let parts = &pieces[range];
            match value {
                Some(value) => {
                    for _ in 0..value.times {
                        digits.extend(value.value.to_string().bytes());
                    }
                }
                None => digits.extend(
                    text.folded()[parts[0].start..parts[0].end]
                        .chars()
                        .filter_map(|c| if c.is_ascii_digit() { Some(c) } else { scripts::as_digit(c) })
                        .map(|c| c as u8),
                ),
            }
            let how = parts.iter().fold(How::default(), |how, piece| how.and(piece.how));
            let (start, end) = (parts[0].start, parts[parts.len() - 1].end);
            let weak = parts.iter().filter(|piece| piece.how.has(How::WEAK)).count();
            let (digits, pieces) = ((from, digits.len()), parts.len());
            groups.push(Group { start, end, digits, how, before: parts[0].before, pieces, weak });
        });
        Self { text, limit: limit.clone(), digits, groups, reading, plus }
    }

    /// The numbers in it: the longest that fit from the left, whole ones before those of one area.
    pub(super) fn numbers(&self) -> Vec<(Range<usize>, RuleId)> {
        if self.is_price_list() {
            return Vec::new();
        }
        let mut taken = vec![false; self.groups.len()];
        let mut found = Vec::new();
        for local in [false, true] {
            let mut from = 0;
            while from < self.groups.len() {
                match self.longest(from, local).filter(|(to, _)| !taken[from..*to].contains(&true)) {
                    Some((to, rule)) => {
                        let first = if local { self.dictated_from(from, to, &taken) } else { from };
                        self.push_parts(first, to, rule, &mut found);
                        taken[first..to].fill(true);
                        from = to;
                    }
                    None => from += 1,
                }
            }
        }
        found.sort_by_key(|(range, _)| range.start);
        found
    }

    /// Where a number of one area really begins: who dictates so many digits, each in a word of its own, dictates one number,
    /// though no plan knows its beginning.
    fn dictated_from(&self, from: usize, to: usize, taken: &[bool]) -> usize {
        let is_dictated = |at: usize| {
            let (start, end) = self.groups[at].digits;
            let next = self.groups[at + 1].before;
            end - start == 1 && self.groups[at].how.has(How::WORD) && !next.has(Gap::TALK) && !next.has(Gap::BOUNDARY)
        };
        let before = (0..from).rev().take_while(|at| !taken[*at] && is_dictated(*at)).last().unwrap_or(from);
        let digits = self.groups[to - 1].digits.1 - self.groups[before].digits.0;
        if (DICTATED..=DIGITS_MAX).contains(&digits) { before } else { from }
    }

    /// "Two for two eighty, three for four hundred": how many for how much, more than once.
    fn is_price_list(&self) -> bool {
        let is_for = |group: &Group| {
            group.how.has(How::WEAK) && matches!(&self.text.lower()[group.start..group.end], "for" | "to")
        };
        let begins =
            |at: usize| at == 0 || self.groups[at].before.has(Gap::COMMA) || self.groups[at].before.has(Gap::NEWLINE);
        let priced = |at: &usize| begins(*at) && is_for(&self.groups[at + 1]);
        (0..self.groups.len().saturating_sub(2)).filter(priced).count() > 1
    }

    /// One find, or one for each message that it goes through.
    pub(super) fn push_parts(&self, from: usize, to: usize, rule: RuleId, found: &mut Vec<(Range<usize>, RuleId)>) {
        let ends_message = |at: &usize| self.groups[*at].before.has(Gap::BOUNDARY);
        let rule = if (from + 1..to).any(|at| ends_message(&at)) { SPLIT } else { rule };
        let mut start = self.plus.filter(|_| from == 0).unwrap_or(self.groups[from].start);
        for at in (from + 1..to).filter(ends_message) {
            found.push((start..self.groups[at - 1].end, rule));
            start = self.groups[at].start;
        }
        found.push((start..self.groups[to - 1].end, rule));
    }

    fn longest(&self, from: usize, local: bool) -> Option<(usize, RuleId)> {
        let len = |to: usize| self.groups[to - 1].digits.1 - self.groups[from].digits.0;
        let most = (from + 1..=self.groups.len()).take_while(|to| len(*to) <= DIGITS_MAX).last()?;
        (from + 1..=most).rev().take_while(|to| len(*to) >= DIGITS_MIN).find_map(|to| {
            let part = Stretch { run: self, from, to };
            part.is_number(local).then(|| (to, if part.count(How::WORD) > 0 { WORDS } else { DISGUISED }))
        })
    }
}
