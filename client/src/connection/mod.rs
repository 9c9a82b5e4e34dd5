//! The life of one connection.

mod answer;
mod options;
mod sign_in;

use std::collections::VecDeque;
use std::time::Duration;

use souk_protocol::dto::SignedIn;
use souk_protocol::limits::FRAME_BYTES;
use souk_protocol::push::Exception;
use souk_protocol::{Closing, PushKind, Request, ServerEvent, socketio};
use tokio::time::{Instant, timeout, timeout_at};

use crate::close::CloseReason;
use crate::codec::{self, Signal};
use crate::error::{ConnectError, RequestError};
use crate::limits::{ANNOUNCED_WAIT, INBOX_ITEMS, PENDING_REQUESTS, SILENCE};
use crate::socket::{self, Socket};
use crate::{AccessToken, Carrier};

use answer::AnswerKind;
pub use answer::{Answer, Incoming, Item, Reply};
pub use options::ConnectOptions;

/// One signed-in connection.
///
/// It has no task and no timer: its owner drives it by calling [`next`](Self::next) (or [`request`](Self::request)), which also
/// writes what was queued and answers heartbeats. While idle it holds no buffers. Everything the server says is given out once, in
/// the order of the wire, with its [position](Incoming::position); [`request`](Self::request) takes its answer out of that
/// sequence and tells its position.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    carrier: Carrier,
    next_id: u64,
    pending: VecDeque<(u64, AnswerKind)>,
    inbox: VecDeque<Incoming>,
    position: u64,
    /// Why the server is about to close, as it said.
    closing: Option<Closing>,
    /// How long it asked to wait before coming back, in `server_draining`.
    announced: Option<Duration>,
    silence: Duration,
    signed_in: Option<SignedIn>,
    ended: Option<CloseReason>,
}

impl Connection {
    /// Connects and signs in with `token`. Without one nothing is sent: the server then waits for `authenticate` on the plain
    /// carrier, and refuses on Socket.IO. Dropping the future drops the connection.
    pub async fn connect(options: &ConnectOptions, token: Option<&AccessToken>) -> Result<Self, ConnectError> {
        let connecting = async {
            let (header, later) = if options.token_in_header { (token, None) } else { (None, token) };
            let socket = socket::open(options, header).await?;
            Self::new(socket, options.carrier).sign_in(later).await
        };
        timeout(options.connect_time, connecting).await.unwrap_or(Err(ConnectError::TimedOut))
    }

    fn new(socket: Socket, carrier: Carrier) -> Self {
        Self {
            socket,
            carrier,
            next_id: 1,
            pending: VecDeque::new(),
            inbox: VecDeque::new(),
            position: 0,
            closing: None,
            announced: None,
            silence: SILENCE,
            signed_in: None,
            ended: None,
        }
    }

