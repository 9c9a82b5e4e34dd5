//! The two ways a node is run here: alone, and as part of a cluster.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// The servers of a cluster, as `deploy/stack env` prints them.
const CLUSTER: [&str; 4] = ["SOUK_ROUTER_URL", "SOUK_STORE_URL", "SOUK_EVENTS_URL", "SOUK_STORE_SECRET"];

/// The engines of the nodes of one run.
#[derive(Clone, Debug)]
pub(crate) struct Engines {
    name: &'static str,
    settings: Vec<(String, String)>,
}

impl Engines {
    /// SQLite, in-process router, local event log.
    pub(crate) fn alone() -> Self {
        Self { name: "alone", settings: Vec::new() }
    }

    /// Redis, CQL and Kafka where the environment says they are.
    pub(crate) fn cluster() -> Result<Self, Failure> {
        let one = |key: &'static str| Ok((key.to_owned(), env::var(key).map_err(|_| Failure::NotSet(key))?));
        Ok(Self { name: "cluster", settings: CLUSTER.into_iter().map(one).collect::<Result<_, Failure>>()? })
    }

    /// One more setting for the nodes.
    pub(crate) fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.push((key.to_owned(), value.to_string()));
        self
    }

    /// `alone` or `cluster`.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// What is said to a node, as environment variables.
    pub(crate) fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Redis's address as `host:port`, in a cluster.
    pub(crate) fn redis(&self) -> Option<&str> {
        let (_, rest) = self.setting("SOUK_ROUTER_URL")?.split_once("://")?;
        let server = rest.rsplit('@').next()?;
        server.split('/').next()
    }

    /// Makes the tables, in a cluster.
    pub(crate) fn migrate(&self, souk: &Path) -> Result<(), Failure> {
        if self.settings.iter().all(|(key, _)| key != "SOUK_STORE_URL") {
            return Ok(());
        }
        // The keyspace is the stack's, and may have been used with other keys for tokens.
        for words in [["migrate"].as_slice(), &["secrets", "accept"]] {
            let mut command = Command::new(souk);
            command.args(words).env("SOUK_AUTH_SECRET", crate::node::SECRET);
            command.envs(self.settings.iter().map(|(key, value)| (key, value)));
            let output = command.output().map_err(Failure::io("running souk"))?;
            if !output.status.success() {
                return Err(Failure::answer("souk", String::from_utf8_lossy(&output.stderr).trim()));
            }
        }
        Ok(())
    }
}
