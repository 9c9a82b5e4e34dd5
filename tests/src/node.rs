//! `souk` as a process.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Child;

use crate::rest::{self, Reply};
use crate::{left_out, place, wait};

/// Signs tokens and keys the store of all nodes under test.
pub const SECRET: &str = "a secret of the tests, good for nothing else";
/// How long a start may take: a cold CQL driver on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(40);
/// How much of a log is shown when a test fails, in lines.
const LOG_LINES: usize = 60;

/// The program under test, with none of the settings of whoever runs the tests.
pub fn command() -> Command {
    let mut command = Command::new(place::souk());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SOUK_")) {
        command.env_remove(name);
    }
    // It must not find a `souk.toml` or a `data` folder by chance.
    command.current_dir(place::work_dir()).stdin(Stdio::null());
    command
}

/// The settings of a node: names as in the environment.
#[derive(Clone, Debug, Default)]
pub struct Settings(pub Vec<(String, String)>);

impl Settings {
    /// One more, or one changed.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.into()));
        self
    }
}

/// A running node, or one that was killed. Killed when dropped; its log is shown if the test fails.
pub struct Node {
    /// Its name in what the tests say.
    pub name: String,
    settings: Settings,
    dir: TempDir,
    child: Child,
    /// Where clients connect. The same after a restart.
    pub clients: SocketAddr,
    /// Where operators connect.
    pub operators: SocketAddr,
    starts: usize,
}

impl Node {
    /// Starts a node and waits until it is ready. Its data folder is new and its own unless the settings say another.
    pub async fn start(name: &str, settings: Settings) -> Self {
        let dir = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(place::work_dir());
        let dir = dir.expect("the target folder can be written");
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let child = spawn(&settings, &dir, nowhere, nowhere);
        let mut node =
            Self { name: name.to_owned(), settings, dir, child, clients: nowhere, operators: nowhere, starts: 1 };
        node.up().await;
        node
    }

    /// Starts again on the same ports and data. The process before must have ended.
    pub async fn restart(&mut self) {
        self.child = spawn(&self.settings, &self.dir, self.clients, self.operators);
        self.starts += 1;
        self.up().await;
    }

    async fn up(&mut self) {
        let what = format!("{} is up", self.name);
        let up = wait::until(&what, UP_WITHIN, || {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended with {status}:\n{}", self.name, self.log());
            }
            std::future::ready(addresses(&self.log(), self.starts))
        });
        (self.clients, self.operators) = up.await;
        wait::until(&format!("{} is ready", self.name), UP_WITHIN, || async {
            (self.operator("/readyz").await.ok()?.status == 200).then_some(())
        })
        .await;
    }

    /// Asks the operators' port.
    pub async fn operator(&self, path: &str) -> std::io::Result<Reply> {
        rest::get(self.operators, path).await
    }

    /// The sum of a metric's samples; 0 where there is none.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.operator("/metrics").await.expect("a running node answers").text;
        let samples = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the process is ours");
    }

    /// Sends a signal, for instance `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().expect("the node runs");
        let status = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name} {pid}");
    }

    /// Waits until it ended.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let what = format!("{} ended", self.name);
        wait::within(&what, within, self.child.wait()).await.expect("the process is ours")
    }

    /// Everything it printed and logged, over all starts.
    pub fn log(&self) -> String {
        fs::read_to_string(log_file(&self.dir)).unwrap_or_default()
    }

    /// Its data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Tokio's handle ends the process.
        let _ = self.child.start_kill();
        if std::thread::panicking() {
            let log = self.log();
            // A node alone prints a welcome, and no test is about that.
            let lines: Vec<&str> =
                log.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).collect();
            let end = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n    ");
            left_out::say(&format!("---- the end of the log of {}:\n    {end}\n", self.name));
        }
    }
}

fn log_file(dir: &TempDir) -> PathBuf {
    dir.path().join("log")
}

fn spawn(settings: &Settings, dir: &TempDir, clients: SocketAddr, operators: SocketAddr) -> Child {
    let log = File::options().create(true).append(true).open(log_file(dir)).expect("the target folder can be written");
    let mut command = command();
    command
        .env("SOUK_NODE_LISTEN", clients.to_string())
        .env("SOUK_NODE_OPERATOR_LISTEN", operators.to_string())
        .env("SOUK_NODE_DATA_DIR", dir.path().join("data"))
        .envs(settings.0.iter().map(|(name, value)| (name, value)))
        .current_dir(dir.path())
        .stdout(log.try_clone().expect("a file can be opened twice"))
        .stderr(log);
    tokio::process::Command::from(command).kill_on_drop(true).spawn().expect("souk can be run")
}

/// The ports, from the log line of the start of this number.
fn addresses(log: &str, start: usize) -> Option<(SocketAddr, SocketAddr)> {
    let plain = without_colours(log);
    let line = plain.lines().filter(|line| line.contains("souk is up")).nth(start - 1)?.to_owned();
    let field = |name: &str| {
        let value = line.split(&format!("{name}=")).nth(1)?.split(' ').next()?;
        value.parse().ok()
    };
    Some((field("clients")?, field("operators")?))
}

fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    out
}
