//! An order that devices of this node joined: its gate, and who stands behind it.
//!
//! Joining has no seam: a device is put on the list *before* the store is read, and what leaves the gate meanwhile is kept for
//! it. The read answers up to some number, what was kept from there on follows, and the device is live: all under the
//! room's lock, so that nothing comes between.

mod member;
mod told;
mod trail;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use smallvec::SmallVec;
use souk_chat::ports::{RouterError, Subscription};
use souk_chat::{ClientMessageId, Epoch, OrderId, Seq, UserId};
use souk_protocol::Error;
use souk_protocol::envelope::EntryMark;

use crate::gate::{Gate, HoleRule};

use super::device::Device;
use super::encoded_entry::{EncodedEntry, Frames};
use super::encoding::Ack;

use member::{Member, MemberState, Open};
use told::Told;
pub use trail::{TRAIL, Trail, Verdict};

/// Most entries kept for a device whose join reads the store; with more the device joins again.
pub const JOIN_BACKLOG: usize = 512;

/// How often an order whose subscription is not confirmed is compared with the store.
const COMPARE_UNCONFIRMED: Duration = Duration::from_secs(1);

/// Names one attempt at joining, so that an older one cannot end a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinTicket(u64);

/// Names a stretch of a room's life in which it delivered one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life(u64);

/// What became of [`Room::finish_join`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// Answered, and live.
    Live,
    /// Answered; another join or a leave came in between, so not live by this one.
    Superseded,
    /// Not answered: entries after what was read left the gate and were not kept. Read again.
    ReadAgain,
}

struct Inner {
    gate: Gate<Arc<EncodedEntry>>,
    /// The last entries that left the gate.
    trail: Trail,
    /// The epoch of the store in which the gate was opened.
    epoch: Option<Epoch>,
    life: u64,
    members: SmallVec<[Member; 2]>,
    /// How far the parties got, at most the two of them.
    told: Vec<Told>,
    /// Sends of devices that left before they were done: answered when they are.
    left: Vec<(Arc<Device>, Open)>,
    tickets: u64,
    filling: bool,
    unconfirmed: bool,
    /// The last entry that passed, on the monotonic clock.
    active_at: Duration,
    /// The next comparison with the store, likewise.
    compare_at: Duration,
}

/// An order with devices of this node in it.
pub struct Room {
    order: OrderId,
    subscription: Subscription,
    inner: Mutex<Inner>,
}

impl Room {
    pub(super) fn new(order: OrderId, subscription: Subscription) -> Self {
        let inner = Inner {
            gate: Gate::default(),
            trail: Trail::default(),
            epoch: None,
            life: 0,
            members: SmallVec::new(),
            told: Vec::new(),
            left: Vec::new(),
            tickets: 0,
            filling: false,
            unconfirmed: false,
            active_at: Duration::ZERO,
            compare_at: Duration::ZERO,
        };
        Self { order, subscription, inner: Mutex::new(inner) }
    }

    /// The order.
    pub fn order(&self) -> &OrderId {
        &self.order
    }

    /// Replaces the gate's rule; see [`HoleRule`].
    pub fn set_rule(&self, rule: HoleRule) {
        let mut inner = self.inner.lock();
        if inner.gate.next().is_none() {
            inner.gate = Gate::new(rule);
        }
    }

    /// Waits until the router confirmed the room's subscription. Cancel-safe.
    pub async fn confirmed(&self) -> Result<(), RouterError> {
        self.subscription.confirmed().await
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inner.lock().members.is_empty()
    }

    pub(super) fn is_live(&self, device: &Device) -> bool {
        self.inner.lock().is_live(device)
    }

    /// Pushes to `device` unless it is live here, in one go: a join that is accepted meanwhile is answered after the push.
    pub(super) fn push_unless_live(&self, device: &Device, entry: &EncodedEntry, frames: &Frames, now: Duration) {
        let inner = self.inner.lock();
        if !inner.is_live(device) {
            device.push_entry(&self.order, entry, frames, now);
        }
    }

    pub(super) fn begin_join(&self, device: &Arc<Device>) -> JoinTicket {
        let mut inner = self.inner.lock();
        inner.tickets += 1;
        let ticket = JoinTicket(inner.tickets);
        match inner.members.iter_mut().find(|member| Arc::ptr_eq(&member.device, device)) {
            Some(member) => {
                member.ticket = ticket;
                member.answered = Vec::new();
                member.held = VecDeque::new();
                member.state = MemberState::Joining(VecDeque::new());
                // Their place in the sequence is gone with the old life of this join: those that are done are answered now, the
                // others when they are.
                member.answer_done();
            }
            None => inner.members.push(Member {
                device: Arc::clone(device),
                ticket,
                answered: Vec::new(),
                state: MemberState::Joining(VecDeque::new()),
                open: Vec::new(),
                held: VecDeque::new(),
            }),
        }
        ticket
    }

