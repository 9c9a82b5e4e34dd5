//! A session of a person on a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use smallvec::SmallVec;
use souk_chat::ports::Origin;
use souk_chat::service::Progress;
use souk_chat::{Actor, ClientMessageId, OrderId, UserId};
use souk_protocol::Error;

use super::connection_handle::{Arrival, ConnectionHandle, Notice};
use super::encoded_entry::{EncodedEntry, Frames};
use super::encoding::{Ack, Encoding};
use super::looking::{Looking, Shown};
use super::room::Room;
use super::sight::Sight;
use super::{ROOMS_PER_DEVICE, TooManyRooms};

/// Shortest time between two typing marks of a device, in milliseconds; a mark lasts ten seconds.
const TYPING_EVERY_MS: u64 = 1_000;

/// Sends of a device that it is not told of as its person's other devices are; older ones are forgotten.
const OWN_SENDS: usize = 16;

/// A signed-in session: one person, one way of framing, one connection under it.
pub struct Device {
    handle: Arc<ConnectionHandle>,
    /// Which of the connection's sessions it is, those that ended included.
    slot: u8,
    encoding: Encoding,
    actor: Arc<Actor>,
    node: u64,
    /// Its session is over, though the connection may live on: nothing goes out any more, and no room is joined.
    retired: AtomicBool,
    /// When typing was last shown, in milliseconds of the monotonic clock.
    typed_at: AtomicU64,
    rooms: Mutex<SmallVec<[Arc<Room>; 2]>>,
    /// What its person looks at, once they do.
    looking: Mutex<Option<Box<Looking>>>,
    /// What it sent last, under ids of its own, oldest first.
    sends: Mutex<Vec<(OrderId, ClientMessageId)>>,
}

impl Device {
    /// A device on `handle`. `node`: the number of this node's incarnation.
    pub fn new(handle: Arc<ConnectionHandle>, slot: u8, encoding: Encoding, actor: Arc<Actor>, node: u64) -> Self {
        let (retired, typed_at) = (AtomicBool::new(false), AtomicU64::new(0));
        handle.set_user(&actor.user);
        let (rooms, looking, sends) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { handle, slot, encoding, actor, node, retired, typed_at, rooms, looking, sends }
    }

