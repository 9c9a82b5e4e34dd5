//! Why something did not work: one type per operation.

use std::io;
use std::time::Duration;

use souk_chat::ClientMessageId;
use souk_protocol::{Code, Error};

use crate::close::CloseReason;

/// Why a text is no [`Address`](crate::Address).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `scheme://host…`.
    #[error("an address looks like ws://host:port/path")]
    NotAnAddress,
    /// Neither `ws` nor `http`.
    #[error("an address begins with ws:// or http://")]
    Scheme,
    /// This client speaks no TLS; a proxy beside it can.
    #[error("this client speaks no TLS: use ws:// to a proxy that does")]
    Tls,
    /// A name or password in the address: tokens do not travel there.
    #[error("an address carries no user or password")]
    UserInfo,
}

/// Why there is no connection. Nothing of it is left open.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConnectError {
    /// The host has no address of the wanted family, or its name could not be looked up.
    #[error("the host cannot be found")]
    Unresolved,
    /// The network: refused, unreachable, reset.
    #[error("the server cannot be reached: {0}")]
    Network(io::ErrorKind),
    /// The server answered the handshake with another status than 101.
    #[error("the server answered with status {status}")]
    Http {
        /// The status.
        status: u16,
        /// What `Retry-After` says.
        retry_after: Option<Duration>,
    },
    /// What answered is no WebSocket server that speaks this carrier.
    #[error("not a server of this protocol: {0}")]
    NotAServer(&'static str),
    /// The server does not take the token, or has no such namespace.
    #[error("signing in was refused: {0}")]
    Refused(Error),
    /// The connection ended before it was signed in.
    #[error("the connection ended while signing in: {0}")]
    Closed(CloseReason),
    /// Not within the time for connecting.
    #[error("the server took too long")]
    TimedOut,
    /// A header value that HTTP does not allow, or a token that is too long.
    #[error("a header value holds characters that HTTP does not allow, or the token is too long")]
    Header,
}

impl ConnectError {
    /// Whether another token may help.
    pub fn is_about_the_token(&self) -> bool {
        match self {
            Self::Http { status, .. } => *status == 401,
            Self::Refused(error) => error.code == Code::Unauthorized,
            Self::Closed(reason) => reason.is_about_the_token(),
            _ => false,
        }
    }

    /// Whether trying the same again can help.
    pub fn heals(&self) -> bool {
        match self {
            Self::Http { status, .. } => !matches!(status, 400 | 401 | 403 | 426),
            Self::Refused(error) => matches!(error.code, Code::Unavailable | Code::RateLimited | Code::TooManyRooms),
            Self::Closed(reason) => reason.reconnect() != souk_protocol::Reconnect::Never,
            Self::Header => false,
            Self::Unresolved | Self::Network(_) | Self::NotAServer(_) | Self::TimedOut => true,
        }
    }

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Http { retry_after, .. } => *retry_after,
            Self::Refused(error) => error.retry_after_ms.map(Duration::from_millis),
            Self::Closed(reason) => reason.reconnect_after(),
            _ => None,
        }
    }
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// The server refused it.
    #[error("{0}")]
    Refused(Error),
    /// There is no connection now; nothing was sent.
    #[error("not connected")]
    NotConnected,
    /// The connection ended before the answer. Whether it was done is not known.
    #[error("the connection ended before the answer: {0}")]
    Lost(CloseReason),
    /// No answer in time. Whether it was done is not known.
    #[error("no answer in time")]
    TimedOut,
    /// Too much waits to be written or answered. Nothing was sent.
    #[error("too much waits already")]
    Full,
    /// Larger than a frame may be. Nothing was sent.
    #[error("the request is larger than a frame may be")]
    TooLarge,
    /// Too many items wait to be read with `next`.
    #[error("too many items wait to be read")]
    Unread,
    /// The client has stopped.
    #[error("the client has stopped")]
    Stopped,
}

/// Why a message is not acknowledged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SendError {
    /// The server refused it for good: it is not in history, unless the code is `idempotency_conflict`.
    #[error("{0}")]
    Refused(Error),
    /// The outbox is full. Nothing was sent; wait for earlier sends.
    #[error("{max} messages wait already")]
    OutboxFull {
        /// How many may wait.
        max: usize,
    },
    /// This id waits in the outbox already.
    #[error("a message with this id waits already")]
    Waiting,
    /// Larger than a frame may be. Nothing was sent.
    #[error("the message is larger than a frame may be")]
    TooLarge,
    /// Not acknowledged in time. It may be in history: send it again under this id to learn.
    #[error("not acknowledged in time")]
    TimedOut {
        /// The message's id.
        client_message_id: ClientMessageId,
    },
    /// The client stopped first. The message may be in history: send it again under this id to learn.
    #[error("the client stopped before the message was acknowledged")]
    Stopped {
        /// The message's id.
        client_message_id: ClientMessageId,
    },
}

/// Why an order is not joined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JoinError {
    /// The server refused it; it is not tried again.
    #[error("{0}")]
    Refused(Error),
    /// Not in time. The client goes on trying until `leave`.
    #[error("not joined in time; the client goes on trying")]
    TimedOut,
    /// More orders, or callers waiting for this one, than a client keeps.
    #[error("too many orders or waiting callers")]
    Full,
    /// Left before it was joined.
    #[error("left before it was joined")]
    Left,
    /// The client has stopped.
    #[error("the client has stopped")]
    Stopped,
}
