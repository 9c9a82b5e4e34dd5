//! From entries to devices: this node's own entries, what the router brings, and what the store has when something was missed.
//!
//! ```text
//! committed ──► gate of the room ──► joined devices          router ──► order room ──► gate
//!     └───────► router (order room, both user rooms)              └───► user room ───► the person's other devices
//! ```

mod losses;
mod upkeep;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::FutureExt;
use parking_lot::Mutex;
use souk_chat::limits::CATCH_UP_ENTRIES;
use souk_chat::ports::{
    Channel, Committed, Envelope, EnvelopeKind, Feed, Gap, Inbox, Marked, Origin, Router, RouterError, Runtime, Store,
    WentBack,
};
use souk_chat::{Entry, Order, OrderId, Seq, UserId, guarded};
use souk_protocol::ServerEvent;
use souk_protocol::envelope::{EntryMark, StatusEnvelope, decode_status, decode_typing, encode_status, encode_typing};
use souk_protocol::push::{MessageStatus, Typing};

use crate::gate::HOLE_PATIENCE;
use crate::hub::{EncodedEntry, Frames, Hub, Room};

use losses::Losses;

/// First wait after a store that did not answer, or did not have the entry yet.
const REFILL_MIN: Duration = Duration::from_millis(50);
/// Longest such wait.
const REFILL_MAX: Duration = Duration::from_secs(2);
/// A room whose filling panicked is compared again after this.
const FILL_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Publishes that failed and are tried again; the oldest are dropped, which the comparison with the store makes good.
const REPUBLISH_MAX: usize = 4_096;
/// How often a node that leaves looks whether its publishes are answered.
const FLUSH_EVERY: Duration = Duration::from_millis(10);

/// Names of tasks.
const PUBLISH: &str = "publish";
const FILL: &str = "fill";

/// What counts what was delivered.
#[derive(Debug, Default)]
pub struct DeliveryCounters {
    /// Entries that the store was asked for because they did not arrive.
    pub holes_filled: AtomicU64,
    /// Publishes that the router did not take.
    pub publishes_failed: AtomicU64,
    /// Rooms compared with the store.
    pub comparisons: AtomicU64,
    /// Envelopes whose body could not be read.
    pub unreadable: AtomicU64,
    /// Repeats of sends for which was done again what follows a write.
    pub redone: AtomicU64,
    /// Orders whose log was found to lack what had been in it.
    pub logs_went_back: AtomicU64,
    /// Devices that were told to join again because of it.
    pub resyncs: AtomicU64,
}

/// An envelope on its way to the router.
struct Publish {
    channels: Vec<Channel>,
    envelope: Envelope,
    /// How many epochs this node had [taken over](Losses::turn) when it was made.
    turn: u64,
}

/// The delivery of a node. Also what wakes the walker of owed events: `owed` is called for orders that owe.
pub struct Delivery {
    hub: Arc<Hub>,
    router: Arc<dyn Router>,
    store: Arc<dyn Store>,
    runtime: Arc<dyn Runtime>,
    owed: Box<dyn Fn(&OrderId) + Send + Sync>,
    /// Publishes to try again, oldest first.
    failed: Mutex<VecDeque<Publish>>,
    /// Publishes that the router has yet to answer.
    publishing: AtomicUsize,
    counters: Arc<DeliveryCounters>,
    losses: Losses,
    me: Weak<Delivery>,
}

