//! What requests are answered with. `send_message` and `edit_message` are answered with the bare [`Message`], `join_app` with
//! [`Hello`](super::Hello).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use souk_chat::{Epoch, OrderId, Seq, UserId};

use super::message::seq;
use super::{Chat, Message, Time, ids};
use crate::error::Error;

/// `{}`: done, nothing to say. What `leave_order_chat`, `message_delivered`, `set_visible`, `typing` and `ping` are answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Empty {}

/// The answer of `authenticate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The token's `sub`.
    #[serde(with = "ids")]
    pub user_id: UserId,
    /// When the token ends.
    pub expires_at: Time,
}

/// The answer of `refresh_token`, and the data of `token_expiring`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAccepted {
    /// When the token ends.
    pub expires_at: Time,
}

/// The answer of `list_chats` and `GET /chats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatList {
    /// Newest first.
    pub chats: Vec<Chat>,
    /// Where the list goes on; absent at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Box<str>>,
}

/// The answer of `join_order_chat`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The chat.
    pub chat: Chat,
    /// By rising `seq`, each once, as they are now.
    pub messages: Vec<Message>,
    /// The last entry that this covers: the cursor to keep.
    #[serde(with = "seq")]
    pub up_to: Seq,
    /// The last entry there is.
    #[serde(with = "seq")]
    pub head: Seq,
    /// Whether there is more above `upTo`: then this connection is not live yet and joins again from there.
    pub more: bool,
    /// The store's epoch: to be kept beside the cursor and sent back with it. Absent: the server knows of none.
    #[serde(default, with = "ids::optional", skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The cursor was of a history that is gone. This is the answer to a join without `since`: what was kept of the order is to
    /// be dropped.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reset: bool,
}

impl Joined {
    /// The answer of a join that read `caught_up`. Joining without `since` leaves nothing newer out: `more` is false there, whatever
    /// stands below the first message.
    pub fn new(chat: Chat, caught_up: CatchUp) -> Self {
        let CatchUp { messages, up_to, head, more, epoch, reset } = caught_up;
        Self { chat, messages, up_to, head, more: more && up_to < head, epoch, reset }
    }
}

/// Messages made or changed by a stretch of entries, as they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatchUp {
    /// By rising `seq`, each once.
    pub messages: Vec<Message>,
    /// The last entry that this covers: the cursor to keep.
    #[serde(with = "seq")]
    pub up_to: Seq,
    /// The last entry there is.
    #[serde(with = "seq")]
    pub head: Seq,
    /// Whether there is more: above `upTo` when catching up, below the first message when paging back and after a `reset`.
    pub more: bool,
    /// As in [`Joined::epoch`].
    #[serde(default, with = "ids::optional", skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The cursor was of a history that is gone. These are the newest messages: what was kept of the order is to be dropped.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reset: bool,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// A page of history over REST has the form of a catch-up.
pub type Page = CatchUp;

/// The answer of `message_read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadUpTo {
    /// Unread messages left in this chat.
    pub unread: u64,
    /// Unread messages left in all chats.
    pub unread_total: u64,
}

/// The answer of `report_message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The report's name, for support.
    pub report_id: Box<str>,
}

/// The answer of `sync`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Synced {
    /// One outcome for each order asked.
    #[serde(with = "ids::keys")]
    pub orders: BTreeMap<OrderId, SyncOutcome>,
    /// Chats that were not asked for and have something unread.
    pub chats: Vec<Chat>,
}

/// What became of one order of a `sync`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SyncOutcome {
    /// What was missed.
    CaughtUp(CatchUp),
    /// Why not.
    Refused {
        /// The refusal.
        error: Error,
    },
}
