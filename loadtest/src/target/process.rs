//! Processes of our own, which end with us.
//!
//! * They are killed and waited for when their [`Running`] is dropped: so the program must leave by returning, not by
//!   `std::process::exit`, and Ctrl-C must be handled.
//! * Each is a process group of its own, so that Ctrl-C in a terminal reaches the harness only.
//! * Should the harness itself be killed with SIGKILL, the kernel ends them: where util-linux's `setpriv` is installed it asks for
//!   that (`PR_SET_PDEATHSIG`) before it becomes the program. The kernel looks at the *thread* that started a process, therefore
//!   all are started by one thread that lives as long as the harness.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rand::RngExt;

use super::TargetError;

/// A program that is to run, with its arguments: it will be killed by the kernel when we are gone.
pub(super) fn tied(program: impl AsRef<OsStr>) -> Command {
    static SETPRIV: OnceLock<bool> = OnceLock::new();
    let works = || {
        let trial = Command::new("setpriv").args(["--pdeathsig", "KILL", "true"]).stderr(Stdio::null()).status();
        trial.is_ok_and(|status| status.success())
    };
    if !*SETPRIV.get_or_init(works) {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Takes away what the shell says to nodes: it is not meant for these.
pub(super) fn without_settings(command: &mut Command) {
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("SOUK_")) {
        command.env_remove(key);
    }
}

type Order = (Command, Sender<io::Result<Child>>);

/// Starts it from the one thread that does.
fn spawn(command: Command) -> io::Result<Child> {
    static STARTER: OnceLock<Sender<Order>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts processes has ended");
    let starter = STARTER.get_or_init(|| {
        let (orders, waiting) = channel::<Order>();
        // Without a thread the channel closes, and every start says so.
        let _ = thread::Builder::new().name("starter".to_owned()).spawn(move || {
            for (mut command, answer) in waiting {
                // Whoever asked does not give up waiting.
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, child) = channel();
    starter.send((command, answer)).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

/// A process that is killed and waited for when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts it with standard output and error in the file `log`, behind what stands there.
    pub(super) fn start(mut command: Command, name: &str, log: &Path) -> Result<Self, TargetError> {
        let file = open_log(log)?;
        command.stdout(file.try_clone().map_err(TargetError::io("opening a log"))?);
        Self::begin(command, name, file)
    }

    /// Starts it with standard error in the file `log`; standard output comes here.
    pub(super) fn start_and_listen(
        mut command: Command,
        name: &str,
        log: &Path,
    ) -> Result<(Self, ChildStdout), TargetError> {
        command.stdout(Stdio::piped());
        let mut running = Self::begin(command, name, open_log(log)?)?;
        let stdout = running.child.stdout.take().expect("its output was piped");
        Ok((running, stdout))
    }

    fn begin(mut command: Command, name: &str, log: File) -> Result<Self, TargetError> {
        command.stdin(Stdio::null()).stderr(log).process_group(0);
        let child = spawn(command).map_err(TargetError::io(format!("starting {name}")))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// What it was called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        // A process that cannot be asked about any more was waited for.
        self.child.try_wait().unwrap_or(None)
    }

    /// Ends it as a crash would (SIGKILL), at once, and waits until it is gone.
    pub(super) fn kill(&mut self) -> Result<(), TargetError> {
        let doing = format!("ending {}", self.name);
        self.child.kill().map_err(TargetError::io(doing.clone()))?;
        self.child.wait().map(|_| ()).map_err(TargetError::io(doing))
    }

    /// Tells it to leave (SIGTERM). Nothing happens where it has ended.
    pub(super) fn terminate(&mut self) -> Result<(), TargetError> {
        // Until it was waited for its number is nobody else's.
        if self.ended().is_some() {
            return Ok(());
        }
        let doing = format!("telling {} to leave", self.name);
        let status = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.pid().to_string()]).status();
        match status.map_err(TargetError::io(doing.clone()))?.success() {
            true => Ok(()),
            false => Err(TargetError::Io { doing, source: io::Error::other("kill -TERM was refused") }),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open_log(log: &Path) -> Result<File, TargetError> {
    File::options().create(true).append(true).open(log).map_err(TargetError::io(format!("opening {}", log.display())))
}

/// First port that is tried, and the last: below those that the system gives to outgoing connections, of which a run has thousands,
/// and one of them could hold the port of a node that is away.
const PORTS: std::ops::Range<u16> = 12_000..27_000;
/// Ports that are tried before the system may choose.
const TRIES: usize = 64;

/// Loopback addresses, all different, on which nobody listens now.
pub(super) fn free_addresses(count: usize) -> Result<Vec<SocketAddr>, TargetError> {
    let mut random = rand::rng();
    // Held until all are found.
    let mut held: Vec<TcpListener> = Vec::with_capacity(count);
    while held.len() < count {
        let own = (0..TRIES).find_map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, random.random_range(PORTS))).ok());
        let listener = own.map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok);
        held.push(listener.map_err(TargetError::io("looking for a free port"))?);
    }
    held.iter()
        .map(TcpListener::local_addr)
        .collect::<io::Result<_>>()
        .map_err(TargetError::io("looking for a free port"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> Command {
        let mut command = tied("sh");
        command.args(["-c", text]);
        command
    }

    #[test]
    fn a_process_ends_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let mut running = Running::start(shell("exec sleep 60"), "sleeper", &folder.path().join("log")).unwrap();
        let proc = format!("/proc/{}", running.pid());
        assert!(running.ended().is_none() && Path::new(&proc).exists());
        drop(running);
        assert!(!Path::new(&proc).exists());
    }

    #[test]
    fn it_is_told_to_leave_and_says_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let text = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done";
        let (mut running, stdout) =
            Running::start_and_listen(shell(text), "polite", &folder.path().join("log")).unwrap();
        let mut line = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(stdout), &mut line).unwrap();
        assert_eq!(line, "ready\n");
        running.terminate().unwrap();
        let status = running.child.wait().unwrap();
        assert_eq!(status.code(), Some(7));
        running.terminate().unwrap();
    }

    #[test]
    fn addresses_are_free_and_different() {
        let addresses = free_addresses(8).unwrap();
        let different: std::collections::BTreeSet<_> = addresses.iter().collect();
        assert_eq!(different.len(), 8);
        assert!(addresses.iter().all(|address| TcpListener::bind(address).is_ok()));
    }
}
