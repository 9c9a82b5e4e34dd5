//! The protocol of a connection above its frames: which session a text is for, and how the connection ends.

use std::borrow::Cow;
use std::sync::Arc;

use fastwebsockets::OpCode;
use souk_chat::{Timestamp, UserId};
use souk_protocol::push::ServerDraining;
use souk_protocol::socketio::{self, Frame, Namespace, Packet};
use souk_protocol::{Close, Closing, Code, Error, ServerEvent, plain};

use crate::hub::{Ack, Dialect, Link, Notice};
use crate::session::{REQUESTS_AT_ONCE, SIGN_IN_FIRST, SIGN_IN_WITHIN, SignedIn};

use super::frame;
use super::misuse::Misuse;
use super::seat::Seat;
use super::surroundings::Surroundings;

/// How long a client should wait before it comes back, at least, when it is told to wait.
const COME_BACK_AFTER_MS: u64 = 1_000;

/// How a connection opens.
pub enum Opening {
    /// `/ws`. With a good token in the handshake it is signed in at once.
    Plain(Option<(SignedIn, String)>),
    /// A Socket.IO path. A good token in the handshake serves namespaces that bring none.
    SocketIo(Option<(SignedIn, String)>),
}

enum Kind {
    Plain(Seat),
    SocketIo(Box<SocketIo>),
}

#[derive(Default)]
struct SocketIo {
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
}

/// The protocol of one connection.
pub struct Driver {
    kind: Kind,
    link: Arc<Link>,
    around: Arc<Surroundings>,
    misuse: Misuse,
    /// Binary frames that a refused packet announced: dropped when they come.
    attachments: usize,
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
    pub fn open(opening: Opening, link: Arc<Link>, around: Arc<Surroundings>) -> Self {
        let now = around.runtime.now();
        let kind = match &opening {
            Opening::Plain(_) => Kind::Plain(Seat::new(Dialect::Plain, 0, 0, now)),
            Opening::SocketIo(handshake) => {
                let open_by = Timestamp(now.millis() + i64::try_from(SIGN_IN_WITHIN.as_millis()).unwrap_or(i64::MAX));
                let handshake = handshake.clone().map(|(signed_in, token)| (signed_in, around.token_number(&token)));
                Kind::SocketIo(Box::new(SocketIo { handshake, open_by: Some(open_by), ..SocketIo::default() }))
            }
        };
        let mut driver = Self { kind, link, around, misuse: Misuse::default(), attachments: 0, ended: None };
        match (&mut driver.kind, opening) {
            (Kind::Plain(seat), Opening::Plain(Some((signed_in, token)))) => {
                seat.token = driver.around.token_number(&token);
                let close = seat.sign_in(signed_in, &driver.link, &driver.around);
                driver.end(close);
            }
            (Kind::SocketIo(_), _) => {
                let sid = format!("{:x}-{:x}", driver.around.node, driver.link.id());
                driver.link.push(crate::hub::text(&socketio::open_packet(&sid)));
            }
            (Kind::Plain(_), _) => {}
        }
        driver.set_tick();
        driver
    }

    /// How the connection ended, once it has; nothing is read any more, what is in the outbox is still to be written.
    pub fn ended(&self) -> Option<&Ended> {
        self.ended.as_deref()
    }

    /// Whether reading should pause until requests are finished.
    pub fn is_busy(&self) -> bool {
        match &self.kind {
            Kind::Plain(seat) => seat.is_busy(),
            Kind::SocketIo(socket) => {
                socket.orphans >= REQUESTS_AT_ONCE || socket.seats.iter().flatten().any(Seat::is_busy)
            }
        }
    }

    /// A text message came.
    pub fn text(&mut self, text: &str) {
        if self.ended.is_some() {
            return;
        }
        match &mut self.kind {
            Kind::Plain(_) => self.plain_text(text),
            Kind::SocketIo(_) => self.socket_io_text(text),
        }
        self.set_tick();
    }

    /// A binary message came: there is none in this protocol.
    pub fn binary(&mut self) {
        if self.attachments > 0 {
            self.attachments -= 1;
            return;
        }
        let error = Error::bad_request("souk speaks in text frames; binary ones are not understood");
        match &self.kind {
            Kind::Plain(_) => {
                self.link.push(crate::hub::text(&plain::error(None, &error)));
                self.misused();
            }
            Kind::SocketIo(socket) => {
                let namespace = Namespace::ALL.into_iter().find(|namespace| socket.seats[slot(*namespace)].is_some());
                self.offended(namespace, None, error);
            }
        }
    }

