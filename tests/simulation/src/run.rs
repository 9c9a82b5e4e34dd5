//! Running one seed, and many.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::coverage::Coverage;
use crate::plan::Sabotage;
use crate::scenario::{self, Outcome};

/// Plays one seed on a thread's own runtime, whose clock is simulated. `verbose`: prints the trace.
pub fn run(seed: u64, sabotage: Sabotage, verbose: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing of the system");
    runtime.block_on(scenario::play(seed, sabotage, verbose))
}

/// What many seeds brought.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds played.
    pub seeds: u64,
    /// Messages in history, of all of them.
    pub messages: u64,
    /// What was met.
    pub coverage: Coverage,
    /// Seeds that failed, with what they found, by rising seed.
    pub failed: Vec<(u64, Vec<String>)>,
}

/// Plays `count` seeds from `first` on, on this many threads. `until`: stops when one broke this check.
pub fn run_many(first: u64, count: u64, threads: usize, sabotage: Sabotage, until: Option<&str>) -> Report {
    let (next, stop, report) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(Report::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= count || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let seed = first + place;
                    let outcome = run(seed, sabotage, false);
                    let mut report = report.lock();
                    report.seeds += 1;
                    report.messages += outcome.messages;
                    report.coverage.add(&outcome.coverage);
                    if !outcome.failures.is_empty() {
                        let breaks = |check| outcome.failures.iter().any(|failure| failure.starts_with(check));
                        stop.fetch_or(until.is_some_and(breaks), Ordering::Relaxed);
                        report.failed.push((seed, outcome.failures));
                    }
                }
            });
        }
    });
    let mut report = report.into_inner();
    report.failed.sort_by_key(|(seed, _)| *seed);
    report
}
