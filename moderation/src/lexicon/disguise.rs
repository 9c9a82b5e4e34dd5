//! Words that are not written as they are read: digits and signs for letters, letters masked or doubled.

use std::collections::HashMap;
use std::ops::Range;

use super::letters::{byte, is_cyrillic, is_letter};
use super::respell::{self, PhraseWords};
use super::sentence::{Sentence, squeezed};
use crate::text::Holds;
use crate::text::scripts::{as_latin, leet_cyrillic, leet_latin};

/// Longest word with signs in it that is looked at, in characters.
const CHARS_MAX: usize = 24;

/// Fewest single letters in a row that are read as a word.
const SPELLED_MIN: usize = 4;

/// Fewest and most letters that three or more stars in a row stand for.
const STARS: std::ops::RangeInclusive<usize> = 2..=8;

/// Words that are known also with letters masked or doubled.
#[derive(Debug, Default)]
pub(super) struct Masked {
    /// By length and first letter.
    words: HashMap<(usize, u8), Vec<Word>>,
    /// Without doubled letters.
    single: HashMap<Vec<u8>, Box<[u8]>>,
}

#[derive(Debug)]
struct Word {
    letters: Box<[u8]>,
    famous: bool,
}

/// A letter of a word with signs in it, or what stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Letter(u8),
    Digit(u8),
    /// A sign that people put for a letter.
    Strong(char),
    /// One that also stands between words.
    Weak(char),
}

impl Masked {
    pub(super) fn add(&mut self, letters: &[u8], marked: bool, famous: bool) {
        let Some(first) = letters.first() else { return };
        self.words.entry((letters.len(), *first)).or_default().push(Word { letters: letters.into(), famous });
        if marked && letters.len() >= 4 {
            let single = squeezed(letters, 2, 1).unwrap_or_else(|| letters.to_vec());
            if single.len() >= 4 {
                self.single.entry(single).or_insert_with(|| letters.into());
            }
        }
    }

    /// The word that this one is with letters doubled.
    fn doubled(&self, word: &[u8]) -> Option<&[u8]> {
        squeezed(word, 2, 1).and_then(|single| self.single.get(&single)).map(Box::as_ref)
    }

    /// A word that these slots may be.
    fn masked(&self, slots: &[Slot]) -> Option<&[u8]> {
        if let Some((before, after)) = stars(slots) {
            return self.starred(before, after);
        }
        let count = |kind: fn(&Slot) -> bool| slots.iter().filter(|slot| kind(slot)).count();
        let visible = count(|slot| matches!(slot, Slot::Letter(_)));
        let (digits, weak) =
            (count(|slot| matches!(slot, Slot::Digit(_))), count(|slot| matches!(slot, Slot::Weak(_))));
        let strong = slots.len() - visible - digits - weak;
        let edges = [slots.first(), slots.last()];
        let at_edge = |kind: fn(&Slot) -> bool| edges.iter().flatten().any(|slot| kind(slot));
        let enough = match (strong, digits, weak, slots.len()) {
            // One letter masked by a digit, a point or a hyphen: the rest must be there, and more of it.
            (0, 1, 0, 4..) => visible >= 3,
            (0, 0, 1, 4..) | (0, 0, 2, 5..) => {
                visible >= 3 && !at_edge(|slot| matches!(slot, Slot::Weak(_))) && (weak == 1 || is_double(slots))
            }
            (1.., 0, 0, 4..) => visible >= 2,
            (1, 0, 0, 3) => visible == 2 && slots.iter().any(|slot| matches!(slot, Slot::Strong('*' | '#'))),
            // х**
            (2, 0, 0, 3) => slots[1..] == [Slot::Strong('*'); 2],
            _ => false,
        };
        if !enough {
            return None;
        }
        let fits = |word: &&Word| {
            (visible > 1 || word.famous)
                && word.letters.iter().zip(slots).all(|(letter, slot)| match slot {
                    Slot::Letter(seen) => seen == letter,
                    _ => true,
                })
        };
        // The first letter is what people leave.
        let Slot::Letter(first) = slots.first()? else { return None };
        self.words.get(&(slots.len(), *first))?.iter().find(fits).map(|word| word.letters.as_ref())
    }

