use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use smallvec::SmallVec;
use souk_chat::id::UserId;
use souk_chat::ports::{Channel, Envelope, Gap, Inbox};

use super::lane::{Lane, Taken};
use crate::metrics::Metrics;
use crate::spread::place;

/// Independent parts of each table, and delivery lanes.
const SHARDS: usize = 64;

/// One attached node.
pub(super) struct Node {
    pub(super) number: u64,
    pub(super) inbox: OnceLock<Arc<dyn Inbox>>,
    pub(super) metrics: Arc<Metrics>,
}

struct Subscriber {
    node: Arc<Node>,
    count: u32,
}

type Rooms = HashMap<Channel, SmallVec<[Subscriber; 1]>>;
/// Devices of a person per node number.
type Devices = SmallVec<[(u64, u32); 1]>;

/// What the nodes of one process share in place of a server. Alone, a process has one node on it.
pub struct LocalBus {
    channels: Box<[Mutex<Rooms>]>,
    lanes: Box<[Lane]>,
    people: Box<[Mutex<HashMap<UserId, Devices>>]>,
    hasher: RandomState,
    nodes: AtomicU64,
    routers: AtomicU64,
}

fn shards<T: Default>() -> Box<[T]> {
    std::iter::repeat_with(T::default).take(SHARDS).collect()
}

impl LocalBus {
    /// An empty bus.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            channels: shards(),
            lanes: shards(),
            people: shards(),
            hasher: RandomState::new(),
            nodes: AtomicU64::new(1),
            routers: AtomicU64::new(0),
        })
    }

    pub(super) fn next_number(&self) -> u64 {
        self.nodes.fetch_add(1, Ordering::Relaxed)
    }

    /// One more router is on it.
    pub(super) fn joined(&self) {
        self.routers.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether there ever was more than one.
    pub(super) fn is_shared(&self) -> bool {
        self.routers.load(Ordering::Relaxed) > 1
    }

    fn shard_of(&self, what: impl std::hash::Hash) -> usize {
        place(self.hasher.hash_one(what), SHARDS)
    }

    fn channel_shard(&self, channel: &Channel) -> &Mutex<Rooms> {
        &self.channels[self.shard_of(channel)]
    }

    pub(super) fn subscribe(&self, node: &Arc<Node>, channel: &Channel) {
        let mut channels = self.channel_shard(channel).lock();
        let subscribers = channels.entry(channel.clone()).or_default();
        match subscribers.iter_mut().find(|subscriber| subscriber.node.number == node.number) {
            Some(subscriber) => subscriber.count += 1,
            None => {
                subscribers.push(Subscriber { node: node.clone(), count: 1 });
                node.metrics.subscriptions.up();
            }
        }
    }

    pub(super) fn unsubscribe(&self, node: &Node, channel: &Channel) {
        let mut channels = self.channel_shard(channel).lock();
        let Some(subscribers) = channels.get_mut(channel) else { return };
        let Some(at) = subscribers.iter().position(|subscriber| subscriber.node.number == node.number) else { return };
        subscribers[at].count -= 1;
        if subscribers[at].count == 0 {
            subscribers.swap_remove(at);
            node.metrics.subscriptions.down();
            if subscribers.is_empty() {
                channels.remove(channel);
            }
        }
    }

    /// Takes every subscription of a node away.
    pub(super) fn forget(&self, node: &Node) {
        for shard in &self.channels {
            shard.lock().retain(|_, subscribers| {
                subscribers.retain(|subscriber| subscriber.node.number != node.number);
                !subscribers.is_empty()
            });
        }
        node.metrics.subscriptions.set(0);
    }

    /// Whether the envelope was taken; if not, the receivers of its channels were told.
    pub(super) fn publish(&self, channels: &[Channel], envelope: Envelope) -> bool {
        let lane = &self.lanes[self.shard_of(&envelope.order)];
        let taken = lane.pass(channels, envelope, &|channels, envelope| self.deliver(channels, envelope));
        if taken == Taken::Full {
            self.tell_gap(channels);
        }
        taken == Taken::Yes
    }

    /// Nodes subscribed to the channel now, found before anything is called: no lock is held while a receiver works.
    fn subscribers(&self, channel: &Channel) -> SmallVec<[Arc<Node>; 2]> {
        let channels = self.channel_shard(channel).lock();
        channels.get(channel).map(|all| all.iter().map(|one| one.node.clone()).collect()).unwrap_or_default()
    }

    fn deliver(&self, channels: &[Channel], envelope: &Envelope) {
        for channel in channels {
            for node in self.subscribers(channel) {
                if let Some(inbox) = node.inbox.get() {
                    node.metrics.received.one();
                    inbox.deliver(channel, envelope);
                }
            }
        }
    }

    fn tell_gap(&self, channels: &[Channel]) {
        for channel in channels {
            for node in self.subscribers(channel) {
                if let Some(inbox) = node.inbox.get() {
                    node.metrics.overflowed.one();
                    node.metrics.gaps.one();
                    inbox.gap(Gap::Channels(vec![channel.clone()]));
                }
            }
        }
    }

    /// Sets the devices of `user` on the node; returns the count before.
    pub(super) fn set_devices(&self, node: u64, user: &UserId, devices: u32) -> u32 {
        let mut people = self.people[self.shard_of(user)].lock();
        if devices == 0 {
            let Some(counts) = people.get_mut(user) else { return 0 };
            let Some(at) = counts.iter().position(|(number, _)| *number == node) else { return 0 };
            let (_, before) = counts.swap_remove(at);
            if counts.is_empty() {
                people.remove(user);
            }
            return before;
        }
        let counts = people.entry(user.clone()).or_default();
        match counts.iter_mut().find(|(number, _)| *number == node) {
            Some((_, count)) => std::mem::replace(count, devices),
            None => {
                counts.push((node, devices));
                0
            }
        }
    }

    pub(super) fn is_online(&self, user: &UserId) -> bool {
        self.people[self.shard_of(user)].lock().contains_key(user)
    }

    /// Takes all people of a node away.
    pub(super) fn forget_people(&self, node: u64) {
        for shard in &self.people {
            shard.lock().retain(|_, counts| {
                counts.retain(|(number, _)| *number != node);
                !counts.is_empty()
            });
        }
    }
}
