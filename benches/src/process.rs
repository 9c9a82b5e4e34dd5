//! What the system says of a process, from `/proc`.

use std::fs;
use std::io;
use std::ops::Sub;
use std::time::Duration;

use souk_testkit::process::{number, proc, times};

use crate::failure::Failure;

/// What a process used so far. Subtract two for what it used in between.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Processor time outside the kernel.
    pub(crate) user: Duration,
    /// Processor time inside the kernel.
    pub(crate) system: Duration,
    /// Calls of `read` and its kin.
    pub(crate) reads: u64,
    /// Calls of `write` and its kin (not `send`, `fsync` or `epoll_wait`).
    pub(crate) writes: u64,
    /// Times that a thread went to sleep by itself.
    pub(crate) switches: u64,
}

impl Used {
    /// Reads the process. A process that ended is a failure.
    pub(crate) fn of(pid: u32) -> Result<Self, Failure> {
        let (user, system) = times(pid).map_err(failed(pid, "stat"))?;
        let io = read(pid, "io")?;
        let number = |name| number(&io, name).unwrap_or(0);
        Ok(Self { user, system, reads: number("syscr"), writes: number("syscw"), switches: switches(pid) })
    }

    /// The sum over processes.
    pub(crate) fn of_all(pids: impl IntoIterator<Item = u32>) -> Result<Self, Failure> {
        let mut sum = Self::default();
        for pid in pids {
            let used = Self::of(pid)?;
            sum.user += used.user;
            sum.system += used.system;
            sum.reads += used.reads;
            sum.writes += used.writes;
            sum.switches += used.switches;
        }
        Ok(sum)
    }

    /// Processor time in all.
    pub(crate) fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

impl Sub for Used {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
            reads: self.reads.saturating_sub(before.reads),
            writes: self.writes.saturating_sub(before.writes),
            switches: self.switches.saturating_sub(before.switches),
        }
    }
}

fn switches(pid: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let of_task = |task: fs::DirEntry| fs::read_to_string(task.path().join("status")).ok();
    let statuses = tasks.flatten().filter_map(of_task);
    statuses.filter_map(|status| number(&status, "voluntary_ctxt_switches")).sum()
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Resident, in all: what the figures are about.
    pub(crate) resident: u64,
    /// Of it, not backed by a file: the heap and the stacks.
    pub(crate) anonymous: u64,
}

impl Memory {
    /// Reads the process. A process that ended is a failure.
    pub(crate) fn of(pid: u32) -> Result<Self, Failure> {
        let rollup = read(pid, "smaps_rollup")?;
        let bytes = |name| number(&rollup, name).unwrap_or(0) * 1024;
        Ok(Self { resident: bytes("Rss"), anonymous: bytes("Anonymous") })
    }

    /// The sum over processes.
    pub(crate) fn of_all(pids: impl IntoIterator<Item = u32>) -> Result<Self, Failure> {
        let mut sum = Self::default();
        for pid in pids {
            let memory = Self::of(pid)?;
            sum.resident += memory.resident;
            sum.anonymous += memory.anonymous;
        }
        Ok(sum)
    }
}

fn read(pid: u32, file: &str) -> Result<String, Failure> {
    proc(pid, file).map_err(failed(pid, file))
}

fn failed(pid: u32, file: &str) -> impl FnOnce(io::Error) -> Failure {
    Failure::io(format!("reading /proc/{pid}/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_used_something() {
        let pid = std::process::id();
        let memory = Memory::of(pid).unwrap();
        assert!(memory.resident > 100_000 && memory.anonymous <= memory.resident);
        let before = Used::of(pid).unwrap();
        let _ = fs::read_to_string("/proc/self/stat");
        assert!((Used::of(pid).unwrap() - before).reads > 0);
    }

    #[test]
    fn a_process_that_is_not_there_is_a_failure() {
        assert!(Used::of(u32::MAX).is_err() && Memory::of(u32::MAX).is_err());
    }
}
