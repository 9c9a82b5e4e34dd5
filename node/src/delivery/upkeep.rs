//! What delivery does again and again: comparing rooms with the store, and trying failed publishes once more.
//!
//! The two run beside each other, so that a router that is slow to take what it missed does not keep rooms from being healed. Both
//! are bounded: publishes and reads under way by number, reads also by time. After an interruption every room of a node is due at
//! once, and on every node: so due rooms are taken in slots, those that wait longest first, and their next turns are spread.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, ready, select};
use futures_util::stream::{self, StreamExt};
use souk_chat::guarded;
use souk_chat::ports::RouterError;

use super::{Delivery, Publish};
use crate::hub::Room;

/// How often rooms are looked through for comparisons that are due.
pub(super) const COMPARE_ROUND: Duration = Duration::from_millis(500);
/// How often the head of an order with an entry in the last [`LIVELY_FOR`] is compared with the store, at least.
const COMPARE_LIVELY: Duration = Duration::from_secs(5);
/// How often the head of a silent order is, at least.
const COMPARE_SILENT: Duration = Duration::from_secs(60);
/// How long after an entry an order counts as lively.
const LIVELY_FOR: Duration = Duration::from_secs(60);
/// Reads for comparisons at the same time.
const READS_AT_ONCE: usize = 64;
/// Such reads are paced by slots of this length.
const SLOT: Duration = Duration::from_millis(100);
/// Reads that begin in one slot, at most: 2,000 a second. On a node with more rooms than that allows in [`COMPARED_IN_SLOTS`] it is
/// their share, so that all of them are compared within that time even when all are due.
const READS_PER_SLOT: usize = 200;
/// Slots in which every room has its turn: four seconds, less than half of the time within which views must be whole.
const COMPARED_IN_SLOTS: usize = 40;
/// How long one comparison waits for the store. It is done again a moment later.
const COMPARE_PATIENCE: Duration = Duration::from_secs(5);
/// When a comparison that got no answer is due again.
const COMPARE_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long failed publishes wait for the next try.
const REPUBLISH_EVERY: Duration = Duration::from_millis(500);
/// Publishes tried again at the same time.
const REPUBLISH_AT_ONCE: usize = 256;

/// Names of tasks.
const COMPARE: &str = "compare";
const REPUBLISH: &str = "republish";

impl Delivery {
    /// Compares rooms with the store, for ever: what a router lost shows here. `regularly`: also rooms that nothing speaks against. A
    /// node whose router cannot lose anything compares none of those. May be dropped at any time, and begun again.
    pub async fn compare_on(self: Arc<Self>, regularly: bool) {
        loop {
            self.runtime.sleep(COMPARE_ROUND).await;
            let rooms = self.hub.rooms();
            let per_slot = rooms.len().div_ceil(COMPARED_IN_SLOTS).max(READS_PER_SLOT);
            let paced = stream::iter(self.due(rooms, regularly).into_iter().enumerate()).then(async |(place, room)| {
                if place > 0 && place % per_slot == 0 {
                    self.runtime.sleep(SLOT).await;
                }
                room
            });
            let compare = async |room| {
                // One room's panic is not the others' business. The room has its next turn, as after any comparison.
                let _ = guarded(self.runtime.tasks(), COMPARE, self.compare(room)).await;
            };
            paced.for_each_concurrent(READS_AT_ONCE, compare).await;
        }
    }

    /// The rooms whose turn it is, those that wait longest first; of those that wait as long as each other none is preferred.
    fn due(&self, mut rooms: Vec<Arc<Room>>, regularly: bool) -> Vec<Arc<Room>> {
        let now = self.runtime.monotonic();
        let never = Duration::MAX / 4;
        let (lively, silent) = if regularly { (COMPARE_LIVELY, COMPARE_SILENT) } else { (never, never) };
        rooms.retain(|room| room.is_due(now));
        // From an order of their own, not from that of a table: what a node does is decided by what happens to it alone.
        rooms.sort_unstable_by(|one, other| one.order().cmp(other.order()));
        let mut due: Vec<_> = rooms
            .into_iter()
            .filter_map(|room| {
                let chance = self.runtime.random();
                let since = room.take_comparison(now, sooner(lively, chance), sooner(silent, chance), LIVELY_FOR)?;
                Some((since, chance, room))
            })
            .collect();
        due.sort_by_key(|(since, chance, _)| (*since, *chance));
        due.into_iter().map(|(_, _, room)| room).collect()
    }

    async fn compare(&self, room: Arc<Room>) {
        self.counters.comparisons.fetch_add(1, Ordering::Relaxed);
        let looked = pin!(self.look_over(&room));
        if !matches!(select(looked, self.runtime.sleep(COMPARE_PATIENCE)).await, Either::Left((Ok(()), _))) {
            room.compare_within(self.runtime.monotonic(), COMPARE_AGAIN_AFTER);
        }
    }

    /// Tries failed publishes again, for ever. May be dropped at any time, and begun again; what was under way then is not tried again.
    pub async fn republish_on(self: Arc<Self>) {
        loop {
            self.runtime.sleep(REPUBLISH_EVERY).await;
            if !self.router.is_connected() {
                continue;
            }
            let failed = std::mem::take(&mut *self.failed.lock());
            let publishes = stream::iter(failed).map(|publish| self.republish(publish));
            publishes.buffer_unordered(REPUBLISH_AT_ONCE).for_each(ready).await;
        }
    }

    async fn republish(&self, publish: Publish) {
        if publish.turn != self.losses.turn() {
            return;
        }
        let answer = async { self.router.publish(&publish.channels, publish.envelope.clone()).await };
        let outcome = guarded(self.runtime.tasks(), REPUBLISH, answer).await;
        let outcome = outcome.unwrap_or_else(|panicked| Err(RouterError(panicked.to_string())));
        self.published(outcome, publish);
    }
}

/// Up to a quarter sooner, by chance: rooms that were compared together are not compared together again.
fn sooner(every: Duration, chance: u64) -> Duration {
    every - every / (4 * 256) * u32::from(chance.to_le_bytes()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_can_come_a_quarter_sooner() {
        for every in [Duration::from_secs(5), Duration::MAX / 4] {
            for chance in 0..256 {
                let sooner = sooner(every, chance);
                assert!(sooner <= every && sooner > every / 4 * 3, "{chance}: {sooner:?} of {every:?}");
            }
        }
    }
}
