//! The runtime of one simulated node: its clock goes wrong a little, its tasks end when it crashes, or panic.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use souk_chat::ports::Runtime;
use souk_chat::{Tasks, Timestamp, guarded};
use tokio::task::AbortHandle;

use crate::coverage::Seen;
use crate::plan::Sabotage;
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
    running: Mutex<Vec<AbortHandle>>,
    tasks: Tasks,
}

thread_local! {
    /// The node's task that is being polled.
    static TASK: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// A node's task: while it is polled, its name is known.
struct Named {
    name: &'static str,
    task: BoxFuture<'static, ()>,
}

/// Forgets the name, also of a task that panics.
struct Polling;

impl Drop for Polling {
    fn drop(&mut self) {
        TASK.set(None);
    }
}

impl Future for Named {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        TASK.set(Some(self.name));
        let _polling = Polling;
        self.task.poll_unpin(context)
    }
}

/// The task of a node that calls this may panic here, if the seed has it so. For the ways out of a task: where it asks, and where it
/// gets the answer.
pub fn may_panic(world: &World) {
    let Some(task) = TASK.get() else { return };
    if world.bites(world.plan.faults.panics) {
        world.saw(Seen::of_panic(task));
        world.note("panic", &[], || task.to_owned());
        // Without the hook, which would print each of them.
        std::panic::resume_unwind(Box::new("simulated"));
    }
}

impl NodeRuntime {
    /// A runtime whose wall clock is off by `skew` milliseconds.
    pub fn new(world: Arc<World>, skew: i64) -> Self {
        let tasks = Tasks::default();
        if world.plan.sabotage == Sabotage::NoGuards {
            tasks.take_guards_away();
        }
        let (skew, dead) = (AtomicI64::new(skew), AtomicBool::new(false));
        Self { world, skew, dead, running: Mutex::default(), tasks }
    }

    /// The wall clock jumps by so many milliseconds.
    pub fn jump(&self, millis: i64) {
        self.skew.fetch_add(millis, Ordering::Relaxed);
    }

    /// Ends all tasks where they stand.
    pub fn crash(&self) {
        self.dead.store(true, Ordering::Relaxed);
        for task in self.running.lock().drain(..) {
            task.abort();
        }
    }

    /// Whether the node crashed.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }
}

/// What a right clock shows.
pub(crate) fn at(world: &World) -> Timestamp {
    Timestamp(EPOCH_MS + i64::try_from(world.now()).unwrap_or(i64::MAX / 2))
}

impl Runtime for NodeRuntime {
    fn now(&self) -> Timestamp {
        Timestamp(at(&self.world).millis() + self.skew.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        STARTED + self.world.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let world = Arc::clone(&self.world);
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            may_panic(&world);
        })
    }

    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        if self.is_dead() {
            return;
        }
        let mut running = self.running.lock();
        if running.len() >= TASKS_LISTED {
            running.retain(|task| !task.is_finished());
        }
        let task = guarded(&self.tasks, name, Named { name, task });
        running.push(tokio::spawn(task.map(drop)).abort_handle());
    }

    fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn random(&self) -> u64 {
        self.world.rng().bits()
    }
}
