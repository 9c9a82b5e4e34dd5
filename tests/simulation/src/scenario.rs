//! The course of a run: start, trouble, healing, and what must hold afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::log::{EntryKey, NewEntry, Seq};
use souk_chat::{Body, ClientMessageId, Entry, Fingerprints, Message, NewOrder, OrderId, Side, Timestamp, UserId};

use crate::client::{Client, Identity, Phase, View};
use crate::cluster::Cluster;
use crate::coverage::{Coverage, Seen};
use crate::ledger::Ledger;
use crate::plan::{Plan, Sabotage};
use crate::rng::Rng;
use crate::router::Bus;
use crate::store::{History, Shelf};
use crate::world::{World, show};

/// How long a hole may take to be filled, from the moment that it shows, in milliseconds.
const FILLED_WITHIN_MS: u64 = 2_000;
/// How long after faults ended everything that showed must be whole.
const HEALED_WITHIN: Duration = Duration::from_secs(10);
/// The same for losses that nothing showed, with the time to notice and read.
const HEALED_UNSHOWN_WITHIN: Duration = Duration::from_secs(63);
/// How long it may take until everybody sees what is left after the store lost something: until a silent room is compared, the
/// others hear of the new epoch, and all have joined again.
const LOSS_HEALED_WITHIN: Duration = Duration::from_secs(75);
/// How long sending may take then.
const SENT_WITHIN: Duration = Duration::from_secs(5);
/// By when everything has ended once everybody left: who is gone has been looked after.
const ENDED_WITHIN: Duration = Duration::from_secs(20);
/// Most clients of a run, without the stranger.
const CLIENTS_MAX: usize = 8;

/// What one seed brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Broken invariants; the first tells the most.
    pub failures: Vec<String>,
    /// What was met.
    pub coverage: Coverage,
    /// The hash of the trace: two runs of one seed share it.
    pub hash: u64,
    /// Messages in history.
    pub messages: u64,
}

struct Play {
    world: Arc<World>,
    shelf: Arc<Shelf>,
    bus: Arc<Bus>,
    cluster: Arc<Cluster>,
    ledger: Arc<Ledger>,
    orders: Vec<OrderId>,
    clients: Vec<Arc<Client>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// Plays a seed from start to end.
pub(crate) async fn play(seed: u64, sabotage: Sabotage, verbose: bool) -> Outcome {
    let mut rng = Rng::new(seed);
    let plan = Plan::of(&mut rng.fork(1), sabotage);
    let world = World::new(plan, rng.fork(2), verbose);
    if verbose {
        show(&format!("{:#?}", world.plan));
    }
    let mut play = Play::set_up(world);
    play.start();
    play.go_through().await;
    let messages = play.end().await;
    let (failures, coverage, hash) = play.world.outcome();
    Outcome { failures, coverage, hash, messages }
}

impl Play {
    fn set_up(world: Arc<World>) -> Self {
        let shelf = Shelf::new(Arc::clone(&world));
        let bus = Bus::new(Arc::clone(&world), Arc::clone(&shelf), world.plan.nodes);
        let cluster = Cluster::new(Arc::clone(&world), Arc::clone(&shelf), Arc::clone(&bus));
        let ledger = Ledger::new(Arc::clone(&world), Arc::clone(&shelf));
        let mut play =
            Self { world, shelf, bus, cluster, ledger, orders: Vec::new(), clients: Vec::new(), tasks: Vec::new() };
        play.make_orders();
        play.make_clients();
        play
    }

    fn make_orders(&mut self) {
        let plan = &self.world.plan;
        let people = plan.orders + 1;
        let mut history = self.shelf.history();
        for place in 0..plan.orders {
            let id = OrderId::new(&format!("o-{place}")).expect("a good id");
            let order = NewOrder {
                id: id.clone(),
                client: user(place % people),
                contractor: user((place + 1) % people),
                title: None,
                status: None,
            };
            history.put_order(&order, Timestamp(0));
            self.orders.push(id);
        }
        if let Some(log) = history.logs.get_mut(&self.orders[0]) {
            let prints = Fingerprints::new([b"simulation".as_slice()]);
            while log.head.seq.0 < plan.history {
                let head = log.head;
                let new = old_entry(&self.orders[0], head.seq.next(), head.counts.plus(Side::Client), &prints);
                let _ = log.append(&head, &[new], plan.volume);
            }
        }
    }

