//! A session at its place on a connection: carries out the session's effects.

use std::sync::Arc;

use bytes::Bytes;
use souk_chat::{ClientMessageId, Timestamp};
use souk_protocol::limits::EVENT_NAME_BYTES;
use souk_protocol::{Close, Error, Request};

use crate::commands::exception;
use crate::hub::{Ack, ConnectionHandle, Device, Encoding};
use crate::session::{Effect, Effects, Session, SignedIn};

use super::context::SocketContext;

/// A session with its device, once it is signed in.
pub(super) struct Seat {
    session: Session,
    device: Option<Arc<Device>>,
    encoding: Encoding,
    slot: u8,
    /// Stands for the token it came with; see [`SocketContext::is_misuser`].
    pub(super) token: u64,
}

impl Seat {
    pub(super) fn new(encoding: Encoding, slot: u8, token: u64, now: Timestamp) -> Self {
        Self { session: Session::new(now), device: None, encoding, slot, token }
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

    pub(super) fn sign_in(
        &mut self,
        signed_in: SignedIn,
        handle: &Arc<ConnectionHandle>,
        context: &SocketContext,
    ) -> Option<Close> {
        let effects = self.session.sign_in(signed_in, context.runtime.now());
        self.carry_out(effects, handle, context)
    }

    pub(super) fn request(
        &mut self,
        ack: Option<Ack>,
        request: Request<'_>,
        handle: &Arc<ConnectionHandle>,
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
        self.carry_out(effects, handle, context)
    }

    pub(super) fn finished(
        &mut self,
        send: bool,
        handle: &Arc<ConnectionHandle>,
        context: &SocketContext,
    ) -> Option<Close> {
        let effects = self.session.finished(send);
        self.carry_out(effects, handle, context)
    }

    pub(super) fn tick(&mut self, handle: &Arc<ConnectionHandle>, context: &SocketContext) -> Option<Close> {
        let effects = self.session.tick(context.runtime.now());
        self.carry_out(effects, handle, context)
    }

    pub(super) fn close(
        &mut self,
        close: Close,
        handle: &Arc<ConnectionHandle>,
        context: &SocketContext,
    ) -> Option<Close> {
        let effects = self.session.close(close);
        self.carry_out(effects, handle, context)
    }

    pub(super) fn heartbeat_answered(&self, number: u32, context: &SocketContext) {
        if let Some(device) = &self.device {
            context.commands.heartbeat_answered(device, number);
        }
    }

    pub(super) fn leave(&mut self, context: &SocketContext) {
        if let Some(device) = self.device.take() {
            context.hub.exit(&device);
        }
    }

    /// Refuses what could not be read.
    pub(super) fn refuse(&self, ack: Option<Ack>, error: &Error, handle: &ConnectionHandle) {
        self.refuse_event(ack, error, "", None, handle);
    }

    /// Refuses an event whose data makes no sense. `id`: its `clientMessageId`, as far as that does.
    pub(super) fn refuse_event(
        &self,
        ack: Option<Ack>,
        error: &Error,
        event: &str,
        id: Option<ClientMessageId>,
        handle: &ConnectionHandle,
    ) {
        // A name that nobody could have meant is not repeated.
        let event = if event.len() <= EVENT_NAME_BYTES { event.to_owned() } else { String::new() };
        match ack {
            Some(ack) => handle.push(self.encoding.refusal(ack, error)),
            None => handle.push(exception(event, error, id).of(self.encoding)),
        };
    }

    fn carry_out(
        &mut self,
        effects: Effects,
        handle: &Arc<ConnectionHandle>,
        context: &SocketContext,
    ) -> Option<Close> {
        for effect in effects {
            match effect {
                Effect::Enter(actor) => {
                    let device =
                        Arc::new(Device::new(Arc::clone(handle), self.slot, self.encoding, actor, context.node));
                    if context.hub.enter(&device).is_err() {
                        return Some(Close::TooManyDevices);
                    }
                    context.metrics.sessions_opened.of(self.encoding.carrier()).inc();
                    self.device = Some(device);
                }
                Effect::Leave(order) => {
                    if let Some(device) = &self.device {
                        context.hub.leave(device, &order);
                    }
                }
                Effect::Answer(ack, body) => self.answer(ack, &body, handle),
                Effect::Refuse { ack: Some(ack), error, .. } => {
                    handle.push(self.encoding.refusal(ack, &error));
                }
                Effect::Refuse { ack: None, error, event, id } => {
                    handle.push(exception(event, &error, id).of(self.encoding));
                }
                Effect::Push(frames) => {
                    handle.push(frames.of(self.encoding));
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

    fn answer(&self, ack: Option<Ack>, body: &Bytes, handle: &ConnectionHandle) {
        if let Some(ack) = ack {
            handle.push(self.encoding.answer(ack, body));
        }
    }
}
