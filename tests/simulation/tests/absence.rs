//! What is owed to somebody who is gone, and what is not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::log::EntryKey;
use souk_chat::ports::{
    Committed, Decision, Feed, Limiter, Marked, Moderations, OutboxIntent, OutboxIntents, Presence, Runtime, Store,
    WentBack,
};
use souk_chat::service::{Chats, Ports, Send};
use souk_chat::{
    Actor, Body, ClientMessageId, Draft, Fingerprints, Mark, NewOrder, OrderId, Owed, Refusal, Role, RulesCell, Sealer,
    Seq, Timestamp, UserId,
};
use souk_simulation::Sabotage;
use souk_simulation::judge::Words;
use souk_simulation::people::{NodeIntents, People, PeopleOf};
use souk_simulation::plan::{Faults, Plan};
use souk_simulation::rng::Rng;
use souk_simulation::runtime::NodeRuntime;
use souk_simulation::store::{Engine, Shelf};
use souk_simulation::world::World;

#[derive(Default)]
struct Heard(Mutex<Vec<Committed>>);

impl Moderations for Heard {
    fn decided(&self, _decision: &Decision) {}
}

impl Feed for Heard {
    fn committed(&self, committed: &Committed) {
        self.0.lock().push(committed.clone());
    }

    fn marked(&self, _: &Marked) {}

    fn went_back(&self, loss: WentBack) {
        panic!("nothing was lost here: {loss:?}");
    }

    fn suspect(&self, _: &OrderId) {}
}

/// Intents that do not always stand.
struct Wavering(NodeIntents, AtomicBool);

impl OutboxIntents for Wavering {
    fn intent(&self, order: &OrderId, key: &EntryKey, head: Seq) -> OutboxIntent {
        self.0.intent(order, key, head)
    }

    fn standing(&self) -> bool {
        self.1.load(Ordering::Relaxed)
    }
}

/// Two nodes over a store where nothing goes wrong, and an order of ann and bob.
struct Place {
    world: Arc<World>,
    shelf: Arc<Shelf>,
    store: Arc<dyn Store>,
    people: Arc<PeopleOf>,
    runtime: Arc<NodeRuntime>,
    intents: Arc<Wavering>,
    heard: Arc<Heard>,
    chats: Chats,
    other: Chats,
    order: OrderId,
}

impl Place {
    fn new() -> Self {
        let plan = Plan { faults: Faults::default(), volume: 3, ..Plan::of(&mut Rng::new(1), Sabotage::None) };
        let world = World::new(plan, Rng::new(2), false);
        let turning = Arc::clone(&world);
        tokio::spawn(async move { turning.turn().await });
        let shelf = Shelf::new(Arc::clone(&world));
        let order: OrderId = "o".parse().unwrap();
        let new =
            NewOrder { id: order.clone(), client: user("ann"), contractor: user("bob"), title: None, status: None };
        shelf.history().put_order(&new, Timestamp(0));
        let runtime = Arc::new(NodeRuntime::new(Arc::clone(&world), 0));
        let people =
            Arc::new(PeopleOf::new(People::new(Arc::clone(&world), Arc::clone(&shelf)), 0, Arc::clone(&runtime)));
        let intents = NodeIntents::new(Arc::clone(&runtime), 0, 1);
        let intents = Arc::new(Wavering(intents, AtomicBool::new(true)));
        let heard = Arc::new(Heard::default());
        let store: Arc<dyn Store> = Arc::new(Engine::new(Arc::clone(&shelf), 0));
        let node = || {
            Chats::new(Ports {
                store: Arc::clone(&store),
                presence: Arc::<PeopleOf>::clone(&people) as Arc<dyn Presence>,
                limiter: Arc::<PeopleOf>::clone(&people) as Arc<dyn Limiter>,
                feed: Arc::<Heard>::clone(&heard) as Arc<dyn Feed>,
                intents: Arc::<Wavering>::clone(&intents) as Arc<dyn OutboxIntents>,
                runtime: Arc::<NodeRuntime>::clone(&runtime) as Arc<dyn Runtime>,
                rules: Arc::new(RulesCell::new(Words::default())),
                moderations: Arc::<Heard>::clone(&heard) as Arc<dyn Moderations>,
                sealer: Arc::new(Sealer::new([&[7; 32]])),
                fingerprints: Arc::new(Fingerprints::new([b"test".as_slice()])),
            })
        };
        let (chats, other) = (node(), node());
        Self { world, shelf, store, people, runtime, intents, heard, chats, other, order }
    }

    /// Says something; the other one counts as there, or not.
    async fn say(&self, who: &str, id: &str, is_there: bool) -> Result<Seq, Refusal> {
        let other = user(if who == "ann" { "bob" } else { "ann" });
        self.people.set(&other, u32::from(is_there));
        let sent = self.say_over(&self.chats, who, id).await;
        self.people.set(&other, 0);
        sent
    }

    async fn say_over(&self, node: &Chats, who: &str, id: &str) -> Result<Seq, Refusal> {
        let actor = Actor { user: user(who), role: Role::Client, name: None, locale: None };
        let (draft, id) = (Draft::new(&format!("{who} says {id}")).unwrap(), ClientMessageId::new(id).unwrap());
        let send = Send { order: self.order.clone(), draft, id, origin: Default::default() };
        node.send(&actor, send).await.map(|sent| sent.message.seq)
    }

    fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    /// The entries that owe bob a notification.
    fn owing(&self) -> Vec<u64> {
        let rows = self.shelf.history().logs[&self.order].owed(Seq(0), 1_000);
        let to_bob = rows.iter().filter(|row| matches!(&row.owed, Owed::Notification { to, .. } if *to == user("bob")));
        to_bob.map(|row| row.seq.0).collect()
    }

