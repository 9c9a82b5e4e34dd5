//! Presence, limits and intents of the simulated nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use souk_chat::limits::{SPAM_ORDERS, SPAM_TIMES};
use souk_chat::log::{EntryKey, Seq};
use souk_chat::ports::{
    Admission, Attempt, Incarnation, Limiter, Orphan, OutboxIntent, OutboxIntents, Presence, PresenceError, Runtime,
    Said,
};
use souk_chat::{OrderId, Timestamp, UserId};

use crate::coverage::Seen;
use crate::plan::Sabotage;
use crate::runtime::{NodeRuntime, may_panic};
use crate::store::Shelf;
use crate::world::World;

/// Orders and names of sends.
type Places = BTreeSet<(OrderId, u64)>;

/// Which runs of nodes answer for whom.
#[derive(Default)]
struct Answering {
    runs: u64,
    /// The newest run of each node.
    newest: BTreeMap<usize, u64>,
    people: BTreeSet<(u64, UserId)>,
    /// When runs whose lease ran out were last known to live.
    dead: BTreeMap<u64, Timestamp>,
}

/// Who is connected anywhere, and what they sent.
pub struct People {
    world: Arc<World>,
    shelf: Arc<Shelf>,
    devices: Mutex<BTreeMap<UserId, BTreeMap<usize, u32>>>,
    answering: Mutex<Answering>,
    counted: Mutex<BTreeSet<(UserId, String)>>,
    /// By person and form: the orders and names of what was said. A run is shorter than the window.
    said: Mutex<BTreeMap<(UserId, u64), Places>>,
}

impl People {
    /// Nobody.
    pub fn new(world: Arc<World>, shelf: Arc<Shelf>) -> Arc<Self> {
        let (devices, answering) = (Mutex::default(), Mutex::default());
        Arc::new(Self { world, shelf, devices, answering, counted: Mutex::default(), said: Mutex::default() })
    }

    /// The newest run of a node.
    pub fn run_of(&self, node: usize) -> Option<u64> {
        self.answering.lock().newest.get(&node).copied()
    }

    /// The lease of a node's run ran out, perhaps when another run of it has begun; it was last known to live at `alive_at`.
    pub fn forget(&self, node: usize, run: Option<u64>, alive_at: Timestamp) {
        for nodes in self.devices.lock().values_mut() {
            nodes.remove(&node);
        }
        if let Some(run) = run {
            self.answering.lock().dead.insert(run, alive_at);
        }
    }
}

/// One node's way to them.
pub struct PeopleOf {
    people: Arc<People>,
    node: usize,
    run: u64,
    runtime: Arc<NodeRuntime>,
}

impl PeopleOf {
    /// The way of this run of a node.
    pub fn new(people: Arc<People>, node: usize, runtime: Arc<NodeRuntime>) -> Self {
        let run = {
            let answering = &mut *people.answering.lock();
            answering.runs += 1;
            answering.newest.insert(node, answering.runs);
            answering.runs
        };
        Self { people, node, run, runtime }
    }
}

#[async_trait]
impl Presence for PeopleOf {
    fn set(&self, user: &UserId, devices: u32) {
        if self.runtime.is_dead() {
            return;
        }
        let mut people = self.people.devices.lock();
        people.entry(user.clone()).or_default().insert(self.node, devices);
        self.people.answering.lock().people.insert((self.run, user.clone()));
    }

    fn release(&self, user: &UserId) {
        let people = self.people.devices.lock();
        let is_here = people.get(user).and_then(|nodes| nodes.get(&self.node)).is_some_and(|devices| *devices > 0);
        if !is_here && !self.runtime.is_dead() {
            self.people.answering.lock().people.remove(&(self.run, user.clone()));
        }
    }

    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>, PresenceError> {
        let world = &self.people.world;
        may_panic(world);
        if world.bites(world.plan.faults.presence_fails) {
            world.saw(Seen::PresenceUnknown);
            tokio::time::sleep(Duration::from_millis(100)).await;
            return Err(PresenceError("simulated".into()));
        }
        let people = self.people.devices.lock();
        let is_online = |user: &UserId| people.get(user).is_some_and(|nodes| nodes.values().any(|count| *count > 0));
        Ok(users.iter().map(is_online).collect())
    }

