//! Everybody who is there: brought in at a rate, told what to do, and collected at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::Role;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::context::Context;
use super::people::People;
use crate::device::log::Log;
use crate::device::{self, COMMANDS_MAX, Command, Device, Status};
use crate::ledger::Order;
use crate::load::conductor::Talker;
use crate::recorder::Group;
use crate::scenario::Connect;

/// How often it is looked at whether everybody is there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A device that is there, or on its way.
struct Member {
    number: u32,
    who: String,
    group: Group,
    is_talker: bool,
    order: Arc<Order>,
    status: Arc<Status>,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<Log>,
}

/// What a device saw, for the check.
pub(crate) struct Witness {
    pub(crate) who: String,
    pub(crate) order: Arc<Order>,
    pub(crate) log: Log,
}

/// A person who tests the limit.
pub(crate) struct Tester {
    pub(crate) order: Arc<Order>,
    pub(crate) devices: Vec<TesterDevice>,
}

/// One of their devices.
pub(crate) struct TesterDevice {
    pub(crate) number: u32,
    pub(crate) commands: mpsc::Sender<Command>,
}

/// Everybody.
pub(crate) struct Crowd {
    context: Arc<Context>,
    people: People,
    connect: Connect,
    orders: Vec<Arc<Order>>,
    /// By order: so many members each.
    per_order: usize,
    members: Mutex<Vec<Member>>,
    /// Those who went before the end, for the check.
    left: Mutex<Vec<Witness>>,
    limited: Mutex<Vec<Member>>,
    wanted: AtomicUsize,
}

impl Crowd {
    pub(crate) fn new(context: Arc<Context>, people: People, connect: Connect) -> Self {
        let orders = people.orders();
        let per_order = orders.first().map_or(0, |order| people.devices(order, 0).len());
        Self {
            context,
            people,
            connect,
            orders,
            per_order,
            members: Mutex::default(),
            left: Mutex::default(),
            limited: Mutex::default(),
            wanted: AtomicUsize::new(0),
        }
    }

    /// The ordinary orders.
    pub(crate) fn orders(&self) -> &[Arc<Order>] {
        &self.orders
    }

    /// The orders of those who test the limit.
    pub(crate) fn limit_orders(&self) -> Vec<Arc<Order>> {
        self.people.limit_orders(self.orders.len())
    }

