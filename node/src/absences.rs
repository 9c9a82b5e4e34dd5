//! Who is gone without having seen everything, and is notified after all.
//!
//! ```text
//! a last device here is gone ──► wait ──┐
//! a node's lease is gone ───────► wait ──┼──► connected anywhere? ──no──► what they missed is owed ──► released
//! this process begins (alone) ──► wait ──┘          └─yes─► they catch up by themselves
//! ```
//! A send owes a notification only where nobody is there to see it. A phone in a tunnel, and the people of a node that died, count
//! as there for a while: whoever announces their end has [`Chats::notify_absent`] look at what was written meanwhile.
//!
//! What a person saw for sure is everything until a device of theirs was last heard while nothing waited to be written to it, and
//! what was pushed to it before: the clocks of nodes, which messages are timed by, are not so exact. Of people whose node died none
//! of that is known; a living node notices within `UNSEEN` that a device is gone, so what was written before that was seen, or was
//! dealt with while the node lived.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use souk_chat::ports::{Orphan, Presence, Runtime, Store, StoreError};
use souk_chat::service::Chats;
use souk_chat::{OrderId, Seq, Timestamp, UserId, guarded};

use crate::hub::{ENDS_MAX, Hub, Sight};
use crate::socket::{PING_EVERY, PONG_WITHIN};

/// How often is looked whose time has come.
const ROUND: Duration = Duration::from_secs(1);
/// How long after their end people are looked at: clients come back by then, and a send that took them for there (its patience is
/// [`SEND_PATIENCE`](souk_chat::limits::SEND_PATIENCE)) has landed.
const GRACE: Duration = Duration::from_secs(12);
/// The same at the start of a process that had people before: the longest wait that clients are told to make.
const START_GRACE: Duration = Duration::from_secs(30);
/// Within this a living node ends a device from which nothing comes back.
const UNSEEN: Duration = Duration::from_secs(PING_EVERY as u64 + PONG_WITHIN as u64 + 2);
/// What the clocks of two nodes may differ by, with times rounded to seconds and a message on its way. What was pushed does not
/// depend on it.
const SLACK: Duration = Duration::from_secs(45);
/// Time between two looks for nodes that died, at least, and how much is added at random.
const ORPHANS_EVERY: Duration = Duration::from_secs(3);
/// People asked about at once.
const BATCH: usize = 256;
/// How long a round goes on with a dead node's people, if there are more. Its own wait for the next round meanwhile.
const ADOPTING_FOR: Duration = Duration::from_secs(5);
/// People whose chats are looked through at once.
const PEOPLE_AT_ONCE: usize = 8;
/// When somebody is looked at again about whom the store, or presence, did not answer.
const AGAIN: Duration = Duration::from_secs(5);
/// Presence that has not answered for this long is done without: a notification too many is better than none.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);
/// Two questions to presence that are further apart than this tell nothing of the time between them.
const UNKNOWN_GAP: Duration = Duration::from_secs(15);
/// Orders that a process looks at when it starts, those written to last.
const START_ORDERS: usize = 4_096;
/// Dead nodes remembered; their people stay in the server's keeping.
const DEAD_NODES: usize = 1_024;

/// The name of the task.
const ABSENCES: &str = "absences";

/// What was done about absences.
#[derive(Debug, Default)]
pub struct AbsenceCounters {
    /// Notifications that were owed after the fact.
    pub notified: AtomicU64,
    /// People of dead nodes that were looked at.
    pub orphans: AtomicU64,
    /// People about whom the store did not answer; they are looked at again.
    pub failed: AtomicU64,
    /// People who were let go unseen because too many waited.
    pub overflowed: AtomicU64,
}

/// Somebody who is to be looked at.
#[derive(Clone, Debug)]
struct Absent {
    user: UserId,
    /// Everything before this was seen, or dealt with.
    since: Timestamp,
    /// Of these orders every entry up to this one was seen.
    seen: Vec<(OrderId, Seq)>,
}

/// When somebody is due, on the monotonic clock, and their place among those.
type Place = (Duration, u64);

#[derive(Default)]
struct Waiting {
    /// Those of a process before this one are among them.
    has_begun: bool,
    /// When they are asked for next.
    begin_at: Duration,
    /// Since when presence has not answered, and when it was last asked in vain.
    unknown: Option<(Duration, Duration)>,
    /// Each person once, at most [`ENDS_MAX`].
    due: BTreeMap<Place, Absent>,
    places: HashMap<UserId, Place>,
    came: u64,
    /// When each dead node was first found dead.
    dead: HashMap<Arc<str>, Duration>,
    /// When dead nodes are looked for next.
    look_at: Duration,
}

