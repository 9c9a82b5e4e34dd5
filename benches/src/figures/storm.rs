//! A node is killed, and its clients come to the other one.

mod client;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use parking_lot::Mutex;
use serde::Serialize;
use souk_protocol::Request;
use souk_protocol::dto::{Hello, ReconnectPolicy};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::latency::{Latencies, Percentiles};
use crate::load::{self, Plan, Tally, Window};
use crate::node::Node;
use crate::people::{PATH, People, Person, join_order};
use crate::process::Used;
use crate::report::{figure, rounded, say};
use crate::setup::Engines;
use crate::socket::{Socket, source};

use client::{Client, Field, View, missing};

/// Connections opened at the same time at first.
const OPENING_AT_ONCE: usize = 64;
/// How long what was acknowledged may take to reach everybody after the last message.
const SETTLE_WITHIN: Duration = Duration::from_secs(15);
/// How often that is looked at.
const SETTLE_EVERY: Duration = Duration::from_millis(200);

/// What to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Clients of the node that is killed.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Clients of the other node: each the partner of one of those, and the one who talks.
    #[arg(long, default_value_t = 1_000)]
    stayers: usize,
    /// Messages a second, all by stayers.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Seconds of talk before the kill, for comparison.
    #[arg(long, default_value_t = 15)]
    calm: u64,
    /// Seconds of talk after it; who is not back by then is not waited for.
    #[arg(long, default_value_t = 60)]
    watch: u64,
    /// Handshakes a second that nodes let through; without it, as by default.
    #[arg(long)]
    handshakes: Option<u32>,
}

#[derive(Serialize)]
struct Storm {
    connections: usize,
    stayers: usize,
    rate: f64,
    back: usize,
    back_50_s: f64,
    back_90_s: f64,
    back_99_s: f64,
    back_100_s: f64,
    handshakes_tried: u64,
    acknowledged: u64,
    lost: u64,
    doubled: u64,
    refused: u64,
    calm: Percentiles,
    during: Percentiles,
    cpu_us_per_client: f64,
}

/// Measures and reports.
pub(crate) async fn run(options: Options, souk: &Path) -> Result<(), Failure> {
    let folder = tempfile::tempdir().map_err(Failure::io("making a folder"))?;
    let mut engines = Engines::cluster()?;
    if let Some(handshakes) = options.handshakes {
        engines = engines.with("SOUK_LIMITS_HANDSHAKES_PER_SECOND", handshakes);
    }
    engines.migrate(souk)?;
    let mut doomed = Node::start(souk, "figures-doomed", folder.path(), &engines).await?;
    let other = Node::start(souk, "figures-other", folder.path(), &engines).await?;
    let crowd = Crowd::connect(options, doomed.clients, other.clients).await?;
    say(format!("storm: {} clients and {} stayers are connected", options.connections, options.stayers));

    let plan =
        Plan { rate: options.rate, warm: Duration::ZERO, measured: Duration::from_secs(options.calm + options.watch) };
    let window = plan.begin();
    let calm_until = window.from + Duration::from_secs(options.calm);
    crowd.tally.measure(Window { from: window.from, to: calm_until });
    let driver = crowd.driver(plan, window);
    tokio::time::sleep_until(calm_until.into()).await;
    let calm = crowd.tally.acknowledgements();
    let used = Used::of(other.pid())?;

    let killed = Instant::now();
    crowd.tally.measure(Window { from: killed, to: window.to });
    crowd.field.begin(killed);
    doomed.kill()?;
    let everybody = tokio::time::timeout_at(window.to.into(), crowd.field.everybody(options.connections));
    if everybody.await.is_err() {
        say("storm: not everybody came back in time");
    }
    let (during, used) = (crowd.tally.acknowledgements(), Used::of(other.pid())? - used);
    let unsent = driver.await.map_err(|error| Failure::answer("sending", error.to_string()))?;
    if unsent > 0 {
        say(format!("storm: {unsent} messages were not taken by a stayer's socket"));
    }
    let (lost, doubled) = crowd.missing().await;
    if let Some(refusal) = crowd.tally.refusal() {
        say(format!("storm: a send was refused: {refusal}"));
    }
    report(options, &crowd, (calm, during), used, (lost, doubled));
    Ok(())
}

fn report(
    options: Options,
    crowd: &Crowd,
    (calm, during): (Latencies, Latencies),
    used: Used,
    (lost, doubled): (u64, u64),
) {
    let field = crowd.field.state.lock();
    let at = |percent| field.back.at(percent).map_or(f64::NAN, |time| rounded(time.as_secs_f64(), 2));
    let back = field.back.percentiles().count;
    let storm = Storm {
        connections: options.connections,
        stayers: options.stayers,
        rate: options.rate,
        back,
        back_50_s: at(50),
        back_90_s: at(90),
        back_99_s: at(99),
        back_100_s: at(100),
        handshakes_tried: field.tried,
        acknowledged: crowd.sent.iter().map(|view| view.lock().seen.len() as u64).sum(),
        lost,
        doubled,
        refused: crowd.tally.refusals(),
        calm: calm.percentiles(),
        during: during.percentiles(),
        cpu_us_per_client: rounded(used.cpu().as_secs_f64() * 1e6 / back.max(1) as f64, 0),
    };
    say(format!(
        "storm: {} of {} back and caught up; 50 % within {} s, 90 % {} s, 99 % {} s, all {} s; {} messages acknowledged, {} lost, {} \
         doubled, {} refused; the stayers' p99 {} ms before, {} ms during; {} µs of processor time per client that came back",
        storm.back,
        storm.connections,
        storm.back_50_s,
        storm.back_90_s,
        storm.back_99_s,
        storm.back_100_s,
        storm.acknowledged,
        storm.lost,
        storm.doubled,
        storm.refused,
        storm.calm.p99_ms,
        storm.during.p99_ms,
        storm.cpu_us_per_client,
    ));
    figure("storm", &storm);
}

