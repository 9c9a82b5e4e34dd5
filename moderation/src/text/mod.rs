//! A text as the rules read it.
//!
//! It is folded once ([`fold`]): what is invisible goes, forms of letters and digits become plain ones, marks are taken off, words
//! of mixed alphabets are written in one. Case stays, for a capital begins a sentence; beside it stands the same text in small
//! letters, byte for byte as long. Then words are cut once. Every place in it leads back to bytes of the original.

mod fold;
mod folding;
pub(crate) mod scripts;

use std::borrow::Cow;
use std::ops::Range;

use folding::Folding;

/// Stands between messages that are read together. Nobody can write it: control characters are not read.
pub(crate) const BOUNDARY: char = '\u{1}';
pub(crate) const BOUNDARY_TEXT: &str = "\u{1}";

/// What a word holds: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Holds(u8);

impl Holds {
    pub(crate) const LATIN: Self = Self(1);
    pub(crate) const CYRILLIC: Self = Self(2);
    pub(crate) const DIGIT: Self = Self(4);
    /// Letters of another script.
    pub(crate) const OTHER: Self = Self(8);
    /// Something in it, or inside it, was not written as it is read.
    pub(crate) const DISGUISED: Self = Self(16);
    /// A letter of it was written in the other alphabet.
    pub(crate) const MIXED: Self = Self(32);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Letters and no digits.
    pub(crate) const fn is_word(self) -> bool {
        !self.has(Self::DIGIT)
    }

    /// Digits and no letters.
    pub(crate) const fn is_number(self) -> bool {
        self.0 & (Self::LATIN.0 | Self::CYRILLIC.0 | Self::OTHER.0) == 0
    }

    const fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    const fn of(c: char) -> Self {
        match c {
            '0'..='9' => Self::DIGIT,
            'a'..='z' | 'A'..='Z' => Self::LATIN,
            c if fold::is_cyrillic(c) => Self::CYRILLIC,
            _ => Self::OTHER,
        }
    }
}

/// A run of letters and digits: bytes of the folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) holds: Holds,
}

impl Token {
    pub(crate) const fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// A text as the rules read it.
#[derive(Debug)]
pub(crate) struct Text<'t> {
    original: &'t str,
    folded: Cow<'t, str>,
    lower: Cow<'t, str>,
    /// For each byte of the folded text the bytes of the original it stands for. `None`: the same.
    places: Option<Vec<(u32, u32)>>,
    tokens: Vec<Token>,
}

impl<'t> Text<'t> {
    /// Folds and cuts. Linear.
    pub(crate) fn read(original: &'t str) -> Self {
        Self::read_masked(original, &[])
    }

    /// Reads a text as it will be shown, with masks (rising, not overlapping) in their places. Finds in it still lead back to
    /// the original.
    pub(crate) fn read_masked(original: &'t str, masks: &[(Range<usize>, &str)]) -> Self {
        let plain = || original.chars().all(|c| is_plain(c) || is_yo(c)) && !has_mixed_word(original);
        let is_as_written =
            |original: &str| original.bytes().all(|b| b.is_ascii() && !b.is_ascii_control() || b == b'\n');
        let (folded, places) = if masks.is_empty() && (is_as_written(original) || plain()) {
            // Both letters are as long: places stay.
            (without_yo(original), None)
        } else if is_window(original, masks) {
            (Cow::Owned(with_boundaries(original, masks)), None)
        } else {
            let Folding { text, places, .. } = Folding::of(original, masks);
            (Cow::Owned(text), Some(places))
        };
        let lower = lower(&folded);
        let tokens = tokens(&folded, original, places.as_deref());
        Self { original, folded, lower, places, tokens }
    }

    /// As it was written.
    pub(crate) const fn original(&self) -> &'t str {
        self.original
    }

    /// As it is read, with its capitals.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }

    /// As it is read, in small letters: byte for byte as long as [`folded`](Self::folded).
    pub(crate) fn lower(&self) -> &str {
        &self.lower
    }

    /// The words, in order.
    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// A word in small letters.
    pub(crate) fn word(&self, token: &Token) -> &str {
        &self.lower[token.range()]
    }

    /// What stands between one word and the next, or before the first (`next` = 0) or after the last.
    pub(crate) fn gap_before(&self, next: usize) -> &str {
        let start = next.checked_sub(1).map_or(0, |i| self.tokens[i].end);
        let end = self.tokens.get(next).map_or(self.folded.len(), |token| token.start);
        &self.folded[start..end]
    }

    /// The first word that begins at or after a place.
    pub(crate) fn token_from(&self, place: usize) -> usize {
        self.tokens.partition_point(|token| token.start < place)
    }

    /// Bytes of the original that a range of the folded text stands for, with the marks on its last character.
    pub(crate) fn original_range(&self, range: Range<usize>) -> Range<usize> {
        match &self.places {
            None => range,
            Some(places) => {
                let (start, _) = places[range.start];
                let (_, end) = places[range.end - 1];
                start as usize..(end as usize).max(start as usize)
            }
        }
    }
}

/// Whether a place in the folded text was written as a full stop that is not ours.
pub(crate) fn is_odd_full_stop(text: &Text<'_>, at: usize) -> bool {
    text.places.is_some()
        && text.original[text.original_range(at..at + 1)].chars().next().is_some_and(fold::is_full_stop)
}

/// A text whose every character is read as itself.
const fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\n' | 'А'..='я' | '\u{A0}' | '«' | '»' | '—' | '–' | '“' | '”' | '’' | '…' | '№' | '₽' | '€'
        | '\u{1F600}'..='\u{1F64F}')
}

const fn is_yo(c: char) -> bool {
    matches!(c, 'ё' | 'Ё')
}

