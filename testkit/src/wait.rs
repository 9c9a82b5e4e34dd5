//! Waiting for a condition, with a deadline. Only what fails waits for all of it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `look` finds something. Panics with `what` after `within`.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, within: Duration, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        sleep(LOOK_EVERY).await;
    }
}

/// Waits until `is` holds. Panics with `what` after `within`.
pub async fn until_true(what: &str, within: Duration, mut is: impl FnMut() -> bool) {
    until(what, within, || std::future::ready(is().then_some(()))).await;
}

/// Waits for a future. Panics with `what` after `within`.
pub async fn within<T>(what: &str, within: Duration, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(within, future).await.unwrap_or_else(|_| panic!("not within {within:?}: {what}"))
}
