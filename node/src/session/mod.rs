//! A session: one person on one connection, from signing in to the end.
//!
//! It is a state machine without I/O: requests, ends of requests and time go in, [`Effect`]s come out. Whoever owns it (the
//! connection's task; a test; a simulation) carries them out in order.

mod state;

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;
use souk_chat::service::Progress;
use souk_chat::{Actor, ClientMessageId, Cursor, Draft, OrderId, Seq, Timestamp};
use souk_protocol::{Close, Error};

use crate::hub::{Ack, Frames};

pub use state::{REQUESTS_AT_ONCE, SIGN_IN_FIRST, SIGN_IN_WITHIN, Session};

/// A token that was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Whose it is.
    pub actor: Actor,
    /// The end that it names.
    pub expires_at: Timestamp,
    /// Until when it is taken, and a session of it goes on: the clocks of who signs and who checks may differ by some seconds.
    pub good_until: Timestamp,
}

/// Checks tokens.
pub trait Verify: Send + Sync {
    /// Who bears this token. Errors: `unauthorized`, with a text that does not quote the token.
    fn verify(&self, token: &str, now: Timestamp) -> Result<SignedIn, Error>;
}

/// A request that takes more than the session to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `join_app`.
    Hello,
    /// `list_chats`.
    ListChats {
        /// Of the page before.
        cursor: Option<Box<str>>,
        /// Most chats.
        limit: Option<usize>,
    },
    /// `join_order_chat`.
    Join {
        /// The order.
        order: OrderId,
        /// What is already known.
        cursor: Option<Cursor>,
    },
    /// `send_message`.
    Send {
        /// The order.
        order: OrderId,
        /// The checked text.
        draft: Draft,
        /// The sender's own id, if they gave one.
        id: Option<ClientMessageId>,
    },
    /// `edit_message`.
    Edit {
        /// The order.
        order: OrderId,
        /// The entry that made the message.
        seq: Seq,
        /// The checked text.
        draft: Draft,
    },
    /// `message_delivered` and `message_read`.
    Mark {
        /// The order.
        order: OrderId,
        /// How far the person got.
        progress: Progress,
        /// It was read: the answer says what is left.
        is_read: bool,
    },
    /// `set_visible`.
    SetVisible {
        /// The order.
        order: OrderId,
        /// Whether the person looks at it on this device.
        visible: bool,
    },
    /// `typing`.
    Typing {
        /// The order.
        order: OrderId,
    },
    /// `sync`.
    Sync {
        /// Per order what is already known.
        cursors: Vec<(OrderId, Cursor)>,
    },
}

impl Command {
    /// The name of the request's event.
    pub fn event(&self) -> &'static str {
        match self {
            Self::Hello => "join_app",
            Self::ListChats { .. } => "list_chats",
            Self::Join { .. } => "join_order_chat",
            Self::Send { .. } => "send_message",
            Self::Edit { .. } => "edit_message",
            Self::Mark { is_read: true, .. } => "message_read",
            Self::Mark { .. } => "message_delivered",
            Self::SetVisible { .. } => "set_visible",
            Self::Typing { .. } => "typing",
            Self::Sync { .. } => "sync",
        }
    }

    /// Whether it writes a text: those of one session are carried out one after another.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Send { .. } | Self::Edit { .. })
    }
}

/// What a session wants done.
#[derive(Debug)]
pub enum Effect {
    /// The person is known: make the device and let it hear.
    Enter(Arc<Actor>),
    /// Leave this order.
    Leave(OrderId),
    /// Answer a request.
    Answer(Option<Ack>, Bytes),
    /// Refuse a request.
    Refuse {
        /// Its number.
        ack: Option<Ack>,
        /// Why.
        error: Error,
        /// Its event's name.
        event: &'static str,
        /// Its `clientMessageId`.
        id: Option<ClientMessageId>,
    },
    /// Tell something unasked.
    Push(Frames),
    /// Carry out; [`Session::finished`] is to be told when it is done.
    Run(Option<Ack>, Command),
    /// End the connection.
    Close(Close),
}

/// Effects of one input; seldom more than two.
pub type Effects = SmallVec<[Effect; 2]>;
