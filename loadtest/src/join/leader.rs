//! The process that leads a run and reports.

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::wire::{From, Sabotage, Task, To, ToFollower, ToLeader, ends, hear, say};
use crate::crowd::people::Share;
use crate::run::Barrier;
use crate::run::part::RunPart;
use crate::sabotage::SabotageKind;
use crate::scenario::Scenario;
use crate::target::{OrderMaking, Target};

/// How long followers may take to join.
const JOIN_WITHIN: Duration = Duration::from_secs(120);
/// How long a follower may take to be as far as this process, beside the time for connecting.
const MEET_WITHIN: Duration = Duration::from_secs(120);
/// How long a follower may take to leave when it has said everything.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
/// Words of a follower that wait to be heard.
const WORDS: usize = 4;
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
    followers: Vec<Follower>,
    children: Vec<Child>,
    of: usize,
    /// How long others may take to be as far as this process.
    patience: Duration,
    /// Orders that each process has, about.
    orders_each: u64,
    /// The first that went away.
    broken: Option<LeadError>,
}

/// One of them. A task reads what it says, so that waiting for it can be given up without losing a word.
struct Follower {
    process: usize,
    to: To,
    said: mpsc::Receiver<std::io::Result<ToLeader>>,
    reading: JoinHandle<()>,
}

impl Follower {
    fn new(process: usize, mut from: From, to: To) -> Self {
        let (say, said) = mpsc::channel(WORDS);
        let reading = tokio::spawn(async move {
            loop {
                let word = hear(&mut from).await;
                let last = word.is_err();
                if say.send(word).await.is_err() || last {
                    return;
                }
            }
        });
        Self { process, to, said, reading }
    }

    fn gone(&self, why: impl Into<String>) -> LeadError {
        LeadError::Gone { process: self.process, why: why.into() }
    }

    /// The next word. Cancel-safe.
    async fn next(&mut self, within: Duration) -> Result<ToLeader, LeadError> {
        match timeout(within, self.said.recv()).await {
            Ok(Some(Ok(word))) => Ok(word),
            Ok(Some(Err(error))) => Err(self.gone(error.to_string())),
            Ok(None) => Err(self.gone("it said nothing more")),
            Err(_) => Err(self.gone(format!("no word within {within:?}"))),
        }
    }

    /// Waits until it is as far as this process.
    async fn here(&mut self, within: Duration) -> Result<(), LeadError> {
        match self.next(within).await? {
            ToLeader::Here => Ok(()),
            ToLeader::Failed(why) => Err(self.gone(why)),
            ToLeader::Part(_) => Err(self.gone("it ended early")),
        }
    }

    /// What it found; what it said before is passed over.
    async fn part(&mut self) -> Result<RunPart, LeadError> {
        loop {
            match self.next(PART_WITHIN).await? {
                ToLeader::Part(part) => return Ok(*part),
                ToLeader::Failed(why) => return Err(self.gone(why)),
                ToLeader::Here => {}
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Leader {
    /// Listens for `of - 1` others.
    pub(crate) async fn listen(address: SocketAddr, of: usize) -> Result<Self, LeadError> {
        let listen = |source| LeadError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (followers, children) = (Vec::new(), Vec::new());
        Ok(Self { listener, address, followers, children, of, patience: MEET_WITHIN, orders_each: 1, broken: None })
    }

    /// Where others join.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the others on this machine. They end with this process: their connection does. Ctrl-C in a terminal is for this
    /// process alone, which tells them.
    pub(crate) fn start_others(&mut self) -> Result<(), LeadError> {
        let me = std::env::current_exe().map_err(LeadError::Start)?;
        for _ in 1..self.of {
            let mut command = Command::new(&me);
            command.args(["run", "--join"]).arg(self.address.to_string());
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
        self.patience = MEET_WITHIN + scenario.connect.within;
        self.orders_each = u64::try_from(scenario.people.orders.div_ceil(self.of)).unwrap_or(u64::MAX);
        let deadline = Instant::now() + JOIN_WITHIN;
        for process in 1..self.of {
            let missing = || LeadError::Missing { missing: self.of - process, address: self.address };
            let accepted = tokio::select! {
                accepted = timeout_at(deadline, self.listener.accept()) => accepted.map_err(|_| missing())?,
                status = any_ended(&mut self.children) => {
                    return Err(LeadError::Gone { process, why: format!("it ended before it joined ({status})") });
                }
            };
            let gone = |error: io::Error| LeadError::Gone { process, why: error.to_string() };
            let (stream, _) = accepted.map_err(gone)?;
            let (from, mut to) = ends(stream);
            let task = task(scenario, target, tag, Share { process, of: self.of }, sabotage);
            say(&mut to, &ToFollower::Task(Box::new(task))).await.map_err(gone)?;
            self.followers.push(Follower::new(process, from, to));
        }
        Ok(())
    }

    async fn tell(&mut self, word: &ToFollower) {
        for follower in &mut self.followers {
            // One that is gone is noticed when its next word is missing.
            let _ = say(&mut follower.to, word).await;
        }
    }

    /// Tells the others to end early.
    pub(crate) async fn stop(&mut self) {
        self.tell(&ToFollower::Stop).await;
    }

    /// Adds what the others found. Of one that went away the report says so, and has not passed.
    pub(crate) async fn collect(&mut self, part: &mut RunPart) {
        for follower in &mut self.followers {
            match follower.part().await {
                Ok(theirs) => part.merge(theirs),
                Err(error) => {
                    self.broken.get_or_insert(error);
                }
            }
        }
        if let Some(broken) = self.broken.take() {
            part.remarks.push(format!("{broken}: its part of the run is missing here"));
            // Nobody asked for an end; what it had to prove is not proved.
            part.interrupted = false;
            part.integrity.unchecked += self.orders_each;
        }
        for child in &mut self.children {
            // They have said everything; what is left is leaving.
            let _ = timeout(LEAVE_WITHIN, child.wait()).await;
        }
    }
}

/// The first of these processes that ends; none: never.
async fn any_ended(children: &mut [Child]) -> String {
    let waits = children.iter_mut().map(|child| Box::pin(child.wait()));
    let waits: Vec<_> = waits.collect();
    if waits.is_empty() {
        return std::future::pending().await;
    }
    match futures_util::future::select_all(waits).await.0 {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

impl Barrier for Leader {
    async fn meet(&mut self) -> bool {
        for follower in &mut self.followers {
            if let Err(error) = follower.here(self.patience).await {
                self.broken.get_or_insert(error);
                return false;
            }
        }
        self.tell(&ToFollower::Go).await;
        true
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
