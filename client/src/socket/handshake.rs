//! From an address to an open WebSocket.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    AUTHORIZATION, CONNECTION, HOST, HeaderValue, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use souk_protocol::plain::SUBPROTOCOL;
use tokio::net::{TcpSocket, TcpStream, lookup_host};

use super::Socket;
use crate::connection::ConnectOptions;
use crate::error::ConnectError;
use crate::limits::{ANNOUNCED_WAIT, MESSAGE_BYTES};
use crate::{AccessToken, Carrier};

/// Joined to the key before it is hashed (RFC 6455).
const ACCEPT_TAIL: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Most bytes of the answer's head.
const HEAD_BYTES: usize = 16 * 1024;

/// Opens a WebSocket; `token` goes into the `Authorization` header. Has no time limit of its own.
pub(crate) async fn open(options: &ConnectOptions, token: Option<&AccessToken>) -> Result<Socket, ConnectError> {
    let stream = reach(options).await?;
    let key = fastwebsockets::handshake::generate_key();
    let request = request(options, token, &key)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| ConnectError::NotAServer("no HTTP"))?;
    // Not `with_upgrades`: that needs a task and a boxed stream, and all that is wanted is the stream itself.
    let mut running = pin!(connection.without_shutdown());
    let answer = {
        let mut asked = pin!(sender.send_request(request));
        tokio::select! {
            biased;
            answer = &mut asked => answer.map_err(http)?,
            // It may end first, in the same breath: then the answer is there already.
            parts = &mut running => {
                let answer = asked.await.map_err(http)?;
                check(&answer, options.carrier, &key)?;
                return parts.map_err(http).map(socket);
            }
        }
    };
    check(&answer, options.carrier, &key)?;
    // The stream comes back only when nobody can ask anything more on it.
    drop((answer, sender));
    running.await.map_err(http).map(socket)
}

fn socket(parts: http1::Parts<TokioIo<TcpStream>>) -> Socket {
    Socket::new(parts.io.into_inner(), &parts.read_buf, MESSAGE_BYTES)
}

async fn reach(options: &ConnectOptions) -> Result<TcpStream, ConnectError> {
    let host = (options.address.host(), options.address.port());
    let targets = lookup_host(host).await.map_err(|_| ConnectError::Unresolved)?;
    let mut failure = ConnectError::Unresolved;
    for target in targets {
        if options.local_ip.is_some_and(|ip| ip.is_ipv4() != target.is_ipv4()) {
            continue;
        }
        match dial(options, target).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = ConnectError::Network(error.kind()),
        }
    }
    Err(failure)
}

async fn dial(options: &ConnectOptions, target: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(ip) = options.local_ip {
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.set_nodelay(true)?;
    socket.connect(target).await
}

fn request(
    options: &ConnectOptions,
    token: Option<&AccessToken>,
    key: &str,
) -> Result<Request<Empty<Bytes>>, ConnectError> {
    let host = options.host.as_deref().unwrap_or_else(|| options.address.authority());
    let mut request = Request::get(options.address.target(options.carrier))
        .header(HOST, host)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, key)
        .header(USER_AGENT, concat!("souk-client/", env!("CARGO_PKG_VERSION")));
    if matches!(options.carrier, Carrier::Plain { .. }) {
        request = request.header(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    }
    if let Some(origin) = &options.origin {
        request = request.header(ORIGIN, &**origin);
    }
    for (name, value) in &options.headers {
        request = request.header(&**name, &**value);
    }
    if let Some(token) = token {
        let mut value =
            HeaderValue::try_from(format!("Bearer {}", token.secret())).map_err(|_| ConnectError::Header)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request.body(Empty::new()).map_err(|_| ConnectError::Header)
}

fn check(answer: &Response<Incoming>, carrier: Carrier, key: &str) -> Result<(), ConnectError> {
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(ConnectError::Http { status: answer.status().as_u16(), retry_after: retry_after(answer) });
    }
    let header = |name| answer.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if header(SEC_WEBSOCKET_ACCEPT) != Some(&accept(key)) {
        return Err(ConnectError::NotAServer("the handshake's key was not understood"));
    }
    if !header(UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
        return Err(ConnectError::NotAServer("no upgrade to WebSocket"));
    }
    let subprotocol = header(SEC_WEBSOCKET_PROTOCOL);
    match carrier {
        Carrier::Plain { .. } if subprotocol != Some(SUBPROTOCOL) => {
            Err(ConnectError::NotAServer("the subprotocol is not souk.v1"))
        }
        Carrier::SocketIo(_) if subprotocol.is_some() => {
            Err(ConnectError::NotAServer("a subprotocol that nobody asked for"))
        }
        _ => Ok(()),
    }
}

/// What a server that understood `key` answers.
fn accept(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(ACCEPT_TAIL).finalize())
}

/// `Retry-After` in seconds; dates are not read, no part of souk writes them.
fn retry_after(answer: &Response<Incoming>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(ANNOUNCED_WAIT))
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be given to map_err")]
fn http(error: hyper::Error) -> ConnectError {
    if error.is_parse() {
        return ConnectError::NotAServer("the answer is not HTTP");
    }
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
    ConnectError::Network(source.map_or(std::io::ErrorKind::ConnectionAborted, std::io::Error::kind))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_accept_header_is_that_of_the_standard() {
        assert_eq!(super::accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
