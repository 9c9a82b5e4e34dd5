//! Socket.IO: up to two namespaces, each a session, in packets of Engine.IO.

use std::borrow::Cow;

use smallvec::SmallVec;
use souk_chat::{Timestamp, UserId};
use souk_protocol::socketio::{self, Frame, Namespace, Packet};
use souk_protocol::{Close, Closing, Code, Error, ServerEvent};

use super::{Outcome, Protocol, Wire, no_binary_frames};
use crate::hub::{Ack, Encoding, Frames};
use crate::session::{REQUESTS_AT_ONCE, SIGN_IN_WITHIN, SignedIn};
use crate::socket::seat::Seat;

#[derive(Default)]
pub(super) struct SocketIo {
    seats: [Option<Seat>; 2],
    /// Of the handshake's header.
    handshake: Option<(SignedIn, u64)>,
    /// All namespaces of a connection are one person's.
    user: Option<UserId>,
    /// By when a namespace must be open.
    open_by: Option<Timestamp>,
    /// Sessions opened so far, wrapping.
    opened: u8,
    /// Requests under way of sessions that were left: leaving and coming back does not make room for more.
    orphans: usize,
    /// The token of the session that was left last: it still answers for the connection.
    left: Option<u64>,
    /// Binary frames that a refused packet announced: dropped when they come.
    attachments: usize,
}

impl SocketIo {
    pub(super) fn open(wire: &Wire, handshake: Option<(SignedIn, String)>) -> Self {
        let sid = format!("{:x}-{:x}", wire.context.node, wire.handle.id());
        wire.write(&socketio::open_packet(&sid));
        let handshake = handshake.map(|(signed_in, token)| (signed_in, wire.context.token_number(&token)));
        Self { handshake, open_by: Some(sign_in_by(wire.now())), ..Self::default() }
    }

    /// A client sent what the protocol does not have, or not at this moment. If its namespace is open it is told there, and that
    /// counts, unless an acknowledgement tells it. Where nobody can be told, the connection ends with the reason, as it does on the
    /// stock server: a client that is left waiting learns nothing.
    fn offended(&self, wire: &Wire, namespace: Option<Namespace>, ack: Option<Ack>, error: Error) -> Outcome {
        match namespace.and_then(|namespace| self.seats[place(namespace)].as_ref()) {
            Some(seat) => {
                seat.refuse(ack, &error, &wire.handle);
                if ack.is_none() { Outcome::Offence } else { Outcome::GoOn }
            }
            None => Outcome::Misuse(error.message),
        }
    }

    fn packet(&mut self, wire: &Wire, packet: Packet<'_>) -> Outcome {
        let request = packet.request();
        let message_id = matches!(request, Some(Err(_))).then(|| packet.client_message_id()).flatten();
        match packet {
            Packet::Connect { namespace, payload } => self.connect(wire, namespace, payload),
            Packet::ConnectElsewhere { name } => {
                wire.write(&socketio::connect_error(name, &Error::unknown_namespace()));
                Outcome::GoOn
            }
            Packet::Disconnect { namespace } => {
                self.disconnect(wire, namespace);
                Outcome::GoOn
            }
            Packet::Event { namespace, id, event, .. } => {
                let Some(seat) = &mut self.seats[place(namespace)] else {
                    let error = Error::bad_request("connect to the namespace before sending events in it");
                    return self.offended(wire, Some(namespace), None, error);
                };
                let ack = id.map(Ack);
                match request {
                    Some(Ok(request)) => return seat.request(ack, request, &wire.handle, &wire.context).into(),
                    Some(Err(error)) => seat.refuse_event(ack, &error, &event, message_id, &wire.handle),
                    None => {}
                }
                Outcome::GoOn
            }
            Packet::Binary { namespace, id, attachments } => {
                self.attachments = attachments;
                let error = Error::bad_request("binary attachments are not taken; send text");
                match &self.seats[place(namespace)] {
                    // Whoever puts a file into an event means well: that does not count.
                    Some(seat) => {
                        seat.refuse(id.map(Ack), &error, &wire.handle);
                        Outcome::GoOn
                    }
                    None => self.offended(wire, None, None, error),
                }
            }
            Packet::Ack { namespace, .. } => {
                let error = Error::bad_request("this server asks for no acknowledgements");
                self.offended(wire, Some(namespace), None, error)
            }
            Packet::ConnectError { namespace, .. } => {
                self.offended(wire, Some(namespace), None, Error::bad_request("only the server refuses connections"))
            }
        }
    }

    fn connect(&mut self, wire: &Wire, namespace: Namespace, payload: Option<&str>) -> Outcome {
        if self.seats[place(namespace)].is_some() {
            let error = Error::bad_request("this namespace is open already");
            return self.offended(wire, Some(namespace), None, error);
        }
        let (signed_in, token) = match self.who(wire, payload) {
            Ok(found) => found,
            Err(error) => {
                wire.write(&socketio::connect_error(namespace.as_str(), &error));
                return Outcome::GoOn;
            }
        };
        self.user = Some(signed_in.actor.user.clone());
        self.open_by = None;
        let place = place(namespace);
        let slot = (self.opened << 1) | u8::from(place == 1);
        self.opened = self.opened.wrapping_add(1);
        let mut seat = Seat::new(Encoding::SocketIo(namespace), slot, token, wire.now());
        let sid = format!("{:x}-{:x}-{slot}", wire.context.node, wire.handle.id());
        wire.write(&socketio::connect_packet(namespace, &sid));
        let close = seat.sign_in(signed_in, &wire.handle, &wire.context);
        self.seats[place] = Some(seat);
        close.into()
    }