    /// Who it is.
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }

    /// Whose it is.
    pub fn user(&self) -> &UserId {
        &self.actor.user
    }

    /// How its frames look.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What was certainly seen on it.
    pub(super) fn sight(&self) -> Sight {
        self.handle.sight()
    }

    /// What tells it apart from all other devices of all nodes.
    pub fn origin(&self) -> Origin {
        Origin { node: self.node, connection: (self.handle.id() << 8) | u64::from(self.slot) }
    }

    /// The session's public name: of use in a support ticket, and of no other.
    pub fn session_id(&self) -> String {
        let Origin { node, connection } = self.origin();
        format!("{node:016x}-{connection:x}")
    }

    /// Whether a typing mark of this device goes out now: at most one in a second, the rest change nothing for those who watch.
    pub fn may_show_typing(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let last = self.typed_at.load(Ordering::Relaxed);
        let may = last == 0 || now.saturating_sub(last) >= TYPING_EVERY_MS;
        if may {
            self.typed_at.store(now.max(1), Ordering::Relaxed);
        }
        may
    }

    /// It sends a message under an id of its own. Its answer tells it all: whichever device's send came first, it is not told
    /// again as one of the others.
    pub fn sends(&self, order: &OrderId, id: &ClientMessageId) {
        let mut sends = self.sends.lock();
        if sends.len() == OWN_SENDS {
            sends.remove(0);
        }
        sends.push((order.clone(), id.clone()));
    }

    /// The send was refused: of what another device makes of it, it is told as the others are.
    pub fn sends_no_more(&self, order: &OrderId, id: &ClientMessageId) {
        let mut sends = self.sends.lock();
        // One of them: it may be another text under the id of a message that it did send.
        if let Some(place) = sends.iter().rposition(|known| (&known.0, &known.1) == (order, id)) {
            sends.remove(place);
        }
    }

    /// Whether it sent this itself, lately.
    pub fn has_sent(&self, order: &OrderId, id: &ClientMessageId) -> bool {
        self.sends.lock().iter().any(|known| (&known.0, &known.1) == (order, id))
    }

    /// Sends a push.
    pub fn push(&self, frames: &Frames) {
        if !self.is_retired() {
            self.handle.push(frames.of(self.encoding));
        }
    }

    /// Sends a push of an order's entry; `now` on the monotonic clock.
    pub(super) fn push_entry(&self, order: &OrderId, entry: &EncodedEntry, frames: &Frames, now: Duration) {
        if self.is_retired() {
            return;
        }
        let is_others = self.actor.talks() && entry.is_message_of_others(self.user());
        self.handle.pushes(order, entry.seq, is_others, u32::try_from(now.as_secs()).unwrap_or(u32::MAX));
        self.handle.push(frames.of(self.encoding));
        if is_others && let Some(looking) = self.looking.lock().as_mut() {
            looking.pushed(order, entry.seq, || self.ping());
        }
    }

    fn ping(&self) -> u32 {
        self.handle.ping(self.encoding.is_socket_io())
    }

    /// Its person looks at the order from now on, or does no longer. Errors: they look at [`ROOMS_PER_DEVICE`] already.
    pub fn look_at(&self, order: &OrderId, visible: bool) -> Result<(), TooManyRooms> {
        let mut looking = self.looking.lock();
        let done = match (&mut *looking, visible) {
            (None, false) => true,
            (looking, _) => looking.get_or_insert_default().set(order, visible, ROOMS_PER_DEVICE),
        };
        if done { Ok(()) } else { Err(TooManyRooms) }
    }

    /// An answer shows so much of an order: a heartbeat goes out behind it, whose answer says that it came. Where its person looks, it is
    /// read then.
    pub fn shows(&self, order: &OrderId, progress: Progress) {
        if !self.is_retired() {
            self.looking.lock().get_or_insert_default().shows(order, progress, || self.ping());
        }
    }

    /// The heartbeat of this number was answered: how far its person got by that.
    pub fn heartbeat_answered(&self, number: u32) -> Shown {
        let mut kept = self.looking.lock();
        let Some(looking) = kept.as_mut() else { return Shown::new() };
        let shown = looking.answered(number, || self.ping());
        if looking.is_idle() {
            *kept = None;
        }
        shown
    }

    /// The newest messages of other parties that were certainly shown since this was last asked.
    pub(super) fn arrived(&self, into: &mut Vec<Arrival>) {
        self.handle.arrived(into);
    }

    /// Answers a request; a client that gave no number wants no answer.
    pub fn answer(&self, ack: Option<Ack>, body: &[u8]) {
        if let Some(ack) = ack.filter(|_| !self.is_retired()) {
            self.handle.push(self.encoding.answer(ack, body));
        }
    }

    /// Refuses a request; without a number it is told as `exception`.
    pub fn refuse(&self, ack: Option<Ack>, error: &Error, exception: impl FnOnce() -> Frames) {
        match ack {
            Some(_) if self.is_retired() => {}
            Some(ack) => {
                self.handle.push(self.encoding.refusal(ack, error));
            }
            None => self.push(&exception()),
        }
    }

    /// Tells the connection's task that a request is finished.
    pub fn finished(&self, send: bool) {
        self.handle.notify(Notice::Finished { slot: self.slot, send });
    }

    fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Ends it: requests still under way are not answered and join nothing. Returns the rooms it joined or is joining, which it is to
    /// be taken out of; there will be no others.
    pub(super) fn retire(&self) -> SmallVec<[Arc<Room>; 2]> {
        let rooms = self.rooms.lock();
        self.retired.store(true, Ordering::Release);
        rooms.clone()
    }

    /// Whether it is live in this order: fed by the gate, and so not by its person's room.
    pub fn is_live(&self, order: &OrderId) -> bool {
        let room = self.rooms.lock().iter().find(|room| room.order() == order).cloned();
        room.is_some_and(|room| room.is_live(self))
    }

    /// Sends a push of an order's entry that came by its person's room. Nothing where it is live in the order: there the gate
    /// feeds it, and a copy after the answer of the join would be out of place.
    pub fn push_aside(&self, order: &OrderId, entry: &EncodedEntry, frames: &Frames, now: Duration) {
        let rooms = self.rooms.lock();
        match rooms.iter().find(|room| room.order() == order).cloned() {
            // A join that begins now waits for this lock, so its answer comes later.
            None => self.push_entry(order, entry, frames, now),
            Some(room) => {
                drop(rooms);
                room.push_unless_live(self, entry, frames, now);
            }
        }
    }

    pub(super) fn add_room(&self, room: &Arc<Room>) -> bool {
        let mut rooms = self.rooms.lock();
        if rooms.iter().any(|known| Arc::ptr_eq(known, room)) {
            return true;
        }
        if rooms.len() >= ROOMS_PER_DEVICE || self.is_retired() || self.handle.is_closed() {
            return false;
        }
        rooms.push(Arc::clone(room));
        true
    }

    pub(super) fn remove_room(&self, order: &OrderId) {
        self.rooms.lock().retain(|room| room.order() != order);
    }
}
