//! A double of a souk server, for tests of the client only: it accepts connections of both carriers, does nothing by itself, and
//! lets the test say every word. Frames are written by hand, so that a mistake in the shared codec shows.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "every test file is a program of its own and uses its own part"
)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::{Frame, OpCode, Payload, WebSocket, WebSocketError, upgrade};
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, Request, Response, Uri, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use souk_client::{Address, Carrier};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Waits at most [`PATIENCE`].
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not in time"))
}

/// The server.
pub struct Double {
    address: Address,
    peers: mpsc::UnboundedReceiver<Peer>,
    refusals: Refusals,
}

/// Statuses and `Retry-After` of the next handshakes to refuse.
type Refusals = Arc<Mutex<VecDeque<(u16, Option<u64>)>>>;

impl Double {
    /// Listens on a free port of loopback until dropped with its runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("ws://{}", listener.local_addr().unwrap()).parse().unwrap();
        let (to, peers) = mpsc::unbounded_channel();
        let refusals = Refusals::default();
        let shared = refusals.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (to, refusals) = (to.clone(), shared.clone());
                let service = service_fn(move |request| {
                    let answer = greet(request, &to, &refusals);
                    async move { Ok::<_, std::convert::Infallible>(answer) }
                });
                let serve = hyper::server::conn::http1::Builder::new();
                tokio::spawn(serve.serve_connection(TokioIo::new(stream), service).with_upgrades());
            }
        });
        Self { address, peers, refusals }
    }

    /// Where it listens, without a path.
    pub fn address(&self) -> Address {
        self.address.clone()
    }

    /// Answers the next handshake with `status`.
    pub fn refuse(&self, status: u16, retry_after: Option<u64>) {
        self.refusals.lock().push_back((status, retry_after));
    }

    /// How many refusals were not used.
    pub fn refusals_left(&self) -> usize {
        self.refusals.lock().len()
    }

    /// The next connection, not signed in.
    pub async fn accept(&mut self) -> Peer {
        soon("a connection", self.peers.recv()).await.unwrap()
    }

    /// The next connection, signed in with any token.
    pub async fn signed_in(&mut self) -> Peer {
        let mut peer = self.accept().await;
        peer.sign_in().await;
        peer
    }

    /// The next connection of a `Client`: signed in, and `join_app` answered.
    pub async fn welcomed(&mut self) -> Peer {
        let mut peer = self.signed_in().await;
        let asked = peer.expect("join_app").await;
        peer.answer(&asked, hello()).await;
        peer
    }

    /// Whether a connection came that nobody accepted.
    pub fn someone_came(&mut self) -> bool {
        self.peers.try_recv().is_ok()
    }
}

/// `hello` with a policy of short waits.
pub fn hello() -> Value {
    json!({"me": {"userId": "ann", "role": "client"}, "sessionId": "s1", "serverTime": "2026-01-02T03:04:05.678Z",
        "limits": {"messages": 20, "windowMs": 60000, "contentChars": 2000, "rooms": 100, "frameBytes": 65536},
        "reconnect": {"minMs": 1, "maxMs": 20, "factor": 2.0}, "pingIntervalMs": 25000, "pingTimeoutMs": 20000,
        "online": [], "unreadTotal": 0})
}

fn greet(
    mut request: Request<Incoming>,
    to: &mpsc::UnboundedSender<Peer>,
    refusals: &Refusals,
) -> Response<BoxBody<Bytes, std::convert::Infallible>> {
    if let Some((status, retry_after)) = refusals.lock().pop_front() {
        let mut answer = Response::builder().status(status);
        if let Some(seconds) = retry_after {
            answer = answer.header("retry-after", seconds);
        }
        return answer.body(Empty::new().boxed()).unwrap();
    }
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let (mut answer, upgraded) = upgrade::upgrade(&mut request).unwrap();
    let carrier = if uri.path().starts_with("/socket.io") {
        Wire::SocketIo
    } else {
        answer.headers_mut().insert("sec-websocket-protocol", "souk.v1".parse().unwrap());
        Wire::Plain
    };
    let to = to.clone();
    tokio::spawn(async move {
        let ws = upgraded.await.unwrap();
        // Nobody may be waiting at the end of a test.
        let _ = to.send(Peer { ws, uri, headers, wire: carrier, namespace: String::new() });
    });
    answer.map(|body| body.map_err(|never| match never {}).boxed())
}

