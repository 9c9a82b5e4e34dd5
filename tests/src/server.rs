//! A server of a test's own, run by `deploy/stack` in a folder of its own, so that it can be killed without disturbing others.

use std::process::{Command, Output, Stdio};

use souk_testkit::place;
use tempfile::TempDir;

/// One server. Ended when dropped.
pub struct Server {
    dir: TempDir,
    /// What `deploy/stack` calls it.
    part: &'static str,
    /// What `deploy/stack` is told about it.
    setting: (&'static str, String),
    /// `host:port`
    pub address: String,
}

impl Server {
    /// A Cassandra that makes its writes durable in this way: `batch`, `group` or `periodic`.
    pub async fn cassandra(sync: &str) -> Self {
        Self::start("cql", ("SOUK_STACK_CQL_SYNC", sync.to_owned())).await
    }

    /// A Kafka.
    pub async fn kafka() -> Self {
        // Between the stack's own ports and those that the system gives out.
        let ports = 20_000 + rand::random_range(0..1_000_u16) * 5;
        Self::start("kafka", ("SOUK_STACK_PORT_BASE", ports.to_string())).await
    }

    async fn start(part: &'static str, setting: (&'static str, String)) -> Self {
        let mut server = Self { dir: place::folder(part), part, setting, address: String::new() };
        server.stack("up").await;
        let env = server.stack("env").await;
        let name = format!("export SOUK_TEST_{}='", part.to_uppercase());
        let address = env.lines().find_map(|line| line.strip_prefix(&name)?.strip_suffix('\''));
        server.address = address.unwrap_or_else(|| panic!("no address in:\n{env}")).to_owned();
        server
    }

    /// `kill -9`; what is on the disk stays.
    pub async fn kill(&self) {
        self.stack("kill").await;
    }

    /// Starts it again on what is on the disk.
    pub async fn start_again(&self) {
        self.stack("start").await;
    }

    async fn stack(&self, verb: &str) -> String {
        let mut command = self.command(verb);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
        let Output { status, stdout, stderr } = output.expect("deploy/stack can be run");
        assert!(status.success(), "deploy/stack {verb} {}: {}", self.part, String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("it prints text")
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(place::checkout().join("deploy/stack"));
        // What the tests were given is not this stack's.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SOUK_TEST_")) {
            command.env_remove(name);
        }
        command.arg(verb).args((verb != "env").then_some(self.part)).stdin(Stdio::null());
        command.env("SOUK_STACK_DIR", self.dir.path()).env(self.setting.0, &self.setting.1);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing of it is worth an orderly end.
        let _ = self.command("kill").stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
