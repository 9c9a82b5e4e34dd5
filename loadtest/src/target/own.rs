//! Nodes of our own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use hyper::StatusCode;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::process::{Running, free_addresses, tied, without_settings};
use super::rest::Rest;
use super::{
    Carriers, LogEnd, NodeAddress, OrderMaking, Servers, Target, TargetError, Tell, command, find_souk, made_up_secret,
};
use crate::scenario::Nodes;

/// How long a node may take until it is ready: a first connection to a cold CQL server is slow.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often nodes are started on other ports, where theirs were taken meanwhile, and what tells that they were.
const START_TRIES: usize = 3;
const PORT_TAKEN: &str = "Address already in use";
/// How often it is asked, and how long it may think about it.
const ASKED_EVERY: Duration = Duration::from_millis(50);
const ASKED_FOR: Duration = Duration::from_secs(2);

/// Running nodes of our own. They are killed, and their data is deleted, when this is dropped. Nodes are numbered from 0; a number
/// that is none panics.
#[derive(Debug)]
pub struct OwnNodes {
    // In this order they are dropped: nodes before their data, and before their servers.
    nodes: Vec<OwnNode>,
    setup: Setup,
    #[expect(dead_code, reason = "held: the folder is deleted with it")]
    folder: TempDir,
    servers: Arc<Servers>,
}

#[derive(Debug)]
struct OwnNode {
    running: Running,
    address: NodeAddress,
    /// How often it was started.
    starts: usize,
}

/// What all nodes of a run have in common.
#[derive(Debug)]
struct Setup {
    program: PathBuf,
    folder: PathBuf,
    /// Different in every run: nodes of several may share servers.
    tag: String,
    secret: String,
    settings: Vec<(String, String)>,
}

impl OwnNodes {
    /// Starts what `plan` says on `servers`, with this `souk` (see [`find_souk`]), and waits until all are ready. On nothing but
    /// itself a node is the only one, whatever the plan says.
    pub async fn start(
        plan: &Nodes,
        servers: Arc<Servers>,
        souk: Option<&Path>,
        tell: Tell<'_>,
    ) -> Result<Self, TargetError> {
        let program = find_souk(souk, tell).await?;
        let folder = tempfile::Builder::new().prefix("souk-loadtest-").tempdir();
        let folder = folder.map_err(TargetError::io("making a folder for the nodes"))?;
        let of_plan = plan.settings.iter().map(|(key, value)| (variable(key), value.clone()));
        let of_servers = servers.settings().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let setup = Setup {
            program,
            folder: folder.path().to_owned(),
            tag: format!("{:08x}", rand::random::<u32>()),
            secret: made_up_secret(),
            settings: of_servers.chain(of_plan).collect(),
        };
        if !servers.is_alone() {
            tell("making the tables, if they are not there: souk migrate");
            let mut migrate = setup.command(&[]);
            migrate.arg("migrate");
            command::run(migrate, "souk migrate").await?;
            // Runs share a keyspace, and each signs its tokens with a key of its own.
            let mut accept = setup.command(&[]);
            accept.args(["secrets", "accept"]);
            command::run(accept, "souk secrets accept").await?;
        }
        let count = if servers.is_alone() { 1 } else { plan.count.max(1) };
        for _ in 1..START_TRIES {
            match setup.start(count).await {
                // A port is free when it is chosen; another program may be faster than the node.
                Err(TargetError::NotReady { log, .. }) if log.tells(PORT_TAKEN) => {}
                Err(error) => return Err(error),
                Ok(nodes) => return Ok(Self { nodes, setup, folder, servers }),
            }
        }
        let nodes = setup.start(count).await?;
        Ok(Self { nodes, setup, folder, servers })
    }

    /// The target that they are, as they run now.
    pub fn target(&self) -> Target {
        let nodes = self.nodes.iter().map(|node| NodeAddress { pid: Some(node.running.pid()), ..node.address.clone() });
        Target {
            nodes: nodes.collect(),
            secret: self.setup.secret.clone(),
            carriers: Carriers::BOTH,
            history: true,
            orders: OrderMaking::Rest,
            engines: self.servers.name().to_owned(),
            redis: self.servers.redis().map(str::to_owned),
        }
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The process of this node, the last one that was started.
    pub fn pid(&self, number: usize) -> u32 {
        self.nodes[number].running.pid()
    }

    /// Ends this node as a crash would, at once (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self, number: usize) -> Result<(), TargetError> {
        self.nodes[number].running.kill()
    }

    /// Tells this node to leave (SIGTERM). It drains, which takes a while: see [`gone`](Self::gone).
    pub fn drain(&mut self, number: usize) -> Result<(), TargetError> {
        self.nodes[number].running.terminate()
    }