    pub(super) fn remove(&self, device: &Arc<Device>) {
        let mut inner = self.inner.lock();
        let Some(place) = inner.members.iter().position(|member| Arc::ptr_eq(&member.device, device)) else { return };
        let mut member = inner.members.remove(place);
        member.answer_done();
        inner.left.extend(member.open.into_iter().map(|open| (Arc::clone(device), open)));
    }

    /// Whether this attempt is still the newest of its device.
    pub(super) fn is_current(&self, device: &Arc<Device>, ticket: JoinTicket) -> bool {
        self.inner.lock().members.iter().any(|member| Arc::ptr_eq(&member.device, device) && member.ticket == ticket)
    }

    /// The read is done: everything up to `up_to` is in `answer`, as the log was in `epoch`. Sends the answer and what was kept after `up_to`, in one go,
    /// and makes the device live.
    pub fn finish_join(
        &self,
        device: &Arc<Device>,
        ticket: JoinTicket,
        (up_to, epoch): (Seq, &Epoch),
        ack: Option<Ack>,
        answer: &[u8],
    ) -> Joined {
        let mut inner = self.inner.lock();
        if inner.is_void(device, ticket) {
            return Joined::ReadAgain;
        }
        // One that was superseded may have read a log that is void by now: it opens nothing.
        let current = |member: &Member| Arc::ptr_eq(&member.device, device) && member.ticket == ticket;
        let Some(place) = inner.members.iter().position(current) else {
            device.answer(ack, answer);
            return Joined::Superseded;
        };
        inner.open(&self.order, up_to, epoch);
        let (next, now) = (inner.gate.next().unwrap_or(up_to.next()), inner.active_at);
        let member = &mut inner.members[place];
        let MemberState::Joining(kept) = &mut member.state else {
            device.answer(ack, answer);
            return Joined::Superseded;
        };
        kept.retain(|encoded| encoded.seq > up_to);
        // What left the gate after `up_to` must all have been kept, or the device would have a hole.
        if next.0 > up_to.0 + 1 && kept.len() as u64 != next.0 - up_to.0 - 1 {
            kept.clear();
            return Joined::ReadAgain;
        }
        let kept = std::mem::take(kept);
        device.answer(ack, answer);
        member.state = MemberState::Live(up_to);
        for encoded in kept {
            member.feed(&self.order, &encoded, now);
        }
        // What rose since its answer was read.
        let answered = std::mem::take(&mut member.answered);
        let is_news = |told: &&Told| {
            answered.iter().find(|known| known.0 == told.user).is_none_or(|known| known.1.max(told.marks) != known.1)
        };
        inner.told.iter().filter(is_news).for_each(|told| device.push(&told.frames(&self.order)));
        Joined::Live
    }

    /// A send of `device` begins. Returns whether its acknowledgement will take the message's place in the sequence. Where one of
    /// the same id still waits for that place, this one is a repeat (or a second text) and stands outside it.
    pub fn expect(&self, device: &Arc<Device>, id: &ClientMessageId, text: &str, ack: Option<Ack>) -> bool {
        let mut inner = self.inner.lock();
        let member = inner.members.iter_mut().find(|member| Arc::ptr_eq(&member.device, device));
        match member {
            Some(member) if member.may_expect(id) => {
                member.open.push(Open { id: id.clone(), text: text.into(), ack, done: None });
                true
            }
            _ => false,
        }
    }

