use crate::id::OrderId;
use crate::log::{EntryKey, Seq};

use super::store::Intent;

/// Names this process's promises of owed events. Whoever sweeps them up later needs to know the oldest minute in use, so one
/// place hands them all out.
pub trait Promises: Send + Sync {
    /// The promise for a batch that is to be written against head number `head` and in which the entry `key` owes an event.
    fn promise(&self, order: &OrderId, key: &EntryKey, head: Seq) -> Intent;

    /// Whether promises of this process are sure to be found if it ends now. Asked after [`intend`](super::Outbox::intend)
    /// returned and before the batch is written: a process that was paused in between may have been taken for dead and
    /// forgotten, and must not write until its next sign of life is in the store (some seconds). An engine that needs no
    /// promises is as safe either way.
    fn standing(&self) -> bool {
        true
    }
}
