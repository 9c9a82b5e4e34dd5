//! How a client is made.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::{Cursor, OrderId};
use souk_protocol::dto::ReconnectPolicy;

use super::driver::Driver;
use super::{Client, Handle, Shared};
use crate::backoff::{Backoff, Dice, POLICY};
use crate::connection::ConnectOptions;
use crate::engine::{Engine, Figures};
use crate::event::{EventQueue, Events};
use crate::limits::{ANSWER_TIME, EVENTS, JOIN_TIME, OUTBOX_MESSAGES, REQUEST_TIME, SEND_TIME, VIEW_MESSAGES};
use crate::token::Tokens;

/// Everything that can be chosen about a [`Client`]. One builder makes any number of clients.
#[derive(Clone, Debug)]
pub struct ClientBuilder {
    options: Arc<ConnectOptions>,
    tokens: Tokens,
    cursors: BTreeMap<OrderId, Cursor>,
    figures: Figures,
    times: Times,
    events: usize,
    policy: ReconnectPolicy,
    seed: Option<u64>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) send: Duration,
    pub(super) join: Duration,
    pub(super) request: Duration,
}

impl ClientBuilder {
    pub(super) fn new(options: ConnectOptions, tokens: Tokens) -> Self {
        Self {
            options: Arc::new(options),
            tokens,
            cursors: BTreeMap::new(),
            figures: Figures { outbox: OUTBOX_MESSAGES, window: 1, view: VIEW_MESSAGES, answer_time: ANSWER_TIME },
            times: Times { send: SEND_TIME, join: JOIN_TIME, request: REQUEST_TIME },
            events: EVENTS,
            policy: POLICY,
            seed: None,
        }
    }

    /// Starts from cursors that [`Client::cursors`] gave before. Nothing is joined by this.
    #[must_use]
    pub fn cursors(mut self, cursors: BTreeMap<OrderId, Cursor>) -> Self {
        self.cursors = cursors;
        self
    }

    /// Most messages that wait for their acknowledgement.
    #[must_use]
    pub fn outbox(mut self, messages: usize) -> Self {
        self.figures.outbox = messages;
        self
    }

    /// Most events that wait for the user; at least 2.
    #[must_use]
    pub fn events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// Most messages that are kept per order; at least 1. Older ones are dropped from the view.
    #[must_use]
    pub fn keep_messages(mut self, messages: usize) -> Self {
        self.figures.view = messages;
        self
    }

    /// How many messages of one order may be on their way at once; 1 unless told. With 1, the order of sending is the order of
    /// numbers whatever happens. With more, sending is faster, but a message that the server could not take for a moment
    /// (`unavailable`) may come after later ones.
    #[must_use]
    pub fn pipeline(mut self, messages: usize) -> Self {
        self.figures.window = messages;
        self
    }

    /// How long a send goes on before it is given up, over all reconnects.
    #[must_use]
    pub fn send_time(mut self, most: Duration) -> Self {
        self.times.send = most;
        self
    }

    /// How long the caller of a join waits.
    #[must_use]
    pub fn join_time(mut self, most: Duration) -> Self {
        self.times.join = most;
        self
    }

    /// How long the caller of any other request waits.
    #[must_use]
    pub fn request_time(mut self, most: Duration) -> Self {
        self.times.request = most;
        self
    }

    /// How long the server may leave a join or a send unanswered before the connection counts as broken.
    #[must_use]
    pub fn answer_time(mut self, most: Duration) -> Self {
        self.figures.answer_time = most;
        self
    }

    /// How to come back until the server told its own policy.
    #[must_use]
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Makes the random waits repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts a client: one task on the current tokio runtime. It ends with [`Client::close`], when the last [`Client`] is
    /// dropped, or when the server wants no more of it.
    pub fn start(&self) -> (Client, Events) {
        let seed = self.seed.unwrap_or_else(rand::random);
        let events = Arc::new(EventQueue::new(self.events));
        let engine = Engine::new(self.figures, events.clone(), self.cursors.clone(), Dice::new(seed.rotate_left(32)));
        let shared = Arc::new(Shared::new(engine, events.clone()));
        let driver =
            Driver::new(shared.clone(), self.options.clone(), self.tokens.clone(), Backoff::new(self.policy, seed));
        tokio::spawn(driver.run());
        let handle = Handle { shared, times: self.times };
        (Client(Arc::new(handle)), Events(events))
    }
}
