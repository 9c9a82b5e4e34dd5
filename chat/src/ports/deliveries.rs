use std::sync::Arc;
use std::time::Duration;

use souk_moderation::Span;

use crate::id::{OrderId, UserId};
use crate::log::{Entry, Head, Seq};
use crate::order::Order;
use crate::time::Timestamp;
use crate::watermark::Marks;

use super::router::Origin;

/// Entries that are in the log, in order, right after they got there.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The order they belong to.
    pub order: Arc<Order>,
    /// The entries, rising; neighbours. None: there is nothing to deliver, only events to ask for.
    pub entries: Vec<Arc<Entry>>,
    /// For each entry the connection that it came over; none for what souk adds of itself (a masking after the fact).
    pub origins: Vec<Origin>,
    /// For each entry what was masked in the text that its sender wrote: for the answer to that connection alone, never sent
    /// to anybody else, stored nowhere. Empty where nothing was, and for repeats, whose original is not known.
    pub masked: Vec<Arc<[Span]>>,
    /// The log's head when they were appended, or later.
    pub head: Head,
    /// Somebody asked again for what was there already, and this node does not know that what follows a write was done: whoever
    /// wrote it may have ended before. It may come twice.
    pub repeat: bool,
    /// Whether any of them owes an event, or may.
    pub owes: bool,
}

/// An order's log, read at SERIAL, ends before an entry that this node had read from it or written to it: the store lost it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WentBack {
    /// The order.
    pub order: OrderId,
    /// The last entry that was there.
    pub known: Seq,
    /// When it was, on the monotonic clock.
    pub known_at: Duration,
    /// The last entry there is.
    pub found: Seq,
}

/// A person got further in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The order.
    pub order: OrderId,
    /// Who got further.
    pub user: UserId,
    /// How far, as shown.
    pub marks: Marks,
    /// When.
    pub at: Timestamp,
}

/// Where committed entries go: the node delivers them to its own connections, publishes them to the others and wakes the
/// walker of owed events.
pub trait Feed: Send + Sync {
    /// Called once per write, before its senders are answered, and in the order of the log for what this node writes; for repeats
    /// at most [`REPEATS_REDONE`](crate::limits::REPEATS_REDONE) times. Must return at once: what takes time is queued, bounded, behind it.
    fn committed(&self, committed: &Committed);
    /// Told once per loss and order. Must return at once, too.
    fn went_back(&self, loss: WentBack);
    /// A person's marks were raised in the store. Returns at once. What is lost of it comes by the comparison with the store.
    fn marked(&self, marked: &Marked);
    /// Entries of this order may be in the log that were never fed: who shows it should compare with the store. Returns at once.
    fn suspect(&self, order: &OrderId);
}
