//! Phone numbers that are written so that they are not seen: in words, digit by digit, in other digits, in letters that look
//! like digits, with anything between.
//!
//! Words and digits that follow each other make a *run*. A run is read as groups of digits, and a stretch of groups that some
//! numbering plan knows is weighed: what is odd about how it is written speaks for a number, what stands around it may speak
//! against. Ordinary layouts are not weighed here: [`find`](super::find) judges them, before this.

use std::ops::Range;

use super::plan::{self, Loose};
use super::words::{self, Before};
use crate::Category;
use crate::find::{Found, OrderId};
use crate::numbers::compose::{Atom, compose};
use crate::numbers::{self, Number};
use crate::text::{Holds, Text, Token, scripts};

const WORDS: &str = "phone.words";
const DISGUISED: &str = "phone.disguised";

/// The most digits of a stretch, and the fewest.
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 7;
/// The most characters between two groups.
const GAP_MAX: usize = 12;
/// The most words such as "then" or "dash" between two groups.
const FILLERS_MAX: usize = 2;
/// What must speak for a number.
const ENOUGH: i32 = 3;

/// What stands between two groups: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Gap(u16);

impl Gap {
    const SPACE: Self = Self(1);
    const DASH: Self = Self(2);
    const DOT: Self = Self(4);
    const BRACKET: Self = Self(8);
    const COMMA: Self = Self(16);
    const SLASH: Self = Self(32);
    const NEWLINE: Self = Self(64);
    /// Anything that does not stand inside a number as people write them.
    const ODD: Self = Self(128);
    const FILLER: Self = Self(256);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Reads what stands between two words. `None`: a number does not go on behind it.
    fn read(between: &str) -> Option<Self> {
        let mut gap = Self::default();
        let mut stars = 0;
        for (count, c) in between.chars().enumerate() {
            if count == GAP_MAX {
                return None;
            }
            stars = if c == '*' { stars + 1 } else { 0 };
            gap = gap.and(match c {
                '\n' => Self::NEWLINE,
                c if c.is_whitespace() => Self::SPACE,
                '-' | '\u{2010}'..='\u{2015}' | '−' => Self::DASH,
                '.' | '…' => Self::DOT,
                '(' | ')' => Self::BRACKET,
                ',' | ';' => Self::COMMA,
                '/' | '\\' | '|' | ':' => Self::SLASH,
                '$' | '€' | '£' | '₽' | '¥' | '%' | '°' | '×' | '№' | '@' | '\u{1}' => return None,
                '*' if stars > 2 => return None,
                _ => Self::ODD,
            });
        }
        // Sums: "5 + 7 = 12".
        let is_sum = between.contains(['+', '=', '<', '>']) && gap.has(Self::SPACE);
        (!is_sum).then_some(gap)
    }
}

/// How a piece of a run is written: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct How(u8);

impl How {
    const WORD: Self = Self(1);
    /// Letters that look like digits.
    const LETTERS: Self = Self(2);
    /// Digits in another form.
    const ODD: Self = Self(4);
    /// Counts only among sure ones.
    const WEAK: Self = Self(8);

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One word or number of a run.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    end: usize,
    atom: Atom,
    how: How,
    before: Gap,
}

/// Pieces read together: digits.
#[derive(Debug, Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    /// Its digits, in the run's.
    digits: (usize, usize),
    how: How,
    before: Gap,
}

/// Finds the numbers in one range of the folded text.
pub(crate) fn find(text: &Text<'_>, gap: Range<usize>, order: &mut OrderId<'_>, out: &mut Vec<Found>) {
    let mut runs = Runs { text, limit: gap.clone(), pieces: Vec::new(), plus: false, order, out };
    let first = text.token_from(gap.start);
    let tokens = text.tokens()[first..].iter().take_while(|token| token.end <= gap.end);
    let mut fillers = 0;
    let mut between = Some(Gap::default());
    for (place, token) in tokens.enumerate() {
        let before = if place == 0 { &text.folded()[gap.start..token.start] } else { text.gap_before(first + place) };
        between = between.zip(Gap::read(before)).map(|(so_far, gap)| so_far.and(gap));
        if between.is_none() {
            runs.end();
        }
        let pieces = runs.pieces.len();
        if runs.take(token, before, between.unwrap_or_default()) {
            (fillers, between) = (0, Some(Gap::default()));
        } else if runs.pieces.len() < pieces
            || runs.pieces.is_empty()
            || fillers == FILLERS_MAX
            || !is_filler(text.word(token))
        {
            runs.end();
            runs.plus = is_plus(text.word(token));
            (fillers, between) = (0, Some(Gap::default()));
        } else {
            fillers += 1;
            between = between.map(|gap| gap.and(Gap::FILLER));
        }
    }
    runs.end();
}

