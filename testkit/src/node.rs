//! `souk` as a process, on ports and in a folder of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::failure::{Failure, LogEnd};
use crate::http::Ask;
use crate::metrics;
use crate::ports::free_addresses;
use crate::process::{Running, tied, without_settings};
use crate::rest::{Rest, RestError};

/// How long a node may take until it is ready: a first connection to a cold CQL server is slow.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often a node is started on other ports, where its own were taken meanwhile, and what tells that they were.
const START_TRIES: usize = 3;
const PORT_TAKEN: &str = "Address already in use";
/// How often it is asked, and how long it may think about it.
const ASKED_EVERY: Duration = Duration::from_millis(50);
const ASKED_FOR: Duration = Duration::from_secs(2);
/// How long its figures may take.
const SCRAPED_WITHIN: Duration = Duration::from_secs(10);

/// What a node is started with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program `souk`.
    pub program: PathBuf,
    /// What the node is called in errors, and its log and data folder in `folder`.
    pub name: String,
    /// The folder for log and data. The shell's settings do not reach the node, nor does a `souk.toml` of another folder.
    pub folder: PathBuf,
    /// Its settings, as environment variables; later ones win. Those for its two addresses are set here.
    pub settings: Vec<(String, String)>,
}

/// A running node, or one that has ended. Killed when dropped.
#[derive(Debug)]
pub struct Node {
    plan: Plan,
    running: Running,
    /// Where clients connect. The same after a restart.
    pub clients: SocketAddr,
    /// Where operators connect.
    pub operators: SocketAddr,
}

impl Node {
    /// Starts a node and waits until it is ready. A port is free when it is chosen; where another program is faster than the node,
    /// it is tried again.
    pub async fn start(plan: Plan) -> Result<Self, Failure> {
        for _ in 1..START_TRIES {
            let mut node = Self::launch(plan.clone())?;
            match node.ready().await {
                Err(Failure::NotReady { log, .. }) if log.tells(PORT_TAKEN) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(node),
            }
            // What this try said is no longer of interest.
            let _ = std::fs::remove_file(node.log_file());
        }
        let mut node = Self::launch(plan)?;
        node.ready().await.map(|()| node)
    }

    /// Starts a node and does not wait for it.
    pub fn launch(plan: Plan) -> Result<Self, Failure> {
        let addresses = free_addresses(2).map_err(Failure::system("looking for free ports"))?;
        let (clients, operators) = (addresses[0], addresses[1]);
        let running = run(&plan, clients, operators)?;
        Ok(Self { plan, running, clients, operators })
    }

    /// Starts it again, on the same ports and data, and waits until it is ready. One that still runs is killed first.
    pub async fn restart(&mut self) -> Result<(), Failure> {
        if self.ended().is_none() {
            self.kill()?;
        }
        self.running = run(&self.plan, self.clients, self.operators)?;
        self.ready().await
    }

    /// Waits until it is ready. Errors: it ended, or is not ready in time.
    pub async fn ready(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut rest = Rest::new(self.operators).within(ASKED_FOR);
        let why = loop {
            if let Some(status) = self.ended() {
                break format!("it ended ({status})");
            }
            if Instant::now() > deadline {
                break format!("it was not ready within {READY_WITHIN:?}");
            }
            if rest.wanted(&Ask::new("GET", "/readyz"), &[200]).await.is_ok() {
                return Ok(());
            }
            sleep(ASKED_EVERY).await;
        };
        Err(Failure::NotReady { name: self.plan.name.clone(), why, log: self.log_end() })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Its process, the last one that was started.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// The sum of a metric's samples; 0 where there is none.
    pub async fn metric(&self, name: &str) -> Result<f64, RestError> {
        Ok(metrics::scrape_within(self.operators, SCRAPED_WITHIN).await?.sum(name).unwrap_or(0.0))
    }

    /// Ends it as a crash would, at once (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.running.kill()
    }

    /// Sends it a signal: `TERM` tells it to leave. It drains, which takes a while: see [`gone`](Self::gone).
    pub fn signal(&mut self, name: &str) -> Result<(), Failure> {
        self.running.signal(name)
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.running.ended()
    }

    /// Waits until it has ended, at most so long. `None`: it has not. Cancel-safe.
    pub async fn gone(&mut self, within: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            match self.ended() {
                None if Instant::now() < deadline => sleep(ASKED_EVERY).await,
                ended => return ended,
            }
        }
    }

    /// Its data folder, unless its settings name another.
    pub fn data_dir(&self) -> PathBuf {
        self.plan.folder.join(&self.plan.name)
    }

    /// Everything it printed and logged, over all starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The end of it.
    pub fn log_end(&self) -> LogEnd {
        LogEnd::of_file(&self.log_file())
    }

    fn log_file(&self) -> PathBuf {
        log_file(&self.plan)
    }
}

fn log_file(plan: &Plan) -> PathBuf {
    plan.folder.join(format!("{}.log", plan.name))
}

fn run(plan: &Plan, clients: SocketAddr, operators: SocketAddr) -> Result<Running, Failure> {
    let mut command = tied(&plan.program);
    without_settings(&mut command);
    command.current_dir(&plan.folder).env("SOUK_NODE_DATA_DIR", plan.folder.join(&plan.name));
    command.envs(plan.settings.iter().map(|(key, value)| (key, value)));
    command.env("SOUK_NODE_LISTEN", clients.to_string()).env("SOUK_NODE_OPERATOR_LISTEN", operators.to_string());
    Running::start(command, &plan.name, &log_file(plan))
}
