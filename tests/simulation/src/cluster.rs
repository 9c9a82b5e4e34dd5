//! The simulated nodes: put together as a real one is, started, crashed.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::fingerprint::Fingerprints;
use souk_chat::limits::Quota;
use souk_chat::ports::{Decision, Feed, Inbox, Limiter, Moderations, Presence, Router, Runtime, Store};
use souk_chat::service::{Chats, Ports};
use souk_chat::{Actor, Role, RulesCell, Sealer, Timestamp, UserId, supervised};
use souk_node::absences::Absences;
use souk_node::commands::{Announced, Commands};
use souk_node::delivery::Delivery;
use souk_node::gate::HoleRule;
use souk_node::hub::Hub;
use souk_node::session::{SignedIn, Verify};
use souk_node::socket::SocketContext;
use souk_protocol::Error;
use souk_protocol::dto::ReconnectPolicy;

use crate::coverage::Seen;
use crate::judge::Words;
use crate::people::{NodeIntents, People, PeopleOf};
use crate::plan::Sabotage;
use crate::router::{Bus, Wiring};
use crate::runtime::NodeRuntime;
use crate::store::{Engine, Shelf};
use crate::wire::Wire;
use crate::world::World;

/// How long a node's lease outlives it, in milliseconds.
const LEASE_MS: u64 = 4_000;

/// One run of a node.
pub struct Node {
    /// Which node.
    pub slot: usize,
    /// Its tasks and clock.
    pub runtime: Arc<NodeRuntime>,
    /// What its connections share.
    pub context: Arc<SocketContext>,
    /// What it delivers.
    pub delivery: Arc<Delivery>,
    /// Whom it looks after when they are gone.
    pub absences: Arc<Absences>,
}

impl Node {
    /// Runs a task that goes on, as a real node does.
    fn keep<Work: Future<Output = ()> + Send + 'static>(
        &self,
        name: &'static str,
        start: impl FnMut() -> Work + Send + 'static,
    ) {
        let runtime = Arc::clone(&self.runtime);
        let kept = async move { supervised(runtime.tasks(), name, |pause| runtime.sleep(pause), start).await };
        self.runtime.spawn(name, Box::pin(kept));
    }
}

/// All nodes and what is between them.
pub struct Cluster {
    world: Arc<World>,
    shelf: Arc<Shelf>,
    bus: Arc<Bus>,
    people: Arc<People>,
    rules: Arc<RulesCell>,
    nodes: Mutex<Vec<Option<Arc<Node>>>>,
    wires: Mutex<Vec<Arc<Wire>>>,
    me: Weak<Cluster>,
}

/// Decisions are seen in what they do here.
struct Unheard;

impl Moderations for Unheard {
    fn decided(&self, _decision: &Decision) {}
}

/// A token is the person's name here.
struct Names;

impl Verify for Names {
    fn verify(&self, token: &str, now: Timestamp) -> Result<SignedIn, Error> {
        let user = UserId::new(token).map_err(|_| Error::unauthorized("not a name"))?;
        Ok(sign_in(&user, now))
    }
}

/// A person who is signed in for longer than any run.
pub fn sign_in(user: &UserId, now: Timestamp) -> SignedIn {
    let actor = Actor { user: user.clone(), role: Role::Client, name: None, locale: None };
    let end = Timestamp(now.millis() + 24 * 3_600_000);
    SignedIn { actor, expires_at: end, good_until: end }
}

impl Cluster {
    /// All nodes, not started.
    pub fn new(world: Arc<World>, shelf: Arc<Shelf>, bus: Arc<Bus>) -> Arc<Self> {
        let people = People::new(Arc::clone(&world), Arc::clone(&shelf));
        let nodes = Mutex::new(world.plan_nodes());
        Arc::new_cyclic(|me| Self {
            world,
            shelf,
            bus,
            people,
            rules: Arc::new(RulesCell::new(Words::default())),
            nodes,
            wires: Mutex::default(),
            me: me.clone(),
        })
    }