/// The runs of a text, one after another.
struct Runs<'r, 't, 'o> {
    text: &'r Text<'t>,
    limit: Range<usize>,
    pieces: Vec<Piece>,
    /// A plus stands before the run, as a sign or a word.
    plus: bool,
    order: &'r mut OrderId<'o>,
    out: &'r mut Vec<Found>,
}

impl Runs<'_, '_, '_> {
    /// Takes a word into the run. `false`: it is no part of a number.
    fn take(&mut self, token: &Token, left: &str, before: Gap) -> bool {
        let text = self.text;
        let word = text.word(token);
        if self.pieces.is_empty() && left.trim_end_matches([' ', '(']).ends_with('+') {
            self.plus = true;
        }
        let (none, among) = (self.pieces.is_empty(), self.pieces.len() >= 2);
        let mut push = |range: Range<usize>, atom, how| {
            let before = if range.start == token.start { before } else { Gap::default() };
            self.pieces.push(Piece { start: range.start, end: range.end, atom, how, before });
        };
        if token.holds.is_number() {
            let how = if token.holds.has(Holds::DISGUISED) { How::ODD } else { How::default() };
            let fits = token.end - token.start <= DIGITS_MAX;
            if fits {
                push(token.range(), Atom::Digits, how);
            }
            return fits;
        }
        if token.holds.is_word() {
            if let Some(meaning) = numbers::meaning(word) {
                if meaning.number == Number::Scale {
                    self.amount();
                    return false;
                }
                let how = if meaning.weak { How::WORD.and(How::WEAK) } else { How::WORD };
                if meaning.weak && none {
                    return false;
                }
                push(token.range(), Atom::Word(meaning), how);
                return true;
            }
            if among && let Some(meaning) = numbers::misspelt(word) {
                push(token.range(), Atom::Word(meaning), How::WORD.and(How::WEAK));
                return true;
            }
            if among && word.len() <= 8 && text.folded()[token.range()].chars().all(|c| scripts::as_digit(c).is_some())
            {
                push(token.range(), Atom::Digits, How::LETTERS.and(How::WEAK));
                return true;
            }
        } else if looks_like_digits(&text.folded()[token.range()], !none) {
            push(token.range(), Atom::Digits, How::LETTERS);
            return true;
        }
        let parts = numbers::starts_like_number(word).then(|| numbers::glued(word)).flatten();
        if let Some(parts) = &parts {
            for (range, meaning) in parts {
                let atom = meaning.map_or(Atom::Digits, Atom::Word);
                let how = if meaning.is_some() { How::WORD } else { How::default() };
                push(token.start + range.start..token.start + range.end, atom, how);
            }
        }
        parts.is_some()
    }

    /// What stands before a word like "thousand" is an amount.
    fn amount(&mut self) {
        while self.pieces.pop().is_some_and(|piece| !piece.before.has(Gap::COMMA) && !piece.before.has(Gap::NEWLINE)) {}
    }

    /// A misspelt word can also stand first: it is looked for when the rest is there.
    fn misspelt_first(&self) -> Option<Piece> {
        const REST: usize = 6;
        let first = self.pieces.first().filter(|_| self.pieces.len() >= REST)?;
        let at = self.text.token_from(first.start).checked_sub(1)?;
        let token = self.text.tokens()[at];
        let near = token.start >= self.limit.start && Gap::read(self.text.gap_before(at + 1)).is_some();
        let meaning = numbers::misspelt(self.text.word(&token)).filter(|_| near)?;
        let how = How::WORD.and(How::WEAK);
        Some(Piece { start: token.start, end: token.end, atom: Atom::Word(meaning), how, before: Gap::default() })
    }

    /// The run is over: judges it.
    fn end(&mut self) {
        if let Some(first) = self.misspelt_first() {
            self.pieces[0].before = Gap::SPACE;
            self.pieces.insert(0, first);
        }
        let pieces = std::mem::take(&mut self.pieces);
        let plus = std::mem::take(&mut self.plus);
        let has_words = pieces.iter().any(|piece| piece.how.has(How::WORD));
        for together in [true, false] {
            let run = Run::read(self.text, &self.limit, &pieces, plus, together);
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

/// A word of digits and letters whose letters all pass for digits: "5I4", "O199".
fn looks_like_digits(word: &str, among: bool) -> bool {
    let all = word.chars().all(|c| c.is_ascii_digit() || scripts::as_digit(c).is_some());
    // "50s", "4G", "2D", "100l" are sizes and names: one letter behind digits begins no number.
    all && (among || word.chars().next_back().is_some_and(|c| c.is_ascii_digit() || word.len() >= 4))
}

/// Words that people put between the parts of a number they dictate.
fn is_filler(word: &str) -> bool {
    #[rustfmt::skip]
    const FILLERS: &[&str] = &[
        "and", "then", "next", "dash", "hyphen", "space", "dot", "minus", "slash", "finally", "plus",
        "et", "puis", "ensuite", "tiret", "espace", "point", "enfin", "trait",
        "и", "потом", "затем", "дальше", "далее", "еще", "тире", "дефис", "минус", "точка", "пробел", "плюс", "скобка", "наконец", "там",
    ];
    word.len() <= 16 && FILLERS.contains(&word)
}

fn is_plus(word: &str) -> bool {
    matches!(word, "plus" | "плюс")
}

/// A run, read as groups of digits.
struct Run<'r, 't> {
    text: &'r Text<'t>,
    limit: Range<usize>,
    digits: Vec<u8>,
    groups: Vec<Group>,
    plus: bool,
}

impl<'r, 't> Run<'r, 't> {
    fn read(text: &'r Text<'t>, limit: &Range<usize>, pieces: &[Piece], plus: bool, together: bool) -> Self {
        let atoms: Vec<Atom> = pieces.iter().map(|piece| piece.atom).collect();
        let mut digits = Vec::new();
        let mut groups = Vec::with_capacity(pieces.len());
        let joins = |at: usize| {
            let gap = pieces[at].before;
            !gap.has(Gap::COMMA) && !gap.has(Gap::NEWLINE) && !gap.has(Gap::DOT) && !gap.has(Gap::SLASH)
        };
        compose(&atoms, together, joins, |range, value| {
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
            groups.push(Group { start, end, digits: (from, digits.len()), how, before: parts[0].before });
        });
        Self { text, limit: limit.clone(), digits, groups, plus }
    }

    /// The numbers in it, the longest that fit from the left.
    fn numbers(&self) -> Vec<(Range<usize>, crate::RuleId)> {
        let mut found = Vec::new();
        let mut from = 0;
        while from < self.groups.len() {
            match self.longest(from) {
                Some((to, rule)) => {
                    found.push((self.groups[from].start..self.groups[to - 1].end, rule));
                    from = to;
                }
                None => from += 1,
            }
        }
        found
    }

    fn longest(&self, from: usize) -> Option<(usize, crate::RuleId)> {
        let len = |to: usize| self.groups[to - 1].digits.1 - self.groups[from].digits.0;
        let most = (from + 1..=self.groups.len()).take_while(|to| len(*to) <= DIGITS_MAX).last()?;
        (from + 1..=most).rev().take_while(|to| len(*to) >= DIGITS_MIN).find_map(|to| {
            let part = Stretch { run: self, from, to };
            part.is_number().then(|| (to, if part.count(How::WORD) > 0 { WORDS } else { DISGUISED }))
        })
    }
}

/// Some groups of a run.
struct Stretch<'r, 't> {
    run: &'r Run<'r, 't>,
    from: usize,
    to: usize,
}

impl Stretch<'_, '_> {
    fn groups(&self) -> &[Group] {
        &self.run.groups[self.from..self.to]
    }

    fn digits(&self) -> &[u8] {
        let groups = self.groups();
        &self.run.digits[groups[0].digits.0..groups[groups.len() - 1].digits.1]
    }

    fn count(&self, how: How) -> usize {
        self.groups().iter().filter(|group| group.how.has(how)).count()
    }

    fn gaps(&self) -> Gap {
        self.groups()[1..].iter().fold(Gap::default(), |gaps, group| gaps.and(group.before))
    }

    fn is_number(&self) -> bool {
        let plus = self.run.plus && self.from == 0;
        let Some(loose) = plan::loose(self.digits(), plus) else { return false };
        if self.is_cut() || self.is_counting() || !self.is_sure_enough() {
            return false;
        }
        self.weight(loose, plus) >= ENOUGH
    }

    /// More of the same goes on to one side: it is a part of something longer.
    fn is_cut(&self) -> bool {
        let inside = self.gaps().and(Gap::SPACE);
        let goes_on = |gap: Gap| gap.0 & !inside.0 == 0;
        let left = self.from > 0 && goes_on(self.groups()[0].before);
        left || self.run.groups.get(self.to).is_some_and(|next| goes_on(next.before) && !next.how.has(How::WEAK))
    }

    /// 1 2 3 4 …: counting. 06 08 10 12 14: sizes.
    fn is_counting(&self) -> bool {
        let value = |group: &Group| {
            self.run.digits[group.digits.0..group.digits.1].iter().fold(0u64, |n, d| n * 10 + u64::from(d - b'0'))
        };
        let values: Vec<u64> = self.groups().iter().map(value).collect();
        let steps = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        let same_step = values.len() > 3 && steps.clone().all(|step| step <= 5) && {
            let mut steps = steps;
            let first = steps.next();
            steps.all(|step| Some(step) == first)
        };
        let digits = self.digits();
        same_step || digits.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Weak words are few, and none stands at an end that no sure ones hold up.
    fn is_sure_enough(&self) -> bool {
        let groups = self.groups();
        let weak = self.count(How::WEAK);
        let edge = groups[0].how.has(How::WEAK) || groups[groups.len() - 1].how.has(How::WEAK);
        weak * 3 <= groups.len() && (!edge || self.count(How::WORD) >= weak + 4)
    }

    /// What speaks for a number, less what speaks against.
    fn weight(&self, loose: Loose, plus: bool) -> i32 {
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
        weight += if gaps.has(Gap::ODD) || gaps.has(Gap::FILLER) { 3 } else { 0 };
        if (gaps == Gap::COMMA || gaps == Gap::SLASH || gaps.has(Gap::NEWLINE)) && self.is_layout() {
            weight += 3;
        }
        weight += i32::from(self.is_layout()) + if plus { 3 } else { 0 };
        weight += match loose {
            Loose::Local => -2,
            Loose::National => 0,
            // So many digits with such a beginning are hardly anything else, however they are grouped.
            Loose::Telling if groups.len() > 2 => 3,
            Loose::Telling => 1,
        };
        weight + self.around()
    }

    /// The groups are those of a phone number.
    fn is_layout(&self) -> bool {
        let lens: Vec<usize> = self.groups().iter().map(|group| group.digits.1 - group.digits.0).collect();
        matches!(
            lens[..],
            [3, 3, 4]
                | [1, 3, 3, 4]
                | [3, 3, 2, 2]
                | [1, 3, 3, 2, 2]
                | [2, 2, 2, 2, 2]
                | [10]
                | [11]
                | [3, 2, 2]
                | [3, 4]
                | [2, 1, 2, 2, 2, 2]
        )
    }

    fn around(&self) -> i32 {
        let groups = self.groups();
        let folded = self.run.text.folded();
        let left = &folded[self.run.limit.start..groups[0].start];
        let right = &folded[groups[groups.len() - 1].end..];
        let before = match words::before(left) {
            Before::Phone => 3,
            Before::Nothing => 0,
            Before::Order => -1,
            Before::Code => -4,
            Before::Money => -6,
        };
        before - if words::is_amount(right) || is_glued(left, right) { 6 } else { 0 }
    }
}

/// A mark and a letter or digit stand right before or behind it: "v10.0.19045.3693", "INV-2024-…".
fn is_glued(left: &str, right: &str) -> bool {
    let joins = |mark: Option<char>, next: Option<char>| {
        matches!(mark, Some('.' | '-' | '_' | '/' | '=' | '&')) && next.is_some_and(char::is_alphanumeric)
    };
    let (mut back, mut ahead) = (left.chars().rev(), right.chars());
    joins(back.next(), back.next()) || joins(ahead.next(), ahead.next())
}

#[cfg(test)]
mod tests;
