//! Requests on their way: what for, and until when.

use std::collections::BTreeMap;

use souk_chat::{ClientMessageId, Cursor, OrderId};
use souk_protocol::Request;
use souk_protocol::dto::Synced;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::connection::Answer;
use crate::error::RequestError;

/// What a request of this number was for.
#[derive(Debug)]
pub(super) enum Purpose {
    Hello,
    Join(OrderId),
    Send(OrderId, ClientMessageId),
    Refresh,
    Sync(BTreeMap<OrderId, Cursor>, oneshot::Sender<Result<Synced, RequestError>>),
    Call(oneshot::Sender<Result<Answer, RequestError>>),
}

#[derive(Debug)]
pub(super) struct Asked {
    pub(super) deadline: Instant,
    pub(super) purpose: Purpose,
}

/// A request of the user that is not written yet.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: Request<'static>,
    pub(super) deadline: Instant,
    pub(super) purpose: Purpose,
}

impl Purpose {
    /// Tells who waits. Joins and sends wait on in their own places.
    pub(super) fn fail(self, error: &RequestError) {
        // The caller may not wait any more.
        match self {
            Self::Call(to) => drop(to.send(Err(error.clone()))),
            Self::Sync(_, to) => drop(to.send(Err(error.clone()))),
            Self::Hello | Self::Join(_) | Self::Send(..) | Self::Refresh => {}
        }
    }
}