    /// A ping came: its payload goes back.
    pub fn ping(&mut self, payload: &[u8]) {
        self.link.push(frame::encode(OpCode::Pong, payload).into());
    }

    /// The connection's task was told something.
    pub fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Finished { slot, send } => {
                let (link, around) = (&self.link, &self.around);
                let close = match &mut self.kind {
                    Kind::Plain(seat) => seat.finished(send, link, around),
                    // A namespace that was left and opened again is another session: what the old one began is not its.
                    Kind::SocketIo(socket) => {
                        match socket.seats.iter_mut().flatten().find(|seat| seat.slot() == slot) {
                            Some(seat) => seat.finished(send, link, around),
                            None => {
                                socket.orphans = socket.orphans.saturating_sub(1);
                                None
                            }
                        }
                    }
                };
                self.wind_down(close);
            }
            Notice::Tick => self.tick(),
            // Draining lets answers under way go out first; everything else that is told from outside ends at once.
            Notice::Close(Close::Draining) => {
                self.announce_leaving();
                self.wind_down(Some(Close::Draining));
            }
            Notice::Close(close) => self.end(Some(close)),
        }
        self.set_tick();
    }

    /// The connection is gone: its devices leave.
    pub fn leave(&mut self) {
        match &mut self.kind {
            Kind::Plain(seat) => seat.leave(&self.around),
            Kind::SocketIo(socket) => socket.seats.iter_mut().flatten().for_each(|seat| seat.leave(&self.around)),
        }
    }

    fn plain_text(&mut self, text: &str) {
        let Kind::Plain(seat) = &mut self.kind else { return };
        match plain::decode(text) {
            Ok(decoded) => {
                let ack = decoded.id.map(Ack);
                match decoded.request() {
                    Ok(request) => {
                        let close = seat.request(ack, request, &self.link, &self.around);
                        self.end(close);
                    }
                    Err(error) if seat.device().is_none() => {
                        let error = Error::unauthorized(format!("{SIGN_IN_FIRST}; {}", error.message));
                        self.link.push(crate::hub::text(&plain::error(decoded.id, &error)));
                        self.end(Some(Close::Unauthorized));
                    }
                    Err(error) => {
                        seat.refuse_event(ack, &error, &decoded.event, decoded.client_message_id(), &self.link);
                    }
                }
            }
            Err(malformed) => {
                self.link.push(crate::hub::text(&plain::error(malformed.id, &malformed.error)));
                if malformed.is_misuse() {
                    self.misused();
                }
            }
        }
    }

    fn socket_io_text(&mut self, text: &str) {
        match socketio::decode(text) {
            Ok(Frame::Packet(packet)) => self.packet(packet),
            // A probe asks for its data back; a plain pong is the answer to our heartbeat, heard already.
            Ok(Frame::Ping(data)) => {
                self.link.push(crate::hub::text(format!("{}{data}", socketio::PONG).as_bytes()));
            }
            Ok(Frame::Close) => self.end(Some(Close::Normal)),
            Ok(Frame::Pong(_) | Frame::Noop | Frame::Upgrade) => {}
            Ok(Frame::Open(_)) => self.offended(None, None, Error::bad_request("only the server opens a transport")),
            Err(malformed) => self.offended(malformed.namespace, malformed.id.map(Ack), malformed.error),
        }
    }

    /// A Socket.IO client sent what the protocol does not have, or not at this moment. If its namespace is open it is told there, and that
    /// counts, unless an acknowledgement tells it. Where nobody can be told, the connection ends with the reason, as it does on the stock
    /// server: a client that is left waiting learns nothing.
    fn offended(&mut self, namespace: Option<Namespace>, ack: Option<Ack>, error: Error) {
        let Kind::SocketIo(socket) = &self.kind else { return };
        match namespace.and_then(|namespace| socket.seats[slot(namespace)].as_ref()) {
            Some(seat) => {
                seat.refuse(ack, &error, &self.link);
                if ack.is_none() {
                    self.misused();
                }
            }
            None => self.end_misused(error.message),
        }
    }

    fn packet(&mut self, packet: Packet<'_>) {
        let request = packet.request();
        let message_id = matches!(request, Some(Err(_))).then(|| packet.client_message_id()).flatten();
        match packet {
            Packet::Connect { namespace, payload } => self.connect(namespace, payload),
            Packet::ConnectElsewhere { name } => {
                self.link.push(crate::hub::text(&socketio::connect_error(name, &Error::unknown_namespace())));
            }
            Packet::Disconnect { namespace } => self.disconnect(namespace),
            Packet::Event { namespace, id, event, .. } => {
                let Kind::SocketIo(socket) = &mut self.kind else { return };
                let Some(seat) = &mut socket.seats[slot(namespace)] else {
                    let error = Error::bad_request("connect to the namespace before sending events in it");
                    return self.offended(Some(namespace), None, error);
                };
                let ack = id.map(Ack);
                match request {
                    Some(Ok(request)) => {
                        let close = seat.request(ack, request, &self.link, &self.around);
                        self.end(close);
                    }
                    Some(Err(error)) => seat.refuse_event(ack, &error, &event, message_id, &self.link),
                    None => {}
                }
            }
            Packet::Binary { namespace, id, attachments } => {
                self.attachments = attachments;
                let error = Error::bad_request("binary attachments are not taken; send text");
                let Kind::SocketIo(socket) = &self.kind else { return };
                match &socket.seats[slot(namespace)] {
                    // Whoever puts a file into an event means well: that does not count.
                    Some(seat) => seat.refuse(id.map(Ack), &error, &self.link),
                    None => self.offended(None, None, error),
                }
            }
            Packet::Ack { namespace, .. } => {
                let error = Error::bad_request("this server asks for no acknowledgements");
                self.offended(Some(namespace), None, error);
            }
            Packet::ConnectError { namespace, .. } => {
                self.offended(Some(namespace), None, Error::bad_request("only the server refuses connections"));
            }
        }
    }

    fn connect(&mut self, namespace: Namespace, payload: Option<&str>) {
        let Kind::SocketIo(socket) = &mut self.kind else { return };
        if socket.seats[slot(namespace)].is_some() {
            let error = Error::bad_request("this namespace is open already");
            return self.offended(Some(namespace), None, error);
        }
        let now = self.around.runtime.now();
        let outcome = match socketio::connect_token(payload) {
            Ok(Some(token)) => {
                let number = self.around.token_number(&token.0);
                self.around.verify.verify(&token.0, now).map(|signed_in| (signed_in, number))
            }
            Ok(None) => socket.handshake.clone().ok_or_else(|| Error::unauthorized("give a token as auth.token")),
            Err(error) => Err(error),
        };
        let outcome = outcome.and_then(|(signed_in, token)| {
            if self.around.is_misuser(token) {
                return Err(Error::new(Code::Forbidden, "this token was misused; it is refused for a minute"));
            }
            if socket.user.as_ref().is_some_and(|user| *user != signed_in.actor.user) {
                return Err(Error::new(Code::Forbidden, "all namespaces of a connection are of one person"));
            }
            Ok((signed_in, token))
        });
        match outcome {
            Ok((signed_in, token)) => {
                socket.user = Some(signed_in.actor.user.clone());
                socket.open_by = None;
                let place = slot(namespace);
                let slot = (socket.opened << 1) | u8::from(place == 1);
                socket.opened = socket.opened.wrapping_add(1);
                let mut seat = Seat::new(Dialect::SocketIo(namespace), slot, token, now);
                let sid = format!("{:x}-{:x}-{slot}", self.around.node, self.link.id());
                self.link.push(crate::hub::text(&socketio::connect_packet(namespace, &sid)));
                let close = seat.sign_in(signed_in, &self.link, &self.around);
                socket.seats[place] = Some(seat);
                self.end(close);
            }
            Err(error) => {
                self.link.push(crate::hub::text(&socketio::connect_error(namespace.as_str(), &error)));
            }
        }
    }

    fn disconnect(&mut self, namespace: Namespace) {
        let Kind::SocketIo(socket) = &mut self.kind else { return };
        // Leaving what is not open changes nothing, above all not the time by when a namespace must be.
        let Some(mut seat) = socket.seats[slot(namespace)].take() else { return };
        seat.leave(&self.around);
        socket.orphans += seat.under_way();
        socket.left = Some(seat.token);
        if socket.seats.iter().all(Option::is_none) {
            // The stock client closes the transport itself after its last namespace; one that does not has a sign-in's time to open
            // another. That is no offence, see [`Driver::tick`].
            let now = self.around.runtime.now().millis();
            socket.open_by = Some(Timestamp(now + i64::try_from(SIGN_IN_WITHIN.as_millis()).unwrap_or(i64::MAX)));
            socket.user = None;
        }
    }

    fn tick(&mut self) {
        let (link, around) = (&self.link, &self.around);
        let close = match &mut self.kind {
            Kind::Plain(seat) => seat.tick(link, around),
            Kind::SocketIo(socket) if socket.open_by.is_some_and(|by| around.runtime.now() >= by) => {
                // Who was signed in and left all namespaces is done; who never was did not sign in.
                let was_signed_in = socket.left.is_some();
                return self.end(Some(if was_signed_in { Close::Normal } else { Close::Unauthorized }));
            }
            Kind::SocketIo(socket) => socket.seats.iter_mut().flatten().fold(None, |close, seat| {
                let own = seat.tick(link, around);
                close.or(own)
            }),
        };
        self.wind_down(close);
    }

    /// Tells every session what the number of the close cannot: how long to stay away.
    fn announce_leaving(&self) {
        let event = ServerEvent::ServerDraining(ServerDraining { reconnect_after_ms: COME_BACK_AFTER_MS });
        let frames = crate::hub::Frames::from(&event);
        let tell = |seat: &Seat| {
            if let Some(device) = seat.device() {
                device.push(&frames);
            }
        };
        match &self.kind {
            Kind::Plain(seat) => tell(seat),
            Kind::SocketIo(socket) => socket.seats.iter().flatten().for_each(tell),
        }
    }

    /// Lets what is under way in all sessions be answered, then ends the connection.
    fn wind_down(&mut self, close: Option<Close>) {
        let Some(close) = close else { return };
        let (link, around) = (&self.link, &self.around);
        let over = match &mut self.kind {
            Kind::Plain(seat) => {
                seat.close(close, link, around);
                seat.is_over()
            }
            Kind::SocketIo(socket) => socket.seats.iter_mut().flatten().fold(true, |over, seat| {
                seat.close(close, link, around);
                over && seat.is_over()
            }),
        };
        self.end(over.then_some(close));
    }

    fn misused(&mut self) {
        if self.misuse.again(self.around.seconds()) {
            self.end_misused(Cow::Borrowed(Close::ProtocolMisuse.text()));
        }
    }

    /// Ends the connection, and remembers every token that was used on it.
    fn end_misused(&mut self, why: Cow<'static, str>) {
        match &self.kind {
            Kind::Plain(seat) => self.around.remember_misuse(seat.token),
            Kind::SocketIo(socket) => {
                let seats = socket.seats.iter().flatten().map(|seat| seat.token);
                let handshake = socket.handshake.as_ref().map(|(_, token)| *token);
                seats.chain(socket.left).chain(handshake).for_each(|token| self.around.remember_misuse(token));
            }
        }
        self.end_saying(Close::ProtocolMisuse, why);
    }

    fn end(&mut self, close: Option<Close>) {
        if let Some(close) = close {
            self.end_saying(close, Cow::Borrowed(close.text()));
        }
    }

    /// Ends the connection: on Socket.IO it is told in words first, since stock clients do not see close codes.
    fn end_saying(&mut self, close: Close, why: Cow<'static, str>) {
        if self.ended.is_some() {
            return;
        }
        self.around.metrics.closes.count(close.code());
        self.ended = Some(Box::new(Ended { close, why: why.clone() }));
        let Kind::SocketIo(socket) = &self.kind else { return };
        if close == Close::Normal {
            return;
        }
        let wait = (close.reconnect() == souk_protocol::Reconnect::AfterWait).then_some(COME_BACK_AFTER_MS);
        let closing = ServerEvent::Closing(Closing { message: why, ..close.closing(wait) });
        let closing = crate::hub::Frames::from(&closing);
        for namespace in Namespace::ALL {
            if socket.seats[slot(namespace)].is_none() {
                continue;
            }
            self.link.push_last(closing.of(Dialect::SocketIo(namespace)));
            if close.disconnects_namespaces() {
                self.link.push_last(crate::hub::text(&socketio::disconnect_packet(namespace)));
            }
        }
    }

    fn set_tick(&self) {
        let next = match &self.kind {
            Kind::Plain(seat) => seat.next_tick(),
            Kind::SocketIo(socket) => {
                socket.seats.iter().flatten().filter_map(Seat::next_tick).chain(socket.open_by).min()
            }
        };
        let second = next.map_or(u32::MAX, |at| {
            let wait = (at.millis() - self.around.runtime.now().millis()).max(0);
            let seconds = u32::try_from((wait + 999) / 1_000).unwrap_or(u32::MAX);
            self.around.seconds().saturating_add(seconds)
        });
        self.link.tick_at(second);
    }
}

fn slot(namespace: Namespace) -> usize {
    match namespace {
        Namespace::Root => 0,
        Namespace::Chat => 1,
    }
}
