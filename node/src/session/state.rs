//! The state machine.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::service::Progress;
use souk_chat::{Actor, Draft, Timestamp};
use souk_protocol::dto::{self, Empty};
use souk_protocol::{Close, Error, Request, ServerEvent, json};

use crate::hub::{Ack, Frames};

use super::{Command, Effect, Effects, SignedIn, Verify};

/// How long a connection may take to sign in.
pub const SIGN_IN_WITHIN: Duration = Duration::from_secs(10);
/// How long before its end a token is announced to end.
const EXPIRY_NOTICE: Duration = Duration::from_secs(30);
/// What is said to who does not.
pub const SIGN_IN_FIRST: &str = r#"sign in first: {"id":1,"event":"authenticate","data":{"token":"<JWT>"}}"#;
/// Most requests of one session that are carried out or wait at the same time; with more the connection is not read from.
pub const REQUESTS_AT_ONCE: usize = 32;

#[derive(Debug)]
enum Phase {
    /// No token yet; gives up at this moment.
    SigningIn { until: Timestamp },
    /// Signed in.
    Active(Box<Active>),
    /// Ends as soon as the requests under way are answered.
    Ending(Close),
    /// Nothing more comes out.
    Over,
}

#[derive(Debug)]
struct Active {
    actor: Arc<Actor>,
    expires_at: Timestamp,
    good_until: Timestamp,
    announced: bool,
}

/// One person on one connection.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    /// Requests under way, the send in the lane included.
    running: usize,
    /// A send or an edit is under way: the next waits, so that those of one session get numbers in order.
    sending: bool,
    sends: VecDeque<(Option<Ack>, Command)>,
}

impl Session {
    /// A session that has yet to sign in.
    pub fn new(now: Timestamp) -> Self {
        Self::in_phase(Phase::SigningIn { until: later(now, SIGN_IN_WITHIN) })
    }

    fn in_phase(phase: Phase) -> Self {
        Self { phase, running: 0, sending: false, sends: VecDeque::new() }
    }

    /// Signs in with a token that was checked elsewhere: a header of the handshake, or Socket.IO's `auth`.
    pub fn sign_in(&mut self, signed_in: SignedIn, now: Timestamp) -> Effects {
        let actor = Arc::new(signed_in.actor);
        self.phase = Phase::Active(Box::new(Active {
            actor: Arc::clone(&actor),
            expires_at: signed_in.expires_at,
            good_until: signed_in.good_until,
            announced: false,
        }));
        let mut effects = Effects::from_iter([Effect::Enter(actor)]);
        effects.extend(self.tick(now));
        effects
    }

    /// Whether the session takes no more requests until some are finished.
    pub fn is_busy(&self) -> bool {
        self.running + self.sends.len() >= REQUESTS_AT_ONCE
    }

    /// Whether nothing comes out of it any more.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Requests that are being carried out: each is still to be told to [`Session::finished`].
    pub fn under_way(&self) -> usize {
        self.running
    }

    /// When [`Session::tick`] is next of use.
    pub fn next_tick(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::SigningIn { until } => Some(*until),
            Phase::Active(active) if active.announced => Some(active.good_until),
            Phase::Active(active) => Some(Timestamp(active.expires_at.millis() - millis(EXPIRY_NOTICE))),
            Phase::Ending(_) | Phase::Over => None,
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Timestamp) -> Effects {
        let mut effects = Effects::new();
        match &mut self.phase {
            Phase::SigningIn { until } if now >= *until => self.end(Close::Unauthorized, &mut effects),
            Phase::Active(active) => {
                if !active.announced && active.expires_at.millis() - now.millis() <= millis(EXPIRY_NOTICE) {
                    active.announced = true;
                    let event = ServerEvent::TokenExpiring(dto::TokenAccepted { expires_at: active.expires_at.into() });
                    effects.push(Effect::Push(Frames::from(&event)));
                }
                if now >= active.good_until {
                    self.end(Close::TokenExpired, &mut effects);
                }
            }
            _ => {}
        }
        effects
    }

    /// Ends after the answers under way.
    pub fn close(&mut self, close: Close) -> Effects {
        let mut effects = Effects::new();
        self.end(close, &mut effects);
        effects
    }

