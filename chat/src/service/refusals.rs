//! How many refused texts are recorded.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;

use crate::id::{OrderId, UserId};
use crate::limits::{REFUSALS_RECORDED, REFUSALS_SENDERS, REFUSALS_WINDOW};

/// What a node recorded lately, by order and sender. A refused text takes no room in the limit of sends, so this is what keeps a
/// flood of them from growing the log: at most [`REFUSALS_RECORDED`] in [`REFUSALS_WINDOW`] on each node.
pub(super) struct Refusals {
    recorded: Mutex<LruCache<(OrderId, UserId), VecDeque<Duration>>>,
}

impl Default for Refusals {
    fn default() -> Self {
        let bound = NonZeroUsize::new(REFUSALS_SENDERS).expect("the bound is a number above zero");
        Self { recorded: Mutex::new(LruCache::new(bound)) }
    }
}

impl Refusals {
    /// Whether one more refusal may be recorded at the moment `now` of the monotonic clock; then it counts.
    pub(super) fn may_record(&self, order: &OrderId, sender: &UserId, now: Duration) -> bool {
        let mut recorded = self.recorded.lock();
        let times = recorded.get_or_insert_mut((order.clone(), sender.clone()), VecDeque::new);
        while times.front().is_some_and(|at| now.saturating_sub(*at) >= REFUSALS_WINDOW) {
            times.pop_front();
        }
        let may = times.len() < REFUSALS_RECORDED;
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
    fn a_flood_of_refused_texts_is_recorded_in_part() {
        let refusals = Refusals::default();
        let (order, ann, bob) = (OrderId::new("o").unwrap(), UserId::new("ann").unwrap(), UserId::new("bob").unwrap());
        let count = |now: Duration| (0..100).filter(|_| refusals.may_record(&order, &ann, now)).count();
        assert_eq!(count(Duration::ZERO), REFUSALS_RECORDED);
        assert!(refusals.may_record(&order, &bob, Duration::ZERO));
        assert_eq!(count(REFUSALS_WINDOW - Duration::from_millis(1)), 0);
        assert_eq!(count(REFUSALS_WINDOW), REFUSALS_RECORDED);
    }
}