/// Everybody who is connected.
struct Crowd {
    people: People,
    field: Arc<Field>,
    tally: Arc<Tally>,
    /// Of the partners of stayers.
    views: Vec<Arc<Mutex<View>>>,
    /// Of stayers: what was acknowledged to them.
    sent: Vec<Arc<Mutex<View>>>,
    senders: Vec<Arc<tokio::net::TcpStream>>,
    _readers: JoinSet<()>,
}

impl Crowd {
    /// The first pairs have one party at each node: clients of the doomed one, stayers of the other. All other pairs are at the
    /// doomed node.
    async fn connect(options: Options, doomed: SocketAddr, other: SocketAddr) -> Result<Self, Failure> {
        let stayers = options.stayers.min(options.connections);
        let people = People::new(options.connections + stayers);
        people.make_orders(other).await?;
        let stays = |number: usize| number % 2 == 1 && number / 2 < stayers;
        let people = &people;
        let one = |number: usize| async move {
            let person = people.person(number);
            let server = if stays(number) { other } else { doomed };
            let mut socket = Socket::open(server, source(number), PATH, &person.token)
                .await
                .map_err(|error| Failure::answer(format!("connecting to {server}"), error.to_string()))?;
            let mut view = View::default();
            let joined = join_order(&mut socket, &person.order, None, |text| view.take(text)).await;
            joined.map_err(Failure::io("joining an order"))?;
            Ok((number, person, socket, view))
        };
        let mut connected: Vec<(usize, Person, Socket, View)> =
            stream::iter((0..people.count).map(one)).buffered(OPENING_AT_ONCE).try_collect().await?;
        let (_, _, socket, _) = connected.first_mut().ok_or_else(|| Failure::Node("nobody connects".into()))?;
        let policy = policy(socket).await?;
        let field = Arc::new(Field { state: Mutex::default(), changed: Notify::new(), other, policy });
        let mut crowd = Self {
            people: people.clone(),
            field,
            tally: Arc::default(),
            views: Vec::new(),
            sent: Vec::new(),
            senders: Vec::new(),
            _readers: JoinSet::new(),
        };
        for (number, person, socket, view) in connected {
            crowd.keep(number, person, socket, view, stays(number), stayers);
        }
        Ok(crowd)
    }

    fn keep(&mut self, number: usize, person: Person, mut socket: Socket, view: View, stays: bool, stayers: usize) {
        let view = Arc::new(Mutex::new(if stays { View::default() } else { view }));
        if stays {
            self.sent.push(Arc::clone(&view));
            self.senders.push(socket.stream());
            let tally = Arc::clone(&self.tally);
            self._readers.spawn(async move {
                let take = |text: &[u8]| {
                    tally.take(text);
                    view.lock().take_acknowledgement(text);
                };
                while socket.read(take).await.is_ok() {}
            });
            return;
        }
        if number / 2 < stayers {
            self.views.push(Arc::clone(&view));
        }
        let client = Client { number, person, view, field: Arc::clone(&self.field) };
        self._readers.spawn(client.live(socket));
    }

    fn driver(&self, plan: Plan, window: Window) -> tokio::task::JoinHandle<u64> {
        let (senders, tally, people) = (self.senders.clone(), Arc::clone(&self.tally), self.people.clone());
        tokio::task::spawn_blocking(move || {
            let orders: Vec<_> = (0..senders.len()).map(|pair| people.order_id(pair)).collect();
            let frame = |sender: usize, stamp, number| load::message(&orders[sender], stamp, number);
            load::drive(&senders, plan, window, &tally, frame)
        })
    }

    /// How many acknowledged messages the partners do not have, once that stays so, and how many came twice.
    async fn missing(&self) -> (u64, u64) {
        let deadline = Instant::now() + SETTLE_WITHIN;
        loop {
            tokio::time::sleep(SETTLE_EVERY).await;
            let missing =
                self.sent.iter().zip(&self.views).map(|(sent, view)| missing(&sent.lock(), &view.lock())).sum();
            if missing == 0 || Instant::now() > deadline {
                return (missing, self.views.iter().map(|view| view.lock().doubled).sum());
            }
        }
    }
}

/// The policy that a node tells its clients.
async fn policy(socket: &mut Socket) -> Result<ReconnectPolicy, Failure> {
    #[derive(serde::Deserialize)]
    struct Greeting {
        data: Hello,
    }
    let answer = socket.ask(2, &Request::JoinApp, |_| {}).await.map_err(Failure::io("asking for the policy"))?;
    let greeting: Greeting =
        serde_json::from_slice(&answer).map_err(|error| Failure::answer("asking for the policy", error.to_string()))?;
    Ok(greeting.data.reconnect)
}
