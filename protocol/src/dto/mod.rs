//! The forms of things on the wire: camelCase, ids as text, times as RFC 3339 in UTC with milliseconds.
//!
//! One type per form, for both directions: the node writes them, clients read them, unknown fields are ignored. Ids are those of
//! the domain, checked when read.

mod admin;
mod answers;
mod chat;
mod hello;
pub(crate) mod ids;
mod message;
mod time;
mod view;

pub use admin::{Audit, AuditEntry, Original, Originals};
pub use answers::{
    CatchUp, ChatList, Empty, Joined, Page, ReadUpTo, Reported, SignedIn, SyncOutcome, Synced, TokenAccepted,
};
pub use chat::{Chat, Participant};
pub(crate) use hello::millis;
pub use hello::{Hello, Limits, Me, ReconnectPolicy};
pub use message::{Audience, Masked, Message, MessageKind, encode_message, with_masked};
pub(crate) use message::{encoded_size_hint, seq as message_seq};
pub use time::Time;
