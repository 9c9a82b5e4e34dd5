//! How often a node does for a sender what costs others something.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;

use crate::id::{OrderId, UserId};
use crate::limits::{ALLOWANCE_SENDERS, ALLOWANCE_WINDOW};

/// What a node did lately, by order and sender: at most so many times in [`ALLOWANCE_WINDOW`]. It is for what takes no room in
/// the limit of sends: refused texts that are recorded in the log, repeats, cursors that are looked into.
pub(super) struct Allowance {
    most: usize,
    done: Mutex<LruCache<(OrderId, UserId), VecDeque<Duration>>>,
}

impl Allowance {
    /// `most` times in a window.
    pub(super) fn of(most: usize) -> Self {
        let bound = NonZeroUsize::new(ALLOWANCE_SENDERS).expect("the bound is a number above zero");
        Self { most, done: Mutex::new(LruCache::new(bound)) }
    }

    /// Whether it may be done once more at the moment `now` of the monotonic clock; then it counts.
    pub(super) fn may(&self, order: &OrderId, sender: &UserId, now: Duration) -> bool {
        let mut done = self.done.lock();
        let times = done.get_or_insert_mut((order.clone(), sender.clone()), VecDeque::new);
        while times.front().is_some_and(|at| now.saturating_sub(*at) >= ALLOWANCE_WINDOW) {
            times.pop_front();
        }
        let may = times.len() < self.most;
        if may {
            times.push_back(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_allowed_in_part() {
        let allowance = Allowance::of(7);
        let (order, ann, bob) = (OrderId::new("o").unwrap(), UserId::new("ann").unwrap(), UserId::new("bob").unwrap());
        let count = |now: Duration| (0..100).filter(|_| allowance.may(&order, &ann, now)).count();
        assert_eq!(count(Duration::ZERO), 7);
        assert!(allowance.may(&order, &bob, Duration::ZERO));
        assert_eq!(count(ALLOWANCE_WINDOW - Duration::from_millis(1)), 0);
        assert_eq!(count(ALLOWANCE_WINDOW), 7);
    }
}
