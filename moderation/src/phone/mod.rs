//! Phone numbers in the layouts that people write: international, North American, Russian, French.
//!
//! At each group of digits the numbering plans are asked about the groups from there on, the longest fit first. What
//! fits must stand on its own: a number joined to more digits by a single mark is a longer code.

pub(crate) mod dictated;
mod digits;
pub(crate) mod hidden;
pub(crate) mod laced;
pub(crate) mod marked;
mod plan;
mod words;

use std::ops::Range;

use crate::Category;
use crate::find::{Found, OrderId};
use digits::{Between, Groups, Part, separator};
use plan::{Fit, Sureness};
use words::Before;

/// The fewest digits of a number.
pub(crate) const MIN_DIGITS: usize = 7;

/// Finds the numbers in one range of the text.
pub(crate) fn find(text: &str, gap: Range<usize>, order: &mut OrderId<'_>, out: &mut Vec<Found>) {
    let bytes = &text.as_bytes()[..gap.end];
    let mut floor = gap.start;
    let mut at = gap.start;
    while let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|i| at + i) {
        let found = number_at(&text[..gap.end], floor, start);
        let kept = found.as_ref().and_then(|(range, _)| order.around(range));
        match (found, kept) {
            (Some(_), Some(id)) => {
                let id = id.start.max(floor)..id.end.min(gap.end);
                floor = id.end;
                out.push(Found::kept(id));
            }
            (Some((range, rule)), None) => {
                floor = range.end;
                out.push(Found::contact(range, Category::Phone, rule));
            }
            (None, _) => {
                at = start + bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
                continue;
            }
        }
        at = floor;
    }
}

/// The number whose first digit is at `start`. Nothing before `floor` is looked at.
fn number_at(text: &str, floor: usize, start: usize) -> Option<(Range<usize>, crate::RuleId)> {
    let bytes = text.as_bytes();
    let lead = Lead::read(&text[floor..start]);
    let groups = Groups::read(bytes, start);
    // The words before are asked only when the digits alone could be a number.
    let mut before = None;
    for part in groups.parts().filter(|part| part.digits.len() >= MIN_DIGITS) {
        let fit = if lead.plus {
            plan::after_plus(&part)
        } else if plan::national(&part, true).is_none() {
            None
        } else {
            let before = *before.get_or_insert_with(|| words::before(&text[floor..start]));
            plan::national(&part, before == Before::Phone)
        };
        let Some(fit) = fit else { continue };
        let range = with_brackets(bytes, start - lead.len..part.end, floor, &part, lead.plus);
        let before = *before.get_or_insert_with(|| words::before(&text[floor..range.start]));
        let around = Around { left: &text[floor..range.start], right: &text[range.end..], before };
        return (lead.plus || !is_joined(bytes, floor, start, part.end))
            .then_some(())
            .filter(|()| around.allow(&part, fit, lead.plus))
            .map(|()| (range, fit.rule));
    }
    None
}

/// What leads up to the first digit: `+`, `+ `, `+(`.
struct Lead {
    plus: bool,
    len: usize,
}

impl Lead {
    fn read(left: &str) -> Self {
        let rest = left.strip_suffix(['(', ' ']).unwrap_or(left);
        let plus = rest.ends_with('+');
        Self { plus, len: if plus { left.len() - rest.len() + 1 } else { 0 } }
    }
}

/// The range with the brackets that belong to it: those that would else be left without the other one.
fn with_brackets(bytes: &[u8], range: Range<usize>, floor: usize, part: &Part<'_>, plus: bool) -> Range<usize> {
    let Range { mut start, mut end } = range;
    let opened = part.any_between(Between::OPEN) || (plus && bytes[start..].starts_with(b"+("));
    let closed = part.any_between(Between::CLOSE);
    if closed && !opened && start > floor && bytes[start - 1] == b'(' {
        start -= 1;
    }
    if opened && !closed && bytes.get(end) == Some(&b')') {
        end += 1;
    }
    start..end
}

/// Whether a single mark joins the digits `start..end` to more digits: `-`, `.`, or a comma before one or two digits
/// (cents). Judged by the mark and the group after it alone, so that both sides of a join see it alike.
fn is_joined(bytes: &[u8], floor: usize, start: usize, end: usize) -> bool {
    let joins = |mark: u8, after: &[u8]| match mark {
        b'-' | b'.' => after.first().is_some_and(u8::is_ascii_digit),
        // "8965325215(0)"
        b'(' => matches!(after, [digit, b')', ..] if digit.is_ascii_digit()),
        b',' => matches!(after.iter().take(3).take_while(|b| b.is_ascii_digit()).count(), 1 | 2),
        _ => false,
    };
    let left = match &bytes[floor..start] {
        [.., digit, mark] => digit.is_ascii_digit() && joins(*mark, &bytes[start..]),
        _ => false,
    };
    left || bytes[end..].split_first().is_some_and(|(mark, after)| joins(*mark, after))
}

/// What is around a candidate.
struct Around<'a> {
    left: &'a str,
    right: &'a str,
    before: Before,
}

impl Around<'_> {
    fn allow(&self, part: &Part<'_>, fit: Fit, plus: bool) -> bool {
        if plus {
            return fit.sureness > Sureness::Weak || !words::is_amount(self.right);
        }
        if self.is_glued_left() {
            return false;
        }
        // Who dresses a phone number as an order's still has to say what it is for.
        let before = match self.before {
            Before::Order | Before::Code if words::is_answered(self.right) => Before::Phone,
            before => before,
        };
        match fit.sureness {
            // "Item 438-555-0199-B", "SN 0045 1289 3345".
            Sureness::Sure => before != Before::Code || !(self.is_glued_right() || fit.rule == plan::INTERNATIONAL),
            Sureness::Likely if part.is_bare() => before != Before::Code && !self.is_glued_right(),
            Sureness::Likely => !self.is_glued_right(),
            Sureness::Weak => {
                // Nobody writes an order's number in the groups of a phone number but to pass one off.
                let named = match before {
                    Before::Nothing | Before::Phone => false,
                    Before::Order => part.is_bare(),
                    Before::Code | Before::Money => true,
                };
                !named
                    && !self.is_glued_right()
                    && !self.left.ends_with(['/', '=', '&'])
                    && !words::is_amount(self.right)
            }
        }
    }

    /// A letter, or a letter and a hyphen, right before: `SN5145550199`, `INV-514…`.
    fn is_glued_left(&self) -> bool {
        let word = |c: char| c == '_' || c.is_alphanumeric();
        let hyphen =
            |c: char| separator(c.encode_utf8(&mut [0; 4]).as_bytes(), 0).is_some_and(|(b, _)| b.has(Between::DASH));
        let left = self.left.strip_suffix(hyphen).unwrap_or(self.left);
        // A digit before the hyphen is `is_joined`'s to judge, and only a plain one: both sides must see it alike.
        left.chars().next_back().is_some_and(|c| word(c) && !c.is_ascii_digit())
    }

    fn is_glued_right(&self) -> bool {
        let mut right = self.right.chars();
        let glued = |c: char| c == '_' || c.is_alphabetic();
        match right.next() {
            Some('-') => right.next().is_some_and(glued),
            next => next.is_some_and(glued),
        }
    }
}

#[cfg(test)]
mod tests;
