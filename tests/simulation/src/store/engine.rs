//! How a node reaches the store: requests and answers travel, are slow, are lost, or arrive when nobody waits any more.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{Either, select};
use parking_lot::{Mutex, MutexGuard};
use souk_chat::limits::BATCH_ENTRIES;
use souk_chat::log::{EntryKey, Head, NewEntry, Seq};
use souk_chat::ports::store::{
    Appended, Heartbeat, Heartbeats, Incarnation, Intent, ListRow, Lists, Log, Look, Orders, Outbox, StoreError,
    Watermarks,
};
use souk_chat::{Entry, Mark, Marks, Message, NewOrder, Order, OrderId, OwedRow, Timestamp, UserId};
use tokio::sync::oneshot;

use crate::coverage::Seen;
use crate::plan::Sabotage;
use crate::world::World;

use super::history::{History, OrderLog, Refused};

/// Longest time until a write of which nothing is known is seen by quorum reads, in milliseconds.
const UNSEEN_MS: u64 = 3_000;

/// The one store of all nodes.
pub struct Shelf {
    world: Arc<World>,
    history: Mutex<History>,
    /// Stretches in which nothing answers, in milliseconds.
    outages: Mutex<Vec<(u64, u64)>>,
    /// Keys that were written while the writer heard nothing.
    unheard: Mutex<HashSet<EntryKey>>,
    /// Told of each batch that was applied, with the node it came from: the moment to crash it.
    applied: Mutex<Option<Box<dyn Fn(usize) + Send + Sync>>>,
}

impl Shelf {
    /// An empty store.
    pub fn new(world: Arc<World>) -> Arc<Self> {
        Arc::new(Self {
            world,
            history: Mutex::default(),
            outages: Mutex::default(),
            unheard: Mutex::default(),
            applied: Mutex::default(),
        })
    }

    /// What is stored, for whoever checks.
    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock()
    }

    /// Nothing answers from one moment to another.
    pub fn fail_between(&self, from: u64, to: u64) {
        self.outages.lock().push((from, to));
    }

    /// Calls `applied` after each batch that was applied.
    pub fn on_applied(&self, applied: Option<Box<dyn Fn(usize) + Send + Sync>>) {
        *self.applied.lock() = applied;
    }

    fn is_out(&self) -> bool {
        let now = self.world.now();
        self.outages.lock().iter().any(|(from, to)| (*from..*to).contains(&now))
    }
}

/// A node's way to the store.
pub struct Engine {
    shelf: Arc<Shelf>,
    node: usize,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// Milliseconds until it arrives; `None`: never.
    arrives: Option<u64>,
    /// Milliseconds until the answer is back; `None`: never.
    answers: Option<u64>,
    /// Milliseconds that the caller waits.
    patience: u64,
}

/// Patience that never ends before an answer that comes.
const NO_HURRY: u64 = 60_000;

/// No answer came.
struct Silence {
    /// Whether the request is known not to have arrived, and never to arrive.
    never_sent: bool,
}

impl From<Silence> for StoreError {
    fn from(silence: Silence) -> Self {
        match silence.never_sent {
            true => Self::Unavailable("simulated".into()),
            false => Self::Unknown("simulated".into()),
        }
    }
}

/// Reads that got no answer did nothing.
fn unread(_: Silence) -> StoreError {
    StoreError::Unavailable("simulated".into())
}

impl Engine {
    /// The way of this node.
    pub fn new(shelf: Arc<Shelf>, node: usize) -> Self {
        Self { shelf, node }
    }

    fn fate(&self, write: bool) -> Fate {
        let world = &self.shelf.world;
        let faults = &world.plan.faults;
        let mut fate = {
            let mut rng = world.rng();
            Fate { arrives: Some(rng.below(3)), answers: Some(rng.below(3)), patience: NO_HURRY }
        };
        let patience = |world: &World| world.rng().between(200, 1_500);
        if self.shelf.is_out() {
            world.saw(Seen::StoreOutage);
            return Fate { arrives: None, answers: None, patience: patience(world) };
        }
        if world.bites(faults.slow) {
            world.saw(Seen::SlowAnswer);
            let mut rng = world.rng();
            fate.arrives = Some(rng.below(300));
            fate.answers = Some(rng.below(600));
        }
        if world.bites(faults.request_lost) {
            world.saw(Seen::RequestLost);
            return Fate { arrives: None, answers: None, patience: patience(world) };
        }
        if write && world.bites(faults.answer_lost) {
            fate.answers = None;
            fate.patience = fate.arrives.unwrap_or(0) + patience(world);
        } else if write && world.bites(faults.lands_late) {
            fate.patience = patience(world);
            let left = world.heal_at().saturating_sub(world.now());
            let late = fate.patience + 1 + world.rng().below(6_000);
            fate.arrives = (late < left).then_some(late);
            fate.answers = None;
        }
        fate
    }

