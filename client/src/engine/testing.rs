//! What tests of the engine share.

use souk_chat::{MessageId, OrderId, Seq, Status, Timestamp, UserId};
use souk_protocol::dto::{Message, MessageKind, Time};

/// A message of somebody else.
pub(crate) fn message(order: &str, seq: u64, version: u32) -> Message {
    let order = OrderId::new(order).unwrap();
    Message {
        id: MessageId { order: order.clone(), seq: Seq(seq) },
        order_id: order,
        seq: Seq(seq),
        rev: Seq(seq),
        version,
        sender_id: Some(UserId::new("bob").unwrap()),
        kind: MessageKind::Text,
        content: "x".into(),
        status: Status::Sent,
        is_edited: version > 1,
        edited_at: None,
        is_moderated: false,
        moderation_flags: Vec::new(),
        masked: Vec::new(),
        created_at: Time(Timestamp(0)),
        client_message_id: None,
    }
}