    fn make_clients(&mut self) {
        let mut number = 0;
        let mut identities = Vec::new();
        for device in 0..self.world.plan.devices {
            for person in 0..=self.world.plan.orders {
                if identities.len() == CLIENTS_MAX {
                    break;
                }
                number += 1;
                let user = user(person);
                let history = self.shelf.history();
                let mine = |order: &&OrderId| history.logs[*order].order.side_of(&user).is_some();
                let orders = self.orders.iter().filter(mine).cloned().collect();
                drop(history);
                identities.push(Identity { user, number: number + 10 * device as u64, orders, stranger: false });
            }
        }
        let stranger = UserId::new("stranger").expect("a good id");
        identities.push(Identity { user: stranger, number: 99, orders: self.orders.clone(), stranger: true });
        for identity in identities {
            let client = Client::new(Arc::clone(&self.world), &self.cluster, Arc::clone(&self.ledger), identity);
            self.clients.push(client);
        }
    }

    fn start(&mut self) {
        let world = Arc::clone(&self.world);
        self.tasks.push(tokio::spawn(async move { world.turn().await }));
        (0..self.world.plan.nodes).for_each(|slot| self.cluster.boot(slot));
        for client in &self.clients {
            self.tasks.push(tokio::spawn(Arc::clone(client).live()));
        }
        self.plan_faults();
    }

    fn plan_faults(&self) {
        let (world, plan) = (&self.world, &self.world.plan);
        let nodes = plan.nodes;
        let moment = || world.rng().between(500, plan.busy_ms.saturating_sub(500).max(600));
        for _ in 0..plan.faults.cuts {
            let node = world.rng().index(nodes);
            let millis = world.rng().between(20, 3_000);
            let bus = Arc::clone(&self.bus);
            world.at(moment(), move || bus.cut(node, millis));
        }
        for _ in 0..plan.faults.outages {
            let from = moment();
            self.shelf.fail_between(from, (from + world.rng().between(100, 2_500)).min(plan.busy_ms));
        }
        for _ in 0..plan.faults.clock_jumps {
            let node = world.rng().index(nodes);
            let millis = i64::try_from(world.rng().below(20_000)).unwrap_or(0) - 10_000;
            let cluster = Arc::clone(&self.cluster);
            world.at(moment(), move || cluster.jump_clock(node, millis));
        }
        for _ in 0..plan.faults.deserters {
            let person = user(world.rng().index(plan.orders + 1));
            let noticed = world.rng().between(0, 8_000);
            let dies = world.rng().chance(500);
            let down = dies.then(|| world.rng().between(10, 3_000));
            let devices: Vec<_> = self.clients.iter().filter(|client| *client.user() == person).cloned().collect();
            let cluster = Arc::clone(&self.cluster);
            world.at(moment(), move || {
                for device in devices {
                    let node = device.node();
                    device.desert(noticed);
                    if let (Some(node), Some(down)) = (node, down) {
                        cluster.crash(node, down);
                    }
                }
            });
        }
        for _ in 0..plan.faults.crashes {
            let node = world.rng().index(nodes);
            let down = world.rng().between(10, 3_000);
            let (cluster, shelf, watched) = (Arc::clone(&self.cluster), Arc::clone(&self.shelf), Arc::clone(world));
            let at_a_write = world.rng().chance(600);
            world.at(moment(), move || match at_a_write {
                false => cluster.crash(node, down),
                // The next node that has a batch applied dies before it hears of it.
                true => {
                    let clearing = Arc::clone(&shelf);
                    shelf.on_applied(Some(Box::new(move |node| {
                        watched.saw(Seen::CrashBetweenWriteAndAnswer);
                        cluster.crash(node, down);
                        let clearing = Arc::clone(&clearing);
                        watched.after(0, move || clearing.on_applied(None));
                    })));
                }
            });
        }
    }

