//! Who is connected to this node, and what they look at.
//!
//! A [`ConnectionHandle`] is a connection with its one bounded outbox; a [`Device`] is a session on it, of one person; a [`Room`] is an
//! order that devices of this node joined, with its gate. The hub finds them: devices by person, rooms by order.

mod aside;
mod connection_handle;
mod device;
mod encoded_entry;
mod encoding;
mod looking;
#[cfg(test)]
pub(crate) mod rig;
mod room;
mod sight;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;
use souk_chat::ports::{Channel, Presence, Router, Subscription};
use souk_chat::{OrderId, Seq, UserId};

use aside::Aside;
pub use connection_handle::{Arrival, ConnectionHandle, Notice, OUTBOX_BYTES, OUTBOX_FRAMES, Outgoing};
pub use device::Device;
pub use encoded_entry::{EncodedEntry, Frames};
pub(crate) use encoding::text;
pub use encoding::{Ack, Encoding};
pub use room::{JOIN_BACKLOG, JoinTicket, Joined, Life, Room, TRAIL, Trail, Verdict};
pub use sight::Sight;

/// Most orders that one device is live in at once; the next join is told `too_many_rooms`.
pub const ROOMS_PER_DEVICE: usize = 200;

/// Most devices of one person on one node where the setting names no number; the next is told 4004.
pub const DEVICES_PER_USER: usize = 1_000;

/// Ends of people that are kept until somebody [takes](Hub::take_ends) them; devices that are gone whose arrivals are.
pub const ENDS_MAX: usize = 65_536;

/// A person whose last device here is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Who.
    pub user: UserId,
    /// What they saw.
    pub sight: Sight,
}

#[derive(Default)]
struct Ends {
    kept: Vec<End>,
    lost: u64,
}

struct Person {
    devices: SmallVec<[Arc<Device>; 1]>,
    aside: Aside,
    /// What was seen on devices that are gone, if any are.
    sight: Option<Box<Sight>>,
    _subscription: Subscription,
}

/// The node's devices and rooms.
pub struct Hub {
    router: Arc<dyn Router>,
    presence: Arc<dyn Presence>,
    people: Mutex<HashMap<UserId, Person>>,
    rooms: Mutex<HashMap<OrderId, Arc<Room>>>,
    ends: Mutex<Ends>,
    arrivals: Mutex<Vec<Arrival>>,
    /// Devices of one person on this node; 0: [`DEVICES_PER_USER`].
    devices_per_user: usize,
}

/// The person has as many devices connected as they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many devices are connected for this person")]
pub struct TooManyDevices;

/// The device is live in as many orders as it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many orders are joined on this connection; leave one first")]
pub struct TooManyRooms;

impl Hub {
    /// An empty hub. `devices_per_user` 0: [`DEVICES_PER_USER`].
    pub fn new(router: Arc<dyn Router>, presence: Arc<dyn Presence>, devices_per_user: usize) -> Self {
        let devices_per_user = if devices_per_user == 0 { DEVICES_PER_USER } else { devices_per_user };
        let (people, rooms) = (Mutex::default(), Mutex::default());
        let (ends, arrivals) = (Mutex::default(), Mutex::default());
        Self { router, presence, people, rooms, ends, arrivals, devices_per_user }
    }

    /// A device signed in: it hears what goes to its person from now on.
    pub fn enter(&self, device: &Arc<Device>) -> Result<(), TooManyDevices> {
        let mut people = self.people.lock();
        let person = people.entry(device.user().clone()).or_insert_with(|| Person {
            devices: SmallVec::new(),
            aside: Aside::default(),
            sight: None,
            _subscription: Subscription::new(Arc::clone(&self.router), Channel::User(device.user().clone())),
        });
        if person.devices.len() >= self.devices_per_user {
            return Err(TooManyDevices);
        }
        person.devices.push(Arc::clone(device));
        // Told under the lock: counts of one person reach presence in the order they became true.
        self.presence.set(device.user(), u32::try_from(person.devices.len()).unwrap_or(u32::MAX));
        Ok(())
    }

    /// A device is gone: out of its rooms and its person's devices. Calling it for one that never entered does nothing.
    pub fn exit(&self, device: &Arc<Device>) {
        for room in device.retire() {
            self.leave(device, room.order());
        }
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(device.user()) else { return };
        let before = person.devices.len();
        person.devices.retain(|other| !Arc::ptr_eq(other, device));
        if person.devices.len() == before {
            return;
        }
        self.presence.set(device.user(), u32::try_from(person.devices.len()).unwrap_or(u32::MAX));
        person.sight.get_or_insert_default().add(device.sight());
        let mut arrivals = self.arrivals.lock();
        if arrivals.len() < ENDS_MAX {
            device.arrived(&mut arrivals);
        }
        drop(arrivals);
        if person.devices.is_empty()
            && let Some(person) = people.remove(device.user())
        {
            self.end(device.user(), person.sight.map(|sight| *sight).unwrap_or_default());
        }
        if people.len() * 4 < people.capacity() {
            let room = people.len() * 2;
            people.shrink_to(room);
        }
    }

