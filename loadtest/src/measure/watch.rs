//! What servers and harness use, once a second beside everything else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use souk_testkit::metrics;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::process::{Sampler, Usage};
use crate::context::Context;
use crate::report::{Sample, Server};
use crate::target::{NodeAddress, Target};

/// How often.
const EVERY: Duration = Duration::from_secs(1);
/// Watches the processes of a run.
pub(crate) struct Watch {
    nodes: Vec<NodeAddress>,
    /// The nodes' processes as they are now: a node may have been started again.
    pids: Arc<Mutex<Vec<Option<u32>>>>,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    servers: Vec<Vec<Sample>>,
    harness: Vec<Sample>,
    /// Resident memory of all servers before anybody came, and with everybody there.
    resident: (Option<u64>, Option<u64>),
    harness_resident: (u64, u64),
    connected: u64,
}

/// Memory with everybody there, less before anybody came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident {
    pub(crate) before: Option<u64>,
    pub(crate) full: Option<u64>,
    pub(crate) connections: u64,
}

impl Watch {
    pub(crate) fn new(target: &Target, context: Arc<Context>) -> Self {
        let nodes = target.nodes.clone();
        let seen = Arc::new(Mutex::new(Seen { servers: vec![Vec::new(); nodes.len()], ..Seen::default() }));
        let pids = Arc::new(Mutex::new(nodes.iter().map(|node| node.pid).collect()));
        let task = tokio::spawn(look(nodes.clone(), Arc::clone(&pids), context, Arc::clone(&seen)));
        Self { nodes, pids, seen, task }
    }

    /// Nobody is there yet.
    pub(crate) async fn mark_empty(&self) {
        let mut seen = self.seen.lock();
        seen.resident.0 = self.resident();
        seen.harness_resident.0 = own_resident();
    }

    /// Everybody is there.
    pub(crate) async fn mark_full(&self, connected: i64) {
        let mut seen = self.seen.lock();
        seen.resident.1 = self.resident();
        seen.harness_resident.1 = own_resident();
        seen.connected = u64::try_from(connected).unwrap_or(0);
    }

    fn resident(&self) -> Option<u64> {
        self.pids.lock().iter().map(|pid| Usage::of((*pid)?).ok().map(|usage| usage.resident)).sum()
    }

    /// This node is another process now.
    pub(crate) fn restarted(&self, node: usize, pid: u32) {
        self.pids.lock()[node] = Some(pid);
    }

    /// Nothing more is watched.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }

    pub(crate) fn harness(&self) -> Vec<Sample> {
        self.seen.lock().harness.clone()
    }

    pub(crate) fn harness_resident(&self) -> (u64, u64) {
        self.seen.lock().harness_resident
    }

    pub(crate) fn memory(&self) -> Resident {
        let seen = self.seen.lock();
        Resident { before: seen.resident.0, full: seen.resident.1, connections: seen.connected }
    }

    /// What the servers used. `zero`: the second in which the load began, on the recorder's clock.
    pub(crate) fn servers(&self, zero: f64) -> Vec<Server> {
        let seen = self.seen.lock();
        let told = |(node, samples): (&NodeAddress, &Vec<Sample>)| Server {
            name: node.name.clone(),
            pid: node.pid,
            samples: shifted(samples, zero),
        };
        self.nodes.iter().zip(&seen.servers).map(told).collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The same samples, counted from `zero`.
pub(crate) fn shifted(samples: &[Sample], zero: f64) -> Vec<Sample> {
    samples.iter().map(|sample| Sample { at: sample.at - zero, ..*sample }).collect()
}

fn own_resident() -> u64 {
    Usage::of(std::process::id()).map(|usage| usage.resident).unwrap_or(0)
}

async fn look(
    nodes: Vec<NodeAddress>,
    pids: Arc<Mutex<Vec<Option<u32>>>>,
    context: Arc<Context>,
    seen: Arc<Mutex<Seen>>,
) {
    let mut samplers: Vec<Option<(u32, Sampler)>> = nodes.iter().map(|_| None).collect();
    let mut own = Sampler::own().ok();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let at = Duration::from_micros(context.recorder.now()).as_secs_f64();
        for (place, node) in nodes.iter().enumerate() {
            let connections = match node.operators {
                Some(operators) => connections(operators).await,
                None => None,
            };
            let pid = pids.lock()[place];
            // A node that was killed is missing here, which its gap in the plot tells.
            let sample = pid.and_then(|pid| sample(&mut samplers[place], pid, at, connections));
            let sample = sample.or_else(|| connections.map(|_| Sample { at, connections, ..Sample::default() }));
            seen.lock().servers[place].extend(sample);
        }
        let sample = own.as_mut().and_then(|own| own.sample(at, None).ok());
        seen.lock().harness.extend(sample);
    }
}

/// Sockets that are open on the node with this operators' address.
async fn connections(operators: SocketAddr) -> Option<u64> {
    let count = metrics::scrape(operators).await.ok()?.sum("souk_connections")?;
    // A gauge of whole numbers far below 2⁵³; what is below 0 is 0.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(count as u64)
}

/// What the process used since the last look at it; nothing at the first one.
fn sample(sampler: &mut Option<(u32, Sampler)>, pid: u32, at: f64, connections: Option<u64>) -> Option<Sample> {
    match sampler {
        Some((known, sampler)) if *known == pid => sampler.sample(at, connections).ok(),
        _ => {
            *sampler = Sampler::start(pid).ok().map(|sampler| (pid, sampler));
            None
        }
    }
}
