//! One node, or a few, over one store where nothing goes wrong unless a test says so.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use std::sync::Arc;

use parking_lot::Mutex;
use souk_chat::ports::{
    Committed, Decision, Feed, Limiter, Marked, Moderations, Origin, Presence, Runtime, Store, WentBack, Why,
};
use souk_chat::service::{Chats, Edit, Ports, Send, Sent};
use souk_chat::{
    Action, Actor, Body, Category, ClientMessageId, Draft, Fingerprints, Message, ModerationAction, NewOrder, OrderId,
    Owed, Refusal, Role, RulesCell, Sealer, Seq, Subject, Timestamp, UserId,
};
use souk_simulation::Sabotage;
use souk_simulation::judge::Words;
use souk_simulation::people::{NodeIntents, People, PeopleOf};
use souk_simulation::plan::{Faults, Plan};
use souk_simulation::rng::Rng;
use souk_simulation::runtime::NodeRuntime;
use souk_simulation::store::{Engine, Shelf};
use souk_simulation::world::World;

/// What a node told.
#[derive(Default)]
pub struct Heard {
    decisions: Mutex<Vec<Decision>>,
    pub committed: Mutex<Vec<Committed>>,
    pub losses: Mutex<Vec<WentBack>>,
    pub suspected: Mutex<Vec<OrderId>>,
    pub told: Mutex<Vec<Marked>>,
}

impl Heard {
    /// What was fed: the numbers of the entries, and whether it was for a repeat.
    pub fn fed(&self) -> Vec<(Vec<u64>, bool)> {
        let numbers = |committed: &Committed| committed.entries.iter().map(|entry| entry.seq.0).collect();
        self.committed.lock().iter().map(|committed| (numbers(committed), committed.repeat)).collect()
    }
}

impl Moderations for Heard {
    fn decided(&self, decision: &Decision) {
        self.decisions.lock().push(*decision);
    }
}

impl Feed for Heard {
    fn committed(&self, committed: &Committed) {
        self.committed.lock().push(committed.clone());
    }

    fn marked(&self, marked: &Marked) {
        self.told.lock().push(marked.clone());
    }

    fn went_back(&self, loss: WentBack) {
        self.losses.lock().push(loss);
    }

    fn suspect(&self, order: &OrderId) {
        self.suspected.lock().push(order.clone());
    }
}

/// A node.
pub struct Node {
    pub chats: Chats,
    pub heard: Arc<Heard>,
    people: Arc<PeopleOf>,
    order: OrderId,
}

impl Node {
    /// Connects a device of this person.
    pub fn connect(&self, who: &str) {
        self.people.set(&user(who), 1);
    }

    pub async fn say(&self, who: &str, id: &str, text: &str) -> Result<Sent, Refusal> {
        self.say_over(Origin::default(), who, id, text).await
    }

    pub async fn say_over(&self, origin: Origin, who: &str, id: &str, text: &str) -> Result<Sent, Refusal> {
        let (draft, id) = (Draft::new(text).unwrap(), ClientMessageId::new(id).unwrap());
        self.chats.send(&actor(who), Send { order: self.order.clone(), draft, id, origin }).await
    }

    pub async fn edit(&self, who: &str, seq: u64, text: &str) -> Result<Sent, Refusal> {
        let (order, draft) = (self.order.clone(), Draft::new(text).unwrap());
        self.chats.edit(&actor(who), Edit { order, seq: Seq(seq), draft, origin: Origin::default() }).await
    }
}

/// Nodes over one store.
pub struct Place {
    pub world: Arc<World>,
    pub shelf: Arc<Shelf>,
    pub rules: Arc<RulesCell>,
    pub order: OrderId,
    /// The first node.
    pub node: Node,
}

/// The first node, in short.
impl std::ops::Deref for Place {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

const KEY: [u8; 32] = [7; 32];

impl Place {
    /// Volumes of this many entries.
    pub fn new(rules: RulesCell, volume: u64) -> Self {
        Self::with(rules, volume, Faults::default(), 0)
    }

    /// The rules of the simulation, in one volume.
    pub fn words() -> Self {
        Self::new(RulesCell::new(Words::default()), 50_000)
    }

