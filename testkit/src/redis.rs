//! A Redis of a test's own, so that it can be killed or frozen without disturbing others.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::{Running, signal, tied};
use crate::{left_out, place, ports, wait};

/// How long a start may take.
const UP_WITHIN: Duration = Duration::from_secs(10);

/// A `redis-server` that keeps nothing. Ended when dropped.
pub struct Redis {
    /// Where it listens. The same after a restart.
    pub address: SocketAddr,
    arguments: Vec<String>,
    running: Running,
}

impl Redis {
    /// Starts one on a free port, with these words more, and waits until it answers. `None`: the program is missing, and this was
    /// said.
    pub async fn start(arguments: &[&str]) -> Option<Self> {
        let memory_only = ["--save", "", "--appendonly", "no"];
        Self::begin(memory_only.iter().chain(arguments).map(|&one| one.to_owned()).collect()).await
    }

    /// Starts a sentinel with this configuration.
    pub async fn start_sentinel(configuration: &Path) -> Option<Self> {
        Self::begin(vec![configuration.display().to_string(), "--sentinel".to_owned()]).await
    }

    async fn begin(arguments: Vec<String>) -> Option<Self> {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        left_out::program(&test, "redis-server", "apt-get install redis-server")?;
        let address = ports::free_address().expect("loopback has a free port");
        let redis = Self { address, running: spawn(address, &arguments), arguments };
        redis.answers().await;
        Some(redis)
    }

    /// `redis://host:port`
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Ends it at once. Everything in it is lost.
    pub fn kill(&mut self) {
        self.running.kill().expect("the process is ours");
    }

    /// Starts it again, empty, on the same port.
    pub async fn restart(&mut self) {
        self.running = spawn(self.address, &self.arguments);
        self.answers().await;
    }

    /// Makes it hang: connections stay open, nothing is answered.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// It goes on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        signal(name, &self.running.pid().to_string()).expect("the process is ours");
    }

    async fn answers(&self) {
        wait::until("Redis answers", UP_WITHIN, || async {
            let mut stream = TcpStream::connect(self.address).await.ok()?;
            stream.write_all(b"PING\r\n").await.ok()?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer).await.ok()?;
            (&answer == b"+PONG\r\n").then_some(())
        })
        .await;
    }
}

fn spawn(address: SocketAddr, arguments: &[String]) -> Running {
    let mut command = tied("redis-server");
    command.args(arguments).args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
    command.current_dir(place::work_dir());
    Running::start(command, "redis-server", Path::new("/dev/null")).expect("redis-server can be run")
}
