//! Phrases: words in a row, with alternatives and gaps.

use super::entry::{Element, Glob};
use super::sentence::{Place, Sentence};

/// A phrase and the place in it that is looked for.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) list: u16,
    pub(super) except: bool,
    elements: Vec<Part>,
    anchor: usize,
}

/// An element, with what tells at once that it does not stand somewhere.
#[derive(Debug)]
struct Part {
    element: Element,
    /// First letters of the words it may begin with, and of those it may end with: a bit each.
    begins: u64,
    ends: u64,
    may_be_nothing: bool,
}

impl Part {
    fn new(element: Element) -> Self {
        let letter = |word: &Glob| if word.open_start { u64::MAX } else { bit(&word.letters) };
        let mut part = Self { element, begins: 0, ends: 0, may_be_nothing: false };
        if let Element::OneOf(choices) = &part.element {
            part.begins = choices.iter().filter_map(|words| words.first()).map(letter).fold(0, |all, bit| all | bit);
            part.ends = choices.iter().filter_map(|words| words.last()).map(letter).fold(0, |all, bit| all | bit);
            part.may_be_nothing = choices.iter().any(Vec::is_empty);
        }
        part
    }

    /// Whether the element ends before word `end` by no choice but an empty one.
    fn is_not_behind(&self, sentence: &Sentence<'_, '_>, end: usize) -> bool {
        end == 0 || !(sentence.has_others(end - 1) || self.ends & bit(sentence.word(end - 1)) != 0)
    }

    /// Whether it begins with word `start` by no choice but an empty one.
    fn is_not_ahead(&self, sentence: &Sentence<'_, '_>, start: usize) -> bool {
        start >= sentence.len() || !(sentence.has_others(start) || self.begins & bit(sentence.word(start)) != 0)
    }
}

/// The bit of a word's first letter. Two letters may share one.
fn bit(word: &[u8]) -> u64 {
    word.first().map_or(0, |letter| 1 << (letter % 64))
}

/// A word that stands for the phrase: seen, the rest is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    choice: u16,
    word: u16,
}

impl Phrase {
    pub(super) fn new(list: u16, except: bool, elements: Vec<Element>) -> Self {
        // The place whose shortest word is longest: it is seldom seen in other talk.
        let weight = |element: &Element| match element {
            Element::OneOf(choices) => choices.iter().map(|words| longest(words).map_or(0, |(_, len)| len)).min(),
            Element::Gap(..) => None,
        };
        let anchor = (0..elements.len()).rev().max_by_key(|i| weight(&elements[*i])).unwrap_or_default();
        Self { list, except, elements: elements.into_iter().map(Part::new).collect(), anchor }
    }

    /// Its whole words, in every place.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        let choices = self.elements.iter().filter_map(|part| match &part.element {
            Element::OneOf(choices) => Some(choices.iter().flatten()),
            Element::Gap(..) => None,
        });
        choices.flatten().filter(|word| !word.open_start && !word.open_end).map(|word| &*word.letters)
    }

    /// The words that stand for the phrase.
    pub(super) fn anchors(&self) -> impl Iterator<Item = (&Glob, Anchor)> {
        let choices = match &self.elements[self.anchor].element {
            Element::OneOf(choices) => choices.as_slice(),
            Element::Gap(..) => &[],
        };
        choices.iter().enumerate().filter_map(|(choice, words)| {
            let (word, _) = longest(words)?;
            let place = |i: usize| u16::try_from(i).unwrap_or(u16::MAX);
            Some((&words[word], Anchor { choice: place(choice), word: place(word) }))
        })
    }

    /// The words that the phrase takes when this anchor is what the words of a place say. Time is bounded by the phrase.
    pub(super) fn around(&self, sentence: &Sentence<'_, '_>, anchor: Anchor, at: Place) -> Option<(usize, usize)> {
        let Element::OneOf(choices) = &self.elements[self.anchor].element else { return None };
        let words = choices.get(usize::from(anchor.choice))?;
        let (before, after) = words.split_at(usize::from(anchor.word));
        let start = behind(sentence, before, at.token)?;
        let end = ahead(sentence, after.get(1..)?, at.last + 1)?;
        let start = left(sentence, &self.elements[..self.anchor], start)?;
        let end = right(sentence, &self.elements[self.anchor + 1..], end)?;
        Some((start, end))
    }
}

fn longest(words: &[Glob]) -> Option<(usize, usize)> {
    words.iter().map(|word| word.letters.len()).enumerate().rev().max_by_key(|(_, len)| *len)
}

/// Where these words begin, if they end before word `end`.
fn behind(sentence: &Sentence<'_, '_>, words: &[Glob], end: usize) -> Option<usize> {
    let Some((word, rest)) = words.split_last() else { return Some(end) };
    if end == 0 || !sentence.goes_on(end) {
        return None;
    }
    if !sentence.has_others(end - 1) {
        return if word.matches(sentence.word(end - 1)) { behind(sentence, rest, end - 1) } else { None };
    }
    let mut readings = sentence.readings_to(end);
    readings.find_map(|(reading, start)| if word.matches(reading) { behind(sentence, rest, start) } else { None })
}

/// One past where these words end, if they begin with word `start`.
fn ahead(sentence: &Sentence<'_, '_>, words: &[Glob], start: usize) -> Option<usize> {
    let Some((word, rest)) = words.split_first() else { return Some(start) };
    if start >= sentence.len() || !sentence.goes_on(start) {
        return None;
    }
    if !sentence.has_others(start) {
        return if word.matches(sentence.word(start)) { ahead(sentence, rest, start + 1) } else { None };
    }
    let mut readings = sentence.readings_from(start);
    readings.find_map(|(reading, end)| if word.matches(reading) { ahead(sentence, rest, end) } else { None })
}

fn left(sentence: &Sentence<'_, '_>, elements: &[Part], end: usize) -> Option<usize> {
    let Some((part, rest)) = elements.split_last() else { return Some(end) };
    match &part.element {
        Element::OneOf(_) if part.is_not_behind(sentence, end) => {
            if part.may_be_nothing {
                left(sentence, rest, end)
            } else {
                None
            }
        }
        Element::OneOf(choices) => {
            choices.iter().find_map(|words| behind(sentence, words, end).and_then(|start| left(sentence, rest, start)))
        }
        Element::Gap(least, most) => (0..=*most)
            .take_while(|width| *width <= end && (*width == 0 || sentence.goes_on(end + 1 - width)))
            .filter(|width| width >= least)
            .find_map(|width| left(sentence, rest, end - width)),
    }
}

fn right(sentence: &Sentence<'_, '_>, elements: &[Part], start: usize) -> Option<usize> {
    let Some((part, rest)) = elements.split_first() else { return Some(start) };
    match &part.element {
        Element::OneOf(_) if part.is_not_ahead(sentence, start) => {
            if part.may_be_nothing {
                right(sentence, rest, start)
            } else {
                None
            }
        }
        Element::OneOf(choices) => {
            choices.iter().find_map(|words| ahead(sentence, words, start).and_then(|end| right(sentence, rest, end)))
        }
        Element::Gap(least, most) => (0..=*most)
            .take_while(|width| start + width <= sentence.len() && (*width == 0 || sentence.goes_on(start + width - 1)))
            .filter(|width| width >= least)
            .find_map(|width| right(sentence, rest, start + width)),
    }
}
