use std::time::Duration;

use async_trait::async_trait;

use crate::id::UserId;

/// Whether a send may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Allowed {
        /// Whether this call counted it. A retry of a send that was admitted within the window is admitted again and not counted
        /// again; only who counted may [`Limiter::forgive`].
        counted: bool,
    },
    /// Not before `retry_after`, when the oldest counted send leaves the window.
    Limited {
        /// How long to wait; above zero, at most the window.
        retry_after: Duration,
    },
}

/// The sliding-window limit of sends per person, over all devices and nodes. What a quota allows is given to the engine when it
/// is made.
///
/// It never fails: an engine that cannot reach its server within 100 ms decides by a limit of its own node, counts that in a
/// metric, and asks the server again after a pause (a breaker), so that a hung server stalls no send.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Counts the send named `key` (unique per person: order and message id) if the window has room. Refused sends are not
    /// counted. Dropping the future may or may not have counted the send.
    async fn admit(&self, user: &UserId, key: &str) -> Admission;
    /// Takes back the counting of `key`: the send was refused after all, or was a repeat. Returns at once, done in the background.
    fn forgive(&self, user: &UserId, key: &str);
}
