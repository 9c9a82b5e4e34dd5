//! Everybody who is there: brought in at a rate, told what to do, and collected at the end.

pub(crate) mod people;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::Role;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use people::People;

use crate::context::Context;
use crate::device::log::Log;
use crate::device::{self, COMMANDS_MAX, Command, Device, Status};
use crate::ledger::Order;
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
    /// Whose device it is, where it is one of the two of the order: a place in its people.
    person: usize,
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

/// A device that may be chosen to say something.
#[derive(Clone)]
pub(crate) struct Talker {
    pub(crate) device: u32,
    /// Whose it is: a place in the order's people.
    pub(crate) person: usize,
    pub(crate) order: Arc<Order>,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) status: Arc<Status>,
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

/// A device that a storm takes.
pub(crate) struct Target {
    pub(crate) device: u32,
    pub(crate) live: bool,
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
    broken: AtomicUsize,
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
            broken: AtomicUsize::new(0),
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

    /// Devices of all its orders, those who test the limit among them.
    pub(crate) fn devices(&self) -> usize {
        let testers = self.limit_orders().iter().map(|order| self.people.limit_devices(order, 0).len()).sum::<usize>();
        self.orders.len() * self.per_order + testers
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
            let mut gone = self.collect(surplus).await;
            // Others of their orders may come later and say more: what these saw is checked, not that it is everything.
            gone.iter_mut().for_each(|witness| witness.log.live_at_end = false);
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
        let person = usize::from(device.user == order.people[1]);
        let task = tokio::spawn(device::run(device, Arc::clone(&self.context), Arc::clone(&status), told));
        Member { number, who, group, is_talker, person, order, status, commands, task }
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

    /// Orders whose devices are there, or on their way.
    pub(crate) fn orders_there(&self) -> usize {
        self.members.lock().len() / self.per_order.max(1)
    }

    /// Everybody of the first so many orders who may be chosen to say something, by order.
    pub(crate) fn talkers(&self, orders: usize) -> Vec<Talker> {
        let members = self.members.lock();
        let there = members.len().min(orders * self.per_order);
        let talkers = members[..there].iter().filter(|member| member.is_talker);
        talkers
            .map(|member| Talker {
                device: member.number,
                person: member.person,
                order: Arc::clone(&member.order),
                commands: member.commands.clone(),
                status: Arc::clone(&member.status),
            })
            .collect()
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

    /// The devices that a storm takes: those that `is_victim` says of their group and address. `cut_by_others`: those that are not
    /// live just now may have been cut by another process already; otherwise they are left out.
    pub(crate) fn victims(&self, cut_by_others: bool, is_victim: impl Fn(Group, usize) -> bool) -> Vec<Target> {
        let members = self.members.lock();
        let there = |member: &&Member| member.status.is_live() || cut_by_others && !member.status.is_away();
        let chosen = members.iter().filter(there).filter(|member| is_victim(member.group, member.status.place()));
        let target = |member: &Member| Target {
            device: member.number,
            live: member.status.is_live(),
            commands: member.commands.clone(),
        };
        chosen.map(target).collect()
    }

    /// Calls back those who went away by their own wish, and lets slow readers read on.
    fn call_back(&self, slow: bool) {
        let members = self.members.lock();
        for member in members.iter().filter(|member| member.status.is_away() || slow && !member.is_talker) {
            // One whose commands are many is coming back already, or will be missed.
            drop(member.commands.try_send(Command::Return));
        }
    }

    /// Calls everybody back, and waits until every message has its answer and every device has seen it, at most so long. Returns how
    /// many devices have not by then, or wait for an answer.
    pub(crate) async fn settled(&self, within: Duration) -> usize {
        let deadline = Instant::now() + within;
        self.call_back(true);
        loop {
            let unsettled = self.unsettled();
            if unsettled == 0 || Instant::now() >= deadline {
                return unsettled;
            }
            self.call_back(false);
            sleep(LOOK_EVERY).await;
        }
    }

    fn unsettled(&self) -> usize {
        let (members, limited) = (self.members.lock(), self.limited.lock());
        let unsettled = members.iter().chain(limited.iter()).filter(|member| {
            !member.status.is_live() || member.status.seen() < member.order.head() || member.order.waits()
        });
        unsettled.count()
    }

    async fn collect(&self, members: Vec<Member>) -> Vec<Witness> {
        for member in &members {
            // One that is not there any more has stopped already.
            let _ = member.commands.send(Command::Stop).await;
        }
        let mut witnesses = Vec::with_capacity(members.len());
        for Member { who, order, task, .. } in members {
            let log = task.await.unwrap_or_else(|error| {
                self.context.remarks.add(|| format!("{who} broke off, and nothing is known of what it saw: {error}"));
                self.broken.fetch_add(1, Ordering::Relaxed);
                Log::default()
            });
            witnesses.push(Witness { who, order, log });
        }
        witnesses
    }

    /// Devices whose task broke off.
    pub(crate) fn broken(&self) -> usize {
        self.broken.load(Ordering::Relaxed)
    }

    /// Sends everybody home, and returns what they saw.
    pub(crate) async fn end(&self) -> Vec<Witness> {
        let everybody: Vec<_> = self.members.lock().drain(..).chain(self.limited.lock().drain(..)).collect();
        let mut witnesses = self.collect(everybody).await;
        witnesses.append(&mut self.left.lock());
        witnesses
    }
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
