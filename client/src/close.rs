//! Why a connection ended.

use std::fmt;
use std::io;
use std::time::Duration;

use souk_protocol::{Close, Reconnect};

use crate::limits::REASON_BYTES;

/// Why a connection ended, as this side saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The server closed: a close frame, or `closing` on Socket.IO.
    Server {
        /// The number of the close; 1005 where the frame had none.
        number: u16,
        /// The server's words.
        text: Box<str>,
        /// How long it asked to wait before coming back.
        reconnect_after: Option<Duration>,
    },
    /// The server ended the Socket.IO session and did not say why.
    Disconnected,
    /// The network cut it, or the server without a word.
    Lost(io::ErrorKind),
    /// Nothing came for longer than the heartbeat allows.
    Silent,
    /// A request stayed unanswered for too long.
    Unanswered,
    /// The server sent what is not the protocol; says what.
    Malformed(Box<str>),
    /// This side closed.
    Local,
}

impl CloseReason {
    pub(crate) fn server(number: u16, text: &str, reconnect_after: Option<Duration>) -> Self {
        let end = (0..=text.len().min(REASON_BYTES)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        Self::Server { number, text: text[..end].into(), reconnect_after }
    }

    pub(crate) fn malformed(what: impl Into<Box<str>>) -> Self {
        Self::Malformed(what.into())
    }

    /// The number that the server gave.
    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Server { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// Whether to come back, from the classes of close codes. What has no number: after a wait, except where either side meant
    /// to end it.
    pub fn reconnect(&self) -> Reconnect {
        match self {
            Self::Server { number, .. } => Reconnect::after(*number),
            Self::Disconnected | Self::Local => Reconnect::Never,
            Self::Lost(_) | Self::Silent | Self::Unanswered | Self::Malformed(_) => Reconnect::AfterWait,
        }
    }

    /// How long the server asked to wait.
    pub fn reconnect_after(&self) -> Option<Duration> {
        match self {
            Self::Server { reconnect_after, .. } => *reconnect_after,
            _ => None,
        }
    }

    /// Whether another token may help: 4001 and 4003.
    pub fn is_about_the_token(&self) -> bool {
        let number = self.number();
        number == Some(Close::Unauthorized.number()) || number == Some(Close::TokenExpired.number())
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { number, text, .. } => write!(f, "closed by the server with {number}: {text}"),
            Self::Disconnected => f.write_str("the server ended the session"),
            Self::Lost(kind) => write!(f, "the connection broke: {kind}"),
            Self::Silent => f.write_str("nothing came from the server"),
            Self::Unanswered => f.write_str("the server did not answer"),
            Self::Malformed(what) => write!(f, "the server sent what is not the protocol: {what}"),
            Self::Local => f.write_str("closed by this side"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_follows_from_the_number() {
        let closed = |number| CloseReason::server(number, "", None);
        assert_eq!(closed(4008).reconnect(), Reconnect::Never);
        assert_eq!(closed(4102).reconnect(), Reconnect::AfterWait);
        assert_eq!(closed(4200).reconnect(), Reconnect::AtOnce);
        assert_eq!(CloseReason::Lost(io::ErrorKind::UnexpectedEof).reconnect(), Reconnect::AfterWait);
        assert_eq!(CloseReason::malformed("x").reconnect(), Reconnect::AfterWait);
        assert_eq!(CloseReason::Disconnected.reconnect(), Reconnect::Never);
        assert!(closed(4001).is_about_the_token() && closed(4003).is_about_the_token());
        assert!(!closed(4004).is_about_the_token());
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let CloseReason::Server { text, .. } = CloseReason::server(4001, &"я".repeat(100), None) else { panic!() };
        assert_eq!(text.len(), 122);
    }
}
