//! What speaks for a number, and what against.

use super::between::Gap;
use super::run::{Group, How, Reading, Run};
use crate::phone::plan::{self, Loose};
use crate::phone::words::{self, Before};

/// The sure pieces that a stretch needs to begin or end with one that is not.
const EDGE_SURE: usize = 3;
/// The plain digits beside which letters may stand anywhere.
const DIGITS_SURE: usize = 6;
/// The words of one digit each that are a number however they are spelled, and how many of them are spelled as usual.
pub(super) const DICTATED: usize = 9;
const DICTATED_SURE: usize = 1;
/// What must speak for a number.
const ENOUGH: i32 = 3;

/// The groups of phone numbers.
const LAYOUTS: &[&[usize]] = &[
    &[3, 3, 4],
    &[1, 3, 3, 4],
    &[3, 3, 2, 2],
    &[1, 3, 3, 2, 2],
    &[2, 2, 2, 2, 2],
    &[10],
    &[11],
    &[3, 2, 2],
    &[3, 4],
    &[2, 1, 2, 2, 2, 2],
];

/// What leads to a number.
#[rustfmt::skip]
const POINTING: &[&str] = &[
    "at", "to", "on", "up", "line", "is", "au", "a", "le", "est", "directement", "directly", "на", "по", "это", "я", "тут",
];

/// Some groups of a run.
pub(super) struct Stretch<'r, 't> {
    pub(super) run: &'r Run<'r, 't>,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Stretch<'_, '_> {
    pub(super) fn groups(&self) -> &[Group] {
        &self.run.groups[self.from..self.to]
    }

    fn digits(&self) -> &[u8] {
        let groups = self.groups();
        &self.run.digits[groups[0].digits.0..groups[groups.len() - 1].digits.1]
    }

    pub(super) fn count(&self, how: How) -> usize {
        self.groups().iter().filter(|group| group.how.has(how)).count()
    }

    fn gaps(&self) -> Gap {
        self.groups()[1..].iter().fold(Gap::default(), |gaps, group| gaps.and(group.before))
    }

    pub(super) fn is_number(&self, local: bool) -> bool {
        let plus = self.run.plus.is_some() && self.from == 0;
        let Some(loose) = plan::loose(self.digits(), plus) else { return false };
        let over = self.gaps().has(Gap::BOUNDARY);
        if self.run.reading == Reading::Apart && (over || self.has_hundreds()) {
            return false;
        }
        if (loose == Loose::Local) != local || (local && (over || self.run.reading != Reading::Usual)) {
            return false;
        }
        // Sizes and amounts are also sent line by line.
        let gaps = self.gaps();
        let lines = gaps.has(Gap::BOUNDARY) && gaps.has(Gap::TALK) && self.count(How::WORD) < 2;
        if (lines || gaps.has(Gap::FAR)) && self.before() != Before::Phone {
            return false;
        }
        if self.is_cut() || self.is_counting() || !self.is_sure_enough() {
            return false;
        }
        self.weight(loose, plus) >= ENOUGH
    }

    /// Words like "three hundred" are said together.
    fn has_hundreds(&self) -> bool {
        self.groups().iter().any(|group| group.how.has(How::WORD) && group.digits.1 - group.digits.0 > 2)
    }

    /// More of the same goes on to one side: it is a part of something longer.
    pub(super) fn is_cut(&self) -> bool {
        let inside = self.gaps().and(Gap::SPACE);
        let goes_on = |gap: Gap| gap.is_within(inside) && !gap.has(Gap::TALK);
        let groups = &self.run.groups;
        let left = self.from > 0 && goes_on(groups[self.from].before) && !groups[self.from - 1].how.has(How::WEAK);
        left || groups.get(self.to).is_some_and(|next| goes_on(next.before) && !next.how.has(How::WEAK))
    }

