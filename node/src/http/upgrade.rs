//! From a request to a socket (D9): the stream is taken out of hyper at once and nothing of the request is kept.

use bytes::Bytes;
use fastwebsockets::upgrade::is_upgrade_request;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use souk_chat::guarded;
use souk_protocol::{Code, Error, socketio};
use tokio::net::TcpStream;

use crate::session::SignedIn;
use crate::socket::{self, Opening};

use super::admission::Place;
use super::reply::{Answer, json, problem, problem_with};
use super::server::Shared;

/// The subprotocol of plain sockets.
const SUBPROTOCOL: &str = "souk.v1";

/// `GET /ws`.
pub(super) fn plain(
    shared: &Shared,
    request: Request<Incoming>,
    handshake: Option<(SignedIn, String)>,
    place: Place,
) -> Answer {
    if !is_upgrade_request(&request) {
        let error = Error::bad_request("this is a WebSocket: connect with a WebSocket client, subprotocol souk.v1");
        let mut response = problem_with(StatusCode::UPGRADE_REQUIRED, &error);
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    }
    let offered = offered(&request);
    if offered.is_some_and(|offers| !offers) {
        return problem(&Error::bad_request("the subprotocol here is souk.v1; offer it, or none"));
    }
    let mut response = start(shared, request, Opening::Plain(handshake), place);
    if offered.is_some() && response.status() == StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}

/// `GET /socket.io/` and `/api/chat/socket/`.
pub(super) fn socket_io(
    shared: &Shared,
    request: Request<Incoming>,
    handshake: Option<(SignedIn, String)>,
    place: Place,
) -> Answer {
    let refusal = match socketio::check_query(request.uri().query().unwrap_or_default()) {
        Ok(()) if is_upgrade_request(&request) => return start(shared, request, Opening::SocketIo(handshake), place),
        Ok(()) => socketio::HandshakeRefusal::BadRequest,
        Err(refusal) => refusal,
    };
    json(StatusCode::BAD_REQUEST, Bytes::from_static(refusal.body().as_bytes()))
}

/// Whether [`SUBPROTOCOL`] is among the offered ones; `None`: none are.
fn offered(request: &Request<Incoming>) -> Option<bool> {
    let mut offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter().peekable();
    offers.peek()?;
    Some(
        offers
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|p| p.trim() == SUBPROTOCOL),
    )
}

fn start(shared: &Shared, mut request: Request<Incoming>, opening: Opening, place: Place) -> Answer {
    let upgrade = hyper::upgrade::on(&mut request);
    // Its future would put a WebSocket with a buffer of its own around the stream: only its answer is used.
    let response = match fastwebsockets::upgrade::upgrade(&mut request) {
        Ok((response, _)) => response.map(|_| Full::default()),
        Err(error) => return problem(&Error::new(Code::BadRequest, format!("no WebSocket handshake: {error}"))),
    };
    drop(request);
    let around = shared.surroundings.clone();
    let connections = shared.connections.clone();
    let tracked = connections.clone();
    connections.spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
        // A task of its own, so that the connection does not drag the handshake's memory along.
        let tasks = around.runtime.tasks().clone();
        let socket = socket::run(parts.io.into_inner(), parts.read_buf, opening, around, place);
        tracked.spawn(guarded(&tasks, "connection", socket));
    });
    response
}
