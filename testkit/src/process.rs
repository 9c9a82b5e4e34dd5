//! Processes of our own, which end with us, and what `/proc` says of any.
//!
//! * Ours are killed and waited for when their [`Running`] is dropped: so the program must leave by returning, not by
//!   `std::process::exit`, and Ctrl-C must be handled.
//! * Each is a process group of its own, so that Ctrl-C in a terminal reaches the harness only.
//! * Should the harness itself be killed with SIGKILL, the kernel ends them: where util-linux's `setpriv` is installed it asks for
//!   that (`PR_SET_PDEATHSIG`) before it becomes the program. The kernel looks at the *thread* that started a process, therefore
//!   all are started by one thread that lives as long as the harness.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, LogEnd};

/// A program that is to run, with its arguments: it will be killed by the kernel when we are gone.
pub fn tied(program: impl AsRef<OsStr>) -> Command {
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
pub fn without_settings(command: &mut Command) {
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
pub struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts it with standard output and error in the file `log`, behind what stands there.
    pub fn start(mut command: Command, name: &str, log: &Path) -> Result<Self, Failure> {
        let file = open_log(log)?;
        command.stdout(file.try_clone().map_err(Failure::system("opening a log"))?);
        Self::begin(command, name, file)
    }

    /// Starts it with standard error in the file `log`; standard output comes here.
    pub fn start_and_listen(mut command: Command, name: &str, log: &Path) -> Result<(Self, ChildStdout), Failure> {
        command.stdout(Stdio::piped());
        let mut running = Self::begin(command, name, open_log(log)?)?;
        let stdout = running.child.stdout.take().expect("its output was piped");
        Ok((running, stdout))
    }

    fn begin(mut command: Command, name: &str, log: File) -> Result<Self, Failure> {
        command.stdin(Stdio::null()).stderr(log).process_group(0);
        let child = spawn(command).map_err(Failure::system(format!("starting {name}")))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// What it was called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        // A process that cannot be asked about any more was waited for.
        self.child.try_wait().unwrap_or(None)
    }

    /// Ends it as a crash would (SIGKILL), at once, and waits until it is gone.
    pub fn kill(&mut self) -> Result<(), Failure> {
        let doing = format!("ending {}", self.name);
        self.child.kill().map_err(Failure::system(doing.clone()))?;
        self.child.wait().map(|_| ()).map_err(Failure::system(doing))
    }

    /// Sends it a signal, for instance `TERM`, which tells it to leave. Nothing happens where it has ended.
    pub fn signal(&mut self, name: &str) -> Result<(), Failure> {
        // Until it was waited for its number is nobody else's.
        if self.ended().is_some() {
            return Ok(());
        }
        signal(name, &self.pid().to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open_log(log: &Path) -> Result<File, Failure> {
    File::options().create(true).append(true).open(log).map_err(Failure::system(format!("opening {}", log.display())))
}

/// Runs a program to its end; `name` is what it is called in errors, which show the end of what it said. It may leave servers
/// behind that go on writing: so its output goes to a file, not a pipe. Dropping the future kills it, not what it started.
pub async fn run(mut command: Command, name: &str) -> Result<(), Failure> {
    let log = tempfile::NamedTempFile::new().map_err(Failure::system("making a file for a log"))?;
    let output = open_log(log.path())?;
    command.stdin(Stdio::null()).stderr(output.try_clone().map_err(Failure::system("opening a log"))?).stdout(output);
    command.process_group(0);
    let mut command = tokio::process::Command::from(command);
    let status = command.kill_on_drop(true).status().await.map_err(Failure::system(format!("running {name}")))?;
    if status.success() {
        return Ok(());
    }
    let log = LogEnd::of_file(log.path());
    Err(Failure::Command { command: name.to_owned(), status: status.to_string(), log })
}

/// Sends a signal, for instance `TERM`, to a process, or with a `-` before its number to its group.
pub fn signal(name: &str, to: &str) -> Result<(), Failure> {
    let doing = format!("sending {name} to {to}");
    // The shell has `kill` built in; the program may not be there.
    let status = Command::new("sh").args(["-c", "kill -s \"$0\" -- \"$1\"", name, to]).status();
    match status.map_err(Failure::system(doing.clone()))?.success() {
        true => Ok(()),
        false => Err(Failure::System { doing, source: io::Error::other("it was refused") }),
    }
}

/// Length of a tick of `/proc/<pid>/stat`: 10 ms on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A file of `/proc/<pid>`. Errors: the process is not there, or somebody else's.
pub fn proc(pid: u32, file: &str) -> io::Result<String> {
    fs::read_to_string(format!("/proc/{pid}/{file}"))
}

/// Processor time of a process outside and inside the kernel. Errors: it is not there.
pub fn times(pid: u32) -> io::Result<(Duration, Duration)> {
    times_of(&proc(pid, "stat")?).ok_or_else(|| io::Error::other("/proc says something unknown of a process"))
}

/// The second field is the program's name in brackets and may hold anything.
fn times_of(stat: &str) -> Option<(Duration, Duration)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some((ticks()? * TICK, ticks()? * TICK))
}

/// The number in the line `name: number` of a file of `/proc`, whatever the unit.
pub fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_ascii_whitespace().next()?.parse().ok()
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
        running.signal("TERM").unwrap();
        let status = running.child.wait().unwrap();
        assert_eq!(status.code(), Some(7));
        running.signal("TERM").unwrap();
    }

    #[test]
    fn a_name_with_anything_in_it_does_not_move_the_times() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 500 0 0 0 120 30 0 0 20 0 1 0 5 6 7";
        assert_eq!(times_of(stat), Some((Duration::from_millis(1_200), Duration::from_millis(300))));
        assert_eq!(times_of("7 (a) S 1"), None);
        assert_eq!(number("VmRSSx:\t1 kB\nVmRSS:\t  72 kB\n", "VmRSS"), Some(72));
        assert_eq!(times(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn what_a_failed_one_said_is_shown() {
        let shell = |text: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", text]);
            command
        };
        assert!(run(shell("echo fine"), "it").await.is_ok());
        let error = run(shell("echo one; echo two >&2; exit 3"), "it").await.unwrap_err().to_string();
        assert_eq!(error, "it failed (exit status: 3); it said:\none\ntwo");
        let error = run(Command::new("/nowhere/program"), "that").await.unwrap_err().to_string();
        assert!(error.starts_with("running that: "), "{error}");
    }
}
