//! Messages that are not acknowledged yet, in the order in which they were sent.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use souk_chat::{ClientMessageId, OrderId};
use souk_protocol::dto::Message;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::SendError;

pub(crate) type SendOutcome = Result<Arc<Message>, SendError>;

/// A message that waits for its acknowledgement.
#[derive(Debug)]
pub(crate) struct PendingSend {
    pub(crate) order: OrderId,
    pub(crate) id: ClientMessageId,
    pub(crate) content: Box<str>,
    pub(crate) deadline: Instant,
    pub(crate) to: oneshot::Sender<SendOutcome>,
    pub(crate) state: Way,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To be sent, not before this moment.
    Waits(Option<Instant>),
    /// Sent on this connection.
    Sent,
}

/// The bounded outbox.
#[derive(Debug)]
pub(crate) struct Outbox {
    pending: VecDeque<PendingSend>,
    most: usize,
    /// How many of one order may be sent and not acknowledged.
    window: usize,
}

impl Outbox {
    pub(crate) fn new(most: usize, window: usize) -> Self {
        Self { pending: VecDeque::new(), most, window: window.max(1) }
    }

    /// Why a message cannot be put in.
    pub(crate) fn check(&self, order: &OrderId, id: &ClientMessageId) -> Result<(), SendError> {
        if self.pending.iter().any(|send| send.id == *id && send.order == *order) {
            return Err(SendError::Waiting);
        }
        if self.pending.len() >= self.most { Err(SendError::OutboxFull { max: self.most }) } else { Ok(()) }
    }

    pub(crate) fn put(&mut self, send: PendingSend) {
        self.pending.push_back(send);
    }

    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    /// The places of those to send now. Of each order the first ones only: while one waits, none behind it goes.
    pub(crate) fn due(&self, now: Instant) -> Vec<usize> {
        let mut busy: HashMap<&OrderId, usize> = HashMap::new();
        let mut due = Vec::new();
        for (place, send) in self.pending.iter().enumerate() {
            let before = busy.entry(&send.order).or_default();
            if *before >= self.window {
                continue;
            }
            match send.state {
                Way::Sent => *before += 1,
                Way::Waits(Some(at)) if at > now => *before = self.window,
                Way::Waits(_) => {
                    *before += 1;
                    due.push(place);
                }
            }
        }
        due
    }

    pub(crate) fn at(&mut self, place: usize) -> Option<&mut PendingSend> {
        self.pending.get_mut(place)
    }

    pub(crate) fn find(&mut self, order: &OrderId, id: &ClientMessageId) -> Option<&mut PendingSend> {
        self.pending.iter_mut().find(|send| send.id == *id && send.order == *order)
    }

    /// Takes a message out and tells its sender. Nothing, if it is not there any more.
    pub(crate) fn finish(&mut self, order: &OrderId, id: &ClientMessageId, outcome: SendOutcome) {
        let place = self.pending.iter().position(|send| send.id == *id && send.order == *order);
        if let Some(send) = place.and_then(|place| self.pending.remove(place)) {
            // The sender may not wait any more.
            let _ = send.to.send(outcome);
        }
        if self.pending.is_empty() {
            self.pending = VecDeque::new();
        }
    }

    /// The connection ended: all are to be sent again, in their order.
    pub(crate) fn rewind(&mut self) {
        self.pending.iter_mut().for_each(|send| send.state = Way::Waits(None));
    }

    /// Gives up those whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(place) = self.pending.iter().position(|send| send.deadline <= now) {
            let Some(send) = self.pending.remove(place) else { return };
            let _ = send.to.send(Err(SendError::TimedOut { client_message_id: send.id }));
        }
    }

    /// Gives up all.
    pub(crate) fn stop(&mut self) {
        for send in std::mem::take(&mut self.pending) {
            let _ = send.to.send(Err(SendError::Stopped { client_message_id: send.id }));
        }
    }

    /// When, after `now`, there is something to do without anything happening.
    pub(crate) fn alarm(&self, now: Instant) -> Option<Instant> {
        let moments = self.pending.iter().map(|send| match send.state {
            // What is due and not gone is held up by something else, whose end will be noticed.
            Way::Waits(Some(at)) if at > now => send.deadline.min(at),
            _ => send.deadline,
        });
        moments.min()
    }
}
