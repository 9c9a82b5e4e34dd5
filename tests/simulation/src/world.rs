//! Time, the queue of what is to happen, and what all parts of a run share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::coverage::{Coverage, Seen};
use crate::plan::Plan;
use crate::rng::Rng;

type Event = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    /// By moment, then by the order in which they were asked for.
    events: BTreeMap<(u64, u64), Event>,
    asked: u64,
}

#[derive(Default)]
struct Record {
    hash: u64,
    coverage: Coverage,
    failures: Vec<String>,
}

/// What all parts of a run share.
pub struct World {
    /// What the seed decided.
    pub plan: Plan,
    start: Instant,
    queue: Mutex<Queue>,
    changed: Notify,
    rng: Mutex<Rng>,
    record: Mutex<Record>,
    /// When faults end, in milliseconds.
    heal_at: Mutex<u64>,
    verbose: bool,
}

/// Failures kept per run; the first tells the most.
const FAILURES_KEPT: usize = 8;

impl World {
    /// A world at moment 0. `verbose`: the trace is printed.
    pub fn new(plan: Plan, rng: Rng, verbose: bool) -> Arc<Self> {
        let heal_at = plan.busy_ms;
        Arc::new(Self {
            plan,
            start: Instant::now(),
            queue: Mutex::default(),
            changed: Notify::new(),
            rng: Mutex::new(rng),
            record: Mutex::default(),
            heal_at: Mutex::new(heal_at),
            verbose,
        })
    }

    /// The seed's numbers.
    pub fn rng(&self) -> MutexGuard<'_, Rng> {
        self.rng.lock()
    }

    /// The moment, in milliseconds.
    pub fn now(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The moment.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Whether things still go wrong.
    pub fn is_faulty(&self) -> bool {
        self.now() < *self.heal_at.lock()
    }

    /// When things stop going wrong, in milliseconds.
    pub fn heal_at(&self) -> u64 {
        *self.heal_at.lock()
    }

    /// Whether a fault of this frequency happens now.
    pub fn bites(&self, per_mille: u64) -> bool {
        self.is_faulty() && per_mille > 0 && self.rng().chance(per_mille)
    }

    /// Has `event` happen at `moment`, or now if that is past; of the same moment in the order asked for.
    pub fn at(&self, moment: u64, event: impl FnOnce() + Send + 'static) {
        let moment = moment.max(self.now());
        let mut queue = self.queue.lock();
        queue.asked += 1;
        let key = (moment, queue.asked);
        queue.events.insert(key, Box::new(event));
        drop(queue);
        self.changed.notify_one();
    }

    /// Has `event` happen after some milliseconds.
    pub fn after(&self, millis: u64, event: impl FnOnce() + Send + 'static) {
        self.at(self.now() + millis, event);
    }

    /// Resolves with what `sender` gets, or never.
    pub fn answer<T: Send + 'static>(receiver: oneshot::Receiver<T>) -> BoxFuture<'static, T> {
        Box::pin(async move {
            match receiver.await {
                Ok(answer) => answer,
                Err(_) => std::future::pending().await,
            }
        })
    }

    /// Makes things happen, until the future is dropped.
    pub async fn turn(&self) {
        loop {
            let due = {
                let mut queue = self.queue.lock();
                match queue.events.first_entry() {
                    Some(first) if first.key().0 <= self.now() => Ok(first.remove()),
                    Some(first) => Err(Some(first.key().0)),
                    None => Err(None),
                }
            };
            match due {
                Ok(event) => {
                    event();
                    // What the event woke runs before the next one of the same moment.
                    tokio::task::yield_now().await;
                }
                Err(Some(moment)) => {
                    let sleep = tokio::time::sleep_until(self.start + Duration::from_millis(moment));
                    futures_util::future::select(Box::pin(sleep), Box::pin(self.changed.notified())).await;
                }
                Err(None) => self.changed.notified().await,
            }
        }
    }

    /// Forgets all that was still to happen.
    pub fn clear(&self) {
        let events = std::mem::take(&mut self.queue.lock().events);
        drop(events);
    }

    /// Notes what happened: part of the trace, whose hash two runs of one seed share.
    pub fn note(&self, what: &'static str, numbers: &[u64], words: impl FnOnce() -> String) {
        let now = self.now();
        let mut record = self.record.lock();
        let bytes = what.bytes().map(u64::from);
        for number in bytes.chain(numbers.iter().copied()).chain([now]) {
            record.hash = (record.hash ^ number).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
        }
        if self.verbose {
            show(&format!("{:>7}.{:03} {what:<12} {numbers:?} {}", now / 1_000, now % 1_000, words()));
        }
    }

    /// A fault bit, or something rare was met.
    pub fn saw(&self, what: Seen) {
        self.record.lock().coverage.saw(what);
    }

    /// The same, several times.
    pub fn saw_times(&self, what: Seen, times: u64) {
        self.record.lock().coverage.saw_times(what, times);
    }

    /// An invariant does not hold.
    pub fn fail(&self, invariant: &str, words: String) {
        let now = self.now();
        let mut record = self.record.lock();
        let failure = format!("{invariant} at {}.{:03} s: {words}", now / 1_000, now % 1_000);
        if self.verbose {
            show(&format!("FAILED {failure}"));
        }
        if record.failures.len() < FAILURES_KEPT {
            record.failures.push(failure);
        }
    }

    /// Whether an invariant was broken.
    pub fn has_failed(&self) -> bool {
        !self.record.lock().failures.is_empty()
    }

    /// What came of it: failures, coverage, the hash of the trace.
    pub fn outcome(&self) -> (Vec<String>, Coverage, u64) {
        let record = self.record.lock();
        (record.failures.clone(), record.coverage.clone(), record.hash)
    }
}

impl World {
    /// A place for each node, empty.
    pub fn plan_nodes<T>(&self) -> Vec<Option<T>> {
        std::iter::repeat_with(|| None).take(self.plan.nodes).collect()
    }
}

/// Prints a line of the trace.
#[expect(clippy::print_stdout, reason = "a trace was asked for, and this is it")]
pub(crate) fn show(words: &str) {
    println!("{words}");
}
