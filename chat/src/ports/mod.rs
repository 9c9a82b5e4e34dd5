//! The world outside, as small traits. Each engine of a port passes the port's one conformance suite.

mod audit;
mod deliveries;
mod epochs;
mod events;
mod limiter;
mod moderations;
mod originals;
mod presence;
mod promises;
mod router;
mod runtime;
mod settings;
pub mod store;

pub use audit::{Audit, AuditAction, AuditId, AuditRow};
pub use deliveries::{Committed, Feed, WentBack};
pub use epochs::Epochs;
pub use events::{Event, EventData, Events, EventsError};
pub use limiter::{Admission, Attempt, Limiter, Said};
pub use moderations::{Decision, Moderations};
pub use originals::{OriginalId, OriginalRow, Originals, Why};
pub use presence::{Orphan, Presence, PresenceError};
pub use promises::Promises;
pub use router::{Envelope, EnvelopeKind, Gap, Inbox, Origin, Room, Router, RouterError, Subscription};
pub use runtime::Runtime;
pub use settings::{KeptSettings, SETTING_BYTES_MAX};
pub use store::{
    Appended, Heartbeat, Heartbeats, Incarnation, Intent, Known, ListRow, Lists, Log, Look, Orders, Outbox, Store,
    StoreError, Watermarks,
};
