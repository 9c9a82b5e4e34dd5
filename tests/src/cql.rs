//! A Cassandra of a test's own, so that it can be killed without disturbing others.

use std::process::{Command, Output, Stdio};

use souk_testkit::place;
use tempfile::TempDir;

/// One Cassandra, run by `deploy/stack` in a folder of its own. Ended when dropped.
pub struct Cassandra {
    dir: TempDir,
    /// How its commit log reaches the disk.
    sync: &'static str,
    /// `host:port`
    pub address: String,
}

impl Cassandra {
    /// Starts one that makes its writes durable in this way: `batch`, `group` or `periodic`.
    pub async fn start(sync: &'static str) -> Self {
        let mut cassandra = Self { dir: place::folder("cql"), sync, address: String::new() };
        cassandra.stack(&["up", "cql"]).await;
        let env = cassandra.stack(&["env"]).await;
        let address = env.lines().find_map(|line| line.strip_prefix("export SOUK_TEST_CQL='")?.strip_suffix('\''));
        cassandra.address = address.unwrap_or_else(|| panic!("no address in:\n{env}")).to_owned();
        cassandra
    }

    /// `kill -9`, and a new start on what is on the disk.
    pub async fn crash(&self) {
        self.stack(&["kill", "cql"]).await;
        self.stack(&["start", "cql"]).await;
    }

    async fn stack(&self, words: &[&'static str]) -> String {
        let mut command = self.command(words);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
        let Output { status, stdout, stderr } = output.expect("deploy/stack can be run");
        assert!(status.success(), "deploy/stack {}: {}", words.join(" "), String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("it prints text")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(place::checkout().join("deploy/stack"));
        // What the tests were given is not this stack's.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SOUK_TEST_")) {
            command.env_remove(name);
        }
        command.args(words).stdin(Stdio::null());
        command.env("SOUK_STACK_DIR", self.dir.path()).env("SOUK_STACK_CQL_SYNC", self.sync);
        command
    }
}

impl Drop for Cassandra {
    fn drop(&mut self) {
        // Nothing of it is worth an orderly end.
        let _ = self.command(&["kill", "cql"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
