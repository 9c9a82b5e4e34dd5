use async_trait::async_trait;

use crate::id::{MessageId, OrderId, UserId};
use crate::owed::{EventType, ModerationAction};
use crate::time::Timestamp;

/// An event on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Deterministic: repeats carry the same.
    pub id: String,
    /// Partition key and subject: events of one order keep their order.
    pub order: OrderId,
    /// When the owing entry was written.
    pub at: Timestamp,
    /// What happened.
    pub data: EventData,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventData {
    /// `chat.notification.v1`.
    Notification {
        /// Whom to tell.
        user: UserId,
        /// About which message.
        message: MessageId,
        /// The order's title, or its id.
        title: String,
        /// The sender's name and the first 50 characters of the moderated text.
        body: String,
        /// The language to tell it in.
        locale: String,
        /// The person's unread messages in all chats.
        unread_total: u64,
    },
    /// `chat.moderation.v1`. Never the original text.
    Moderation {
        /// The message; its order is the event's.
        message: MessageId,
        /// Who wrote it.
        sender: UserId,
        /// What was found, by the names of the wire.
        flags: Vec<&'static str>,
        /// What was done.
        action: ModerationAction,
        /// Which rules hit.
        rules: Vec<String>,
        /// The version of the rules.
        rules_version: String,
    },
}

impl EventData {
    /// The type of the event.
    pub fn event_type(&self) -> EventType {
        match self {
            Self::Notification { .. } => EventType::Notification,
            Self::Moderation { .. } => EventType::Moderation,
        }
    }
}

/// Events did not get out. Some of them may have; they are to be emitted again, all, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("events could not be confirmed: {0}")]
pub struct EventsError(pub String);

/// Where events go: Kafka, or a local log.
#[async_trait]
pub trait Events: Send + Sync {
    /// Sends `events` and waits until all are durable. Events of one order keep the order given. Errors: at least one was not
    /// confirmed. Dropping the future: some may go out.
    async fn emit(&self, events: &[Event]) -> Result<(), EventsError>;
    /// Waits until what was handed over is out, for at most `patience`. For a node that leaves.
    async fn flush(&self, patience: std::time::Duration);
}
