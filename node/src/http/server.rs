//! Accepting connections and finding who answers.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode, Version};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rand::RngExt;
use souk_chat::guarded;
use souk_protocol::{Code, Error};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::session::SignedIn;

use super::admission::{Place, Refused, Source};
use super::pace::{Heard, Pace, Paced, Said};
use super::reply::{Answer, last, not_allowed, problem, problem_with, unauthorized};
use super::shared::{Shared, bearer, signed_in};
use super::upgrade::{self, Wanted};
use super::{check, cross_origin, rest};

/// Largest head of a request, in bytes: a token of the largest size, and the rest.
const HEAD_BYTES: usize = 24 * 1024;
/// Most header fields.
const HEADERS_MAX: usize = 64;
/// The name of the task of a connection that asks.
const REQUEST: &str = "request";
/// Pause after a failed accept, so that a lack of descriptors is not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Longest wait that a refused handshake is told, in seconds; the shortest is 1.
const RETRY_AFTER_MAX: u64 = 10;
/// Connections without a place that are told so at the same time. More are cut off without a word: a place that is refused must not
/// be had by waiting for the refusal.
const REFUSED_AT_ONCE: usize = 256;
/// How long such a connection has to ask and to be told.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);
/// What tells clients, and balancers, how long a connection may be idle.
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

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

    /// Accepts until told to stop. Connections live on; see [`Shared::connections`].
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let refusing = Arc::new(Semaphore::new(REFUSED_AT_ONCE));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.take(stream, peer.ip().to_canonical(), &refusing),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, peer: IpAddr, refusing: &Arc<Semaphore>) {
        let shared = Arc::clone(&self.shared);
        let tasks = shared.sockets.runtime.tasks().clone();
        match shared.admission.place(of_peer(&shared, peer)) {
            Ok(place) => {
                self.shared.connections.spawn(guarded(&tasks, REQUEST, serve(stream, peer, shared, Ok(place))));
            }
            Err(refused) => match Arc::clone(refusing).try_acquire_owned() {
                Ok(permit) => {
                    let refusing = async move {
                        let _permit = permit;
                        let _ = tokio::time::timeout(REFUSED_WITHIN, serve(stream, peer, shared, Err(refused))).await;
                    };
                    self.shared.connections.spawn(guarded(&tasks, REQUEST, refusing));
                }
                Err(_) => {
                    if let Some(times) = shared.counters.cut_off.count() {
                        tracing::warn!(
                            times,
                            limit = refused.as_str(),
                            "connections are cut off: too many are being refused"
                        );
                    }
                }
            },
        }
    }
}

async fn serve(stream: TcpStream, peer: IpAddr, shared: Arc<Shared>, place: Result<Place, Refused>) {
    // Small frames must not wait for more of them.
    let _ = stream.set_nodelay(true);
    let pace = Pace::new(shared.keep_alive);
    let leaving = shared.leaving.clone();
    let keeps_alive = !shared.keep_alive.is_zero() && place.is_ok();
    let stream = TokioIo::new(Paced::new(stream, Arc::clone(&pace)));
    // The place is the socket's later; until then it is this connection's. One connection asks one thing at a time.
    let place = Arc::new(Mutex::new(place));
    let answering = Arc::clone(&pace);
    let service = service_fn(move |request: Request<Incoming>| {
        let (shared, place, pace) = (Arc::clone(&shared), Arc::clone(&place), Arc::clone(&answering));
        pace.answering();
        async move {
            let keep = keeps_alive && stays(&request);
            let (head, body) = request.into_parts();
            let (body, is_whole) = Heard::new(body);
            let request = Request::from_parts(head, body);
            let mut response = answer(&shared, request, peer, &place).await;
            let upgrades = response.status() == StatusCode::SWITCHING_PROTOCOLS;
            if !upgrades && !is_whole.load(Ordering::Relaxed) {
                // hyper does not wait for the rest of a body that nobody wants. To intent more here would be to break it.
                response = last(response);
            }
            if keep && !upgrades && !response.headers().contains_key(CONNECTION) {
                let timeout = format!("timeout={}", shared.keep_alive.as_secs());
                response.headers_mut().extend(HeaderValue::try_from(timeout).ok().map(|timeout| (KEEP_ALIVE, timeout)));
            }
            Ok::<_, Infallible>(response.map(|body| Said::new(body, pace)))
        }
    });
    let connection = http1::Builder::new()
        // The pace sees to it.
        .header_read_timeout(Option::<Duration>::None)
        .keep_alive(keeps_alive)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS_MAX)
        .serve_connection(stream, service)
        .with_upgrades();
    let connection = async move {
        let mut connection = pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = leaving.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    };
    pace.hold(connection).await;
}

/// Whether the client wants to ask more on this connection.
fn stays<B>(request: &Request<B>) -> bool {
    let said = |word: &str| {
        let lines = request.headers().get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|option| option.trim().eq_ignore_ascii_case(word))
    };
    match request.version() {
        Version::HTTP_11 => !said("close"),
        _ => said("keep-alive"),
    }
}

