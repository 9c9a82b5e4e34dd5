//! Words of phrases that are not written as they are read: letters apart with no sign where a word ends, two letters swapped, a
//! word in two pieces, a capital `I` for an `l`, a digit for a word.

use std::ops::Range;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::letters::{byte, is_letter};
use super::pieces::is_short;
use super::sentence::{Sentence, written};
use crate::text::Holds;
use crate::text::scripts::as_cyrillic;

/// Longest word that is looked for in a row of letters.
const WORD_MAX: usize = 16;
/// What a letter costs that belongs to no word, where a word costs one.
const STRAY: u32 = 3;
/// Fewest letters of a word in which two may be swapped, and of one that may be in two pieces.
const SWAPPED_MIN: usize = 4;
const HALVES_MIN: usize = 4;
/// Most letters of the shorter piece.
const PIECE_MAX: usize = 3;

/// The whole words that phrases are made of.
#[derive(Debug, Default)]
pub(super) struct PhraseWords {
    words: HashSet<Box<[u8]>>,
    /// By their letters in no order.
    swapped: HashMap<u64, Vec<Box<[u8]>>>,
}

impl PhraseWords {
    pub(super) fn add(&mut self, letters: &[u8]) {
        if self.words.insert(letters.into()) && letters.len() >= SWAPPED_MIN {
            self.swapped.entry(in_no_order(letters)).or_default().push(letters.into());
        }
    }

    fn has(&self, word: &[u8]) -> bool {
        self.words.contains(word)
    }

    /// The word that this one is with two neighbours swapped.
    fn unswapped(&self, word: &[u8]) -> Option<&[u8]> {
        let is_swapped = |known: &[u8]| {
            let first = word.iter().zip(known.iter()).position(|(a, b)| a != b);
            first.is_some_and(|at| at > 0 && word.get(at + 1) == known.get(at) && word[at + 2..] == known[at + 2..])
        };
        let known = self.swapped.get(&in_no_order(word))?;
        known.iter().map(Box::as_ref).find(|known| is_swapped(known))
    }
}