    /// Starts a node, unless it runs.
    pub fn boot(&self, slot: usize) {
        if self.nodes.lock()[slot].is_some() {
            return;
        }
        let node = self.build(slot);
        self.world.note("boot", &[slot as u64], String::new);
        let (comparing, republishing) = (Arc::clone(&node.delivery), Arc::clone(&node.delivery));
        node.keep("compare", move || Arc::clone(&comparing).compare_on(true));
        node.keep("republish", move || Arc::clone(&republishing).republish_on());
        if self.world.plan.sabotage == Sabotage::ForgetfulHub {
            let hub = Arc::clone(node.context.hub());
            node.runtime.spawn(
                "forget",
                Box::pin(async move {
                    loop {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        hub.forget_aside();
                    }
                }),
            );
        }
        let following = Arc::clone(&node.delivery);
        node.keep("epoch", move || Arc::clone(&following).follow_epoch());
        if self.world.plan.sabotage != Sabotage::ForgottenAbsences {
            let absences = Arc::clone(&node.absences);
            node.keep("absences", move || Arc::clone(&absences).watch());
        }
        self.nodes.lock()[slot] = Some(Arc::new(node));
    }

    fn build(&self, slot: usize) -> Node {
        let skew = i64::try_from(self.world.rng().below(4_000)).unwrap_or(0) - 2_000;
        let runtime = Arc::new(NodeRuntime::new(Arc::clone(&self.world), skew));
        let shared: Arc<dyn Runtime> = Arc::<NodeRuntime>::clone(&runtime);
        let store: Arc<dyn Store> = Arc::new(Engine::new(Arc::clone(&self.shelf), slot));
        let seats: Arc<OnceLock<Weak<Hub>>> = Arc::default();
        let (dead, broken) = (Arc::clone(&runtime), Arc::clone(&seats));
        let skipping = self.world.plan.sabotage == Sabotage::SkippingGate;
        let wiring = Wiring::new(
            Arc::clone(&self.bus),
            slot,
            Box::new(move || dead.is_dead()),
            Box::new(move || {
                if let Some(hub) = broken.get().and_then(Weak::upgrade).filter(|_| skipping) {
                    hub.rooms().iter().for_each(|room| room.set_rule(HoleRule::Skip));
                }
            }),
        );
        let router: Arc<dyn Router> = Arc::new(wiring);
        let people = Arc::new(PeopleOf::new(Arc::clone(&self.people), slot, Arc::clone(&runtime)));
        let presence: Arc<dyn Presence> = Arc::<PeopleOf>::clone(&people);
        let limiter: Arc<dyn Limiter> = people;
        let hub = Arc::new(Hub::new(Arc::clone(&router), Arc::clone(&presence), 0));
        let _ = seats.set(Arc::downgrade(&hub));
        let delivery = Delivery::new(
            Arc::clone(&hub),
            Arc::clone(&router),
            Arc::clone(&store),
            Arc::clone(&shared),
            Box::new(|_| {}),
        );
        if self.world.plan.sabotage == Sabotage::BlindNodes {
            delivery.blind();
        }
        router.attach(Arc::<Delivery>::clone(&delivery) as Arc<dyn Inbox>);
        let number = shared.random();
        let chats = Arc::new(Chats::new(Ports {
            store: Arc::clone(&store),
            presence: Arc::clone(&presence),
            limiter,
            feed: Arc::<Delivery>::clone(&delivery) as Arc<dyn Feed>,
            intents: Arc::new(NodeIntents::new(Arc::clone(&runtime), slot, number)),
            runtime: Arc::clone(&shared),
            rules: Arc::clone(&self.rules),
            moderations: Arc::new(Unheard),
            sealer: Arc::new(Sealer::new([&[7; 32]])),
            fingerprints: Arc::new(Fingerprints::new([b"simulation".as_slice()])),
        }));
        let announced = Announced {
            quota: Quota::default(),
            reconnect: ReconnectPolicy { min_ms: 500, max_ms: 30_000, factor: 2.0 },
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
        };
        let absences =
            Arc::new(Absences::new(Arc::clone(&hub), Arc::clone(&chats), presence, store, Arc::clone(&shared)));
        let commands =
            Arc::new(Commands::new(chats, Arc::clone(&hub), Arc::clone(&delivery), Arc::clone(&shared), announced));
        let context = Arc::new(SocketContext::new(hub, commands, Arc::new(Names), shared, Arc::default(), number));
        Node { slot, runtime, context, delivery, absences }
    }