async fn answer(
    shared: &Shared,
    request: Request<Heard>,
    peer: IpAddr,
    place: &Mutex<Result<Place, Refused>>,
) -> Answer {
    if !cross_origin::is_allowed(shared, request.headers(), peer) {
        let error = Error::new(Code::Forbidden, "this page may not talk to this server; see node.origins");
        return problem(&error);
    }
    let origin = request.headers().get(ORIGIN).cloned();
    if let Err(refused) = &*place.lock() {
        // The page is to read how long to wait.
        return cross_origin::share(last(over_capacity(*refused)), origin);
    }
    if let Err(answer) = check::head(&request) {
        // Also this the page may read.
        return cross_origin::share(*answer, origin);
    }
    let path = request.uri().path();
    let wanted = match path.strip_suffix('/').unwrap_or(path) {
        "/ws" => Some(Wanted::Plain),
        "/socket.io" | "/api/chat/socket" => Some(Wanted::SocketIo),
        _ => None,
    };
    let response = match (request.method(), wanted) {
        (&Method::OPTIONS, _) => cross_origin::preflight(),
        (&Method::GET | &Method::HEAD, Some(wanted)) => handshake(shared, request, wanted, peer, place).await,
        (_, Some(_)) => not_allowed("GET, HEAD"),
        (_, None) => rest::answer(shared, request).await,
    };
    cross_origin::share(response, origin)
}

/// From the cheapest check to the dearest: only what can become a socket waits for a turn, and only with a turn is a token checked.
async fn handshake(
    shared: &Shared,
    mut request: Request<Heard>,
    wanted: Wanted,
    peer: IpAddr,
    place: &Mutex<Result<Place, Refused>>,
) -> Answer {
    if request.method() == Method::HEAD {
        // What a GET would be told that asks for no upgrade.
        request.headers_mut().remove(CONNECTION);
    }
    if let Err(answer) = upgrade::check(wanted, &request) {
        return *answer;
    }
    if let Err(answer) = check_bearer(shared, request.headers()) {
        return *answer;
    }
    let source = source(shared, request.headers(), peer);
    let mut mine = match std::mem::replace(&mut *place.lock(), Err(Refused::Full)) {
        Ok(mine) => mine,
        Err(refused) => return over_capacity(refused),
    };
    match admit(shared, request.headers(), source, &mut mine).await {
        Ok(signed_in) => upgrade::start(shared, request, wanted, signed_in, mine),
        Err(answer) => {
            // The connection goes on, and may be a proxy's, which asks for somebody else next.
            *place.lock() = mine.count_for(of_peer(shared, peer)).map(|()| mine);
            *answer
        }
    }
}

/// Counts the place of a handshake for its client, waits for a turn, and looks at the token. Nobody is let in, or waits on, once the
/// node leaves.
async fn admit(
    shared: &Shared,
    headers: &HeaderMap,
    source: Source,
    place: &mut Place,
) -> Result<Option<(SignedIn, String)>, Box<Answer>> {
    place.count_for(Some(source)).map_err(|refused| Box::new(over_capacity(refused)))?;
    let turn = tokio::select! {
        biased;
        () = shared.leaving.cancelled() => Err(Refused::Leaving),
        turn = shared.admission.turn(source) => turn,
    };
    turn.map_err(|refused| Box::new(over_capacity(refused)))?;
    signed_in(shared, headers).map_err(|error| Box::new(unauthorized(Some(&error))))
}

/// Whom a connection counts for before it asks anything; `None`: it is a proxy's, which brings many people.
fn of_peer(shared: &Shared, peer: IpAddr) -> Option<Source> {
    (!shared.trusted.contains(peer)).then(|| peer.into())
}

/// Whom the bounds of an address count for. A proxy whose word cannot be read counts for itself.
fn source(shared: &Shared, headers: &HeaderMap, peer: IpAddr) -> Source {
    let client = shared.trusted.client(headers, peer);
    if client.is_unnamed
        && let Some(times) = shared.counters.unnamed.count()
    {
        tracing::warn!(
            proxy = %client.address,
            times,
            "X-Forwarded-For is missing or cannot be read: these clients count as one, with the proxy's address"
        );
    }
    client.address.into()
}

/// Refuses what is no token at a glance. Whether it is a good one is another question, which costs more. Errors: the answer.
fn check_bearer(shared: &Shared, headers: &HeaderMap) -> Result<(), Box<Answer>> {
    let looks_good = match bearer(headers) {
        Ok(None) => true,
        Ok(Some(token)) => {
            let part = |part: &str| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            };
            token.split('.').count() == 3 && token.split('.').all(part)
        }
        Err(_) => false,
    };
    match looks_good {
        true => Ok(()),
        // It says what is wrong, and cannot say that nothing is.
        false => signed_in(shared, headers).map(drop).map_err(|error| Box::new(unauthorized(Some(&error)))),
    }
}

fn over_capacity(refused: Refused) -> Answer {
    let error =
        Error::new(Code::Unavailable, format!("this node takes no more now ({}); come back later", refused.as_str()));
    let wait = rand::rng().random_range(1..=RETRY_AFTER_MAX);
    let error = error.retry_after(Duration::from_secs(wait));
    problem_with(StatusCode::SERVICE_UNAVAILABLE, &error)
}
