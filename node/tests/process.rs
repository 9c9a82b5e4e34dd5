//! The program as a process: what ends it, with which status, and what does not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);

/// A node that stands alone and that nobody watches. Killed when dropped.
struct Souk {
    child: Child,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Souk {
    fn start(environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_souk"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SOUK_")) {
            command.env_remove(name);
        }
        let said = File::create(&log).unwrap();
        command
            .current_dir(folder.path())
            .env("SOUK_NODE_LISTEN", "127.0.0.1:0")
            .env("SOUK_NODE_OPERATOR_LISTEN", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said);
        Self { child: command.spawn().unwrap(), log, _folder: folder }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&mut Self) -> Option<T>) -> T {
        let end = Instant::now() + SOON;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(Instant::now() < end, "{what}: not within {SOON:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ended(&mut self) -> ExitStatus {
        self.until("the node ends", |souk| souk.child.try_wait().unwrap())
    }

    /// The operators' port, once the node is up.
    fn operators(&mut self) -> SocketAddr {
        self.until("the node is up", |souk| {
            let log = souk.log();
            let line = log.lines().find(|line| line.contains("souk is up"))?;
            let (_, rest) = line.split_once("operators")?;
            // Between name and value may stand colours.
            let address = &rest[rest.find("127.0.0.1")?..];
            address.split(|letter: char| letter.is_whitespace() || letter == '\u{1b}').next()?.parse().ok()
        })
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Souk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_hangup_does_not_end_a_node_without_files_to_read_again() {
    let mut souk = Souk::start(&[]);
    let operators = souk.operators();
    souk.signal("HUP");
    souk.until("the signal is heard", |souk| souk.log().contains("SIGHUP").then_some(()));
    assert!(ask(operators, "/livez").starts_with("HTTP/1.1 200"));
    souk.signal("TERM");
    assert_eq!(souk.ended().code(), Some(0), "{}", souk.log());
}

/// The task that panics is in no other build.
#[cfg(feature = "sabotage")]
#[test]
fn a_node_whose_task_cannot_go_on_leaves_by_itself_and_says_which() {
    let mut souk = Souk::start(&[("SABOTAGE_TASK", "1")]);
    let operators = souk.operators();
    souk.until("the panics are counted", |_| {
        let figures = ask(operators, "/metrics");
        figures.lines().any(|line| line.starts_with("souk_task_panics_total{task=\"sabotaged\"} ")).then_some(())
    });
    assert_eq!(souk.ended().code(), Some(1), "{}", souk.log());
    let log = souk.log();
    assert!(log.contains("a task panicked") && log.contains("the task \"sabotaged\" cannot go on"), "{log}");
}
