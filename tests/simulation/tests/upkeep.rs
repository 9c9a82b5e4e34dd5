//! What a node does after an interruption of its router: comparing rooms and publishing again, on simulated time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use souk_chat::log::{Counts, EntryKey, NewEntry};
use souk_chat::ports::{Committed, Feed, Inbox, Presence, Router, Runtime, Store};
use souk_chat::{Actor, Body, Entry, NewOrder, OrderId, Role, Seq, Timestamp, UserId};
use souk_node::delivery::Delivery;
use souk_node::hub::{ConnectionHandle, Device, Encoding, Hub, Joined, ROOMS_PER_DEVICE};
use souk_simulation::Sabotage;
use souk_simulation::people::{People, PeopleOf};
use souk_simulation::plan::{Faults, Plan};
use souk_simulation::rng::Rng;
use souk_simulation::router::{Bus, Wiring};
use souk_simulation::runtime::NodeRuntime;
use souk_simulation::store::{Engine, Shelf};
use souk_simulation::world::World;

/// Views must be whole so long after an interruption.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);
/// How long the router is away.
const AWAY_MS: u64 = 1_000;

/// One node whose router takes up to 50 ms for each publish.
struct Place {
    shelf: Arc<Shelf>,
    bus: Arc<Bus>,
    hub: Arc<Hub>,
    delivery: Arc<Delivery>,
    runtime: Arc<NodeRuntime>,
}

impl Place {
    fn new() -> Self {
        let faults = Faults { router_delay: 50, ..Faults::default() };
        let plan = Plan { faults, busy_ms: 600_000, ..Plan::of(&mut Rng::new(1), Sabotage::None) };
        let world = World::new(plan, Rng::new(2), false);
        let turning = Arc::clone(&world);
        tokio::spawn(async move { turning.turn().await });
        let shelf = Shelf::new(Arc::clone(&world));
        let bus = Bus::new(Arc::clone(&world), Arc::clone(&shelf), 1);
        let runtime = Arc::new(NodeRuntime::new(Arc::clone(&world), 0));
        let people = PeopleOf::new(People::new(world, Arc::clone(&shelf)), 0, Arc::clone(&runtime));
        let wiring = Wiring::new(Arc::clone(&bus), 0, Box::new(|| false), Box::new(|| {}));
        let router: Arc<dyn Router> = Arc::new(wiring);
        let hub = Arc::new(Hub::new(Arc::clone(&router), Arc::new(people) as Arc<dyn Presence>, 0));
        let delivery = Delivery::new(
            Arc::clone(&hub),
            Arc::clone(&router),
            Arc::new(Engine::new(Arc::clone(&shelf), 0)) as Arc<dyn Store>,
            Arc::<NodeRuntime>::clone(&runtime) as Arc<dyn Runtime>,
            Box::new(|_| {}),
        );
        router.attach(Arc::<Delivery>::clone(&delivery) as Arc<dyn Inbox>);
        Self { shelf, bus, hub, delivery, runtime }
    }

    fn keep_up(&self) {
        let (comparing, republishing) = (Arc::clone(&self.delivery), Arc::clone(&self.delivery));
        self.runtime.spawn("compare", Box::pin(comparing.compare_on(true)));
        self.runtime.spawn("republish", Box::pin(republishing.republish_on()));
    }

    /// Joins so many orders.
    fn join(&self, count: usize) -> Vec<OrderId> {
        let orders: Vec<OrderId> = (0..count).map(|number| format!("o-{number}").parse().unwrap()).collect();
        for (number, orders) in (0..).zip(orders.chunks(ROOMS_PER_DEVICE)) {
            let handle = Arc::new(ConnectionHandle::new(number + 1, 0));
            let actor = Actor { user: user("ann"), role: Role::Client, name: None, locale: None };
            let device = Arc::new(Device::new(handle, 0, Encoding::Plain, Arc::new(actor), 7));
            self.hub.enter(&device).unwrap();
            for id in orders {
                let new = NewOrder {
                    id: id.clone(),
                    client: user("ann"),
                    contractor: user("bob"),
                    title: None,
                    status: None,
                };
                self.shelf.history().put_order(&new, Timestamp(0));
                let (room, ticket) = self.hub.join(&device, id).unwrap();
                let epoch = self.shelf.history().epoch();
                assert_eq!(room.finish_join(&device, ticket, (Seq::ZERO, &epoch), None, b"{}"), Joined::Live);
            }
        }
        orders
    }

