//! The store, watched: how long each operation takes, which fail and why.
//!
//! The domain turns a store's failure into one refusal for clients. Its cause is counted and logged here, once for everybody who
//! uses the store.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use souk_chat::ports::{
    Appended, Audit, AuditId, AuditRow, Epochs, Heartbeat, Heartbeats, Incarnation, ListRow, Lists, Log, Look, Orders,
    OriginalId, OriginalRow, Originals, Outbox, OutboxIntent, Store, StoreError, Watermarks,
};
use souk_chat::{Entry, EntryKey, Epoch, Head, Mark, Marks, Message, NewEntry, NewOrder, Order, OrderId, OwedRow, Seq};
use souk_chat::{Timestamp, UserId};

use crate::metrics::Metrics;

/// While the store fails, each kind of failure is logged at most this often.
const LOGGED_EVERY: Duration = Duration::from_secs(10);
/// The store works again when something succeeded and nothing failed for this long.
const CALM: Duration = Duration::from_secs(5);

/// A [`Store`] that counts, times and logs what another one does. Results pass unchanged. An operation whose caller stops waiting is
/// counted as `abandoned`, and not logged: people leave.
pub struct ObservedStore {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    outage: Mutex<Outage>,
    invalid: Mutex<Outage>,
}

impl ObservedStore {
    /// Watches this store from now on.
    pub fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, outage: Mutex::default(), invalid: Mutex::default() }
    }

    async fn observe<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let running = Running { metrics: &self.metrics, operation, start: Instant::now() };
        let result = work.await;
        running.end(result.as_ref().err());
        match &result {
            Ok(_) => self.log_recovery(),
            Err(error) => self.log_failure(operation, error),
        }
        result
    }

    fn log_failure(&self, operation: &'static str, error: &StoreError) {
        let invalid = matches!(error, StoreError::Invalid(_));
        let outage = if invalid { &self.invalid } else { &self.outage };
        let Some(failures) = outage.lock().failed(Instant::now()) else { return };
        if invalid {
            tracing::error!(operation, failures, %error, "the store refuses what this node asks for");
        } else {
            tracing::warn!(operation, failures, %error, "the store fails");
        }
    }

    fn log_recovery(&self) {
        // Nearly always nothing failed, and nobody waits here for whoever logs.
        let Some(mut outage) = self.outage.try_lock() else { return };
        if let Some((failures, lasted)) = outage.succeeded(Instant::now()) {
            tracing::info!(failures, seconds = lasted.as_secs(), "the store works again");
        }
    }
}

/// An operation under way. Dropped before its end it counts as abandoned.
struct Running<'a> {
    metrics: &'a Metrics,
    operation: &'static str,
    start: Instant,
}

impl Running<'_> {
    fn end(self, error: Option<&StoreError>) {
        self.metrics.store_seconds.since(self.operation, self.start);
        if let Some(error) = error {
            self.metrics.store_failures.count(self.operation, kind(error));
        }
        std::mem::forget(self);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.metrics.store_seconds.since(self.operation, self.start);
        self.metrics.store_failures.count(self.operation, "abandoned");
    }
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Unknown(_) => "unknown",
        StoreError::Invalid(_) => "invalid",
    }
}

/// Failures between which nothing worked for long, and when they were last logged.
#[derive(Debug, Default)]
struct Outage {
    now: Option<Failing>,
}

#[derive(Clone, Copy, Debug)]
struct Failing {
    since: Instant,
    last: Instant,
    logged: Instant,
    failures: u64,
    unlogged: u64,
}

impl Outage {
    /// Notes a failure. The number of failures to log now, those that were not logged before among them; `None`: not yet again.
    fn failed(&mut self, now: Instant) -> Option<u64> {
        let failing = self.now.get_or_insert(Failing { since: now, last: now, logged: now, failures: 0, unlogged: 0 });
        let first = failing.failures == 0;
        failing.last = now;
        failing.failures += 1;
        failing.unlogged += 1;
        if !first && now.duration_since(failing.logged) < LOGGED_EVERY {
            return None;
        }
        failing.logged = now;
        Some(std::mem::take(&mut failing.unlogged))
    }

    /// Notes a success. How many operations failed and for how long, where this is what ends an outage.
    fn succeeded(&mut self, now: Instant) -> Option<(u64, Duration)> {
        let failing = self.now.filter(|failing| now.duration_since(failing.last) >= CALM)?;
        self.now = None;
        Some((failing.failures, failing.last.duration_since(failing.since)))
    }
}

#[async_trait]
impl Orders for ObservedStore {
    async fn put_order(&self, order: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, StoreError> {
        self.observe("put_order", self.store.put_order(order, at)).await
    }

    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.observe("order", self.store.order(id)).await
    }
}

