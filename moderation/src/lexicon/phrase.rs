//! Phrases: words in a row, with alternatives and gaps.

use super::entry::{Element, Glob};
use super::sentence::Sentence;

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

    /// The words that the phrase takes when this anchor stands at word `at`. Time is bounded by the phrase.
    pub(super) fn around(&self, sentence: &Sentence<'_, '_>, anchor: Anchor, at: usize) -> Option<(usize, usize)> {
        let Element::OneOf(choices) = &self.elements[self.anchor] else { return None };
        let words = choices.get(usize::from(anchor.choice))?;
        let (before, after) = words.split_at(usize::from(anchor.word));
        let start = behind(sentence, before, at)?;
        let end = ahead(sentence, after.get(1..)?, at + 1)?;
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
    let start = end.checked_sub(words.len())?;
    let fits = |(i, word): (usize, &Glob)| word.matches(sentence.word(start + i)) && sentence.goes_on(start + i + 1);
    words.iter().enumerate().all(fits).then_some(start)
}

/// One past where these words end, if they begin with word `start`.
fn ahead(sentence: &Sentence<'_, '_>, words: &[Glob], start: usize) -> Option<usize> {
    let end = start + words.len();
    if end > sentence.len() {
        return None;
    }
    let fits = |(i, word): (usize, &Glob)| word.matches(sentence.word(start + i)) && sentence.goes_on(start + i);
    words.iter().enumerate().all(fits).then_some(end)
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
