//! Numbers in the layout of a plan where letters and signs stand in place of digits: "4O3 qBb S317", "77B.s2g.438b", "9gg-Q50-O|-44".
//!
//! The runs of [`hidden`](super::hidden) grow from digits that are sure and give up where too little is; here the layout is what is
//! sure. Nobody writes ten characters that all pass for digits in the groups of a number and means something else, as long as some
//! of them are digits.

use std::ops::Range;

use super::hidden::is_digit_like;
use super::plan;
use super::words::{self, Before};
use crate::Category;
use crate::find::{Found, OrderId};
use crate::text::scripts;

const MARKED: crate::RuleId = "phone.marked";

/// The fewest plain digits of such a number, and of one that nothing announces.
pub(crate) const DIGITS_MIN: usize = 3;
const DIGITS_ALONE: usize = 5;
/// The most groups and the longest.
const GROUPS_MAX: usize = 5;
const GROUP_MAX: usize = 11;

/// Finds them in one range of the folded text.
pub(crate) fn find(text: &str, gap: Range<usize>, order: &mut OrderId<'_>, out: &mut Vec<Found>) {
    let mut floor = gap.start;
    let mut before = text[..gap.start].chars().next_back();
    let mut chars = text[gap.clone()].char_indices().map(|(at, c)| (gap.start + at, c));
    while let Some((at, c)) = chars.next() {
        let begins = before.is_none_or(is_edge) && is_digit_like(c);
        before = Some(c);
        let begins = begins && may_begin(&text[at..gap.end]);
        let Some(range) = begins.then(|| number_at(text, floor..gap.end, at)).flatten() else { continue };
        floor = range.end;
        out.push(match order.around(&range) {
            Some(_) => Found::kept(range.clone()),
            None => Found::contact(range.clone(), Category::Phone, MARKED),
        });
        while chars.clone().next().is_some_and(|(at, _)| at < range.end) {
            before = chars.next().map(|(_, c)| c);
        }
    }
}

/// What may stand right before a number.
fn is_edge(c: char) -> bool {
    c.is_whitespace() || matches!(c, '+' | '(' | ':' | ',' | ';' | '"' | '«' | '—' | '–' | '!' | '?' | '…')
}

/// Whether what comes can have the digits of a number and some marks: looked at before anything is read.
fn may_begin(text: &str) -> bool {
    const LEAST: usize = 10;
    const MOST: usize = 24;
    let (mut plain, mut marks) = (0, 0);
    for c in text.chars().take(MOST) {
        match c {
            '0'..='9' => plain += 1,
            ' ' | '\u{A0}' | '-' | '.' => {}
            c if scripts::as_digit(c).is_some() => marks += 1,
            _ => break,
        }
    }
    plain >= DIGITS_MIN && marks > 0 && plain + marks >= LEAST
}

/// The number that begins here: the most groups of one layout.
fn number_at(text: &str, limit: Range<usize>, start: usize) -> Option<Range<usize>> {
    let mut read = Read { groups: Vec::with_capacity(GROUPS_MAX), separator: None };
    let mut at = start;
    let mut found = None;
    while read.groups.len() < GROUPS_MAX {
        let Some(end) = group_end(&text[..limit.end], at) else { break };
        read.groups.push(at..end);
        // A sign at the end may belong to the sentence.
        let short = text[at..end].strip_suffix('!').map(|rest| at + rest.len()).filter(|short| *short > at);
        for end in [Some(end), short].into_iter().flatten() {
            let whole = Read { groups: with_last(&read.groups, at..end), ..read };
            if whole.is_number(text, &limit) {
                found = Some(end);
                break;
            }
        }
        let Some(separator) = text[end..limit.end].chars().next().filter(|c| matches!(c, ' ' | '\u{A0}' | '-' | '.'))
        else {
            break;
        };
        if *read.separator.get_or_insert(separator) != separator {
            break;
        }
        at = end + separator.len_utf8();
    }
    let plus = text[limit.start..start].ends_with('+');
    found.map(|end| start - usize::from(plus)..end)
}

/// The groups with another last one.
fn with_last(groups: &[Range<usize>], last: Range<usize>) -> Vec<Range<usize>> {
    let mut groups = groups.to_vec();
    groups.pop();
    groups.push(last);
    groups
}

/// Where the characters end that pass for digits, if there are any and not too many.
fn group_end(text: &str, start: usize) -> Option<usize> {
    let len = text[start..].find(|c| !is_digit_like(c)).unwrap_or(text.len() - start);
    (1..=2 * GROUP_MAX).contains(&len).then_some(start + len)
}

