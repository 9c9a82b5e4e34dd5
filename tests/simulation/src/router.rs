//! The router between the simulated nodes: a server that all reach, over connections that lose, delay, double and break.
//!
//! What it keeps to is the port's contract: publishes of one node arrive in their order, envelopes of one order reach a node in
//! the order the server gave them (but for doubles, which are old news), a broken connection is told as [`Gap::All`] when
//! subscriptions stand again, and a late confirmation as a gap of its room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, Either, select};
use parking_lot::Mutex;
use souk_chat::ports::{Envelope, EnvelopeKind, Gap, Inbox, Room, Router, RouterError};
use souk_chat::{OrderId, Seq};
use tokio::sync::oneshot;

use crate::coverage::Seen;
use crate::store::Shelf;
use crate::world::World;

/// How long a confirmation is waited for.
const CONFIRM_WITHIN: Duration = Duration::from_millis(1_500);
/// How long after its last subscriber a subscription ends, in milliseconds.
const LINGER_MS: u64 = 200;

#[derive(Default)]
struct Wanted {
    count: u32,
    standing: bool,
    waiting: Vec<oneshot::Sender<()>>,
    gave_up: bool,
}

/// The rooms that a node wants, few, in the order in which it first wanted them: what happens to all of them happens in it.
#[derive(Default)]
struct Rooms(Vec<(Room, Wanted)>);

impl Rooms {
    fn get(&self, room: &Room) -> Option<&Wanted> {
        self.0.iter().find(|(known, _)| known == room).map(|(_, wanted)| wanted)
    }

    fn get_mut(&mut self, room: &Room) -> Option<&mut Wanted> {
        self.0.iter_mut().find(|(known, _)| known == room).map(|(_, wanted)| wanted)
    }

