//! Numbering plans: which digits in which groups are a phone number.

use super::digits::{Between, Part};
use crate::RuleId;

/// The most digits of a number (ITU-T E.164).
pub(super) const DIGITS_MAX: usize = 15;

pub(super) const INTERNATIONAL: RuleId = "phone.international";
const NANP: RuleId = "phone.nanp";
const RUSSIA: RuleId = "phone.russia";
const FRANCE: RuleId = "phone.france";

/// How sure the layout alone makes us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// Other numbers of trade look so: any word or sign around it that speaks against it counts.
    Weak,
    /// Only an explicit "invoice", "tracking" … spares it, and only when it is one run of digits.
    Likely,
    /// A phone number, whatever is said around it.
    Sure,
}

/// A layout that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) rule: RuleId,
    pub(super) sureness: Sureness,
}

/// A number after a `+`.
pub(super) fn after_plus(part: &Part<'_>) -> Option<Fit> {
    let run = part.lens[0] >= 10 && part.is_bare() && !part.digits.ends_with(b"00000");
    if !run && country_code(part.digits).is_none() {
        return None;
    }
    // "+12 500 000 000": thousands.
    let thousands = part.lens.len() > 2 && part.lens[1..].iter().all(|len| *len == 3) && !part.is_punctuated();
    Some(Fit { rule: INTERNATIONAL, sureness: if thousands { Sureness::Weak } else { Sureness::Sure } })
}

/// A number without a `+`. `cued`: a word before it says that it is a phone number.
pub(super) fn national(part: &Part<'_>, cued: bool) -> Option<Fit> {
    let fit =
        russian(part, cued).or_else(|| nanp(part, cued)).or_else(|| french(part, cued)).or_else(|| prefixed(part))?;
    Some(if cued { Fit { sureness: Sureness::Sure, ..fit } } else { fit })
}

/// `00` (Europe) or `011` (North America) in place of the `+`.
fn prefixed(part: &Part<'_>) -> Option<Fit> {
    let rest = part.digits.strip_prefix(b"011").or_else(|| part.digits.strip_prefix(b"00"))?;
    let code = country_code(rest)?;
    let prefix = part.digits.len() - rest.len();
    let first = usize::from(part.lens[0]);
    let sureness = match part.is_bare() {
        true => Sureness::Likely,
        false if first == prefix || first == prefix + code => Sureness::Sure,
        false => return None,
    };
    Some(Fit { rule: INTERNATIONAL, sureness })
}

/// `8 (495) 123-45-67`, `8 912 345 67 89`, `89123456789`; without the 8: `(495) 123-45-67`, `912 345-67-89`;
/// after a word that announces a number: `123-45-67`.
fn russian(part: &Part<'_>, cued: bool) -> Option<Fit> {
    let area = |digit: u8| matches!(digit, b'3' | b'4' | b'8' | b'9');
    let sureness = match part.digits {
        [b'7' | b'8', first, ..] if part.digits.len() == 11 && (area(*first) || *first == b'7') => match part.lens {
            [11] => Sureness::Likely,
            [1 | 4, ..] if part.is_punctuated() => Sureness::Sure,
            [1, 3, 3, 2, 2] | [1, 3, 2, 2, 3] | [1, 3, 3, 4] | [1, 3, 7] | [1, 10] => Sureness::Sure,
            [4, 3, 2, 2] | [4, 3, 4] | [4, 7] => Sureness::Sure,
            _ => return None,
        },
        [first, ..] if part.is_layout(&[3, 3, 2, 2]) && area(*first) => {
            if part.is_punctuated() {
                Sureness::Sure
            } else {
                Sureness::Likely
            }
        }
        [b'9', ..] if part.is_layout(&[10]) => Sureness::Weak,
        // Inside one town. Without a word before it, three numbers in a row.
        [b'1'..=b'9', ..] if cued && part.is_layout(&[3, 2, 2]) && part.is_punctuated() => Sureness::Likely,
        _ => return None,
    };
    Some(Fit { rule: RUSSIA, sureness })
}