    /// Crashes a node: everything it was doing ends where it stands. It starts again after some milliseconds.
    pub fn crash(&self, slot: usize, down_ms: u64) {
        let Some(node) = self.nodes.lock()[slot].take() else { return };
        self.world.note("crash", &[slot as u64], String::new);
        node.runtime.crash();
        self.count(&node);
        self.bus.stop(slot);
        self.shelf.forget_node(slot);
        let (people, run, alive_at) = (Arc::clone(&self.people), self.people.run_of(slot), node.runtime.now());
        self.world.after(down_ms.min(LEASE_MS), move || people.forget(slot, run, alive_at));
        let mut wires = self.wires.lock();
        let (dead, living): (Vec<_>, Vec<_>) = wires.drain(..).partition(|wire| wire.node() == slot);
        *wires = living;
        drop(wires);
        if dead.iter().any(|wire| wire.has_send_under_way()) {
            self.world.saw(Seen::CrashWithSendsUnderWay);
        }
        dead.iter().for_each(|wire| wire.break_off());
        let me = self.me.clone();
        self.world.after(down_ms, move || {
            if let Some(me) = me.upgrade() {
                me.boot(slot);
            }
        });
    }

    /// A node's wall clock jumps.
    pub fn jump_clock(&self, slot: usize, millis: i64) {
        if let Some(node) = self.node(slot) {
            node.runtime.jump(millis);
            if millis < 0 {
                self.world.saw(Seen::ClockWentBack);
            }
        }
    }

    fn count(&self, node: &Node) {
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
        let counters = node.delivery.counters();
        self.world.saw_times(Seen::HoleFilledFromStore, read(&counters.holes_filled));
        let (losses, told) = (read(&counters.logs_went_back), read(&counters.resyncs));
        self.world.saw_times(Seen::LossNoticed, losses);
        self.world.saw_times(Seen::DeviceToldOfLoss, told);
        if losses + told > 0 && self.world.plan.loss == 0 {
            self.fail_false_alarm(node);
        }
    }

    fn fail_false_alarm(&self, node: &Node) {
        self.world.fail("loss", format!("node {} told of a loss, and nothing was lost", node.slot));
    }

    /// Nothing was lost so far, and no node that runs may have said so.
    pub fn check_nothing_lost(&self) {
        for node in self.living() {
            let counters = node.delivery.counters();
            let read = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
            if read(&counters.logs_went_back) + read(&counters.resyncs) > 0 {
                self.fail_false_alarm(&node);
            }
        }
    }

    /// A node that runs.
    pub fn node(&self, slot: usize) -> Option<Arc<Node>> {
        self.nodes.lock()[slot].clone()
    }

    /// All nodes that run.
    pub fn living(&self) -> Vec<Arc<Node>> {
        self.nodes.lock().iter().flatten().cloned().collect()
    }

    /// A connection was made.
    pub fn connected(&self, wire: &Arc<Wire>) {
        let mut wires = self.wires.lock();
        wires.retain(|wire| !wire.is_over());
        wires.push(Arc::clone(wire));
    }

    /// Lets go of everything, so that nothing of this run outlives it.
    pub fn clear(&self) {
        let nodes: Vec<_> = self.nodes.lock().iter_mut().filter_map(Option::take).collect();
        for node in nodes {
            self.count(&node);
            node.runtime.crash();
        }
        self.wires.lock().clear();
        self.shelf.on_applied(None);
        self.bus.clear();
    }
}
