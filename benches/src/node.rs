//! A `souk` process of our own, ended with us.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hyper::StatusCode;

use crate::failure::Failure;
use crate::rest::Rest;
use crate::setup::Engines;
use crate::token::SECRET;

/// How long a node may take until it is ready: a first connection to a cold CQL server is slow.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often it is asked.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// A process that is killed and waited for when this is dropped.
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts `command`, its output in the file `log`.
    pub(crate) fn start(mut command: Command, name: impl Into<String>, log: &Path) -> Result<Self, Failure> {
        let name = name.into();
        let file = || File::options().create(true).append(true).open(log).map_err(Failure::io("opening a log"));
        command.stdin(Stdio::null()).stdout(file()?).stderr(file()?);
        let child = command.spawn().map_err(Failure::io(format!("starting {name}")))?;
        Ok(Self { child, name })
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it ended by itself.
    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A node that is ready.
pub(crate) struct Node {
    running: Running,
    /// Where clients connect.
    pub(crate) clients: SocketAddr,
    /// Where operators connect.
    pub(crate) operators: SocketAddr,
}

impl Node {
    /// Starts a node in `folder` and waits until it is ready. `name`: unique among the nodes of a run.
    pub(crate) async fn start(program: &Path, name: &str, folder: &Path, engines: &Engines) -> Result<Self, Failure> {
        let (clients, operators) = (free_port()?, free_port()?);
        let log = folder.join(format!("{name}.log"));
        let mut command = Command::new(program);
        // What the shell says to nodes is not meant for this one; its memory is given back soon, as by default.
        for (key, _) in std::env::vars().filter(|(key, _)| key.starts_with("SOUK_")) {
            command.env_remove(key);
        }
        command.env("SOUK_NODE_LISTEN", clients.to_string()).env("SOUK_NODE_OPERATOR_LISTEN", operators.to_string());
        command.env("SOUK_NODE_ID", name).env("SOUK_NODE_DATA_DIR", folder.join(name));
        command.env("SOUK_AUTH_SECRET", SECRET).env("SOUK_LIMITS_MESSAGES", "0").env("SOUK_LOG_FILTER", "warn");
        for (key, value) in engines.settings() {
            command.env(key, value);
        }
        let mut node = Self { running: Running::start(command, format!("node {name}"), &log)?, clients, operators };
        node.wait_until_ready(&log).await?;
        Ok(node)
    }

    async fn wait_until_ready(&mut self, log: &Path) -> Result<(), Failure> {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if self.running.has_ended() || Instant::now() > deadline {
                let text = std::fs::read_to_string(log).unwrap_or_default();
                let end = text.lines().rev().take(5).collect::<Vec<_>>().join("\n");
                return Err(Failure::Node(format!("{} did not get ready:\n{end}", self.running.name)));
            }
            if let Ok(mut rest) = Rest::open(self.operators).await
                && matches!(rest.get("/readyz").await, Ok((StatusCode::OK, _)))
            {
                return Ok(());
            }
            tokio::time::sleep(ASKED_EVERY).await;
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// A counter or gauge of `/metrics`, by its whole name; of a family, the sum of its members. Absent: 0.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64, Failure> {
        let (_, text) = Rest::open(self.operators).await?.get("/metrics").await?;
        let of_line = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let value = match rest.split_once('}') {
                Some((labels, value)) if labels.starts_with('{') => value,
                _ => rest.strip_prefix(' ')?,
            };
            value.trim().parse::<f64>().ok()
        };
        Ok(text.lines().filter_map(of_line).sum())
    }
}

/// A loopback address with a port that is free now.
pub(crate) fn free_port() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Failure::io("looking for a free port"))?;
    listener.local_addr().map_err(Failure::io("looking for a free port"))
}

/// The program `souk`: what `--souk` says, or what was built beside this program.
pub(crate) fn program(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let beside = || std::env::current_exe().ok().and_then(|me| Some(me.parent()?.join("souk")));
    let path = given.or_else(beside).unwrap_or_default();
    match path.is_file() {
        true => Ok(path),
        false => Err(Failure::Node(format!(
            "{} is not there: run `cargo build --release -p souk-node` first, or say --souk PATH",
            path.display()
        ))),
    }
}