#[derive(Clone, Copy, PartialEq)]
enum Wire {
    Plain,
    SocketIo,
}

/// The server's end of one connection.
pub struct Peer {
    ws: WebSocket<TokioIo<Upgraded>>,
    /// The handshake's request line.
    pub uri: Uri,
    /// The handshake's headers.
    pub headers: HeaderMap,
    wire: Wire,
    /// `""` or `"/chat,"`: what stands before the rest of a packet.
    namespace: String,
}

/// What a client sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub id: Option<u64>,
    pub event: String,
    pub data: Value,
}

/// One frame of a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Text(String),
    Pong(Vec<u8>),
    Close(Option<u16>),
    Gone,
}

impl Peer {
    /// The next frame.
    pub async fn hear(&mut self) -> Heard {
        self.ws.set_auto_close(false);
        let read = async {
            loop {
                match self.ws.read_frame().await {
                    // After its own close frame the library refuses all others; they are of no interest then.
                    Err(WebSocketError::ConnectionClosed) => {}
                    other => return other,
                }
            }
        };
        match soon("a frame", read).await {
            Ok(frame) => match frame.opcode {
                OpCode::Text => Heard::Text(String::from_utf8(frame.payload.to_vec()).unwrap()),
                OpCode::Pong => Heard::Pong(frame.payload.to_vec()),
                OpCode::Close => {
                    Heard::Close(frame.payload.get(..2).map(|two| u16::from_be_bytes(two.try_into().unwrap())))
                }
                other => panic!("{other:?}"),
            },
            Err(WebSocketError::UnexpectedEOF | WebSocketError::IoError(_)) => Heard::Gone,
            Err(error) => panic!("{error}"),
        }
    }

    /// The next text.
    pub async fn text(&mut self) -> String {
        match self.hear().await {
            Heard::Text(text) => text,
            other => panic!("a text was expected, not {other:?}"),
        }
    }

    /// The next request.
    pub async fn asked(&mut self) -> Asked {
        let text = self.text().await;
        if self.wire == Wire::Plain {
            let mut frame: Value = serde_json::from_str(&text).unwrap();
            let event = frame["event"].as_str().unwrap().to_owned();
            return Asked { id: frame["id"].as_u64(), event, data: frame["data"].take() };
        }
        let rest = text.strip_prefix("42").and_then(|rest| rest.strip_prefix(&self.namespace)).expect("an event");
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let mut arguments: Value = serde_json::from_str(&rest[digits..]).unwrap();
        let event = arguments[0].as_str().unwrap().to_owned();
        Asked { id: rest[..digits].parse().ok(), event, data: arguments[1].take() }
    }

    /// The next request, which must be this event.
    pub async fn expect(&mut self, event: &str) -> Asked {
        let asked = self.asked().await;
        assert_eq!(asked.event, event, "{asked:?}");
        asked
    }

    /// Takes any token. Gives it back.
    pub async fn sign_in(&mut self) -> String {
        if self.wire == Wire::Plain {
            let asked = self.expect("authenticate").await;
            self.answer(&asked, json!({"userId": "ann", "expiresAt": "2026-01-02T03:04:05.678Z"})).await;
            return asked.data["token"].as_str().unwrap().to_owned();
        }
        let auth = self.connect_packet().await;
        self.raw(&format!("40{}{{\"sid\":\"s1\"}}", self.namespace)).await;
        auth["token"].as_str().unwrap().to_owned()
    }