    async fn notify(&self, since: Timestamp, seen: u64) -> usize {
        self.chats.notify_absent(&user("bob"), since, &[(self.order.clone(), Seq(seen))]).await.unwrap()
    }
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn before(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp(at.millis() - millis)
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn who_only_seemed_to_be_there_is_owed_one_notification() {
    let place = Place::new();
    for id in ["a", "b", "c", "d"] {
        place.say("ann", id, true).await.unwrap();
    }
    assert!(place.owing().is_empty(), "bob counts as there");
    let since = before(place.now(), 60_000);
    // Two nodes notice at once.
    let bob = user("bob");
    let (one, other) = futures_util::future::join(
        place.chats.notify_absent(&bob, since, &[]),
        place.other.notify_absent(&bob, since, &[]),
    )
    .await;
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!(place.owing(), [5]);
    {
        let history = place.shelf.history();
        let entry = &history.logs[&place.order].entries[4].entry;
        assert!(matches!(entry.body, Body::Empty) && *entry.key.id == *"notify~bob~4", "{entry:?}");
    }
    {
        let heard = place.heard.0.lock();
        let last = heard.last().unwrap();
        assert!(last.owes && last.entries[0].seq == Seq(5), "the walker is woken, and rooms hear of the entry");
    }
    for _ in 0..2 {
        assert_eq!(place.notify(since, 0).await, 0, "once");
    }
    // The next message owes by itself, and covers what was before it.
    assert_eq!(place.say("ann", "e", false).await, Ok(Seq(6)));
    assert_eq!((place.notify(since, 0).await, place.owing()), (0, vec![5, 6]));
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_answered_read_or_old_is_owed_nothing() {
    let place = Place::new();
    place.say("ann", "a", true).await.unwrap();
    let said_at = place.now();
    let since = before(said_at, 60_000);
    assert_eq!(place.notify(since, 1).await, 0, "it was pushed and seen");
    pass(1).await;
    assert_eq!(place.notify(place.now(), 0).await, 0, "it is older than what may have been missed");
    assert_eq!(place.chats.notify_absent(&user("ann"), since, &[]).await, Ok(0), "it is ann's own");

    // An answer that was on its way already is none.
    place.say("bob", "b", true).await.unwrap();
    pass(10).await;
    place.say("bob", "c", true).await.unwrap();
    assert_eq!(place.notify(since, 0).await, 0, "bob answered");

    place.say("ann", "d", true).await.unwrap();
    let mark = Mark { seq: Seq(4), others: 2 };
    place.store.raise(&place.order, &user("bob"), Some(mark), None).await.unwrap();
    assert_eq!(place.notify(since, 0).await, 0, "a device said that it is there");
    place.say("ann", "e", true).await.unwrap();
    place.store.raise(&place.order, &user("bob"), None, Some(Mark { seq: Seq(5), others: 3 })).await.unwrap();
    assert_eq!(place.notify(since, 0).await, 0, "bob read it");
    assert!(place.owing().is_empty());

    place.say("ann", "f", true).await.unwrap();
    place.say("bob", "g", true).await.unwrap();
    assert_eq!((place.notify(since, 5).await, place.owing()), (1, vec![8]));
}

/// A node whose intents might not be found writes nothing that owes; what owes nothing goes on.
#[tokio::test(start_paused = true)]
async fn without_standing_intents_only_what_owes_waits() {
    let place = Place::new();
    place.intents.1.store(false, Ordering::Relaxed);
    assert_eq!(place.say("ann", "a", true).await, Ok(Seq(1)));
    let since = before(place.now(), 60_000);
    assert!(matches!(place.say("ann", "b", false).await, Err(Refusal::Unavailable { .. })));
    assert!(place.chats.notify_absent(&user("bob"), since, &[]).await.is_err(), "it is tried again");
    assert_eq!(place.say("ann", "c", true).await, Ok(Seq(2)));
    assert!(place.owing().is_empty());
    assert!(place.shelf.history().intents.is_empty(), "nothing is written while that says nothing");
    place.intents.1.store(true, Ordering::Relaxed);
    assert_eq!((place.notify(since, 0).await, place.owing()), (1, vec![3]));
}

/// Lists know of a message only after it was written: who looks by them for what somebody missed may find nothing.
#[tokio::test(start_paused = true)]
async fn a_repeat_notifies_whom_no_list_led_to() {
    let place = Place::new();
    let (shelf, world) = (Arc::clone(&place.shelf), Arc::clone(&place.world));
    place.shelf.on_applied(Some(Box::new(move |_| shelf.fail_between(world.now(), world.now() + 11_000))));
    let since = before(place.now(), 60_000);
    assert!(matches!(place.say("ann", "a", true).await, Err(Refusal::Unavailable { .. })), "it is in no list");
    place.shelf.on_applied(None);
    pass(2).await;
    assert_eq!(place.notify(since, 0).await, 0, "no list leads to it");

    // Much later, on another node.
    pass(600).await;
    let again = |node| place.say_over(node, "ann", "a");
    assert_eq!(again(&place.other).await, Ok(Seq(1)));
    assert_eq!(place.owing(), [2]);
    for _ in 0..2 {
        assert_eq!((again(&place.other).await, again(&place.chats).await), (Ok(Seq(1)), Ok(Seq(1))));
    }
    assert_eq!(place.owing(), [2], "once");
}

/// A node that starts knows of nothing, and asks for nothing that was told.
#[tokio::test(start_paused = true)]
async fn a_repeat_of_what_is_listed_notifies_nobody() {
    let place = Place::new();
    place.say("ann", "a", true).await.unwrap();
    assert_eq!(place.say_over(&place.other, "ann", "a").await, Ok(Seq(1)));
    assert!(place.owing().is_empty(), "whoever notices that bob is gone sees to that");
}
