//! The domain of souk: two people talk inside an order.
//!
//! What must not be missed is an entry of the order's [log](mod@log), numbered 1, 2, 3 … without a hole. Everything here is
//! types, rules and the [service](service::Chats); the world outside is reached through the [ports] only. There is no I/O,
//! no serialisation and no runtime in this crate: who runs it brings time, tasks and randomness as [`ports::Runtime`].

pub mod actor;
pub mod draft;
pub mod fingerprint;
pub mod id;
pub mod limits;
pub mod log;
pub mod message;
pub mod order;
pub mod owed;
pub mod ports;
pub mod refusal;
pub mod replay;
pub mod rules;
pub mod seal;
pub mod seq;
pub mod service;
pub mod tasks;
pub mod text;
pub mod time;
pub mod watermark;

pub use actor::{Actor, Role};
pub use draft::Draft;
pub use fingerprint::{Fingerprint, Fingerprints};
pub use id::{ClientMessageId, Epoch, IdError, MessageId, OrderId, UserId};
pub use log::{Body, Counts, Cursor, Entry, EntryKey, Head, NewEntry, Seq};
pub use message::{Message, Status};
pub use order::{ChatKind, ChatState, NewOrder, Order, OrderStatus, Side};
pub use owed::{EventType, ModerationAction, Owed, OwedRow, Subject};
pub use refusal::Refusal;
pub use replay::ReplayWindow;
pub use rules::{Judge, RulesCell};
pub use seal::Sealer;
pub use souk_moderation::{Action, Categories, Category, Locale, Span};
pub use tasks::{Panicked, Tasks, guarded, supervised};
pub use time::Timestamp;
pub use watermark::{Mark, Marks};
