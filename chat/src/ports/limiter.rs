use std::time::Duration;

use async_trait::async_trait;

use crate::id::{OrderId, UserId};

/// A send, or an edit, that wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// Whose.
    pub user: &'a UserId,
    /// Its name, unique per person: order and message id.
    pub key: &'a str,
    /// What it says; `None`: repetitions of it do not count.
    pub said: Option<Said<'a>>,
}

/// What a send says, as far as repetitions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// The order it is said in.
    pub order: &'a OrderId,
    /// A keyed hash of the person and the [form](souk_moderation::spam::form) of the text: equal for repetitions.
    pub form: u64,
    /// A keyed hash of the person and the send's name: equal for retries.
    pub name: u64,
    /// One repetition too many is refused, and not counted. Otherwise it goes on and its caller is told.
    pub refuse: bool,
}

/// Whether a send may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Allowed {
        /// Whether this call counted it. A retry of a send that was admitted within the window is admitted again and not counted
        /// again; only who counted may [`Limiter::forgive`].
        counted: bool,
        /// Its text is one repetition too many, and that is not to be refused.
        repeated: bool,
    },
    /// Not before `retry_after`, when the oldest counted send leaves the window.
    Limited {
        /// How long to wait; above zero, at most the window.
        retry_after: Duration,
    },
    /// Its text is one repetition too many.
    Repeated,
}

/// The sliding-window limit of sends per person, and their repetitions, over all devices and nodes. What a quota allows is given to
/// the engine when it is made.
///
/// A text is one repetition too many when, within [`SPAM_WINDOW`](crate::limits::SPAM_WINDOW), other sends of the person said it
/// [`SPAM_TIMES`](crate::limits::SPAM_TIMES) − 1 times in this order, or in [`SPAM_ORDERS`](crate::limits::SPAM_ORDERS) − 1 other
/// orders. Of each person the newest [`SPAM_REMEMBERED`](crate::limits::SPAM_REMEMBERED) are known.
///
/// It never fails: an engine that cannot reach its server within 100 ms decides by a limit of its own node, counts that in a
/// metric, and asks the server again after a pause (a breaker), so that a hung server stalls no send.
#[async_trait]
pub trait Limiter: Send + Sync {
    /// Counts the send, and what it says, if the window has room. Refused sends are not counted; a send that was counted before
    /// is never refused. Dropping the future may or may not have counted the send.
    async fn admit(&self, attempt: &Attempt<'_>) -> Admission;
    /// Takes back the counting of `attempt`: the send was refused after all, or was a repeat. Returns at once, done in the
    /// background.
    fn forgive(&self, attempt: &Attempt<'_>);
}