    fn want(&mut self, room: &Room) -> &mut Wanted {
        let place = self.0.iter().position(|(known, _)| known == room).unwrap_or_else(|| {
            self.0.push((room.clone(), Wanted::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    fn remove(&mut self, room: &Room) {
        self.0.retain(|(known, _)| known != room);
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut Wanted> {
        self.0.iter_mut().map(|(_, wanted)| wanted)
    }
}

/// A node's connection to the server.
#[derive(Default)]
struct Line {
    inbox: Option<Arc<dyn Inbox>>,
    /// Which run of the node, and which connection of it: what was under way for an older one is gone.
    life: u64,
    cut: bool,
    rooms: Rooms,
    /// When the last publish of this node arrives at the server.
    up_at: u64,
    /// When the last envelope of an order arrives at this node.
    down_at: BTreeMap<OrderId, u64>,
    /// Up to which entry anything showed this node that there is an entry.
    shown: BTreeMap<OrderId, Seq>,
    brought: BTreeSet<(OrderId, Seq)>,
}

/// The server and all lines to it.
pub struct Bus {
    world: Arc<World>,
    shelf: Arc<Shelf>,
    lines: Mutex<Vec<Line>>,
    me: Weak<Bus>,
}

impl Bus {
    /// A server with lines to this many nodes.
    pub fn new(world: Arc<World>, shelf: Arc<Shelf>, nodes: usize) -> Arc<Self> {
        let lines = std::iter::repeat_with(Line::default).take(nodes).collect();
        Arc::new_cyclic(|me| Self { world, shelf, lines: Mutex::new(lines), me: me.clone() })
    }

    fn me(&self) -> Arc<Self> {
        self.me.upgrade().expect("a bus that is used is there")
    }

    /// A node starts: its line is fresh. Returns which life of the line it is.
    pub fn start(&self, node: usize) -> u64 {
        let line = &mut self.lines.lock()[node];
        let life = line.life + 1;
        *line = Line { life, ..Line::default() };
        life
    }

    /// A node is gone.
    pub fn stop(&self, node: usize) {
        self.start(node);
    }

    /// Breaks a node's connection, for some milliseconds.
    pub fn cut(&self, node: usize, millis: u64) {
        let life = {
            let line = &mut self.lines.lock()[node];
            if line.cut || line.inbox.is_none() {
                return;
            }
            line.cut = true;
            line.life += 1;
            line.rooms.values_mut().for_each(|wanted| wanted.standing = false);
            line.life
        };
        self.world.saw(Seen::RouterCut);
        self.world.note("cut", &[node as u64, millis], String::new);
        let me = self.me();
        let until = (self.world.now() + millis).min(self.world.heal_at().max(self.world.now()));
        self.world.at(until, move || me.mend(node, life));
    }

    fn mend(&self, node: usize, life: u64) {
        let heads = self.heads();
        let inbox = {
            let line = &mut self.lines.lock()[node];
            if line.life != life {
                return;
            }
            line.cut = false;
            line.shown.extend(heads);
            for wanted in line.rooms.values_mut() {
                wanted.standing = true;
                wanted.gave_up = false;
                wanted.waiting.drain(..).for_each(|waiting| waiting.send(()).unwrap_or_default());
            }
            line.inbox.clone()
        };
        self.world.note("mended", &[node as u64], String::new);
        if let Some(inbox) = inbox {
            inbox.gap(Gap::All);
        }
    }

    fn heads(&self) -> Vec<(OrderId, Seq)> {
        self.shelf.history().logs.iter().map(|(order, log)| (order.clone(), log.head.seq)).collect()
    }

    /// Up to which entry of an order anything showed a node that there is one.
    pub fn shown(&self, node: usize, order: &OrderId) -> Seq {
        self.lines.lock()[node].shown.get(order).copied().unwrap_or_default()
    }

    fn delay(&self) -> u64 {
        let longest = if self.world.is_faulty() { self.world.plan.faults.router_delay } else { 3 };
        self.world.rng().below(longest + 1)
    }

    fn stand(&self, node: usize, life: u64, room: &Room) {
        let gap = {
            let line = &mut self.lines.lock()[node];
            if line.life != life || line.cut {
                return;
            }
            let Some(wanted) = line.rooms.get_mut(room) else { return };
            wanted.standing = true;
            wanted.waiting.drain(..).for_each(|waiting| waiting.send(()).unwrap_or_default());
            if std::mem::take(&mut wanted.gave_up) { line.inbox.clone() } else { None }
        };
        if let Some(inbox) = gap {
            inbox.gap(Gap::Rooms(vec![room.clone()]));
        }
    }

    fn fan_out(&self, rooms: &[Room], envelope: &Envelope) {
        for room in rooms {
            let nodes: Vec<(usize, u64)> = {
                let lines = self.lines.lock();
                let standing = |line: &Line| line.rooms.get(room).is_some_and(|wanted| wanted.standing);
                lines
                    .iter()
                    .enumerate()
                    .filter(|(_, line)| standing(line))
                    .map(|(node, line)| (node, line.life))
                    .collect()
            };
            for (node, life) in nodes {
                if self.world.bites(self.world.plan.faults.envelope_lost) {
                    self.world.saw(Seen::EnvelopeLost);
                    continue;
                }
                let at = {
                    let now = self.world.now() + self.delay();
                    let line = &mut self.lines.lock()[node];
                    let last = line.down_at.entry(envelope.order.clone()).or_default();
                    *last = now.max(*last);
                    *last
                };
                self.send_down(at, node, life, room, envelope);
                if self.world.bites(self.world.plan.faults.envelope_doubled) {
                    let later = at + self.world.rng().below(400);
                    self.send_down(later, node, life, room, envelope);
                }
            }
        }
    }

    fn send_down(&self, at: u64, node: usize, life: u64, room: &Room, envelope: &Envelope) {
        let (me, room, envelope) = (self.me(), room.clone(), envelope.clone());
        self.world.at(at, move || me.bring(node, life, &room, &envelope));
    }

    fn bring(&self, node: usize, life: u64, room: &Room, envelope: &Envelope) {
        let inbox = {
            let line = &mut self.lines.lock()[node];
            if line.life != life || line.cut || !line.rooms.get(room).is_some() {
                return;
            }
            if envelope.kind == EnvelopeKind::Entry && matches!(room, Room::Order(_)) {
                let shown = line.shown.entry(envelope.order.clone()).or_default();
                if !line.brought.insert((envelope.order.clone(), envelope.seq)) {
                    self.world.saw(Seen::DoubleDropped);
                } else if envelope.seq < *shown {
                    self.world.saw(Seen::EnvelopesOutOfOrder);
                }
                *shown = envelope.seq.max(*shown);
            }
            line.inbox.clone()
        };
        self.world.note("bring", &[node as u64, envelope.seq.0], || format!("{room:?}"));
        if let Some(inbox) = inbox {
            inbox.deliver(room, envelope);
        }
    }

    /// Lets go of all nodes.
    pub fn clear(&self) {
        let lines: Vec<Line> = self.lines.lock().iter_mut().map(std::mem::take).collect();
        drop(lines);
    }
}

/// A node's way to the router.
pub struct Wiring {
    bus: Arc<Bus>,
    node: usize,
    /// Which run of the node: a dead one's farewells are not heard.
    run: u64,
    is_dead: Box<dyn Fn() -> bool + Send + Sync>,
    /// Told of each confirmed room, before it is: the moment to break a gate.
    confirming: Box<dyn Fn() + Send + Sync>,
}

impl Wiring {
    /// The way of one run of a node.
    pub fn new(
        bus: Arc<Bus>,
        node: usize,
        is_dead: Box<dyn Fn() -> bool + Send + Sync>,
        confirming: Box<dyn Fn() + Send + Sync>,
    ) -> Self {
        let run = bus.start(node);
        Self { bus, node, run, is_dead, confirming }
    }
}

fn failed(after: u64) -> BoxFuture<'static, Result<(), RouterError>> {
    Box::pin(async move {
        tokio::time::sleep(Duration::from_millis(after)).await;
        Err(RouterError("simulated".into()))
    })
}

#[async_trait]
impl Router for Wiring {
    fn attach(&self, inbox: Arc<dyn Inbox>) {
        self.bus.lines.lock()[self.node].inbox = Some(inbox);
    }

    fn subscribe(&self, room: &Room) {
        if (self.is_dead)() {
            return;
        }
        let bus = &self.bus;
        let life = {
            let line = &mut bus.lines.lock()[self.node];
            let wanted = line.rooms.want(room);
            wanted.count += 1;
            if wanted.count > 1 || wanted.standing {
                return;
            }
            line.life
        };
        let mut wait = bus.delay();
        if bus.world.bites(bus.world.plan.faults.confirm_fails) {
            let left = bus.world.heal_at().saturating_sub(bus.world.now());
            wait = bus.world.rng().between(1_000, 6_000).min(left);
        }
        let (bus, node, room) = (bus.me(), self.node, room.clone());
        self.bus.world.after(wait, move || bus.stand(node, life, &room));
    }

    fn unsubscribe(&self, room: &Room) {
        if (self.is_dead)() {
            return;
        }
        let line = &mut self.bus.lines.lock()[self.node];
        let Some(wanted) = line.rooms.get_mut(room) else { return };
        wanted.count = wanted.count.saturating_sub(1);
        if wanted.count > 0 {
            return;
        }
        let (bus, node, run, room) = (self.bus.me(), self.node, self.run, room.clone());
        self.bus.world.after(LINGER_MS, move || {
            let line = &mut bus.lines.lock()[node];
            if line.life >= run && line.rooms.get(&room).is_some_and(|wanted| wanted.count == 0) {
                line.rooms.remove(&room);
            }
        });
    }

    async fn confirmed(&self, room: &Room) -> Result<(), RouterError> {
        (self.confirming)();
        let (sender, receiver) = oneshot::channel();
        {
            let line = &mut self.bus.lines.lock()[self.node];
            match line.rooms.get_mut(room) {
                Some(wanted) if wanted.standing => return Ok(()),
                Some(wanted) => wanted.waiting.push(sender),
                None => return Err(RouterError("nobody wants this room".into())),
            }
        }
        let patience = std::pin::pin!(tokio::time::sleep(CONFIRM_WITHIN));
        if let Either::Left(_) = select(World::answer(receiver), patience).await {
            return Ok(());
        }
        self.bus.world.saw(Seen::SubscriptionUnconfirmed);
        if let Some(wanted) = self.bus.lines.lock()[self.node].rooms.get_mut(room) {
            wanted.gave_up = true;
        }
        Err(RouterError("simulated".into()))
    }

    fn publish(&self, rooms: &[Room], envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>> {
        if (self.is_dead)() {
            return failed(0);
        }
        let world = &self.bus.world;
        let delay = self.bus.delay();
        let fails = world.bites(world.plan.faults.publish_fails);
        let at = {
            let line = &mut self.bus.lines.lock()[self.node];
            let shown = line.shown.entry(envelope.order.clone()).or_default();
            *shown = envelope.seq.max(*shown);
            if line.cut {
                world.saw(Seen::PublishFailed);
                return failed(delay);
            }
            line.up_at = line.up_at.max(world.now() + delay);
            line.up_at
        };
        world.note("publish", &[self.node as u64, envelope.seq.0, u64::from(fails)], || envelope.order.to_string());
        if fails {
            world.saw(Seen::PublishFailed);
            if world.rng().chance(500) {
                return failed(delay);
            }
        }
        let (sender, receiver) = oneshot::channel();
        let (bus, rooms) = (self.bus.me(), rooms.to_vec());
        world.at(at, move || {
            bus.fan_out(&rooms, &envelope);
            sender.send(()).unwrap_or_default();
        });
        Box::pin(async move {
            World::answer(receiver).await;
            if fails { Err(RouterError("simulated".into())) } else { Ok(()) }
        })
    }

    fn is_connected(&self) -> bool {
        !self.bus.lines.lock()[self.node].cut
    }
}
