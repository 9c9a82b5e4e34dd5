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
pub(crate) struct Parcel {
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
    parcels: VecDeque<Parcel>,
    most: usize,
    /// How many of one order may be sent and not acknowledged.
    window: usize,
}

impl Outbox {
    pub(crate) fn new(most: usize, window: usize) -> Self {
        Self { parcels: VecDeque::new(), most, window: window.max(1) }
    }

    /// Why a message cannot be put in.
    pub(crate) fn check(&self, order: &OrderId, id: &ClientMessageId) -> Result<(), SendError> {
        if self.parcels.iter().any(|parcel| parcel.id == *id && parcel.order == *order) {
            return Err(SendError::Waiting);
        }
        if self.parcels.len() >= self.most { Err(SendError::OutboxFull { max: self.most }) } else { Ok(()) }
    }

    pub(crate) fn put(&mut self, parcel: Parcel) {
        self.parcels.push_back(parcel);
    }

    pub(crate) fn len(&self) -> usize {
        self.parcels.len()
    }

    /// The places of those to send now. Of each order the first ones only: while one waits, none behind it goes.
    pub(crate) fn due(&self, now: Instant) -> Vec<usize> {
        let mut busy: HashMap<&OrderId, usize> = HashMap::new();
        let mut due = Vec::new();
        for (place, parcel) in self.parcels.iter().enumerate() {
            let before = busy.entry(&parcel.order).or_default();
            if *before >= self.window {
                continue;
            }
            match parcel.state {
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

    pub(crate) fn at(&mut self, place: usize) -> Option<&mut Parcel> {
        self.parcels.get_mut(place)
    }

    pub(crate) fn find(&mut self, order: &OrderId, id: &ClientMessageId) -> Option<&mut Parcel> {
        self.parcels.iter_mut().find(|parcel| parcel.id == *id && parcel.order == *order)
    }

    /// Takes a message out and tells its sender. Nothing, if it is not there any more.
    pub(crate) fn finish(&mut self, order: &OrderId, id: &ClientMessageId, outcome: SendOutcome) {
        let place = self.parcels.iter().position(|parcel| parcel.id == *id && parcel.order == *order);
        if let Some(parcel) = place.and_then(|place| self.parcels.remove(place)) {
            // The sender may not wait any more.
            let _ = parcel.to.send(outcome);
        }
        if self.parcels.is_empty() {
            self.parcels = VecDeque::new();
        }
    }

    /// The connection ended: all are to be sent again, in their order.
    pub(crate) fn rewind(&mut self) {
        self.parcels.iter_mut().for_each(|parcel| parcel.state = Way::Waits(None));
    }

    /// Gives up those whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some(place) = self.parcels.iter().position(|parcel| parcel.deadline <= now) {
            let Some(parcel) = self.parcels.remove(place) else { return };
            let _ = parcel.to.send(Err(SendError::TimedOut { client_message_id: parcel.id }));
        }
    }

    /// Gives up all.
    pub(crate) fn stop(&mut self) {
        for parcel in std::mem::take(&mut self.parcels) {
            let _ = parcel.to.send(Err(SendError::Stopped { client_message_id: parcel.id }));
        }
    }

    /// When, after `now`, there is something to do without anything happening.
    pub(crate) fn alarm(&self, now: Instant) -> Option<Instant> {
        let moments = self.parcels.iter().map(|parcel| match parcel.state {
            // What is due and not gone is held up by something else, whose end will be noticed.
            Way::Waits(Some(at)) if at > now => parcel.deadline.min(at),
            _ => parcel.deadline,
        });
        moments.min()
    }
}
