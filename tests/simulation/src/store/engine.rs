//! How a node reaches the store: requests and answers travel, are slow, are lost, or arrive when nobody waits any more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::{Either, select};
use parking_lot::{Mutex, MutexGuard};
use souk_chat::OrderId;
use souk_chat::limits::BATCH_ENTRIES;
use souk_chat::log::{EntryKey, Head, NewEntry};
use souk_chat::ports::store::StoreError;
use tokio::sync::oneshot;

use crate::coverage::Seen;
use crate::runtime::may_panic;
use crate::world::World;

use super::epochs::Known;
use super::history::{History, OrderLog, Refused};

/// Is told of a batch that was applied, with the node it came from.
pub type Told = Box<dyn Fn(usize) + Send + Sync>;

/// The one store of all nodes.
pub struct Shelf {
    pub(super) world: Arc<World>,
    pub(super) history: Mutex<History>,
    /// Stretches in which nothing answers, in milliseconds.
    outages: Mutex<Vec<(u64, u64)>>,
    /// Batches with these keys are refused, for ever.
    poisoned: Mutex<HashMap<EntryKey, Refused>>,
    /// By node, order and name: how often a batch was refused because the name stands, since that node looked for it.
    unlooked: Mutex<HashMap<(usize, OrderId, EntryKey), u32>>,
    /// Keys that were written while the writer heard nothing.
    pub(super) unheard: Mutex<HashSet<EntryKey>>,
    /// Told of each batch that was applied, with the node it came from: the moment to crash it.
    pub(super) applied: Mutex<Option<Told>>,
    /// Requests of all nodes.
    asked: Mutex<Asked>,
}

/// How often the store was asked for something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// To read.
    pub reads: u64,
    /// To write.
    pub writes: u64,
}

impl Shelf {
    /// An empty store.
    pub fn new(world: Arc<World>) -> Arc<Self> {
        Arc::new(Self {
            world,
            history: Mutex::default(),
            outages: Mutex::default(),
            poisoned: Mutex::default(),
            unlooked: Mutex::default(),
            unheard: Mutex::default(),
            applied: Mutex::default(),
            asked: Mutex::default(),
        })
    }

    /// Requests since the last call.
    pub fn asked(&self) -> Asked {
        std::mem::take(&mut self.asked.lock())
    }

    /// What is stored, for whoever checks.
    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock()
    }

    /// Nothing answers from one moment to another.
    pub fn fail_between(&self, from: u64, to: u64) {
        self.outages.lock().push((from, to));
    }

    /// Refuses every batch with this key, for this reason.
    pub fn poison(&self, key: EntryKey, why: Refused) {
        self.poisoned.lock().insert(key, why);
    }

    /// Calls `applied` after each batch that was applied.
    pub fn on_applied(&self, applied: Option<Told>) {
        *self.applied.lock() = applied;
    }

    /// A node looks for these names.
    pub(super) fn looks(&self, node: usize, order: &OrderId, keys: &[EntryKey]) {
        self.unlooked.lock().retain(|(other, of, key), _| *other != node || of != order || !keys.contains(key));
    }

    /// A batch of a node was refused because this name stands. Whoever looks for what it writes finds it.
    fn refused(&self, node: usize, order: &OrderId, key: &EntryKey) {
        let mut unlooked = self.unlooked.lock();
        let times = unlooked.entry((node, order.clone(), key.clone())).or_default();
        *times += 1;
        if *times > REFUSED_UNLOOKED {
            self.world.fail("spin", format!("node {node} writes {:?}, which stands, and does not look for it", key.id));
        }
    }

    /// A node is gone, with what it knew.
    pub fn forget_node(&self, node: usize) {
        self.unlooked.lock().retain(|(other, ..), _| *other != node);
    }

    fn is_out(&self) -> bool {
        let now = self.world.now();
        self.outages.lock().iter().any(|(from, to)| (*from..*to).contains(&now))
    }
}

/// How often a batch may be refused because of a name, before its node has looked for it: by one send and by one on its way
/// behind it, under the same id.
const REFUSED_UNLOOKED: u32 = 2;

