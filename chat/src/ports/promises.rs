use crate::id::OrderId;
use crate::log::{EntryKey, Seq};

use super::store::Intent;

/// Names this process's promises of owed events. Whoever sweeps them up later needs to know the oldest minute in use, so one
/// place hands them all out.
pub trait Promises: Send + Sync {
    /// The promise for a batch that is to be written against head number `head` and in which the entry `key` owes an event.
    fn promise(&self, order: &OrderId, key: &EntryKey, head: Seq) -> Intent;
}
