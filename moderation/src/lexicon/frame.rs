//! Frames: phrases in any order, near each other. `@your_pet & @poison` is "I'll poison your dog" and "your dog, that poison …".
//!
//! The parts of all frames are phrases that the automaton finds like others, each once, however many frames are made of it. A
//! frame is looked at when every part of it was seen somewhere in the message: around each place of its rarest part, as far as it
//! reaches. So the time is that of finding the parts, and a bounded number of steps for each of them and each frame.

use std::collections::HashMap;

use super::Candidate;
use super::entry::Element;
use super::phrase::Phrase;
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

/// A part of frames that stands in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub(super) part: u32,
    /// Its first word, and one past its last.
    pub(super) first: u32,
    pub(super) end: u32,
    /// It is read so only among other words.
    pub(super) weak: bool,
}

impl Seen {
    pub(super) fn new(part: u32, first: usize, end: usize, weak: bool) -> Self {
        let place = |word: usize| u32::try_from(word).unwrap_or(u32::MAX);
        Self { part, first: place(first), end: place(end), weak }
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

    pub(super) fn part(&self, part: u32) -> &Phrase {
        &self.parts[part as usize]
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
    pub(super) fn find(&self, sentence: &Sentence<'_, '_>, mut seen: Vec<Seen>, out: &mut Vec<Candidate>) {
        if seen.len() < 2 {
            return;
        }
        seen.sort_unstable();
        seen.dedup();
        // Nearly every frame misses a part: that is told by a bit, which a few parts share.
        let mut bits = [0_u64; 8];
        let bit = |part: u32| (part as usize / 64 % 8, 1_u64 << (part % 64));
        for (word, bit) in seen.iter().map(|one| bit(one.part)) {
            bits[word] |= bit;
        }
        let may_be_seen = |part: &u32| {
            let (word, bit) = bit(*part);
            bits[word] & bit != 0
        };
        let mut numbers = None;
        for leads in seen.chunk_by(|a, b| a.part == b.part) {
            let led = self.led[leads[0].part as usize].iter().map(|frame| &self.frames[*frame as usize]);
            for frame in led.filter(|frame| frame.parts[1..].iter().all(may_be_seen)) {
                frame.find(sentence, leads, &seen, &mut numbers, out);
            }
        }
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
