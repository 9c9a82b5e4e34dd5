//! The process that leads a run and reports.

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::wire::{Lines, Sabotage, Task, ToFollower, ToLeader};
use crate::proxy::sabotage::SabotageKind;
use crate::run::Together;
use crate::run::part::RunPart;
use crate::run::people::Share;
use crate::scenario::Scenario;
use crate::target::{OrderMaking, Target};

/// How long followers may take to join.
const JOIN_WITHIN: Duration = Duration::from_secs(120);
/// How long a follower may take, beside what the scenario says, to say what it found: histories are read back.
const PART_WITHIN: Duration = Duration::from_secs(300);

/// Why a run has not all its processes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeadError {
    /// No place to listen.
    #[error("listening for other processes on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Another process of this program does not start.
    #[error("starting another process of the run: {0}")]
    Start(io::Error),
    /// Not everybody joined.
    #[error(
        "{missing} processes did not join within {JOIN_WITHIN:?}: start them with `souk-loadtest run --join {address}`"
    )]
    Missing {
        /// How many.
        missing: usize,
        /// Where they were to join.
        address: SocketAddr,
    },
    /// One went away.
    #[error("process {process} of the run went away: {why}")]
    Gone {
        /// Which.
        process: usize,
        /// What it said, or the system.
        why: String,
    },
}

/// The others of a run.
pub(crate) struct Leader {
    listener: TcpListener,
    address: SocketAddr,
    followers: Vec<Lines>,
    children: Vec<Child>,
    of: usize,
    broken: Option<LeadError>,
}

impl Leader {
    /// Listens for `of - 1` others.
    pub(crate) async fn listen(address: SocketAddr, of: usize) -> Result<Self, LeadError> {
        let listen = |source| LeadError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, address, followers: Vec::new(), children: Vec::new(), of, broken: None })
    }

    /// Where others join.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the others on this machine. They end with this process: their connection does. Ctrl-C in a terminal does not reach
    /// them: they are told to stop, and say what they found.
    pub(crate) fn start_others(&mut self) -> Result<(), LeadError> {
        let me = std::env::current_exe().map_err(LeadError::Start)?;
        for _ in 1..self.of {
            let mut command = Command::new(&me);
            command.args(["run", "--quiet", "--join"]).arg(self.address.to_string());
            command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).kill_on_drop(true);
            self.children.push(command.spawn().map_err(LeadError::Start)?);
        }
        Ok(())
    }

    /// Waits for the others and tells them what to do.
    pub(crate) async fn gather(
        &mut self,
        scenario: &Scenario,
        target: &Target,
        tag: &str,
        sabotage: Option<(SabotageKind, u32)>,
    ) -> Result<(), LeadError> {
        for process in 1..self.of {
            let missing = LeadError::Missing { missing: self.of - process, address: self.address };
            let Ok(accepted) = timeout(JOIN_WITHIN, self.listener.accept()).await else { return Err(missing) };
            let gone = |error: io::Error| LeadError::Gone { process, why: error.to_string() };
            let (stream, _) = accepted.map_err(gone)?;
            let mut lines = Lines::new(stream);
            let task = task(scenario, target, tag, Share { process, of: self.of }, sabotage);
            lines.say(&ToFollower::Task(Box::new(task))).await.map_err(gone)?;
            self.followers.push(lines);
        }
        Ok(())
    }

    /// Tells the others to end early.
    pub(crate) async fn stop(&mut self) {
        for follower in &mut self.followers {
            // One that is gone is noticed when its part is missing.
            let _ = follower.say(&ToFollower::Stop).await;
        }
    }

    /// Adds what the others found.
    pub(crate) async fn collect(&mut self, part: &mut RunPart) -> Result<(), LeadError> {
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        for (place, follower) in self.followers.iter_mut().enumerate() {
            let process = place + 1;
            let gone = |why: String| LeadError::Gone { process, why };
            let heard = timeout(PART_WITHIN, follower.hear()).await;
            match heard
                .map_err(|_| gone(format!("no word within {PART_WITHIN:?}")))?
                .map_err(|error| gone(error.to_string()))?
            {
                ToLeader::Part(theirs) => part.merge(*theirs),
                ToLeader::Failed(why) => return Err(gone(why)),
                ToLeader::Connected => return Err(gone("it says that it is connected, again".to_owned())),
            }
        }
        for child in &mut self.children {
            // They have said everything; what is left is leaving.
            let _ = timeout(Duration::from_secs(5), child.wait()).await;
        }
        Ok(())
    }
}

impl Together for Leader {
    async fn connected(&mut self) {
        for (place, follower) in self.followers.iter_mut().enumerate() {
            let why = match follower.hear().await {
                Ok(ToLeader::Connected) => continue,
                Ok(ToLeader::Failed(why)) => why,
                Ok(ToLeader::Part(_)) => "it ended early".to_owned(),
                Err(error) => error.to_string(),
            };
            self.broken = Some(LeadError::Gone { process: place + 1, why });
        }
        for follower in &mut self.followers {
            // One that is gone is noticed when its part is missing.
            let _ = follower.say(&ToFollower::Go).await;
        }
    }
}

fn task(scenario: &Scenario, target: &Target, tag: &str, share: Share, sabotage: Option<(SabotageKind, u32)>) -> Task {
    Task {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        knobs: scenario.knobs().into_iter().collect(),
        nodes: target.nodes.iter().map(|node| (node.name.clone(), node.clients)).collect(),
        secret: target.secret.clone(),
        plain: target.carriers.plain,
        socketio: target.carriers.socketio,
        history: target.history,
        makes_orders: target.orders == OrderMaking::Rest,
        engines: target.engines.clone(),
        process: share.process,
        of: share.of,
        tag: tag.to_owned(),
        sabotage: sabotage.map(|(kind, every)| (Sabotage(kind), every)),
    }
}
