//! Letters that look alike in the two alphabets, and digits that pass for letters.

use std::cmp::Ordering;

use super::fold::{is_cyrillic, is_latin};

/// The Latin letter that a Cyrillic one passes for, in its own case.
pub(crate) const fn as_latin(c: char) -> Option<char> {
    Some(match c {
        'а' => 'a',
        'А' => 'A',
        'в' | 'В' => 'B',
        'с' => 'c',
        'С' => 'C',
        'ԁ' => 'd',
        'е' | 'є' => 'e',
        'Е' => 'E',
        'һ' | 'Һ' => 'h',
        'Н' | 'н' => 'H',
        'і' | 'ї' => 'i',
        'І' | 'Ї' => 'I',
        'ј' => 'j',
        'Ј' => 'J',
        'к' => 'k',
        'К' => 'K',
        'ӏ' | 'Ӏ' => 'l',
        'М' | 'м' => 'M',
        'п' => 'n',
        'о' => 'o',
        'О' => 'O',
        'р' => 'p',
        'Р' => 'P',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'Ѕ' => 'S',
        'т' | 'Т' => 'T',
        'и' => 'u',
        'ѵ' => 'v',
        'ԝ' => 'w',
        'х' => 'x',
        'Х' => 'X',
        'у' | 'У' => 'y',
        'ь' | 'Ь' => 'b',
        _ => return None,
    })
}

/// The Cyrillic letter that a Latin one passes for, in its own case.
pub(crate) const fn as_cyrillic(c: char) -> Option<char> {
    Some(match c {
        'a' => 'а',
        'A' => 'А',
        'B' => 'В',
        'b' => 'ь',
        'c' => 'с',
        'C' => 'С',
        'e' => 'е',
        'E' => 'Е',
        'g' => 'д',
        'H' => 'Н',
        'h' => 'н',
        'i' => 'і',
        'k' => 'к',
        'K' => 'К',
        'm' => 'м',
        'M' => 'М',
        'n' => 'п',
        'o' => 'о',
        'O' => 'О',
        'p' => 'р',
        'P' => 'Р',
        'r' => 'г',
        't' => 'т',
        'T' => 'Т',
        'u' => 'и',
        'x' => 'х',
        'X' => 'Х',
        'y' => 'у',
        'Y' => 'У',
        _ => return None,
    })
}

/// The Latin letter that a digit or sign passes for inside a word.
pub(crate) const fn leet_latin(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        _ => return None,
    })
}

/// The Cyrillic letter that a digit or sign passes for inside a word.
pub(crate) const fn leet_cyrillic(c: char) -> Option<char> {
    Some(match c {
        '0' => 'о',
        '1' | '!' | '|' => 'и',
        '3' => 'з',
        '4' => 'ч',
        '5' => 'п',
        '6' => 'б',
        '7' => 'т',
        '8' => 'в',
        '9' => 'я',
        '@' => 'а',
        '$' => 'с',
        _ => return None,
    })
}

/// The digit that a letter passes for among digits.
pub(crate) const fn as_digit(c: char) -> Option<char> {
    Some(match c {
        'o' | 'O' | 'о' | 'О' | 'D' | 'Q' => '0',
        'l' | 'I' | 'i' | 'L' | 'і' | 'І' | '|' | '!' => '1',
        'z' | 'Z' => '2',
        'з' | 'З' | 'э' | 'Э' | 'Ʒ' | 'ʒ' | 'Ӡ' | 'ӡ' => '3',
        'ч' | 'Ч' | 'A' => '4',
        's' | 'S' | 'ѕ' | 'Ѕ' | '$' => '5',
        'б' | 'Б' | 'G' | 'b' | 'ь' => '6',
        'T' | 'Т' => '7',
        'B' | 'В' | 'в' => '8',
        'g' | 'q' => '9',
        _ => return None,
    })
}

/// Letters of one alphabet that are the same to the eye in the other.
const fn is_twin(c: char) -> bool {
    matches!(
        c,
        'a' | 'A'
            | 'B'
            | 'c'
            | 'C'
            | 'e'
            | 'E'
            | 'H'
            | 'i'
            | 'I'
            | 'j'
            | 'k'
            | 'K'
            | 'M'
            | 'o'
            | 'O'
            | 'p'
            | 'P'
            | 's'
            | 'S'
            | 'T'
            | 'x'
            | 'X'
            | 'y'
            | 'Y'
            | 'd'
            | 'h'
            | 'l'
            | 'а'
            | 'А'
            | 'В'
            | 'с'
            | 'С'
            | 'е'
            | 'Е'
            | 'Н'
            | 'і'
            | 'І'
            | 'ј'
            | 'Ј'
            | 'к'
            | 'К'
            | 'М'
            | 'о'
            | 'О'
            | 'р'
            | 'Р'
            | 'ѕ'
            | 'Ѕ'
            | 'Т'
            | 'х'
            | 'Х'
            | 'у'
            | 'У'
            | 'ԁ'
            | 'һ'
            | 'ӏ'
    )
}

