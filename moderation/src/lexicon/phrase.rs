//! Phrases: words in a row, with alternatives and gaps.

use std::sync::LazyLock;

use rustc_hash::FxHashSet as HashSet;

use super::entry::{Element, Glob};
use super::letters;
use super::sentence::{Place, Sentence};

/// A phrase and the place in it that is looked for.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    elements: Vec<Part>,
    anchor: usize,
}

/// An element, with what tells at once which of its choices cannot stand somewhere.
#[derive(Debug, Clone)]
struct Part {
    element: Element,
    /// The choices by the first letter of their first word, and by that of their last.
    begins: ByLetter,
    ends: ByLetter,
}

impl Part {
    fn new(element: Element) -> Self {
        let (begins, ends) = match &element {
            Element::OneOf(choices) => {
                (ByLetter::new(choices, <[Glob]>::first), ByLetter::new(choices, <[Glob]>::last))
            }
            Element::Gap(..) => (ByLetter::default(), ByLetter::default()),
        };
        Self { element, begins, ends }
    }
}

/// Choices by a first letter: nearly all of them fall away unread.
#[derive(Debug, Clone, Default)]
struct ByLetter {
    /// The choices of each letter, one letter after the other; first those that no letter tells about: empty ones, and words
    /// that begin with anything.
    choices: Box<[u16]>,
    /// The letters in their order, and where the choices of each end.
    ends: Box<[(u8, usize)]>,
    /// How many choices no letter tells about.
    any: usize,
}

impl ByLetter {
    fn new(choices: &[Vec<Glob>], word: fn(&[Glob]) -> Option<&Glob>) -> Self {
        let letter = |choice: &Vec<Glob>| {
            word(choice).filter(|word| !word.open_start).and_then(|word| word.letters.first().copied())
        };
        let mut sorted: Vec<(Option<u8>, u16)> = choices.iter().map(letter).zip(0..).collect();
        sorted.sort_unstable();
        let any = sorted.partition_point(|(letter, _)| letter.is_none());
        let mut end = any;
        let of_letter = |of: &[(Option<u8>, u16)]| {
            end += of.len();
            (of[0].0.unwrap_or_default(), end)
        };
        let ends = sorted[any..].chunk_by(|a, b| a.0 == b.0).map(of_letter).collect();
        Self { choices: sorted.iter().map(|(_, choice)| *choice).collect(), ends, any }
    }

    /// The choices that no letter tells about.
    fn any(&self) -> &[u16] {
        &self.choices[..self.any]
    }

    /// The others, as far as they may be this word.
    fn of(&self, word: &[u8]) -> &[u16] {
        let found = word.first().and_then(|letter| self.ends.binary_search_by_key(letter, |(letter, _)| *letter).ok());
        let start = |i: usize| i.checked_sub(1).map_or(self.any, |before| self.ends[before].1);
        found.map_or(&[], |i| &self.choices[start(i)..self.ends[i].1])
    }
}

fn place(i: usize) -> u16 {
    u16::try_from(i).unwrap_or(u16::MAX)
}

/// A word that stands for the phrase: seen, the rest is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    choice: u16,
    word: u16,
}

impl Phrase {
    pub(super) fn new(elements: Vec<Element>) -> Self {
        let anchor = (0..elements.len()).filter_map(|i| Some((frequency(&elements[i])?, i))).min();
        let anchor = anchor.map_or(0, |(_, i)| i);
        Self { elements: elements.into_iter().map(Part::new).collect(), anchor }
    }

    /// How often it is looked at in other talk, roughly.
    pub(super) fn frequency(&self) -> u32 {
        frequency(&self.elements[self.anchor].element).unwrap_or(u32::MAX)
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
            let (word, _) = rarest(words)?;
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

/// How often some word of a place is seen in other talk, roughly. None for a place that may be left out.
fn frequency(element: &Element) -> Option<u32> {
    match element {
        Element::OneOf(choices) => choices.iter().map(|words| Some(rarest(words)?.1)).sum(),
        Element::Gap(..) => None,
    }
}

/// The word of a choice that is least seen, and how often.
fn rarest(words: &[Glob]) -> Option<(usize, u32)> {
    words.iter().map(|word| seen(&word.letters)).enumerate().min_by_key(|(_, seen)| *seen)
}

/// How often a word is seen, roughly: long ones seldom.
fn seen(word: &[u8]) -> u32 {
    static OFTEN: LazyLock<HashSet<Vec<u8>>> = LazyLock::new(|| {
        let mut often = HashSet::default();
        OFTEN_SEEN.split_whitespace().for_each(|word| {
            letters::words(word, |letters| {
                often.insert(letters);
            });
        });
        often
    });
    match word.len() {
        _ if OFTEN.contains(word) => 400,
        0..=2 => 60,
        3 => 20,
        4 => 6,
        5 => 3,
        _ => 1,
    }
}

/// Words of nearly every message.
const OFTEN_SEEN: &str = "\
    i we you he she it they the a an and or to of in on at for with from by your my our this that is are was be will ll have has can \
    could would do don t not no if so but what when who there here me us all any one just get go now please thanks \
    je tu on nous vous il elle le la les un une des du de d l et ou a au aux en dans pour par avec sur que qu qui ce c est sont \
    ai avez suis vais va vas peut peux pas ne n plus si mais quand votre vos ton ta tes mon ma mes bonjour merci \
    я мы ты вы он она они и в на с со у к по за из от до о не что как это так но а или если когда все вас вам тебя тебе меня мне \
    ваш ваша ваши твой твоя есть будет был было можно надо";

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
        Element::OneOf(choices) => {
            let try_one = |choice: &u16| {
                let start = behind(sentence, &choices[usize::from(*choice)], end)?;
                left(sentence, rest, start)
            };
            let found = part.ends.any().iter().find_map(try_one);
            if found.is_some() || end == 0 {
                return found;
            }
            if !sentence.has_others(end - 1) {
                return part.ends.of(sentence.word(end - 1)).iter().find_map(try_one);
            }
            sentence.readings_to(end).find_map(|(reading, _)| part.ends.of(reading).iter().find_map(try_one))
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
        Element::OneOf(choices) => {
            let try_one = |choice: &u16| {
                let end = ahead(sentence, &choices[usize::from(*choice)], start)?;
                right(sentence, rest, end)
            };
            let found = part.begins.any().iter().find_map(try_one);
            if found.is_some() || start >= sentence.len() {
                return found;
            }
            if !sentence.has_others(start) {
                return part.begins.of(sentence.word(start)).iter().find_map(try_one);
            }
            sentence.readings_from(start).find_map(|(reading, _)| part.begins.of(reading).iter().find_map(try_one))
        }
        Element::Gap(least, most) => (0..=*most)
            .take_while(|width| start + width <= sentence.len() && (*width == 0 || sentence.goes_on(start + width - 1)))
            .filter(|width| width >= least)
            .find_map(|width| right(sentence, rest, start + width)),
    }
}
