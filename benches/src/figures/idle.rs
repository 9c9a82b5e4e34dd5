//! What a connection costs that only waits.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use souk_loadtest::scenario::Engines;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::node;
use crate::people::People;
use crate::process::{Memory, Used};
use crate::report::{figure, rounded, say};
use crate::socket::Socket;

/// How long the idle node is watched before anybody connects, for what it uses by itself.
const ALONE_FOR: Duration = Duration::from_secs(5);

/// What to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Connections, each of another person, two to an order.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) connections: usize,
    /// Sign in, but join no order.
    #[arg(long)]
    pub(crate) no_join: bool,
    /// Seconds before memory is read, so that the allocator gives back what connecting left.
    #[arg(long, default_value_t = 15)]
    pub(crate) settle: u64,
    /// Seconds for which processor time is counted: two heartbeats.
    #[arg(long, default_value_t = 50)]
    pub(crate) seconds: u64,
}

#[derive(Serialize)]
struct Idle {
    connections: usize,
    rooms_per_connection: usize,
    resident_bytes: f64,
    anonymous_bytes: f64,
    resident_bytes_after_heartbeats: f64,
    cpu_us_per_second: f64,
    node_alone_cpu_ms_per_second: f64,
    lost: usize,
}

/// Measures and reports.
pub(crate) async fn run(options: Options, souk: &Path) -> Result<(), Failure> {
    let node = node::start(souk, Engines::Alone, &node::OPEN).await?;
    let (target, pid) = (node.target(), node.pid(0));
    let people = People::new(&target, options.connections);
    people.make_orders(&target).await?;
    tokio::time::sleep(ALONE_FOR).await;
    let (before, used) = (Memory::of(pid)?, Used::of(pid)?);
    tokio::time::sleep(ALONE_FOR).await;
    let by_itself = Used::of(pid)? - used;

    let sockets = people.connect(|_| target.nodes[0].clients, !options.no_join).await?;
    let (lost, readers) = keep(sockets);
    tokio::time::sleep(Duration::from_secs(options.settle)).await;
    let idle = Memory::of(pid)?;
    let used = Used::of(pid)?;
    let watched = Duration::from_secs(options.seconds);
    tokio::time::sleep(watched).await;
    let used = Used::of(pid)? - used;
    let after = Memory::of(pid)?;
    drop(readers);

    let count = people.count as f64;
    let each = |now: u64, before: u64| rounded((now as f64 - before as f64) / count, 0);
    let measured = Idle {
        connections: people.count,
        rooms_per_connection: if options.no_join { 1 } else { 2 },
        resident_bytes: each(idle.resident, before.resident),
        anonymous_bytes: each(idle.anonymous, before.anonymous),
        resident_bytes_after_heartbeats: each(after.resident, before.resident),
        cpu_us_per_second: rounded(used.cpu().as_secs_f64() * 1e6 / watched.as_secs_f64() / count, 3),
        node_alone_cpu_ms_per_second: rounded(by_itself.cpu().as_secs_f64() * 1e3 / ALONE_FOR.as_secs_f64(), 2),
        lost: lost.lock().len(),
    };
    say(format!(
        "idle: {} connections, {} rooms each: {} bytes resident per connection ({} after heartbeats; anonymous {}); {} µs of \
         processor time per second and connection (the node without connections: {} ms a second); {} lost",
        measured.connections,
        measured.rooms_per_connection,
        measured.resident_bytes,
        measured.resident_bytes_after_heartbeats,
        measured.anonymous_bytes,
        measured.cpu_us_per_second,
        measured.node_alone_cpu_ms_per_second,
        measured.lost,
    ));
    figure("idle", &measured);
    Ok(())
}

/// Keeps connections open and answers their pings. Returns who was lost, by number, and the tasks, which end when dropped.
fn keep(sockets: Vec<Socket>) -> (Arc<Mutex<Vec<usize>>>, JoinSet<()>) {
    let lost = Arc::new(Mutex::new(Vec::new()));
    let mut readers = JoinSet::new();
    for (number, mut socket) in sockets.into_iter().enumerate() {
        let lost = Arc::clone(&lost);
        readers.spawn(async move {
            while socket.read(|_| {}).await.is_ok() {}
            lost.lock().push(number);
        });
    }
    (lost, readers)
}
