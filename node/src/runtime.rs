//! Time, tasks and randomness of the real world.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use rand::RngExt;
use souk_chat::ports::Runtime;
use souk_chat::{Tasks, Timestamp, guarded};
use tokio_util::task::TaskTracker;

/// The runtime of a node: tokio, the system's clocks, the system's randomness.
#[derive(Clone, Debug)]
pub struct System {
    start: Instant,
    running: TaskTracker,
    tasks: Tasks,
}

impl Default for System {
    fn default() -> Self {
        Self { start: Instant::now(), running: TaskTracker::new(), tasks: Tasks::new(tell) }
    }
}

/// The place of a panic, and what called it, is in what the program prints at the panic itself.
fn tell(task: &'static str, why: &str) {
    tracing::error!(task, why, "a task panicked");
}

impl System {
    /// The tasks that it spawned, for waiting until they are done.
    pub fn running(&self) -> &TaskTracker {
        &self.running
    }
}

impl Runtime for System {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.running.spawn(guarded(&self.tasks, name, task));
    }

    fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn random(&self) -> u64 {
        rand::rng().random()
    }
}
