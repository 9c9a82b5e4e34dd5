//! What a client tells its user.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::{OrderId, Seq};
use souk_protocol::dto::{Chat, Hello, Message};
use souk_protocol::push::{Exception, MessageStatus, Typing, UnreadUpdate, UserOffline, UserOnline};
use tokio::sync::Notify;

use crate::close::CloseReason;
use crate::error::ConnectError;
use crate::token::TokenError;

/// Why there is no connection at the moment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Disconnect {
    /// It did not come about.
    #[error("{0}")]
    Connect(ConnectError),
    /// It ended.
    #[error("{0}")]
    Closed(CloseReason),
    /// The provider has no token.
    #[error("no token: {0}")]
    Token(TokenError),
}

/// Why a client does nothing more.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StopReason {
    /// The user closed it, or dropped it.
    #[error("closed by the user")]
    Closed,
    /// The server does not want this client back with this token or behaviour.
    #[error("the server wants no more of it: {0}")]
    Refused(Disconnect),
}

/// What a message is to this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Not seen before.
    New,
    /// A higher version of one that was seen.
    Changed,
}

/// What happens to a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Signed in. Joined orders are joined again and unacknowledged messages sent again by themselves.
    Connected,
    /// The server told its limits and who is there.
    Hello(Arc<Hello>),
    /// The connection ended or did not come about.
    Disconnected {
        /// Why.
        reason: Arc<Disconnect>,
        /// When the next try begins; `None`: there is none.
        retry_in: Option<Duration>,
    },
    /// Caught up with an order, and live in it. Its messages came before this.
    Joined {
        /// The chat as it is now.
        chat: Arc<Chat>,
        /// The cursor.
        up_to: Seq,
    },
    /// The server refused an order; it is not joined again by itself.
    JoinRefused {
        /// The order.
        order: OrderId,
        /// Why.
        error: Box<souk_protocol::Error>,
    },
    /// A message, mine included; each version at most once.
    Message {
        /// The message.
        message: Arc<Message>,
        /// Whether it was seen before.
        change: Change,
    },
    /// The server's history of an order was put back to an older state: what was told of it before is void, the view was emptied,
    /// and the newest messages that are there follow.
    Reset(OrderId),
    /// Watermarks rose.
    Status(Box<MessageStatus>),
    /// Somebody types.
    Typing(Box<Typing>),
    /// A partner is there.
    Online(UserOnline),
    /// A partner is gone.
    Offline(Box<UserOffline>),
    /// Unread messages changed. Older ones than told before were dropped.
    Unread(Box<UnreadUpdate>),
    /// A chat of the list changed.
    ChatChanged(Arc<Chat>),
    /// The chat became read-only with this entry.
    ChatClosed(OrderId, Seq),
    /// The chat became writable again with this entry.
    ChatReopened(OrderId, Seq),
    /// Pushes of orders that are not joined may have been lost: `sync` them.
    ResyncRequired(Vec<OrderId>),
    /// The node is about to leave; the client comes back by itself.
    Draining,
    /// The token ends soon and the provider has no other, or the server did not take it.
    TokenNotRenewed(Box<str>),
    /// Something sent without an answer was refused.
    Exception(Box<Exception>),
    /// So many events were dropped here because they were not read in time. What [`view`](crate::Client::view) shows is complete.
    Lagged(u64),
    /// The client has stopped. Nothing follows.
    Stopped(StopReason),
}

/// The bounded queue between a client and its user. When it is full the client neither waits nor forgets that it dropped
/// something: reading the socket goes on, so that a user who waits for an answer can get it.
#[derive(Debug)]
pub(crate) struct EventQueue {
    inside: Mutex<Inside>,
    ready: Notify,
    most: usize,
}

#[derive(Debug, Default)]
struct Inside {
    events: VecDeque<Event>,
    missed: u64,
    stopped: Option<StopReason>,
    over: bool,
}

impl EventQueue {
    pub(crate) fn new(most: usize) -> Self {
        Self { inside: Mutex::default(), ready: Notify::new(), most: most.max(1) }
    }

    pub(crate) fn push(&self, event: Event) {
        let mut inside = self.inside.lock();
        // A gap is shown only when there is room for what follows it as well.
        let room = if inside.missed > 0 { inside.events.len() + 2 } else { inside.events.len() + 1 };
        if inside.over || room > self.most.max(2) {
            inside.missed += 1;
            return;
        }
        let missed = std::mem::take(&mut inside.missed);
        if missed > 0 {
            inside.events.push_back(Event::Lagged(missed));
        }
        inside.events.push_back(event);
        drop(inside);
        self.ready.notify_one();
    }

    /// Nothing follows but what is there, and `Stopped`.
    pub(crate) fn stop(&self, why: StopReason) {
        self.inside.lock().stopped = Some(why);
        self.ready.notify_one();
    }

    /// Nobody will read.
    fn abandon(&self) {
        let mut inside = self.inside.lock();
        inside.over = true;
        inside.events = VecDeque::new();
    }

    fn pop(&self) -> Option<Option<Event>> {
        let mut inside = self.inside.lock();
        if let Some(event) = inside.events.pop_front() {
            if inside.events.is_empty() {
                inside.events = VecDeque::new();
            }
            return Some(Some(event));
        }
        match std::mem::take(&mut inside.missed) {
            0 => {}
            missed => return Some(Some(Event::Lagged(missed))),
        }
        if inside.over {
            return Some(None);
        }
        let why = inside.stopped.take()?;
        inside.over = true;
        Some(Some(Event::Stopped(why)))
    }
}

/// The events of one client, in order.
#[derive(Debug)]
pub struct Events(pub(crate) Arc<EventQueue>);

impl Events {
    /// The next event; `None` after [`Event::Stopped`]. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.0.pop() {
                return event;
            }
            self.0.ready.notified().await;
        }
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.pop().flatten()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(n: u64) -> Event {
        Event::ChatClosed(OrderId::new("o").unwrap(), Seq(n))
    }

    #[test]
    fn what_does_not_fit_leaves_a_mark_at_its_place() {
        let queue = Arc::new(EventQueue::new(3));
        let mut events = Events(queue.clone());
        (1..=5).for_each(|n| queue.push(closed(n)));
        let read = |events: &mut Events| std::iter::from_fn(|| events.try_next()).collect::<Vec<_>>();
        assert_eq!(events.try_next(), Some(closed(1)));
        queue.push(closed(6));
        assert_eq!(events.try_next(), Some(closed(2)));
        queue.push(closed(7));
        assert_eq!(read(&mut events), [closed(3), Event::Lagged(3), closed(7)]);
        (8..=11).for_each(|n| queue.push(closed(n)));
        queue.stop(StopReason::Closed);
        let last = [closed(8), closed(9), closed(10), Event::Lagged(1), Event::Stopped(StopReason::Closed)];
        assert_eq!(read(&mut events), last);
        assert_eq!(queue.pop(), Some(None));
    }
}
