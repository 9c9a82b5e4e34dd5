//! How far a person got in an order: marks that only rise.

use crate::seq::Seq;

/// A point in an order's log with the number of the *other* party's messages up to and including it, so that unread is a
/// subtraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Mark {
    /// The entry.
    pub seq: Seq,
    /// The other party's messages among entries 1 to `seq`.
    pub others: u64,
}

impl Mark {
    /// The later of two marks.
    pub fn max(self, other: Self) -> Self {
        if other.seq > self.seq { other } else { self }
    }
}

/// A person's marks in one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Marks {
    /// Up to here it arrived on a device. Never below `read` when shown.
    pub delivered: Mark,
    /// Up to here it was seen.
    pub read: Mark,
}

impl Marks {
    /// Marks as they are shown: what was read was delivered.
    pub fn shown(self) -> Self {
        Self { delivered: self.delivered.max(self.read), read: self.read }
    }

    /// The later of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { delivered: self.delivered.max(other.delivered), read: self.read.max(other.read) }
    }
}
