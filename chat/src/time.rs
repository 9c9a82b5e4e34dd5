//! Moments, as whole milliseconds.

/// Milliseconds since the Unix epoch, UTC. For show and for windows: numbers order, times do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment as milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        self.0
    }
}