    async fn go_through(&self) {
        let world = &self.world;
        tokio::time::sleep(Duration::from_millis(world.heal_at())).await;
        self.shelf.on_applied(None);
        (0..world.plan.nodes).for_each(|slot| self.cluster.boot(slot));
        let healed = world.now();
        world.note("healed", &[], String::new);
        tokio::time::sleep(HEALED_WITHIN).await;
        self.check_answers(healed + 1_000);
        self.check_views(false);
        if world.has_failed() {
            return;
        }
        tokio::time::sleep(HEALED_UNSHOWN_WITHIN - HEALED_WITHIN).await;
        self.check_answers(world.now() - 5_000);
        self.check_views(true);
        if world.has_failed() {
            return;
        }
        if world.plan.loss > 0 {
            self.lose().await;
            if world.has_failed() {
                return;
            }
        }
        self.probe().await;
    }

    /// The store loses the end of an order's log that everybody has seen, and perhaps its numbers are given again at once. Everybody
    /// must see what is there, then, whoever goes on writing.
    async fn lose(&self) {
        let (world, plan) = (&self.world, &self.world.plan);
        let order = &self.orders[world.rng().index(self.orders.len())];
        self.cluster.check_nothing_lost();
        let lost = self.shelf.history().lose(order, plan.loss);
        let kept = self.shelf.history().logs[order].head.seq;
        let passed = self.passed_in_silence(order, kept, &lost);
        world.note("lost", &[kept.0, lost.len() as u64], || order.to_string());
        self.ledger.lose(order, kept);
        self.clients.iter().for_each(|client| client.lose(order, kept, passed));
        for number in 0..plan.after_loss {
            let writes =
                |client: &&Arc<Client>| !client.is_stranger() && !client.has_deserted() && client.view(order).is_some();
            let writers: Vec<&Arc<Client>> = self.clients.iter().filter(writes).collect();
            let place = if writers.is_empty() { 0 } else { world.rng().index(writers.len()) };
            if let Some(client) = writers.get(place) {
                client.say(order, &format!("again{}", char::from(b'a' + u8::try_from(number).unwrap_or(0))));
            }
        }
        if plan.after_loss > 0 && !lost.is_empty() {
            world.saw(Seen::NumbersGivenAgain);
        }
        tokio::time::sleep(LOSS_HEALED_WITHIN).await;
        self.check_answers(world.now() - 5_000);
        self.check_views(true);
    }

    /// Empty entries pass a gate and nobody is told: from which number on a client may stand behind what was lost, where that began with
    /// such entries.
    fn passed_in_silence(&self, order: &OrderId, kept: Seq, lost: &[NewEntry]) -> Option<Seq> {
        let is_silent = |new: &NewEntry| matches!(new.entry.body, Body::Empty);
        lost.first().filter(|first| is_silent(first))?;
        let history = self.shelf.history();
        let told = history.logs[order].entries.iter().rev().find(|new| !is_silent(new));
        Some(told.map_or(Seq::ZERO, |new| new.entry.seq).min(kept))
    }

    /// Sending works on every node, and everybody hears of it.
    async fn probe(&self) {
        for slot in 0..self.world.plan.nodes {
            if let Some(client) =
                self.clients.iter().find(|client| client.node() == Some(slot) && !client.is_stranger())
            {
                let mine = self.orders.iter().find(|order| client.view(order).is_some());
                client.say(
                    mine.expect("everybody but the stranger has an order"),
                    &format!("probe{}", ["a", "b", "c"][slot % 3]),
                );
            }
        }
        tokio::time::sleep(SENT_WITHIN).await;
        self.check_answers(self.world.now());
        self.check_views(true);
    }

    /// Everything that was asked on a connection that stands is answered.
    fn check_answers(&self, asked_before: u64) {
        for client in self.clients.iter().filter(|client| !client.is_stranger() && !client.is_on_leave()) {
            for waits in client.waits_for(asked_before) {
                self.world.fail("heals", waits);
            }
        }
    }