    /// The devices of a person here, for an entry that came by the person's room; nobody where it came before.
    pub fn recipients(&self, user: &UserId, order: &OrderId, seq: Seq) -> SmallVec<[Arc<Device>; 4]> {
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(user) else { return SmallVec::new() };
        let is_news = person.aside.is_news(order, seq);
        person.devices.iter().filter(|_| is_news).cloned().collect()
    }

    /// The devices of a person here.
    pub fn devices(&self, user: &UserId) -> SmallVec<[Arc<Device>; 4]> {
        self.people.lock().get(user).map(|person| person.devices.iter().cloned().collect()).unwrap_or_default()
    }

    /// What devices that are gone were certainly shown, and nobody was told of.
    pub fn take_arrivals(&self) -> Vec<Arrival> {
        std::mem::take(&mut *self.arrivals.lock())
    }

    /// Forgets which entries came by people's rooms: their numbers may be given again, to others.
    pub fn forget_aside(&self) {
        self.people.lock().values_mut().for_each(|person| person.aside = Aside::default());
    }

    fn end(&self, user: &UserId, sight: Sight) {
        let mut ends = self.ends.lock();
        if ends.kept.len() < ENDS_MAX {
            ends.kept.push(End { user: user.clone(), sight });
        } else {
            ends.lost += 1;
            self.presence.release(user);
        }
    }

    /// Whose last device here is gone since this was last called, in the order in which they went, whether or not they came back
    /// since then; and how many were not kept.
    pub fn take_ends(&self) -> (Vec<End>, u64) {
        let Ends { kept, lost } = std::mem::take(&mut *self.ends.lock());
        (kept, lost)
    }

    /// Whether a person has a device here.
    pub fn has_devices(&self, user: &UserId) -> bool {
        self.people.lock().contains_key(user)
    }

    /// Starts joining: from now on the room keeps for this device what leaves its gate. A join under way or done is replaced.
    pub fn join(&self, device: &Arc<Device>, order: &OrderId) -> Result<(Arc<Room>, JoinTicket), TooManyRooms> {
        let mut rooms = self.rooms.lock();
        let room = match rooms.get(order) {
            Some(room) => Arc::clone(room),
            None => {
                let subscription = Subscription::new(Arc::clone(&self.router), Channel::Order(order.clone()));
                let room = Arc::new(Room::new(order.clone(), subscription));
                rooms.insert(order.clone(), Arc::clone(&room));
                room
            }
        };
        if !device.add_room(&room) {
            Self::drop_if_empty(&mut rooms, order);
            return Err(TooManyRooms);
        }
        let ticket = room.begin_join(device);
        Ok((room, ticket))
    }

    /// Ends an attempt at joining that came to nothing, unless a newer one took its place.
    pub fn abandon(&self, device: &Arc<Device>, order: &OrderId, ticket: JoinTicket) {
        if self.room(order).is_some_and(|room| room.is_current(device, ticket)) {
            self.leave(device, order);
        }
    }

    /// Ends a join, whatever its state. Not joined: nothing happens.
    pub fn leave(&self, device: &Arc<Device>, order: &OrderId) {
        let mut rooms = self.rooms.lock();
        let Some(room) = rooms.get(order) else { return };
        device.remove_room(order);
        room.remove(device);
        Self::drop_if_empty(&mut rooms, order);
    }

    /// The order's log is not the one any more that was delivered: whoever is live in it is told to join again, and is in it no
    /// longer. Joins under way read again. Returns how many were told.
    pub fn void(&self, room: &Room, told: &Frames) -> usize {
        let mut rooms = self.rooms.lock();
        let gone = room.void(told);
        for device in &gone {
            device.remove_room(room.order());
        }
        Self::drop_if_empty(&mut rooms, room.order());
        gone.len()
    }

    fn drop_if_empty(rooms: &mut HashMap<OrderId, Arc<Room>>, order: &OrderId) {
        if rooms.get(order).is_some_and(|room| room.is_empty()) {
            rooms.remove(order);
        }
    }

    /// The room of an order, if somebody here joined it.
    pub fn room(&self, order: &OrderId) -> Option<Arc<Room>> {
        self.rooms.lock().get(order).cloned()
    }

    /// All rooms.
    pub fn rooms(&self) -> Vec<Arc<Room>> {
        self.rooms.lock().values().cloned().collect()
    }

    /// Orders that somebody here joined.
    pub fn rooms_count(&self) -> usize {
        self.rooms.lock().len()
    }

    /// People with a device here.
    pub fn people_count(&self) -> usize {
        self.people.lock().len()
    }
}
