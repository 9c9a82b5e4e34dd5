//! Lists of words and phrases, compiled into one automaton.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::disguise::Masked;
use super::entry::{Entry, Form, Glob, Kind};
use super::frame::{Frames, Hit};
use super::letters::SPACE;
use super::phrase::{Anchor, Phrase};
use super::respell::PhraseWords;
use super::sentence::{Place, Sentence};
use super::{Candidate, pieces};

/// Shortest word that is known with letters masked without being marked.
const MASKED_MIN: usize = 5;

/// Room for the words of frames in nearly every message, small enough to cost next to nothing.
const HITS: usize = 64;

/// What a pattern of the automaton says.
#[derive(Debug, Clone, Copy)]
enum Use {
    /// A word of a list.
    Word { list: u16, except: bool },
    /// A word of a list, written in so many parts.
    Apart { list: u16, parts: u16 },
    /// A phrase may be here.
    Phrase { phrase: u32, anchor: Anchor },
    /// A part of frames may be here.
    Part { part: u32, anchor: Anchor },
}

/// Lists under construction.
#[derive(Default)]
pub(super) struct Builder {
    patterns: HashMap<Vec<u8>, Vec<Use>>,
    phrases: Vec<(u16, bool, Phrase)>,
    frames: Frames,
    masked: Masked,
    words: PhraseWords,
}

impl Builder {
    /// Adds one entry to a list. `maskable`: its longer words are known with letters masked or doubled, marked or not.
    pub(super) fn add(&mut self, list: u16, entry: Entry, maskable: bool) {
        let except = entry.kind == Kind::Except;
        let Some(words) = entry.words() else {
            match entry.form {
                Form::Phrase(elements) => {
                    let number = u32::try_from(self.phrases.len()).unwrap_or(u32::MAX);
                    let phrase = Phrase::new(elements);
                    self.look_for(&phrase, |anchor| Use::Phrase { phrase: number, anchor });
                    self.phrases.push((list, except, phrase));
                }
                Form::Frame { parts, across } => {
                    for (part, phrase) in self.frames.add(list, except, across, parts) {
                        self.look_for(&phrase, |anchor| Use::Part { part, anchor });
                    }
                }
            }
            return;
        };
        for word in words {
            let says_nothing = entry.kind == Kind::Part;
            if !says_nothing {
                self.patterns.entry(pattern(word)).or_default().push(Use::Word { list, except });
            }
            let marked = matches!(entry.kind, Kind::Maskable | Kind::Famous);
            let whole = !word.open_start && !word.open_end && !except;
            if marked || says_nothing || (maskable && whole && word.letters.len() >= MASKED_MIN) {
                self.masked.add(&word.letters, marked, entry.kind == Kind::Famous);
            }
            if marked {
                for apart in pieces::apart(&word.letters) {
                    let parts = apart.iter().filter(|byte| **byte == SPACE).count() - 1;
                    let parts = u16::try_from(parts).unwrap_or(u16::MAX);
                    self.patterns.entry(apart).or_default().push(Use::Apart { list, parts });
                }
            }
        }
    }

    /// Lets the automaton look for the words that stand for a phrase.
    fn look_for(&mut self, phrase: &Phrase, said: impl Fn(Anchor) -> Use) {
        phrase.words().for_each(|word| self.words.add(word));
        for (glob, anchor) in phrase.anchors() {
            self.patterns.entry(pattern(glob)).or_default().push(said(anchor));
        }
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Builds the automaton.
    ///
    /// # Errors
    /// When the patterns are more than an automaton can hold.
    pub(super) fn build(mut self) -> Result<Set, aho_corasick::BuildError> {
        let mut patterns: Vec<(Vec<u8>, Vec<Use>)> = std::mem::take(&mut self.patterns).into_iter().collect();
        patterns.sort_by(|a, b| a.0.cmp(&b.0));
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(patterns.iter().map(|(pattern, _)| pattern))?;
        let uses = patterns
            .into_iter()
            .map(|(pattern, uses)| (pattern.first() == Some(&SPACE), uses.into_boxed_slice()))
            .collect();
        let Self { phrases, mut frames, masked, words, .. } = self;
        frames.settle();
        Ok(Set { automaton, uses, phrases, frames, masked, words })
    }
}

fn pattern(glob: &Glob) -> Vec<u8> {
    let start = (!glob.open_start).then_some(SPACE);
    let end = (!glob.open_end).then_some(SPACE);
    start.into_iter().chain(glob.letters.iter().copied()).chain(end).collect()
}

/// Compiled lists.
#[derive(Debug)]
pub(super) struct Set {
    automaton: AhoCorasick,
    /// For each pattern: whether it begins with a space, and what it says.
    uses: Vec<(bool, Box<[Use]>)>,
    /// With their lists, and whether they are exceptions.
    phrases: Vec<(u16, bool, Phrase)>,
    frames: Frames,
    pub(super) masked: Masked,
    pub(super) words: PhraseWords,
}

impl Set {
    /// Everything that some list says about a sentence, in no order.
    pub(super) fn find(&self, sentence: &Sentence<'_, '_>, out: &mut Vec<Candidate>) {
        let mut hits = Vec::with_capacity(HITS);
        for hit in self.automaton.find_overlapping_iter(sentence.bytes()) {
            let (spaced, uses) = &self.uses[hit.pattern().as_usize()];
            let at = hit.start() + usize::from(*spaced);
            let mut place = None;
            for one in uses {
                match *one {
                    Use::Part { part, anchor } => {
                        hits.push(Hit { part, anchor, at: u32::try_from(at).unwrap_or(u32::MAX) });
                    }
                    one => self.consider(sentence, one, *place.get_or_insert_with(|| sentence.place(at)), out),
                }
            }
        }
        self.frames.find(sentence, &hits, out);
    }

    fn consider(&self, sentence: &Sentence<'_, '_>, one: Use, place: Place, out: &mut Vec<Candidate>) {
        match one {
            Use::Word { .. } if place.weak => {}
            Use::Word { list, except } => out.push(Candidate { list, except, start: place.start, end: place.end }),
            Use::Apart { list, parts } => {
                let end = place.token + usize::from(parts);
                if end <= sentence.len() && sentence.is_apart(place.token, end) {
                    let Place { start, end, .. } = sentence.range(place.token, end);
                    out.push(Candidate { list, except: false, start, end });
                }
            }
            Use::Phrase { phrase, anchor } => {
                let (list, except, phrase) = &self.phrases[phrase as usize];
                let around = phrase.around(sentence, anchor, place);
                if let Some((first, end)) = around.filter(|(first, end)| !place.is_weak(*first, *end)) {
                    let Place { start, end, .. } = sentence.range(first, end);
                    out.push(Candidate { list: *list, except: *except, start, end });
                }
            }
            // Looked at when the whole message was seen.
            Use::Part { .. } => {}
        }
    }
}
