//! A message on the wire.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use souk_chat::{ClientMessageId, MessageId, OrderId, Seq, Span, Status, UserId};

use super::{Time, ids};
use crate::json;

/// For whom a message is encoded: `clientMessageId` goes only to its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// The person who wrote it.
    Sender,
    /// Everybody else.
    Other,
}

impl Audience {
    /// What `viewer` is to `message`.
    pub fn of(message: &souk_chat::Message, viewer: &UserId) -> Self {
        if message.sender.as_ref() == Some(viewer) { Self::Sender } else { Self::Other }
    }
}

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MessageKind {
    /// A person.
    Text,
    /// The system.
    System,
}

/// A message. `clientMessageId` stands behind what everybody sees, so that the sender's form is the others' with one more field: see
/// [`envelope`](crate::envelope). `masked` stands last, for the same reason: see [`with_masked`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// `<orderId>:<seq>`.
    #[serde(with = "ids")]
    pub id: MessageId,
    /// The chat.
    #[serde(with = "ids")]
    pub order_id: OrderId,
    /// The entry that made it.
    #[serde(with = "seq")]
    pub seq: Seq,
    /// The entry that last changed it.
    #[serde(with = "seq")]
    pub rev: Seq,
    /// 1 when made, one more with each change. Of two forms of a message the one with the higher version is newer.
    pub version: u32,
    /// Who wrote it; `null`: the system.
    #[serde(with = "ids::optional")]
    pub sender_id: Option<UserId>,
    /// Who speaks.
    pub kind: MessageKind,
    /// The moderated text.
    pub content: Arc<str>,
    /// How far it got with the other party.
    #[serde(with = "status")]
    pub status: Status,
    /// Whether the author changed it.
    pub is_edited: bool,
    /// When, the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Time>,
    /// Whether moderation changed it.
    pub is_moderated: bool,
    /// What moderation found. Names that a client does not know are from a newer server.
    pub moderation_flags: Vec<Cow<'static, str>>,
    /// When it was made.
    pub created_at: Time,
    /// The sender's own id for it; only to its sender.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "ids::optional")]
    pub client_message_id: Option<ClientMessageId>,
    /// What moderation masked, in the text as its sender wrote it: only in the answer to the send or edit that wrote it, so that a
    /// front end can explain. Absent where nothing was, and in the answer to a repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<Masked>,
}

/// Something that was masked, in Unicode scalar values of the trimmed text as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Masked {
    /// The first of it, counted from 0.
    pub start: usize,
    /// One past its last.
    pub end: usize,
    /// What it was about: one of the flags.
    pub category: Cow<'static, str>,
    /// The rule that found it.
    pub rule: Cow<'static, str>,
}

impl From<&Span> for Masked {
    fn from(span: &Span) -> Self {
        let category = Cow::Borrowed(span.category.as_str());
        Self { start: span.start, end: span.end, category, rule: Cow::Borrowed(span.rule) }
    }
}

impl Message {
    /// The wire form of `message` for `audience`.
    pub fn new(message: &souk_chat::Message, status: Status, audience: Audience) -> Self {
        Self {
            id: message.id(),
            order_id: message.order.clone(),
            seq: message.seq,
            rev: message.rev,
            version: message.version,
            sender_id: message.sender.clone(),
            kind: if message.sender.is_some() { MessageKind::Text } else { MessageKind::System },
            content: message.content.clone(),
            status,
            is_edited: message.edited_at.is_some(),
            edited_at: message.edited_at.map(Time),
            is_moderated: message.is_moderated,
            moderation_flags: message.flags.iter().map(|flag| Cow::Borrowed(flag.as_str())).collect(),
            created_at: Time(message.created_at),
            client_message_id: match audience {
                Audience::Sender => message.client_message_id.clone(),
                Audience::Other => None,
            },
            masked: Vec::new(),
        }
    }
}

/// The JSON of `message` for `audience`: the body of an answer or a push, ready for the frames of both carriers.
pub fn encode_message(message: &souk_chat::Message, status: Status, audience: Audience) -> Bytes {
    let mut out = Vec::with_capacity(encoded_size_hint(message));
    json::write(&mut out, &Message::new(message, status, audience));
    Bytes::from(out)
}

