//! Servers of somebody else, for comparisons.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ChildStdout;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use souk_testkit::failure::{Failure, LogEnd};
use souk_testkit::ports::free_address;
use souk_testkit::process::{self, Running, tied, without_settings};
use souk_testkit::token::made_up_secret;

use super::{Carriers, NodeAddress, OrderMaking, Target, TargetError, Tell};

/// How long a peer may take until it says where it listens.
const LISTENS_WITHIN: Duration = Duration::from_secs(10);
/// What it says then, with an address behind.
const LISTENING: &str = "listening on ";

/// A server of somebody else, and how it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSpec {
    /// Its name in tables.
    pub name: String,
    /// Where it is started: program names with a slash are taken from here.
    pub folder: PathBuf,
    /// What is run once before, with its arguments; empty: nothing.
    pub prepare: Vec<String>,
    /// How it is started. `{listen}` becomes the address to listen on, `{redis}` that of a Redis.
    pub start: Vec<String>,
    /// How many of them; with more than one they need a Redis to know each other.
    pub nodes: usize,
    /// How it is spoken to.
    pub carriers: Carriers,
    /// Whether history can be read back over REST.
    pub history: bool,
}

impl PeerSpec {
    /// Whether it has to be given the address of a Redis.
    pub fn needs_redis(&self) -> bool {
        self.start.iter().any(|word| word.contains("{redis}"))
    }

    /// Builds and installs what it needs. The user is told, since it can take minutes.
    pub async fn prepare(&self, tell: Tell<'_>) -> Result<(), TargetError> {
        let Some((program, arguments)) = self.prepare.split_first() else { return Ok(()) };
        let text = self.prepare.join(" ");
        tell(&format!("preparing {}: {text}", self.name));
        let mut prepare = std::process::Command::new(in_folder(&self.folder, program));
        prepare.args(arguments).current_dir(&self.folder);
        Ok(process::run(prepare, &text).await?)
    }

    /// Its words with the addresses in place.
    fn words(&self, listen: SocketAddr, redis: Option<&str>) -> Result<Vec<String>, TargetError> {
        let redis = match (redis, self.needs_redis()) {
            (None, true) => return Err(TargetError::Unfit(format!("{} needs a Redis, and there is none", self.name))),
            (redis, _) => redis.unwrap_or_default(),
        };
        let listen = listen.to_string();
        Ok(self.start.iter().map(|word| word.replace("{listen}", &listen).replace("{redis}", redis)).collect())
    }
}

/// A program as it is named relative to a folder; names without a slash are looked for where the shell looks.
fn in_folder(folder: &Path, program: &str) -> PathBuf {
    if program.contains('/') { folder.join(program) } else { program.into() }
}

/// Running servers of a peer. They are killed when this is dropped.
#[derive(Debug)]
pub struct Peers {
    nodes: Vec<(Running, NodeAddress)>,
    logs: TempDir,
    target: Target,
}

impl Peers {
    /// Starts them, one after the other, and waits until each says where it listens.
    pub async fn start(spec: &PeerSpec, redis: Option<&str>) -> Result<Self, TargetError> {
        let logs = tempfile::Builder::new().prefix("souk-loadtest-").tempdir();
        let logs = logs.map_err(Failure::system("making a folder for logs"))?;
        let secret = made_up_secret();
        let mut nodes = Vec::new();
        for number in 1..=spec.nodes.max(1) {
            let name = if spec.nodes > 1 { format!("{} {number}", spec.name) } else { spec.name.clone() };
            let log = logs.path().join(format!("{number}.log"));
            let (spec, redis, secret) = (spec.clone(), redis.map(str::to_owned), secret.clone());
            let starting = move || start_one(&spec, redis.as_deref(), &secret, name, &log);
            let started = tokio::task::spawn_blocking(starting).await;
            nodes.push(started.map_err(|error| TargetError::Unfit(format!("starting a peer failed: {error}")))??);
        }
        let target = Target {
            nodes: nodes.iter().map(|(_, address)| address.clone()).collect(),
            secret,
            carriers: spec.carriers,
            history: spec.history,
            orders: OrderMaking::None,
            engines: spec.name.clone(),
            redis: redis.filter(|_| spec.needs_redis()).map(str::to_owned),
        };
        Ok(Self { nodes, logs, target })
    }

    /// The target that they are.
    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// If this one (from 0) has ended: how, and the last it said.
    pub fn has_ended(&mut self, number: usize) -> Option<String> {
        let (running, _) = &mut self.nodes[number];
        let status = running.ended()?;
        let log = LogEnd::of_file(&self.logs.path().join(format!("{}.log", number + 1)));
        Some(format!("{} ended ({status}){log}", running.name()))
    }