/// The absences of a node.
pub struct Absences {
    hub: Arc<Hub>,
    chats: Arc<Chats>,
    presence: Arc<dyn Presence>,
    store: Arc<dyn Store>,
    runtime: Arc<dyn Runtime>,
    waiting: Mutex<Waiting>,
    counters: AbsenceCounters,
}

impl Absences {
    /// Nobody is absent yet.
    pub fn new(
        hub: Arc<Hub>,
        chats: Arc<Chats>,
        presence: Arc<dyn Presence>,
        store: Arc<dyn Store>,
        runtime: Arc<dyn Runtime>,
    ) -> Self {
        let (waiting, counters) = (Mutex::default(), AbsenceCounters::default());
        Self { hub, chats, presence, store, runtime, waiting, counters }
    }

    /// What was counted.
    pub fn counters(&self) -> &AbsenceCounters {
        &self.counters
    }

    /// Looks after absences for ever.
    pub async fn watch(self: Arc<Self>) {
        loop {
            self.runtime.sleep(ROUND).await;
            self.round().await;
        }
    }

    /// Whoever was connected to a process before this one, and saw nothing of its end, is looked at when they had time to come
    /// back. Only a store of one process alone knows of orders here.
    async fn begin(&self, now: Duration) {
        {
            let mut waiting = self.waiting.lock();
            if waiting.has_begun || now < waiting.begin_at {
                return;
            }
            waiting.begin_at = now + AGAIN;
        }
        match self.find_earlier().await {
            Ok(()) => self.waiting.lock().has_begun = true,
            Err(error) => tracing::debug!(%error, "what was written last is not known yet"),
        }
    }

    async fn find_earlier(&self) -> Result<(), StoreError> {
        let stirred = self.store.stirred(UNSEEN + SLACK, START_ORDERS).await?;
        let last = stirred.first().map_or(Timestamp(0), |(_, at)| *at);
        let since = before(last, UNSEEN + SLACK);
        for (id, _) in &stirred {
            let Some(order) = self.store.order(id).await? else { continue };
            for user in order.parties() {
                self.wait(Absent { user: user.clone(), since, seen: Vec::new() }, START_GRACE, false);
            }
        }
        Ok(())
    }

    /// Looks once at everybody who is due.
    pub async fn round(&self) {
        let now = self.runtime.monotonic();
        let (ends, lost) = self.hub.take_ends();
        self.counters.overflowed.fetch_add(lost, Ordering::Relaxed);
        for end in ends {
            let Sight { until, orders: seen } = end.sight;
            let unseen = now.saturating_sub(Duration::from_secs(until.into())) + SLACK;
            let since = before(self.runtime.now(), unseen);
            // Who left again was back, and saw what there was until then.
            self.wait(Absent { user: end.user, since, seen }, GRACE, true);
        }
        loop {
            let due = self.take_due(now);
            if due.is_empty() {
                break;
            }
            let done = self.deal_with(&due).await;
            let all_done = done.iter().all(|is_done| *is_done);
            for (absent, is_done) in due.into_iter().zip(done) {
                match is_done {
                    true => self.presence.release(&absent.user),
                    false => self.wait(absent, AGAIN, false),
                }
            }
            // A store that does not answer is not asked about everybody.
            if !all_done {
                break;
            }
        }
        let look = {
            let mut waiting = self.waiting.lock();
            let look = waiting.look_at <= now;
            if look {
                let jitter = u64::try_from(ORPHANS_EVERY.as_nanos()).unwrap_or(u64::MAX);
                waiting.look_at = now + ORPHANS_EVERY + Duration::from_nanos(self.runtime.random() % jitter);
            }
            look
        };
        if look && self.adopt(now).await {
            // There are more.
            self.waiting.lock().look_at = now;
        }
        // Last: a store that takes its time to say so keeps nobody waiting who is gone now.
        self.begin(now).await;
    }

    /// `replaces`: what is known of the person so far does not matter any more; otherwise it stays.
    fn wait(&self, absent: Absent, how_long: Duration, replaces: bool) {
        let Waiting { due, places, came, .. } = &mut *self.waiting.lock();
        match places.get(&absent.user) {
            Some(_) if !replaces => return,
            Some(place) => drop(due.remove(place)),
            None => {}
        }
        if due.len() >= ENDS_MAX {
            self.counters.overflowed.fetch_add(1, Ordering::Relaxed);
            return self.presence.release(&absent.user);
        }
        *came += 1;
        let place = (self.runtime.monotonic() + how_long, *came);
        places.insert(absent.user.clone(), place);
        due.insert(place, absent);
    }

