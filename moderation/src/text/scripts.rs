//! Letters that look alike in the two alphabets, and digits that pass for letters.

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
        'ь' => 'b',
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

/// Writes a word of both alphabets in one: the one whose own letters it holds; where either would do, the one that has more of
/// its letters, and Cyrillic when both have as many. A word of one alphabet stays. A letter that has no counterpart stays too.
pub(super) fn settle(word: &mut [(char, u32, u32)]) -> bool {
    let (mut latin, mut cyrillic, mut own_latin, mut own_cyrillic) = (0, 0, 0, 0);
    for (c, ..) in word.iter() {
        if is_latin(*c) {
            latin += 1;
            own_latin += usize::from(as_cyrillic(*c).is_none());
        } else if is_cyrillic(*c) {
            cyrillic += 1;
            own_cyrillic += usize::from(as_latin(*c).is_none());
        }
    }
    let among_digits = || {
        word.iter().any(|(c, ..)| c.is_ascii_digit())
            && word.iter().all(|(c, ..)| c.is_ascii_digit() || as_digit(*c).is_some())
    };
    if latin == 0 || cyrillic == 0 || among_digits() {
        return false;
    }
    // "8пм", "кВт", "USB-кабель" glued without a sign between: two words, not one in disguise.
    let to_latin = match (own_latin, own_cyrillic) {
        (1.., 1..) if latin.min(cyrillic) > 1 || own_latin == own_cyrillic => return false,
        (l, c) if l != c => l > c,
        _ => latin > cyrillic,
    };
    for (c, ..) in word.iter_mut() {
        let other = if to_latin { as_latin(*c) } else { as_cyrillic(*c) };
        if let Some(other) = other {
            // `в` passes for `B`: the case of a look-alike is not always the letter's own.
            *c = if c.is_lowercase() { other.to_lowercase().next().unwrap_or(other) } else { other };
        }
    }
    true
}
