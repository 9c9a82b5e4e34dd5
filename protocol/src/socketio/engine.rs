//! Engine.IO 4: what carries the Socket.IO packets.

use serde::{Deserialize, Serialize};

use super::packet::{self, Malformed, Packet};
use crate::json;
use crate::limits::FRAME_BYTES;

/// The paths that Socket.IO clients connect to, each also without the last slash.
pub const PATHS: [&str; 2] = ["/socket.io/", "/api/chat/socket/"];
/// The server's heartbeat.
pub const PING: &str = "2";
/// The client's answer to it.
pub const PONG: &str = "3";
/// Either side ends the transport.
pub const CLOSE: &str = "1";
/// Nothing; ends a long poll.
pub const NOOP: &str = "6";

/// How often the server pings, in milliseconds.
const PING_INTERVAL_MS: u64 = 25_000;
/// How long it waits for the pong, in milliseconds.
const PING_TIMEOUT_MS: u64 = 20_000;

/// One text frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The server's first frame.
    Open(Open),
    /// The other side ends the transport.
    Close,
    /// From the server: a heartbeat. From a client that probes an upgraded transport: with `probe`.
    Ping(&'a str),
    /// The answer, with the data of the ping.
    Pong(&'a str),
    /// The client moves to this transport.
    Upgrade,
    /// Nothing.
    Noop,
    /// A Socket.IO packet.
    Packet(Packet<'a>),
}

/// The data of the open packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    /// The transport's session id.
    pub sid: Box<str>,
    /// Transports to move to: none.
    pub upgrades: Vec<Box<str>>,
    /// How often the server pings, in milliseconds.
    pub ping_interval: u64,
    /// How long it waits for the pong, in milliseconds.
    pub ping_timeout: u64,
    /// Longest frame, in bytes.
    pub max_payload: usize,
}

impl Open {
    /// What this server opens with.
    pub fn new(sid: &str) -> Self {
        Self {
            sid: sid.into(),
            upgrades: Vec::new(),
            ping_interval: PING_INTERVAL_MS,
            ping_timeout: PING_TIMEOUT_MS,
            max_payload: FRAME_BYTES,
        }
    }
}

/// Reads a text frame, either side's. Borrows from it. Errors: see [`Malformed`].
pub fn decode(frame: &str) -> Result<Frame<'_>, Malformed> {
    let no_frame =
        || Malformed::new("a Socket.IO frame begins with a digit, its kind; plain WebSocket clients use /ws");
    let kind = frame.bytes().next().filter(u8::is_ascii).ok_or_else(no_frame)?;
    let data = &frame[1..];
    Ok(match kind {
        b'0' => Frame::Open(json::object(data).map_err(|error| Malformed::new(error.0))?),
        b'1' => Frame::Close,
        b'2' => Frame::Ping(data),
        b'3' => Frame::Pong(data),
        b'4' => Frame::Packet(packet::decode(data)?),
        b'5' => Frame::Upgrade,
        b'6' => Frame::Noop,
        _ => return Err(no_frame()),
    })
}

/// Why a request to a Socket.IO path is answered with status 400 instead of an upgrade. Codes and texts are those of the stock
/// server, which clients show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeRefusal {
    /// A transport that this server does not have.
    #[error("Transport unknown")]
    UnknownTransport,
    /// Names a session; this server has none to move.
    #[error("Session ID unknown")]
    UnknownSession,
    /// Not an upgrade to WebSocket.
    #[error("Bad request")]
    BadRequest,
    /// A client of Socket.IO v2.
    #[error("Unsupported protocol version")]
    UnsupportedVersion,
}

impl HandshakeRefusal {
    /// The JSON body of the answer.
    pub fn body(self) -> &'static str {
        match self {
            Self::UnknownTransport => r#"{"code":0,"message":"Transport unknown"}"#,
            Self::UnknownSession => r#"{"code":1,"message":"Session ID unknown"}"#,
            Self::BadRequest => r#"{"code":3,"message":"Bad request"}"#,
            Self::UnsupportedVersion => r#"{"code":5,"message":"Unsupported protocol version"}"#,
        }
    }
}

/// Checks the query of a handshake: `EIO=4&transport=websocket`, and no `sid`. Other parts are ignored.
pub fn check_query(query: &str) -> Result<(), HandshakeRefusal> {
    let value = |name: &str| query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    if value("transport") != Some("websocket") {
        return Err(HandshakeRefusal::UnknownTransport);
    }
    if value("sid").is_some() {
        return Err(HandshakeRefusal::UnknownSession);
    }
    if value("EIO") != Some("4") {
        return Err(HandshakeRefusal::UnsupportedVersion);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fresh_websocket_of_version_four_is_taken() {
        assert_eq!(check_query("EIO=4&transport=websocket&t=x"), Ok(()));
        assert_eq!(check_query("transport=websocket&EIO=4"), Ok(()));
        assert_eq!(check_query("EIO=4&transport=polling"), Err(HandshakeRefusal::UnknownTransport));
        assert_eq!(check_query(""), Err(HandshakeRefusal::UnknownTransport));
        assert_eq!(check_query("EIO=3&transport=websocket"), Err(HandshakeRefusal::UnsupportedVersion));
        assert_eq!(check_query("EIO=4&transport=websocket&sid=a"), Err(HandshakeRefusal::UnknownSession));
    }

    #[test]
    fn refusals_say_what_the_stock_server_says() {
        use HandshakeRefusal::*;
        for refusal in [UnknownTransport, UnknownSession, BadRequest, UnsupportedVersion] {
            assert!(refusal.body().ends_with(&format!("\"message\":\"{refusal}\"}}")));
        }
    }
}
