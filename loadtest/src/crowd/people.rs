//! Who is there: ids, orders, devices, and where each connects. Ids are new in every run, so that a shared store may hold others.

use std::ops::Range;
use std::sync::Arc;

use souk_chat::{OrderId, Role, UserId};
use souk_client::Carrier;
use souk_protocol::socketio::Namespace;

use crate::context::unit;
use crate::device::Device;
use crate::ledger::Order;
use crate::recorder::Group;
use crate::scenario::{Cut, Placement, Scenario};

/// The part of a run that one of its processes has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which, from 0.
    pub(crate) process: usize,
    /// Of how many.
    pub(crate) of: usize,
}

/// Where devices may connect: the nodes' own addresses come first, then those of the proxies in front of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) nodes: usize,
    /// Everybody goes through the proxies.
    pub(crate) all_proxied: bool,
    /// Carrier that everybody speaks, where the server does not speak both.
    pub(crate) carrier: Option<Carrier>,
}

/// Makes people and their devices.
#[derive(Debug)]
pub(crate) struct People {
    scenario: Scenario,
    layout: Layout,
    share: Share,
    tag: String,
    seed: u64,
}

impl People {
    /// `tag`: eight hexadecimal digits, new in every run.
    pub(crate) fn new(scenario: Scenario, layout: Layout, share: Share, tag: &str, seed: u64) -> Self {
        Self { scenario, layout, share, tag: tag.to_owned(), seed }
    }

    /// The orders that this process has of the ordinary ones.
    pub(crate) fn orders(&self) -> Vec<Arc<Order>> {
        self.mine(0..self.scenario.people.orders, 0)
    }

    /// The orders of those who test the limit. Their numbers in this process follow those of the ordinary ones.
    pub(crate) fn limit_orders(&self, ordinary: usize) -> Vec<Arc<Order>> {
        let first = self.scenario.people.orders;
        self.mine(first..first + self.scenario.limit.senders, ordinary)
    }

    fn mine(&self, all: Range<usize>, first: usize) -> Vec<Arc<Order>> {
        let mine = all.filter(|number| number % self.share.of == self.share.process);
        mine.enumerate().map(|(place, number)| self.order(number, first + place)).collect()
    }

    fn order(&self, number: usize, local: usize) -> Arc<Order> {
        let user = |person| user(&format!("u{}-{}", self.tag, 2 * number + person));
        let id = OrderId::new(&format!("o{}-{number}", self.tag)).expect("letters, digits and a dash are an id");
        let local = u32::try_from(local).expect("orders are at most what a stamp can say");
        Order::new(id, local, [user(0), user(1)], self.scenario.load.characters)
    }

    /// The devices of this order. `number`: that of the first.
    pub(crate) fn devices(&self, order: &Arc<Order>, number: usize) -> Vec<Device> {
        let people = &self.scenario.people;
        let place = order.number as usize * self.share.of + self.share.process;
        let mut devices = Vec::with_capacity(2 * people.devices + people.watchers);
        for device in 0..people.devices {
            for person in 0..2 {
                let apart = if people.placement == Placement::Split { person } else { 0 };
                let role = [Role::Client, Role::Contractor][person];
                let user = order.people[person].clone();
                devices.push(self.device(order, number + devices.len(), user, role, place + device + apart));
            }
        }
        for watcher in 0..people.watchers {
            let user = user(&format!("a{}-{}-{watcher}", self.tag, place));
            let mut device = self.device(order, number + devices.len(), user, Role::Admin, place + watcher);
            let slow = &self.scenario.slow;
            device.slow = (self.chance(&device, 3) < slow.share).then_some((slow.between, slow.pause));
            devices.push(device);
        }
        devices
    }

    /// The devices of somebody who tests the limit.
    pub(crate) fn limit_devices(&self, order: &Arc<Order>, number: usize) -> Vec<Device> {
        let device = |device: usize| {
            let user = order.people[0].clone();
            let mut device = self.device(order, number + device, user, Role::Client, order.number as usize + device);
            device.group = Group::Limited;
            device
        };
        (0..self.scenario.limit.devices.max(1)).map(device).collect()
    }

    fn device(&self, order: &Arc<Order>, number: usize, user: UserId, role: Role, place: usize) -> Device {
        let Layout { nodes, all_proxied, carrier } = self.layout;
        let node = place % nodes;
        let number = u32::try_from(number).expect("devices are fewer than descriptors");
        let mut device = Device {
            number,
            user,
            role,
            order: Arc::clone(order),
            ring: 0..nodes,
            home: node,
            carrier: Carrier::Plain { batch: false },
            group: Group::All,
            slow: None,
        };
        device.carrier = match carrier {
            Some(carrier) => carrier,
            None if self.chance(&device, 1) < self.scenario.people.socketio => Carrier::SocketIo(Namespace::Root),
            None => device.carrier,
        };
        let storm = &self.scenario.storm;
        let chosen = match storm.cut {
            Cut::None => None,
            Cut::Close | Cut::Network => Some(self.chance(&device, 2) < storm.share),
            Cut::Kill | Cut::Drain => Some(node == 0),
        };
        if all_proxied || (storm.cut == Cut::Network && chosen == Some(true)) {
            device.ring = nodes..2 * nodes;
        }
        device.group = match chosen {
            None => Group::All,
            Some(true) => Group::Cut,
            Some(false) => Group::Stayers,
        };
        device
    }

    /// A number from 0 up to 1, the same in each run with this seed.
    fn chance(&self, device: &Device, what: u64) -> f64 {
        unit(self.seed ^ (u64::from(device.number) << 8) ^ (u64::from(device.order.number) << 40) ^ what)
    }
}

fn user(id: &str) -> UserId {
    UserId::new(id).expect("letters, digits and a dash are an id")
}