    /// Has `act` done to what is stored, as fate wants it. Dropping the future changes nothing: the request is on its way.
    async fn request<T: Send + 'static>(
        &self,
        write: bool,
        act: impl FnOnce(&mut History, Fate) -> T + Send + 'static,
    ) -> Result<T, Silence> {
        self.request_as(self.fate(write), act).await
    }

    async fn request_as<T: Send + 'static>(
        &self,
        fate: Fate,
        act: impl FnOnce(&mut History, Fate) -> T + Send + 'static,
    ) -> Result<T, Silence> {
        let (sender, receiver) = oneshot::channel();
        let shelf = Arc::clone(&self.shelf);
        if let Some(arrives) = fate.arrives {
            self.shelf.world.after(arrives, move || {
                let answer = act(&mut shelf.history.lock(), fate);
                if let Some(answers) = fate.answers {
                    shelf.world.after(answers, move || drop(sender.send(answer)));
                }
            });
        }
        let patience = std::pin::pin!(tokio::time::sleep(std::time::Duration::from_millis(fate.patience)));
        match select(World::answer(receiver), patience).await {
            Either::Left((answer, _)) => Ok(answer),
            Either::Right(((), _)) => {
                Err(Silence { never_sent: fate.arrives.is_none() && self.shelf.world.rng().chance(300) })
            }
        }
    }

    async fn read_log<T: Send + 'static>(
        &self,
        order: &OrderId,
        act: impl FnOnce(&OrderLog) -> T + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let order = order.clone();
        self.request(false, move |history, _| history.logs.get(&order).map(act)).await.map_err(unread)
    }

    /// What a batch does when it arrives.
    fn land(shelf: &Shelf, node: usize, history: &mut History, fate: Fate, batch: &Batch) -> Result<Head, Refused> {
        let world = &shelf.world;
        let log = history.logs.get_mut(&batch.order).ok_or(Refused::Head)?;
        check_numbers(world, &batch.head, &batch.entries);
        let before = log.entries.len();
        let outcome = log.append(&batch.head, &batch.entries, world.plan.volume);
        let late = fate.arrives.is_some_and(|arrives| arrives > fate.patience);
        let (ok, seq) = (u64::from(outcome.is_ok()), log.head.seq.0);
        world.note("append", &[node as u64, batch.head.seq.0, ok, seq, u64::from(late)], || {
            format!("{} {:?} {outcome:?}{}", batch.order, batch.names(), if late { " LATE" } else { "" })
        });
        match outcome {
            Ok(_) => {
                if late {
                    world.saw(Seen::LandedLate);
                }
                if fate.answers.is_none() {
                    let written = log.entries.len() - before;
                    let keys = log.entries[before..].iter().map(|new| new.entry.key.clone());
                    shelf.unheard.lock().extend(keys);
                    if world.rng().chance(500) {
                        log.hide(written);
                    }
                }
            }
            Err(Refused::Volume) => world.saw(Seen::VolumeCrossed),
            Err(_) if late => world.saw(Seen::LandedLateRefused),
            Err(_) => {}
        }
        outcome
    }
}

struct Batch {
    order: OrderId,
    head: Head,
    entries: Vec<NewEntry>,
}

impl Batch {
    fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|new| &*new.entry.key.id).collect()
    }
}

/// I4, as the writer sees it: numbers follow the head without a hole, counts do not fall.
fn check_numbers(world: &World, head: &Head, entries: &[NewEntry]) {
    if entries.is_empty() || entries.len() > BATCH_ENTRIES {
        world.fail("I4", format!("a batch has {} entries", entries.len()));
    }
    let mut next = head.seq.next();
    let mut counts = head.counts;
    for new in entries {
        let entry = &new.entry;
        if entry.seq != next || entry.counts.client < counts.client || entry.counts.contractor < counts.contractor {
            world.fail("I4", format!("a batch after {} is numbered {}", head.seq, entry.seq));
        }
        next = next.next();
        counts = entry.counts;
    }
}

#[async_trait]
impl Orders for Engine {
    async fn put_order(&self, order: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, StoreError> {
        let order = order.clone();
        Ok(self.request(true, move |history, _| history.put_order(&order, at)).await?)
    }

    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.read_log(id, |log| log.order.clone()).await
    }
}

