//! Noticing that a store lost what it had answered for, and what follows.
//!
//! A log only grows. Where one is found to end before an entry that was delivered, or to hold another one under its number, the
//! store lost its tail (a crash with a commit log that was not synced) or an older copy was put back. Every view of that order is
//! wrong then, and who was away may hold a cursor that means something else now. So: it is said loudly and counted, the store
//! begins a new [epoch](souk_chat::ports::Epochs), in which no older cursor is good, and every room that delivered in an older one
//! tells its devices to join again. Joining answers them with the history that is there.
//!
//! Quorum reads may be behind: nothing is believed lost before a SERIAL read has said so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use smallvec::SmallVec;
use souk_chat::limits::CATCH_UP_ENTRIES;
use souk_chat::ports::{StoreError, WentBack};
use souk_chat::{Epoch, Mark, Marks, OrderId, Seq, UserId};
use souk_protocol::ServerEvent;
use souk_protocol::push::ResyncRequired;

use super::{Delivery, encoded_entries};
use crate::hub::{EncodedEntry, Frames, Room, TRAIL, Trail, Verdict};

/// How often the store is asked whether another node began an epoch, and how soon one begins that is owed.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// Losses are counted one by one and logged once in this time: a store that went back did so in many orders.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// What is known of epochs and losses.
#[derive(Default)]
pub(super) struct Losses {
    state: Mutex<State>,
    /// Losses since one was last logged.
    unsaid: AtomicU64,
    turn: AtomicU64,
    #[cfg(feature = "sabotage")]
    pub(super) is_blind: std::sync::atomic::AtomicBool,
}

impl Losses {
    /// How many epochs this node has taken over after the one that it began in.
    pub(super) fn turn(&self) -> u64 {
        self.turn.load(Ordering::Relaxed)
    }

