//! Words as the automaton reads them: one byte a letter, so that Russian costs what English costs.

use crate::text::Text;

/// Between words.
pub(super) const SPACE: u8 = b' ';

/// What stands for a word without letters, so that its neighbours are not taken for neighbours of each other.
pub(super) const NUMBER: u8 = b'#';

/// Where no pattern may reach over.
pub(super) const BARRIER: u8 = b'\n';

/// A letter that no lexicon knows.
const OTHER: u8 = 0xFF;

const FIRST_CYRILLIC: u8 = 0xA0;

/// The byte of a letter or digit in small letters.
pub(super) fn byte(c: char) -> u8 {
    match c {
        '\0'..='\u{7F}' => u8::try_from(c).unwrap_or(OTHER),
        'а'..='я' => FIRST_CYRILLIC + u8::try_from(u32::from(c) - u32::from('а')).unwrap_or_default(),
        'і' => FIRST_CYRILLIC + 32,
        'ї' => FIRST_CYRILLIC + 33,
        'є' => FIRST_CYRILLIC + 34,
        _ => OTHER,
    }
}

/// Adds the bytes of a word in small letters.
pub(super) fn encode(word: &str, out: &mut Vec<u8>) {
    if word.is_ascii() {
        out.extend_from_slice(word.as_bytes());
    } else {
        out.extend(word.chars().map(byte));
    }
}

/// The words of a piece of a lexicon, read as a message's words are.
pub(super) fn words(written: &str, mut word: impl FnMut(Vec<u8>)) {
    // Nearly all of them are read as they are written.
    if written.chars().all(|c| matches!(c, 'a'..='z' | 'а'..='я' | '\'' | '-')) {
        for part in written.split(['\'', '-']).filter(|part| !part.is_empty()) {
            let mut bytes = Vec::with_capacity(part.len());
            encode(part, &mut bytes);
            word(bytes);
        }
        return;
    }
    let text = Text::read(written);
    for token in text.tokens() {
        let mut bytes = Vec::new();
        encode(text.word(token), &mut bytes);
        word(bytes);
    }
}

/// Whether a byte stands for a Cyrillic letter.
pub(super) const fn is_cyrillic(byte: u8) -> bool {
    byte >= FIRST_CYRILLIC && byte != OTHER
}

/// Whether a byte stands for a letter.
pub(super) const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte >= FIRST_CYRILLIC
}
