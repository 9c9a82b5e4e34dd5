//! A session at its place on a connection: carries out the session's effects.

use std::sync::Arc;

use bytes::Bytes;
use souk_chat::{ClientMessageId, Timestamp};
use souk_protocol::limits::EVENT_NAME_BYTES;
use souk_protocol::{Close, Error, Request};

use crate::commands::exception;
use crate::hub::{Ack, Device, Dialect, Link};
use crate::session::{Effect, Effects, Session, SignedIn};

use super::context::SocketContext;

/// A session with its device, once it is signed in.
pub(super) struct Seat {
    session: Session,
    device: Option<Arc<Device>>,
    dialect: Dialect,
    slot: u8,
    /// Stands for the token it came with; see [`SocketContext::is_misuser`].
    pub(super) token: u64,
}

impl Seat {
    pub(super) fn new(dialect: Dialect, slot: u8, token: u64, now: Timestamp) -> Self {
        Self { session: Session::new(now), device: None, dialect, slot, token }
    }

    pub(super) fn device(&self) -> Option<&Arc<Device>> {
        self.device.as_ref()
    }

    /// Tells the sessions of a connection apart, those that ended included.
    pub(super) fn slot(&self) -> u8 {
        self.slot
    }

    pub(super) fn is_over(&self) -> bool {
        self.session.is_over()
    }

    pub(super) fn under_way(&self) -> usize {
        self.session.under_way()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.session.is_busy()
    }

    pub(super) fn next_tick(&self) -> Option<Timestamp> {
        self.session.next_tick()
    }

    pub(super) fn sign_in(&mut self, signed_in: SignedIn, link: &Arc<Link>, context: &SocketContext) -> Option<Close> {
        let effects = self.session.sign_in(signed_in, context.runtime.now());
        self.carry_out(effects, link, context)
    }

    pub(super) fn request(
        &mut self,
        ack: Option<Ack>,
        request: Request<'_>,
        link: &Arc<Link>,
        context: &SocketContext,
    ) -> Option<Close> {
        let brought = match &request {
            Request::Authenticate { token } | Request::RefreshToken { token } => Some(context.token_number(&token.0)),
            _ => None,
        };
        let effects = self.session.request(ack, request, &*context.verify, context.runtime.now());
        // A token that was refused does not take the place of the one that answers for this session.
        if let Some(token) = brought.filter(|_| effects.iter().any(|effect| matches!(effect, Effect::Answer(..)))) {
            self.token = token;
        }
        self.carry_out(effects, link, context)
    }

    pub(super) fn finished(&mut self, send: bool, link: &Arc<Link>, context: &SocketContext) -> Option<Close> {
        let effects = self.session.finished(send);
        self.carry_out(effects, link, context)
    }

    pub(super) fn tick(&mut self, link: &Arc<Link>, context: &SocketContext) -> Option<Close> {
        let effects = self.session.tick(context.runtime.now());
        self.carry_out(effects, link, context)
    }

    pub(super) fn close(&mut self, close: Close, link: &Arc<Link>, context: &SocketContext) -> Option<Close> {
        let effects = self.session.close(close);
        self.carry_out(effects, link, context)
    }

    pub(super) fn leave(&mut self, context: &SocketContext) {
        if let Some(device) = self.device.take() {
            context.hub.exit(&device);
        }
    }

    /// Refuses what could not be read.
    pub(super) fn refuse(&self, ack: Option<Ack>, error: &Error, link: &Link) {
        self.refuse_event(ack, error, "", None, link);
    }

    /// Refuses an event whose data makes no sense. `id`: its `clientMessageId`, as far as that does.
    pub(super) fn refuse_event(
        &self,
        ack: Option<Ack>,
        error: &Error,
        event: &str,
        id: Option<ClientMessageId>,
        link: &Link,
    ) {
        // A name that nobody could have meant is not repeated.
        let event = if event.len() <= EVENT_NAME_BYTES { event.to_owned() } else { String::new() };
        match ack {
            Some(ack) => link.push(self.dialect.refusal(ack, error)),
            None => link.push(exception(event, error, id).of(self.dialect)),
        };
    }

    fn carry_out(&mut self, effects: Effects, link: &Arc<Link>, context: &SocketContext) -> Option<Close> {
        for effect in effects {
            match effect {
                Effect::Enter(actor) => {
                    let device = Arc::new(Device::new(Arc::clone(link), self.slot, self.dialect, actor, context.node));
                    if context.hub.enter(&device).is_err() {
                        return Some(Close::TooManyDevices);
                    }
                    context.metrics.sessions_opened.of(self.dialect.carrier()).inc();
                    self.device = Some(device);
                }
                Effect::Leave(order) => {
                    if let Some(device) = &self.device {
                        context.hub.leave(device, &order);
                    }
                }
                Effect::Answer(ack, body) => self.answer(ack, &body, link),
                Effect::Refuse { ack: Some(ack), error, .. } => {
                    link.push(self.dialect.refusal(ack, &error));
                }
                Effect::Refuse { ack: None, error, event, id } => {
                    link.push(exception(event, &error, id).of(self.dialect));
                }
                Effect::Push(frames) => {
                    link.push(frames.of(self.dialect));
                }
                Effect::Run(ack, command) => {
                    if let Some(device) = &self.device {
                        context.commands.run(Arc::clone(device), ack, command);
                    }
                }
                Effect::Close(close) => return Some(close),
            }
        }
        None
    }

    fn answer(&self, ack: Option<Ack>, body: &Bytes, link: &Link) {
        if let Some(ack) = ack {
            link.push(self.dialect.answer(ack, body));
        }
    }
}
