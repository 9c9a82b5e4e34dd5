//! Redis servers for tests: a shared one named by the environment, and ones of a test's own that may be hurt.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use redis::Client;

use super::eventually;

fn required() -> bool {
    std::env::var("SOUK_REQUIRE").is_ok_and(|what| what == "all")
}

/// The address of the shared server; `None`, said loudly, where there is none and none is required.
pub(crate) fn shared() -> Option<String> {
    if let Ok(url) = std::env::var("SOUK_TEST_REDIS") {
        return Some(url);
    }
    let why =
        "SOUK_TEST_REDIS is not set: start the server with `deploy/stack up`, then `eval \"$(deploy/stack env)\"`";
    left_out(why);
    None
}

/// Written past the test harness, which would swallow it.
fn left_out(why: &str) {
    assert!(!required(), "{why}");
    let mut out = std::io::stderr();
    writeln!(out, "LEFT OUT: {why}").unwrap();
}

/// A `redis-server` of one test. Killed when dropped.
pub(crate) struct Own {
    pub(crate) port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Own {
    /// Starts an empty server and waits until it answers; `None`, said loudly, where the program is missing and not required.
    pub(crate) async fn start(arguments: &[&str]) -> Option<Self> {
        let memory_only = ["--save", "", "--appendonly", "no"];
        Self::begin(memory_only.iter().chain(arguments).map(|&one| one.to_owned()).collect()).await
    }

    async fn begin(arguments: Vec<String>) -> Option<Self> {
        let mut own = Self { port: free_port(), arguments, child: None };
        if !own.spawn() {
            let why = "`redis-server` is not installed (Debian: apt-get install redis-server)";
            left_out(why);
            return None;
        }
        own.answers().await;
        Some(own)
    }

    /// Starts a sentinel with this configuration.
    pub(crate) async fn start_sentinel(configuration: &std::path::Path) -> Option<Self> {
        Self::begin(vec![configuration.to_str().unwrap().to_owned(), "--sentinel".to_owned()]).await
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn spawn(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command.args(&self.arguments).args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        self.child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok();
        self.child.is_some()
    }

    async fn answers(&self) {
        let client = Client::open(self.url()).unwrap();
        eventually("the server answers", async || {
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else { return false };
            redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
        })
        .await;
    }

    /// Ends the server as a crash does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again, empty, on the same port.
    pub(crate) async fn restart(&mut self) {
        assert!(self.child.is_none() && self.spawn());
        self.answers().await;
    }

    /// Makes the server hang: connections stay open, nothing is answered.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(crate) async fn connection(&self) -> redis::aio::MultiplexedConnection {
        Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.kill();
    }
}
