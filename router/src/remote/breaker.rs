use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long nothing is asked after a failure.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Keeps callers from waiting for a server that did not answer: after a failure nobody asks for [`PAUSE`], then one does, and only
/// its success lets the others ask again.
#[derive(Debug)]
pub(super) struct Breaker {
    begin: Instant,
    /// Milliseconds after `begin` when the next may ask; 0: everybody may.
    shut_until: AtomicU64,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { begin: Instant::now(), shut_until: AtomicU64::new(0) }
    }

    fn now(&self) -> u64 {
        // One more, so that a shut breaker never reads as 0.
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn after_pause(&self) -> u64 {
        self.now() + u64::try_from(PAUSE.as_millis()).expect("a pause is short")
    }

    /// Whether the caller may ask. Who got leave and never says how it went has used up one pause's leave, no more.
    pub(super) fn may_ask(&self) -> bool {
        let until = self.shut_until.load(Ordering::Relaxed);
        if until == 0 {
            return true;
        }
        let is_over = until <= self.now();
        is_over
            && self.shut_until.compare_exchange(until, self.after_pause(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    pub(super) fn succeeded(&self) {
        if self.shut_until.load(Ordering::Relaxed) != 0 {
            self.shut_until.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn failed(&self) {
        self.shut_until.store(self.after_pause(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_one_asks_per_pause_until_it_goes_well() {
        let breaker = Breaker::new();
        assert!(breaker.may_ask() && breaker.may_ask());
        breaker.failed();
        assert!(!breaker.may_ask());
        tokio::time::advance(PAUSE).await;
        assert!(breaker.may_ask(), "one probe");
        assert!(!breaker.may_ask(), "and no second");
        tokio::time::advance(PAUSE).await;
        assert!(breaker.may_ask(), "a probe that never came back does not shut it for ever");
        breaker.succeeded();
        assert!(breaker.may_ask() && breaker.may_ask());
    }
}
