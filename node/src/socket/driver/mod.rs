//! A connection above its frames: which protocol it speaks, and how it ends.
//!
//! ```text
//! frames ─► Driver ─► Plain | SocketIo ─► Seat ─► Session      the sessions answer into the outbox by themselves
//!             ▲            │
//!             └── Outcome ─┘                                   what is to become of the connection
//! ```

mod plain;
mod socket_io;

use std::borrow::Cow;
use std::sync::Arc;

use fastwebsockets::OpCode;
use smallvec::SmallVec;
use souk_chat::Timestamp;
use souk_protocol::push::ServerDraining;
use souk_protocol::{Close, Error, ServerEvent};

use crate::hub::{ConnectionHandle, Frames, Notice};
use crate::session::SignedIn;

use super::context::SocketContext;
use super::frame;
use super::misuse::Misuse;
use super::seat::Seat;

use plain::Plain;
use socket_io::SocketIo;

/// How long a client should wait before it comes back, at least, when it is told to wait.
const COME_BACK_AFTER_MS: u64 = 1_000;

/// How a connection opens.
pub enum Opening {
    /// `/ws`. With a good token in the handshake it is signed in at once.
    Plain(Option<(SignedIn, String)>),
    /// A Socket.IO path. A good token in the handshake serves namespaces that bring none.
    SocketIo(Option<(SignedIn, String)>),
}

/// What a protocol makes of what comes. It answers into the outbox itself and never ends the connection: it says so.
trait Protocol {
    /// A text message came.
    fn text(&mut self, wire: &Wire, text: &str) -> Outcome;
    /// A binary message came.
    fn binary(&mut self, wire: &Wire) -> Outcome;
    /// A request of the session in this slot is finished.
    fn finished(&mut self, wire: &Wire, slot: u8, send: bool) -> Option<Close>;
    /// The time that was asked for with [`next_tick`](Self::next_tick) is there.
    fn tick(&mut self, wire: &Wire) -> Outcome;
    /// When the next tick is of use.
    fn next_tick(&self) -> Option<Timestamp>;
    /// Whether reading should pause until requests are finished.
    fn is_busy(&self) -> bool;
    /// The sessions that are open.
    fn seats(&mut self) -> SmallVec<[&mut Seat; 2]>;
    /// The numbers of all tokens that were used on the connection.
    fn tokens(&self) -> SmallVec<[u64; 4]>;
    /// The last words, for clients that do not see how a WebSocket closes. `wait_ms`: how long they should stay away.
    fn say_goodbye(&self, wire: &Wire, close: Close, why: &str, wait_ms: Option<u64>);
}

/// Where a connection's sessions write, and what they share with all others.
struct Wire {
    handle: Arc<ConnectionHandle>,
    context: Arc<SocketContext>,
}

impl Wire {
    fn write(&self, text: &[u8]) {
        self.handle.push(crate::hub::text(text));
    }

    fn now(&self) -> Timestamp {
        self.context.runtime.now()
    }
}

/// What is to become of a connection.
#[must_use]
enum Outcome {
    /// It goes on.
    GoOn,
    /// What came is not the protocol, and its sender was told: that counts.
    Offence,
    /// The same where nobody can be told: the connection ends, with this reason.
    Misuse(Cow<'static, str>),
    /// It ends now.
    End(Close),
    /// It ends when what is under way in all sessions was answered.
    WindDown(Close),
}

impl From<Option<Close>> for Outcome {
    fn from(close: Option<Close>) -> Self {
        close.map_or(Self::GoOn, Self::End)
    }
}

enum Kind {
    Plain(Plain),
    // Most connections are plain, and each should take what it needs.
    SocketIo(Box<SocketIo>),
}

impl Kind {
    fn protocol(&self) -> &dyn Protocol {
        match self {
            Self::Plain(plain) => plain,
            Self::SocketIo(socket_io) => &**socket_io,
        }
    }

    fn protocol_mut(&mut self) -> &mut dyn Protocol {
        match self {
            Self::Plain(plain) => plain,
            Self::SocketIo(socket_io) => &mut **socket_io,
        }
    }
}

/// The protocol of one connection.
pub struct Driver {
    kind: Kind,
    wire: Wire,
    misuse: Misuse,
    ended: Option<Box<Ended>>,
}

/// How a connection ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// With which code.
    pub close: Close,
    /// Why, for people.
    pub why: Cow<'static, str>,
}

/// However its task ends: nobody stays in the hub whose connection is gone.
impl Drop for Driver {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Driver {
    /// A connection that has just been upgraded; what opens it is already in its outbox.
    pub fn open(opening: Opening, handle: Arc<ConnectionHandle>, context: Arc<SocketContext>) -> Self {
        let wire = Wire { handle, context };
        let (kind, close) = match opening {
            Opening::Plain(handshake) => {
                let (plain, close) = Plain::open(&wire, handshake);
                (Kind::Plain(plain), close)
            }
            Opening::SocketIo(handshake) => (Kind::SocketIo(Box::new(SocketIo::open(&wire, handshake))), None),
        };
        let mut driver = Self { kind, wire, misuse: Misuse::default(), ended: None };
        driver.follow(Outcome::from(close));
        driver
    }

