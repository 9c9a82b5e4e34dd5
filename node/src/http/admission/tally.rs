//! Counting what may come thousands of times a second, and saying so now and then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A log line about the same thing comes at most this often.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// A count, and when it was last spoken of.
#[derive(Debug, Default)]
pub struct Tally {
    total: AtomicU64,
    /// When it was last said, and the count by then.
    said: Mutex<Option<(Instant, u64)>>,
}

impl Tally {
    /// Counts one. `Some`: it is time for a line in the log, which tells that it happened so many times since the last.
    #[must_use = "the log is to hear of it"]
    pub fn count(&self) -> Option<u64> {
        self.count_at(Instant::now())
    }

    fn count_at(&self, now: Instant) -> Option<u64> {
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        // Who finds it locked leaves the saying to whoever has it.
        let mut said = self.said.try_lock()?;
        let (at, before) = said.map_or((None, 0), |(at, before)| (Some(at), before));
        if at.is_some_and(|at| now.saturating_duration_since(at) < SAID_EVERY) {
            return None;
        }
        *said = Some((now, total));
        Some(total.saturating_sub(before))
    }

    /// How often in all.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_of_the_same_are_one_line() {
        let (tally, start) = (Tally::default(), Instant::now());
        assert_eq!(tally.count_at(start), Some(1));
        for _ in 0..1_000 {
            assert_eq!(tally.count_at(start + SAID_EVERY / 2), None);
        }
        assert_eq!(tally.count_at(start + SAID_EVERY), Some(1_001));
        assert_eq!(tally.total(), 1_002);
    }
}