    /// Ends this one (from 0) as a crash would, at once (SIGKILL), and waits until it is gone.
    pub fn kill(&mut self, number: usize) -> Result<(), TargetError> {
        Ok(self.nodes[number].0.kill()?)
    }
}

/// Starts one and waits until it listens; blocks for as long.
fn start_one(
    spec: &PeerSpec,
    redis: Option<&str>,
    secret: &str,
    name: String,
    log: &Path,
) -> Result<(Running, NodeAddress), TargetError> {
    let listen = free_address().map_err(Failure::system("looking for a free port"))?;
    let words = spec.words(listen, redis)?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(TargetError::Unfit(format!("{}: start is empty", spec.name)));
    };
    let mut command = tied(in_folder(&spec.folder, program));
    without_settings(&mut command);
    command.args(arguments).current_dir(&spec.folder).env("AUTH_SECRET", secret);
    let (mut running, stdout) = Running::start_and_listen(command, &name, log)?;
    let (said, listening) = mpsc::channel();
    let copy = log.to_owned();
    thread::spawn(move || follow(stdout, &copy, &said));
    let why = match listening.recv_timeout(LISTENS_WITHIN) {
        Ok(clients) => {
            let address = NodeAddress { name, clients, operators: None, pid: Some(running.pid()) };
            return Ok((running, address));
        }
        Err(mpsc::RecvTimeoutError::Timeout) => {
            format!("it did not say `{LISTENING}ADDRESS` within {LISTENS_WITHIN:?}")
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let status = (0..100).find_map(|_| {
                thread::sleep(Duration::from_millis(5));
                running.ended()
            });
            let how = status.map(|status| format!(" ({status})")).unwrap_or_default();
            format!("it ended{how} and had not said `{LISTENING}ADDRESS`")
        }
    };
    Err(Failure::NotReady { name, why, log: LogEnd::of_file(log) }.into())
}

/// Copies what it says to its log until its end, so that it never waits for a reader; tells the address when it comes by.
fn follow(stdout: ChildStdout, log: &Path, said: &mpsc::Sender<SocketAddr>) {
    let mut log = std::fs::File::options().append(true).open(log).ok();
    for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if let Some(log) = &mut log {
            // A log that cannot be written is no reason to stop reading.
            let _ = writeln!(log, "{line}");
        }
        let address = line.trim().strip_prefix(LISTENING).and_then(|address| address.parse().ok());
        if let Some(address) = address {
            // Nobody waits for a second one.
            let _ = said.send(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(start: &[&str]) -> PeerSpec {
        PeerSpec {
            name: "it".to_owned(),
            folder: std::env::temp_dir(),
            prepare: vec!["false".to_owned(), "really".to_owned()],
            start: start.iter().map(|word| (*word).to_owned()).collect(),
            nodes: 1,
            carriers: Carriers::SOCKETIO,
            history: false,
        }
    }

    #[tokio::test]
    async fn a_peer_is_told_where_and_says_so() {
        let script = "echo \"secret ${#AUTH_SECRET} $1\"; echo \"listening on $0\"; exec sleep 60";
        let mut two = spec(&["sh", "-c", script, "{listen}", "--redis={redis}"]);
        two.nodes = 2;
        let mut peers = Peers::start(&two, Some("redis://h:1")).await.unwrap();
        let target = peers.target();
        assert_eq!((target.nodes.len(), target.engines.as_str()), (2, "it"));
        assert_eq!(target.nodes[1].name, "it 2");
        assert_eq!((target.orders, target.redis.as_deref()), (OrderMaking::None, Some("redis://h:1")));
        assert!(target.nodes[0].clients.ip().is_loopback());
        assert_eq!(peers.has_ended(0), None);
        peers.kill(1).unwrap();
        let ended = peers.has_ended(1).unwrap();
        assert!(ended.contains("signal: 9") && ended.contains("secret 64 --redis=redis://h:1"), "{ended}");
        let pid = target.nodes[0].pid.unwrap();
        drop(peers);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[tokio::test]
    async fn one_that_does_not_start_says_why() {
        let error = Peers::start(&spec(&["sh", "-c", "echo no >&2; exit 4"]), None).await.unwrap_err().to_string();
        assert!(error.contains("it did not start: it ended (exit status: 4)") && error.ends_with("\nno"), "{error}");
        let error = Peers::start(&spec(&["sh", "{redis}"]), None).await.unwrap_err().to_string();
        assert_eq!(error, "it needs a Redis, and there is none");
        let error = spec(&["sh"]).prepare(&|_| {}).await.unwrap_err().to_string();
        assert!(error.starts_with("false really failed (exit status: 1)"), "{error}");
    }
}
