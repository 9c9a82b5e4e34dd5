//! What a device saw, in the order of the wire, in little room: thousands of devices remember everything.

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// In the answer of a join.
    CaughtUp,
    /// Pushed while live.
    Push,
    /// Pushed before the join's answer: no promise about its place.
    Aside,
    /// The acknowledgement of a message sent once only and after the join: it stands in the sequence.
    Ack,
    /// Any other acknowledgement.
    Repeat,
    /// A push that changed it: a masking after the fact, or an edit.
    Change,
}

/// A message, as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// The entry that brought it.
    pub(crate) entry: u64,
    /// The entry that made it.
    pub(crate) seq: u64,
    /// Of its text.
    pub(crate) digest: u32,
    pub(crate) version: u32,
    pub(crate) how: How,
}

/// One connection, from its join on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// The cursor that it began from.
    pub(crate) since: u64,
    /// Where catching up ended; `None`: it ended before.
    pub(crate) up_to: Option<u64>,
    pub(crate) seen: Vec<Seen>,
}

/// Everything that a device saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) lives: Vec<Life>,
    /// Whether it was live at the end: then it must have seen everything.
    pub(crate) live_at_end: bool,
}
