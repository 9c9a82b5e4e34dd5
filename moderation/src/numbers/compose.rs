//! From number words to digits: "cinq cent quatorze" is 514, "two fives" is 55.

use super::{Meaning, Number, Tongue};

/// What an atom of a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Atom {
    /// Digits, as they stand.
    Digits,
    /// A word.
    Word(Meaning),
}

/// The number under way.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    value: u32,
    /// What may still be added: 100 for a ten or less, 10 for a digit, 20 for what French counts by twenties (60, 80), 0 for nothing.
    room: Room,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Room {
    #[default]
    Nothing,
    /// A digit.
    Digit,
    /// A digit, or a number from 10 to 19: after "soixante" and "quatre-vingt".
    Score,
    /// 7, 8 or 9: after a French "dix".
    Dix,
    /// Anything below a hundred.
    Hundred,
}

/// Puts words together as long as they go together; each finished number is given to `out` with the place of its first and one
/// past its last atom. A gap that does not `joins` (a comma, a line break) ends a number. Without `together` each word stands alone:
/// people also say "двадцать три" for 20, 3.
pub(crate) fn compose(
    atoms: &[Atom],
    together: bool,
    joins: impl Fn(usize) -> bool,
    mut out: impl FnMut(std::ops::Range<usize>, Option<Value>),
) {
    let mut open: Option<(usize, Open)> = None;
    let mut at = 0;
    while at < atoms.len() {
        let Atom::Word(meaning) = atoms[at] else {
            close(&mut open, at, &mut out);
            out(at..at + 1, None);
            at += 1;
            continue;
        };
        if at > 0 && !joins(at) {
            close(&mut open, at, &mut out);
        }
        if let Some((digit, times)) = repeated(atoms, at, &joins) {
            close(&mut open, at, &mut out);
            out(at..at + 2, Some(Value { value: u32::from(digit), times }));
            at += 2;
            continue;
        }
        let eighty = meaning.number == Number::Digit(4) && is_score(atoms.get(at + 1)) && joins_next(at, atoms, &joins);
        // "quarante quatre-vingt" is 40, 80.
        let takes = |(_, open): &(usize, Open)| together && !(eighty && matches!(open.room, Room::Digit | Room::Score));
        let grown = open.filter(takes).and_then(|(from, open)| add(open, meaning).map(|open| (from, open)));
        open = Some(match grown {
            Some(grown) => grown,
            None => {
                close(&mut open, at, &mut out);
                (at, begin(meaning))
            }
        });
        at += 1;
    }
    close(&mut open, at, &mut out);
}

fn is_score(atom: Option<&Atom>) -> bool {
    matches!(atom, Some(Atom::Word(Meaning { number: Number::Ten(20), tongue: Tongue::French, .. })))
}

fn joins_next(at: usize, atoms: &[Atom], joins: &impl Fn(usize) -> bool) -> bool {
    at + 1 < atoms.len() && joins(at + 1)
}

/// A number that words made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) value: u32,
    /// How often it stands there.
    pub(crate) times: u8,
}

fn close(open: &mut Option<(usize, Open)>, end: usize, out: &mut impl FnMut(std::ops::Range<usize>, Option<Value>)) {
    if let Some((from, open)) = open.take() {
        out(from..end, Some(Value { value: open.value, times: 1 }));
    }
}

/// "Double five", "две пятёрки": the digit and how often.
fn repeated(atoms: &[Atom], at: usize, joins: &impl Fn(usize) -> bool) -> Option<(u8, u8)> {
    let (Some(Atom::Word(first)), Some(Atom::Word(second))) = (atoms.get(at), atoms.get(at + 1)) else { return None };
    if !joins(at + 1) {
        return None;
    }
    match (first.number, second.number, second.piece) {
        (Number::Times(times), Number::Digit(digit), _) => Some((digit, times)),
        (Number::Digit(times @ 2..=4), _, Some(digit)) => Some((digit, times)),
        _ => None,
    }
}

