//! What clients ask. Every event of the vocabulary has its variant here, whatever a node makes of it.

mod parse;
mod serialize;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use souk_chat::{ClientMessageId, Cursor, MessageId, OrderId};

pub use parse::client_message_id;

use crate::json;

/// A JSON web token as it was sent, unchecked. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token<'a>(pub Cow<'a, str>);

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A client's request: an event and its data. Texts borrow from the frame; ids were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Signs in, as the first frame of a plain connection without an `Authorization` header.
    Authenticate {
        /// The token.
        token: Token<'a>,
    },
    /// Asks for [`Hello`](crate::dto::Hello).
    JoinApp,
    /// My chats, newest first.
    ListChats {
        /// Where the last answer ended.
        cursor: Option<Cow<'a, str>>,
        /// Most chats of this answer: 1 to [`LIST_CHATS_MAX`](souk_chat::limits::LIST_CHATS_MAX).
        limit: Option<usize>,
    },
    /// Catches up with an order and goes live.
    JoinOrderChat {
        /// The order.
        order: OrderId,
        /// What is already known, in the fields `since` and `epoch`; `None`: start with the newest messages.
        cursor: Option<Cursor>,
    },
    /// No longer live in an order.
    LeaveOrderChat {
        /// The order.
        order: OrderId,
    },
    /// Says something.
    SendMessage {
        /// The order.
        order: OrderId,
        /// What, not yet trimmed or measured.
        content: Cow<'a, str>,
        /// The sender's own id for it.
        client_message_id: Option<ClientMessageId>,
    },
    /// Says it differently.
    EditMessage {
        /// Which.
        message: MessageId,
        /// The new text, not yet trimmed or measured.
        content: Cow<'a, str>,
    },
    /// All up to this one arrived here.
    MessageDelivered {
        /// The last one.
        message: MessageId,
    },
    /// All up to this one were read.
    MessageRead {
        /// The last one.
        message: MessageId,
    },
    /// I am looking at this order, or no longer.
    SetVisible {
        /// The order.
        order: OrderId,
        /// Whether it is on the screen.
        visible: bool,
    },
    /// I am typing.
    Typing {
        /// Where.
        order: OrderId,
    },
    /// A complaint.
    ReportMessage {
        /// About what.
        message: MessageId,
        /// Why: 1 to [`REASON_CHARS`](crate::limits::REASON_CHARS) characters.
        reason: Cow<'a, str>,
        /// More of it: at most [`COMMENT_CHARS`](crate::limits::COMMENT_CHARS) characters.
        comment: Option<Cow<'a, str>>,
    },
    /// Catches up with several orders without joining.
    Sync {
        /// Per order what is already known; each order once, at most [`SYNC_ORDERS`](souk_chat::limits::SYNC_ORDERS), by rising id.
        /// The entries stand in `cursors: {orderId: since}`, their epochs beside it in `epochs: {orderId: epoch}`: servers that
        /// know of no epochs ignore that.
        cursors: Vec<(OrderId, Cursor)>,
    },
    /// Goes on with a newer token.
    RefreshToken {
        /// The token.
        token: Token<'a>,
    },
    /// Are you there?
    Ping,
}

impl Request<'_> {
    /// All events that clients send.
    pub const NAMES: [&'static str; 15] = [
        "authenticate",
        "join_app",
        "list_chats",
        "join_order_chat",
        "leave_order_chat",
        "send_message",
        "edit_message",
        "message_delivered",
        "message_read",
        "set_visible",
        "typing",
        "report_message",
        "sync",
        "refresh_token",
        "ping",
    ];

    /// The event's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authenticate { .. } => "authenticate",
            Self::JoinApp => "join_app",
            Self::ListChats { .. } => "list_chats",
            Self::JoinOrderChat { .. } => "join_order_chat",
            Self::LeaveOrderChat { .. } => "leave_order_chat",
            Self::SendMessage { .. } => "send_message",
            Self::EditMessage { .. } => "edit_message",
            Self::MessageDelivered { .. } => "message_delivered",
            Self::MessageRead { .. } => "message_read",
            Self::SetVisible { .. } => "set_visible",
            Self::Typing { .. } => "typing",
            Self::ReportMessage { .. } => "report_message",
            Self::Sync { .. } => "sync",
            Self::RefreshToken { .. } => "refresh_token",
            Self::Ping => "ping",
        }
    }

    /// The event's data as a client sends it.
    pub fn data(&self) -> Bytes {
        json::encode(self)
    }
}
