//! The world outside, as small traits. Each engine of a port passes the port's one conformance suite.

mod deliveries;
mod events;
mod limiter;
mod presence;
mod promises;
mod router;
mod runtime;
pub mod store;

pub use deliveries::{Committed, Feed};
pub use events::{Event, EventData, Events, EventsError};
pub use limiter::{Admission, Limiter};
pub use presence::{Presence, PresenceError};
pub use promises::Promises;
pub use router::{Envelope, EnvelopeKind, Gap, Inbox, Origin, Room, Router, RouterError, Subscription};
pub use runtime::Runtime;
pub use store::{
    Appended, Heartbeat, Heartbeats, Incarnation, Intent, Known, ListRow, Lists, Log, Look, Orders, Outbox, Store,
    StoreError, Watermarks,
};