    /// How the connection ended, once it has; nothing is read any more, what is in the outbox is still to be written.
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_deref()
    }

    /// Whether reading should pause until requests are finished.
    pub fn is_busy(&self) -> bool {
        self.kind.protocol().is_busy()
    }

    /// A text message came.
    pub fn text(&mut self, text: &str) {
        if self.ended.is_none() {
            let outcome = self.kind.protocol_mut().text(&self.wire, text);
            self.follow(outcome);
        }
    }

    /// A binary message came: no protocol here has any.
    pub fn binary(&mut self) {
        let outcome = self.kind.protocol_mut().binary(&self.wire);
        self.follow(outcome);
    }

    /// A ping came: its payload goes back.
    pub fn ping(&mut self, payload: &[u8]) {
        self.wire.handle.push(frame::encode(OpCode::Pong, payload).into());
    }

    /// The answer to a ping came, with what that took along: the number of ours.
    pub fn pong(&mut self, payload: &[u8]) {
        let Ok(number) = <[u8; 4]>::try_from(payload) else { return };
        let Self { kind, wire, .. } = self;
        let number = u32::from_be_bytes(number);
        kind.protocol_mut().seats().iter().for_each(|seat| seat.heartbeat_answered(number, &wire.context));
    }

    /// The connection's task was told something.
    pub fn notice(&mut self, notice: Notice) {
        let protocol = self.kind.protocol_mut();
        let outcome = match notice {
            Notice::Finished { slot, send } => {
                protocol.finished(&self.wire, slot, send).map_or(Outcome::GoOn, Outcome::WindDown)
            }
            Notice::Tick => protocol.tick(&self.wire),
            // Draining lets answers under way go out first; everything else that is told from outside ends at once.
            Notice::Close(Close::Draining) => {
                self.announce_leaving();
                Outcome::WindDown(Close::Draining)
            }
            Notice::Close(close) => Outcome::End(close),
        };
        self.follow(outcome);
    }

    /// The connection is gone: its devices leave.
    pub fn leave(&mut self) {
        self.kind.protocol_mut().seats().into_iter().for_each(|seat| seat.leave(&self.wire.context));
    }

    fn follow(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::GoOn => {}
            Outcome::Offence => {
                if self.misuse.again(self.wire.context.seconds()) {
                    self.end_misused(Close::ProtocolMisuse.text().into());
                }
            }
            Outcome::Misuse(why) => self.end_misused(why),
            Outcome::End(close) => self.end(close, close.text().into()),
            Outcome::WindDown(close) => self.wind_down(close),
        }
        self.set_tick();
    }

    /// Tells every session what the number of the close cannot: how long to stay away.
    fn announce_leaving(&mut self) {
        let event = ServerEvent::ServerDraining(ServerDraining { reconnect_after_ms: COME_BACK_AFTER_MS });
        let frames = Frames::from(&event);
        for seat in self.kind.protocol_mut().seats() {
            if let Some(device) = seat.device() {
                device.push(&frames);
            }
        }
    }

    fn wind_down(&mut self, close: Close) {
        let Wire { handle, context } = &self.wire;
        let mut over = true;
        for seat in self.kind.protocol_mut().seats() {
            seat.close(close, handle, context);
            over &= seat.is_over();
        }
        if over {
            self.end(close, close.text().into());
        }
    }

    /// Ends the connection, and remembers every token that was used on it.
    fn end_misused(&mut self, why: Cow<'static, str>) {
        for token in self.kind.protocol().tokens() {
            self.wire.context.remember_misuse(token);
        }
        self.end(Close::ProtocolMisuse, why);
    }

    fn end(&mut self, close: Close, why: Cow<'static, str>) {
        if self.ended.is_some() {
            return;
        }
        self.wire.context.metrics.closes.count(close.code());
        if close != Close::Normal {
            let wait = (close.reconnect() == souk_protocol::Reconnect::AfterWait).then_some(COME_BACK_AFTER_MS);
            self.kind.protocol().say_goodbye(&self.wire, close, &why, wait);
        }
        self.ended = Some(Box::new(Ended { close, why }));
    }

    fn set_tick(&self) {
        let second = self.kind.protocol().next_tick().map_or(u32::MAX, |at| {
            let wait = (at.millis() - self.wire.now().millis()).max(0);
            let seconds = u32::try_from((wait + 999) / 1_000).unwrap_or(u32::MAX);
            self.wire.context.seconds().saturating_add(seconds)
        });
        self.wire.handle.tick_at(second);
    }
}

fn no_binary_frames() -> Error {
    Error::bad_request("souk speaks in text frames; binary ones are not understood")
}