    /// 1 2 3 4 …: counting. 06 08 10 12 14: sizes.
    pub(super) fn is_counting(&self) -> bool {
        let value = |group: &Group| {
            self.run.digits[group.digits.0..group.digits.1].iter().fold(0u64, |n, d| n * 10 + u64::from(d - b'0'))
        };
        let values: Vec<u64> = self.groups().iter().map(value).collect();
        let steps = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        let same_step = values.len() > 2 && steps.clone().all(|step| step <= 5) && {
            let mut steps = steps;
            let first = steps.next();
            steps.all(|step| Some(step) == first)
        };
        let digits = self.digits();
        same_step || digits.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Weak words are few, and none stands at an end that no sure ones hold up.
    pub(super) fn is_sure_enough(&self) -> bool {
        let groups = self.groups();
        let (pieces, weak) = groups.iter().fold((0, 0), |(pieces, weak), g| (pieces + g.pieces, weak + g.weak));
        // Nobody says so many digits in a row that are none, however they are spelled.
        let digits = groups.iter().filter(|g| g.how.has(How::WORD) && g.digits.1 - g.digits.0 == 1).count();
        if digits >= DICTATED && pieces >= weak + DICTATED_SURE && !self.gaps().has(Gap::TALK) {
            return true;
        }
        // Letters beside so many digits are none.
        let digits = groups.iter().filter(|g| g.weak == 0 && !g.how.has(How::WORD)).map(|g| g.digits.1 - g.digits.0);
        if digits.sum::<usize>() >= DIGITS_SURE && groups.iter().all(|g| g.weak == 0 || g.how.has(How::LETTERS)) {
            return true;
        }
        let edge = groups[0].weak > 0 || groups[groups.len() - 1].weak > 0;
        weak * 2 <= pieces && (!edge || pieces >= weak + EDGE_SURE || self.count(How::LETTERS) > weak)
    }

    /// What speaks for a number, less what speaks against.
    pub(super) fn weight(&self, loose: Loose, plus: bool) -> i32 {
        let groups = self.groups();
        let gaps = self.gaps();
        let mut weight = 0;
        weight += match self.count(How::WORD) {
            0 => 0,
            1 => 2,
            _ => 4,
        };
        weight += if self.count(How::LETTERS) > 0 { 2 } else { 0 };
        weight += if self.count(How::ODD) > 0 { 4 } else { 0 };
        let singles = groups.iter().filter(|group| group.digits.1 - group.digits.0 == 1).count();
        let listed = gaps.has(Gap::COMMA) && gaps.has(Gap::SPACE);
        if singles >= 6 && singles * 2 >= groups.len() && self.count(How::WORD) == 0 {
            weight += if listed { 2 } else { 4 };
        }
        weight += if gaps.has(Gap::ODD) || (gaps.has(Gap::FILLER) && self.is_layout()) { 3 } else { 0 };
        weight += i32::from(gaps.has(Gap::FILLER));
        let listed = gaps == Gap::COMMA || gaps == Gap::SLASH || (gaps.has(Gap::NEWLINE) && !gaps.has(Gap::BOUNDARY));
        weight += if listed && self.is_layout() { 3 } else { 0 };
        let loose_groups = gaps == Gap::SPACE && groups.len() >= 4 && !self.is_layout() && self.count(How::WORD) == 0;
        weight += if loose_groups { 2 + i32::from(self.is_pointed_at()) } else { 0 };
        weight += self.over_messages(gaps);
        weight += i32::from(self.is_layout()) + if plus { 3 } else { 0 };
        weight += match loose {
            Loose::Local => -1,
            Loose::National => 0,
            // So many digits with such a beginning are hardly anything else, however they are grouped.
            Loose::Telling if groups.len() > 2 && !gaps.has(Gap::TALK) => 3,
            Loose::Telling => 1,
        };
        weight + self.around()
    }

    /// What other words between the groups, and the ends of messages, say.
    pub(super) fn over_messages(&self, gaps: Gap) -> i32 {
        let words = self.count(How::WORD) > 1;
        match (gaps.has(Gap::BOUNDARY), gaps.has(Gap::TALK)) {
            (false, false) => 0,
            (false, true) if self.is_layout() && self.is_same_talk() => 2,
            (false, true) => -3,
            // Nothing else is sent in such portions.
            (true, false) if self.is_layout() || words || self.groups().len() <= 3 || gaps.has(Gap::FILLER) => 3,
            (true, false) => 1,
            (true, true) if words => 0,
            (true, true) => -1,
        }
    }

    /// The same words stand in every gap.
    pub(super) fn is_same_talk(&self) -> bool {
        let groups = self.groups();
        let mut talk = groups.windows(2).map(|pair| &self.run.text.lower()[pair[0].end..pair[1].start]);
        let first = talk.next();
        groups.len() > 2 && talk.all(|talk| Some(talk) == first)
    }

    /// The groups are those of a phone number.
    pub(super) fn is_layout(&self) -> bool {
        let lens = || self.groups().iter().map(|group| group.digits.1 - group.digits.0);
        LAYOUTS.iter().any(|layout| layout.iter().copied().eq(lens()))
    }

    /// What stands right before leads to something: "at", "to", a colon.
    pub(super) fn is_pointed_at(&self) -> bool {
        let left = self.run.text.lower()[self.run.limit.start..self.groups()[0].start].trim_end();
        let word = &left[left.trim_end_matches(char::is_alphanumeric).len()..];
        left.ends_with(':') || POINTING.contains(&word)
    }

    /// What stands before says about it.
    pub(super) fn before(&self) -> Before {
        words::before(&self.run.text.folded()[self.run.limit.start..self.groups()[0].start])
    }

    /// Nothing but a plus stands between the groups.
    fn is_added(&self) -> bool {
        let folded = self.run.text.folded();
        self.groups().windows(2).all(|pair| folded[pair[0].end..pair[1].start].trim() == "+")
    }

    fn around(&self) -> i32 {
        let groups = self.groups();
        let folded = self.run.text.folded();
        let left = &folded[self.run.limit.start..groups[0].start];
        let right = &folded[groups[groups.len() - 1].end..];
        let before = match self.before() {
            Before::Phone => 3,
            Before::Nothing | Before::Order | Before::Code if words::is_answered(right) => 3,
            Before::Nothing => 0,
            Before::Order => -1,
            Before::Code => -4,
            Before::Money => -6,
        };
        let sum = self.gaps().has(Gap::ODD) && words::is_total(right) && self.is_added();
        before - if sum || words::is_amount(right) || is_glued(left, right) { 6 } else { 0 }
    }
}

/// A mark and a letter or digit stand right before or behind it: "v10.0.19045.3693", "INV-2024-…".
pub(super) fn is_glued(left: &str, right: &str) -> bool {
    let joins = |mark: Option<char>, next: Option<char>| {
        matches!(mark, Some('.' | '-' | '_' | '/' | '=' | '&')) && next.is_some_and(char::is_alphanumeric)
    };
    let (mut back, mut ahead) = (left.chars().rev(), right.chars());
    joins(back.next(), back.next()) || joins(ahead.next(), ahead.next())
}
