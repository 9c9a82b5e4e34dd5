//! A Redis of a test's own, so that it can be killed without disturbing others.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::{place, wait};

/// How long a start may take.
const UP_WITHIN: Duration = Duration::from_secs(10);

/// A `redis-server` that keeps nothing. Ended when dropped.
pub struct Redis {
    address: SocketAddr,
    child: Child,
}

impl Redis {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let address = free_port();
        let child = spawn(address);
        let redis = Self { address, child };
        redis.answers().await;
        redis
    }

    /// `redis://host:port`
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Ends it at once. Everything in it is lost.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the process is ours");
    }

    /// Starts again, empty, on the same port.
    pub async fn start_again(&mut self) {
        self.child = spawn(self.address);
        self.answers().await;
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

fn spawn(address: SocketAddr) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", "--port"])
        .arg(address.port().to_string())
        .arg("--dir")
        .arg(place::work_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server can be run: apt-get install redis-server")
}

/// A port of loopback that nobody uses at the moment.
pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback has a free port")
}
