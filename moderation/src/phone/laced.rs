//! Numbers whose digits are laced with one and the same letter or sign: "4x1x6x5x5x5x0x1x9x9", "4=>1=>6", "5х1¤4х5¤".
//!
//! Sizes are written so as well, but with few numbers; nothing that is sold has five sides. And numbers by counted things: "416 cats /
//! 555 dogs / 7319 birds".

use std::ops::Range;

use super::hidden;
use super::plan::{self, DIGITS_MAX};
use super::words::{self, Before};
use crate::Category;
use crate::find::{Found, OrderId};
use crate::text::Text;

const LACED: crate::RuleId = "phone.laced";
const COUNTED: crate::RuleId = "phone.counted";

/// The fewest groups of digits that speak for themselves, and behind a word that announces a number.
const GROUPS_MIN: usize = 5;
const ANNOUNCED_MIN: usize = 4;
/// The longest group.
const GROUP_MAX: usize = 4;
/// The most bytes of a lace, and its most letters.
const LACE_MAX: usize = 8;
const LETTERS_MAX: usize = 2;
/// The most bytes between two counts: a thing and the signs around it.
const THING_MAX: usize = 48;
/// The groups of phone numbers.
const LAYOUTS: &[&[usize]] = &[&[3, 3, 4], &[1, 3, 3, 4], &[3, 3, 2, 2], &[1, 3, 3, 2, 2], &[2, 2, 2, 2, 2]];