/// `(514) 555-0199`, `514-555-0199`, `1 514 555 0199`, `5145550199`.
fn nanp(part: &Part<'_>, cued: bool) -> Option<Fit> {
    let led = part.digits.len() == 11 && part.digits[0] == b'1';
    let local = if led { &part.digits[1..] } else { part.digits };
    let lens = match part.lens {
        [1, rest @ ..] if led => rest,
        lens => lens,
    };
    let [b'2'..=b'9', _, _, exchange, ..] = local else { return None };
    // Sample numbers such as 555-123-4567 break this rule, so it binds only where nothing else speaks for a number.
    let assigned = *exchange >= b'2';
    let sureness = match lens {
        _ if local.len() != 10 => return None,
        [3, 3, 4] | [3, 7] | [4, 3, 4] if part.is_punctuated() => {
            let ranges = part.between.iter().all(|b| b.has(Between::SPACE) && b.has(Between::DASH));
            if ranges { Sureness::Weak } else { Sureness::Sure }
        }
        [3, 3, 4] | [4, 3, 4] if *exchange != b'0' => Sureness::Weak,
        [3, 7] | [11] if assigned || cued => Sureness::Weak,
        [10] if cued || (assigned && !begins_with_date(local)) => Sureness::Weak,
        _ => return None,
    };
    Some(Fit { rule: NANP, sureness })
}

/// `2024110512`: invoices are numbered so.
fn begins_with_date(digits: &[u8]) -> bool {
    matches!(digits, [b'2', b'0', b'0'..=b'4', _, b'0', b'1'..=b'9', b'0'..=b'3', ..])
        || matches!(digits, [b'2', b'0', b'0'..=b'4', _, b'1', b'0'..=b'2', b'0'..=b'3', ..])
}

/// `06 12 34 56 78`, `06.12.34.56.78`, `0612345678`, `33 6 12 34 56 78`.
fn french(part: &Part<'_>, cued: bool) -> Option<Fit> {
    let sureness = match part.digits {
        [b'0', b'1'..=b'9', ..] if part.digits.len() == 10 => match part.lens {
            // "01.02-05.03.24" is two dates: the separators of a number are all alike.
            [2, 2, 2, 2, 2] if part.between.iter().all(|b| *b == part.between[0]) && !is_series(part.digits) => {
                Sureness::Sure
            }
            [10] | [4, 2, 2, 2] | [4, 3, 3] => Sureness::Likely,
            [2, 4, 4] if cued => Sureness::Likely,
            _ => return None,
        },
        [b'3', b'3', b'1'..=b'9', ..] if part.is_layout(&[2, 1, 2, 2, 2, 2]) => Sureness::Sure,
        [b'3', b'3', b'1'..=b'9', ..] if part.is_layout(&[11]) && cued => Sureness::Likely,
        _ => return None,
    };
    Some(Fit { rule: FRANCE, sureness })
}

/// `06 08 10 12 14`: sizes, or days, in small equal steps.
fn is_series(pairs: &[u8]) -> bool {
    const STEP_MAX: u8 = 5;
    let value = |pair: &[u8]| pair.iter().fold(0u8, |n, digit| n * 10 + (digit - b'0'));
    let mut steps = pairs.chunks_exact(2).zip(pairs[2..].chunks_exact(2)).map(|(a, b)| value(b).checked_sub(value(a)));
    let first = steps.next().flatten();
    first.is_some_and(|step| step <= STEP_MAX) && steps.all(|step| step == first)
}

