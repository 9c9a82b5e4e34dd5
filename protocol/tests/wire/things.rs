//! Things of the domain to put on the wire.

use std::sync::Arc;

use souk_chat::log::EntryKey;
use souk_chat::{
    Body, ClientMessageId, Counts, Cursor, Entry, Epoch, Message, MessageId, OrderId, Role, Seq, Status, Timestamp,
    UserId,
};
use souk_moderation::{Categories, Category};
use souk_protocol::dto::{self, Audience, Time};

pub(crate) fn order() -> OrderId {
    OrderId::new("o-1").unwrap()
}

/// What is known up to an entry, in some epoch.
pub(crate) fn cursor(since: u64) -> Cursor {
    Cursor { since: Seq(since), epoch: Epoch::new("19ac3f2b1d0-5f3a9c21").ok() }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(1_767_323_045_678 + seconds * 1_000)
}

/// A message of `sender` (empty: the system) made by entry `seq`.
pub(crate) fn message(sender: &str, seq: u64, content: &str) -> Message {
    let sender = (!sender.is_empty()).then(|| user(sender));
    Message {
        order: order(),
        seq: Seq(seq),
        rev: Seq(seq),
        version: 1,
        client_message_id: sender.as_ref().map(|_| ClientMessageId::new(&format!("c-{seq}")).unwrap()),
        sender,
        content: content.into(),
        edited_at: None,
        is_moderated: false,
        flags: Categories::EMPTY,
        created_at: at(0),
    }
}

/// The same, changed by entry `rev`.
pub(crate) fn changed(message: Message, rev: u64, content: &str) -> Message {
    let version = message.version + 1;
    Message { rev: Seq(rev), version, content: content.into(), edited_at: Some(at(60)), ..message }
}

/// The same, with a telephone number masked.
pub(crate) fn masked(message: Message, rev: u64) -> Message {
    let version = message.version + 1;
    let flags = Categories::from_iter([Category::Phone, Category::Messenger]);
    Message { rev: Seq(rev), version, content: "call ***".into(), is_moderated: true, flags, ..message }
}

pub(crate) fn entry(seq: u64, body: Body) -> Entry {
    Entry {
        seq: Seq(seq),
        key: EntryKey { owner: None, id: Arc::from("k") },
        at: at(0),
        counts: Counts { client: 5, contractor: 7 },
        body,
    }
}

pub(crate) fn message_id(seq: u64) -> MessageId {
    MessageId { order: order(), seq: Seq(seq) }
}

pub(crate) fn wire(message: &Message, audience: Audience) -> dto::Message {
    dto::Message::new(message, Status::Sent, audience)
}

pub(crate) fn chat() -> dto::Chat {
    let participant = |name: &str, role, online: bool| dto::Participant {
        user_id: user(name),
        role,
        name: online.then(|| "Ann A.".into()),
        picture: None,
        online,
        last_seen: (!online).then(|| Time(at(-60))),
        delivered: Seq(3),
        read: Seq(2),
    };
    dto::Chat {
        order_id: order(),
        kind: souk_chat::ChatKind::Order,
        title: Some("Paint a fence".into()),
        participants: vec![participant("ann", Role::Client, true), participant("bob", Role::Contractor, false)],
        state: souk_chat::ChatState::Open,
        closed_at: None,
        head: Seq(3),
        unread: 1,
        last_message: Some(wire(&message("bob", 3, "Hello!"), Audience::Other)),
        created_at: Time(at(-3_600)),
    }
}
