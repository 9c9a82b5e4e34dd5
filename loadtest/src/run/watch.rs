//! What servers and harness use, once a second beside everything else.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::context::Context;
use crate::measure::metrics;
use crate::measure::process::{Sampler, Usage};
use crate::report::{Sample, Server};
use crate::target::{NodeAddress, Target};

/// How often.
const EVERY: Duration = Duration::from_secs(1);
/// The gauge of open connections.
const CONNECTIONS: &str = "souk_connections";

/// Watches the processes of a run.
pub(crate) struct Watch {
    nodes: Vec<NodeAddress>,
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
        let task = tokio::spawn(look(nodes.clone(), context, Arc::clone(&seen)));
        Self { nodes, seen, task }
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
        self.nodes.iter().map(|node| Usage::of(node.pid?).ok().map(|usage| usage.resident)).sum()
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

async fn look(nodes: Vec<NodeAddress>, context: Arc<Context>, seen: Arc<Mutex<Seen>>) {
    let mut samplers: Vec<_> = nodes.iter().map(|node| node.pid.map(Sampler::new)).collect();
    let mut own = Sampler::new(std::process::id());
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let at = Duration::from_micros(context.recorder.now()).as_secs_f64();
        for (place, node) in nodes.iter().enumerate() {
            // A node that was killed is missing here, which its gap in the plot tells.
            let sample = samplers[place].as_mut().and_then(|sampler| sampler.sample(at).ok());
            let connections = match node.operators {
                Some(operators) => metrics::scrape(operators).await.ok().and_then(|found| found.sum(CONNECTIONS)),
                None => None,
            };
            if sample.is_some() || connections.is_some() {
                let mut sample = sample.unwrap_or(Sample { at, ..Sample::default() });
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
                let whole = connections.map(|connections| connections as u64);
                sample.connections = whole;
                seen.lock().servers[place].push(sample);
            }
        }
        if let Ok(sample) = own.sample(at) {
            seen.lock().harness.push(sample);
        }
    }
}
