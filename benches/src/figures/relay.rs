//! What a delivered message costs, and how long it takes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use souk_loadtest::measure::observer::redis_cpu;
use souk_loadtest::scenario::Engines;
use souk_loadtest::target::{OwnNodes, Target};
use souk_testkit::metrics::scrape_within;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::load::{self, Plan, Tally, Window};
use crate::node;
use crate::people::People;
use crate::process::{Memory, Used};
use crate::report::{Percentiles, figure, median_by, rounded, say};

/// How long what is on its way when a round ends may still take.
const STRAGGLERS: Duration = Duration::from_secs(2);
/// How long a node's figures may take.
const SCRAPED_WITHIN: Duration = Duration::from_secs(10);
/// How long a node rests after orders were made, before its memory is read.
const REST: Duration = Duration::from_secs(5);

/// What to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Only one node: SQLite, nothing else (the default of `relay`).
    #[arg(long, conflicts_with = "cluster")]
    pub(crate) alone: bool,
    /// Only two nodes on Redis, CQL and Kafka, as the environment says (`deploy/stack env`); the two of an order are on different nodes.
    #[arg(long)]
    pub(crate) cluster: bool,
    /// The load.
    #[command(flatten)]
    pub(crate) load: Load,
}

/// A load.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Load {
    /// People, two to an order.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) users: usize,
    /// Messages a second.
    #[arg(long, default_value_t = 4_000.0)]
    pub(crate) rate: f64,
    /// Measured seconds of a round.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Seconds of the same load before each round.
    #[arg(long, default_value_t = 3)]
    pub(crate) warm: u64,
    /// Rounds; the one in the middle, by processor time, is the figure.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Seconds between connecting and reading the memory of idle connections.
    #[arg(long, default_value_t = 12)]
    pub(crate) settle: u64,
}

impl Load {
    /// The plan of a round.
    pub(crate) fn plan(&self) -> Plan {
        let seconds = Duration::from_secs;
        Plan { rate: self.rate, warm: seconds(self.warm), measured: seconds(self.seconds) }
    }
}

/// What a round found. Times of processors are microseconds per delivered message.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Round {
    /// Messages that reached the other party.
    pub(crate) deliveries: u64,
    /// All processes of souk together.
    pub(crate) cpu_us: f64,
    /// Of it, outside the kernel.
    pub(crate) user_us: f64,
    /// Of it, inside.
    pub(crate) system_us: f64,
    /// Redis, beside souk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redis_us: Option<f64>,
    /// Frames written per delivery: the push and the answer make two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frames: Option<f64>,
    /// Writes to sockets per delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) socket_writes: Option<f64>,
    /// Calls of `read` and its kin per delivery, files included.
    pub(crate) reads: f64,
    /// Calls of `write` and its kin per delivery, files included.
    pub(crate) writes: f64,
    /// Times that a thread of the server went to sleep, per delivery.
    pub(crate) switches: f64,
    /// From the moment a message was meant to leave to its answer.
    pub(crate) acknowledged: Percentiles,
    /// From that moment to the other party.
    pub(crate) received: Percentiles,
    /// Sends that were refused.
    pub(crate) refused: u64,
    /// Messages that the client's socket did not take.
    pub(crate) unsent: u64,
}

/// Resident bytes per connection.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Bytes {
    /// After connecting and a rest.
    pub(crate) idle: f64,
    /// At the end of the last round.
    pub(crate) busy: f64,
}

/// What was read at one moment.
struct Reading {
    used: Used,
    redis: Option<Duration>,
    deliveries: u64,
    frames: f64,
    writes: f64,
}

/// Nodes with people connected to them, ready for rounds.
pub(crate) struct Session {
    target: Target,
    senders: Vec<Arc<TcpStream>>,
    people: People,
    tally: Arc<Tally>,
    _readers: JoinSet<()>,
    before: Memory,
    idle: Memory,
    _nodes: OwnNodes,
}

