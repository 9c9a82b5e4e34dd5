//! Waiting: always through the runtime port, always bounded, always ended by a stop.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use souk_chat::ports::Runtime;
use tokio::sync::watch;

/// Waits and random times.
pub(super) struct Pace {
    pub(super) runtime: Arc<dyn Runtime>,
    stop: watch::Sender<bool>,
}

impl Pace {
    pub(super) fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, stop: watch::Sender::new(false) }
    }

    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(super) fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits, or not to the end if the relay stops: then `false`.
    pub(super) async fn sleep(&self, duration: Duration) -> bool {
        let mut stop = self.stop.subscribe();
        let stopped = pin!(stop.wait_for(|stop| *stop));
        matches!(select(stopped, self.runtime.sleep(duration)).await, Either::Right(_))
    }

    /// The answer, or `None` after `patience`; the future is dropped then.
    pub(super) async fn within<T>(&self, patience: Duration, future: impl Future<Output = T>) -> Option<T> {
        match select(pin!(future), self.runtime.sleep(patience)).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(_) => None,
        }
    }

    /// A time between zero and `ceiling`, both possible.
    pub(super) fn jitter(&self, ceiling: Duration) -> Duration {
        let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.runtime.random() % nanos.saturating_add(1))
    }

    /// The rest after the `failures`th failure in a row: full jitter under a doubling ceiling.
    pub(super) fn backoff(&self, first: Duration, most: Duration, failures: u32) -> Duration {
        self.jitter(first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(most))
    }
}
