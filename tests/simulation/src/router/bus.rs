//! The server, and each node's line to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use souk_chat::ports::{Channel, Envelope, EnvelopeKind, Gap, Inbox};
use souk_chat::{OrderId, Seq};
use tokio::sync::oneshot;

use crate::coverage::Seen;
use crate::store::Shelf;
use crate::world::World;

#[derive(Default)]
pub(super) struct Wanted {
    pub(super) count: u32,
    pub(super) standing: bool,
    pub(super) waiting: Vec<oneshot::Sender<()>>,
    pub(super) gave_up: bool,
}

/// The channels that a node wants, few, in the order in which it first wanted them: what happens to all of them happens in it.
#[derive(Default)]
pub(super) struct Channels(Vec<(Channel, Wanted)>);

impl Channels {
    pub(super) fn get(&self, channel: &Channel) -> Option<&Wanted> {
        self.0.iter().find(|(known, _)| known == channel).map(|(_, wanted)| wanted)
    }

    pub(super) fn get_mut(&mut self, channel: &Channel) -> Option<&mut Wanted> {
        self.0.iter_mut().find(|(known, _)| known == channel).map(|(_, wanted)| wanted)
    }

    pub(super) fn want(&mut self, channel: &Channel) -> &mut Wanted {
        let place = self.0.iter().position(|(known, _)| known == channel).unwrap_or_else(|| {
            self.0.push((channel.clone(), Wanted::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    pub(super) fn remove(&mut self, channel: &Channel) {
        self.0.retain(|(known, _)| known != channel);
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut Wanted> {
        self.0.iter_mut().map(|(_, wanted)| wanted)
    }
}

/// A node's connection to the server.
#[derive(Default)]
pub(super) struct Line {
    pub(super) inbox: Option<Arc<dyn Inbox>>,
    /// Which run of the node, and which connection of it: what was under way for an older one is gone.
    pub(super) life: u64,
    pub(super) cut: bool,
    pub(super) channels: Channels,
    /// When the last publish of this node arrives at the server.
    pub(super) up_at: u64,
    /// When the last envelope of an order arrives at this node.
    down_at: BTreeMap<OrderId, u64>,
    /// Up to which entry anything showed this node that there is an entry.
    pub(super) shown: BTreeMap<OrderId, Seq>,
    /// When the newest of them came.
    pub(super) shown_at: BTreeMap<OrderId, u64>,
    brought: BTreeSet<(OrderId, Seq)>,
}

impl Line {
    /// The node knows of this entry from now on.
    pub(super) fn show(&mut self, envelope: &Envelope, now: u64) {
        let shown = self.shown.entry(envelope.order.clone()).or_default();
        if envelope.seq > *shown {
            *shown = envelope.seq;
            self.shown_at.insert(envelope.order.clone(), now);
        }
    }
}

/// The server and all lines to it.
pub struct Bus {
    pub(super) world: Arc<World>,
    shelf: Arc<Shelf>,
    pub(super) lines: Mutex<Vec<Line>>,
    me: Weak<Bus>,
}

impl Bus {
    /// A server with lines to this many nodes.
    pub fn new(world: Arc<World>, shelf: Arc<Shelf>, nodes: usize) -> Arc<Self> {
        let lines = std::iter::repeat_with(Line::default).take(nodes).collect();
        Arc::new_cyclic(|me| Self { world, shelf, lines: Mutex::new(lines), me: me.clone() })
    }

    pub(super) fn me(&self) -> Arc<Self> {
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
            line.channels.values_mut().for_each(|wanted| wanted.standing = false);
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
            for wanted in line.channels.values_mut() {
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

    /// When it came.
    pub fn shown_at(&self, node: usize, order: &OrderId) -> u64 {
        self.lines.lock()[node].shown_at.get(order).copied().unwrap_or_default()
    }

    pub(super) fn delay(&self) -> u64 {
        let longest = if self.world.is_faulty() { self.world.plan.faults.router_delay } else { 3 };
        self.world.rng().below(longest + 1)
    }

    pub(super) fn stand(&self, node: usize, life: u64, channel: &Channel) {
        let gap = {
            let line = &mut self.lines.lock()[node];
            if line.life != life || line.cut {
                return;
            }
            let Some(wanted) = line.channels.get_mut(channel) else { return };
            wanted.standing = true;
            wanted.waiting.drain(..).for_each(|waiting| waiting.send(()).unwrap_or_default());
            if std::mem::take(&mut wanted.gave_up) { line.inbox.clone() } else { None }
        };
        if let Some(inbox) = gap {
            inbox.gap(Gap::Channels(vec![channel.clone()]));
        }
    }

    pub(super) fn fan_out(&self, channels: &[Channel], envelope: &Envelope) {
        for channel in channels {
            let nodes: Vec<(usize, u64)> = {
                let lines = self.lines.lock();
                let standing = |line: &Line| line.channels.get(channel).is_some_and(|wanted| wanted.standing);
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
                self.send_down(at, node, life, channel, envelope);
                if self.world.bites(self.world.plan.faults.envelope_doubled) {
                    let later = at + self.world.rng().below(400);
                    self.send_down(later, node, life, channel, envelope);
                }
            }
        }
    }

    fn send_down(&self, at: u64, node: usize, life: u64, channel: &Channel, envelope: &Envelope) {
        let (me, channel, envelope) = (self.me(), channel.clone(), envelope.clone());
        self.world.at(at, move || me.bring(node, life, &channel, &envelope));
    }

    fn bring(&self, node: usize, life: u64, channel: &Channel, envelope: &Envelope) {
        let inbox = {
            let line = &mut self.lines.lock()[node];
            if line.life != life || line.cut || line.channels.get(channel).is_none() {
                return;
            }
            if envelope.kind == EnvelopeKind::Entry && matches!(channel, Channel::Order(_)) {
                let shown = line.shown.get(&envelope.order).copied().unwrap_or_default();
                if !line.brought.insert((envelope.order.clone(), envelope.seq)) {
                    self.world.saw(Seen::DoubleDropped);
                } else if envelope.seq < shown {
                    self.world.saw(Seen::EnvelopesOutOfOrder);
                }
                line.show(envelope, self.world.now());
            }
            line.inbox.clone()
        };
        self.world.note("bring", &[node as u64, envelope.seq.0], || format!("{channel:?}"));
        if let Some(inbox) = inbox {
            inbox.deliver(channel, envelope);
        }
    }

    /// Lets go of all nodes.
    pub fn clear(&self) {
        let lines: Vec<Line> = self.lines.lock().iter_mut().map(std::mem::take).collect();
        drop(lines);
    }
}