    /// The next who are due, at most [`BATCH`].
    fn take_due(&self, now: Duration) -> Vec<Absent> {
        let Waiting { due, places, .. } = &mut *self.waiting.lock();
        let mut taken: Vec<Absent> = Vec::new();
        while taken.len() < BATCH
            && let Some(first) = due.first_entry().filter(|first| first.key().0 <= now)
        {
            let absent = first.remove();
            places.remove(&absent.user);
            taken.push(absent);
        }
        taken
    }

    /// Looks for dead nodes, and at those of their people who had time to come back elsewhere. Returns whether there are more whom
    /// the time did not suffice for.
    async fn adopt(&self, now: Duration) -> bool {
        while self.runtime.monotonic() < now + ADOPTING_FOR {
            let orphans = match self.presence.orphans(BATCH).await {
                Ok(orphans) => orphans,
                Err(error) => {
                    tracing::debug!(%error, "whose node died is not known now");
                    return false;
                }
            };
            let is_full = orphans.len() == BATCH;
            let orphans = self.come_of_age(orphans, now);
            let absent = |orphan: &Orphan| {
                let since = before(orphan.alive_at, UNSEEN + SLACK);
                Absent { user: orphan.user.clone(), since, seen: Vec::new() }
            };
            let absent: Vec<Absent> = orphans.iter().map(absent).collect();
            self.counters.orphans.fetch_add(absent.len() as u64, Ordering::Relaxed);
            let done = self.deal_with(&absent).await;
            // Who could not be dealt with is named again, and keeps nobody else waiting.
            let adopted: Vec<Orphan> =
                orphans.into_iter().zip(done).filter_map(|(orphan, is_done)| is_done.then_some(orphan)).collect();
            if adopted.is_empty() {
                return false;
            }
            if let Err(error) = self.presence.adopted(&adopted).await {
                tracing::debug!(%error, "people of a dead node were looked at and will be again");
                return false;
            }
            if !is_full {
                return false;
            }
        }
        true
    }

    /// The people of nodes that have been dead for [`GRACE`], as seen from here.
    fn come_of_age(&self, orphans: Vec<Orphan>, now: Duration) -> Vec<Orphan> {
        let dead = &mut self.waiting.lock().dead;
        // The list is of random people: a node that has many is named in every one.
        dead.retain(|node, since| now < *since + 2 * GRACE || orphans.iter().any(|orphan| orphan.node == *node));
        orphans
            .into_iter()
            .filter(|orphan| match dead.get(&orphan.node) {
                Some(since) => now >= *since + GRACE,
                None => {
                    if dead.len() < DEAD_NODES {
                        tracing::info!(node = &*orphan.node, "a node is gone; its people are looked at");
                        dead.insert(Arc::clone(&orphan.node), now);
                    }
                    false
                }
            })
            .collect()
    }

    /// Has those of them notified who are connected nowhere. Tells of each whether nothing is left to do.
    async fn deal_with(&self, absent: &[Absent]) -> Vec<bool> {
        if absent.is_empty() {
            return Vec::new();
        }
        let people: Vec<UserId> = absent.iter().map(|absent| absent.user.clone()).collect();
        let online = guarded(self.runtime.tasks(), ABSENCES, self.presence.online(&people)).await;
        let online = online.ok().and_then(Result::ok).filter(|online| online.len() == people.len());
        let may_notify = self.is_known(online.is_some());
        let online = online.unwrap_or_default();
        let looks = absent.iter().cloned().enumerate().map(|(place, absent)| {
            let is_there = online.get(place).copied().unwrap_or(false) || self.hub.has_devices(&absent.user);
            // Somebody whose chats make it panic is looked at again, and is not the others' business.
            let notify =
                async move { guarded(self.runtime.tasks(), ABSENCES, self.notify(&absent)).await.unwrap_or(false) };
            async move { is_there || may_notify && notify.await }
        });
        stream::iter(looks).buffered(PEOPLE_AT_ONCE).collect().await
    }

    /// Presence answered, or did not. Returns whether people may be taken for gone who are not known to be there.
    fn is_known(&self, answered: bool) -> bool {
        let now = self.runtime.monotonic();
        let unknown = &mut self.waiting.lock().unknown;
        let since = unknown.filter(|(_, asked)| now < *asked + UNKNOWN_GAP).map_or(now, |(since, _)| since);
        *unknown = (!answered).then_some((since, now));
        answered || now >= since + UNKNOWN_FOR
    }

    async fn notify(&self, absent: &Absent) -> bool {
        match self.chats.notify_absent(&absent.user, absent.since, &absent.seen).await {
            Ok(owing) => {
                self.counters.notified.fetch_add(owing as u64, Ordering::Relaxed);
                true
            }
            Err(error) => {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(%error, "what somebody missed is not known yet");
                false
            }
        }
    }
}

fn before(at: Timestamp, how_long: Duration) -> Timestamp {
    Timestamp(at.millis().saturating_sub(i64::try_from(how_long.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests;
