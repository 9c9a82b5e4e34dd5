//! Nodes of our own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use souk_testkit::failure::Failure;
use souk_testkit::node::{self, Node};
use souk_testkit::process::{run, tied, without_settings};
use souk_testkit::token::made_up_secret;
use tempfile::TempDir;

use super::{Carriers, NodeAddress, OrderMaking, Servers, Target, TargetError, Tell, find_souk};
use crate::scenario::Nodes;

/// Running nodes of our own. They are killed, and their data is deleted, when this is dropped. Nodes are numbered from 0; a number
/// that is none panics.
#[derive(Debug)]
pub struct OwnNodes {
    // In this order they are dropped: nodes before their data, and before their servers.
    nodes: Vec<Node>,
    secret: String,
    #[expect(dead_code, reason = "held: the folder is deleted with it")]
    folder: TempDir,
    servers: Arc<Servers>,
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
        let folder = folder.map_err(Failure::system("making a folder for the nodes"))?;
        let secret = made_up_secret();
        // The plan's settings win, what makes the nodes ours wins over them.
        let plans = plan.settings.iter().map(|(key, value)| (variable(key), value.clone()));
        let mut settings = vec![("SOUK_LOG_FILTER".to_owned(), "warn".to_owned())];
        settings.extend(servers.settings().map(|(key, value)| (key.to_owned(), value.to_owned())));
        settings.extend(plans.filter(|(key, _)| !OURS.contains(&key.as_str())));
        settings.push(("SOUK_AUTH_SECRET".to_owned(), secret.clone()));
        if !servers.is_alone() {
            tell("making the tables, if they are not there: souk migrate");
            // Runs share a keyspace, and each signs its tokens with a key of its own.
            for words in [["migrate"].as_slice(), &["secrets", "accept"]] {
                let mut command = tied(&program);
                without_settings(&mut command);
                command.args(words).current_dir(folder.path()).envs(settings.clone());
                run(command, &format!("souk {}", words.join(" "))).await?;
            }
        }
        let count = if servers.is_alone() { 1 } else { plan.count.max(1) };
        let starting = (1..=count).map(|number| {
            Node::start(node::Plan {
                program: program.clone(),
                name: format!("node-{number}"),
                folder: folder.path().to_owned(),
                settings: settings.clone(),
            })
        });
        let nodes = try_join_all(starting).await?;
        Ok(Self { nodes, secret, folder, servers })
    }

    /// The target that they are, as they run now.
    pub fn target(&self) -> Target {
        let nodes = self.nodes.iter().map(|node| NodeAddress {
            name: node.name().to_owned(),
            clients: node.clients,
            operators: Some(node.operators),
            pid: Some(node.pid()),
        });
        Target {
            nodes: nodes.collect(),
            secret: self.secret.clone(),
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
        self.nodes[number].pid()
    }

    /// Ends this node as a crash would, at once (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self, number: usize) -> Result<(), TargetError> {
        Ok(self.nodes[number].kill()?)
    }

    /// Tells this node to leave (SIGTERM). It drains, which takes a while: see [`gone`](Self::gone).
    pub fn drain(&mut self, number: usize) -> Result<(), TargetError> {
        Ok(self.nodes[number].signal("TERM")?)
    }

    /// Waits until this node has ended, at most so long. Says whether it has. Cancel-safe.
    pub async fn gone(&mut self, number: usize, within: Duration) -> bool {
        self.nodes[number].gone(within).await.is_some()
    }

    /// If this node has ended: how, and the last it said. That nobody ended it is the caller's to know.
    pub fn has_ended(&mut self, number: usize) -> Option<String> {
        let node = &mut self.nodes[number];
        let status = node.ended()?;
        Some(format!("{} ended ({status}){}", node.name(), node.log_end()))
    }

    /// Starts this node again, on the same ports and data, and waits until it is ready. One that still runs is killed first.
    pub async fn restart(&mut self, number: usize) -> Result<(), TargetError> {
        Ok(self.nodes[number].restart().await?)
    }
}

/// What no plan sets: nodes have ids and folders of their own, and an id is another one at each start, since what the old one
/// left behind is another node's.
const OURS: [&str; 2] = ["SOUK_NODE_ID", "SOUK_NODE_DATA_DIR"];

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
