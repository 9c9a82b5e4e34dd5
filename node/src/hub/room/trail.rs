//! What the last entries were that left a room's gate: what shows that a log is not the one any more that was delivered.

use std::collections::VecDeque;

use souk_chat::Seq;
use souk_protocol::envelope::EntryMark;

/// Entries whose marks are kept. What a store loses is the end of a log, so that the last few tell.
pub const TRAIL: usize = 8;

/// The last entries, up to [`TRAIL`] of them, without a hole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    last: Seq,
    /// Of the entries up to `last`. Empty: what `last` was is not known.
    marks: VecDeque<EntryMark>,
    /// What was delivered under a number under which another entry came since: kept until the store was asked, while entries go on.
    doubt: Option<(Seq, EntryMark)>,
}

/// What a store's entries say of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are the ones that were delivered.
    Same,
    /// The last one that was delivered is not there. A quorum read may be behind: a serial one tells.
    Missing,
    /// Another one stands under this number.
    Other(Seq),
}

impl Trail {
    /// Of a gate that starts after `last`.
    pub(super) fn after(last: Seq) -> Self {
        Self { last, ..Self::default() }
    }

    /// The next entry left the gate.
    pub(super) fn push(&mut self, seq: Seq, mark: EntryMark) {
        self.last = seq;
        if self.marks.len() == TRAIL {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    /// `last` was this one, which is in no doubt so far.
    pub(super) fn learn(&mut self, seq: Seq, mark: EntryMark) {
        if self.last == seq && self.marks.is_empty() {
            self.marks.push_back(mark);
        }
    }

    /// The last entry that was delivered.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// What a read after this number brings tells.
    pub fn start(&self) -> Seq {
        Seq(self.last.0.saturating_sub(self.marks.len().max(1) as u64))
    }

    /// Whether another entry than this one was delivered under the number.
    pub fn contradicts(&self, seq: Seq, mark: EntryMark) -> bool {
        self.known(seq).is_some_and(|known| known != mark)
    }

    fn known(&self, seq: Seq) -> Option<EntryMark> {
        let back = usize::try_from(self.last.0.checked_sub(seq.0)?).ok()?;
        self.marks.get(self.marks.len().checked_sub(back + 1)?).copied()
    }

    /// An entry came under a number that was delivered. Returns whether it is another one: then the store is to be asked.
    pub(super) fn came_again(&mut self, seq: Seq, mark: EntryMark) -> bool {
        let other = self.known(seq).filter(|known| *known != mark);
        self.doubt = self.doubt.or_else(|| other.map(|known| (seq, known)));
        other.is_some()
    }

    /// What was delivered under a number that is in doubt.
    pub fn doubt(&self) -> Option<(Seq, EntryMark)> {
        self.doubt
    }

    /// The store has what was in doubt when `then` was taken.
    pub(super) fn assure(&mut self, then: &Self) {
        self.doubt = self.doubt.filter(|doubt| Some(*doubt) != then.doubt);
    }

    /// What the store has after [`Trail::start`], rising: is it what was delivered?
    pub fn judge(&self, found: impl IntoIterator<Item = (Seq, EntryMark)>) -> Verdict {
        let mut reached = self.last == Seq::ZERO;
        for (seq, mark) in found {
            if self.contradicts(seq, mark) {
                return Verdict::Other(seq);
            }
            reached |= seq == self.last;
        }
        if reached { Verdict::Same } else { Verdict::Missing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(of: &str) -> EntryMark {
        EntryMark::of(of.as_bytes())
    }

    fn trail(from: u64, to: u64) -> Trail {
        let mut trail = Trail::after(Seq(from - 1));
        (from..=to).for_each(|seq| trail.push(Seq(seq), mark(&format!("entry {seq}"))));
        trail
    }

    fn stored(from: u64, to: u64) -> impl Iterator<Item = (Seq, EntryMark)> {
        (from..=to).map(|seq| (Seq(seq), mark(&format!("entry {seq}"))))
    }

    #[test]
    fn a_log_that_has_what_was_delivered_is_the_same_however_far_it_goes() {
        let trail = trail(3, 20);
        assert_eq!((trail.last(), trail.start()), (Seq(20), Seq(12)));
        for to in [20, 21, 200] {
            assert_eq!(trail.judge(stored(13, to)), Verdict::Same);
        }
        assert_eq!(Trail::default().judge(stored(1, 5)), Verdict::Same, "of an empty log nothing was delivered");
    }

    #[test]
    fn a_log_that_ends_before_it_is_missing_something() {
        for to in 12..20 {
            assert_eq!(trail(3, 20).judge(stored(13, to)), Verdict::Missing, "{to}");
        }
        assert_eq!(Trail::after(Seq(7)).judge([]), Verdict::Missing);
    }

    #[test]
    fn another_entry_under_a_known_number_shows_even_in_a_longer_log() {
        let other = (Seq(20), mark("another 20"));
        assert_eq!(trail(3, 20).judge(stored(13, 19).chain([other]).chain(stored(21, 30))), Verdict::Other(Seq(20)));
        assert!(trail(3, 20).contradicts(Seq(13), mark("another 13")));
        for unknown in [12, 21] {
            assert!(!trail(3, 20).contradicts(Seq(unknown), mark("another")));
        }
    }

    #[test]
    fn a_doubt_stays_while_entries_go_on_until_the_store_was_asked() {
        let mut trail = trail(3, 20);
        assert!(!trail.came_again(Seq(20), mark("entry 20")) && !trail.came_again(Seq(2), mark("another 2")));
        assert_eq!(trail.doubt(), None);
        assert!(trail.came_again(Seq(20), mark("another 20")));
        (21..60).for_each(|seq| trail.push(Seq(seq), mark("more")));
        assert!(!trail.came_again(Seq(20), mark("another 20")), "its mark is not in the trail any more");
        assert_eq!(trail.doubt(), Some((Seq(20), mark("entry 20"))));
        assert!(trail.came_again(Seq(59), mark("another 59")));
        let then = trail.clone();
        assert_eq!(then.doubt(), Some((Seq(20), mark("entry 20"))), "the first tells");
        trail.assure(&then);
        assert_eq!(trail.doubt(), None);
        assert!(trail.came_again(Seq(58), mark("another 58")));
        trail.assure(&then);
        assert_eq!(trail.doubt(), Some((Seq(58), mark("more"))), "that one came since");
    }

    #[test]
    fn what_a_gate_started_after_is_learned_once() {
        let mut trail = Trail::after(Seq(7));
        assert_eq!(trail.start(), Seq(6));
        trail.learn(Seq(6), mark("entry 6"));
        assert!(!trail.contradicts(Seq(7), mark("another 7")));
        trail.learn(Seq(7), mark("entry 7"));
        trail.learn(Seq(7), mark("another 7"));
        assert!(trail.contradicts(Seq(7), mark("another 7")) && !trail.contradicts(Seq(7), mark("entry 7")));
    }
}
