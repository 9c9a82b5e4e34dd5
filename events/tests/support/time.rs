use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use souk_chat::ports::Runtime;
use souk_chat::{Tasks, Timestamp, guarded};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// One process: its tasks end when it does, at whatever await they are.
pub struct Process {
    start: Instant,
    seed: AtomicU64,
    running: parking_lot::Mutex<Option<JoinSet<()>>>,
    tasks: Tasks,
}

impl Process {
    pub fn new(start: Instant, seed: u64) -> Self {
        Self {
            start,
            seed: AtomicU64::new(seed),
            running: parking_lot::Mutex::new(Some(JoinSet::new())),
            tasks: Tasks::default(),
        }
    }

    /// Ends it as `kill -9` would.
    pub fn kill(&self) {
        self.running.lock().take();
    }
}

impl Runtime for Process {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + i64::try_from(self.monotonic().as_millis()).unwrap())
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        if let Some(running) = &mut *self.running.lock() {
            running.spawn(guarded(&self.tasks, name, task).map(drop));
        }
    }

    fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn random(&self) -> u64 {
        // SplitMix64.
        let mut z = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
