//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use souk_chat::service::Chats;
use souk_protocol::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Origins;
use crate::session::SignedIn;
use crate::socket::SocketContext;

use super::admission::{Admission, Tally};
use super::forwarded::Trusted;

/// What all requests share.
pub struct Shared {
    /// What sockets share.
    pub sockets: Arc<SocketContext>,
    /// The service, for REST.
    pub chats: Arc<Chats>,
    /// Who may come in.
    pub admission: Arc<Admission>,
    /// Which pages may.
    pub origins: Origins,
    /// Peers whose `X-Forwarded-…` is believed.
    pub trusted: Trusted,
    /// How long a connection may be idle between requests; zero: one request to a connection.
    pub keep_alive: Duration,
    /// Tasks of connections: sockets, and what may become one.
    pub connections: TaskTracker,
    /// Set once the node leaves: sockets are no longer taken.
    pub leaving: CancellationToken,
    /// What went wrong before there was a request.
    pub counters: ServerCounters,
}

/// What is counted.
#[derive(Debug, Default)]
pub struct ServerCounters {
    /// Connections cut off because others were being refused already.
    pub cut_off: Tally,
    /// Handshakes through a trusted proxy whose `X-Forwarded-For` is missing or cannot be read.
    pub unnamed: Tally,
}

/// The person of the `Authorization` header, if there is one.
pub(super) fn signed_in(shared: &Shared, headers: &HeaderMap) -> Result<Option<(SignedIn, String)>, Error> {
    let Some(token) = bearer(headers)? else { return Ok(None) };
    let context = &shared.sockets;
    context.verify.verify(token, context.runtime.now()).map(|signed_in| Some((signed_in, token.to_owned())))
}

/// The token of the `Authorization` header, if there is one. Errors: the header is none that brings a token.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.map(Some).ok_or_else(|| Error::unauthorized("the header is `Authorization: Bearer <token>`"))
}
