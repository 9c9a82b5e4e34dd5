use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use smallvec::SmallVec;
use souk_chat::id::UserId;
use souk_chat::ports::{Envelope, Gap, Inbox, Room};

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

type Rooms = HashMap<Room, SmallVec<[Subscriber; 1]>>;
/// Devices of a person per node number.
type Devices = SmallVec<[(u64, u32); 1]>;

/// What the nodes of one process share in place of a server. Alone, a process has one node on it.
pub struct LocalBus {
    rooms: Box<[Mutex<Rooms>]>,
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
            rooms: shards(),
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

    fn room_shard(&self, room: &Room) -> &Mutex<Rooms> {
        &self.rooms[self.shard_of(room)]
    }

    pub(super) fn subscribe(&self, node: &Arc<Node>, room: &Room) {
        let mut rooms = self.room_shard(room).lock();
        let subscribers = rooms.entry(room.clone()).or_default();
        match subscribers.iter_mut().find(|subscriber| subscriber.node.number == node.number) {
            Some(subscriber) => subscriber.count += 1,
            None => {
                subscribers.push(Subscriber { node: node.clone(), count: 1 });
                node.metrics.subscriptions.up();
            }
        }
    }

    pub(super) fn unsubscribe(&self, node: &Node, room: &Room) {
        let mut rooms = self.room_shard(room).lock();
        let Some(subscribers) = rooms.get_mut(room) else { return };
        let Some(at) = subscribers.iter().position(|subscriber| subscriber.node.number == node.number) else { return };
        subscribers[at].count -= 1;
        if subscribers[at].count == 0 {
            subscribers.swap_remove(at);
            node.metrics.subscriptions.down();
            if subscribers.is_empty() {
                rooms.remove(room);
            }
        }
    }

    /// Takes every subscription of a node away.
    pub(super) fn forget(&self, node: &Node) {
        for shard in &self.rooms {
            shard.lock().retain(|_, subscribers| {
                subscribers.retain(|subscriber| subscriber.node.number != node.number);
                !subscribers.is_empty()
            });
        }
        node.metrics.subscriptions.set(0);
    }

    /// Whether the envelope was taken; if not, the receivers of its rooms were told.
    pub(super) fn publish(&self, rooms: &[Room], envelope: Envelope) -> bool {
        let lane = &self.lanes[self.shard_of(&envelope.order)];
        let taken = lane.pass(rooms, envelope, &|rooms, envelope| self.deliver(rooms, envelope));
        if taken == Taken::Full {
            self.tell_gap(rooms);
        }
        taken == Taken::Yes
    }

    /// Nodes subscribed to the room now, found before anything is called: no lock is held while a receiver works.
    fn subscribers(&self, room: &Room) -> SmallVec<[Arc<Node>; 2]> {
        let rooms = self.room_shard(room).lock();
        rooms.get(room).map(|all| all.iter().map(|one| one.node.clone()).collect()).unwrap_or_default()
    }

    fn deliver(&self, rooms: &[Room], envelope: &Envelope) {
        for room in rooms {
            for node in self.subscribers(room) {
                if let Some(inbox) = node.inbox.get() {
                    node.metrics.received.one();
                    inbox.deliver(room, envelope);
                }
            }
        }
    }

    fn tell_gap(&self, rooms: &[Room]) {
        for room in rooms {
            for node in self.subscribers(room) {
                if let Some(inbox) = node.inbox.get() {
                    node.metrics.overflowed.one();
                    node.metrics.gaps.one();
                    inbox.gap(Gap::Rooms(vec![room.clone()]));
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