impl Session {
    /// Starts one node, or two in a cluster, and connects everybody.
    pub(crate) async fn start(engines: Engines, load: &Load, souk: &Path) -> Result<Self, Failure> {
        let own = node::start(souk, engines, &node::OPEN).await?;
        let target = own.target();
        let people = People::new(&target, load.users);
        people.make_orders(&target).await?;
        tokio::time::sleep(REST).await;
        let nodes = &target.nodes;
        let before = Memory::of_all(pids(&target))?;
        let sockets = people.connect(|number| nodes[number % nodes.len()].clients, true).await?;
        let tally = Arc::new(Tally::default());
        let senders = sockets.iter().map(crate::socket::Socket::stream).collect();
        let mut readers = JoinSet::new();
        for mut socket in sockets {
            let tally = Arc::clone(&tally);
            readers.spawn(async move { while socket.read(|text| tally.take(text)).await.is_ok() {} });
        }
        tokio::time::sleep(Duration::from_secs(load.settle)).await;
        let idle = Memory::of_all(pids(&target))?;
        Ok(Self { target, senders, people, tally, _readers: readers, before, idle, _nodes: own })
    }

    async fn reading(&self) -> Result<Reading, Failure> {
        let used = Used::of_all(pids(&self.target))?;
        let deliveries = self.tally.deliveries();
        let redis = match &self.target.redis {
            Some(url) => Some(redis_cpu(url).await?),
            None => None,
        };
        let (mut frames, mut writes) = (0.0, 0.0);
        for operators in self.target.nodes.iter().filter_map(|node| node.operators) {
            let figures = scrape_within(operators, SCRAPED_WITHIN).await?;
            frames += figures.sum("souk_frames_out_total").unwrap_or(0.0);
            writes += figures.sum("souk_socket_writes_total").unwrap_or(0.0);
        }
        Ok(Reading { used, redis, deliveries, frames, writes })
    }

    /// One round of the load.
    pub(crate) async fn round(&self, plan: Plan) -> Result<Round, Failure> {
        let window = plan.begin();
        self.tally.measure(window);
        let driver = self.driver(plan, window);
        tokio::time::sleep_until(window.from.into()).await;
        let before = self.reading().await?;
        tokio::time::sleep_until(window.to.into()).await;
        let after = self.reading().await?;
        let unsent = driver.await.map_err(|error| Failure::answer("sending", error.to_string()))?;
        self.stragglers(&after).await;
        if let Some(refusal) = self.tally.refusal() {
            say(format!("a send was refused: {refusal}"));
        }
        let round = Round::between(&before, &after);
        Ok(Round {
            acknowledged: Percentiles::of(&self.tally.acknowledgements()),
            received: Percentiles::of(&self.tally.receipts()),
            refused: self.tally.refusals(),
            unsent,
            ..round
        })
    }

    fn driver(&self, plan: Plan, window: Window) -> tokio::task::JoinHandle<u64> {
        let (senders, tally, people) = (self.senders.clone(), Arc::clone(&self.tally), self.people.clone());
        tokio::task::spawn_blocking(move || {
            let orders: Vec<_> = (0..senders.len() / 2).map(|pair| people.order_id(pair)).collect();
            let frame = |sender: usize, stamp, number| load::message(&orders[sender / 2], stamp, number);
            load::drive(&senders, plan, window, &tally, frame)
        })
    }

    /// Waits until as much was received as was acknowledged, for a while.
    async fn stragglers(&self, last: &Reading) {
        let deadline = Instant::now() + STRAGGLERS;
        let mut seen = last.deliveries;
        while Instant::now() < deadline {
            tokio::time::sleep(STRAGGLERS / 10).await;
            let now = self.tally.deliveries();
            if now == seen {
                return;
            }
            seen = now;
        }
    }

    /// Resident bytes per connection.
    pub(crate) fn bytes(&self) -> Result<Bytes, Failure> {
        let count = self.people.count as f64;
        let busy = Memory::of_all(pids(&self.target))?;
        let each = |now: Memory| rounded((now.resident as f64 - self.before.resident as f64) / count, 0);
        Ok(Bytes { idle: each(self.idle), busy: each(busy) })
    }
}

/// The processes of a target of our own.
fn pids(target: &Target) -> impl Iterator<Item = u32> {
    target.nodes.iter().filter_map(|node| node.pid)
}