/// The same for a word with its letters in any order.
fn in_no_order(word: &[u8]) -> u64 {
    let mixed =
        |byte: &u8| (u64::from(*byte) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(u32::from(*byte) % 63);
    word.iter().map(mixed).fold(word.len() as u64, u64::wrapping_add)
}

/// Adds the words that a row of single letters says: from word `first` on.
pub(super) fn row(sentence: &mut Sentence<'_, '_>, first: usize, letters: &[u8], known: &[&PhraseWords]) {
    for Range { start, end } in words_of(letters, known) {
        if end - start > 1 {
            let tokens = sentence.text().tokens();
            let range = tokens[first + start].start..tokens[first + end - 1].end;
            sentence.read_also(letters[start..end].iter().copied(), first + start, range);
        }
    }
}

/// The fewest words that letters without spaces say, letters of no word left out.
fn words_of(letters: &[u8], known: &[&PhraseWords]) -> Vec<Range<usize>> {
    // best[i]: what the first i letters cost, and where their last word begins.
    let mut best: Vec<(u32, usize)> = vec![(u32::MAX, 0); letters.len() + 1];
    best[0] = (0, 0);
    for at in 0..letters.len() {
        let (cost, _) = best[at];
        for end in at + 1..=letters.len().min(at + WORD_MAX) {
            let is_word = known.iter().any(|known| known.has(&letters[at..end]));
            let price = if is_word { 1 } else { STRAY };
            if (is_word || end == at + 1) && cost + price < best[end].0 {
                best[end] = (cost + price, at);
            }
        }
    }
    let (mut words, mut end) = (Vec::new(), letters.len());
    while end > 0 {
        let start = best[end].1;
        words.push(start..end);
        end = start;
    }
    words.reverse();
    words
}

/// Adds the other readings of word `i`.
pub(super) fn word(sentence: &mut Sentence<'_, '_>, i: usize, known: &[&PhraseWords]) {
    let token = sentence.text().tokens()[i];
    let is_known = |word: &[u8]| known.iter().any(|known| known.has(word));
    if token.holds.is_number() {
        for word in for_digit(&sentence.text().folded()[token.range()]) {
            sentence.read_in_phrases(word.bytes(), i, token.range());
        }
        return;
    }
    if token.holds.has(Holds::DIGIT) {
        return;
    }
    if let Some(reading) = with_small_l(&sentence.text().folded()[token.range()]) {
        sentence.read_also(reading.into_iter(), i, token.range());
    }
    if token.holds.has(Holds::CYRILLIC)
        && let Some(reading) = with_hard_b(written(sentence, i))
    {
        sentence.read_also(reading.into_iter(), i, token.range());
    }
    let word = sentence.word(i);
    if word.len() >= SWAPPED_MIN {
        let swapped = known.iter().find_map(|known| known.unswapped(word));
        let reading = swapped.filter(|_| !is_known(word)).map(<[u8]>::to_vec);
        if let Some(reading) = reading {
            sentence.read_in_phrases(reading.into_iter(), i, token.range());
        }
    }
    halves(sentence, i, known);
}

/// "уб ью": two pieces that are no words, and one together.
fn halves(sentence: &mut Sentence<'_, '_>, i: usize, known: &[&PhraseWords]) {
    if i + 1 >= sentence.len() || sentence.text().gap_before(i + 1) != " " {
        return;
    }
    let (a, b) = (sentence.word(i), sentence.word(i + 1));
    let is_piece = |word: &[u8]| word.iter().all(|letter| is_letter(*letter));
    if a.len().min(b.len()) > PIECE_MAX
        || a.len() + b.len() < HALVES_MIN
        || a.len() + b.len() > WORD_MAX
        || !is_piece(a)
    {
        return;
    }
    let is_known = |word: &[u8]| known.iter().any(|known| known.has(word));
    let mut both = [0; WORD_MAX];
    let both = &mut both[..a.len() + b.len()];
    both[..a.len()].copy_from_slice(a);
    both[a.len()..].copy_from_slice(b);
    if !is_known(both) || is_short(a) || is_short(b) || is_known(a) || is_known(b) {
        return;
    }
    let both = both.to_vec();
    let tokens = sentence.text().tokens();
    let range = tokens[i].start..tokens[i + 1].end;
    sentence.read_in_phrases(both.into_iter(), i, range);
}

/// "coming 4 u": the words that a digit sounds like.
fn for_digit(digits: &str) -> &'static [&'static str] {
    match digits {
        "2" => &["to", "too"],
        "4" => &["for"],
        _ => &[],
    }
}

/// "kiII": a word with capital `I`s among small letters, which are `l`s.
fn with_small_l(word: &str) -> Option<Vec<u8>> {
    let is_mixed = word.contains('I') && word.bytes().any(|b| b.is_ascii_lowercase()) && word.is_ascii();
    is_mixed.then(|| word.bytes().map(|b| if b == b'I' { b'l' } else { b.to_ascii_lowercase() }).collect())
}

/// "уbью": a word of Russian with a Latin `b`, which is a `б`; beside it, in the word as it was folded, it is a `ь`.
fn with_hard_b(word: &str) -> Option<Vec<u8>> {
    let letter = |c: char| match c {
        'b' => Some(byte('б')),
        c if c.is_ascii_alphabetic() => as_cyrillic(c).map(byte),
        c => Some(byte(c)),
    };
    let letters = || word.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase);
    word.contains('b').then(|| letters().map(letter).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_letters_are_cut_into_words() {
        let mut words = PhraseWords::default();
        ["i", "will", "kill", "ill", "you"].into_iter().for_each(|word| words.add(word.as_bytes()));
        let cut = |letters: &str| -> Vec<String> {
            words_of(letters.as_bytes(), &[&words]).into_iter().map(|range| letters[range].to_owned()).collect()
        };
        assert_eq!(cut("iwillkillyou"), ["i", "will", "kill", "you"]);
        assert_eq!(cut("xkillyou"), ["x", "kill", "you"]);
        assert_eq!(words.unswapped(b"klil"), Some(&b"kill"[..]));
        assert_eq!(words.unswapped(b"llik"), None);
    }
}