/// Whether a text is messages in a row, each read as it is written: nothing but boundaries as long as what they stand for. Most windows
/// are, and then no character needs a way back of its own.
fn is_window(original: &str, masks: &[(Range<usize>, &str)]) -> bool {
    masks.iter().all(|(range, shown)| *shown == BOUNDARY_TEXT && &original[range.clone()] == "\n")
        && original.chars().all(is_plain)
        && !has_mixed_word(original)
}

fn with_boundaries(original: &str, masks: &[(Range<usize>, &str)]) -> String {
    let mut text = String::with_capacity(original.len());
    let mut from = 0;
    for (range, shown) in masks {
        text.push_str(&original[from..range.start]);
        text.push_str(shown);
        from = range.end;
    }
    text.push_str(&original[from..]);
    text
}

fn without_yo(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_yo) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| {
                if c == 'ё' {
                    'е'
                } else if c == 'Ё' {
                    'Е'
                } else {
                    c
                }
            })
            .collect(),
    )
}

/// Whether some word holds letters of both alphabets.
fn has_mixed_word(text: &str) -> bool {
    let (mut latin, mut cyrillic) = (false, false);
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            latin = true;
        } else if fold::is_cyrillic(c) {
            cyrillic = true;
        } else if !c.is_ascii_digit() {
            (latin, cyrillic) = (false, false);
        }
        if latin && cyrillic {
            return true;
        }
    }
    false
}

/// Whether a character of the folded text belongs to a word.
fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, 'А'..='я')
        || (!c.is_ascii() && c.is_alphanumeric() && !fold::is_raised(c) && !is_fraction(c))
}

const fn is_fraction(c: char) -> bool {
    matches!(c, '¼' | '½' | '¾' | '⅐'..='⅞')
}

/// A letter in small; of the usual ones without a look into the tables.
fn small(c: char) -> char {
    match c {
        '\0'..='\u{7F}' => c.to_ascii_lowercase(),
        'а'..='я' => c,
        // The small letters of the block stand 32 further.
        'А'..='Я' => char::from_u32(u32::from(c) + 32).unwrap_or(c),
        c => {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                // What does not stay as long stays as it is: places count.
                (Some(small), None) if small.len_utf8() == c.len_utf8() => small,
                _ => c,
            }
        }
    }
}

fn lower<'a>(folded: &Cow<'a, str>) -> Cow<'a, str> {
    if folded.chars().all(|c| small(c) == c) {
        return folded.clone();
    }
    Cow::Owned(folded.chars().map(small).collect())
}

fn tokens(folded: &str, original: &str, places: Option<&[(u32, u32)]>) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(folded.len() / 5 + 1);
    let mut open: Option<(usize, Holds)> = None;
    for (at, c) in folded.char_indices() {
        if is_word_char(c) {
            open.get_or_insert((at, Holds::default())).1.add(Holds::of(c));
        } else if let Some((start, holds)) = open.take() {
            tokens.push(Token { start, end: at, holds });
        }
    }
    if let Some((start, holds)) = open {
        tokens.push(Token { start, end: folded.len(), holds });
    }
    if let Some(places) = places {
        for token in &mut tokens {
            if is_disguised(&folded[token.range()], &places[token.range()]) {
                token.holds.add(Holds::DISGUISED);
            }
            if is_mixed(&folded[token.range()], original, &places[token.range()]) {
                token.holds.add(Holds::MIXED);
            }
        }
    }
    tokens
}

/// Whether a letter of a word was written in the other of the two alphabets.
fn is_mixed(word: &str, original: &str, places: &[(u32, u32)]) -> bool {
    word.char_indices().any(|(at, c)| {
        let written = original[places[at].0 as usize..].chars().next().unwrap_or(c);
        written != c
            && ((c.is_ascii_alphabetic() && fold::is_cyrillic(written))
                || (fold::is_cyrillic(c) && written.is_ascii_alphabetic()))
    })
}

/// Whether a word is not written as it is read: other forms of digits, something invisible inside. Marks on letters do not
/// count, they are how French is written.
fn is_disguised(word: &str, places: &[(u32, u32)]) -> bool {
    let mut next = None;
    word.char_indices().any(|(at, c)| {
        let (start, end) = places[at];
        let glued = next.replace(end).is_none_or(|next| next == start);
        !glued || (c.is_ascii_digit() && end - start != 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let text = Text::read(text);
        text.tokens().iter().map(|token| text.word(token).to_owned()).collect()
    }

    #[test]
    fn words_of_mixed_alphabets_are_written_in_one() {
        for (text, read) in [
            ("Hello, Привет!", &["hello", "привет"][..]),
            // Latin letters in a Cyrillic word, Cyrillic ones in a Latin word.
            ("пpивeт тeлeгpaм", &["привет", "телеграм"]),
            ("tеlеgrаm whаtsарр", &["telegram", "whatsapp"]),
            ("сoм", &["сом"]),
            ("кВт 220В 5G", &["квт", "220в", "5g"]),
            ("L’été 2024", &["l", "ete", "2024"]),
        ] {
            assert_eq!(words(text), read, "{text:?}");
        }
    }

    #[test]
    fn places_lead_back() {
        let original = "é5️⃣1\u{200B}4 ⑩ é";
        let text = Text::read(original);
        assert_eq!(text.folded(), "e514 10 e");
        assert_eq!(&original[text.original_range(1..4)], "5️⃣1\u{200B}4");
        assert_eq!(&original[text.original_range(5..6)], "⑩");
        assert!(text.tokens()[0].holds.has(Holds::DISGUISED));
        assert!(!text.tokens()[2].holds.has(Holds::DISGUISED));
        let plain = Text::read("Позвони 8 916");
        assert!(plain.places.is_none());
        assert_eq!(plain.lower(), "позвони 8 916");
    }
}
