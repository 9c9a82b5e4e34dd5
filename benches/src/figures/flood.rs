//! How long it takes to sign in while somebody floods the node with connections, from an address of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use souk_loadtest::Series;
use souk_loadtest::scenario::Engines;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::node;
use crate::people::{PATH, People};
use crate::process::Used;
use crate::report::{Percentiles, figure, rounded, say};
use crate::socket::Socket;

/// Where the flood comes from.
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
/// Where everybody else comes from.
const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);
/// People who sign in, one after another.
const PEOPLE: usize = 100;
/// The flood's connections are opened in steps of this.
const STEP: Duration = Duration::from_millis(5);
/// Connections of the flood that are not yet cut; with more of them a step is left out and told.
const OPEN_AT_ONCE: usize = 1_000;

/// What to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Connections of the flood, a second.
    #[arg(long, default_value_t = 3_500)]
    pub(crate) rate: u32,
    /// The flood asks for an upgrade as it should be, without a token, instead of for the path alone.
    #[arg(long)]
    pub(crate) upgrade: bool,
    /// People who sign in, a second.
    #[arg(long, default_value_t = 50)]
    pub(crate) sign_ins: u32,
    /// Seconds without and seconds with the flood; at most 60.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,
}

/// What was found in one stretch of time.
#[derive(Clone, Debug, Serialize)]
struct Stretch {
    flooded: bool,
    upgrade: bool,
    /// Connections of the flood, a second.
    flood_per_second: f64,
    /// Who was let in; `count` are those.
    #[serde(flatten)]
    signed_in: Percentiles,
    /// Who was refused, cut off, or not answered within 30 s.
    failed: u64,
    /// Processor time of the node, of each second.
    node_cpu: f64,
}

/// Measures and reports.
pub(crate) async fn run(options: Options, souk: &Path) -> Result<(), Failure> {
    let node = node::start(souk, Engines::Alone, &[]).await?;
    let (target, pid) = (node.target(), node.pid(0));
    let clients = target.nodes[0].clients;
    let people = People::new(&target, PEOPLE);
    for flooded in [false, true] {
        let flood = flooded.then(|| Flood::start(clients, options)).transpose()?;
        let (began, used) = (Instant::now(), Used::of(pid)?);
        let (signed_in, failed) = sign_in(clients, &people, options).await;
        let took = began.elapsed().as_secs_f64();
        let used = Used::of(pid)? - used;
        let connections = flood.map_or(0, Flood::stop);
        let stretch = Stretch {
            flooded,
            upgrade: options.upgrade,
            flood_per_second: rounded(connections as f64 / took, 0),
            signed_in: Percentiles::of(&signed_in),
            failed,
            node_cpu: rounded(used.cpu().as_secs_f64() / took, 3),
        };
        let Percentiles { count, p50_ms, p99_ms, max_ms } = stretch.signed_in;
        say(format!(
            "{}: {count} signed in, p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, longest {max_ms:.1} ms; {failed} failed; the node used {:.2} \
             of a processor",
            match flooded {
                true => format!("under {} connections a second", stretch.flood_per_second),
                false => "without a flood".into(),
            },
            stretch.node_cpu,
        ));
        figure("flood", &stretch);
    }
    Ok(())
}

/// People sign in at their rate, whatever becomes of those before them.
async fn sign_in(server: SocketAddr, people: &People, options: Options) -> (Series, u64) {
    let (latencies, mut tasks) = (Arc::new(Mutex::new(Series::default())), JoinSet::new());
    let failed = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let each = Duration::from_secs(1) / options.sign_ins.max(1);
    for number in 0..u32::try_from(options.seconds).unwrap_or(u32::MAX).saturating_mul(options.sign_ins) {
        let due = began + each * number;
        tokio::time::sleep_until(due.into()).await;
        let (latencies, failed) = (Arc::clone(&latencies), Arc::clone(&failed));
        let token = people.person(number as usize % PEOPLE).token;
        tasks.spawn(async move {
            match Socket::open(server, HONEST, PATH, &token).await {
                // From the moment that was meant: who is late in asking is late.
                Ok(_) => latencies.lock().add(due.elapsed()),
                Err(_) => drop(failed.fetch_add(1, Ordering::Relaxed)),
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let latencies = latencies.lock().clone();
    (latencies, failed.load(Ordering::Relaxed))
}

/// A flood on a thread of its own; it ends when stopped or dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    connections: Arc<AtomicU64>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Flood {
    fn start(server: SocketAddr, options: Options) -> Result<Self, Failure> {
        let (stop, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Failure::io("starting the flood"))?;
        let (told, counted) = (Arc::clone(&stop), Arc::clone(&connections));
        let thread = thread::spawn(move || runtime.block_on(flood(server, options, &told, &counted)));
        Ok(Self { stop, connections, thread: Some(thread) })
    }

    /// Ends it; how many connections it made.
    fn stop(self) -> u64 {
        let connections = Arc::clone(&self.connections);
        drop(self);
        connections.load(Ordering::Relaxed)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // A flood that panicked is over, too.
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

async fn flood(server: SocketAddr, options: Options, stop: &AtomicBool, connections: &Arc<AtomicU64>) {
    let head = match options.upgrade {
        true => format!(
            "GET {PATH} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ),
        false => format!("GET {PATH} HTTP/1.1\r\nHost: {server}\r\n\r\n"),
    };
    let head: Arc<str> = head.into();
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    let mut asked = 0;
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(STEP).await;
        while tasks.try_join_next().is_some() {}
        let due = began.elapsed().as_millis() * u128::from(options.rate) / 1_000;
        for _ in asked..due {
            if tasks.len() >= OPEN_AT_ONCE {
                break;
            }
            let (head, connections) = (Arc::clone(&head), Arc::clone(connections));
            tasks.spawn(async move {
                if connect_and_reset(server, &head).await.is_ok() {
                    connections.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        asked = due;
    }
}

/// Connects, asks, and cuts the connection without waiting for an answer.
async fn connect_and_reset(server: SocketAddr, head: &str) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(ATTACKER.into(), 0))?;
    let mut stream = socket.connect(server).await?;
    stream.write_all(head.as_bytes()).await?;
    // Long enough that the node reads what was asked.
    tokio::time::sleep(STEP).await;
    stream.set_zero_linger()
}
