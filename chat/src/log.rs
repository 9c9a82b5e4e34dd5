//! An order's log: what happened, numbered 1, 2, 3 … without a hole.

use std::sync::Arc;

use crate::fingerprint::Fingerprint;
use crate::id::{Epoch, UserId};
use crate::message::Message;
use crate::order::{ChatState, Side};
use crate::owed::Owed;
pub use crate::seq::Seq;
use crate::time::Timestamp;
use crate::watermark::{Mark, Marks};

/// How far somebody knows a log, and in which epoch of the store they learned it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The last entry known.
    pub since: Seq,
    /// The epoch; `None`: a client that keeps none.
    pub epoch: Option<Epoch>,
}

impl From<Seq> for Cursor {
    /// Of a client that keeps no epoch.
    fn from(since: Seq) -> Self {
        Self { since, epoch: None }
    }
}

/// How many messages each side has written, running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    /// Messages of the client.
    pub client: u64,
    /// Messages of the contractor.
    pub contractor: u64,
}

impl Counts {
    /// Messages written by this side.
    pub fn by(self, side: Side) -> u64 {
        match side {
            Side::Client => self.client,
            Side::Contractor => self.contractor,
        }
    }

    /// The counts after one more message of this side.
    pub fn plus(mut self, side: Side) -> Self {
        match side {
            Side::Client => self.client += 1,
            Side::Contractor => self.contractor += 1,
        }
        self
    }
}

/// The end of an order's log: what a write is made conditional on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Head {
    /// The last entry's number.
    pub seq: Seq,
    /// Whether people may write.
    pub state: ChatState,
    /// Messages of each side up to `seq`.
    pub counts: Counts,
    /// The volume (partition) this head was read from, 0 the first. In a later volume an id may already stand in an
    /// earlier one, which the batch's own condition cannot see: a writer looks first.
    pub volume: u32,
    /// When the last entry was written: the next one is not older, whatever the clock of its writer shows. 0 where no entry
    /// is, and where none was added since the store keeps it.
    pub at: Timestamp,
}

impl Head {
    /// Marks of the person on `side` as they are shown beside this head: never above it, though a store that lost the end of a log
    /// may have kept them.
    pub fn cap(&self, marks: Marks, side: Side) -> Marks {
        let end = Mark { seq: self.seq, others: self.counts.by(side.other()) };
        let within = |mark: Mark| if mark.seq > end.seq { end } else { mark };
        Marks { delivered: within(marks.delivered), read: within(marks.read) }.shown()
    }
}

/// The name under which an entry is written at most once per order, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryKey {
    /// The sender; `None`: souk itself.
    pub owner: Option<UserId>,
    /// The sender's `clientMessageId`, or souk's own name for what it does (`fence…`, `notify…`, `masked~…`, `refused~…`, `edit~…`).
    /// At most 512 bytes.
    pub id: Arc<str>,
}

/// What an entry did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A person wrote. Read back, the message is as it is now.
    Message(Arc<Message>),
    /// The author changed the message `target`, to this state.
    Edit(Arc<Message>),
    /// Moderation changed these messages after the fact.
    Masking(Vec<Arc<Message>>),
    /// The system wrote.
    System(Arc<Message>),
    /// The chat became read-only.
    Closing,
    /// The chat became writable again.
    Reopening,
    /// Nothing that clients see: a fence, or the place of an owed event.
    Empty,
}

/// The kind of a [`Body`], as a store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// [`Body::Message`].
    Message = 1,
    /// [`Body::Edit`].
    Edit = 2,
    /// [`Body::Masking`].
    Masking = 3,
    /// [`Body::System`].
    System = 4,
    /// [`Body::Closing`].
    Closing = 5,
    /// [`Body::Reopening`].
    Reopening = 6,
    /// [`Body::Empty`].
    Empty = 7,
}

impl EntryKind {
    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        use EntryKind::*;
        [Message, Edit, Masking, System, Closing, Reopening, Empty].into_iter().find(|kind| *kind as u8 == number)
    }
}

impl Body {
    /// The kind of this body.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Message(_) => EntryKind::Message,
            Self::Edit(_) => EntryKind::Edit,
            Self::Masking(_) => EntryKind::Masking,
            Self::System(_) => EntryKind::System,
            Self::Closing => EntryKind::Closing,
            Self::Reopening => EntryKind::Reopening,
            Self::Empty => EntryKind::Empty,
        }
    }

    /// The messages this entry made or changed.
    pub fn messages(&self) -> &[Arc<Message>] {
        match self {
            Self::Message(message) | Self::Edit(message) | Self::System(message) => std::slice::from_ref(message),
            Self::Masking(messages) => messages,
            Self::Closing | Self::Reopening | Self::Empty => &[],
        }
    }
}

/// An entry that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: Seq,
    /// The name it was written under.
    pub key: EntryKey,
    /// When it was written.
    pub at: Timestamp,
    /// Messages of each side up to and including it.
    pub counts: Counts,
    /// What it did. Messages in it are as they are *now*.
    pub body: Body,
}

/// An entry about to be appended. Its numbers (`seq`, and `seq`/`rev` inside its messages) are set by whoever knows the head it
/// will follow; the store writes them as they are and makes the whole conditional on that head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry as it will stand.
    pub entry: Entry,
    /// Of the original text; `None` for what souk writes itself.
    pub fingerprint: Option<Fingerprint>,
    /// Events that this entry owes, written with it.
    pub owed: Vec<Owed>,
}