    /// Every member sees what is in history. `all`: also where nothing showed that something was lost.
    fn check_views(&self, all: bool) {
        let is_here = |client: &&Arc<Client>| !client.is_stranger() && !client.has_deserted() && !client.is_on_leave();
        for client in self.clients.iter().filter(is_here) {
            for order in &self.orders {
                let Some(view) = client.view(order) else { continue };
                let history = self.shelf.history();
                let log = &history.logs[order];
                let head = log.head.seq;
                let shown = client.node().map(|node| self.bus.shown(node, order)).unwrap_or_default();
                let at = match view.phase {
                    Phase::Live { at, .. } => at,
                    ref other => {
                        self.world.fail("views", format!("{} is {other:?} in {order}", client.name()));
                        continue;
                    }
                };
                if all && !self.ledger.has_lost(order) {
                    self.check_marks(client, order, &view, &history);
                }
                // Entries that clients do not see move nobody.
                let is_there = at == head || at < head && log.is_empty_between(at, head.next());
                // What came just now shows a hole that is still being filled.
                let shown_at = client.node().map(|node| self.bus.shown_at(node, order)).unwrap_or_default();
                let is_shown = shown >= head && shown_at + FILLED_WITHIN_MS <= self.world.now();
                if !is_there && !is_shown && !all {
                    self.world.saw(Seen::LossThatNothingShowed);
                    continue;
                }
                let now = log.current().filter(|message| message.seq > view.from);
                let now = now.map(|message| (message.seq, (message.version, Arc::clone(&message.content))));
                let now: BTreeMap<Seq, (u32, Arc<str>)> = now.collect();
                if !is_there || view.messages != now {
                    let known = &view.messages;
                    let words = format!(
                        "{} sees {order} up to {at} of {head} (shown {shown}): {known:?}, not {now:?}",
                        client.name()
                    );
                    self.world.fail("views", words);
                }
            }
        }
    }

    /// Whoever is live knows how far both got.
    fn check_marks(&self, client: &Client, order: &OrderId, view: &View, history: &History) {
        for (user, told) in &view.marks {
            let stored = history.marks(order, std::slice::from_ref(user))[0].shown();
            if *told != (stored.delivered.seq, stored.read.seq) {
                let words = format!("{} was told {told:?} of {user} in {order}, not {stored:?}", client.name());
                self.world.fail("marks", words);
            }
        }
    }

    /// Lets everybody go, looks whether anything stays behind, and at all of history.
    async fn end(&mut self) -> u64 {
        let nodes = self.cluster.living();
        self.clients.iter().for_each(|client| client.quit());
        tokio::time::sleep(ENDED_WITHIN).await;
        for node in &nodes {
            let hub = node.context.hub();
            let (people, rooms) = (hub.people_count(), hub.rooms_count());
            if !self.world.has_failed() && (people > 0 || rooms > 0) {
                self.world.fail("leak", format!("node {} keeps {people} people and {rooms} rooms", node.slot));
            }
        }
        drop(nodes);
        self.ledger.check_history();
        self.ledger.check_notified();
        let messages = self.shelf.history().logs.values().map(|log| log.entries.len() as u64).sum();
        self.cluster.clear();
        self.tasks.drain(..).for_each(|task| task.abort());
        self.world.clear();
        tokio::task::yield_now().await;
        messages
    }
}

fn user(place: usize) -> UserId {
    UserId::new(&format!("user-{place}")).expect("a good id")
}

fn old_entry(order: &OrderId, seq: Seq, counts: souk_chat::Counts, prints: &Fingerprints) -> NewEntry {
    let id = format!("old-{seq}");
    let text = format!("old {seq}");
    let message = Message {
        order: order.clone(),
        seq,
        rev: seq,
        version: 1,
        sender: Some(user(0)),
        content: text.as_str().into(),
        edited_at: None,
        is_moderated: false,
        flags: souk_moderation::Categories::EMPTY,
        created_at: Timestamp(0),
        client_message_id: ClientMessageId::new(&id).ok(),
    };
    let key = EntryKey { owner: Some(user(0)), id: id.as_str().into() };
    let entry = Entry { seq, key, at: Timestamp(0), counts, body: Body::Message(Arc::new(message)) };
    NewEntry { entry, fingerprint: Some(prints.of(&text)), owed: Vec::new() }
}