    /// Socket.IO: opens the transport and reads the request for a session.
    pub async fn connect_packet(&mut self) -> Value {
        let open =
            json!({"sid": "t1", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 65536});
        self.raw(&format!("0{open}")).await;
        let text = self.text().await;
        let rest = text.strip_prefix("40").expect("a connect packet");
        let json_at = rest.find('{').unwrap_or(rest.len());
        self.namespace = rest[..json_at].to_owned();
        serde_json::from_str(&rest[json_at..]).unwrap_or(Value::Null)
    }

    /// Answers.
    pub async fn answer(&mut self, asked: &Asked, data: Value) {
        let id = asked.id.expect("an answer is wanted");
        let text = match self.wire {
            Wire::Plain => json!({"id": id, "data": data}).to_string(),
            Wire::SocketIo => format!("43{}{id}[{data}]", self.namespace),
        };
        self.raw(&text).await;
    }

    /// Refuses.
    pub async fn refuse(&mut self, asked: &Asked, error: Value) {
        let id = asked.id.expect("an answer is wanted");
        let text = match self.wire {
            Wire::Plain => json!({"id": id, "error": error}).to_string(),
            Wire::SocketIo => format!("43{}{id}[{}]", self.namespace, json!({"error": error})),
        };
        self.raw(&text).await;
    }

    /// Tells unasked.
    pub async fn push(&mut self, event: &str, data: Value) {
        let text = match self.wire {
            Wire::Plain => json!({"event": event, "data": data}).to_string(),
            Wire::SocketIo => format!("42{}{}", self.namespace, json!([event, data])),
        };
        self.raw(&text).await;
    }

    /// Sends a text as it is.
    pub async fn raw(&mut self, text: &str) {
        let payload = Payload::Owned(text.as_bytes().to_vec());
        self.ws.write_frame(Frame::text(payload)).await.unwrap();
    }

    /// Sends a frame as it is.
    pub async fn frame(&mut self, frame: Frame<'static>) {
        self.ws.write_frame(frame).await.unwrap();
    }

    /// Closes with a number and a reason, and waits for the client's half.
    pub async fn close(mut self, number: u16, reason: &str) {
        self.frame(Frame::close(number, reason.as_bytes())).await;
        while !matches!(self.hear().await, Heard::Close(_) | Heard::Gone) {}
    }

    /// Ends Socket.IO as the server does: `closing`, DISCONNECT where wanted, then the transport.
    pub async fn end_session(mut self, closing: Value, disconnect: bool) {
        self.push("closing", closing).await;
        if disconnect {
            self.raw(&format!("41{}", self.namespace)).await;
        }
        // Dropping the transport is the rest of it.
    }
}

/// A message on the wire.
pub fn message(order: &str, seq: u64, content: &str) -> Value {
    changed(order, seq, seq, 1, content)
}

/// A message on the wire that was changed.
pub fn changed(order: &str, seq: u64, rev: u64, version: u32, content: &str) -> Value {
    json!({"id": format!("{order}:{seq}"), "orderId": order, "seq": seq, "rev": rev, "version": version,
        "senderId": "bob", "kind": "text", "content": content, "status": "sent", "isEdited": version > 1,
        "isModerated": false, "moderationFlags": [], "createdAt": "2026-01-02T03:04:05.678Z"})
}

/// The answer to a join.
pub fn joined(order: &str, messages: &[Value], up_to: u64, head: u64) -> Value {
    json!({"chat": {"orderId": order, "kind": "order", "participants": [], "state": "open", "head": head, "unread": 0,
        "createdAt": "2026-01-02T03:04:05.678Z"}, "messages": messages, "upTo": up_to, "head": head,
        "more": up_to < head})
}

/// Both carriers, to run a test over each.
pub const CARRIERS: [Carrier; 4] = [
    Carrier::Plain { batch: false },
    Carrier::Plain { batch: true },
    Carrier::SocketIo(souk_client::protocol::socketio::Namespace::Root),
    Carrier::SocketIo(souk_client::protocol::socketio::Namespace::Chat),
];