/// Finds both kinds in one range of the folded text.
pub(crate) fn find(text: &Text<'_>, gap: Range<usize>, order: &mut OrderId<'_>, out: &mut Vec<Found>) {
    let (lower, mut at) = (text.lower(), gap.start);
    while let Some(start) = lower[at..gap.end].find(|c: char| c.is_ascii_digit()).map(|i| at + i) {
        let found = match laced(lower, gap.start, start, gap.end) {
            Some(end) => vec![(start..end, LACED)],
            // The things stay.
            None => counted(text, &gap, start).into_iter().map(|range| (range, COUNTED)).collect(),
        };
        at = found.last().map_or_else(|| start + digits(&lower[start..gap.end]), |(range, _)| range.end);
        for (range, rule) in found {
            let kept = order.around(&range).is_some();
            out.push(if kept { Found::kept(range) } else { Found::contact(range, Category::Phone, rule) });
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Whether what was read can be a number: as long as one, and begun as one.
fn is_number(read: &str) -> bool {
    read.len() >= 10 && plan::loose(read.as_bytes(), false).is_some()
}

/// Where a laced number ends that begins here.
fn laced(lower: &str, floor: usize, start: usize, limit: usize) -> Option<usize> {
    if lower[floor..start].ends_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    // Nothing is laced whose first two groups have no lace between them.
    let (first, rest) = lower[start..limit].split_at(digits(&lower[start..limit]));
    let lace = rest.find(|c: char| c.is_ascii_digit()).map_or("", |len| &rest[..len]);
    if first.is_empty() || lace.len() > LACE_MAX || !is_lace(lace) {
        return None;
    }
    let (mut read, mut groups, mut at) = (String::new(), 0, start);
    let (mut steps, mut last) = (Vec::new(), None);
    let mut laces: [&str; 2] = [""; 2];
    loop {
        let len = digits(&lower[at..limit]);
        if len == 0 || len > GROUP_MAX || read.len() + len > DIGITS_MAX {
            return None;
        }
        read.push_str(&lower[at..at + len]);
        let value: i32 = lower[at..at + len].parse().ok()?;
        steps.extend(last.replace(value).map(|last| value - last));
        groups += 1;
        at += len;
        let rest = &lower[at..limit];
        let lace = &rest[..rest.find(|c: char| c.is_ascii_digit()).filter(|len| *len <= LACE_MAX).unwrap_or(0)];
        // The same lace all along, or two in turn.
        let slot = (groups - 1) % 2;
        let known = match groups {
            1 | 2 => !lace.is_empty() && (groups == 2 || is_lace(lace)),
            _ => lace == laces[slot],
        };
        if !known {
            break;
        }
        if groups <= 2 {
            laces[slot] = lace;
        }
        at += lace.len();
    }
    let strange = is_lace(laces[0]) && (groups < 3 || is_lace(laces[1]));
    let glued = lower[at..limit].starts_with(|c: char| c.is_alphanumeric());
    let announced = || words::before(&lower[floor..start]) == Before::Phone;
    let enough = groups >= GROUPS_MIN || (groups >= ANNOUNCED_MIN && announced());
    // "20x30x40x50x60": sizes to choose from.
    let row = steps.windows(2).all(|pair| pair[0] == pair[1]);
    (strange && !glued && enough && !row && is_number(&read)).then_some(at)
}

/// What nobody puts between numbers: a letter or two, or a sign that separates nothing.
fn is_lace(lace: &str) -> bool {
    let letters = lace.chars().filter(|c| c.is_alphabetic()).count();
    let signs = lace.contains(['@', '=', '>', '<', '¤', '§', '^', '~', '#', '&', '|', '¦', '¬', '°', '!', '?']);
    (1..=LETTERS_MAX).contains(&letters) || (letters == 0 && signs)
}

/// The groups of a number, from here on, that each count a thing of their own; none where it is no number.
fn counted(text: &Text<'_>, gap: &Range<usize>, start: usize) -> Vec<Range<usize>> {
    const GROUPS_MAX: usize = 6;
    let mut next = text.token_from(start);
    // One count alone is no number.
    if thing(text, gap.end, next).is_none() {
        return Vec::new();
    }
    let (mut groups, mut kind) = (Vec::new(), None);
    let mut read = String::new();
    while let Some(token) = text.tokens().get(next).filter(|token| token.holds.is_number() && token.end <= gap.end) {
        let glued = text.lower()[gap.start..token.start].ends_with(is_glue);
        if token.range().len() > GROUP_MAX
            || groups.len() == GROUPS_MAX
            || glued
            || (groups.is_empty() && token.start != start)
        {
            return Vec::new();
        }
        read.push_str(text.word(token));
        groups.push(token.range());
        let Some((thing, following)) = thing(text, gap.end, next) else { break };
        if *kind.get_or_insert(thing) != thing {
            return Vec::new();
        }
        next = following;
    }
    let lens: Vec<usize> = groups.iter().map(Range::len).collect();
    // Nobody counts "07 hens", and of few things there is never a round number.
    let padded = groups.iter().any(|group| group.len() > 1 && text.lower()[group.clone()].starts_with('0'));
    let round = groups.iter().filter(|group| text.lower()[(*group).clone()].ends_with(['0', '5'])).count();
    let is_number = LAYOUTS.contains(&&*lens) && (padded || round <= 1) && is_number(&read);
    if is_number { groups } else { Vec::new() }
}

/// What ties a number to more before it.
fn is_glue(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '$' | '€' | '№' | '#')
}

/// What stands between two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    /// One word.
    Word,
    /// Signs that are no separators: an emoji, "(…)", "[…]".
    Sign,
}

/// The thing behind a count and the place of the next count.
fn thing(text: &Text<'_>, limit: usize, at: usize) -> Option<(Thing, usize)> {
    let tokens = text.tokens();
    let (here, one, two) = (tokens.get(at)?, tokens.get(at + 1)?, tokens.get(at + 2));
    let between = |to: usize| (to <= limit && to - here.end <= THING_MAX).then(|| &text.folded()[here.end..to]);
    if one.holds.is_number() {
        let signs = between(one.start)?;
        let strange = signs.contains('…')
            || signs.contains("..")
            || signs.chars().any(|c| !c.is_ascii() && !c.is_whitespace() && !c.is_alphanumeric() && !is_dash(c));
        return (strange && !signs.contains(['*', '$', '€', '%', '°'])).then_some((Thing::Sign, at + 1));
    }
    let two = two.filter(|two| two.holds.is_number() && two.end <= limit)?;
    between(two.start).filter(|between| !between.contains(['*', '$', '€', '%', '°', ':', '=', '×', '@', '#', '№']))?;
    let word = text.word(one);
    let plain = one.holds.is_word()
        && word.chars().nth(2).is_some()
        && !words::is_amount(word)
        && !NO_THINGS.contains(&word)
        && !hidden::is_filler(word)
        && crate::numbers::meaning(word).is_none_or(|meaning| meaning.weak);
    plain.then_some((Thing::Word, at + 2))
}

const fn is_dash(c: char) -> bool {
    matches!(c, '–' | '—' | '−' | '№' | '«' | '»' | '·' | '•')
}

/// Between numbers, and no things that are counted.
#[rustfmt::skip]
const NO_THINGS: &[&str] = &[
    "and", "the", "then", "or", "to", "for", "from", "with", "plus", "minus", "of", "by", "until", "till", "next", "dash", "space", "dot", "ext", "extension",
    "jan", "feb", "mar", "apr", "may", "june", "july", "aug", "sep", "sept", "oct", "nov", "dec", "january", "february", "march", "april", "august", "september",
    "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    "room", "unit", "line", "page", "step", "item", "lot", "batch", "floor", "apt", "sheet", "rev", "version", "part", "model", "series", "size",
    "puis", "ensuite", "pour", "avec", "ou", "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
    "decembre", "page", "etage", "piece", "serie", "taille", "poste",
    "или", "для", "потом", "затем", "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря",
    "этаж", "стр", "лист", "размер", "серия", "пункт", "доб",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let text = Text::read(text);
        let (mut out, mut order) = (Vec::new(), OrderId::new(text.folded(), ""));
        find(&text, 0..text.folded().len(), &mut order, &mut out);
        out.iter().map(|f| text.original()[text.original_range(f.start..f.end)].to_owned()).collect()
    }

    #[test]
    fn numbers_with_a_lace() {
        for (text, number) in [
            ("4x1x6x5x5x5x0x1x9x9", "4x1x6x5x5x5x0x1x9x9"),
            ("at 5 x 1 x 4 x 5 x 5 x 5 x 0 x 1 x 9 x 9.", "5 x 1 x 4 x 5 x 5 x 5 x 0 x 1 x 9 x 9"),
            ("2X6y3X3y7X5y2X1y5X8", "2X6y3X3y7X5y2X1y5X8"),
            ("on 87w38w65w72w04", "87w38w65w72w04"),
            ("4=>1=>8=>5=>2=>3=>4=>1=>7=>5", "4=>1=>8=>5=>2=>3=>4=>1=>7=>5"),
            ("5х8¤7х9¤7х1¤3х7¤5х0", "5х8¤7х9¤7х1¤3х7¤5х0"),
            ("my cell: 054+x+973+x+404+x+0", "054+x+973+x+404+x+0"),
        ] {
            assert_eq!(found(text), [number], "{text}");
        }
    }

    #[test]
    fn numbers_by_counted_things() {
        for (text, numbers) in [
            ("416 cats / 555 dogs / 7319 birds", &["416", "555", "7319"][..]),
            ("poules 07, tuiles 86, canards 44, clous 34, briques 54", &["07", "86", "44", "34", "54"]),
            ("918 🐐. 895 🦉. 99 🐸. 77 🍎", &["918", "895", "99", "77"]),
            ("8 …. 777 …. 653 …. 22 …. 38 …", &["8", "777", "653", "22", "38"]),
        ] {
            assert_eq!(found(text), numbers, "{text}");
        }
    }

    #[test]
    fn sizes_and_counts() {
        for text in [
            "2x4x8 and 2x6x12, 51 each",
            "труба 36х37х35х3",
            "cube 4x4x4",
            "KD294-C8Y1D-13G4F-4H8MH",
            "a1b2c3d4e5f60718",
            "20x30x40x50x60",
            "we need 387 pavers, 54 bags and 6 rolls",
            "250 screws, 300 bolts, 1200 nails",
            "198 livres dans 16 boîtes, 2 lampes",
            "415 mm, 555 mm, 7319 mm",
            "514 June 555 July 1999",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