    /// A word with three stars or more in it. How many there are says nothing: three of them may be a mask of ours.
    fn starred(&self, before: &[Slot], after: &[Slot]) -> Option<&[u8]> {
        let letters = |slots: &[Slot]| {
            let letter = |slot: &Slot| if let Slot::Letter(letter) = slot { Some(*letter) } else { None };
            slots.iter().map(letter).collect::<Option<Vec<u8>>>()
        };
        let (before, after) = (letters(before)?, letters(after)?);
        let known = before.len() + after.len();
        let fits = |word: &&Word| {
            (word.famous || !after.is_empty()) && word.letters.starts_with(&before) && word.letters.ends_with(&after)
        };
        let first = *before.first()?;
        let mut lengths = known + STARS.start()..=known + STARS.end();
        lengths.find_map(|len| self.words.get(&(len, first))?.iter().find(fits)).map(|word| word.letters.as_ref())
    }
}

/// Whether the two weak signs are the same and stand together.
fn is_double(slots: &[Slot]) -> bool {
    slots.windows(2).any(|two| matches!(two[0], Slot::Weak(_)) && two[0] == two[1])
}

/// What stands before and behind three stars or more.
fn stars(slots: &[Slot]) -> Option<(&[Slot], &[Slot])> {
    let start = slots.windows(3).position(|three| three == [Slot::Strong('*'); 3])?;
    let (before, rest) = slots.split_at(start);
    let len = rest.iter().take_while(|slot| **slot == Slot::Strong('*')).count();
    Some((before, &rest[len..]))
}

/// Adds the other readings of a sentence's words.
pub(super) fn read(sentence: &mut Sentence<'_, '_>, known: &[&Masked], words: &[&PhraseWords]) {
    let mut looked = 0;
    let mut single = 0;
    for i in 0..sentence.len() {
        single = spelled(sentence, i, single, words);
        respell::word(sentence, i, words);
        let token = sentence.text().tokens()[i];
        let word = sentence.word(i);
        if word.windows(2).any(|two| two[0] == two[1] && is_letter(two[0])) {
            let doubled = known.iter().find_map(|known| known.doubled(word)).filter(|known| *known != word);
            let doubled = doubled.map(<[u8]>::to_vec);
            let two = squeezed(word, 3, 2);
            let one = squeezed(word, 3, 1);
            for reading in doubled.into_iter().chain(one).chain(two) {
                sentence.read_also(reading.into_iter(), i, token.range());
            }
        }
        if let Some(reading) = in_latin(sentence, i) {
            sentence.read_also(reading.into_iter(), i, token.range());
        }
        if token.start >= looked {
            let range = chunk(sentence.text().folded(), token.range());
            if range != token.range() {
                looked = range.end;
                signs_and_digits(sentence, i, range, known);
            }
        }
        if sentence.is_mixed(i) {
            signs_and_digits(sentence, i, token.range(), known);
        }
    }
}

/// Adds a run of single letters that begins with word `i` as one word. Runs are looked at once: `looked` is where the last ended.
fn spelled(sentence: &mut Sentence<'_, '_>, i: usize, looked: usize, words: &[&PhraseWords]) -> usize {
    if i < looked || !is_single(sentence, i) {
        return looked.max(i);
    }
    let mut end = i + 1;
    while end < sentence.len() && is_single(sentence, end) && sentence.is_apart(end - 1, end + 1) {
        end += 1;
    }
    if end - i >= SPELLED_MIN {
        let tokens = sentence.text().tokens();
        let range = tokens[i].start..tokens[end - 1].end;
        let letters: Vec<u8> = (i..end).flat_map(|i| sentence.word(i).to_vec()).collect();
        respell::row(sentence, i, &letters, words);
        sentence.read_also(letters.into_iter(), i, range);
    }
    end
}

fn is_single(sentence: &Sentence<'_, '_>, i: usize) -> bool {
    matches!(sentence.word(i), [letter] if is_letter(*letter))
}

/// A word that was not written as it is read, in Latin letters, if each of its own passes for one.
fn in_latin(sentence: &Sentence<'_, '_>, i: usize) -> Option<Vec<u8>> {
    let text = sentence.text();
    let token = text.tokens()[i];
    if !token.holds.has(Holds::CYRILLIC) || !sentence.is_rewritten(i) {
        return None;
    }
    let latin = |c: char| {
        let c = if c.is_ascii() { c } else { as_latin(c)? };
        Some(byte(c.to_ascii_lowercase()))
    };
    text.word(&token).chars().map(latin).collect()
}