    /// Who the token says I am, where signing in was answered with it: on the plain carrier, unless the token went as a header.
    pub fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }

    /// When bytes last came from the server.
    pub fn last_heard(&self) -> Instant {
        self.socket.heard()
    }

    /// How long nothing may come before the connection should count as dead: the server's heartbeat and its patience.
    pub fn silence(&self) -> Duration {
        self.silence
    }

    /// Sets [`silence`](Self::silence), when `hello` has told the server's figures.
    pub fn set_silence(&mut self, most: Duration) {
        self.silence = most;
    }

    /// The address of this end.
    pub fn local_addr(&self) -> std::io::Result<std::net::SocketAddr> {
        self.socket.local_addr()
    }

    /// Queues a request and gives its number; the answer comes with [`next`](Self::next), which also writes it.
    /// Errors: `TooLarge`, `Full`, `Lost`; then nothing was queued.
    pub fn send(&mut self, request: &Request<'_>) -> Result<u64, RequestError> {
        if self.pending.len() >= PENDING_REQUESTS {
            return Err(RequestError::Full);
        }
        let id = self.next_id;
        self.queue(Some(id), request)?;
        self.next_id += 1;
        self.pending.push_back((id, AnswerKind::of(request)));
        Ok(id)
    }

    /// Queues a request without an answer; a refusal comes as `exception`. Errors as [`send`](Self::send).
    pub fn tell(&mut self, request: &Request<'_>) -> Result<(), RequestError> {
        self.queue(None, request)
    }

    fn queue(&mut self, id: Option<u64>, request: &Request<'_>) -> Result<(), RequestError> {
        let frame = codec::request(self.carrier, id, request);
        if frame.len() > FRAME_BYTES {
            return Err(RequestError::TooLarge);
        }
        self.queue_frame(frame)
    }

    /// Queues a text frame as it is: for tests of what a server does with what is not the protocol.
    pub fn send_raw(&mut self, text: &str) -> Result<(), RequestError> {
        self.queue_frame(bytes::Bytes::copy_from_slice(text.as_bytes()))
    }

    fn queue_frame(&mut self, frame: bytes::Bytes) -> Result<(), RequestError> {
        if let Some(reason) = &self.ended {
            return Err(RequestError::Lost(reason.clone()));
        }
        self.socket.queue(frame).map_err(|_| RequestError::Full)
    }

    /// Waits until everything queued was handed to the network. Cancel-safe. Errors are told again by [`next`](Self::next).
    pub async fn flush(&mut self) -> Result<(), CloseReason> {
        self.socket.flush().await
    }

    /// The next thing the server says. Cancel-safe: nothing is lost when the future is dropped. After an error, which is final,
    /// nothing more comes.
    pub async fn next(&mut self) -> Result<Incoming, CloseReason> {
        loop {
            if let Some(incoming) = self.inbox.pop_front() {
                return Ok(incoming);
            }
            if let Some(reason) = &self.ended {
                return Err(reason.clone());
            }
            self.fill().await;
        }
    }

    /// Sends a request and waits for its answer, at most `wait`. What comes before it is kept for [`next`](Self::next). When the
    /// future is dropped, or the time is over, the answer comes with `next` instead.
    pub async fn request(&mut self, request: &Request<'_>, wait: Duration) -> Result<Reply, RequestError> {
        let id = self.send(request)?;
        let deadline = Instant::now() + wait;
        let mut seen = 0;
        loop {
            let found = self.inbox.iter().skip(seen).position(|incoming| incoming.answers(id));
            if let Some(incoming) = found.and_then(|place| self.inbox.remove(seen + place)) {
                let position = incoming.position;
                return match incoming.item {
                    Item::Answer { result, .. } => {
                        result.map(|answer| Reply { position, answer }).map_err(RequestError::Refused)
                    }
                    Item::Push(_) | Item::Unknown(_) => unreachable!("only an answer answers"),
                };
            }
            seen = self.inbox.len();
            if let Some(reason) = &self.ended {
                return Err(RequestError::Lost(reason.clone()));
            }
            if seen >= INBOX_ITEMS {
                return Err(RequestError::Unread);
            }
            timeout_at(deadline, self.fill()).await.map_err(|_| RequestError::TimedOut)?;
        }
    }

    /// Ends the connection politely: DISCONNECT on Socket.IO, then a close frame with 1000; waits a moment for the server's half.
    pub async fn close(mut self) {
        if let Carrier::SocketIo(namespace) = self.carrier
            && self.socket.queue(socketio::disconnect_packet(namespace)).is_err()
        {
            tracing::debug!("too much waits to be written for a polite end");
        }
        self.socket.close(1000, "").await;
    }

    /// Reads one frame into the inbox, or learns why there is none. Cancel-safe.
    async fn fill(&mut self) {
        let read = match self.socket.next().await {
            Ok(text) => codec::read(self.carrier, &text, |signal| self.take(signal)),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = read {
            self.end(reason);
        }
    }

    fn end(&mut self, reason: CloseReason) {
        if let CloseReason::Malformed(_) = reason {
            self.socket.give_up(1002);
        }
        let announced = self.announced;
        self.ended = Some(match (reason, self.closing.take()) {
            (CloseReason::Malformed(what), _) => CloseReason::Malformed(what),
            // The server's own words say more than how the transport ended.
            (_, Some(closing)) => {
                let wait = closing.reconnect_after_ms.map(Duration::from_millis).or(announced);
                CloseReason::server(closing.close_code, &closing.message, wait.map(|wait| wait.min(ANNOUNCED_WAIT)))
            }
            (CloseReason::Server { number, text, .. }, None) => {
                CloseReason::Server { number, text, reconnect_after: announced }
            }
            (other, None) => other,
        });
    }

    fn take(&mut self, signal: Signal<'_>) -> Result<(), CloseReason> {
        let item = match signal {
            Signal::Answer { id, result } => self.answer(id, result)?,
            Signal::Push { event, data } => self.push(&event, data)?,
            Signal::Unread(error) => {
                let exception = Exception { event: "".into(), error, client_message_id: None };
                Item::Push(Box::new(ServerEvent::Exception(exception)))
            }
            Signal::Beat => {
                // A server that does not read its heartbeats' answers sees none.
                let _ = self.socket.queue(bytes::Bytes::from_static(socketio::PONG.as_bytes()));
                return Ok(());
            }
            Signal::SessionOver => return Err(CloseReason::Disconnected),
            Signal::TransportOver => return Err(CloseReason::Lost(std::io::ErrorKind::ConnectionAborted)),
            Signal::Opened(_) | Signal::Session | Signal::NoSession(_) => {
                return Err(CloseReason::malformed("a second beginning"));
            }
        };
        self.position += 1;
        self.inbox.push_back(Incoming { position: self.position, item });
        Ok(())
    }

    fn answer(&mut self, id: u64, result: Result<&str, souk_protocol::Error>) -> Result<Item, CloseReason> {
        let place = self.pending.iter().position(|(pending, _)| *pending == id);
        let Some((_, kind)) = place.and_then(|place| self.pending.remove(place)) else {
            return Err(CloseReason::malformed("an answer to nothing that was asked"));
        };
        let result = match result {
            Ok(data) => Ok(kind.read(data).map_err(|error| CloseReason::malformed(error.to_string()))?),
            Err(error) => Err(error),
        };
        Ok(Item::Answer { id, result })
    }

    fn push(&mut self, event: &str, data: &str) -> Result<Item, CloseReason> {
        let Some(kind) = PushKind::parse(event) else { return Ok(Item::Unknown(event.into())) };
        let push = ServerEvent::parse(kind, data).map_err(|error| CloseReason::malformed(error.0))?;
        match &push {
            ServerEvent::Closing(closing) => self.closing = Some(closing.clone()),
            ServerEvent::ServerDraining(draining) => {
                self.announced = Some(Duration::from_millis(draining.reconnect_after_ms).min(ANNOUNCED_WAIT));
            }
            _ => {}
        }
        Ok(Item::Push(Box::new(push)))
    }
}

impl Incoming {
    fn answers(&self, id: u64) -> bool {
        matches!(&self.item, Item::Answer { id: answered, .. } if *answered == id)
    }
}
