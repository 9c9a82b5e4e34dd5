//! Time, tasks and randomness of the real world.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use rand::RngExt;
use souk_chat::Timestamp;
use souk_chat::ports::Runtime;
use tokio_util::task::TaskTracker;

/// The runtime of a node: tokio, the system's clocks, the system's randomness.
#[derive(Clone, Debug)]
pub struct System {
    start: Instant,
    tasks: TaskTracker,
}

impl Default for System {
    fn default() -> Self {
        Self { start: Instant::now(), tasks: TaskTracker::new() }
    }
}

impl System {
    /// The tasks it spawned, for waiting until they are done.
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
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

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.tasks.spawn(task);
    }

    fn random(&self) -> u64 {
        rand::rng().random()
    }
}