    /// A send that was [expected](Room::expect) is done. With `Ok` of an entry that has yet to pass, the gate will acknowledge it; if it was
    /// acknowledged already, nothing happens; else it is answered here, with what the function makes.
    pub fn settle(
        &self,
        device: &Arc<Device>,
        id: &ClientMessageId,
        result: Result<(Seq, &dyn Fn() -> Bytes), &Error>,
        exception: impl FnOnce(&Error) -> Frames,
    ) {
        let mut inner = self.inner.lock();
        let Inner { members, left, active_at, .. } = &mut *inner;
        let member = members.iter_mut().find(|member| Arc::ptr_eq(&member.device, device));
        let (open, member) =
            match member.and_then(|member| Some((member.open.iter().position(|open| open.id == *id)?, member))) {
                Some((place, member)) => match (result, &member.state) {
                    (Ok((seq, answer)), MemberState::Live(position)) if *position < seq => {
                        member.open[place].done = Some(answer());
                        return member.release(&self.order, *active_at);
                    }
                    _ => (member.take(place), Some(member)),
                },
                None => {
                    let place = left.iter().position(|(other, open)| Arc::ptr_eq(other, device) && open.id == *id);
                    let Some(place) = place else { return };
                    (left.swap_remove(place).1, None)
                }
            };
        match result {
            Ok((_, answer)) => device.answer(open.ack, &answer()),
            Err(error) => {
                device.sends_no_more(self.order(), id);
                device.refuse(open.ack, error, || exception(error));
            }
        }
        if let Some(member) = member {
            member.release(&self.order, *active_at);
        }
    }

    /// Whether the entry of this number and mark could still be of use here: looked at before anything is decoded. Another entry than
    /// the one that was delivered under its number is of none, but makes the room [suspect](Room::suspect).
    pub fn wants(&self, seq: Seq, mark: impl FnOnce() -> EntryMark) -> bool {
        let mut inner = self.inner.lock();
        let wanted = inner.gate.next().is_none_or(|next| seq >= next);
        if !wanted && inner.trail.came_again(seq, mark()) {
            inner.compare_at = Duration::ZERO;
        }
        wanted
    }

    /// An entry arrived. Returns whether a hole showed that nobody fills yet; the caller then does, see [`Room::hole`].
    pub fn offer(&self, encoded: Arc<EncodedEntry>, now: Duration) -> bool {
        let mut inner = self.inner.lock();
        inner.active_at = now;
        let left = inner.gate.offer(encoded.seq, encoded);
        inner.deliver(&self.order, left);
        inner.claim_filling()
    }

    /// Whether a hole shows that nobody fills yet.
    pub fn has_hole(&self) -> bool {
        self.inner.lock().claim_filling()
    }

    /// The last entries that were delivered, and the epoch they are of; `None`: nothing was, nobody has joined.
    pub fn trail(&self) -> Option<(Life, Trail, Epoch)> {
        let inner = self.inner.lock();
        Some((Life(inner.life), inner.trail.clone(), inner.epoch.clone()?))
    }

    /// What the store has after the start of this trail, and it is the log that is delivered here: what is missing follows. Nothing,
    /// where that log is void by now. An order in which entries were missed is a lively one.
    pub fn catch_up(
        &self,
        now: Duration,
        (life, trail): (Life, &Trail),
        entries: impl IntoIterator<Item = Arc<EncodedEntry>>,
    ) {
        let mut inner = self.inner.lock();
        if inner.life != life.0 {
            return;
        }
        inner.trail.assure(trail);
        let mut missing = Vec::new();
        for encoded in entries {
            inner.trail.learn(encoded.seq, encoded.mark);
            if encoded.seq > inner.trail.last() {
                inner.active_at = now;
            }
            missing.push((encoded.seq, encoded));
        }
        let left = inner.gate.fill(missing);
        inner.deliver(&self.order, left);
    }

    /// See [`Hub::void`](super::Hub::void). Returns who was told.
    pub(super) fn void(&self, told: &Frames) -> Vec<Arc<Device>> {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        inner.life += 1;
        inner.gate = inner.gate.closed();
        inner.trail = Trail::default();
        inner.epoch = None;
        inner.told = Vec::new();
        let mut gone = Vec::new();
        inner.members.retain(|member| match &mut member.state {
            MemberState::Live(_) => {
                member.answer_done();
                let open = std::mem::take(&mut member.open);
                inner.left.extend(open.into_iter().map(|open| (Arc::clone(&member.device), open)));
                member.device.push(told);
                gone.push(Arc::clone(&member.device));
                false
            }
            state => {
                *state = MemberState::Void;
                true
            }
        });
        gone
    }

    /// After which entry the store must be read; `None` ends the filling.
    pub fn hole(&self) -> Option<Seq> {
        let mut inner = self.inner.lock();
        let hole = inner.gate.hole().filter(|_| !inner.members.is_empty());
        inner.filling = hole.is_some();
        hole
    }

    /// Nobody fills the hole any more, though it is there: the next comparison, `after` now at the latest, finds another who does.
    pub fn give_up_filling(&self, now: Duration, after: Duration) {
        let mut inner = self.inner.lock();
        inner.filling = false;
        inner.compare_at = inner.compare_at.min(now + after);
    }