    /// Somebody elsewhere writes an entry, and no word of it comes here.
    fn lose(&self, order: &OrderId) {
        let mut history = self.shelf.history();
        let log = history.logs.get_mut(order).unwrap();
        let (head, new) = (log.head, NewEntry { entry: empty(1), fingerprint: None, owed: Vec::new() });
        assert!(log.append(&head, &[new], 50_000).is_ok());
    }

    /// Whether the gate of the order has let its first entry pass.
    fn has_first(&self, order: &OrderId) -> bool {
        self.hub.room(order).unwrap().trail().unwrap().1.last() >= Seq(1)
    }

    fn comparisons(&self) -> u64 {
        self.delivery.counters().comparisons.load(Ordering::Relaxed)
    }
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn empty(seq: u64) -> Entry {
    let key = EntryKey { owner: None, id: format!("e-{seq}").into() };
    Entry { seq: Seq(seq), key, at: Timestamp(0), counts: Counts::default(), body: Body::Empty }
}

#[tokio::test(start_paused = true)]
async fn what_is_published_again_does_not_keep_rooms_from_being_healed() {
    const BACKLOG: usize = 4_096;
    let place = Place::new();
    place.keep_up();
    let orders = place.join(2);
    // Each is compared once when it is new, and then seldom.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(place.comparisons(), 2);
    place.bus.cut(0, AWAY_MS);
    let order = Arc::new(place.shelf.history().logs[&orders[0]].order.clone());
    let head = place.shelf.history().logs[&orders[0]].head;
    place.delivery.committed(&Committed {
        order,
        entries: (1..=BACKLOG as u64).map(|seq| Arc::new(empty(seq))).collect(),
        origins: vec![Default::default(); BACKLOG],
        masked: vec![Arc::default(); BACKLOG],
        head,
        repeat: false,
        owes: false,
    });
    place.lose(&orders[1]);
    tokio::time::sleep(Duration::from_millis(AWAY_MS - 100)).await;
    assert_eq!((place.delivery.waiting_publishes(), place.has_first(&orders[1])), (BACKLOG, false));
    // One after another they take a minute and a half.
    tokio::time::sleep(WHOLE_WITHIN).await;
    assert!(place.has_first(&orders[1]), "the room was not compared beside the publishing");
    assert_eq!(place.delivery.waiting_publishes(), 0, "publishes still wait");
}

#[tokio::test(start_paused = true)]
async fn after_an_interruption_rooms_are_compared_in_time_paced_and_not_in_step() {
    const ROOMS: usize = 6_000;
    let place = Place::new();
    let orders = place.join(ROOMS);
    place.bus.cut(0, AWAY_MS);
    orders.iter().for_each(|order| place.lose(order));
    tokio::time::sleep(Duration::from_millis(AWAY_MS + 100)).await;
    place.keep_up();
    let (mut before, mut most) = (0, 0);
    for _ in 0..WHOLE_WITHIN.as_secs() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = place.comparisons();
        (before, most) = (now, most.max(now - before));
    }
    let whole = orders.iter().filter(|order| place.has_first(order)).count();
    assert_eq!(whole, ROOMS, "of {ROOMS} rooms only {whole} are whole");
    assert!(most <= 2_500, "{most} comparisons in one second");
    // An order in which entries were missed has its next turns every five seconds, spread: a fifth of the rooms each second, more or
    // less. In step they would come two thousand a second, as they did now.
    let (all, mut most) = (before, 0);
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = place.comparisons();
        (before, most) = (now, most.max(now - before));
    }
    assert!(before - all >= ROOMS as u64, "only {} had a second turn", before - all);
    assert!(most <= 1_800, "{most} comparisons in one second");
    // And later, when they are silent, within a minute.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (all, mut most) = (place.comparisons(), 0);
    let mut before = all;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = place.comparisons();
        (before, most) = (now, most.max(now - before));
    }
    assert!(before - all >= ROOMS as u64, "only {} had another turn", before - all);
    assert!(most <= 1_000, "{most} comparisons of silent rooms in one second");
}
