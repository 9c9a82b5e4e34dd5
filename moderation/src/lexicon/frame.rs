//! Frames: phrases in any order, near each other. `@your_pet & @poison` is "I'll poison your dog" and "your dog, that poison …".
//!
//! The parts of all frames are phrases, each known once, however many frames are made of it. The automaton sees their rarest words
//! ([`Hit`]). Only where the words of all parts of a frame were seen in a message are these parts looked at ([`Seen`]), and only
//! where all of them are there is the frame looked for: around each place of its rarest part, as far as it reaches. So the time is
//! that of seeing words, and a bounded number of steps for each of them and each frame.

use std::collections::HashMap;

use super::Candidate;
use super::entry::Element;
use super::phrase::{Anchor, Phrase};
use super::sentence::Sentence;

/// Most words from the first to the last of a frame within a sentence (`&`), and of one that goes across (`&&`).
const REACH: u32 = 16;
const REACH_ACROSS: u32 = 24;

/// Most places that are tried for the other parts around one place of the rarest.
const STEPS_MAX: usize = 64;

/// Phrases that mean something together.
#[derive(Debug)]
struct Frame {
    list: u16,
    except: bool,
    /// Sentences may end between the parts.
    across: bool,
    /// The rarest first.
    parts: Box<[u32]>,
}

/// The frames of some lists.
#[derive(Debug, Default)]
pub(super) struct Frames {
    frames: Vec<Frame>,
    parts: Vec<Phrase>,
    /// The number of each part, while frames are added.
    numbers: HashMap<Vec<Element>, u32>,
    /// The frames whose rarest part is this.
    led: Vec<Vec<u32>>,
}

/// A word that stands for a part of frames was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) part: u32,
    pub(super) anchor: Anchor,
    /// Where, in what the automaton reads.
    pub(super) at: u32,
}

/// A part of frames that stands in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    part: u32,
    /// Its first word, and one past its last.
    first: u32,
    end: u32,
    /// It is read so only among other words.
    weak: bool,
}

/// Parts that may be in a set: some share a bit.
#[derive(Default)]
struct Bits([u64; 16]);

impl Bits {
    fn of(parts: impl Iterator<Item = u32>) -> Self {
        let mut bits = Self::default();
        parts.for_each(|part| bits.add(part));
        bits
    }

    const fn add(&mut self, part: u32) {
        self.0[part as usize / 64 % 16] |= 1 << (part % 64);
    }

    const fn may_have(&self, part: u32) -> bool {
        self.0[part as usize / 64 % 16] & (1 << (part % 64)) != 0
    }
}

impl Frames {
    /// Adds a frame. Answers with the parts that no frame before it had: they are to be looked for.
    pub(super) fn add(
        &mut self,
        list: u16,
        except: bool,
        across: bool,
        parts: Vec<Vec<Element>>,
    ) -> Vec<(u32, Phrase)> {
        let mut new = Vec::new();
        let mut number = |elements: Vec<Element>| {
            let next = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
            *self.numbers.entry(elements).or_insert_with_key(|elements| {
                let part = Phrase::new(elements.clone());
                self.parts.push(part.clone());
                new.push((next, part));
                next
            })
        };
        let mut parts: Vec<u32> = parts.into_iter().map(&mut number).collect();
        parts.sort_by_key(|part| self.parts[*part as usize].frequency());
        self.frames.push(Frame { list, except, across, parts: parts.into() });
        new
    }

    /// Every frame is there: they may be looked for.
    pub(super) fn settle(&mut self) {
        self.numbers = HashMap::new();
        self.led = vec![Vec::new(); self.parts.len()];
        for (number, frame) in (0..).zip(&self.frames) {
            self.led[frame.parts[0] as usize].push(number);
        }
    }

    /// The frames whose parts stand together, from their first to their last word.
    pub(super) fn find(&self, sentence: &Sentence<'_, '_>, hits: &[Hit], out: &mut Vec<Candidate>) {
        let seen = self.seen(sentence, hits);
        let bits = Bits::of(seen.iter().map(|one| one.part));
        let mut numbers = None;
        for leads in seen.chunk_by(|a, b| a.part == b.part) {
            for frame in self.led(leads[0].part, &bits) {
                frame.find(sentence, leads, &seen, &mut numbers, out);
            }
        }
    }

