use std::time::Duration;

/// The first wait is at most this long.
const FIRST: Duration = Duration::from_millis(50);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(5);
/// Doublings after which [`LONGEST`] is surely reached.
const DOUBLINGS: u32 = 7;
/// A connection that stood this long was a good one: the next wait is short again.
pub(super) const GOOD_AFTER: Duration = Duration::from_secs(2);

/// Waits between attempts: each a random part of a bound that doubles (full jitter), so that many nodes do not come back at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    pub(super) fn next_wait(&mut self) -> Duration {
        let bound = (FIRST * 2u32.pow(self.attempts.min(DOUBLINGS))).min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        bound.mul_f64(rand::random())
    }

    /// The connection stood for `lived`.
    pub(super) fn stood(&mut self, lived: Duration) {
        if lived >= GOOD_AFTER {
            self.attempts = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_bound_and_start_again_after_a_good_connection() {
        let mut backoff = Backoff::default();
        let longest = (0..1_000).map(|_| backoff.next_wait()).max().unwrap();
        assert!(longest > LONGEST / 2 && longest <= LONGEST, "{longest:?}");
        backoff.stood(Duration::from_millis(1));
        assert!((0..50).map(|_| backoff.next_wait()).max().unwrap() > FIRST, "a short life does not reset");
        backoff.stood(GOOD_AFTER);
        assert!(backoff.next_wait() <= FIRST);
    }
}
