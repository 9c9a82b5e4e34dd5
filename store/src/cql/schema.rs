//! The tables, and bringing a keyspace up to date.
//!
//! Rules that hold for every statement on them:
//! * `log`, `orders` and `settings` are written and deleted under a condition only (`IF`), so that a delayed write can never undo a later one.
//! * `marks`, `lists` and `order_marks` are written `USING TIMESTAMP <number>` only, so that the highest number wins whenever
//!   it arrives. Their columns are never nulled or deleted, and never written with a clock's timestamp: they would not rise again.
//! * `intents` and `heartbeats` are plain rows. The key of an intent is never written twice. Both are spread: an intent stands under
//!   `<incarnation>/<shard>`, a sign of life in the bucket of its incarnation. Earlier builds used `<incarnation>` alone and bucket 0;
//!   those are read as well.
//! * A row of `originals` is one cell beside its name, so that two writers of one row never mix. Rows of `audit` and
//!   `audit_hours` are written once; writing one again writes the same.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use souk_chat::ports::StoreError;

/// Each step's number is its place, counted from 1. Steps are never changed, only added. Each statement may run again, and
/// beside itself on another node.
pub(crate) const STEPS: &[&[&str]] = &[
    &[LOG, ORDERS, ORDER_MARKS, MARKS, LISTS, INTENTS, HEARTBEATS],
    &[ORIGINALS, AUDIT, AUDIT_HOURS],
    // No table changes. From here on heads hold the time of their last entry, which older programs cannot read, and the settings
    // say where numbers are agreed on, at which older programs would not look.
    &[],
];

/// The version this program writes.
pub(crate) const VERSION: i32 = 3;
const _: () = assert!(STEPS.len() == VERSION as usize, "every step has its version");

/// What has been done to this keyspace; made before everything else.
pub(crate) const MIGRATIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, done_at bigint)";
/// What was decided once for this keyspace.
pub(crate) const SETTINGS: &str = "CREATE TABLE IF NOT EXISTS settings (name text PRIMARY KEY, value text)";

// One partition holds a volume of an order's log, in sections: what one conditional batch writes is all in it.
const LOG: &str = "
CREATE TABLE IF NOT EXISTS log (
    order_id text, volume int, section tinyint, seq bigint, name text,
    head text STATIC,
    kind tinyint, key text, at bigint, client bigint, contractor bigint, targets text,
    version int, rev bigint, content text, edited_at bigint, moderated boolean, flags int,
    sender text, created_at bigint, client_message_id text,
    made bigint, fingerprint blob,
    facts text,
    PRIMARY KEY ((order_id, volume), section, seq, name)
)";
const ORDERS: &str = "
CREATE TABLE IF NOT EXISTS orders (
    order_id text PRIMARY KEY, client text, contractor text, title text, status text, created_at bigint
)";
const ORDER_MARKS: &str =
    "CREATE TABLE IF NOT EXISTS order_marks (order_id text PRIMARY KEY, events bigint, volume int)";
const MARKS: &str = "
CREATE TABLE IF NOT EXISTS marks (
    order_id text, user_id text, delivered bigint, delivered_others bigint, read bigint, read_others bigint,
    PRIMARY KEY (order_id, user_id)
)";
const LISTS: &str = "
CREATE TABLE IF NOT EXISTS lists (
    user_id text, order_id text, head bigint, others bigint, at bigint, read bigint, read_others bigint,
    PRIMARY KEY (user_id, order_id)
)";
// A dropped intent that came back would only be looked at once more: its tombstones need not wait for days.
const INTENTS: &str = "
CREATE TABLE IF NOT EXISTS intents (
    incarnation text, minute bigint, order_id text, key text, head bigint,
    PRIMARY KEY ((incarnation, minute), order_id, key, head)
) WITH gc_grace_seconds = 3600";
const HEARTBEATS: &str = "
CREATE TABLE IF NOT EXISTS heartbeats (
    bucket tinyint, incarnation text, beat bigint, oldest_minute bigint, minute bigint,
    PRIMARY KEY (bucket, incarnation)
)";
// `volume` is the order's newest volume that the writer had seen: a partition takes what was written while that one filled.
// `kept` is version, sender, time and sealed text.
const ORIGINALS: &str = "
CREATE TABLE IF NOT EXISTS originals (
    order_id text, volume int, owner text, id text, message bigint, why tinyint,
    kept frozen<tuple<int, text, bigint, blob>>,
    PRIMARY KEY ((order_id, volume), owner, id, message, why)
)";
// A partition is one hour.
const AUDIT: &str = "
CREATE TABLE IF NOT EXISTS audit (
    hour bigint, at bigint, number bigint, actor text, role text, action text, order_id text, details text,
    PRIMARY KEY (hour, at, number)
) WITH CLUSTERING ORDER BY (at DESC, number DESC)";
// The hours that have rows, so that nobody looks for them: at most 24 a day.
const AUDIT_HOURS: &str = "
CREATE TABLE IF NOT EXISTS audit_hours (
    bucket tinyint, hour bigint, PRIMARY KEY (bucket, hour)
) WITH CLUSTERING ORDER BY (hour DESC)";

/// The section of a volume that holds its entries.
///
/// Sections in clustering order: 0 holds keys by name (the empty name is the marker that is written when the volume opens),
/// 1 entries by number, 2 owed events by entry and name, 3 overlays: new states of messages of earlier volumes, by the
/// message's number.
pub(crate) const ENTRIES: i8 = 1;
/// The section of a volume that holds overlays.
pub(crate) const OVERLAYS: i8 = 3;

/// How entries are spread over volumes: volume `v` holds the entries `v × size + 1` to `(v + 1) × size`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volumes {
    /// Entries of a volume.
    pub(crate) size: u64,
}

impl Volumes {
    /// The volume that holds the entry `seq`, which is at least 1; `None`: beyond what can be numbered.
    pub(crate) fn of(self, seq: u64) -> Option<u32> {
        let volume = u32::try_from(seq.saturating_sub(1) / self.size).ok()?;
        i32::try_from(volume).ok().map(|_| volume)
    }

    /// The last entry of `volume`.
    pub(crate) fn end(self, volume: u32) -> u64 {
        (u64::from(volume) + 1) * self.size
    }
}

/// A volume's number as CQL keeps it.
pub(crate) fn stored(volume: u32) -> Result<i32, StoreError> {
    i32::try_from(volume).map_err(|_| StoreError::Invalid(format!("there is no volume {volume}")))
}

/// Whether a statement was refused because its table is not there.
pub(super) fn is_missing(error: &ExecutionError) -> bool {
    matches!(error, ExecutionError::LastAttemptError(RequestAttemptError::DbError(DbError::Invalid, _)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_begin_after_the_last_ones_end() {
        let volumes = Volumes { size: 8 };
        assert_eq!([1, 8, 9, 16, 17].map(|seq| volumes.of(seq)), [Some(0), Some(0), Some(1), Some(1), Some(2)]);
        assert_eq!((volumes.end(0), volumes.end(2)), (8, 24));
        assert_eq!(volumes.of(u64::MAX), None);
    }
}