/// Writes a word of both alphabets in one: the one whose letters the other cannot pass for; where either would do, the one that has
/// more letters that are not the same in both, then the one that has more letters, then Latin where an address goes on
/// (`in_address`). A word of one alphabet stays; so do two words that are only glued, and digits in disguise.
pub(super) fn settle(word: &mut [(char, u32, u32)], in_address: bool) {
    let letters = Letters::count(word);
    let among_digits = || {
        word.iter().any(|(c, ..)| c.is_ascii_digit())
            && word.iter().all(|(c, ..)| c.is_ascii_digit() || as_digit(*c).is_some())
    };
    let mixed = letters.latin > 0 && letters.cyrillic > 0;
    // "ѕіх": all Cyrillic, and not Russian.
    let borrowed = letters.latin == 0 && letters.strange > 0 && letters.only_cyrillic == 0;
    if !(mixed || borrowed) || among_digits() {
        return;
    }
    let Some(to_latin) = letters.is_latin(in_address) else { return };
    for (c, ..) in word.iter_mut() {
        let other = if to_latin { as_latin(*c) } else { as_cyrillic(*c) };
        if let Some(other) = other {
            // `в` passes for `B`: the case of a look-alike is not always the letter's own.
            *c = if c.is_lowercase() { other.to_lowercase().next().unwrap_or(other) } else { other };
        }
    }
}

/// Whether a word is Cyrillic and looks like a top-level domain in Latin letters: "сом".
pub(super) fn is_top_level_twin(word: &[(char, u32, u32)]) -> bool {
    const TWINS: &[&str] = &["сом", "са", "рго"];
    word.len() <= 3 && TWINS.iter().any(|twin| twin.chars().eq(word.iter().map(|(c, ..)| *c)))
}

/// Writes each letter as the Latin one it passes for.
pub(super) fn write_in_latin(word: &mut [(char, u32, u32)]) {
    for (c, ..) in word {
        *c = as_latin(*c).unwrap_or(*c);
    }
}

/// How many letters of each alphabet a word has.
#[derive(Default)]
struct Letters {
    latin: usize,
    cyrillic: usize,
    /// Letters that are not the same in both.
    own_latin: usize,
    own_cyrillic: usize,
    /// Letters that do not pass for any of the other.
    only_latin: usize,
    only_cyrillic: usize,
    /// Cyrillic letters that Russian does not have, and that look like Latin ones: nobody types them but to deceive.
    strange: usize,
}

impl Letters {
    fn count(word: &[(char, u32, u32)]) -> Self {
        let mut letters = Self::default();
        for (c, ..) in word {
            if is_latin(*c) {
                letters.latin += 1;
                letters.own_latin += usize::from(!is_twin(*c));
                letters.only_latin += usize::from(as_cyrillic(*c).is_none());
            } else if is_cyrillic(*c) {
                letters.cyrillic += 1;
                letters.own_cyrillic += usize::from(!is_twin(*c));
                letters.only_cyrillic += usize::from(as_latin(*c).is_none());
                letters.strange +=
                    usize::from(matches!(c, 'ѕ' | 'Ѕ' | 'ј' | 'Ј' | 'ԁ' | 'ԛ' | 'ԝ' | 'ӏ' | 'Ӏ' | 'һ' | 'Һ' | 'ѵ'));
            }
        }
        letters
    }

    /// Whether the word is Latin. `None`: it is neither, but two words.
    fn is_latin(&self, in_address: bool) -> Option<bool> {
        if (self.strange > 0 || in_address) && self.only_cyrillic == 0 {
            return Some(true);
        }
        match (self.only_latin > 0, self.only_cyrillic > 0) {
            (true, false) => return Some(true),
            (false, true) => return Some(false),
            (true, true) if self.own_latin == self.own_cyrillic && self.latin.min(self.cyrillic) > 1 => return None,
            _ => {}
        }
        Some(match self.own_latin.cmp(&self.own_cyrillic).then(self.latin.cmp(&self.cyrillic)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => in_address,
        })
    }
}
