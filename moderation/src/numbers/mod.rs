//! Numbers written in words: what a word means ([`meaning`]), and how words that follow each other make numbers ([`compose`]).

pub(crate) mod compose;
mod sounds;
mod tables;

use std::sync::LazyLock;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use crate::slip::{find_shortened, is_slip, shortened};
use crate::text::scripts;
pub(crate) use sounds::sounding;

/// What a number word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// 0 to 9.
    Digit(u8),
    /// 10 to 19.
    Teen(u8),
    /// 20, 30 … 90.
    Ten(u8),
    /// 100, 200 … 900 in one word.
    Hundreds(u16),
    /// A hundred of what stands before it.
    Hundred,
    /// The next digit so many times: "double five".
    Times(u8),
    /// A digit as a thing that is counted: "две пятёрки", two fives.
    Piece(u8),
    /// Thousands and more: an amount, never part of a phone number.
    Scale,
}

/// The language a number word composes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    French,
    Russian,
}

/// What a word means as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) number: Number,
    /// As something that is counted, for a word that can be both ("два нуля").
    pub(crate) piece: Option<u8>,
    pub(crate) tongue: Tongue,
    /// Misspelt, or a word that only sounds so: it counts only among sure ones.
    pub(crate) weak: bool,
}

/// The shortest and longest word of the tables, in bytes; what is outside needs no look-up.
const SHORTEST: usize = 1;
const LONGEST: usize = 32;
/// The fewest letters of a word that may be meant, and of one that may be misspelt.
const SLIP_MIN: usize = 3;
const MISSPELT_MIN: usize = 3;

struct Words {
    exact: HashMap<&'static str, Meaning>,
    /// Each word without one of its letters, and whole: leads to words one slip away.
    near: HashMap<Box<str>, Vec<&'static str>>,
    /// The first letters of all words.
    beginnings: HashSet<&'static str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut exact: HashMap<&'static str, Meaning> = HashMap::default();
    let tables = [
        (tables::ENGLISH, Tongue::English, false),
        (tables::FRENCH, Tongue::French, false),
        (tables::RUSSIAN, Tongue::Russian, false),
        (tables::SOUNDALIKE, Tongue::English, true),
        (tables::SOUNDALIKE_FRENCH, Tongue::French, true),
    ];
    for (table, tongue, weak) in tables {
        for (number, words) in table {
            for word in *words {
                let meaning = exact.entry(word).or_insert(Meaning { number: *number, piece: None, tongue, weak });
                if let Number::Piece(digit) = number {
                    meaning.piece = Some(*digit);
                }
            }
        }
    }
    let mut near: HashMap<Box<str>, Vec<&'static str>> = HashMap::default();
    for (word, meaning) in &exact {
        if !meaning.weak && word.chars().count() >= SLIP_MIN && meaning.number != Number::Scale {
            let short = word.chars().count() == SLIP_MIN;
            // Of three letters none may be missing: "ne" is not "one".
            for less in shortened(word).filter(|_| !short).chain([(*word).into()]) {
                near.entry(less).or_default().push(word);
            }
        }
    }
    near.values_mut().for_each(|words| words.sort_unstable());
    let beginnings = exact.keys().filter_map(|word| beginning(word)).collect();
    Words { exact, near, beginnings }
});

/// The first letters of a word, if it has so many.
fn beginning(word: &str) -> Option<&str> {
    const LETTERS: usize = 3;
    let end = word.char_indices().nth(LETTERS - 1).map(|(at, c)| at + c.len_utf8())?;
    Some(&word[..end])
}

/// Whether a word could be number words without spaces: worth asking [`glued`].
pub(crate) fn starts_like_number(word: &str) -> bool {
    const SHORTEST_GLUED: usize = 6;
    const SHORTEST_WITH_DIGITS: usize = 4;
    let letters = word.trim_start_matches(|c: char| c.is_ascii_digit());
    if letters.len() < word.len() {
        return word.len() >= SHORTEST_WITH_DIGITS;
    }
    word.len() >= SHORTEST_GLUED && beginning(letters).is_some_and(|first| WORDS.beginnings.contains(first))
}

/// What this word (small letters, folded) means as a number.
pub(crate) fn meaning(word: &str) -> Option<Meaning> {
    if !(SHORTEST..=LONGEST).contains(&word.len()) {
        return None;
    }
    WORDS.exact.get(word).copied()
}