    fn end(&mut self, close: Close, effects: &mut Effects) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.phase = Phase::Ending(close);
        self.maybe_over(effects);
    }

    fn maybe_over(&mut self, effects: &mut Effects) {
        if let Phase::Ending(close) = self.phase
            && self.running == 0
            && self.sends.is_empty()
        {
            self.phase = Phase::Over;
            effects.push(Effect::Close(close));
        }
    }

    /// A request that was carried out is finished.
    pub fn finished(&mut self, send: bool) -> Effects {
        let mut effects = Effects::new();
        self.running = self.running.saturating_sub(1);
        if send {
            self.sending = false;
            if let Some((ack, command)) = self.sends.pop_front() {
                self.run(ack, command, &mut effects);
            }
        }
        self.maybe_over(&mut effects);
        effects
    }

    fn run(&mut self, ack: Option<Ack>, command: Command, effects: &mut Effects) {
        if command.writes() {
            if self.sending {
                self.sends.push_back((ack, command));
                return;
            }
            self.sending = true;
        }
        self.running += 1;
        effects.push(Effect::Run(ack, command));
    }

    /// A request came. The caller has seen to [`Session::is_busy`].
    pub fn request(&mut self, ack: Option<Ack>, request: Request<'_>, verify: &dyn Verify, now: Timestamp) -> Effects {
        let mut effects = Effects::new();
        match &mut self.phase {
            Phase::Ending(_) | Phase::Over => {}
            Phase::SigningIn { .. } => self.sign_in_first(ack, request, verify, now, &mut effects),
            Phase::Active(_) => self.active(ack, request, verify, now, &mut effects),
        }
        effects
    }

    fn sign_in_first(
        &mut self,
        ack: Option<Ack>,
        request: Request<'_>,
        verify: &dyn Verify,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let event = request.name();
        let outcome = match request {
            Request::Authenticate { token } => verify.verify(&token.0, now),
            _ => Err(Error::unauthorized(SIGN_IN_FIRST)),
        };
        match outcome {
            Ok(signed_in) => {
                let answer =
                    dto::SignedIn { user_id: signed_in.actor.user.clone(), expires_at: signed_in.expires_at.into() };
                let signed_in = self.sign_in(signed_in, now);
                let mut signed_in = signed_in.into_iter();
                effects.extend(signed_in.next());
                effects.push(Effect::Answer(ack, json::encode(&answer)));
                effects.extend(signed_in);
            }
            Err(error) => {
                effects.push(Effect::Refuse { ack, error, event, id: None });
                self.end(Close::Unauthorized, effects);
            }
        }
    }

    fn active(
        &mut self,
        ack: Option<Ack>,
        request: Request<'_>,
        verify: &dyn Verify,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let event = request.name();
        let mut refuse = |error: Error, id| effects.push(Effect::Refuse { ack, error, event, id });
        let command = match request {
            Request::Ping => return effects.push(Effect::Answer(ack, json::encode(&Empty {}))),
            Request::LeaveOrderChat { order } => {
                effects.push(Effect::Leave(order));
                return effects.push(Effect::Answer(ack, json::encode(&Empty {})));
            }
            Request::RefreshToken { token } => {
                let outcome = verify.verify(&token.0, now);
                return self.refresh(ack, outcome, now, effects);
            }
            Request::Authenticate { .. } => {
                return refuse(Error::bad_request("already signed in; refresh_token goes on with a newer token"), None);
            }
            Request::JoinApp => Command::Hello,
            Request::ListChats { cursor, limit } => {
                Command::ListChats { cursor: cursor.map(|cursor| cursor.into_owned().into_boxed_str()), limit }
            }
            Request::JoinOrderChat { order, cursor } => Command::Join { order, cursor },
            Request::Typing { order } => Command::Typing { order },
            Request::Sync { cursors } => Command::Sync { cursors },
            Request::SendMessage { order, content, client_message_id } => match Draft::new(&content) {
                Ok(draft) => Command::Send { order, draft, id: client_message_id },
                Err(refusal) => return refuse(refusal.into(), client_message_id),
            },
            Request::EditMessage { message, content } => match Draft::new(&content) {
                Ok(draft) => Command::Edit { order: message.order, seq: message.seq, draft },
                Err(refusal) => return refuse(refusal.into(), None),
            },
            Request::MessageDelivered { message } => {
                Command::Mark { order: message.order, progress: Progress::delivered(message.seq), is_read: false }
            }
            Request::MessageRead { message } => {
                Command::Mark { order: message.order, progress: Progress::read(message.seq), is_read: true }
            }
            Request::SetVisible { order, visible } => Command::SetVisible { order, visible },
            Request::ReportMessage { .. } => {
                return refuse(Error::bad_request(format!("this version of souk does not answer {event}")), None);
            }
        };
        self.run(ack, command, effects);
    }

    fn refresh(&mut self, ack: Option<Ack>, outcome: Result<SignedIn, Error>, now: Timestamp, effects: &mut Effects) {
        let Phase::Active(active) = &mut self.phase else { return };
        let refused = match outcome {
            Ok(fresh) if fresh.actor.user != active.actor.user || fresh.actor.role != active.actor.role => {
                Error::new(souk_protocol::Code::Forbidden, "a refreshed token is of the same person in the same role")
            }
            Ok(fresh) => {
                active.expires_at = fresh.expires_at;
                active.good_until = fresh.good_until;
                active.announced = false;
                let answer = dto::TokenAccepted { expires_at: fresh.expires_at.into() };
                effects.push(Effect::Answer(ack, json::encode(&answer)));
                effects.extend(self.tick(now));
                return;
            }
            Err(error) => error,
        };
        effects.push(Effect::Refuse { ack, error: refused, event: "refresh_token", id: None });
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    Timestamp(now.millis() + millis(wait))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