/// How many digits the country code has, when these are one and a national number of a length that it knows.
fn country_code(digits: &[u8]) -> Option<usize> {
    let (code, lengths) = match digits {
        [b'1' | b'7', ..] => (1, 10..=10),
        [b'2'..=b'9', _, _, ..] => {
            let number = |len: usize| digits[..len].iter().fold(0, |n, digit| n * 10 + u16::from(digit - b'0'));
            let known =
                |len| LENGTHS.iter().find(|(code, ..)| *code == number(len)).map(|(_, min, max)| (len, *min..=*max));
            // No code is the beginning of another; what is not in the table has three digits.
            known(2).or_else(|| known(3)).unwrap_or((3, 7..=12))
        }
        _ => return None,
    };
    let national = &digits[code..];
    // "+33 (0)6 …": the trunk zero is not dialled from abroad, and written all the same.
    let national = national.strip_prefix(b"0").unwrap_or(national);
    (lengths.contains(&national.len()) && national.first() != Some(&b'0')).then_some(code)
}

/// Country codes and the fewest and most digits after them.
#[rustfmt::skip]
const LENGTHS: &[(u16, usize, usize)] = &[
    (20, 8, 10), (27, 9, 9), (30, 10, 10), (31, 9, 9), (32, 8, 9), (33, 9, 9), (34, 9, 9), (36, 8, 9), (39, 9, 11),
    (40, 9, 9), (41, 9, 9), (43, 8, 12), (44, 9, 10), (45, 8, 8), (46, 7, 9), (47, 8, 8), (48, 9, 9), (49, 7, 12),
    (51, 8, 9), (52, 10, 10), (53, 8, 8), (54, 10, 11), (55, 10, 11), (56, 9, 9), (57, 10, 10), (58, 10, 10),
    (60, 8, 10), (61, 9, 9), (62, 8, 12), (63, 10, 10), (64, 8, 10), (65, 8, 8), (66, 8, 9), (81, 9, 10), (82, 8, 10),
    (84, 9, 10), (86, 11, 11), (90, 10, 10), (91, 10, 10), (92, 10, 10), (93, 9, 9), (94, 9, 9), (95, 8, 10), (98, 10, 10),
    (212, 9, 9), (213, 8, 9), (216, 8, 8), (225, 10, 10), (352, 6, 9), (353, 7, 9), (358, 6, 10), (370, 8, 8), (371, 8, 8),
    (372, 7, 8), (373, 8, 8), (374, 8, 8), (375, 9, 9), (380, 9, 9), (992, 9, 9), (993, 8, 8), (994, 9, 9), (995, 9, 9),
    (996, 9, 9), (998, 9, 9),
];

/// What is known of digits when their layout says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loose {
    /// A number inside one area: only where something announces it.
    Local,
    /// A national number.
    National,
    /// One with a beginning that other numbers seldom have.
    Telling,
}

/// Digits without regard to how they are grouped.
pub(super) fn loose(digits: &[u8], plus: bool) -> Option<Loose> {
    if plus {
        return country_code(digits).map(|_| Loose::Telling);
    }
    match digits {
        [b'7' | b'8', b'9', ..] if digits.len() == 11 => Some(Loose::Telling),
        [b'7' | b'8', b'3' | b'4' | b'7' | b'8', ..] if digits.len() == 11 => Some(Loose::National),
        [b'1', b'2'..=b'9', _, _, b'2'..=b'9', ..] if digits.len() == 11 => Some(Loose::National),
        [b'3', b'3', b'1'..=b'9', ..] if digits.len() == 11 => Some(Loose::National),
        [b'0', b'1'..=b'9', ..] if digits.len() == 10 => Some(Loose::Telling),
        [b'2'..=b'9', ..] if digits.len() == 10 => Some(Loose::National),
        [b'0', b'0' | b'1', ..] if digits.len() > 10 && prefixed_country(digits) => Some(Loose::Telling),
        [b'3', b'7' | b'8', ..] if digits.len() == 12 && country_code(digits).is_some() => Some(Loose::National),
        [b'2'..=b'9', ..] if digits.len() == 7 => Some(Loose::Local),
        _ => None,
    }
}

fn prefixed_country(digits: &[u8]) -> bool {
    let rest = digits.strip_prefix(b"011").or_else(|| digits.strip_prefix(b"00"));
    rest.is_some_and(|rest| country_code(rest).is_some())
}
