//! History. What is in the store is the truth; everything else is a faster way to hear of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::fingerprint::Fingerprint;
use crate::id::{OrderId, UserId};
use crate::log::{Entry, EntryKey, Head, NewEntry, Seq};
use crate::message::Message;
use crate::order::{NewOrder, Order};
use crate::owed::OwedRow;
use crate::time::Timestamp;
use crate::watermark::{Mark, Marks};

pub use super::store_error::StoreError;
use super::{Audit, Epochs, Originals};

/// All of history. One engine implements all of these.
pub trait Store: Orders + Log + Lists + Watermarks + Outbox + Heartbeats + Originals + Audit + Epochs {}
impl<T: Orders + Log + Lists + Watermarks + Outbox + Heartbeats + Originals + Audit + Epochs> Store for T {}

/// Orders and who is in them.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Makes the order with an empty log and a list row for each party, or changes title and status of the one that is there
    /// (absent fields stay). Safe to repeat after any error. Returns the order as it is now and whether this call made it.
    /// An order with other parties is left alone: `None`.
    async fn put_order(&self, order: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, StoreError>;
    /// The order; `None`: there is none.
    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError>;
}

/// What one serial read says of an order's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The head, read together with the keys.
    pub head: Head,
    /// For each key asked: the entry written under it, if any.
    pub known: Vec<Option<Known>>,
}

/// An entry that a key was found to have made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub seq: Seq,
    /// Of the original text.
    pub fingerprint: Option<Fingerprint>,
}

/// What became of a conditional batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// All of the given entries up to this head are in the log: all of them, or the longest beginning that fits the volume
    /// (never none).
    Applied(Head),
    /// Nothing was written: the head is another, a key exists, or a new volume had to be opened first. Look again.
    Refused,
}