    /// Devices that are to be there now.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted.load(Ordering::Relaxed)
    }

    #[expect(clippy::cast_precision_loss, reason = "devices of an order are few")]
    pub(crate) fn devices_per_order(&self) -> f64 {
        self.per_order as f64
    }

    /// Brings in, or sends away, devices until those of so many orders are there. Returns whether all were live in time.
    pub(crate) async fn grow_to(&self, orders: usize) -> bool {
        let orders = orders.min(self.orders.len());
        let wanted = orders * self.per_order;
        self.wanted.store(wanted + self.limited.lock().len(), Ordering::Relaxed);
        let there = self.members.lock().len();
        if wanted < there {
            let surplus = self.members.lock().split_off(wanted);
            let gone = collect(surplus).await;
            self.left.lock().extend(gone);
            return true;
        }
        let mut pace = Pace::new(self.connect.rate);
        for order in &self.orders[there / self.per_order.max(1)..orders] {
            let first = self.members.lock().len();
            for device in self.people.devices(order, first) {
                pace.next().await;
                let member = self.begin(device);
                self.members.lock().push(member);
            }
        }
        self.all_live(&self.members).await
    }

    /// Brings in those who test the limit.
    pub(crate) async fn bring_testers(&self, orders: &[Arc<Order>]) -> bool {
        let mut pace = Pace::new(self.connect.rate);
        // Their numbers follow all that the ordinary ones may get.
        let first = self.orders.len() * self.per_order;
        for order in orders {
            let number = first + self.limited.lock().len();
            for device in self.people.limit_devices(order, number) {
                pace.next().await;
                let member = self.begin(device);
                self.limited.lock().push(member);
            }
        }
        self.wanted.fetch_add(self.limited.lock().len(), Ordering::Relaxed);
        self.all_live(&self.limited).await
    }

    fn begin(&self, device: Device) -> Member {
        let (commands, told) = mpsc::channel(COMMANDS_MAX);
        let status = Arc::new(Status::default());
        let (number, order, group) = (device.number, Arc::clone(&device.order), device.group);
        let (who, is_talker) = (format!("{}#{number}", device.user), device.role != Role::Admin);
        let task = tokio::spawn(device::run(device, Arc::clone(&self.context), Arc::clone(&status), told));
        Member { number, who, group, is_talker, order, status, commands, task }
    }

    async fn all_live(&self, members: &Mutex<Vec<Member>>) -> bool {
        let deadline = Instant::now() + self.connect.within;
        loop {
            let missing = members.lock().iter().filter(|member| !member.status.is_live()).count();
            if missing == 0 {
                return true;
            }
            let hopeless = members.lock().iter().all(|member| member.status.is_live() || member.status.is_gone());
            if hopeless || Instant::now() >= deadline {
                let within = self.connect.within;
                self.context.remarks.add(|| format!("{missing} devices were not live within {within:?}"));
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Everybody who may be chosen to say something, by order.
    pub(crate) fn talkers(&self) -> Vec<Talker> {
        let members = self.members.lock();
        let talkers = members.iter().filter(|member| member.is_talker);
        talkers
            .map(|member| Talker {
                device: member.number,
                order: Arc::clone(&member.order),
                commands: member.commands.clone(),
                status: Arc::clone(&member.status),
            })
            .collect()
    }

    /// How many talkers the first so many orders have.
    pub(crate) fn talkers_of(&self, orders: usize) -> usize {
        let members = self.members.lock();
        let there = members.len().min(orders * self.per_order);
        members[..there].iter().filter(|member| member.is_talker).count()
    }

    /// Those who test the limit, one for each of these orders.
    pub(crate) fn testers(&self, orders: &[Arc<Order>]) -> Vec<Tester> {
        let limited = self.limited.lock();
        let devices = |order: &Arc<Order>| {
            let theirs = limited.iter().filter(|member| Arc::ptr_eq(&member.order, order));
            theirs.map(|member| TesterDevice { number: member.number, commands: member.commands.clone() }).collect()
        };
        orders.iter().map(|order| Tester { order: Arc::clone(order), devices: devices(order) }).collect()
    }

    /// A device that may go away for a while, chosen by a number from 0 up to 1; `None`: it is not there just now.
    pub(crate) fn any_phone(&self, chosen: f64) -> Option<mpsc::Sender<Command>> {
        let members = self.members.lock();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place"
        )]
        let place = (chosen * members.len() as f64) as usize;
        members.get(place).filter(|member| member.status.is_live()).map(|member| member.commands.clone())
    }

    /// The live devices that a storm takes: those that `is_victim` says of their group and address.
    pub(crate) fn victims(&self, is_victim: impl Fn(Group, usize) -> bool) -> Vec<(u32, mpsc::Sender<Command>)> {
        let members = self.members.lock();
        let chosen =
            members.iter().filter(|member| member.status.is_live() && is_victim(member.group, member.status.place()));
        chosen.map(|member| (member.number, member.commands.clone())).collect()
    }

    /// Calls back those who went away by their own wish.
    fn call_back(&self) {
        let members = self.members.lock();
        for member in members.iter().filter(|member| member.status.is_away()) {
            // One whose commands are many is coming back already, or will be missed.
            drop(member.commands.try_send(Command::Return));
        }
    }

    /// Calls everybody back, and waits until every message has its answer and every live device has seen it, at most so long. Returns whether that is so.
    pub(crate) async fn settled(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while !self.is_settled() {
            self.call_back();
            if Instant::now() >= deadline {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }

    fn is_settled(&self) -> bool {
        if self.orders.iter().any(|order| order.waits()) {
            return false;
        }
        let (members, limited) = (self.members.lock(), self.limited.lock());
        members.iter().chain(limited.iter()).all(|member| {
            member.status.is_gone() || member.status.is_live() && member.status.seen() >= member.order.head()
        })
    }

    /// Sends everybody home, and returns what they saw.
    pub(crate) async fn end(&self) -> Vec<Witness> {
        let everybody: Vec<_> = self.members.lock().drain(..).chain(self.limited.lock().drain(..)).collect();
        let mut witnesses = collect(everybody).await;
        witnesses.append(&mut self.left.lock());
        witnesses
    }
}

async fn collect(members: Vec<Member>) -> Vec<Witness> {
    for member in &members {
        // One that is not there any more has stopped already.
        let _ = member.commands.send(Command::Stop).await;
    }
    let mut witnesses = Vec::with_capacity(members.len());
    for Member { who, order, task, .. } in members {
        // A task that broke off saw what it saw; without its log nothing can be proved of it, and it counts as not there.
        let log = task.await.unwrap_or_default();
        witnesses.push(Witness { who, order, log });
    }
    witnesses
}

/// So many a second.
struct Pace {
    gap: Duration,
    next: Instant,
}

impl Pace {
    fn new(rate: f64) -> Self {
        Self { gap: Duration::from_secs_f64(1.0 / rate.max(0.001)), next: Instant::now() }
    }

    async fn next(&mut self) {
        sleep_until(self.next).await;
        self.next += self.gap;
    }
}