/// What this word means when digits in it are letters ("thre3") or letters are stretched ("дддевять").
pub(crate) fn disguised(word: &str) -> Option<Meaning> {
    if word.len() > 2 * LONGEST || !word.contains(|c: char| c.is_alphabetic()) {
        return None;
    }
    let digits = word.bytes().any(|b| b.is_ascii_digit());
    let doubled = || word.chars().zip(word.chars().skip(1)).any(|(a, b)| a == b);
    if !digits && !doubled() {
        return None;
    }
    let cyrillic = word.chars().any(|c| matches!(c, '\u{400}'..='\u{4FF}'));
    let e = if cyrillic { 'е' } else { 'e' };
    let leet = if cyrillic { scripts::leet_cyrillic } else { scripts::leet_latin };
    let letter = |c| if c == '3' { e } else { leet(c).filter(|_| digits).unwrap_or(c) };
    let plain: String = word.chars().map(letter).collect();
    let sure = |word: &str| meaning(word).filter(|meaning| !meaning.weak && meaning.number != Number::Scale);
    sure(&plain).or_else(|| {
        let mut squeezed = String::with_capacity(plain.len());
        plain.chars().for_each(|c| {
            if !squeezed.ends_with(c) {
                squeezed.push(c)
            }
        });
        // "three" has its own double letter.
        sure(&squeezed).or_else(|| sure(&squeezed.replace("thre", "three")))
    })
}

/// What this word means if one letter of it slipped: missing, added, changed or swapped with its neighbour.
pub(crate) fn misspelt(word: &str) -> Option<Meaning> {
    if word.len() > LONGEST || word.chars().count() < MISSPELT_MIN {
        return None;
    }
    let words = &*WORDS;
    let candidates = |key: &str| words.near.get(key).map_or(&[][..], Vec::as_slice);
    let direct = candidates(word).first().copied();
    let found = direct.or_else(|| {
        // A changed letter: both are the same without it. The first letter is seldom the wrong one.
        find_shortened(word, |less| candidates(less).iter().copied().find(|near| is_slip(word, near)))
    })?;
    words.exact.get(found).map(|meaning| Meaning { weak: true, ..*meaning })
}

/// A long word that is number words written without spaces (and digits between them): its parts, or nothing. `None` also when
/// there is only one part.
pub(crate) fn glued(word: &str) -> Option<Vec<(std::ops::Range<usize>, Option<Meaning>)>> {
    /// Longer words are no glued numbers: a phone number has at most fifteen digits.
    const GLUED_MAX: usize = 160;
    if word.len() > GLUED_MAX {
        return None;
    }
    // best[i]: where the last part of a reading of the first i bytes begins.
    let mut best: Vec<Option<usize>> = vec![None; word.len() + 1];
    best[0] = Some(0);
    for (at, c) in word.char_indices() {
        if best[at].is_none() {
            continue;
        }
        if c.is_ascii_digit() {
            best[at + 1].get_or_insert(at);
            continue;
        }
        for end in (at + 2..=word.len().min(at + LONGEST)).filter(|end| word.is_char_boundary(*end)) {
            let known = meaning(&word[at..end]);
            if known.is_some_and(|known| !known.weak && known.number != Number::Scale) {
                // The longest word wins: "семьдесят" is not "семь".
                best[end] = Some(at);
            }
        }
    }
    best[word.len()]?;
    let mut parts = Vec::new();
    let mut end = word.len();
    while end > 0 {
        let start = best[end]?;
        parts.push((start..end, meaning(&word[start..end]).filter(|meaning| !meaning.weak)));
        end = start;
    }
    parts.reverse();
    (parts.len() > 1).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_three_languages() {
        for (word, number) in [
            ("five", Number::Digit(5)),
            ("zero", Number::Digit(0)),
            ("cinq", Number::Digit(5)),
            ("пятерка", Number::Digit(5)),
            ("девятьсот", Number::Hundreds(900)),
            ("quatorze", Number::Teen(14)),
        ] {
            let meaning = meaning(word).unwrap();
            assert_eq!((meaning.number, meaning.weak), (number, false), "{word}");
        }
        assert!(meaning("for").unwrap().weak);
        assert_eq!(meaning("стол"), None);
    }

    #[test]
    fn one_slip_is_forgiven() {
        for (word, number) in [
            ("fvie", Number::Digit(5)),
            ("sevn", Number::Digit(7)),
            ("seveen", Number::Digit(7)),
            ("восмь", Number::Digit(8)),
            ("девядь", Number::Digit(9)),
            ("cinqe", Number::Digit(5)),
            ("двадцеть", Number::Ten(20)),
        ] {
            assert_eq!(misspelt(word).map(|m| (m.number, m.weak)), Some((number, true)), "{word}");
        }
        assert_eq!(misspelt("заказ"), None);
    }

    #[test]
    fn words_without_spaces() {
        let parts =
            |word| glued(word).map(|parts| parts.into_iter().map(|(range, _)| &word[range]).collect::<Vec<_>>());
        assert_eq!(parts("fiveonefour"), Some(vec!["five", "one", "four"]));
        assert_eq!(parts("восемьдевятьсот"), Some(vec!["восемь", "девятьсот"]));
        assert_eq!(parts("5один4"), Some(vec!["5", "один", "4"]));
        assert_eq!(parts("семьдесят"), None);
        assert_eq!(parts("someone"), None);
    }
}