    /// Who a CONNECT is from, by its own token or the handshake's, and the token's number.
    fn who(&self, wire: &Wire, payload: Option<&str>) -> Result<(SignedIn, u64), Error> {
        let (signed_in, token) = match socketio::connect_token(payload)? {
            Some(token) => {
                let signed_in = wire.context.verify.verify(&token.0, wire.now())?;
                (signed_in, wire.context.token_number(&token.0))
            }
            None => self.handshake.clone().ok_or_else(|| Error::unauthorized("give a token as auth.token"))?,
        };
        if wire.context.is_misuser(token) {
            return Err(Error::new(Code::Forbidden, "this token was misused; it is refused for a minute"));
        }
        if self.user.as_ref().is_some_and(|user| *user != signed_in.actor.user) {
            return Err(Error::new(Code::Forbidden, "all namespaces of a connection are of one person"));
        }
        Ok((signed_in, token))
    }

    fn disconnect(&mut self, wire: &Wire, namespace: Namespace) {
        // Leaving what is not open changes nothing, above all not the time by when a namespace must be.
        let Some(mut seat) = self.seats[place(namespace)].take() else { return };
        seat.leave(&wire.context);
        self.orphans += seat.under_way();
        self.left = Some(seat.token);
        if self.seats.iter().all(Option::is_none) {
            // The stock client closes the transport itself after its last namespace; one that does not has a sign-in's time to open
            // another. That is no offence, see `tick`.
            self.open_by = Some(sign_in_by(wire.now()));
            self.user = None;
        }
    }
}

impl Protocol for SocketIo {
    fn text(&mut self, wire: &Wire, text: &str) -> Outcome {
        match socketio::decode(text) {
            Ok(Frame::Packet(packet)) => self.packet(wire, packet),
            // A probe asks for its data back.
            Ok(Frame::Ping(data)) => {
                wire.write(format!("{}{data}", socketio::PONG).as_bytes());
                Outcome::GoOn
            }
            Ok(Frame::Close) => Outcome::End(Close::Normal),
            Ok(Frame::Pong(_)) => {
                let number = wire.handle.ponged();
                self.seats.iter().flatten().for_each(|seat| seat.heartbeat_answered(number, &wire.context));
                Outcome::GoOn
            }
            Ok(Frame::Noop | Frame::Upgrade) => Outcome::GoOn,
            Ok(Frame::Open(_)) => {
                self.offended(wire, None, None, Error::bad_request("only the server opens a transport"))
            }
            Err(malformed) => self.offended(wire, malformed.namespace, malformed.id.map(Ack), malformed.error),
        }
    }

    fn binary(&mut self, wire: &Wire) -> Outcome {
        if self.attachments > 0 {
            self.attachments -= 1;
            return Outcome::GoOn;
        }
        let namespace = Namespace::ALL.into_iter().find(|namespace| self.seats[place(*namespace)].is_some());
        self.offended(wire, namespace, None, no_binary_frames())
    }

    fn finished(&mut self, wire: &Wire, slot: u8, send: bool) -> Option<Close> {
        // A namespace that was left and opened again is another session: what the old one began is not its.
        match self.seats.iter_mut().flatten().find(|seat| seat.slot() == slot) {
            Some(seat) => seat.finished(send, &wire.handle, &wire.context),
            None => {
                self.orphans = self.orphans.saturating_sub(1);
                None
            }
        }
    }

    fn tick(&mut self, wire: &Wire) -> Outcome {
        if self.open_by.is_some_and(|by| wire.now() >= by) {
            // Who was signed in and left all namespaces is done; who never was did not sign in.
            let was_signed_in = self.left.is_some();
            return Outcome::End(if was_signed_in { Close::Normal } else { Close::Unauthorized });
        }
        let close = self.seats.iter_mut().flatten().fold(None, |close, seat| {
            let own = seat.tick(&wire.handle, &wire.context);
            close.or(own)
        });
        close.map_or(Outcome::GoOn, Outcome::WindDown)
    }

    fn next_tick(&self) -> Option<Timestamp> {
        self.seats.iter().flatten().filter_map(Seat::next_tick).chain(self.open_by).min()
    }

    fn is_busy(&self) -> bool {
        self.orphans >= REQUESTS_AT_ONCE || self.seats.iter().flatten().any(Seat::is_busy)
    }

    fn seats(&mut self) -> SmallVec<[&mut Seat; 2]> {
        self.seats.iter_mut().flatten().collect()
    }

    fn tokens(&self) -> SmallVec<[u64; 4]> {
        let seats = self.seats.iter().flatten().map(|seat| seat.token);
        seats.chain(self.left).chain(self.handshake.as_ref().map(|(_, token)| *token)).collect()
    }

    /// Stock clients see no close codes: what they would say comes as an event, and where the client is to stay away, every namespace
    /// is disconnected.
    fn say_goodbye(&self, wire: &Wire, close: Close, why: &str, wait_ms: Option<u64>) {
        let closing = ServerEvent::Closing(Closing { message: Cow::Owned(why.to_owned()), ..close.closing(wait_ms) });
        let closing = Frames::from(&closing);
        for namespace in Namespace::ALL {
            if self.seats[place(namespace)].is_none() {
                continue;
            }
            wire.handle.push_last(closing.of(Encoding::SocketIo(namespace)));
            if close.disconnects_namespaces() {
                wire.handle.push_last(crate::hub::text(&socketio::disconnect_packet(namespace)));
            }
        }
    }
}

fn place(namespace: Namespace) -> usize {
    match namespace {
        Namespace::Root => 0,
        Namespace::Chat => 1,
    }
}

fn sign_in_by(now: Timestamp) -> Timestamp {
    Timestamp(now.millis() + i64::try_from(SIGN_IN_WITHIN.as_millis()).unwrap_or(i64::MAX))
}