/// Groups of characters that pass for digits.
struct Read {
    groups: Vec<Range<usize>>,
    separator: Option<char>,
}

impl Read {
    fn is_number(&self, text: &str, limit: &Range<usize>) -> bool {
        let (first, last) = (&self.groups[0], &self.groups[self.groups.len() - 1]);
        let after = text[last.end..limit.end].chars().next();
        if after.is_some_and(|c| c.is_alphanumeric() || is_glue(&text[last.end..limit.end])) {
            return false;
        }
        let written = || self.groups.iter().flat_map(|group| text[group.clone()].chars());
        let digits: Vec<u8> = written().filter_map(as_digit).map(|c| c as u8).collect();
        let plain = written().filter(char::is_ascii_digit).count();
        if plain < DIGITS_MIN || plain == digits.len() || !self.is_layout(text, &digits) {
            return false;
        }
        let bare = self.groups.len() == 1;
        let signed = text[first.start..last.end].trim_matches(['|', '!']).contains(['|', '!']);
        match words::before(&text[limit.start..first.start]) {
            Before::Phone => true,
            Before::Code | Before::Money => false,
            _ if self.is_code(text) => false,
            Before::Nothing | Before::Order => plain >= DIGITS_ALONE && (!bare || signed),
        }
    }

    /// "B12 S34 Q567": a capital before each group and nothing else. Shelves, parts and rooms are named so.
    fn is_code(&self, text: &str) -> bool {
        let named = |group: &Range<usize>| {
            let digits = text[group.clone()].strip_prefix(|c: char| c.is_uppercase());
            digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        };
        self.groups.iter().all(named)
    }

    /// The groups of a number that some plan knows, whose first digits are those of one.
    fn is_layout(&self, text: &str, digits: &[u8]) -> bool {
        let lens: Vec<usize> = self.groups.iter().map(|group| text[group.clone()].chars().count()).collect();
        let local = |digits: &[u8]| matches!(digits, [b'2'..=b'9', _, _, b'2'..=b'9', ..]);
        match *lens {
            [3, 3, 4] => local(digits),
            [1, 3, 3, 4] => digits[0] == b'1' && local(&digits[1..]),
            [3, 3, 2, 2] => matches!(digits[0], b'3' | b'4' | b'8' | b'9'),
            [1, 3, 3, 2, 2] => {
                matches!(digits[0], b'7' | b'8') && matches!(digits[1], b'3' | b'4' | b'7' | b'8' | b'9')
            }
            [2, 2, 2, 2, 2] => digits[0] == b'0' && digits[1] != b'0',
            [10 | 11] => plan::loose(digits, false).is_some(),
            _ => false,
        }
    }
}

/// A mark and a letter or digit: more of the same goes on.
fn is_glue(after: &str) -> bool {
    let mut chars = after.chars();
    matches!(chars.next(), Some('.' | '-' | '_' | '/' | '@' | '=' | '&'))
        && chars.next().is_some_and(char::is_alphanumeric)
}

fn as_digit(c: char) -> Option<char> {
    if c.is_ascii_digit() { Some(c) } else { scripts::as_digit(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let (mut out, mut order) = (Vec::new(), OrderId::new(text, ""));
        find(text, 0..text.len(), &mut order, &mut out);
        out.iter().map(|f| &text[f.start..f.end]).collect()
    }

    #[test]
    fn letters_and_signs_in_a_layout() {
        for (text, number) in [
            ("text me 5I4 sSb O1g9 its faster", "5I4 sSb O1g9"),
            ("le num c'est B1g b47 I7O7", "B1g b47 I7O7"),
            ("mon numéro 4zB.szg.438b", "4zB.szg.438b"),
            ("набери 9gb-Q5O-4|-44", "9gb-Q5O-4|-44"),
            ("звоните ! 4Zb 541 589g", "! 4Zb 541 589g"),
            ("ob 12 3S 4b 7B", "ob 12 3S 4b 7B"),
            ("call +1 5I4 555 O199!", "+1 5I4 555 O199"),
            ("hit me up 5I47|O7540", "5I47|O7540"),
        ] {
            assert_eq!(found(text), [number], "{text}");
        }
    }

    #[test]
    fn codes_sizes_and_words() {
        for text in [
            "serial 5I4-sSb-O1g9",
            "514 555 0199",
            "part S10-B52-1234-G",
            "KD294-C8Y1D-13G4F",
            "so big 2 Gb, 8 Gb or 16 Gb",
            "B12 S34 Q567",
            "5814B0522g",
            "100 IS 2000",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
