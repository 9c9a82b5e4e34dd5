//! `souk` as a process, for tests, which panic where something is wrong.

use std::io;
use std::ops::Deref;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use souk_testkit::http::{Answer, Ask};
use souk_testkit::{left_out, node, place, process};
use tempfile::TempDir;

use crate::rest;

/// Signs tokens and keys the store of all nodes under test.
pub const SECRET: &str = "a secret of the tests, good for nothing else";
/// How much of a log is shown when a test fails, in lines.
const LOG_LINES: usize = 60;

/// The program under test, with none of the settings of whoever runs the tests.
pub fn command() -> Command {
    let mut command = Command::new(place::souk());
    process::without_settings(&mut command);
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
    node: node::Node,
    // Deleted behind the node.
    _folder: TempDir,
}

impl Node {
    /// Starts a node and waits until it is ready. Its data folder is new and its own unless the settings say another.
    pub async fn start(name: &str, settings: Settings) -> Self {
        let folder = place::folder(name);
        let plan = node::Plan {
            program: place::souk().to_owned(),
            name: name.to_owned(),
            folder: folder.path().to_owned(),
            settings: settings.0,
        };
        let node = node::Node::start(plan).await.unwrap_or_else(|error| panic!("{error}"));
        Self { name: name.to_owned(), node, _folder: folder }
    }

    /// Starts again on the same ports and data.
    pub async fn restart(&mut self) {
        self.node.restart().await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Asks the operators' port.
    pub async fn operator(&self, path: &str) -> io::Result<Answer> {
        rest::at(self.operators, Ask::new("GET", path)).await
    }

    /// The sum of a metric's samples; 0 where there is none.
    pub async fn metric(&self, name: &str) -> f64 {
        self.node.metric(name).await.expect("a running node answers")
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.node.kill().expect("the process is ours");
    }

    /// Sends a signal, for instance `TERM`.
    pub fn signal(&self, name: &str) {
        process::signal(name, &self.pid().to_string()).expect("the process is ours");
    }

    /// Waits until it ended.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        self.node.gone(within).await.unwrap_or_else(|| panic!("not within {within:?}: {} ended", self.name))
    }
}

impl Deref for Node {
    type Target = node::Node;

    fn deref(&self) -> &Self::Target {
        &self.node
    }
}

impl Drop for Node {
    fn drop(&mut self) {
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