impl Round {
    /// What was used between two readings; nothing of latencies yet.
    fn between(before: &Reading, after: &Reading) -> Self {
        let used = after.used - before.used;
        let deliveries = after.deliveries - before.deliveries;
        Self {
            frames: Some(per(after.frames - before.frames, deliveries, 3)),
            socket_writes: Some(per(after.writes - before.writes, deliveries, 3)),
            redis_us: after.redis.zip(before.redis).map(|(after, before)| micros(after - before, deliveries)),
            ..Self::of(used, deliveries)
        }
    }

    /// What a process used for so many deliveries.
    pub(crate) fn of(used: Used, deliveries: u64) -> Self {
        Self {
            deliveries,
            cpu_us: micros(used.cpu(), deliveries),
            user_us: micros(used.user, deliveries),
            system_us: micros(used.system, deliveries),
            redis_us: None,
            frames: None,
            socket_writes: None,
            reads: per(used.reads as f64, deliveries, 2),
            writes: per(used.writes as f64, deliveries, 2),
            switches: per(used.switches as f64, deliveries, 2),
            acknowledged: Percentiles::default(),
            received: Percentiles::default(),
            refused: 0,
            unsent: 0,
        }
    }

    /// The round as a line for people.
    pub(crate) fn say(&self, name: &str) {
        let apart = self.redis_us.map(|us| format!(", Redis {us} µs apart")).unwrap_or_default();
        let joined = self.socket_writes.map(|writes| format!(", {writes} socket writes")).unwrap_or_default();
        let Round { deliveries, cpu_us, user_us, system_us, reads, writes, switches, .. } = self;
        let (ack, receipt) = (&self.acknowledged, &self.received);
        say(format!(
            "{name}: {deliveries} deliveries; {cpu_us} µs each (user {user_us}, system {system_us}{apart}){joined}, {reads} read calls, \
             {writes} write calls, {switches} waits; acknowledged p50 {} p99 {} ms, received p50 {} p99 {} ms; refused {}, unsent {}",
            ack.p50_ms, ack.p99_ms, receipt.p50_ms, receipt.p99_ms, self.refused, self.unsent
        ));
    }
}

fn micros(time: Duration, deliveries: u64) -> f64 {
    per(time.as_secs_f64() * 1e6, deliveries, 1)
}

fn per(amount: f64, deliveries: u64, digits: i32) -> f64 {
    rounded(amount / (deliveries.max(1) as f64), digits)
}

/// A load's figure.
#[derive(Serialize)]
pub(crate) struct Measured<'a> {
    /// `alone`, `cluster` or `floor`.
    pub(crate) setup: &'a str,
    /// People connected.
    pub(crate) users: usize,
    /// Messages a second.
    pub(crate) rate: f64,
    /// Resident bytes per connection.
    pub(crate) bytes: Bytes,
    /// Processor time of every round.
    pub(crate) cpu_us_of_rounds: Vec<f64>,
    /// The round in the middle.
    pub(crate) median: &'a Round,
}

/// Reports the rounds under this name.
pub(crate) fn report(name: &str, setup: &str, load: &Load, bytes: Bytes, rounds: &[Round]) {
    let Some(median) = median_by(rounds, |round| round.cpu_us) else { return };
    let cpu_us_of_rounds = rounds.iter().map(|round| round.cpu_us).collect();
    say(format!("{name} {setup}: {} bytes per connection idle, {} busy", bytes.idle, bytes.busy));
    median.say(&format!("{name} {setup}, the round in the middle"));
    figure(name, &Measured { setup, users: load.users, rate: load.rate, bytes, cpu_us_of_rounds, median });
}

/// Measures and reports `name` with these engines.
pub(crate) async fn run(name: &str, engines: Engines, load: Load, souk: &Path) -> Result<(), Failure> {
    let setup = if engines == Engines::Cluster { "cluster" } else { "alone" };
    let session = Session::start(engines, &load, souk).await?;
    let mut rounds = Vec::new();
    for number in 1..=load.rounds {
        let round = session.round(load.plan()).await?;
        round.say(&format!("{name} {setup}, round {number}"));
        rounds.push(round);
    }
    report(name, setup, &load, session.bytes()?, &rounds);
    Ok(())
}