/// An order's log.
#[async_trait]
pub trait Log: Send + Sync {
    /// Reads head and keys at once, at SERIAL in every volume that matters, finishing any write that was under way. `None`: no such order.
    /// What it says of a key that is absent is true of that moment only: a write whose outcome is unknown may still land, unless the
    /// head has moved beyond what it was conditional on.
    async fn look(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError>;
    /// Appends `entries` in one conditional batch: only if the log's head still equals `head` and none of the keys exists in
    /// this volume. Entries are numbered from `head.seq + 1` without a hole and carry rising counts; keys are distinct; at
    /// most [`BATCH_ENTRIES`](crate::limits::BATCH_ENTRIES). For an edit or masking, each changed message's row is conditional on `version - 1`.
    /// Owed rows are written with their entry. Where `head.volume > 0` the caller has looked for the keys, at or after reading
    /// that head. Errors: [`StoreError::Unknown`] where the batch may have been applied.
    /// No retry inside, ever.
    async fn append(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, StoreError>;
    /// The head as a quorum read sees it: cheap, never ahead of the truth. `None`: no such order.
    async fn head(&self, order: &OrderId) -> Result<Option<Head>, StoreError>;
    /// Entries after `after`, rising, at most `limit`; messages inside as they are now. Fewer than `limit`: there were no more.
    async fn entries(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, StoreError>;
    /// The nearest `limit` messages whose `seq` is below `before` (`None`: the newest), rising. Entries that made no message are
    /// passed over; across volumes.
    async fn messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError>;
    /// The messages that these entries made, as they are now, rising; numbers that made none are left out. At most 200 numbers.
    async fn messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Message>, StoreError>;
}

/// A chat in a person's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRow {
    /// The chat.
    pub order: OrderId,
    /// The last entry that this row knows of; 0: nothing yet.
    pub head: Seq,
    /// The *other* party's messages up to `head`: unread is this less `read.others`.
    pub others: u64,
    /// When that entry was written, or the chat made.
    pub at: Timestamp,
    /// How far the person read.
    pub read: Mark,
}

/// People's lists of chats. Rows only rise: an update with a lower number changes nothing, whenever it arrives.
#[async_trait]
pub trait Lists: Send + Sync {
    /// Raises the row of both parties of `order` to `head`, whose last entry was written at `at`. Safe to repeat.
    async fn advance(&self, order: &Order, head: &Head, at: Timestamp) -> Result<(), StoreError>;
    /// A person's rows, at most `limit`, in no particular order.
    async fn list(&self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, StoreError>;
    /// The orders that were written to last, newest first, with the time of the newest entry: those within `span` before the very
    /// last of all, at most `limit`. For a process that starts where another one ended. An engine that several processes share
    /// need not know and names none: [`Presence::orphans`](super::Presence::orphans) tells there whose node ended.
    async fn stirred(&self, span: Duration, limit: usize) -> Result<Vec<(OrderId, Timestamp)>, StoreError>;
}

/// How far each party got.
#[async_trait]
pub trait Watermarks: Send + Sync {
    /// Raises the marks of `user`, a party of the order, and the list row's `read`, to at least these. Lower ones change nothing;
    /// concurrent calls end at the highest. Safe to repeat.
    async fn raise(
        &self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), StoreError>;
    /// The marks of each of `users`, in the order asked; a person without a row has none.
    async fn marks(&self, order: &OrderId, users: &[&UserId]) -> Result<Vec<Marks>, StoreError>;
}

/// One run of one node's process. Sortable by nothing; unique.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Incarnation(pub Arc<str>);

/// An intent, written before a batch that owes an event: look at this order if I do not come back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OutboxIntent {
    /// Who wrote it.
    pub incarnation: Incarnation,
    /// The minute of the intent (Unix time / 60 s): what is kept together.
    pub minute: i64,
    /// The part of that minute it is kept in, [of its order](OutboxIntent::shard_of). 0: none, as earlier builds wrote them.
    pub shard: u8,
    /// The order.
    pub order: OrderId,
    /// The key of the entry that would owe.
    pub key: EntryKey,
    /// The number of the head that the batch was written against. A batch against another head has its own intent.
    pub head: Seq,
}

impl OutboxIntent {
    /// Parts that the intents of a minute are spread over: what was dropped from one leaves a trace that whoever reads it walks
    /// over, and a busy node drops as many as it made.
    pub const SHARDS: u8 = 16;

    /// The part for intents about this order, from 1 to [`SHARDS`](Self::SHARDS). The same on every node and in every version.
    pub fn shard_of(order: &OrderId) -> u8 {
        // FNV-1a: short, and never to be changed.
        let hash = order
            .as_str()
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
        u8::try_from(hash % u64::from(Self::SHARDS)).unwrap_or_default() + 1
    }
}

/// Owed events and the intents that lead to them. Owed rows themselves are written by [`Log::append`] and stay.
///
/// An engine whose owed rows can be found without knowing their orders (SQLite) needs no intents: `intend` does nothing there, and
/// `intents` tells of orders with rows above their `events` mark, as intents of the asked incarnation.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Keeps the intents. Must have returned `Ok` before the batch they are about is written.
    async fn intend(&self, intents: &[OutboxIntent]) -> Result<(), StoreError>;
    /// The intents of one incarnation and minute, at most `limit`.
    async fn intents(
        &self,
        incarnation: &Incarnation,
        minute: i64,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, StoreError>;
    /// Drops intents that are kept or void. Safe to repeat.
    async fn drop_intents(&self, intents: &[OutboxIntent]) -> Result<(), StoreError>;
    /// Owed rows of entries after `after`, by rising number. At least `limit` of them where there are so many: rows of one entry
    /// are never split over two answers, so the last entry may bring a few more.
    async fn owed(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, StoreError>;
    /// Up to here all that is owed went out and was confirmed; 0 at first.
    async fn events_mark(&self, order: &OrderId) -> Result<Seq, StoreError>;
    /// Raises that mark; a lower one changes nothing.
    async fn raise_events_mark(&self, order: &OrderId, to: Seq) -> Result<(), StoreError>;
}

/// The sign of life that a node's process leaves in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Whose.
    pub incarnation: Incarnation,
    /// Rises with every beat.
    pub beat: u64,
    /// The oldest minute that may still hold intents of it.
    pub oldest_minute: i64,
    /// The minute of the beat, on the node's own clock: the newest minute that may hold intents is the next one.
    pub minute: i64,
}

/// Signs of life, so that a living node finds a dead one's intents.
#[async_trait]
pub trait Heartbeats: Send + Sync {
    /// Writes this process's sign of life.
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError>;
    /// Into how many parts signs of life are spread, so that one part that does not answer hides no others; at least 1.
    fn heartbeat_shards(&self) -> u32 {
        1
    }
    /// All signs of life of one part, counted from 0, living and dead. A process's is always in the same part.
    async fn heartbeats(&self, shard: u32) -> Result<Vec<Heartbeat>, StoreError>;
    /// Forgets a process whose intents have all been dealt with.
    async fn forget(&self, incarnation: &Incarnation) -> Result<(), StoreError>;
}
