//! From a request to a socket: the stream is taken out of hyper at once and nothing of the request is kept.

use bytes::Bytes;
use fastwebsockets::upgrade::is_upgrade_request;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::TokioIo;
use souk_chat::guarded;
use souk_protocol::{Code, Error, socketio};

use crate::session::SignedIn;
use crate::socket::{self, Opening};

use super::admission::Place;
use super::pace::Paced;
use super::reply::{Answer, json, problem, problem_with};
use super::shared::Shared;

/// The subprotocol of plain sockets.
const SUBPROTOCOL: &str = "souk.v1";
/// The one version of the protocol that there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");
/// The name of the tasks that open and run a socket.
const CONNECTED: &str = "connection";
/// Length of a key: 16 bytes in base64.
const KEY_CHARS: usize = 24;

/// What a handshake asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `/ws`.
    Plain,
    /// `/socket.io/` and `/api/chat/socket/`.
    SocketIo,
}

/// Whether this can become a socket, as far as can be told for next to nothing: before it waits for its turn. Errors: the answer.
pub(super) fn check<B>(wanted: Wanted, request: &Request<B>) -> Result<(), Box<Answer>> {
    match wanted {
        Wanted::Plain => {
            if !is_upgrade_request(request) {
                let error = "this is a WebSocket: connect with a WebSocket client, subprotocol souk.v1; a proxy in between has to \
                             pass Connection and Upgrade on";
                return Err(Box::new(upgrade_required(error)));
            }
            if offered(request).is_some_and(|offers| !offers) {
                let error = Error::bad_request("the subprotocol here is souk.v1; offer it, or none");
                return Err(Box::new(problem(&error)));
            }
        }
        Wanted::SocketIo => {
            let refusal = match socketio::check_query(request.uri().query().unwrap_or_default()) {
                Ok(()) if is_upgrade_request(request) => None,
                Ok(()) => Some(socketio::HandshakeRefusal::BadRequest),
                Err(refusal) => Some(refusal),
            };
            if let Some(refusal) = refusal {
                let body = Bytes::from_static(refusal.body().as_bytes());
                return Err(Box::new(json(StatusCode::BAD_REQUEST, body)));
            }
        }
    }
    check_websocket(request)
}

fn check_websocket<B>(request: &Request<B>) -> Result<(), Box<Answer>> {
    let bad = |text: &'static str| Err(Box::new(problem(&Error::bad_request(text))));
    if request.version() < Version::HTTP_11 {
        return bad("a WebSocket handshake is HTTP/1.1; a proxy in between may have made 1.0 of it");
    }
    match request.headers().get(SEC_WEBSOCKET_VERSION) {
        Some(version) if *version == VERSION => {}
        Some(_) => {
            let error = "Sec-WebSocket-Version is 13 here";
            let mut response = upgrade_required(error);
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, VERSION);
            return Err(Box::new(response));
        }
        None => return bad("Sec-WebSocket-Version is missing; it is 13 here"),
    }
    match request.headers().get(SEC_WEBSOCKET_KEY) {
        Some(key) if is_key(key.as_bytes()) => Ok(()),
        Some(_) => bad("Sec-WebSocket-Key is 16 bytes in base64"),
        None => bad("Sec-WebSocket-Key is missing: 16 random bytes in base64"),
    }
}

/// Whether these are 16 bytes in base64: 22 characters and the padding.
fn is_key(key: &[u8]) -> bool {
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == KEY_CHARS && key.strip_suffix(b"==").is_some_and(|key| key.iter().all(alphabet))
}

/// 426, which always says to what.
fn upgrade_required(error: &'static str) -> Answer {
    let mut response = problem_with(StatusCode::UPGRADE_REQUIRED, &Error::bad_request(error));
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response
}

/// Whether [`SUBPROTOCOL`] is among the offered ones; `None`: none are.
fn offered<B>(request: &Request<B>) -> Option<bool> {
    let mut offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter().peekable();
    offers.peek()?;
    Some(
        offers
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|p| p.trim() == SUBPROTOCOL),
    )
}

/// Answers a handshake that was [checked](check), and starts the socket.
pub(super) fn start<B>(
    shared: &Shared,
    mut request: Request<B>,
    wanted: Wanted,
    handshake: Option<(SignedIn, String)>,
    place: Place,
) -> Answer {
    let subprotocol = wanted == Wanted::Plain && offered(&request).is_some();
    let opening = match wanted {
        Wanted::Plain => Opening::Plain(handshake),
        Wanted::SocketIo => Opening::SocketIo(handshake),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    // Its future would put a WebSocket with a buffer of its own around the stream: only its answer is used.
    let mut response = match fastwebsockets::upgrade::upgrade(&mut request) {
        Ok((response, _)) => response.map(|_| Full::default()),
        Err(error) => return problem(&Error::new(Code::BadRequest, format!("no WebSocket handshake: {error}"))),
    };
    drop(request);
    if subprotocol {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    let context = shared.sockets.clone();
    let connections = shared.connections.clone();
    let tracked = connections.clone();
    let tasks = context.runtime.tasks().clone();
    let guard = tasks.clone();
    connections.spawn(guarded(&guard, CONNECTED, async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<Paced>>() else { return };
        // It is opened here. A task of its own, so that the connection does not drag the handshake's memory along.
        let socket = socket::run(parts.io.into_inner().into_inner(), parts.read_buf, opening, context, place);
        tracked.spawn(guarded(&tasks, CONNECTED, socket));
    }));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sixteen_bytes() {
        for good in ["dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==", "+/+/+/+/+/+/+/+/+/+/+w=="] {
            assert!(is_key(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "x",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZ-==",
            "dGhlIHNhbXBsZSBub25jZWE=",
            "dGhlIHNhbXBsZSBub25jZWFh",
            "dGhlIHNhbXBsZSBub25jZQ== ",
        ] {
            assert!(!is_key(bad.as_bytes()), "{bad}");
        }
    }
}
