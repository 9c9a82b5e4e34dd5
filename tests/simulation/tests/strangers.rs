//! What a stranger can tell of orders: nothing, not by the work that a refusal takes either.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use souk_chat::ports::{Committed, Decision, Feed, Limiter, Marked, Moderations, Presence, Runtime, Store, WentBack};
use souk_chat::service::{Chats, Edit, Ports, Send, Window};
use souk_chat::{
    Actor, ClientMessageId, Draft, Fingerprints, NewOrder, OrderId, Refusal, Role, RulesCell, Sealer, Seq, Timestamp,
    UserId,
};
use souk_simulation::Sabotage;
use souk_simulation::judge::Words;
use souk_simulation::people::{NodeIntents, People, PeopleOf};
use souk_simulation::plan::{Faults, Plan};
use souk_simulation::rng::Rng;
use souk_simulation::runtime::NodeRuntime;
use souk_simulation::store::{Asked, Engine, Shelf};
use souk_simulation::world::World;

struct Deaf;

impl Moderations for Deaf {
    fn decided(&self, _: &Decision) {}
}

impl Feed for Deaf {
    fn committed(&self, _: &Committed) {}
    fn marked(&self, _: &Marked) {}
    fn went_back(&self, _: WentBack) {}
    fn suspect(&self, _: &OrderId) {}
}

/// A node over a store where nothing goes wrong, with two orders of Ann and Bob.
fn place() -> (Chats, Arc<Shelf>) {
    let plan = Plan { faults: Faults::default(), ..Plan::of(&mut Rng::new(1), Sabotage::None) };
    let world = World::new(plan, Rng::new(2), false);
    let turning = Arc::clone(&world);
    tokio::spawn(async move { turning.turn().await });
    let shelf = Shelf::new(Arc::clone(&world));
    for name in ["known", "unheard-of"] {
        let (client, contractor) = (user("ann"), user("bob"));
        shelf
            .history()
            .put_order(&NewOrder { id: order(name), client, contractor, title: None, status: None }, Timestamp(0));
    }
    let runtime = Arc::new(NodeRuntime::new(Arc::clone(&world), 0));
    let people = Arc::new(PeopleOf::new(People::new(Arc::clone(&world), Arc::clone(&shelf)), 0, Arc::clone(&runtime)));
    let chats = Chats::new(Ports {
        store: Arc::new(Engine::new(Arc::clone(&shelf), 0)) as Arc<dyn Store>,
        presence: Arc::<PeopleOf>::clone(&people) as Arc<dyn Presence>,
        limiter: people as Arc<dyn Limiter>,
        feed: Arc::new(Deaf),
        intents: Arc::new(NodeIntents::new(Arc::clone(&runtime), 0, 1)),
        runtime: runtime as Arc<dyn Runtime>,
        rules: Arc::new(RulesCell::new(Words::default())),
        moderations: Arc::new(Deaf),
        sealer: Arc::new(Sealer::new([&[7; 32]])),
        fingerprints: Arc::new(Fingerprints::new([b"test".as_slice()])),
    });
    (chats, shelf)
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn order(name: &str) -> OrderId {
    name.parse().unwrap()
}

fn actor(name: &str) -> Actor {
    Actor { user: user(name), role: Role::Client, name: None, locale: None }
}

fn send(id: &OrderId, key: &str) -> Send {
    let (draft, key) = (Draft::new("let me in").unwrap(), ClientMessageId::new(key).unwrap());
    Send { order: id.clone(), draft, id: key, origin: Default::default() }
}

/// Everything that somebody may try with an order; each way's name, its refusal, and what the store was asked for.
async fn tries(chats: &Chats, shelf: &Shelf, eve: &Actor, id: &OrderId) -> Vec<(&'static str, Refusal, Asked)> {
    shelf.asked();
    let mut seen = Vec::new();
    let mut note = |way, refusal| seen.push((way, refusal, shelf.asked()));
    note("readable", chats.readable(eve, id).await.unwrap_err());
    note("chat", chats.chat(eve, id).await.unwrap_err());
    for window in [Window::Newest, Window::Since(Seq(0).into()), Window::Since(Seq(9).into()), Window::Before(Seq(9))] {
        note("history", chats.history(eve, id, window, None).await.unwrap_err());
    }
    note("limit", chats.history(eve, id, Window::Newest, Some(0)).await.unwrap_err());
    note("catch_up", chats.catch_up(eve, id, Some(Seq(0).into())).await.unwrap_err());
    note("send", chats.send(eve, send(id, "k")).await.unwrap_err());
    let edit = Edit { order: id.clone(), seq: Seq(1), draft: Draft::new("x").unwrap(), origin: Default::default() };
    note("edit", chats.edit(eve, edit).await.unwrap_err());
    let synced = chats.sync(eve, &[(id.clone(), Seq(0).into())]).await.unwrap();
    note("sync", synced.orders[id].clone().unwrap_err());
    seen
}

#[tokio::test(start_paused = true)]
async fn a_foreign_order_costs_what_a_missing_one_does() {
    let (chats, shelf) = place();
    let eve = actor("eve");
    for _ in 0..2 {
        // The node knows this order well; its people were just here.
        for person in ["ann", "bob"] {
            chats.chat(&actor(person), &order("known")).await.unwrap();
        }
        chats.send(&actor("ann"), send(&order("known"), "hello")).await.unwrap();
        let missing = tries(&chats, &shelf, &eve, &order("missing")).await;
        for name in ["known", "unheard-of", "unheard-of"] {
            assert_eq!(tries(&chats, &shelf, &eve, &order(name)).await, missing, "{name}");
        }
        for (way, refusal, asked) in missing {
            assert_eq!(refusal, Refusal::Forbidden, "{way}");
            let reads = if way == "sync" { 2 } else { 1 };
            assert_eq!(
                asked,
                Asked { reads, writes: 0 },
                "{way}: whether there is such an order, and of eve's own list"
            );
        }
    }
    shelf.asked();
    chats.readable(&actor("ann"), &order("known")).await.unwrap();
    assert_eq!(shelf.asked(), Asked::default(), "its own people need no read");
}
