use crate::id::OrderId;
use crate::log::{EntryKey, Seq};

use super::store::OutboxIntent;

/// Names this process's intents of owed events. Whoever sweeps them up later needs to know the oldest minute in use, so one
/// place hands them all out.
pub trait OutboxIntents: Send + Sync {
    /// The intent for a batch that is to be written against head number `head` and in which the entry `key` owes an event.
    fn intent(&self, order: &OrderId, key: &EntryKey, head: Seq) -> OutboxIntent;

    /// Whether intents of this process are sure to be found if it ends now. Asked after [`intend`](super::Outbox::intend)
    /// returned and before the batch is written: a process that was paused in between may have been taken for dead and
    /// forgotten, and must not write until its next sign of life is in the store (some seconds). An engine that needs no
    /// intents is as safe either way.
    fn standing(&self) -> bool {
        true
    }
}