/// A node's way to the store.
pub struct Engine {
    pub(super) shelf: Arc<Shelf>,
    pub(super) node: usize,
    pub(super) epoch: Known,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
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
pub(super) struct Silence {
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
pub(super) fn unread(_: Silence) -> StoreError {
    StoreError::Unavailable("simulated".into())
}

impl Engine {
    /// The way of this node.
    pub fn new(shelf: Arc<Shelf>, node: usize) -> Self {
        let epoch = Known::new(&shelf);
        Self { shelf, node, epoch }
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
    pub(super) async fn request<T: Send + 'static>(
        &self,
        write: bool,
        act: impl FnOnce(&mut History, Fate) -> T + Send + 'static,
    ) -> Result<T, Silence> {
        {
            let mut asked = self.shelf.asked.lock();
            let count = if write { &mut asked.writes } else { &mut asked.reads };
            *count += 1;
        }
        self.request_as(self.fate(write), act).await
    }

    async fn request_as<T: Send + 'static>(
        &self,
        fate: Fate,
        act: impl FnOnce(&mut History, Fate) -> T + Send + 'static,
    ) -> Result<T, Silence> {
        may_panic(&self.shelf.world);
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
        let outcome = select(World::answer(receiver), patience).await;
        may_panic(&self.shelf.world);
        match outcome {
            Either::Left((answer, _)) => Ok(answer),
            Either::Right(((), _)) => {
                Err(Silence { never_sent: fate.arrives.is_none() && self.shelf.world.rng().chance(300) })
            }
        }
    }

    pub(super) async fn read_log<T: Send + 'static>(
        &self,
        order: &OrderId,
        act: impl FnOnce(&OrderLog) -> T + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let order = order.clone();
        self.request(false, move |history, _| history.logs.get(&order).map(act)).await.map_err(unread)
    }

    /// What a batch does when it arrives.
    pub(super) fn land(
        shelf: &Shelf,
        node: usize,
        history: &mut History,
        fate: Fate,
        batch: &Batch,
    ) -> Result<Head, Refused> {
        let world = &shelf.world;
        let log = history.logs.get_mut(&batch.order).ok_or(Refused::Head)?;
        check_numbers(world, &batch.head, &batch.entries);
        check_times(world, log, &batch.head, &batch.entries);
        let before = log.entries.len();
        let poisoned = shelf.poisoned.lock();
        let outcome = match batch.entries.iter().find_map(|new| poisoned.get(&new.entry.key)) {
            Some(why) => Err(*why),
            None if !has_distinct_keys(&batch.entries) => {
                world.fail("batch", format!("a key stands twice in {:?}", batch.names()));
                Err(Refused::Invalid)
            }
            None => log.append(&batch.head, &batch.entries, world.plan.volume),
        };
        drop(poisoned);
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
            Err(Refused::Key) if !late && fate.answers.is_some() => {
                let stands = |new: &&NewEntry| log.has_key(&batch.head, &new.entry.key);
                batch.entries.iter().filter(stands).for_each(|new| shelf.refused(node, &batch.order, &new.entry.key));
            }
            Err(_) if late => world.saw(Seen::LandedLateRefused),
            Err(_) => {}
        }
        outcome
    }
}

/// What an append wants written.
pub(super) struct Batch {
    pub(super) order: OrderId,
    pub(super) head: Head,
    pub(super) entries: Vec<NewEntry>,
}

impl Batch {
    fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|new| &*new.entry.key.id).collect()
    }
}

/// An entry is not older than the one before it.
fn check_times(world: &World, log: &OrderLog, head: &Head, entries: &[NewEntry]) {
    if log.head != *head {
        return;
    }
    let mut last = head.at;
    for NewEntry { entry, .. } in entries {
        if entry.at < last {
            world.fail("time", format!("entry {} is of {:?}, the one before it of {last:?}", entry.seq, entry.at));
        }
        last = entry.at;
    }
}

fn has_distinct_keys(entries: &[NewEntry]) -> bool {
    let mut seen = HashSet::new();
    entries.iter().all(|new| seen.insert(&new.entry.key))
}

/// Dense numbers, as the writer sees them: they follow the head without a hole, counts do not fall.
fn check_numbers(world: &World, head: &Head, entries: &[NewEntry]) {
    if entries.is_empty() || entries.len() > BATCH_ENTRIES {
        world.fail("dense", format!("a batch has {} entries", entries.len()));
    }
    let mut next = head.seq.next();
    let mut counts = head.counts;
    for new in entries {
        let entry = &new.entry;
        if entry.seq != next || entry.counts.client < counts.client || entry.counts.contractor < counts.contractor {
            world.fail("dense", format!("a batch after {} is numbered {}", head.seq, entry.seq));
        }
        next = next.next();
        counts = entry.counts;
    }
}
