use std::sync::atomic::{AtomicU64, Ordering};

use souk_chat::EventType;

/// What the relay did, for whoever exports it. Counters rise; gauges say so.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Notifications that were confirmed.
    pub notifications: AtomicU64,
    /// Moderation events that were confirmed.
    pub moderations: AtomicU64,
    /// Walks that failed and were begun again.
    pub failed: AtomicU64,
    /// Intents that the sweeper dealt with.
    pub swept: AtomicU64,
    /// Fences that were appended.
    pub fenced: AtomicU64,
    /// Intents against a head that the store has lost: void, as nothing can be written against it any more.
    pub lost: AtomicU64,
    /// Nudges dropped because too many orders waited; their intents remain.
    pub overflowed: AtomicU64,
    /// Intents that did not fit the process's memory and are found in the store alone.
    pub spilled: AtomicU64,
    /// Owed rows that no event could be made of: nothing in the log to tell about.
    pub unbuildable: AtomicU64,
    /// Signs of life that could not be written.
    pub beats_failed: AtomicU64,
    /// Looks at signs of life, or at an ended process's intents, that the store did not answer.
    pub sweeps_failed: AtomicU64,
    /// Processes found dead, swept and forgotten.
    pub forgotten: AtomicU64,
    /// Gauge: walks going on.
    pub walkers: AtomicU64,
    /// Gauge: milliseconds that the order waiting longest has waited for its events to be confirmed.
    pub oldest_owed_millis: AtomicU64,
}

impl Metrics {
    /// Confirmed events of a type.
    pub fn emitted(&self, kind: EventType) -> &AtomicU64 {
        match kind {
            EventType::Notification => &self.notifications,
            EventType::Moderation => &self.moderations,
        }
    }
}

pub(super) fn count(counter: &AtomicU64) {
    add(counter, 1);
}

pub(super) fn add(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}