fn begin(meaning: Meaning) -> Open {
    let french = meaning.tongue == Tongue::French;
    match meaning.number {
        Number::Digit(digit) | Number::Piece(digit) | Number::Times(digit) => {
            Open { value: u32::from(digit), room: Room::Nothing }
        }
        Number::Teen(teen) => {
            Open { value: u32::from(teen), room: if french && teen == 10 { Room::Dix } else { Room::Nothing } }
        }
        Number::Ten(ten) => {
            Open { value: u32::from(ten), room: if french && ten == 60 { Room::Score } else { Room::Digit } }
        }
        Number::Hundreds(hundreds) => Open { value: u32::from(hundreds), room: Room::Hundred },
        Number::Hundred => Open { value: 100, room: Room::Hundred },
        Number::Scale => Open { value: 1000, room: Room::Nothing },
    }
}

/// The number with one word more, if it takes it.
fn add(open: Open, meaning: Meaning) -> Option<Open> {
    let french = meaning.tongue == Tongue::French;
    let plus = |value: u8, room| Some(Open { value: open.value + u32::from(value), room });
    match (meaning.number, open.room) {
        // Four twenties, alone or behind hundreds.
        (Number::Ten(20), Room::Nothing | Room::Digit) if french && open.value % 100 == 4 => {
            Some(Open { value: open.value + 76, room: Room::Score })
        }
        (Number::Hundred, Room::Nothing | Room::Digit) if (1..=99).contains(&open.value) => {
            Some(Open { value: open.value * 100, room: Room::Hundred })
        }
        (Number::Digit(digit @ 1..=9), Room::Digit | Room::Score) => plus(digit, Room::Nothing),
        (Number::Digit(digit @ 1..=9), Room::Hundred) => plus(digit, Room::Nothing),
        (Number::Digit(digit @ 7..=9), Room::Dix) => plus(digit, Room::Nothing),
        (Number::Teen(teen), Room::Hundred) => plus(teen, if french && teen == 10 { Room::Dix } else { Room::Nothing }),
        (Number::Teen(teen), Room::Score) if french => plus(teen, if teen == 10 { Room::Dix } else { Room::Nothing }),
        (Number::Ten(ten), Room::Hundred) => plus(ten, if french && ten == 60 { Room::Score } else { Room::Digit }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::meaning;
    use super::*;

    fn read(text: &str) -> String {
        let atoms: Vec<Atom> = text
            .split([' ', '-'])
            .filter(|word| !matches!(*word, "et" | "and"))
            .map(|word| meaning(word).map_or(Atom::Digits, Atom::Word))
            .collect();
        let words: Vec<&str> = text.split([' ', '-']).filter(|word| !matches!(*word, "et" | "and")).collect();
        let mut numbers = Vec::new();
        compose(
            &atoms,
            true,
            |_| true,
            |range, value| {
                numbers
                    .push(value.map_or(words[range.start].to_owned(), |v| v.value.to_string().repeat(v.times.into())));
            },
        );
        numbers.join(" ")
    }

    #[test]
    fn numbers() {
        for (text, numbers) in [
            ("five one four", "5 1 4"),
            ("five hundred and fourteen fifty-five", "514 55"),
            ("eight hundred double five triple seven", "800 55 777"),
            ("cinq cent quatorze", "514"),
            ("quatre-vingt-dix-sept", "97"),
            ("soixante et onze soixante-dix-huit quatre-vingts", "71 78 80"),
            ("cent quatre vingt douze", "192"),
            ("quarante quatre-vingt onze", "40 91"),
            ("zero six douze trente-quatre", "0 6 12 34"),
            ("восемь девятьсот шестнадцать сто двадцать три сорок пять", "8 916 123 45"),
            ("две пятерки три нуля", "55 000"),
            ("8 девять один шесть", "8 9 1 6"),
        ] {
            assert_eq!(read(text), numbers, "{text}");
        }
    }
}
