//! A text on its way to the folded one: character by character, with the way back, and each word settled at its end.

use std::ops::Range;

use super::fold::{self, Folded, Previous, fold};
use super::{BOUNDARY, is_word_char, scripts};

/// The folded text on its way.
pub(super) struct Folding {
    pub(super) text: String,
    pub(super) places: Vec<(u32, u32)>,
    /// The word under way, not yet written: its alphabet is known at its end.
    word: Vec<(char, u32, u32)>,
    /// Up to here a mask hides the original.
    masked_to: usize,
}

impl Folding {
    pub(super) fn of(original: &str, masks: &[(Range<usize>, &str)]) -> Self {
        let mut folding = Self {
            text: String::with_capacity(original.len()),
            places: Vec::with_capacity(original.len()),
            word: Vec::new(),
            masked_to: 0,
        };
        let mut parts = Vec::with_capacity(4);
        let mut previous: Option<Previous> = None;
        let (mut before, mut indicators) = (None, 0);
        let mut masks = masks.iter().peekable();
        for (at, c) in original.char_indices() {
            if let Some((range, shown)) = masks.next_if(|(range, _)| range.start <= at) {
                folding.show(range, shown);
                previous = None;
            }
            if folding.masked_to > at {
                continue;
            }
            // Texts are bounded far below 4 GiB; a longer one keeps its places at the bound.
            let (start, end) = (to_u32(at), to_u32(at + c.len_utf8()));
            parts.clear();
            let next = || original[end as usize..].chars().next();
            indicators = if !fold::is_indicator(c) {
                0
            } else if indicators > 0 {
                indicators
            } else {
                indicators_at(&original[at..])
            };
            match fold(c, previous, &mut parts) {
                // Two of them are a flag.
                _ if indicators > 0 && indicators != 2 => {
                    parts.clear();
                    parts.push(fold::indicated(c));
                }
                _ if fold::is_ringed_a(c) && is_between(before, next()) => {
                    parts.clear();
                    parts.push('@');
                }
                Folded::Same => parts.push(c),
                Folded::Nothing(belongs) => {
                    if belongs {
                        folding.extend_last(end);
                    }
                    continue;
                }
                Folded::Other if c == '\u{306}' => {
                    if let Some(last) = folding.word.last_mut() {
                        (last.0, last.2) = (parts[0], end);
                    }
                    continue;
                }
                Folded::Other => {}
            }
            for part in &parts {
                folding.push(*part, start, end);
            }
            previous = parts.last().map(|read| Previous { read: *read, odd: fold::is_odd_digit(c, *read) });
            before = Some(c);
        }
        folding.end_word();
        folding
    }

    /// Writes a mask, as it will be read when it comes back.
    fn show(&mut self, range: &Range<usize>, shown: &str) {
        let (start, end) = (to_u32(range.start), to_u32(range.end));
        let mut parts = Vec::new();
        for c in shown.chars() {
            if c == BOUNDARY {
                self.push(c, start, end);
                continue;
            }
            parts.clear();
            if fold(c, None, &mut parts) == Folded::Same {
                parts.push(c);
            }
            for part in &parts {
                self.push(*part, start, end);
            }
        }
        self.masked_to = range.end;
    }

    fn push(&mut self, c: char, start: u32, end: u32) {
        if is_word_char(c) {
            self.word.push((c, start, end));
        } else {
            self.end_word();
            self.write(c, start, end);
        }
    }

    fn end_word(&mut self) {
        let mut word = std::mem::take(&mut self.word);
        scripts::settle(&mut word, self.text.ends_with(['.', '@', '/', '_']));
        let behind_dot =
            || self.text.strip_suffix('.').is_some_and(|name| name.ends_with(|c: char| c.is_ascii_alphanumeric()));
        if scripts::is_top_level_twin(&word) && behind_dot() {
            scripts::write_in_latin(&mut word);
        }
        for (c, start, end) in word.drain(..) {
            self.write(c, start, end);
        }
        self.word = word;
    }

    fn write(&mut self, c: char, start: u32, end: u32) {
        self.text.push(c);
        self.places.extend(std::iter::repeat_n((start, end), c.len_utf8()));
    }

    /// A mark on the last character belongs to it.
    fn extend_last(&mut self, to: u32) {
        if let Some(last) = self.word.last_mut() {
            last.2 = to;
        } else if let Some((start, _)) = self.places.last().copied() {
            for place in self.places.iter_mut().rev().take_while(|place| place.0 == start) {
                place.1 = to;
            }
        }
    }
}

/// How many regional indicators stand in a row.
fn indicators_at(text: &str) -> usize {
    text.chars().take_while(|c| fold::is_indicator(*c)).count()
}

/// Whether a sign stands between two plain words, or between spaces.
fn is_between(before: Option<char>, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let word = |c: char| c.is_ascii_alphanumeric() || fold::is_cyrillic(c);
    (word(before) && word(after)) || (before == ' ' && after == ' ')
}

fn to_u32(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