/// The word around a token with the signs that stand in it or at it.
fn chunk(text: &str, token: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let blank = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b' ' | b',' | b'\n'));
    if blank(bytes.get(token.end)) && blank(token.start.checked_sub(1).and_then(|before| bytes.get(before))) {
        return token;
    }
    let before = text[..token.start].chars().rev().take_while(|c| is_strong(*c) && *c != '!');
    let start = token.start - before.map(char::len_utf8).sum::<usize>();
    let mut end = token.end;
    let mut last = token.end;
    for c in text[token.end..].chars().take(CHARS_MAX) {
        if !(c.is_alphanumeric() || is_strong(c) || is_weak(c)) {
            break;
        }
        end += c.len_utf8();
        if c.is_alphanumeric() || (is_strong(c) && !matches!(c, '!' | '+' | '?' | '~')) {
            last = end;
        }
    }
    start..last
}

/// Signs that people put in place of a letter.
const fn is_strong(c: char) -> bool {
    matches!(c, '*' | '@' | '$' | '#' | '!' | '%' | '&' | '^' | '+' | '|' | '€' | '?' | '~' | '•' | '█' | '×')
}

/// Signs that stand between words as well.
const fn is_weak(c: char) -> bool {
    matches!(c, '.' | '-' | '_' | '·')
}

/// A word with signs or digits in it.
fn signs_and_digits(sentence: &mut Sentence<'_, '_>, token: usize, range: Range<usize>, known: &[&Masked]) {
    let text = sentence.text();
    let slots: Vec<Slot> = text.lower()[range.clone()].chars().take(CHARS_MAX + 1).map(slot).collect();
    if slots.len() > CHARS_MAX || !slots.iter().any(|slot| matches!(slot, Slot::Letter(_))) {
        return;
    }
    if let Some(word) = known.iter().find_map(|known| known.masked(&slots)) {
        sentence.read_also(word.iter().copied(), token, range.clone());
    }
    for reading in readings(&slots) {
        sentence.read_also(reading.into_iter(), token, range.clone());
    }
    // A digit or two behind a word: `word1`.
    let is_digit = |slot: &Slot| matches!(slot, Slot::Digit(_));
    let first = slots.iter().position(|slot| !is_digit(slot)).unwrap_or_default();
    let last = slots.iter().rposition(|slot| !is_digit(slot)).unwrap_or_default();
    let core = &slots[first..=last];
    if core.len() < slots.len() && core.len() >= 4 {
        let letters: Option<Vec<u8>> =
            core.iter().map(|slot| if let Slot::Letter(letter) = slot { Some(*letter) } else { None }).collect();
        if let Some(letters) = letters {
            sentence.read_also(letters.into_iter(), token, range);
        }
    }
}

fn slot(c: char) -> Slot {
    match c {
        '0'..='9' => Slot::Digit(byte(c)),
        c if is_strong(c) => Slot::Strong(c),
        c if c.is_alphanumeric() => Slot::Letter(byte(c)),
        c => Slot::Weak(c),
    }
}

/// What a word says when its digits and signs are read as letters.
fn readings(slots: &[Slot]) -> Vec<Vec<u8>> {
    let letters = slots.iter().filter(|slot| matches!(slot, Slot::Letter(_))).count();
    let digits = slots.iter().filter(|slot| matches!(slot, Slot::Digit(_))).count();
    let cyrillic = slots.iter().any(|slot| matches!(slot, Slot::Letter(letter) if is_cyrillic(*letter)));
    // "A55" and "A5S" are models of phones.
    let too_little = digits > letters || (digits > 0 && !cyrillic && slots.len() < 4);
    if too_little || slots.len() < 3 || slots.len() == letters {
        return Vec::new();
    }
    let read = |second: bool| {
        let one = |slot: &Slot| match *slot {
            Slot::Letter(letter) => Some(letter),
            Slot::Digit(digit) => leet(char::from(digit), cyrillic, second),
            Slot::Strong(sign) => leet(sign, cyrillic, second),
            Slot::Weak(_) => None,
        };
        slots.iter().map(one).collect::<Option<Vec<u8>>>()
    };
    let mut all: Vec<Vec<u8>> = [read(false), read(true)].into_iter().flatten().collect();
    all.dedup();
    all
}

/// The letter that a digit or sign is put for. `second`: the other one that it may be.
fn leet(c: char, cyrillic: bool, second: bool) -> Option<u8> {
    let letter = match (c, cyrillic, second) {
        ('1' | '!' | '|', false, true) => Some('l'),
        ('6', false, true) => Some('b'),
        ('3', true, true) => Some('е'),
        ('4', true, true) => Some('а'),
        (c, true, _) => leet_cyrillic(c),
        (c, false, _) => leet_latin(c),
    };
    letter.map(byte)
}