    /// What the store has after [`Room::hole`]. An order in which entries were missed is a lively one.
    pub fn fill(&self, now: Duration, entries: impl IntoIterator<Item = Arc<EncodedEntry>>) {
        let mut inner = self.inner.lock();
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_some() {
            inner.active_at = now;
        }
        let left = inner.gate.fill(entries.map(|encoded| (encoded.seq, encoded)));
        inner.deliver(&self.order, left);
    }

    /// Pushes to the live devices of everybody but `except`.
    pub fn push_to_others(&self, except: &UserId, frames: &Frames) {
        let inner = self.inner.lock();
        for member in &inner.members {
            if member.device.user() != except && matches!(member.state, MemberState::Live(_)) {
                member.device.push(frames);
            }
        }
    }

    /// Up to where this device was sent everything; `None`: it is not live.
    pub fn position(&self, device: &Device) -> Option<Seq> {
        let inner = self.inner.lock();
        let member = inner.members.iter().find(|member| std::ptr::eq(Arc::as_ptr(&member.device), device))?;
        if let MemberState::Live(position) = member.state { Some(position) } else { None }
    }

    /// The room may have missed something, and its subscription stands again: compare with the store as soon as possible. What says
    /// nothing of the subscription asks for [a comparison](Room::compare_within) alone.
    pub fn suspect(&self) {
        let mut inner = self.inner.lock();
        inner.unconfirmed = false;
        inner.compare_at = Duration::ZERO;
    }

    /// Whether the room is due for a comparison with the store.
    pub fn is_due(&self, now: Duration) -> bool {
        self.inner.lock().is_due(now)
    }

    /// If the room is due for a comparison with the store, since when; sets the next one by how lively the room is.
    pub fn take_comparison(
        &self,
        now: Duration,
        lively: Duration,
        silent: Duration,
        lively_for: Duration,
    ) -> Option<Duration> {
        let mut inner = self.inner.lock();
        if !inner.is_due(now) {
            return None;
        }
        let every = match inner.unconfirmed {
            true => COMPARE_UNCONFIRMED,
            false if now.saturating_sub(inner.active_at) < lively_for => lively,
            false => silent,
        };
        Some(std::mem::replace(&mut inner.compare_at, now + every))
    }

    /// The router did not confirm the subscription: until it does (told as a gap), compare often.
    pub fn unconfirmed(&self) {
        let mut inner = self.inner.lock();
        inner.unconfirmed = true;
        inner.compare_at = Duration::ZERO;
    }

    /// The next comparison is due `after` now at the latest.
    pub fn compare_within(&self, now: Duration, after: Duration) {
        let mut inner = self.inner.lock();
        inner.compare_at = inner.compare_at.min(now + after);
    }
}

impl Inner {
    fn is_due(&self, now: Duration) -> bool {
        self.compare_at <= now && self.gate.next().is_some()
    }

    fn is_live(&self, device: &Device) -> bool {
        self.members.iter().any(|member| {
            std::ptr::eq(Arc::as_ptr(&member.device), device) && matches!(member.state, MemberState::Live(_))
        })
    }

    fn is_void(&mut self, device: &Arc<Device>, ticket: JoinTicket) -> bool {
        let member = self.members.iter_mut().find(|member| Arc::ptr_eq(&member.device, device));
        match member {
            Some(member) if member.ticket == ticket && matches!(member.state, MemberState::Void) => {
                member.state = MemberState::Joining(VecDeque::new());
                true
            }
            _ => false,
        }
    }

    /// Opens the gate, unless it is open.
    fn open(&mut self, order: &OrderId, up_to: Seq, epoch: &Epoch) {
        if self.gate.next().is_none() {
            self.trail = Trail::after(up_to);
            self.epoch = Some(epoch.clone());
        }
        let left = self.gate.open(up_to);
        self.deliver(order, left);
    }

    fn deliver(&mut self, order: &OrderId, left: Vec<(Seq, Arc<EncodedEntry>)>) {
        for (seq, encoded) in left {
            self.trail.push(seq, encoded.mark);
            for member in &mut self.members {
                member.feed(order, &encoded, self.active_at);
            }
        }
    }

    fn claim_filling(&mut self) -> bool {
        if self.filling || self.gate.hole().is_none() {
            return false;
        }
        self.filling = true;
        true
    }
}

#[cfg(test)]
mod tests;
