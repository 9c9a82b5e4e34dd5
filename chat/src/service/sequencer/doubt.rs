//! A batch on its way into the log, and what became of it where the store did not say.
//!
//! A batch of unknown outcome is this node's own business until a look settles it: it *is* in the log, and everything goes on as
//! if the store had said so; or it still *may* get there, and the very same batch is sent again (the same numbers, names and
//! times, so that it does not matter which of the two arrives); or it never can, because the log went on without it.

use std::collections::HashMap;

use crate::log::{Entry, EntryKey, Head, NewEntry};
use crate::ports::Known;

use super::parts::Unit;

/// What a look found, by name.
pub(super) type Found = HashMap<EntryKey, Known>;

/// What is to be written against one head.
pub(super) struct Attempt {
    pub(super) head: Head,
    /// Of the first jobs of the batch, in order.
    pub(super) units: Vec<Unit>,
    /// The store was asked before and did not say what became of it.
    pub(super) is_unknown: bool,
}

/// What a look says of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Entries of its names and texts stand where it would have put them, up to this head.
    Applied(Head),
    /// It may be applied yet.
    Open,
    /// It cannot be applied any more.
    Void,
}

impl Attempt {
    pub(super) fn new(head: Head, units: Vec<Unit>) -> Self {
        Self { head, units, is_unknown: false }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &NewEntry> {
        self.units.iter().flat_map(|unit| &unit.entries)
    }

    pub(super) fn owes(&self) -> bool {
        self.units.iter().any(Unit::owes)
    }

    /// What a look at all names of this attempt says, which found `head` and `found`.
    pub(super) fn fate(&self, head: &Head, found: &Found) -> Fate {
        let stands = |new: &&NewEntry| {
            let is_this = |known: &Known| (known.seq, known.fingerprint) == (new.entry.seq, new.fingerprint);
            found.get(&new.entry.key).is_some_and(is_this)
        };
        if let Some(last) = self.entries().take_while(stands).last() {
            let Entry { seq, counts, at, .. } = last.entry;
            return Fate::Applied(Head { seq, counts, at, ..self.head });
        }
        let is_free = |new: &NewEntry| !found.contains_key(&new.entry.key);
        if *head == self.head && self.entries().all(is_free) { Fate::Open } else { Fate::Void }
    }

    /// Whether `entry`, which stands where the first of this attempt would, is that one. Another node may have written the same
    /// text under the same name at the same number. If it did so with the same time as well, it does not matter whose it is.
    pub(super) fn begins_with(&self, entry: &Entry) -> bool {
        let first = self.entries().next().map(|new| &new.entry);
        first.is_some_and(|first| (first.seq, first.at, &first.key) == (entry.seq, entry.at, &entry.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Body, Counts, Seq};
    use crate::service::sequencer::parts::End;
    use crate::time::Timestamp;

    fn key(id: &str) -> EntryKey {
        EntryKey { owner: None, id: id.into() }
    }

    fn attempt() -> Attempt {
        let unit = |(seq, id)| {
            let (key, body) = (key(id), Body::Empty);
            let entry = Entry { seq: Seq(seq), key, at: Timestamp(7), counts: Counts::default(), body };
            Unit { entries: vec![NewEntry { entry, fingerprint: None, owed: Vec::new() }], ..Unit::new(End::Written) }
        };
        let head = Head { seq: Seq(3), ..Head::default() };
        Attempt::new(head, [(4, "a"), (5, "b")].into_iter().map(unit).collect())
    }

    fn found(known: &[(&str, u64)]) -> Found {
        known.iter().map(|(id, seq)| (key(id), Known { seq: Seq(*seq), fingerprint: None })).collect()
    }

    #[test]
    fn a_look_settles_what_became_of_an_attempt() {
        let attempt = attempt();
        let at = |seq| Head { seq: Seq(seq), at: Timestamp(7), ..attempt.head };
        assert_eq!(attempt.fate(&attempt.head, &found(&[])), Fate::Open);
        assert_eq!(attempt.fate(&at(5), &found(&[("a", 4), ("b", 5)])), Fate::Applied(at(5)));
        assert_eq!(attempt.fate(&at(9), &found(&[("a", 4)])), Fate::Applied(at(4)), "a volume's end cut it");
        assert_eq!(attempt.fate(&at(4), &found(&[])), Fate::Void, "somebody else was faster");
        assert_eq!(attempt.fate(&attempt.head, &found(&[("b", 2)])), Fate::Void, "one of its names is taken");
        assert_eq!(attempt.fate(&at(9), &found(&[("a", 8), ("b", 5)])), Fate::Void, "another node wrote them");
    }

    #[test]
    fn another_text_under_the_same_name_is_another_nodes() {
        let attempt = attempt();
        let mut found = found(&[("a", 4), ("b", 5)]);
        let print = crate::fingerprint::Fingerprints::new([b"k".as_slice()]).of("another text");
        found.values_mut().for_each(|known| known.fingerprint = Some(print));
        assert_eq!(attempt.fate(&Head { seq: Seq(5), ..attempt.head }, &found), Fate::Void);
    }

    #[test]
    fn another_nodes_entry_is_told_apart_by_its_time() {
        let attempt = attempt();
        let mine = attempt.entries().next().unwrap().entry.clone();
        assert!(attempt.begins_with(&mine));
        assert!(!attempt.begins_with(&Entry { at: Timestamp(8), ..mine.clone() }));
        assert!(!attempt.begins_with(&Entry { key: key("b"), ..mine }));
    }
}
