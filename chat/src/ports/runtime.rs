use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::tasks::Tasks;
use crate::time::Timestamp;

/// Time, tasks and randomness, from whoever runs the domain: a real runtime, or a simulation that decides everything by a seed.
pub trait Runtime: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// A clock that only goes forward, from an arbitrary start.
    fn monotonic(&self) -> Duration;
    /// Waits. Dropping the future cancels the wait.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// Runs a task to its end, whatever becomes of the caller. Its panic ends it alone, and is told to [`Runtime::tasks`] under
    /// this name, a label of figures. What it holds for others it gives back also then: see [`crate::tasks`].
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>);
    /// What became of tasks.
    fn tasks(&self) -> &Tasks;
    /// 64 random bits. Real ones come from a cryptographic generator.
    fn random(&self) -> u64;
}
