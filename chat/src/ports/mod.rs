//! The world outside, as small traits. Each engine of a port passes the port's one conformance suite.

mod audit;
mod deliveries;
mod epochs;
mod events;
mod limiter;
mod moderations;
mod originals;
mod outbox_intents;
mod presence;
mod router;
mod runtime;
mod settings;
pub mod store;
mod store_error;

pub use audit::{Audit, AuditAction, AuditId, AuditRow};
pub use deliveries::{Committed, Feed, Marked, WentBack};
pub use epochs::Epochs;
pub use events::{Event, EventData, Events, EventsError};
pub use limiter::{Admission, Attempt, Limiter, Said};
pub use moderations::{Decision, Moderations};
pub use originals::{OriginalId, OriginalRow, Originals, Why};
pub use outbox_intents::OutboxIntents;
pub use presence::{Orphan, Presence, PresenceError};
pub use router::{Channel, Envelope, EnvelopeKind, Gap, Inbox, Origin, Router, RouterError, Subscription};
pub use runtime::Runtime;
pub use settings::{KeptSettings, SETTING_BYTES_MAX};
pub use store::{
    Appended, Heartbeat, Heartbeats, Incarnation, Known, ListRow, Lists, Log, Look, Orders, Outbox, OutboxIntent,
    Store, StoreError, Watermarks,
};
