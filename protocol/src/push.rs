//! What the server tells unasked.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use souk_chat::{ClientMessageId, Marks, OrderId, Seq, Timestamp, UserId};

use crate::close::Closing;
use crate::dto::{self, ids, message_seq as seq};
use crate::error::Error;
use crate::json::{self, Unreadable};

/// A push ready for the frames of every carrier: its name, and its data encoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Which event.
    pub kind: PushKind,
    /// Its data as JSON.
    pub body: Bytes,
}

macro_rules! pushes {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $name:literal;)*) => {
        /// The events that a server pushes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum PushKind {
            $($(#[$doc])* $variant,)*
        }

        impl PushKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The event's name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The event of this name; `None`: from a newer server.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }

        /// A push with its data.
        #[derive(Clone, Debug, PartialEq)]
        pub enum ServerEvent {
            $($(#[$doc])* $variant($data),)*
        }

        impl ServerEvent {
            /// Which event it is.
            pub fn kind(&self) -> PushKind {
                match self { $(Self::$variant(_) => PushKind::$variant,)* }
            }

            /// Encodes the data, once for all who get it.
            pub fn encode(&self) -> Push {
                let body = match self { $(Self::$variant(data) => json::encode(data),)* };
                Push { kind: self.kind(), body }
            }

            /// Reads the data of an event. Errors: it has not the event's form.
            pub fn parse(kind: PushKind, data: &str) -> Result<Self, Unreadable> {
                Ok(match kind { $(PushKind::$variant => Self::$variant(json::object(data)?),)* })
            }
        }
    };
}

pushes! {
    /// The other party, or the system, wrote.
    NewMessage(dto::Message) = "new_message";
    /// I wrote, on another device or over REST.
    MessageSent(dto::Message) = "message_sent";
    /// The author changed a message. `rev` is the number of the entry that this push tells of.
    MessageEdited(dto::Message) = "message_edited";
    /// Somebody's watermarks rose.
    MessageStatus(MessageStatus) = "message_status";
    /// The other party types.
    Typing(Typing) = "typing";
    /// A chat partner is there.
    UserOnline(UserOnline) = "user_online";
    /// A chat partner is gone.
    UserOffline(UserOffline) = "user_offline";
    /// My unread messages changed. Of two for one order, that with the lower `head` (then `read`) is older and is dropped.
    UnreadUpdate(UnreadUpdate) = "unread_update";
    /// A chat of my list changed.
    ChatListUpdate(ChatListUpdate) = "chat_list_update";
    /// The chat became read-only.
    ChatClosed(EntryOnly) = "chat_closed";
    /// The chat became writable again.
    ChatReopened(EntryOnly) = "chat_reopened";
    /// Moderation changed messages after the fact.
    MessagesMasked(MessagesMasked) = "messages_masked";
    /// The token ends soon: send `refresh_token`.
    TokenExpiring(dto::TokenAccepted) = "token_expiring";
    /// The node is about to leave.
    ServerDraining(ServerDraining) = "server_draining";
    /// Pushes of these orders may have been lost: catch up.
    ResyncRequired(ResyncRequired) = "resync_required";
    /// The connection is about to end.
    Closing(Closing) = "closing";
    /// An event that asked for no answer was refused.
    Exception(Exception) = "exception";
}

/// The data of `message_status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageStatus {
    /// The chat.
    #[serde(with = "ids")]
    pub order_id: OrderId,
    /// Whose watermarks.
    #[serde(with = "ids")]
    pub user_id: UserId,
    /// Up to here messages arrived on a device of theirs.
    #[serde(with = "seq")]
    pub delivered: Seq,
    /// Up to here they read.
    #[serde(with = "seq")]
    pub read: Seq,
    /// When.
    pub at: dto::Time,
}

impl MessageStatus {
    /// How far `user` got in `order`, at this moment.
    pub fn new(order: OrderId, user: UserId, marks: &Marks, at: Timestamp) -> Self {
        Self { order_id: order, user_id: user, delivered: marks.delivered.seq, read: marks.read.seq, at: at.into() }
    }
}

/// The data of `typing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// The chat.
    #[serde(with = "ids")]
    pub order_id: OrderId,
    /// Who types.
    #[serde(with = "ids")]
    pub user_id: UserId,
    /// How long to show it, in milliseconds, unless a message ends it.
    pub expires_in_ms: u64,
}

impl Typing {
    /// `user` types in `order`, shown for as long as the domain says.
    pub fn new(order: OrderId, user: UserId) -> Self {
        let expires_in_ms = dto::millis(souk_chat::limits::TYPING_EXPIRES);
        Self { order_id: order, user_id: user, expires_in_ms }
    }
}

/// The data of `user_online`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOnline {
    /// Who.
    #[serde(with = "ids")]
    pub user_id: UserId,
}

/// The data of `user_offline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOffline {
    /// Who.
    #[serde(with = "ids")]
    pub user_id: UserId,
    /// When the last device left.
    pub last_seen: dto::Time,
}

/// The data of `unread_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadUpdate {
    /// The chat.
    #[serde(with = "ids")]
    pub order_id: OrderId,
    /// My unread messages in it.
    pub unread: u64,
    /// My unread messages in all chats.
    pub total: u64,
    /// The last entry that this knows of.
    #[serde(with = "seq")]
    pub head: Seq,
    /// Up to here I read.
    #[serde(with = "seq")]
    pub read: Seq,
}

/// The data of `chat_list_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatListUpdate {
    /// The chat as it is now.
    pub chat: dto::Chat,
}

/// The data of `chat_closed` and `chat_reopened`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryOnly {
    /// The chat.
    #[serde(with = "ids")]
    pub order_id: OrderId,
    /// The entry's number.
    #[serde(with = "seq")]
    pub seq: Seq,
}

/// The data of `messages_masked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessagesMasked {
    /// The chat.
    #[serde(with = "ids")]
    pub order_id: OrderId,
    /// The changed messages; each one's `rev` is the number of the entry that this push tells of.
    pub messages: Vec<dto::Message>,
}

/// The data of `server_draining`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerDraining {
    /// How long to wait before coming back, in milliseconds.
    pub reconnect_after_ms: u64,
}

/// The data of `resync_required`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResyncRequired {
    /// The orders to catch up with.
    #[serde(with = "ids::list")]
    pub order_ids: Vec<OrderId>,
}

/// The data of `exception`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// The refused event; empty where none could be read.
    pub event: Cow<'static, str>,
    /// Why.
    pub error: Error,
    /// That of the refused event, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "ids::optional")]
    pub client_message_id: Option<ClientMessageId>,
}
