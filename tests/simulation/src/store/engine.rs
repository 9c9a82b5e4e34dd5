//! How a node reaches the store: requests and answers travel, are slow, are lost, or arrive when nobody waits any more.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::{Either, select};
use parking_lot::{Mutex, MutexGuard};
use souk_chat::OrderId;
use souk_chat::limits::BATCH_ENTRIES;
use souk_chat::log::{EntryKey, Head, NewEntry};
use souk_chat::ports::store::StoreError;
use tokio::sync::oneshot;

use crate::coverage::Seen;
use crate::world::World;

use super::history::{History, OrderLog, Refused};

/// Is told of a batch that was applied, with the node it came from.
pub type Told = Box<dyn Fn(usize) + Send + Sync>;

/// The one store of all nodes.
pub struct Shelf {
    pub(super) world: Arc<World>,
    pub(super) history: Mutex<History>,
    /// Stretches in which nothing answers, in milliseconds.
    outages: Mutex<Vec<(u64, u64)>>,
    /// Keys that were written while the writer heard nothing.
    pub(super) unheard: Mutex<HashSet<EntryKey>>,
    /// Told of each batch that was applied, with the node it came from: the moment to crash it.
    pub(super) applied: Mutex<Option<Told>>,
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
    pub fn on_applied(&self, applied: Option<Told>) {
        *self.applied.lock() = applied;
    }

    fn is_out(&self) -> bool {
        let now = self.world.now();
        self.outages.lock().iter().any(|(from, to)| (*from..*to).contains(&now))
    }
}

/// A node's way to the store.
pub struct Engine {
    pub(super) shelf: Arc<Shelf>,
    pub(super) node: usize,
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
    pub(super) async fn request<T: Send + 'static>(
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