    /// The parts that stand somewhere in a message, by their numbers: only those of frames that may be there.
    fn seen(&self, sentence: &Sentence<'_, '_>, hits: &[Hit]) -> Vec<Seen> {
        let bits = Bits::of(hits.iter().map(|hit| hit.part));
        let mut wanted = Bits::default();
        let frames = hits.iter().flat_map(|hit| self.led(hit.part, &bits));
        frames.flat_map(|frame| &frame.parts).for_each(|part| wanted.add(*part));
        let wanted = hits.iter().filter(|hit| wanted.may_have(hit.part));
        let mut seen: Vec<Seen> = wanted.filter_map(|hit| self.look(sentence, hit)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    fn look(&self, sentence: &Sentence<'_, '_>, hit: &Hit) -> Option<Seen> {
        let place = sentence.place(hit.at as usize);
        let (first, end) = self.parts[hit.part as usize].around(sentence, hit.anchor, place)?;
        let word = |word: usize| u32::try_from(word).unwrap_or(u32::MAX);
        Some(Seen { part: hit.part, first: word(first), end: word(end), weak: place.is_weak(first, end) })
    }

    /// The frames whose rarest part is this, and whose other parts may be in a set.
    fn led<'f>(&'f self, part: u32, bits: &'f Bits) -> impl Iterator<Item = &'f Frame> {
        let led = self.led[part as usize].iter().map(|frame| &self.frames[*frame as usize]);
        led.filter(|frame| frame.parts[1..].iter().all(|part| bits.may_have(*part)))
    }
}

impl Frame {
    /// The places of the frame around those of its rarest part.
    fn find(
        &self,
        sentence: &Sentence<'_, '_>,
        leads: &[Seen],
        seen: &[Seen],
        numbers: &mut Option<Vec<u32>>,
        out: &mut Vec<Candidate>,
    ) {
        let places = |part: &u32| {
            let from = &seen[seen.partition_point(|one| one.part < *part)..];
            &from[..from.partition_point(|one| one.part == *part)]
        };
        let others: Vec<&[Seen]> = self.parts[1..].iter().map(places).collect();
        if others.iter().any(|places| places.is_empty()) {
            return;
        }
        let numbers = numbers.get_or_insert_with(|| sentence.numbers());
        let mut covered = 0;
        for lead in leads {
            let mut taken = Taken { places: vec![*lead], steps: 0 };
            if lead.first >= covered && taken.fits(&others, self.across, numbers) {
                let (first, end) = taken.range();
                let range = sentence.range(first as usize, end as usize);
                out.push(Candidate { list: self.list, except: self.except, start: range.start, end: range.end });
                covered = end;
            }
        }
    }
}

/// The places taken for the parts of a frame so far.
struct Taken {
    places: Vec<Seen>,
    steps: usize,
}

impl Taken {
    /// From the first to behind the last word.
    fn range(&self) -> (u32, u32) {
        let places = || self.places.iter();
        let first = places().map(|place| place.first).min().unwrap_or_default();
        (first, places().map(|place| place.end).max().unwrap_or(first))
    }

    /// Whether there are places for the other parts: near the ones taken, none of them twice, and in the same sentence unless the
    /// frame goes across.
    fn fits(&mut self, others: &[&[Seen]], across: bool, numbers: &[u32]) -> bool {
        let Some((places, rest)) = others.split_first() else {
            return self.places.iter().any(|place| !place.weak);
        };
        let reach = if across { REACH_ACROSS } else { REACH };
        let (first, end) = self.range();
        let from = places.partition_point(|place| place.first + reach < end);
        for place in places[from..].iter().take_while(|place| place.first < first + reach) {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return false;
            }
            let near = place.end.max(end) - place.first.min(first) <= reach;
            let together = across || numbers[place.first as usize] == numbers[first as usize];
            let free = self.places.iter().all(|taken| place.end <= taken.first || taken.end <= place.first);
            if near && together && free {
                self.places.push(*place);
                if self.fits(rest, across, numbers) {
                    return true;
                }
                self.places.pop();
            }
        }
        false
    }
}