    /// Waits until this node has ended, at most so long. Says whether it has. Cancel-safe.
    pub async fn gone(&mut self, number: usize, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while self.nodes[number].running.ended().is_none() {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(ASKED_EVERY).await;
        }
        true
    }

    /// If this node has ended: how, and the last it said. That nobody ended it is the caller's to know.
    pub fn has_ended(&mut self, number: usize) -> Option<String> {
        let node = &mut self.nodes[number];
        let status = node.running.ended()?;
        Some(format!("{} ended ({status}){}", node.address.name, LogEnd::of_file(&self.setup.log(&node.address))))
    }

    /// Starts this node again, on the same ports and data, and waits until it is ready. One that still runs is killed first.
    pub async fn restart(&mut self, number: usize) -> Result<(), TargetError> {
        let node = &mut self.nodes[number];
        if node.running.ended().is_none() {
            node.running.kill()?;
        }
        node.starts += 1;
        node.running = self.setup.run(&node.address, node.starts)?;
        node.get_ready(&self.setup).await
    }
}

impl Setup {
    /// So many nodes, all ready, on ports that were free a moment ago.
    async fn start(&self, count: usize) -> Result<Vec<OwnNode>, TargetError> {
        let addresses = free_addresses(2 * count)?;
        let nodes = addresses.chunks_exact(2).enumerate().map(|(number, pair)| {
            let name = format!("node-{}", number + 1);
            let address = NodeAddress { name, clients: pair[0], operators: Some(pair[1]), pid: None };
            // What a try before this one said is no longer of interest; there mostly was none.
            let _ = std::fs::remove_file(self.log(&address));
            let running = self.run(&address, 1)?;
            Ok(OwnNode { running, address, starts: 1 })
        });
        let mut nodes = nodes.collect::<Result<Vec<_>, TargetError>>()?;
        try_join_all(nodes.iter_mut().map(|node| node.get_ready(self))).await?;
        Ok(nodes)
    }

    fn command(&self, more: &[(&str, String)]) -> Command {
        let mut command = tied(&self.program);
        without_settings(&mut command);
        // The plan's settings win, what makes the nodes ours wins over them.
        command.current_dir(&self.folder).env("SOUK_LOG_FILTER", "warn");
        command.envs(self.settings.iter().map(|(key, value)| (key, value)));
        command.env("SOUK_AUTH_SECRET", &self.secret).envs(more.iter().map(|(key, value)| (*key, value)));
        command
    }

    fn run(&self, node: &NodeAddress, start: usize) -> Result<Running, TargetError> {
        let operators = node.operators.expect("a node of ours has both addresses");
        let command = self.command(&[
            ("SOUK_NODE_LISTEN", node.clients.to_string()),
            ("SOUK_NODE_OPERATOR_LISTEN", operators.to_string()),
            // Another one at each start, as by default: what the old one left behind is another node's.
            ("SOUK_NODE_ID", format!("loadtest-{}-{}-{start}", self.tag, node.name)),
            ("SOUK_NODE_DATA_DIR", self.folder.join(&node.name).display().to_string()),
        ]);
        Running::start(command, &node.name, &self.log(node))
    }

    fn log(&self, node: &NodeAddress) -> PathBuf {
        self.folder.join(format!("{}.log", node.name))
    }
}

impl OwnNode {
    async fn get_ready(&mut self, setup: &Setup) -> Result<(), TargetError> {
        let deadline = Instant::now() + READY_WITHIN;
        let operators = self.address.operators.expect("a node of ours has both addresses");
        let mut rest = Rest::new(operators);
        loop {
            let why = match self.running.ended() {
                Some(status) => format!("it ended ({status})"),
                None if Instant::now() > deadline => format!("it was not ready within {READY_WITHIN:?}"),
                None => match timeout(ASKED_FOR, rest.get("/readyz", None)).await {
                    Ok(Ok((StatusCode::OK, _))) => return Ok(()),
                    _ => {
                        sleep(ASKED_EVERY).await;
                        continue;
                    }
                },
            };
            let log = LogEnd::of_file(&setup.log(&self.address));
            return Err(TargetError::NotReady { name: self.running.name().to_owned(), why, log });
        }
    }
}

/// The environment variable of a setting: `limits.messages` is `SOUK_LIMITS_MESSAGES`.
fn variable(key: &str) -> String {
    format!("SOUK_{}", key.replace('.', "_").to_uppercase())
}

#[cfg(test)]
mod tests {
    #[test]
    fn settings_become_variables() {
        assert_eq!(super::variable("limits.handshakes_per_second"), "SOUK_LIMITS_HANDSHAKES_PER_SECOND");
    }
}
