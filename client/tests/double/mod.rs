//! A double of a souk server, for tests of the client only: it accepts connections of both carriers, does nothing by itself, and
//! lets the test say every word. Frames are written by hand, so that a mistake in the shared codec shows.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "every test file is a program of its own and uses its own part"
)]

mod peer;
pub mod scenes;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::upgrade;
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::{Request, Response, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use souk_client::{Address, Carrier};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;

use peer::Wire;
pub use peer::{Asked, Heard, Peer};

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
