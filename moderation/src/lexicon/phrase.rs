//! Phrases: words in a row, with alternatives and gaps.

use super::entry::{Element, Glob};
use super::sentence::{Place, Sentence};

/// A phrase and the place in it that is looked for.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) list: u16,
    pub(super) except: bool,
    elements: Vec<Element>,
    anchor: usize,
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
        Self { list, except, elements, anchor }
    }

    /// Its whole words, in every place.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        let choices = self.elements.iter().filter_map(|element| match element {
            Element::OneOf(choices) => Some(choices.iter().flatten()),
            Element::Gap(..) => None,
        });
        choices.flatten().filter(|word| !word.open_start && !word.open_end).map(|word| &*word.letters)
    }

    /// The words that stand for the phrase.
    pub(super) fn anchors(&self) -> impl Iterator<Item = (&Glob, Anchor)> {
        let choices = match &self.elements[self.anchor] {
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
        let Element::OneOf(choices) = &self.elements[self.anchor] else { return None };
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
    let mut readings = sentence.readings_to(end);
    readings.find_map(|(reading, start)| if word.matches(reading) { behind(sentence, rest, start) } else { None })
}

/// One past where these words end, if they begin with word `start`.
fn ahead(sentence: &Sentence<'_, '_>, words: &[Glob], start: usize) -> Option<usize> {
    let Some((word, rest)) = words.split_first() else { return Some(start) };
    if start >= sentence.len() || !sentence.goes_on(start) {
        return None;
    }
    let mut readings = sentence.readings_from(start);
    readings.find_map(|(reading, end)| if word.matches(reading) { ahead(sentence, rest, end) } else { None })
}

fn left(sentence: &Sentence<'_, '_>, elements: &[Element], end: usize) -> Option<usize> {
    let Some((element, rest)) = elements.split_last() else { return Some(end) };
    match element {
        Element::OneOf(choices) => {
            choices.iter().find_map(|words| behind(sentence, words, end).and_then(|start| left(sentence, rest, start)))
        }
        Element::Gap(least, most) => (0..=*most)
            .take_while(|width| *width <= end && (*width == 0 || sentence.goes_on(end + 1 - width)))
            .filter(|width| width >= least)
            .find_map(|width| left(sentence, rest, end - width)),
    }
}

fn right(sentence: &Sentence<'_, '_>, elements: &[Element], start: usize) -> Option<usize> {
    let Some((element, rest)) = elements.split_first() else { return Some(start) };
    match element {
        Element::OneOf(choices) => {
            choices.iter().find_map(|words| ahead(sentence, words, start).and_then(|end| right(sentence, rest, end)))
        }
        Element::Gap(least, most) => (0..=*most)
            .take_while(|width| start + width <= sentence.len() && (*width == 0 || sentence.goes_on(start + width - 1)))
            .filter(|width| width >= least)
            .find_map(|width| right(sentence, rest, start + width)),
    }
}