impl Delivery {
    /// A delivery over these parts. It is not attached to the router yet: see [`Router::attach`].
    pub fn new(
        hub: Arc<Hub>,
        router: Arc<dyn Router>,
        store: Arc<dyn Store>,
        runtime: Arc<dyn Runtime>,
        owed: Box<dyn Fn(&OrderId) + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            hub,
            router,
            store,
            runtime,
            owed,
            failed: Mutex::default(),
            publishing: AtomicUsize::new(0),
            counters: Arc::default(),
            losses: Losses::default(),
            me: me.clone(),
        })
    }

    /// What was counted.
    pub fn counters(&self) -> &Arc<DeliveryCounters> {
        &self.counters
    }

    /// Failed publishes that wait to be tried again. Those being tried are none of them.
    pub fn waiting_publishes(&self) -> usize {
        self.failed.lock().len()
    }

    /// Tells those who look at `order` that `user` types.
    pub fn publish_typing(&self, order: &OrderId, user: &UserId, origin: Origin) {
        let body = encode_typing(user);
        let envelope = self.envelope(EnvelopeKind::Typing, order, Seq::ZERO, origin, body);
        // Nobody misses a typing mark: a failed one is not tried again.
        let publish = self.router.publish(&[Channel::Order(order.clone())], envelope);
        if let Some(Err(_)) = publish.now_or_never() {
            self.counters.publishes_failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn envelope(&self, kind: EnvelopeKind, order: &OrderId, seq: Seq, origin: Origin, body: Bytes) -> Envelope {
        Envelope { kind, order: order.clone(), seq, origin, published_at: self.runtime.now(), body }
    }

    fn publish(&self, order: &Order, entry: &Entry, origin: Origin, body: Bytes) {
        let envelope = self.envelope(EnvelopeKind::Entry, &order.id, entry.seq, origin, body);
        let mut channels = vec![Channel::User(order.client.clone()), Channel::User(order.contractor.clone())];
        // The room of this node has it already.
        if self.router.is_shared() {
            channels.insert(0, Channel::Order(order.id.clone()));
        }
        let publish = Publish { channels, envelope, turn: self.losses.turn() };
        let mut answer = self.router.publish(&publish.channels, publish.envelope.clone());
        // In process the answer is there at once; only what takes time gets a task.
        match (&mut answer).now_or_never() {
            Some(outcome) => self.published(outcome, publish),
            None => {
                let (me, tasks) = (self.me.clone(), self.runtime.tasks().clone());
                self.publishing.fetch_add(1, Ordering::Relaxed);
                let waiting = async move {
                    // Of a publish that panicked nothing is known: it counts as failed.
                    let outcome = guarded(&tasks, PUBLISH, answer).await;
                    let outcome = outcome.unwrap_or_else(|panicked| Err(RouterError(panicked.to_string())));
                    if let Some(me) = me.upgrade() {
                        me.publishing.fetch_sub(1, Ordering::Relaxed);
                        me.published(outcome, publish);
                    }
                };
                self.runtime.spawn(PUBLISH, Box::pin(waiting));
            }
        }
    }

    /// Waits until the router has answered every publish, for at most `patience`; returns whether it has. For a node that leaves.
    pub async fn flush(&self, patience: Duration) -> bool {
        let deadline = self.runtime.monotonic() + patience;
        while self.publishing.load(Ordering::Relaxed) > 0 {
            if self.runtime.monotonic() >= deadline {
                return false;
            }
            self.runtime.sleep(FLUSH_EVERY).await;
        }
        true
    }

    fn published(&self, outcome: Result<(), RouterError>, publish: Publish) {
        if outcome.is_ok() {
            return;
        }
        self.counters.publishes_failed.fetch_add(1, Ordering::Relaxed);
        self.suspect(&publish.envelope.order);
        let mut failed = self.failed.lock();
        if publish.turn != self.losses.turn() {
            return;
        }
        if failed.len() == REPUBLISH_MAX {
            failed.pop_front();
        }
        failed.push_back(publish);
    }

    /// What was to be published in an epoch that is over may be of a log that is void: where it was delivered is loaded again.
    fn forget_publishes(&self) {
        let mut failed = self.failed.lock();
        self.losses.next_turn();
        failed.clear();
    }

    fn fill(&self, room: Arc<Room>, patience: Duration) {
        let Some(me) = self.me.upgrade() else { return };
        let filling = async move {
            if guarded(me.runtime.tasks(), FILL, me.fill_holes(&room, patience)).await.is_err() {
                room.give_up_filling(me.runtime.monotonic(), FILL_AGAIN_AFTER);
            }
        };
        self.runtime.spawn(FILL, Box::pin(filling));
    }

    async fn fill_holes(&self, room: &Room, patience: Duration) {
        self.runtime.sleep(patience).await;
        let mut wait = REFILL_MIN;
        while let Some(after) = room.hole() {
            let entries = self.store.entries(room.order(), after, CATCH_UP_ENTRIES).await.unwrap_or_default();
            if entries.is_empty() {
                self.runtime.sleep(wait).await;
                wait = (wait * 2).min(REFILL_MAX);
            } else {
                wait = REFILL_MIN;
                self.counters.holes_filled.fetch_add(entries.len() as u64, Ordering::Relaxed);
            }
            room.fill(self.runtime.monotonic(), encoded_entries(room.order(), &entries));
        }
    }

    fn offer(&self, room: Arc<Room>, encoded: Arc<EncodedEntry>) {
        if room.offer(encoded, self.runtime.monotonic()) {
            self.fill(room, HOLE_PATIENCE);
        }
    }

    /// A join opened the room's gate: entries that wait behind a hole are fetched.
    pub fn look_after(&self, room: &Arc<Room>) {
        if room.has_hole() {
            self.fill(Arc::clone(room), Duration::ZERO);
        }
    }

    fn deliver_to_person(&self, user: &UserId, envelope: &Envelope) {
        match envelope.kind {
            EnvelopeKind::Entry => self.deliver_entry_to_person(user, envelope),
            EnvelopeKind::Status => self.deliver_status_to_person(user, envelope),
            EnvelopeKind::Typing => {}
        }
    }

    /// Devices that joined hear of it as all do who did.
    fn deliver_status_to_person(&self, user: &UserId, envelope: &Envelope) {
        let Ok(StatusEnvelope { user: who, at, marks }) = decode_status(&envelope.body) else { return };
        let status = MessageStatus::new(envelope.order.clone(), who, &marks, at);
        let frames = Frames::from(&ServerEvent::MessageStatus(status));
        for device in self.hub.devices(user) {
            if !device.is_live(&envelope.order) {
                device.push(&frames);
            }
        }
    }

    fn deliver_entry_to_person(&self, user: &UserId, envelope: &Envelope) {
        let devices = self.hub.recipients(user, &envelope.order, envelope.seq);
        let now = self.runtime.monotonic();
        let mut encoded = None;
        for device in devices {
            if device.origin() == envelope.origin || device.is_live(&envelope.order) {
                continue;
            }
            let encoded = encoded.get_or_insert_with(|| self.decode(envelope));
            let Some(encoded) = encoded else { return };
            if encoded.sent_by(user).is_some_and(|id| device.has_sent(&envelope.order, id)) {
                continue;
            }
            if let Some(frames) = encoded.frames_for(user) {
                // It may have gone live since it was looked at.
                device.push_aside(&envelope.order, encoded, frames, now);
            }
        }
    }

    fn decode(&self, envelope: &Envelope) -> Option<Arc<EncodedEntry>> {
        match EncodedEntry::read(&envelope.order, envelope.seq, envelope.body.clone()) {
            Ok(encoded) => Some(Arc::new(encoded.over(envelope.origin))),
            Err(error) => {
                self.counters.unreadable.fetch_add(1, Ordering::Relaxed);
                self.suspect(&envelope.order);
                tracing::warn!(%error, "an envelope of another version or a broken one; the store has the entry");
                None
            }
        }
    }
}

/// What the store has of an order, ready to go out.
fn encoded_entries<'e>(order: &'e OrderId, entries: &'e [Entry]) -> impl Iterator<Item = Arc<EncodedEntry>> + 'e {
    entries.iter().map(|entry| Arc::new(EncodedEntry::of(order, entry).0))
}

impl Feed for Delivery {
    fn committed(&self, committed: &Committed) {
        if committed.repeat {
            self.counters.redone.fetch_add(1, Ordering::Relaxed);
        }
        let room = self.hub.room(&committed.order.id);
        for ((entry, origin), masked) in committed.entries.iter().zip(&committed.origins).zip(&committed.masked) {
            let (encoded, body) = EncodedEntry::of(&committed.order.id, entry);
            if let Some(room) = room.as_ref().filter(|room| room.wants(entry.seq, || encoded.mark)) {
                self.offer(Arc::clone(room), Arc::new(encoded.masking(*origin, masked)));
            }
            self.publish(&committed.order, entry, *origin, body);
        }
        if committed.owes {
            (self.owed)(&committed.order.id);
        }
    }

    fn went_back(&self, loss: WentBack) {
        self.lost(&loss);
    }

    fn marked(&self, marked: &Marked) {
        let Marked { order, user, marks, at } = marked;
        let body = encode_status(user, marks, *at);
        let envelope = self.envelope(EnvelopeKind::Status, order, Seq::ZERO, Origin::default(), body);
        let publish = self.router.publish(&[Channel::Order(order.clone()), Channel::User(user.clone())], envelope);
        // What is lost shows when rooms are compared with the store.
        if let Some(Err(_)) = publish.now_or_never() {
            self.counters.publishes_failed.fetch_add(1, Ordering::Relaxed);
            self.suspect(order);
        }
    }

    fn suspect(&self, order: &OrderId) {
        if let Some(room) = self.hub.room(order) {
            // Nothing is known of its subscription by that.
            room.compare_within(self.runtime.monotonic(), Duration::ZERO);
        }
    }
}

impl Inbox for Delivery {
    fn deliver(&self, channel: &Channel, envelope: &Envelope) {
        match channel {
            Channel::User(user) => self.deliver_to_person(user, envelope),
            Channel::Order(order) => {
                let Some(room) = self.hub.room(order) else { return };
                match envelope.kind {
                    EnvelopeKind::Entry if room.wants(envelope.seq, || EntryMark::of(&envelope.body)) => {
                        if let Some(encoded) = self.decode(envelope) {
                            self.offer(room, encoded);
                        }
                    }
                    EnvelopeKind::Entry => {}
                    EnvelopeKind::Status => {
                        if let Ok(StatusEnvelope { user, at, marks }) = decode_status(&envelope.body) {
                            room.tell_marks(&user, marks, at);
                        }
                    }
                    EnvelopeKind::Typing => {
                        if let Ok(user) = decode_typing(&envelope.body) {
                            let event = ServerEvent::Typing(Typing::new(order.clone(), user.clone()));
                            room.push_to_others(&user, &Frames::from(&event));
                        }
                    }
                }
            }
        }
    }

    fn gap(&self, gap: Gap) {
        match gap {
            Gap::All => self.hub.rooms().iter().for_each(|room| room.suspect()),
            Gap::Channels(channels) => {
                for channel in channels {
                    if let Channel::Order(order) = channel
                        && let Some(room) = self.hub.room(&order)
                    {
                        room.suspect();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
