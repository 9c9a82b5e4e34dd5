//! What nodes send each other, inside the router's envelope: a committed entry of an order's log, somebody typing, or how far somebody got.
//!
//! The node that wrote an entry encodes it [once](encode_entry), for the whole cluster and for both carriers. A receiving node cuts
//! the ready JSON out of the bytes; only the sender's own form is put together there, by adding `clientMessageId` at the end.
//!
//! Version 1, all numbers big-endian, `text` = one byte of length and that many bytes (0: absent):
//!
//! ```text
//! entry   version u8 = 1 · kind u8 · at i64 · count of the client u64 · of the contractor u64 · parts u16 · part…
//! part    seq u64 · sender text · clientMessageId text · length u32 · JSON of the message, without clientMessageId
//! typing  version u8 = 1 · user text
//! status  version u8 = 1 · user text · at i64 · delivered u64 · others of it u64 · read u64 · others of it u64
//! ```
//!
//! Order, entry number and origin are in the router's header ([`souk_chat::ports::Envelope`]) and are not repeated. Kinds are those of
//! [`EntryKind`](souk_chat::log::EntryKind). Another version is refused: the order's gate then reads the entry from the store.

mod decode;
mod encode;
mod mark;
mod reader;

pub use decode::{EntryEnvelope, Part, StatusEnvelope, Viewpoint, decode_status, decode_typing};
pub use encode::{encode_entry, encode_status, encode_typing};
pub use mark::EntryMark;

/// The version that is written, and the only one that is read.
pub const VERSION: u8 = 1;
/// Most messages that one entry may carry: what a masking may change at once.
pub const PARTS_MAX: usize = 1_024;
/// Bytes before the first part.
const HEADER_BYTES: usize = 1 + 1 + 8 + 8 + 8 + 2;

/// Bytes that are no envelope of this version. The entry is read from the store instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Written by a node of another version.
    #[error("the envelope has version {0}")]
    Version(u8),
    /// Shorter than it says.
    #[error("the envelope is cut off")]
    CutOff,
    /// Longer than it says.
    #[error("the envelope goes on after its end")]
    TooLong,
    /// A field holds what it cannot.
    #[error("the envelope's {0} makes no sense")]
    Field(&'static str),
}