#[async_trait]
impl Log for Engine {
    async fn look(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError> {
        let (order, keys, shelf) = (order.clone(), keys.to_vec(), Arc::clone(&self.shelf));
        let look = move |history: &mut History, _| {
            let (head, known) = history.logs.get_mut(&order)?.look(&keys);
            let unheard = shelf.unheard.lock();
            for (key, _) in keys.iter().zip(&known).filter(|(key, known)| known.is_some() && unheard.contains(key)) {
                shelf.world.note("found", &[head.seq.0], || format!("{order} {}", key.id));
                shelf.world.saw(Seen::AnswerLostThenFound);
            }
            Some(Look { head, known })
        };
        self.request(false, look).await.map_err(unread)
    }

    async fn append(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, StoreError> {
        let batch = Arc::new(Batch { order: order.clone(), head: *head, entries: entries.to_vec() });
        let (shelf, node, landing) = (Arc::clone(&self.shelf), self.node, Arc::clone(&batch));
        let land = move |history: &mut History, fate: Fate| {
            let outcome = Self::land(&shelf, node, history, fate, &landing);
            if outcome.is_ok() {
                let settling = Arc::clone(&shelf);
                shelf.world.after(UNSEEN_MS, move || {
                    settling.history.lock().logs.get_mut(&landing.order).into_iter().for_each(OrderLog::settle);
                });
                let crashing = Arc::clone(&shelf);
                shelf.world.after(0, move || {
                    if let Some(applied) = &*crashing.applied.lock() {
                        applied(node);
                    }
                });
            }
            outcome
        };
        let silence = match self.request(true, land).await {
            Ok(Ok(head)) => return Ok(Appended::Applied(head)),
            Ok(Err(_)) => return Ok(Appended::Refused),
            Err(silence) => silence,
        };
        if self.shelf.world.plan.sabotage == Sabotage::RetryingStore {
            let mut history = self.shelf.history();
            let log = history.logs.get_mut(order).ok_or_else(|| StoreError::Invalid("no such order".into()))?;
            return Ok(Appended::Applied(log.append_blindly(entries)));
        }
        Err(silence.into())
    }

    async fn head(&self, order: &OrderId) -> Result<Option<Head>, StoreError> {
        self.read_log(order, OrderLog::quorum_head).await
    }

    async fn entries(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, StoreError> {
        Ok(self.read_log(order, move |log| log.after(after, limit)).await?.unwrap_or_default())
    }

    async fn messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        Ok(self.read_log(order, move |log| log.messages_before(before, limit)).await?.unwrap_or_default())
    }

    async fn messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Message>, StoreError> {
        let seqs = seqs.to_vec();
        let read = move |log: &OrderLog| {
            let messages = log.messages_before(None, usize::MAX);
            messages.into_iter().filter(|message| seqs.contains(&message.seq)).collect()
        };
        Ok(self.read_log(order, read).await?.unwrap_or_default())
    }
}

#[async_trait]
impl Lists for Engine {
    async fn advance(&self, order: &Order, head: &Head, at: Timestamp) -> Result<(), StoreError> {
        let (order, head) = (order.clone(), *head);
        Ok(self.request(true, move |history, _| history.advance(&order, &head, at)).await?)
    }

    async fn list(&self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, StoreError> {
        let user = user.clone();
        self.request(false, move |history, _| history.list(&user, limit)).await.map_err(unread)
    }
}

#[async_trait]
impl Watermarks for Engine {
    async fn raise(
        &self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), StoreError> {
        let (order, user) = (order.clone(), user.clone());
        Ok(self.request(true, move |history, _| history.raise(&order, &user, delivered, read)).await?)
    }

    async fn marks(&self, order: &OrderId, users: &[&UserId]) -> Result<Vec<Marks>, StoreError> {
        let (order, users) = (order.clone(), users.iter().map(|user| (*user).clone()).collect::<Vec<_>>());
        self.request(false, move |history, _| history.marks(&order, &users)).await.map_err(unread)
    }
}

#[async_trait]
impl Outbox for Engine {
    async fn intend(&self, intents: &[Intent]) -> Result<(), StoreError> {
        let intents = intents.to_vec();
        Ok(self.request(true, move |history, _| history.intents.extend(intents)).await?)
    }

    async fn intents(&self, incarnation: &Incarnation, minute: i64, limit: usize) -> Result<Vec<Intent>, StoreError> {
        let incarnation = incarnation.clone();
        self.request(false, move |history, _| history.intents_of(&incarnation, minute, limit)).await.map_err(unread)
    }

    async fn drop_intents(&self, intents: &[Intent]) -> Result<(), StoreError> {
        let intents = intents.to_vec();
        let drop = move |history: &mut History, _| history.intents.retain(|intent| !intents.contains(intent));
        Ok(self.request(true, drop).await?)
    }

    async fn owed(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, StoreError> {
        Ok(self.read_log(order, move |log| log.owed(after, limit)).await?.unwrap_or_default())
    }

    async fn events_mark(&self, order: &OrderId) -> Result<Seq, StoreError> {
        Ok(self.read_log(order, OrderLog::events_mark).await?.unwrap_or_default())
    }

    async fn raise_events_mark(&self, order: &OrderId, to: Seq) -> Result<(), StoreError> {
        let order = order.clone();
        let raise = move |history: &mut History, _| {
            history.logs.get_mut(&order).into_iter().for_each(|log| log.raise_events_mark(to));
        };
        Ok(self.request(true, raise).await?)
    }
}

#[async_trait]
impl Heartbeats for Engine {
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        let heartbeat = heartbeat.clone();
        Ok(self.request(true, move |history, _| history.beat(&heartbeat)).await?)
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>, StoreError> {
        self.request(false, |history, _| history.heartbeats.clone()).await.map_err(unread)
    }

    async fn forget(&self, incarnation: &Incarnation) -> Result<(), StoreError> {
        let incarnation = incarnation.clone();
        let forget = move |history: &mut History, _| history.heartbeats.retain(|beat| beat.incarnation != incarnation);
        Ok(self.request(true, forget).await?)
    }
}
