//! A message as it is now.

use std::sync::Arc;

use souk_moderation::Categories;

use crate::id::{ClientMessageId, MessageId, OrderId, UserId};
use crate::seq::Seq;
use crate::time::Timestamp;
use crate::watermark::Marks;

/// A message as it is now: made by entry `seq`, last changed by entry `rev`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The chat.
    pub order: OrderId,
    /// The entry that made it.
    pub seq: Seq,
    /// The entry that last changed it; equal to `seq` while nothing has.
    pub rev: Seq,
    /// 1 when made, one more with each change.
    pub version: u32,
    /// Who wrote it; `None`: the system.
    pub sender: Option<UserId>,
    /// The moderated text. The original is not here.
    pub content: Arc<str>,
    /// When the author last edited it.
    pub edited_at: Option<Timestamp>,
    /// Whether moderation changed the text.
    pub is_moderated: bool,
    /// What moderation found.
    pub flags: Categories,
    /// When it was made.
    pub created_at: Timestamp,
    /// The sender's own id for it. Every message by a person has one; where the client gave none the node made it.
    pub client_message_id: Option<ClientMessageId>,
}

impl Message {
    /// The message's public id.
    pub fn id(&self) -> MessageId {
        MessageId { order: self.order.clone(), seq: self.seq }
    }

    /// How far the message got with the other party, whose watermarks these are.
    pub fn status(&self, other: &Marks) -> Status {
        if other.read.seq >= self.seq {
            Status::Read
        } else if other.delivered.seq >= self.seq {
            Status::Delivered
        } else {
            Status::Sent
        }
    }
}

/// How far a message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// In history.
    Sent,
    /// On a device of the other party.
    Delivered,
    /// Seen by the other party.
    Read,
}
