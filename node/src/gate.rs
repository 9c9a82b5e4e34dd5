//! The gate of an order: entries leave it in the order of the log, each once.
//!
//! It knows the next number. Equal is delivered, lower dropped, higher kept back while the hole before it is filled: first
//! by waiting for it ([`HOLE_PATIENCE`]; Redis brings entries of two nodes in any order), then by reading the store. The gate does
//! no I/O and knows no clock; who owns it reads when [`Gate::hole`] says so and brings what it read to [`Gate::fill`].

use std::collections::BTreeMap;
use std::time::Duration;

use souk_chat::Seq;

/// How long a missing entry is waited for before the store is asked.
pub const HOLE_PATIENCE: Duration = Duration::from_millis(50);

/// Most entries kept back behind a hole. More are dropped from the far end: filling the hole reads them again.
pub const WAITING_MAX: usize = 1_024;

/// How a gate treats a hole. There is one right way; the other exists so that the simulation can show that it finds a broken gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HoleRule {
    /// Fill it from the store.
    #[default]
    Fill,
    /// Pretend it was never there. Loses messages.
    #[cfg(feature = "sabotage")]
    Skip,
}

/// The gate of one order on one node.
#[derive(Debug)]
pub struct Gate<T> {
    /// The number that leaves next; `None` until the first reader said where it starts.
    next: Option<Seq>,
    waiting: BTreeMap<Seq, T>,
    /// The log is known to reach at least here.
    known: Seq,
    rule: HoleRule,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self::new(HoleRule::default())
    }
}

impl<T> Gate<T> {
    /// A closed gate: entries wait until [`Gate::open`].
    pub fn new(rule: HoleRule) -> Self {
        Self { next: None, waiting: BTreeMap::new(), known: Seq::ZERO, rule }
    }

    /// A closed gate of the same kind.
    pub fn closed(&self) -> Self {
        Self::new(self.rule)
    }

    /// The number that leaves next.
    pub fn next(&self) -> Option<Seq> {
        self.next
    }

    /// Entries up to `up_to` are covered by a read: the gate starts after them, unless it is open already. Returns what leaves.
    pub fn open(&mut self, up_to: Seq) -> Vec<(Seq, T)> {
        if self.next.is_none() {
            self.next = Some(up_to.next());
            self.waiting = self.waiting.split_off(&up_to.next());
        }
        self.leave()
    }

    /// An entry arrived. Returns what leaves now.
    pub fn offer(&mut self, seq: Seq, entry: T) -> Vec<(Seq, T)> {
        self.known = self.known.max(seq);
        if self.next.is_some_and(|next| seq < next) {
            return Vec::new();
        }
        self.waiting.entry(seq).or_insert(entry);
        let left = self.leave();
        if self.waiting.len() > WAITING_MAX {
            self.waiting.pop_last();
        }
        left
    }

    /// The number after which the store must be read, if entries are missing.
    pub fn hole(&self) -> Option<Seq> {
        let next = self.next?;
        (self.known >= next).then(|| Seq(next.0 - 1))
    }

    /// What a read after [`Gate::hole`] brought. Returns what leaves now.
    pub fn fill(&mut self, entries: impl IntoIterator<Item = (Seq, T)>) -> Vec<(Seq, T)> {
        let Some(next) = self.next else { return Vec::new() };
        #[cfg(feature = "sabotage")]
        if self.rule == HoleRule::Skip {
            if let Some(first) = self.waiting.keys().next().copied() {
                self.next = Some(first);
            }
            self.known = Seq(self.waiting.keys().last().map_or(next.0 - 1, |last| last.0));
            return self.leave();
        }
        debug_assert_eq!(self.rule, HoleRule::Fill);
        for (seq, entry) in entries {
            if seq >= next {
                self.known = self.known.max(seq);
                self.waiting.entry(seq).or_insert(entry);
            }
        }
        self.leave()
    }

    fn leave(&mut self) -> Vec<(Seq, T)> {
        let Some(mut next) = self.next else { return Vec::new() };
        let mut left = Vec::new();
        while let Some(entry) = self.waiting.remove(&next) {
            left.push((next, entry));
            next = next.next();
        }
        self.next = Some(next);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(left: Vec<(Seq, ())>) -> Vec<u64> {
        left.into_iter().map(|(seq, ())| seq.0).collect()
    }

    #[test]
    fn equal_leaves_lower_is_dropped_higher_waits() {
        let mut gate = Gate::default();
        assert_eq!(numbers(gate.open(Seq(4))), [0_u64; 0]);
        assert_eq!(numbers(gate.offer(Seq(5), ())), [5]);
        assert_eq!(numbers(gate.offer(Seq(5), ())), [0_u64; 0]);
        assert_eq!(numbers(gate.offer(Seq(8), ())), [0_u64; 0]);
        assert_eq!(gate.hole(), Some(Seq(5)));
        assert_eq!(numbers(gate.offer(Seq(6), ())), [6]);
        assert_eq!(numbers(gate.fill([(Seq(7), ())])), [7, 8]);
        assert_eq!(gate.hole(), None);
    }

    #[test]
    fn a_closed_gate_keeps_entries_until_a_reader_says_where_to_start() {
        let mut gate = Gate::default();
        for seq in [3, 1, 2] {
            assert_eq!(numbers(gate.offer(Seq(seq), ())), [0_u64; 0]);
        }
        assert_eq!(numbers(gate.open(Seq(1))), [2, 3]);
        assert_eq!(numbers(gate.open(Seq(0))), [0_u64; 0], "an open gate stays where it is");
    }

    #[test]
    fn what_waits_is_bounded_and_nothing_is_lost_by_it() {
        let mut gate = Gate::default();
        gate.open(Seq(0));
        let last = WAITING_MAX as u64 + 10;
        for seq in 2..=last {
            gate.offer(Seq(seq), ());
        }
        assert_eq!(gate.waiting.len(), WAITING_MAX);
        let mut left = numbers(gate.offer(Seq(1), ()));
        while let Some(after) = gate.hole() {
            left.extend(numbers(gate.fill((after.0 + 1..=last).take(3).map(|seq| (Seq(seq), ())))));
        }
        assert_eq!(left, (1..=last).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn entries_leave_densely_and_once_whatever_arrives(
            start in 0_u64..5,
            arrivals in proptest::collection::vec(1_u64..40, 0..200),
            fills in proptest::collection::vec(any::<bool>(), 200),
        ) {
            let mut gate = Gate::default();
            let mut left = numbers(gate.open(Seq(start)));
            let highest = arrivals.iter().copied().max().unwrap_or(0);
            for (seq, fill) in arrivals.iter().zip(fills) {
                left.extend(numbers(gate.offer(Seq(*seq), ())));
                if fill && let Some(after) = gate.hole() {
                    left.extend(numbers(gate.fill((after.0 + 1..=highest).take(4).map(|seq| (Seq(seq), ())))));
                }
            }
            while let Some(after) = gate.hole() {
                left.extend(numbers(gate.fill((after.0 + 1..=highest).map(|seq| (Seq(seq), ())))));
            }
            prop_assert_eq!(left, (start + 1..=highest).collect::<Vec<_>>());
        }
    }
}
