//! How frames of a session look.

use bytes::Bytes;
use souk_protocol::socketio::{self, Namespace};
use souk_protocol::{Error, plain};

use crate::metrics::Carrier;
use crate::socket::frame;

/// How frames of a session look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `souk.v1`, one JSON object a frame.
    Plain,
    /// Socket.IO in this namespace.
    SocketIo(Namespace),
}

impl Encoding {
    /// Encodings are counted from 0, for tables.
    pub(super) const COUNT: usize = 3;

    /// The encoding's place in a table.
    pub(super) fn index(self) -> usize {
        match self {
            Self::Plain => 0,
            Self::SocketIo(Namespace::Root) => 1,
            Self::SocketIo(Namespace::Chat) => 2,
        }
    }

    /// The kind of client that speaks it.
    pub fn carrier(self) -> Carrier {
        match self {
            Self::Plain => Carrier::Plain,
            Self::SocketIo(_) => Carrier::SocketIo,
        }
    }

    /// Whether it is Socket.IO, in whichever namespace.
    pub(super) fn is_socket_io(self) -> bool {
        matches!(self, Self::SocketIo(_))
    }

    /// The frame of an answer.
    pub fn answer(self, ack: Ack, body: &[u8]) -> Bytes {
        text(&match self {
            Self::Plain => plain::answer(ack.0, body),
            Self::SocketIo(namespace) => socketio::ack_packet(namespace, ack.0, body),
        })
    }

    /// The frame of an answer that refuses.
    pub fn refusal(self, ack: Ack, error: &Error) -> Bytes {
        text(&match self {
            Self::Plain => plain::error(Some(ack.0), error),
            Self::SocketIo(namespace) => socketio::ack_error(namespace, ack.0, error),
        })
    }
}

/// A text frame around `payload`.
pub(crate) fn text(payload: &[u8]) -> Bytes {
    Bytes::from(frame::encode(fastwebsockets::OpCode::Text, payload))
}

/// The number under which a client waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack(pub u64);
