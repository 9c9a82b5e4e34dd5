//! What goes out.

use std::time::Duration;

use souk_chat::OrderId;
use souk_protocol::Request;
use tokio::time::Instant;

use super::{Asked, Engine, Phase, Purpose, Way, Wire};
use crate::error::{RequestError, SendError};
use crate::limits::JOINS_IN_FLIGHT;

impl Engine {
    /// Writes what is to be written now: who I am first, then joins, messages, and the rest. Stops where the connection takes no
    /// more; it goes on when called again.
    pub(crate) fn pump(&mut self, wire: &mut impl Wire, now: Instant) {
        if !self.online {
            return;
        }
        // What is full becomes free by answers, and each of them leads here again.
        if let Err(error) = self.pump_all(wire, now) {
            tracing::debug!(%error, "the connection takes no more for the moment");
        }
    }

    fn pump_all(&mut self, wire: &mut impl Wire, now: Instant) -> Result<(), RequestError> {
        if self.greet {
            let id = wire.ask(&Request::JoinApp)?;
            self.greet = false;
            self.note(id, Purpose::Hello, now + self.figures.answer_time);
        }
        // Before joins: a leave may be followed by a join of the same order.
        while let Some(request) = self.casts.front() {
            wire.tell(request)?;
            self.casts.pop_front();
        }
        self.pump_joins(wire, now)?;
        self.pump_parcels(wire, now)?;
        self.pump_calls(wire)
    }

    fn note(&mut self, id: u64, purpose: Purpose, deadline: Instant) {
        self.asked.insert(id, Asked { deadline, purpose });
    }

    fn pump_joins(&mut self, wire: &mut impl Wire, now: Instant) -> Result<(), RequestError> {
        let asked = self.orders.iter().filter(|(_, state)| matches!(state.phase, Phase::Asked(_))).count();
        let due = |(order, state): (&OrderId, &super::orders::OrderState)| {
            let waits = state.retry_at.is_some_and(|at| at > now);
            (state.wanted && state.phase == Phase::Away && !waits).then(|| (order.clone(), state.known()))
        };
        let due: Vec<_> = self.orders.iter().filter_map(due).take(JOINS_IN_FLIGHT.saturating_sub(asked)).collect();
        for (order, cursor) in due {
            let id = wire.ask(&Request::JoinOrderChat { order: order.clone(), cursor })?;
            if let Some(state) = self.orders.get_mut(&order) {
                state.phase = Phase::Asked(id);
                state.retry_at = None;
            }
            self.note(id, Purpose::Join(order), now + self.figures.answer_time);
        }
        Ok(())
    }

    fn pump_parcels(&mut self, wire: &mut impl Wire, now: Instant) -> Result<(), RequestError> {
        let mut too_large = Vec::new();
        for place in self.outbox.due(now) {
            let Some(send) = self.outbox.at(place) else { continue };
            let request = Request::SendMessage {
                order: send.order.clone(),
                content: (&*send.content).into(),
                client_message_id: Some(send.id.clone()),
            };
            match wire.ask(&request) {
                Ok(id) => {
                    send.state = Way::Sent;
                    let purpose = Purpose::Send(send.order.clone(), send.id.clone());
                    self.note(id, purpose, now + self.figures.answer_time);
                }
                Err(RequestError::TooLarge) => too_large.push((send.order.clone(), send.id.clone())),
                Err(error) => return Err(error),
            }
        }
        for (order, id) in too_large {
            self.outbox.finish(&order, &id, Err(SendError::TooLarge));
        }
        Ok(())
    }

    fn pump_calls(&mut self, wire: &mut impl Wire) -> Result<(), RequestError> {
        while let Some(call) = self.calls.pop_front() {
            match wire.ask(&call.request) {
                Ok(id) => self.note(id, call.purpose, call.deadline),
                Err(RequestError::TooLarge) => call.purpose.fail(&RequestError::TooLarge),
                Err(error) => {
                    self.calls.push_front(call);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// How long to wait before asking again what the server could not do now: what it said, or a second, and up to as much on
    /// top, by chance.
    pub(super) fn retry_wait(&mut self, error: &souk_protocol::Error) -> Duration {
        const USUAL: Duration = Duration::from_secs(1);
        let wait = error.retry_after_ms.map_or(USUAL, Duration::from_millis).min(crate::limits::ANNOUNCED_WAIT);
        wait + self.dice.up_to(wait.min(USUAL))
    }
}
