//! The real program, run in a small size, and what it left behind: its exit code, its words, its report.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test uses its part, may panic, and says what it left out"
)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use souk_loadtest::report::{Report, ViolationKind};
use souk_testkit::left_out;
pub use souk_testkit::left_out::souk;
pub use souk_testkit::process::signal;
use tempfile::TempDir;

/// After this a program hangs. Far more than any run here takes, also on a machine that does other things.
pub const HANGS: Duration = Duration::from_secs(120);
/// How often a condition is looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The program `souk` for tests that need the servers of a cluster as well.
pub fn souk_and_cluster(test: &str) -> Option<PathBuf> {
    for name in ["SOUK_ROUTER_URL", "SOUK_STORE_URL", "SOUK_EVENTS_URL"] {
        left_out::server(test, name)?;
    }
    souk(test)
}

/// The program with these words, separated by spaces, and nothing of the shell's settings for nodes but the servers.
pub fn loadtest(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_souk-loadtest"));
    command.args(words.split_whitespace()).env_remove("SOUK_AUTH_SECRET").stdin(Stdio::null());
    command
}

/// A folder with a scenario in it.
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The report of a run with `--out` for this name.
    pub fn report(&self, out: &str) -> Report {
        Report::read(&self.path(out).join("report.json")).unwrap()
    }

    /// Runs this scenario file's text with `--out out` and these words more.
    pub fn run(&self, souk: &Path, scenario: &str, words: &str) -> Command {
        let file = self.path("small.toml");
        std::fs::write(&file, scenario).unwrap();
        let mut command = loadtest("run");
        command.arg(file).args(words.split_whitespace()).arg("--souk").arg(souk).arg("--out").arg(self.path("out"));
        command
    }
}

/// A scenario of this base whose thresholds hold on any machine, with sections that say how small it is.
pub fn small(base: &str, thresholds: &[&str], engines: &str, sections: &str) -> String {
    let thresholds: String = thresholds.iter().fold(String::new(), |mut text, threshold| {
        text += &format!(", \"{threshold}\"");
        text
    });
    let count = if engines == "alone" { 1 } else { 2 };
    format!(
        "base = \"{base}\"\nthresholds = [\"violations == 0\"{thresholds}]\n\
         [nodes]\nengines = \"{engines}\"\ncount = {count}\n{sections}"
    )
}

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Every one of these was said to the user as an error.
    #[track_caller]
    pub fn complains(&self, of: &[&str]) {
        for part in of {
            assert!(self.stderr.contains(part), "{part:?} is not in:\n{}", self.stderr);
        }
    }
}

/// A program that runs. It is killed when this is dropped.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    heard: String,
    stdout: Option<JoinHandle<String>>,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// Starts it; its words are listened to.
pub fn start(mut command: Command) -> Running {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut answer = child.stdout.take().unwrap();
    let stdout = thread::spawn(move || {
        let mut text = String::new();
        answer.read_to_string(&mut text).unwrap();
        text
    });
    let (said, lines) = channel();
    let (stderr, words) = (Arc::new(Mutex::new(String::new())), BufReader::new(child.stderr.take().unwrap()));
    let kept = Arc::clone(&stderr);
    let reader = thread::spawn(move || {
        for line in words.lines().map_while(Result::ok) {
            *kept.lock().unwrap() += &format!("{line}\n");
            // A test that has heard enough hears no more.
            let _ = said.send(line);
        }
    });
    Running { child, lines, heard: String::new(), stdout: Some(stdout), stderr, reader: Some(reader) }
}

/// Starts it and waits for its end.
pub fn run(command: Command) -> Ended {
    start(command).end()
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it says a line with this on standard error, and returns the line.
    #[track_caller]
    pub fn says(&mut self, part: &str) -> String {
        let deadline = Instant::now() + HANGS;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("{part:?} was not said in:\n{}", self.heard) };
            self.heard += &format!("{line}\n");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Signals it, or all of its group.
    pub fn signal(&self, name: &str, group: bool) {
        signal(name, &format!("{}{}", if group { "-" } else { "" }, self.pid())).unwrap();
    }

    /// As a crash would end it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let deadline = Instant::now() + HANGS;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < deadline, "it hangs:\n{}", self.stderr.lock().unwrap()),
            }
            thread::sleep(LOOK_EVERY);
        };
        let stdout = self.stdout.take().unwrap().join().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let stderr = self.stderr.lock().unwrap().clone();
        Ended { code: status.code(), stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Broken promises of this kind.
pub fn violations(report: &Report, kind: ViolationKind) -> u64 {
    report.integrity.violations[&kind]
}

/// What every run that went well shows, whatever its scenario: everything that was meant was said, acknowledged and read back,
/// nobody was refused, nothing was broken, and memory and processors were looked at.
#[track_caller]
pub fn assert_sound(report: &Report, orders: u64, devices: u64) {
    let (totals, integrity) = (&report.totals, &report.integrity);
    assert!(integrity.violations.len() == ViolationKind::ALL.len(), "every kind is told");
    assert!(integrity.violations.values().all(|count| *count == 0), "{:?}", integrity.offenders);
    assert!(totals.intended > 0 && totals.unanswered == 0, "{totals:?}");
    assert!(integrity.histories);
    assert_eq!((integrity.orders, integrity.devices), (orders, devices));
    assert_eq!(report.environment.devices as u64, devices);
    // What was acknowledged is in a history, and nothing else is.
    assert_eq!(integrity.messages, totals.acknowledged);
    assert!(!report.harness.is_empty() && report.harness.iter().all(|sample| sample.resident > 0));
    assert!(report.figures.contains_key("harness_bytes_per_client"), "{:?}", report.figures);
}

/// Everything that was meant was acknowledged, and reached so many other devices.
#[track_caller]
pub fn assert_all_arrived(report: &Report, others: u64) {
    let totals = &report.totals;
    assert_eq!((totals.acknowledged, totals.refused.len()), (totals.intended, 0), "{totals:?}");
    assert_eq!(totals.received + totals.caught_up, totals.intended * others, "{totals:?}");
}

/// The same where connections end: what was missed is caught up, one's own among it where the acknowledgement was missed too.
#[track_caller]
pub fn assert_all_arrived_or_caught_up(report: &Report, others: u64) {
    let totals = &report.totals;
    assert_eq!((totals.acknowledged, totals.refused.len()), (totals.intended, 0), "{totals:?}");
    assert!(totals.received <= totals.intended * others, "{totals:?}");
    assert!(totals.received + totals.caught_up >= totals.intended * others, "{totals:?}");
}
