//! The runtime of one simulated node: its clock goes wrong a little, its tasks end when it crashes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use souk_chat::Timestamp;
use souk_chat::ports::Runtime;
use tokio::task::AbortHandle;

use crate::world::World;

/// The wall clock at moment 0, in milliseconds since the Unix epoch.
const EPOCH_MS: i64 = 1_790_000_000_000;
/// What the monotonic clock shows at moment 0: a node has been up for hours.
const STARTED: Duration = Duration::from_secs(10_000);
/// Tasks listed before those that have ended are taken off the list.
const TASKS_LISTED: usize = 64;

/// Time, tasks and randomness of one run of a node.
pub struct NodeRuntime {
    world: Arc<World>,
    /// How far the node's wall clock is off, in milliseconds.
    skew: AtomicI64,
    dead: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl NodeRuntime {
    /// A runtime whose wall clock is off by `skew` milliseconds.
    pub fn new(world: Arc<World>, skew: i64) -> Self {
        Self { world, skew: AtomicI64::new(skew), dead: AtomicBool::new(false), tasks: Mutex::default() }
    }

    /// The wall clock jumps by so many milliseconds.
    pub fn jump(&self, millis: i64) {
        self.skew.fetch_add(millis, Ordering::Relaxed);
    }

    /// Ends all tasks where they stand.
    pub fn crash(&self) {
        self.dead.store(true, Ordering::Relaxed);
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }

    /// Whether the node crashed.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }
}

impl Runtime for NodeRuntime {
    fn now(&self) -> Timestamp {
        let skew = self.skew.load(Ordering::Relaxed);
        Timestamp(EPOCH_MS + skew + i64::try_from(self.world.now()).unwrap_or(i64::MAX / 2))
    }

    fn monotonic(&self) -> Duration {
        STARTED + self.world.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        if self.is_dead() {
            return;
        }
        let mut tasks = self.tasks.lock();
        if tasks.len() >= TASKS_LISTED {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(tokio::spawn(task).abort_handle());
    }

    fn random(&self) -> u64 {
        self.world.rng().bits()
    }
}