    async fn orphans(&self, limit: usize) -> Result<Vec<Orphan>, PresenceError> {
        let Answering { people, dead, .. } = &*self.people.answering.lock();
        if self.people.world.plan.sabotage == Sabotage::ForgottenOrphans {
            return Ok(Vec::new());
        }
        let orphan = |(run, user): &(u64, UserId)| {
            let alive_at = *dead.get(run)?;
            Some(Orphan { node: run.to_string().into(), alive_at, user: user.clone() })
        };
        Ok(people.iter().filter_map(orphan).take(limit).collect())
    }

    async fn adopted(&self, orphans: &[Orphan]) -> Result<(), PresenceError> {
        let people = &mut self.people.answering.lock().people;
        people.retain(|(run, user)| {
            !orphans.iter().any(|orphan| orphan.user == *user && *orphan.node == run.to_string())
        });
        Ok(())
    }

    async fn leave(&self) {
        self.people.forget(self.node, Some(self.run), self.runtime.now());
    }
}

#[async_trait]
impl Limiter for PeopleOf {
    async fn admit(&self, attempt: &Attempt<'_>) -> Admission {
        let Attempt { user, key, .. } = *attempt;
        let world = &self.people.world;
        may_panic(world);
        if world.bites(world.plan.faults.limited) {
            if let Some((order, id)) = key.split_once('/')
                && let Ok(order) = OrderId::new(order)
                && let Some(log) = self.people.shelf.history().logs.get(&order)
                && log.entries.iter().any(|new| new.entry.key == EntryKey { owner: Some(user.clone()), id: id.into() })
            {
                world.saw(Seen::LimitedButKnown);
            }
            return Admission::Limited { retry_after: Duration::from_millis(200) };
        }
        if self.people.counted.lock().contains(&(user.clone(), key.to_owned())) {
            return Admission::Allowed { counted: false, repeated: false };
        }
        let (new, repeated) = match attempt.said {
            Some(said) => self.people.says(user, &said),
            None => (false, false),
        };
        if repeated && new && attempt.said.is_some_and(|said| said.refuse) {
            return Admission::Repeated;
        }
        if let Some(Said { order, form, name, .. }) = attempt.said {
            self.people.said.lock().entry((user.clone(), form)).or_default().insert((order.clone(), name));
        }
        self.people.counted.lock().insert((user.clone(), key.to_owned()));
        Admission::Allowed { counted: true, repeated }
    }

    fn forgive(&self, attempt: &Attempt<'_>) {
        let Attempt { user, key, said } = *attempt;
        if !self.people.counted.lock().remove(&(user.clone(), key.to_owned())) {
            self.people.world.fail("limit", format!("{key} was forgiven and had not been counted"));
        }
        if let Some(Said { order, form, name, .. }) = said
            && let Some(known) = self.people.said.lock().get_mut(&(user.clone(), form))
        {
            known.remove(&(order.clone(), name));
        }
    }
}

impl People {
    /// Whether it was not said before, and whether it is one repetition too many.
    fn says(&self, user: &UserId, said: &Said<'_>) -> (bool, bool) {
        let all = self.said.lock();
        let Some(known) = all.get(&(user.clone(), said.form)) else { return (true, false) };
        let here = known.iter().filter(|(order, name)| order == said.order && *name != said.name).count();
        let elsewhere: BTreeSet<_> =
            known.iter().map(|(order, _)| order).filter(|order| *order != said.order).collect();
        let repeated = here + 1 >= SPAM_TIMES || elsewhere.len() + 1 >= SPAM_ORDERS;
        (!known.contains(&(said.order.clone(), said.name)), repeated)
    }
}

/// Names the intents of one run of a node.
pub struct NodeIntents {
    runtime: Arc<NodeRuntime>,
    incarnation: Incarnation,
}

impl NodeIntents {
    /// Intents of this run.
    pub fn new(runtime: Arc<NodeRuntime>, node: usize, life: u64) -> Self {
        Self { runtime, incarnation: Incarnation(format!("node-{node}-{life}").into()) }
    }
}

impl OutboxIntents for NodeIntents {
    fn intent(&self, order: &OrderId, key: &EntryKey, head: Seq) -> OutboxIntent {
        OutboxIntent {
            incarnation: self.incarnation.clone(),
            minute: self.runtime.now().millis() / 60_000,
            shard: OutboxIntent::shard_of(order),
            order: order.clone(),
            key: key.clone(),
            head,
        }
    }
}
