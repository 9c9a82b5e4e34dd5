//! Accepting connections and finding who answers.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderMap, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use rand::RngExt;
use souk_chat::guarded;
use souk_chat::service::Chats;
use souk_protocol::{Code, Error};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Network, Origins};
use crate::session::SignedIn;
use crate::socket::Surroundings;

use super::admission::{Admission, Place, Refused};
use super::reply::{Answer, problem, problem_with};
use super::{cross_origin, rest, upgrade};

/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection lives that never becomes a socket.
const HTTP_LIVES: Duration = Duration::from_secs(120);
/// Largest head of a request, in bytes: a token of the largest size, and the rest.
const HEAD_BYTES: usize = 24 * 1024;
/// Most header fields.
const HEADERS_MAX: usize = 64;
/// Pause after a failed accept, so that a lack of descriptors is not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait that a refused handshake is told, in seconds; the shortest is 1.
const RETRY_AFTER_MAX: u64 = 10;

/// What all requests share.
pub struct Shared {
    /// What sockets share.
    pub surroundings: Arc<Surroundings>,
    /// The service, for REST.
    pub chats: Arc<Chats>,
    /// Who may come in.
    pub admission: Arc<Admission>,
    /// Which pages may.
    pub origins: Origins,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted: Vec<Network>,
    /// Tasks of sockets.
    pub connections: TaskTracker,
    /// Set once the node leaves: sockets are no longer taken.
    pub leaving: CancellationToken,
}

/// The clients' port.
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
}

impl Server {
    /// Takes the port.
    pub async fn bind(address: SocketAddr, shared: Arc<Shared>) -> io::Result<Self> {
        let socket =
            if address.is_ipv4() { tokio::net::TcpSocket::new_v4()? } else { tokio::net::TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        // A storm of clients must not overflow the system's queue: what overflows comes back after seconds.
        Ok(Self { listener: socket.listen(4_096)?, shared })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts until told to stop. Sockets live on; see [`Shared::connections`].
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let shared = Arc::clone(&self.shared);
                    let tasks = shared.surroundings.runtime.tasks().clone();
                    tokio::spawn(guarded(&tasks, "request", serve(stream, peer.ip().to_canonical(), shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: IpAddr, shared: Arc<Shared>) {
    // Small frames must not wait for more of them.
    let _ = stream.set_nodelay(true);
    // The place is the socket's later; until then it is this connection's. One connection asks one thing at a time.
    let place = Arc::new(Mutex::new(shared.admission.place(Some(peer).filter(|peer| !is_trusted(&shared, *peer)))));
    let service = service_fn(move |request| {
        let (shared, place) = (Arc::clone(&shared), Arc::clone(&place));
        async move { Ok::<_, Infallible>(answer(&shared, request, peer, &place).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let lived = tokio::time::timeout(HTTP_LIVES, connection.as_mut()).await;
    if lived.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(HEAD_WITHIN, connection).await;
    }
}

async fn answer(
    shared: &Shared,
    request: Request<Incoming>,
    peer: IpAddr,
    place: &Mutex<Result<Place, Refused>>,
) -> Answer {
    if let Err(refused) = &*place.lock() {
        return over_capacity(*refused);
    }
    if !cross_origin::is_allowed(&shared.origins, request.headers()) {
        let error = Error::new(Code::Forbidden, "this page may not talk to this server; see node.origins");
        return problem(&error);
    }
    let origin = request.headers().get(ORIGIN).cloned();
    let response = match (request.method(), request.uri().path()) {
        (&Method::OPTIONS, _) => cross_origin::preflight(),
        (_, "/ws") => handshake(shared, request, peer, place, upgrade::plain).await,
        (_, "/socket.io" | "/socket.io/" | "/api/chat/socket" | "/api/chat/socket/") => {
            handshake(shared, request, peer, place, upgrade::socket_io).await
        }
        _ => rest::answer(shared, request).await,
    };
    cross_origin::share(response, origin)
}

type Upgrade = fn(&Shared, Request<Incoming>, Option<(SignedIn, String)>, Place) -> Answer;

async fn handshake(
    shared: &Shared,
    request: Request<Incoming>,
    peer: IpAddr,
    place: &Mutex<Result<Place, Refused>>,
    upgrade: Upgrade,
) -> Answer {
    if request.method() != Method::GET {
        return super::reply::not_allowed("GET");
    }
    if shared.leaving.is_cancelled() {
        return over_capacity(Refused::Backlog);
    }
    match shared.admission.turn(Instant::now()) {
        Ok(wait) if wait.is_zero() => {}
        Ok(wait) => tokio::time::sleep(wait).await,
        Err(refused) => return over_capacity(refused),
    }
    let signed_in = match signed_in(shared, request.headers()) {
        Ok(signed_in) => signed_in,
        Err(error) => return problem(&error),
    };
    let address = client_address(shared, request.headers(), peer);
    // Behind a trusted proxy the place is the client's, not the proxy's; the connection's own is given back.
    let mine = match address == peer {
        true => std::mem::replace(&mut *place.lock(), Err(Refused::Full)),
        false => shared.admission.place(Some(address)),
    };
    match mine {
        Ok(mine) => upgrade(shared, request, signed_in, mine),
        Err(refused) => over_capacity(refused),
    }
}

/// The person of the `Authorization` header, if there is one.
pub(super) fn signed_in(shared: &Shared, headers: &HeaderMap) -> Result<Option<(SignedIn, String)>, Error> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.ok_or_else(|| Error::unauthorized("the header is `Authorization: Bearer <token>`"))?;
    let around = &shared.surroundings;
    around.verify.verify(token, around.runtime.now()).map(|signed_in| Some((signed_in, token.to_owned())))
}

/// Whether what this peer says of its clients is believed.
fn is_trusted(shared: &Shared, peer: IpAddr) -> bool {
    shared.trusted.iter().any(|network| network.contains(peer))
}

/// The client's address: the peer's, or what a trusted proxy says it was: the last one in the list that is no trusted proxy.
fn client_address(shared: &Shared, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    if !is_trusted(shared, peer) {
        return peer;
    }
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.into_iter().rev() {
        match hop.parse::<IpAddr>() {
            Ok(address) if is_trusted(shared, address) => {}
            Ok(address) => return address.to_canonical(),
            Err(_) => break,
        }
    }
    peer
}

fn over_capacity(refused: Refused) -> Answer {
    let error =
        Error::new(Code::Unavailable, format!("this node takes no more now ({}); come back later", refused.as_str()));
    let wait = rand::rng().random_range(1..=RETRY_AFTER_MAX);
    let error = error.retry_after(Duration::from_secs(wait));
    problem_with(StatusCode::SERVICE_UNAVAILABLE, &error)
}