#[async_trait]
impl Log for ObservedStore {
    async fn look(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError> {
        self.observe("look", self.store.look(order, keys)).await
    }

    async fn append(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, StoreError> {
        self.observe("append", self.store.append(order, head, entries)).await
    }

    async fn head(&self, order: &OrderId) -> Result<Option<Head>, StoreError> {
        self.observe("head", self.store.head(order)).await
    }

    async fn entries(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.observe("entries", self.store.entries(order, after, limit)).await
    }

    async fn messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.observe("messages_before", self.store.messages_before(order, before, limit)).await
    }

    async fn messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Message>, StoreError> {
        self.observe("messages", self.store.messages(order, seqs)).await
    }
}

#[async_trait]
impl Lists for ObservedStore {
    async fn advance(&self, order: &Order, head: &Head, at: Timestamp) -> Result<(), StoreError> {
        self.observe("advance", self.store.advance(order, head, at)).await
    }

    async fn list(&self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, StoreError> {
        self.observe("list", self.store.list(user, limit)).await
    }

    async fn stirred(&self, span: Duration, limit: usize) -> Result<Vec<(OrderId, Timestamp)>, StoreError> {
        self.observe("stirred", self.store.stirred(span, limit)).await
    }
}

#[async_trait]
impl Watermarks for ObservedStore {
    async fn raise(
        &self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), StoreError> {
        self.observe("raise", self.store.raise(order, user, delivered, read)).await
    }

    async fn marks(&self, order: &OrderId, users: &[&UserId]) -> Result<Vec<Marks>, StoreError> {
        self.observe("marks", self.store.marks(order, users)).await
    }
}

#[async_trait]
impl Outbox for ObservedStore {
    async fn intend(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        self.observe("intend", self.store.intend(intents)).await
    }

    async fn intents(
        &self,
        incarnation: &Incarnation,
        minute: i64,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, StoreError> {
        self.observe("intents", self.store.intents(incarnation, minute, limit)).await
    }

    async fn drop_intents(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        self.observe("drop_intents", self.store.drop_intents(intents)).await
    }

    async fn owed(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, StoreError> {
        self.observe("owed", self.store.owed(order, after, limit)).await
    }

    async fn events_mark(&self, order: &OrderId) -> Result<Seq, StoreError> {
        self.observe("events_mark", self.store.events_mark(order)).await
    }

    async fn raise_events_mark(&self, order: &OrderId, to: Seq) -> Result<(), StoreError> {
        self.observe("raise_events_mark", self.store.raise_events_mark(order, to)).await
    }
}

#[async_trait]
impl Heartbeats for ObservedStore {
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        self.observe("beat", self.store.beat(heartbeat)).await
    }

    fn heartbeat_shards(&self) -> u32 {
        self.store.heartbeat_shards()
    }

    async fn heartbeats(&self, shard: u32) -> Result<Vec<Heartbeat>, StoreError> {
        self.observe("heartbeats", self.store.heartbeats(shard)).await
    }

    async fn forget(&self, incarnation: &Incarnation) -> Result<(), StoreError> {
        self.observe("forget", self.store.forget(incarnation)).await
    }
}

#[async_trait]
impl Originals for ObservedStore {
    async fn keep(&self, rows: &[OriginalRow]) -> Result<(), StoreError> {
        self.observe("keep", self.store.keep(rows)).await
    }

    async fn originals(
        &self,
        order: &OrderId,
        after: Option<&OriginalId>,
        limit: usize,
    ) -> Result<Vec<OriginalRow>, StoreError> {
        self.observe("originals", self.store.originals(order, after, limit)).await
    }
}

#[async_trait]
impl Audit for ObservedStore {
    async fn record(&self, row: &AuditRow) -> Result<(), StoreError> {
        self.observe("record", self.store.record(row)).await
    }

    async fn audit(&self, before: Option<AuditId>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        self.observe("audit", self.store.audit(before, limit)).await
    }
}

#[async_trait]
impl Epochs for ObservedStore {
    async fn epoch(&self) -> Result<Epoch, StoreError> {
        self.observe("epoch", self.store.epoch()).await
    }

    async fn is_ours(&self, order: &OrderId, epoch: &Epoch, since: Seq) -> Result<bool, StoreError> {
        self.observe("is_ours", self.store.is_ours(order, epoch, since)).await
    }

    fn began(&self, epoch: &Epoch) -> Option<Timestamp> {
        self.store.began(epoch)
    }

    async fn begin_epoch(&self, from: &Epoch) -> Result<Epoch, StoreError> {
        self.observe("begin_epoch", self.store.begin_epoch(from)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_long_outage_is_logged_now_and_then_and_its_end_once() {
        let (start, mut outage) = (Instant::now(), Outage::default());
        assert_eq!(outage.succeeded(start), None, "nothing failed");
        let mut logged = Vec::new();
        for tenth in 0..250_u32 {
            logged.extend(outage.failed(start + SECOND * tenth / 10));
        }
        assert_eq!(logged, [1, 100, 100], "at once, then every ten seconds with what failed since");
        let last = start + SECOND * 249 / 10;
        assert_eq!(outage.succeeded(last + SECOND), None, "one success between failures is no end");
        assert_eq!(outage.succeeded(last + CALM), Some((250, last - start)));
        assert_eq!(outage.succeeded(last + CALM), None, "it ended already");
        assert_eq!(outage.failed(last + 2 * CALM), Some(1), "another outage is logged at once");
    }
}
