//! A chat on the wire.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use souk_chat::{ChatKind, ChatState, OrderId, Role, Seq, UserId};

use super::message::seq;
use super::{Message, Time, ids};

/// A chat, as one person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// The order.
    #[serde(with = "ids")]
    pub order_id: OrderId,
    /// What the chat belongs to: `order` or `direct`.
    #[serde(with = "kind")]
    pub kind: ChatKind,
    /// What the marketplace calls the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Arc<str>>,
    /// Both parties, client first.
    pub participants: Vec<Participant>,
    /// `open` or `closed`.
    #[serde(with = "state")]
    pub state: ChatState,
    /// Since when it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// The number of the last entry.
    #[serde(with = "seq")]
    pub head: Seq,
    /// Messages of the other party that this person has not read.
    pub unread: u64,
    /// The newest message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Message>,
    /// When souk first heard of the order.
    pub created_at: Time,
}

/// A party of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// Who.
    #[serde(with = "ids")]
    pub user_id: UserId,
    /// On which side.
    #[serde(with = "role")]
    pub role: Role,
    /// What the person is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// Address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Box<str>>,
    /// Whether any device of theirs is connected.
    pub online: bool,
    /// When the last device left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Time>,
    /// Up to here messages arrived on a device of theirs. Never below `read`.
    #[serde(with = "seq")]
    pub delivered: Seq,
    /// Up to here they read.
    #[serde(with = "seq")]
    pub read: Seq,
}

/// What a chat belongs to, by name.
mod kind {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use souk_chat::ChatKind;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", remote = "ChatKind")]
    enum Name {
        Order,
        Direct,
    }

    pub(super) fn serialize<S: Serializer>(value: &ChatKind, serializer: S) -> Result<S::Ok, S::Error> {
        Name::serialize(value, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ChatKind, D::Error> {
        Name::deserialize(deserializer)
    }
}

/// Whether people may write, by name.
mod state {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use souk_chat::ChatState;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", remote = "ChatState")]
    enum Name {
        Open,
        Closed,
    }

    pub(super) fn serialize<S: Serializer>(value: &ChatState, serializer: S) -> Result<S::Ok, S::Error> {
        Name::serialize(value, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ChatState, D::Error> {
        Name::deserialize(deserializer)
    }
}

/// A role, by the name the domain gives it.
pub(crate) mod role {
    use std::borrow::Cow;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use souk_chat::Role;

    pub(crate) fn serialize<S: Serializer>(role: &Role, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(role.as_str())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        Role::parse(&name).ok_or_else(|| D::Error::custom("unknown role"))
    }
}
