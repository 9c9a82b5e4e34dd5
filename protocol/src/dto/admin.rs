//! What admins are shown over REST.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use souk_chat::service::{AuditPage, OriginalsPage};
use souk_chat::{MessageId, OrderId, Role, UserId};

use super::{Time, ids};

/// The answer of `GET /admin/chats/{orderId}/originals`: what was really written, in no order of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Originals {
    /// The texts.
    pub originals: Vec<Original>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Box<str>>,
}

/// A text that somebody wrote, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Original {
    /// Why it was kept: `masked`, `refused`, `masked_later`, `replaced` (by an edit), `edited` (the edit).
    pub reason: Cow<'static, str>,
    /// The number of the entry that it was kept for; `null`: that entry did not come about.
    pub entry: Option<u64>,
    /// The message that said it; `null`: none does.
    #[serde(with = "ids::optional")]
    pub message_id: Option<MessageId>,
    /// The version of the message that said it, or would have.
    pub version: u32,
    /// Who wrote it.
    #[serde(with = "ids")]
    pub sender_id: UserId,
    /// When it was kept.
    pub at: Time,
    /// The text; `null` where it cannot be read.
    pub content: Option<Box<str>>,
    /// Why it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<Box<str>>,
}

impl Originals {
    /// The wire form of a page of originals of `order`.
    pub fn of(page: OriginalsPage, order: &OrderId) -> Self {
        let originals = page.originals.into_iter().map(|original| {
            let (content, unreadable) = match original.text {
                Ok(text) => (Some(text.into()), None),
                Err(error) => (None, Some(error.to_string().into())),
            };
            Original {
                reason: original.why.as_str().into(),
                entry: original.entry.map(|seq| seq.0),
                message_id: original.message.map(|seq| MessageId { order: order.clone(), seq }),
                version: original.version,
                sender_id: original.sender,
                at: Time(original.at),
                content,
                unreadable,
            }
        });
        Self { originals: originals.collect(), cursor: page.cursor.map(Into::into) }
    }
}

/// The answer of `GET /admin/audit`: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// What was done.
    pub entries: Vec<AuditEntry>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Box<str>>,
}

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// When.
    pub at: Time,
    /// Who.
    #[serde(with = "ids")]
    pub user_id: UserId,
    /// In which role.
    pub role: Cow<'static, str>,
    /// What: `originals_read`.
    pub action: Cow<'static, str>,
    /// In which order; `null`: in none.
    #[serde(with = "ids::optional")]
    pub order_id: Option<OrderId>,
    /// More, in a few words.
    pub details: Box<str>,
}

impl From<AuditPage> for Audit {
    fn from(page: AuditPage) -> Self {
        let entries = page.rows.into_iter().map(|row| AuditEntry {
            at: Time(row.id.at),
            user_id: row.actor,
            role: Role::as_str(row.role).into(),
            action: row.action.as_str().into(),
            order_id: row.order,
            details: (&*row.details).into(),
        });
        Self { entries: entries.collect(), cursor: page.cursor.map(Into::into) }
    }
}