    /// With these faults for so many milliseconds.
    pub fn with(rules: RulesCell, volume: u64, faults: Faults, faulty_ms: u64) -> Self {
        let plan = Plan { faults, volume, busy_ms: faulty_ms, ..Plan::of(&mut Rng::new(1), Sabotage::None) };
        let world = World::new(plan, Rng::new(2), false);
        let turning = Arc::clone(&world);
        tokio::spawn(async move { turning.turn().await });
        let shelf = Shelf::new(Arc::clone(&world));
        let order: OrderId = "o".parse().unwrap();
        let new =
            NewOrder { id: order.clone(), client: user("ann"), contractor: user("bob"), title: None, status: None };
        shelf.history().put_order(&new, Timestamp(0));
        let rules = Arc::new(rules);
        let node = make_node(&world, &shelf, &rules, &order, &KEY);
        Self { world, shelf, rules, order, node }
    }

    /// The store, as a node of its own sees it.
    pub fn store(&self) -> Engine {
        Engine::new(Arc::clone(&self.shelf), 0)
    }

    /// Another node, which seals with the same key as the first.
    pub fn another(&self) -> Node {
        self.another_with(&KEY)
    }

    /// Another node, which seals with this key.
    pub fn another_with(&self, key: &[u8; 32]) -> Node {
        make_node(&self.world, &self.shelf, &self.rules, &self.order, key)
    }

    pub fn bodies(&self) -> Vec<Body> {
        self.shelf.history().logs[&self.order].entries.iter().map(|new| new.entry.body.clone()).collect()
    }

    pub fn now(&self, seq: u64) -> Message {
        let history = self.shelf.history();
        (**history.logs[&self.order].states(Seq(seq)).last().unwrap()).clone()
    }

    /// What is owed to moderators: entry, what was done, about what.
    pub fn owed(&self) -> Vec<(u64, ModerationAction, Subject)> {
        let rows = self.shelf.history().logs[&self.order].owed(Seq(0), 1_000);
        let moderation = |row: souk_chat::OwedRow| match row.owed {
            Owed::Moderation { action, subject, .. } => Some((row.seq.0, action, subject)),
            Owed::Notification { .. } => None,
        };
        rows.into_iter().filter_map(moderation).collect()
    }

    /// All originals: why, message, version, text.
    pub async fn originals(&self) -> Vec<(Why, Option<u64>, u32, String)> {
        let page = self.chats.originals(&admin(), &self.order, None, None).await.unwrap();
        let row = |original: souk_chat::service::Original| {
            assert!(original.entry.is_some(), "{original:?}");
            (original.why, original.message.map(|seq| seq.0), original.version, original.text.unwrap())
        };
        page.originals.into_iter().map(row).collect()
    }

    pub fn decisions(&self) -> Vec<(Category, Action, bool)> {
        self.heard.decisions.lock().iter().map(|heard| (heard.category, heard.action, heard.shadow)).collect()
    }
}

fn make_node(world: &Arc<World>, shelf: &Arc<Shelf>, rules: &Arc<RulesCell>, order: &OrderId, key: &[u8; 32]) -> Node {
    let heard = Arc::new(Heard::default());
    let runtime = Arc::new(NodeRuntime::new(Arc::clone(world), 0));
    let people = Arc::new(PeopleOf::new(People::new(Arc::clone(world), Arc::clone(shelf)), 0, Arc::clone(&runtime)));
    let chats = Chats::new(Ports {
        store: Arc::new(Engine::new(Arc::clone(shelf), 0)) as Arc<dyn Store>,
        presence: Arc::<PeopleOf>::clone(&people) as Arc<dyn Presence>,
        limiter: Arc::<PeopleOf>::clone(&people) as Arc<dyn Limiter>,
        feed: Arc::<Heard>::clone(&heard) as Arc<dyn Feed>,
        intents: Arc::new(NodeIntents::new(Arc::clone(&runtime), 0, 1)),
        runtime: runtime as Arc<dyn Runtime>,
        rules: Arc::clone(rules),
        moderations: Arc::<Heard>::clone(&heard) as Arc<dyn Moderations>,
        sealer: Arc::new(Sealer::new([key])),
        fingerprints: Arc::new(Fingerprints::new([b"test".as_slice()])),
    });
    Node { chats, heard, people, order: order.clone() }
}

pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub fn actor(name: &str) -> Actor {
    Actor { user: user(name), role: Role::Client, name: None, locale: None }
}

pub fn admin() -> Actor {
    Actor { role: Role::Admin, ..actor("root") }
}