    pub(super) fn next_turn(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct State {
    /// The store's epoch as last seen, and when that was new here, on the monotonic clock.
    epoch: Option<(Epoch, Duration)>,
    /// The epoch that something was lost in: another is to begin.
    over: Option<Epoch>,
    said_at: Option<Duration>,
}

impl Delivery {
    /// Holds a room against the store: what is missing follows, and where the log is not the one that was delivered, its devices are
    /// told.
    pub(super) async fn look_over(&self, room: &Arc<Room>) -> Result<(), StoreError> {
        // Taken before the store is asked: an epoch that is seen here is never older than the store's is then.
        let Some((life, trail, epoch)) = room.trail() else { return Ok(()) };
        if self.store.epoch().await? != epoch {
            self.void(room);
            return Ok(());
        }
        let (verdict, found) = self.judge(room.order(), &trail, CATCH_UP_ENTRIES).await?;
        if verdict != Verdict::Same && !self.is_blind() {
            return self.confirm(room, &trail, epoch).await;
        }
        let missed = found.iter().filter(|encoded| encoded.seq > trail.last()).count();
        self.counters.holes_filled.fetch_add(missed as u64, Ordering::Relaxed);
        let is_all = found.len() < CATCH_UP_ENTRIES;
        room.catch_up(self.runtime.monotonic(), (life, &trail), found);
        if room.has_hole() {
            self.fill(Arc::clone(room), Duration::ZERO);
        } else if !is_all {
            room.compare_within(self.runtime.monotonic(), Duration::ZERO);
        }
        self.look_over_marks(room).await
    }

    /// How far the parties got by the store: what the router lost of it is told.
    async fn look_over_marks(&self, room: &Room) -> Result<(), StoreError> {
        let parties = room.parties();
        if parties.is_empty() || self.is_blind() {
            return Ok(());
        }
        let users: SmallVec<[&UserId; 2]> = parties.iter().collect();
        let marks = self.store.marks(room.order(), &users).await?;
        // A log that lost its end may have left marks above it. What is not delivered here yet is told with the next comparison.
        let Some((_, trail, _)) = room.trail() else { return Ok(()) };
        let within = |mark: Mark| Mark { seq: mark.seq.min(trail.last()), ..mark };
        for (user, marks) in parties.iter().zip(marks) {
            let marks = Marks { delivered: within(marks.delivered), read: within(marks.read) };
            room.tell_marks(user, marks.shown(), self.runtime.now());
        }
        Ok(())
    }

    /// What a quorum read of the store says of a trail, and what the store has from the trail's start on, at most `limit` entries.
    async fn judge(
        &self,
        order: &OrderId,
        trail: &Trail,
        limit: usize,
    ) -> Result<(Verdict, Vec<Arc<EncodedEntry>>), StoreError> {
        if let Some((seq, mark)) = trail.doubt() {
            let there = self.store.entries(order, Seq(seq.0 - 1), 1).await?;
            match encoded_entries(order, &there).next().filter(|there| there.seq == seq) {
                Some(there) if there.mark == mark => {}
                Some(_) => return Ok((Verdict::Other(seq), Vec::new())),
                None => return Ok((Verdict::Missing, Vec::new())),
            }
        }
        let found: Vec<_> = encoded_entries(order, &self.store.entries(order, trail.start(), limit).await?).collect();
        Ok((trail.judge(found.iter().map(|encoded| (encoded.seq, encoded.mark))), found))
    }

    /// Something that was delivered was not seen in the store. A SERIAL read finishes what is under way: if it is not there after
    /// that, it is lost.
    async fn confirm(&self, room: &Arc<Room>, trail: &Trail, epoch: Epoch) -> Result<(), StoreError> {
        let order = room.order();
        let look = self.store.look(order, &[]).await?;
        let head = look.map_or(Seq::ZERO, |look| look.head.seq);
        let found = if head < trail.last() {
            head
        } else {
            match self.judge(order, trail, TRAIL).await?.0 {
                Verdict::Same => return Ok(()),
                Verdict::Missing => return Err(StoreError::Unavailable("reads are behind".into())),
                Verdict::Other(seq) => Seq(seq.0 - 1),
            }
        };
        self.said(order, trail.last(), found);
        self.losses.state.lock().over = Some(epoch);
        // Its devices are told when the new epoch has begun: a cursor of theirs would still be good before.
        Ok(())
    }

    /// A lane or a reader found it out, at SERIAL. What was known before the epoch began is covered by it.
    pub(super) fn lost(&self, loss: &WentBack) {
        if self.is_blind() {
            return;
        }
        self.said(&loss.order, loss.known, loss.found);
        let mut state = self.losses.state.lock();
        let State { epoch, over, .. } = &mut *state;
        if let Some((epoch, _)) = epoch.as_ref().filter(|(_, since)| *since <= loss.known_at) {
            over.get_or_insert_with(|| epoch.clone());
        }
    }

    fn said(&self, order: &OrderId, known: Seq, found: Seq) {
        self.counters.logs_went_back.fetch_add(1, Ordering::Relaxed);
        let now = self.runtime.monotonic();
        let mut state = self.losses.state.lock();
        if state.said_at.is_some_and(|at| now < at + SAID_EVERY) {
            self.losses.unsaid.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.said_at = Some(now);
        let others = self.losses.unsaid.swap(0, Ordering::Relaxed);
        tracing::error!(
            %order, %known, %found, others,
            "the store lost what it had acknowledged: the log of an order goes up to `found`, and entries up to `known` had been \
             delivered. Clients are told to load it again. docs/durability.md says which settings of the store prevent this"
        );
    }

    /// Follows the store's epoch for ever, and begins one where something was lost.
    pub async fn follow_epoch(self: Arc<Self>) {
        loop {
            self.follow_once().await;
            self.runtime.sleep(FOLLOW_EVERY).await;
        }
    }

    pub(super) async fn follow_once(&self) {
        let over = self.losses.state.lock().over.clone();
        let followed = match &over {
            Some(over) => self.store.begin_epoch(over).await,
            None => self.store.epoch().await,
        };
        let Ok(epoch) = followed else { return };
        let now = self.runtime.monotonic();
        let mut state = self.losses.state.lock();
        if state.over == over {
            state.over = None;
        }
        let before = state.epoch.as_ref().map(|(epoch, _)| epoch.clone());
        if before.as_ref() == Some(&epoch) {
            return;
        }
        state.epoch = Some((epoch.clone(), now));
        drop(state);
        if before.is_some() {
            tracing::warn!(%epoch, "the store is in a new epoch: clients load their chats again");
            self.forget_publishes();
            self.hub.forget_aside();
            self.hub.rooms().iter().for_each(|room| room.compare_within(now, Duration::ZERO));
        }
    }

    /// The room delivered in an epoch that is over.
    fn void(&self, room: &Arc<Room>) {
        let resync = ResyncRequired { order_ids: vec![room.order().clone()] };
        let told = self.hub.void(room, &Frames::from(&ServerEvent::ResyncRequired(resync)));
        self.counters.resyncs.fetch_add(told as u64, Ordering::Relaxed);
    }

    /// Whether losses are not looked for, so that the simulation can show that it finds them.
    #[cfg(feature = "sabotage")]
    fn is_blind(&self) -> bool {
        self.losses.is_blind.load(Ordering::Relaxed)
    }

    /// They always are, in what is built to be used.
    #[cfg(not(feature = "sabotage"))]
    fn is_blind(&self) -> bool {
        false
    }

    /// Looks for losses no longer.
    #[cfg(feature = "sabotage")]
    pub fn blind(&self) {
        self.losses.is_blind.store(true, Ordering::Relaxed);
    }
}
