//! What the system says of a process and of the machine, from `/proc`.

use std::fs;
use std::io;
use std::time::Duration;

use souk_testkit::process::{number, proc, times};
use tokio::time::Instant;

use crate::report::Sample;

/// What a process uses: processor time since its start, the rest now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time outside the kernel.
    pub user: Duration,
    /// Processor time inside the kernel.
    pub system: Duration,
    /// Resident memory, in bytes.
    pub resident: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Usage {
    /// Reads the process. Errors: it is not there, has ended, or is somebody else's.
    pub fn of(pid: u32) -> io::Result<Self> {
        let (user, system) = times(pid)?;
        // What ended and was not waited for has no memory any more.
        let resident = number(&proc(pid, "status")?, "VmRSS").ok_or(io::ErrorKind::NotFound)? * 1024;
        Ok(Self { user, system, resident, descriptors: descriptors(pid)? })
    }

    /// Reads this process. Errors: there is no `/proc`.
    pub fn own() -> io::Result<Self> {
        Self::of(std::process::id())
    }

    /// Processor time in all.
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

fn descriptors(pid: u32) -> io::Result<u64> {
    let folder = format!("/proc/{pid}/fd");
    // Linux 6.2 and later count them by themselves, which saves listing thousands every second.
    match fs::metadata(&folder)?.len() {
        0 => Ok(fs::read_dir(folder)?.count() as u64),
        count => Ok(count),
    }
}

/// Makes samples out of readings, each of what was used since the one before.
#[derive(Debug)]
pub struct Sampler {
    pid: u32,
    before: Usage,
    when: Instant,
}

impl Sampler {
    /// Begins with a reading now. Errors as [`Usage::of`].
    pub fn start(pid: u32) -> io::Result<Self> {
        Ok(Self { pid, before: Usage::of(pid)?, when: Instant::now() })
    }

    /// The same for this process.
    pub fn own() -> io::Result<Self> {
        Self::start(std::process::id())
    }

    /// Reads again. `at` and `connections` are for the report. Errors as [`Usage::of`]; a later call covers the time.
    pub fn sample(&mut self, at: f64, connections: Option<u64>) -> io::Result<Sample> {
        let (now, when) = (Usage::of(self.pid)?, Instant::now());
        let sample = between(&self.before, &now, when - self.when);
        (self.before, self.when) = (now, when);
        Ok(Sample { at, connections, ..sample })
    }

    /// The last reading.
    pub fn last(&self) -> Usage {
        self.before
    }
}

/// What was used from one reading to the next one, `apart` later.
fn between(before: &Usage, now: &Usage, apart: Duration) -> Sample {
    let share = |before: Duration, now: Duration| {
        let used = now.saturating_sub(before).as_secs_f64();
        if apart.is_zero() { 0.0 } else { used / apart.as_secs_f64() }
    };
    Sample {
        at: 0.0,
        cpu: share(before.cpu(), now.cpu()),
        cpu_system: share(before.system, now.system),
        resident: now.resident,
        descriptors: now.descriptors,
        connections: None,
    }
}

/// The machine, as [`Environment`](crate::report::Environment) has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Processors that this process may use.
    pub cores: usize,
    /// Memory, in bytes; 0 where the system does not say.
    pub memory: u64,
    /// The kernel's release; empty where the system does not say.
    pub kernel: String,
    /// Load averages of 1, 5 and 15 minutes; none where the system does not say.
    pub load_average: Vec<f64>,
}

/// The machine that this runs on.
pub fn machine() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let loads = read("/proc/loadavg");
    Machine {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory: number(&read("/proc/meminfo"), "MemTotal").unwrap_or(0) * 1024,
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        load_average: loads.split_ascii_whitespace().take(3).filter_map(|load| load.parse().ok()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_there_and_opens_descriptors() {
        let before = Usage::own().unwrap();
        assert!(before.resident > 100_000);
        let open: Vec<_> = (0..500).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        // Other tests of this process may close some meanwhile.
        assert!(Usage::own().unwrap().descriptors > before.descriptors + 400);
        drop(open);
    }

    #[test]
    fn a_process_that_is_not_there_or_ended_is_an_error() {
        assert_eq!(Usage::of(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while Usage::of(child.id()).is_ok() {
            assert!(std::time::Instant::now() < deadline, "what ended is still said to be there");
        }
        child.wait().unwrap();
    }

    #[test]
    fn a_sample_is_what_was_used_in_between() {
        let of = |user, system, resident| Usage {
            user: Duration::from_millis(user),
            system: Duration::from_millis(system),
            resident,
            descriptors: 9,
        };
        let sample = between(&of(1_000, 500, 1), &of(2_000, 1_000, 2), Duration::from_secs(2));
        assert_eq!((sample.cpu, sample.cpu_system), (0.75, 0.25));
        assert_eq!((sample.resident, sample.descriptors), (2, 9));
        assert_eq!(between(&of(0, 0, 1), &of(1, 1, 1), Duration::ZERO).cpu, 0.0);
        let mut sampler = Sampler::own().unwrap();
        let sample = sampler.sample(3.5, Some(7)).unwrap();
        assert_eq!((sample.at, sample.connections), (3.5, Some(7)));
        assert_eq!(sampler.last().resident, sample.resident);
    }

    #[test]
    fn the_machine_says_what_it_is() {
        let machine = machine();
        assert!(machine.cores > 0 && machine.memory > 1_000_000 && !machine.kernel.is_empty());
        assert_eq!(machine.load_average.len(), 3);
    }
}
