//! When to look again though nothing happened.

use std::future::pending;
use std::pin::Pin;

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for everything, set anew only when something comes sooner: it may ring too early, never too late.
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    pub(super) fn new() -> Self {
        Self { sleep: Box::pin(sleep_until(Instant::now())) }
    }

    /// Waits until the moment, at most; without one, for ever. Cancel-safe.
    pub(super) async fn ring(&mut self, at: Option<Instant>) {
        let Some(at) = at else { return pending().await };
        if at < self.sleep.deadline() || self.sleep.is_elapsed() {
            self.sleep.as_mut().reset(at);
        }
        self.sleep.as_mut().await;
    }
}
