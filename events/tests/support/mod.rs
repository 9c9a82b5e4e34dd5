//! Doubles for tests of the relay: a small store in memory, a sink that remembers, and tokio's paused clock as runtime.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part, all of it from one module")]

pub mod double;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "kafka")]
pub mod proxy;
pub mod sink;
pub mod time;

use std::time::Duration;

/// Waits until `condition` holds; fails the test after two hours of (paused) time.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..72_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}