/// The answer to the send or edit that wrote a message, made of its JSON for its sender: the same with `masked`, where something was.
pub fn with_masked(body: Bytes, masked: &[Span]) -> Bytes {
    if masked.is_empty() {
        return body;
    }
    let masked: Vec<Masked> = masked.iter().map(Masked::from).collect();
    let mut out = Vec::with_capacity(body.len() + 16 + 80 * masked.len());
    // A message is an object, and not an empty one.
    out.extend_from_slice(&body[..body.len() - 1]);
    out.extend_from_slice(b",\"masked\":");
    json::write(&mut out, &masked);
    out.push(b'}');
    Bytes::from(out)
}

/// About how many bytes a message takes, so that the buffer seldom grows: the fixed fields, three times the order id, the text.
pub(crate) fn encoded_size_hint(message: &souk_chat::Message) -> usize {
    320 + 2 * message.order.as_str().len() + message.content.len() + message.content.len() / 16
}

/// An entry's number as a JSON number.
pub(crate) mod seq {
    use serde::{Deserialize, Deserializer, Serializer};
    use souk_chat::Seq;

    pub(crate) fn serialize<S: Serializer>(seq: &Seq, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(seq.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Seq, D::Error> {
        u64::deserialize(deserializer).map(Seq)
    }
}

/// How far a message got, by name.
pub(crate) mod status {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use souk_chat::Status;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", remote = "Status")]
    enum Name {
        Sent,
        Delivered,
        Read,
    }

    pub(crate) fn serialize<S: Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
        Name::serialize(status, serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        Name::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use souk_chat::Timestamp;
    use souk_moderation::{Categories, Category};

    use super::*;

    #[test]
    fn the_senders_form_is_the_others_with_one_more_field_at_the_end() {
        let mut flags = Categories::EMPTY;
        flags.insert(Category::Phone);
        let message = souk_chat::Message {
            order: OrderId::new("o-1").unwrap(),
            seq: Seq(3),
            rev: Seq(5),
            version: 2,
            sender: Some(UserId::new("ann").unwrap()),
            content: "call ***\n\"now\"".into(),
            edited_at: Some(Timestamp(1_767_323_105_000)),
            is_moderated: true,
            flags,
            created_at: Timestamp(1_767_323_045_678),
            client_message_id: Some(ClientMessageId::new("c-1").unwrap()),
        };
        let other = encode_message(&message, Status::Delivered, Audience::Other);
        assert_eq!(
            json::text(&other),
            r#"{"id":"o-1:3","orderId":"o-1","seq":3,"rev":5,"version":2,"senderId":"ann","kind":"text","content":"call ***\n\"now\"","status":"delivered","isEdited":true,"editedAt":"2026-01-02T03:05:05.000Z","isModerated":true,"moderationFlags":["phone"],"createdAt":"2026-01-02T03:04:05.678Z"}"#
        );
        let sender = encode_message(&message, Status::Delivered, Audience::Sender);
        let spliced = format!(r#"{},"clientMessageId":"c-1"}}"#, &json::text(&other)[..other.len() - 1]);
        assert_eq!(json::text(&sender), spliced);
        assert!(sender.len() <= encoded_size_hint(&message));
        let read: Message = serde_json::from_slice(&sender).unwrap();
        assert_eq!(read, Message::new(&message, Status::Delivered, Audience::Sender));

        assert_eq!(with_masked(sender.clone(), &[]), sender);
        let span = Span { start: 5, end: 17, category: Category::Phone, rule: "phone.nanp" };
        let answer = with_masked(sender, &[span]);
        let masked = r#"{"start":5,"end":17,"category":"phone","rule":"phone.nanp"}"#;
        assert_eq!(json::text(&answer), format!(r#"{},"masked":[{masked}]}}"#, &spliced[..spliced.len() - 1]));
        let answer: Message = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer, Message { masked: vec![Masked::from(&span)], ..read });
    }
}
