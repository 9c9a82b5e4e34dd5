//! What a client knows of one order.

use std::collections::BTreeMap;
use std::sync::Arc;

use souk_chat::{Cursor, Epoch, Seq, UserId};
use souk_protocol::dto;

/// How far a client is with an order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not joined.
    #[default]
    Out,
    /// Asked to, in this request.
    Joining(u64),
    /// Hears everything.
    Live {
        /// Tells one join from the next.
        life: u64,
        /// The last entry that took its place in the sequence.
        at: Seq,
        /// That entry came as an acknowledgement that may have stood outside the sequence: it may come again as a push.
        maybe_again: bool,
    },
}

/// What a client knows of one order.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// How far it is.
    pub phase: Phase,
    /// Everything up to here is known; the cursor for the next join.
    pub cursor: Option<Seq>,
    /// The store's epoch as the last join told it.
    pub epoch: Option<Epoch>,
    /// What it knows is partly of what the store lost: until it is told, nothing can be asked of the numbers it sees.
    pub void: bool,
    /// Where what it knows begins: it asked for the newest only.
    pub from: Seq,
    /// The messages it knows: version and text, of each the newest that it was told.
    pub messages: BTreeMap<Seq, (u32, Arc<str>)>,
    /// How far the parties got, as it was told: the highest of each, delivered and read.
    pub marks: BTreeMap<UserId, (Seq, Seq)>,
    /// It does not want to be joined.
    pub away: bool,
}

impl View {
    /// What the next join asks from.
    pub fn known(&self) -> Option<Cursor> {
        self.cursor.map(|since| Cursor { since, epoch: self.epoch.clone() })
    }

    /// The life of the join it is live by.
    pub fn life(&self) -> Option<u64> {
        match self.phase {
            Phase::Live { life, .. } => Some(life),
            _ => None,
        }
    }

    /// The entry `seq` took its place in the sequence.
    pub fn advance(&mut self, seq: Seq, doubtful: bool) {
        if let Phase::Live { at, maybe_again, .. } = &mut self.phase {
            *at = seq;
            *maybe_again = doubtful;
            self.cursor = Some(seq);
        }
    }

    /// Somebody got so far.
    pub fn mark(&mut self, user: &UserId, delivered: Seq, read: Seq) {
        let known = self.marks.entry(user.clone()).or_default();
        *known = (known.0.max(delivered), known.1.max(read));
    }

    /// Keeps a message, unless a newer version of it is known.
    pub fn keep(&mut self, message: &dto::Message) {
        let known = self.messages.entry(message.seq).or_insert((0, "".into()));
        if known.0 < message.version {
            *known = (message.version, Arc::clone(&message.content));
        }
    }
}
