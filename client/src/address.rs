//! Where a server is, and by which carrier it is spoken to.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use souk_protocol::socketio::Namespace;

use crate::error::AddressError;

/// How requests, answers and pushes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// WebSocket with the subprotocol `souk.v1`.
    Plain {
        /// Lets the server put several pushes into one frame.
        batch: bool,
    },
    /// Socket.IO v4 over WebSocket, in this namespace.
    SocketIo(Namespace),
}

impl Carrier {
    /// The path where servers offer it.
    pub fn default_path(self) -> &'static str {
        match self {
            Self::Plain { .. } => "/ws",
            Self::SocketIo(_) => "/socket.io/",
        }
    }

    fn query(self) -> &'static str {
        match self {
            Self::Plain { batch: false } => "",
            Self::Plain { batch: true } => "batch=1",
            Self::SocketIo(_) => "EIO=4&transport=websocket",
        }
    }
}

/// The address of a server: `ws://host[:port][/path][?query]`, also written with `http://`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    authority: Box<str>,
    host: Box<str>,
    port: u16,
    path: Box<str>,
    query: Box<str>,
}

impl Address {
    /// The host's name or number, an IPv6 number without its brackets.
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port; 80 where none was written.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the `Host` header says.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// What the handshake's request line says for `carrier`. An address without a path means the carrier's own.
    pub(crate) fn target(&self, carrier: Carrier) -> String {
        let path = if matches!(&*self.path, "" | "/") { carrier.default_path() } else { &self.path };
        let query = [&*self.query, carrier.query()].into_iter().filter(|part| !part.is_empty());
        let query = query.collect::<Vec<_>>().join("&");
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.parse().map_err(|_| AddressError::NotAnAddress)?;
        match uri.scheme_str() {
            Some("ws" | "http") => {}
            Some("wss" | "https") => return Err(AddressError::Tls),
            _ => return Err(AddressError::Scheme),
        }
        let authority = uri.authority().ok_or(AddressError::NotAnAddress)?;
        if authority.as_str().contains('@') {
            return Err(AddressError::UserInfo);
        }
        Ok(Self {
            authority: authority.as_str().into(),
            host: authority.host().into(),
            port: authority.port_u16().unwrap_or(80),
            path: uri.path().into(),
            query: uri.query().unwrap_or("").into(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Carrier = Carrier::Plain { batch: false };

    #[test]
    fn the_carrier_brings_its_path_and_query() {
        let bare: Address = "ws://127.0.0.1:8080".parse().unwrap();
        assert_eq!((bare.host(), bare.port()), ("127.0.0.1", 8080));
        assert_eq!(bare.target(PLAIN), "/ws");
        assert_eq!(bare.target(Carrier::Plain { batch: true }), "/ws?batch=1");
        let socketio = Carrier::SocketIo(Namespace::Chat);
        assert_eq!(bare.target(socketio), "/socket.io/?EIO=4&transport=websocket");
        let other: Address = "http://[::1]/api/chat/socket?x=1".parse().unwrap();
        assert_eq!((other.host(), other.port(), other.authority()), ("::1", 80, "[::1]"));
        assert_eq!(other.target(socketio), "/api/chat/socket?x=1&EIO=4&transport=websocket");
        assert_eq!(other.target(PLAIN), "/api/chat/socket?x=1");
    }

    #[test]
    fn what_cannot_be_reached_is_refused() {
        for (text, error) in [
            ("wss://h/ws", AddressError::Tls),
            ("ftp://h/", AddressError::Scheme),
            ("/ws", AddressError::Scheme),
            ("ws://u:p@h/", AddressError::UserInfo),
            ("not one", AddressError::NotAnAddress),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error), "{text}");
        }
    }
}
