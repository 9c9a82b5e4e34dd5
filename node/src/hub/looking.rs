//! What is certain only when a device answers a heartbeat: that what it was shown arrived, and was read where its person looks.
//!
//! A device says that it looks at an order, and no more; and of an answer nothing says that it came. So behind a message that is pushed
//! where somebody looks, and behind the answer to a join, goes a heartbeat: whoever answers it has got what stood before it. One
//! heartbeat is under way at a time; what is shown meanwhile waits for the next.

use smallvec::SmallVec;
use souk_chat::service::Progress;
use souk_chat::{OrderId, Seq};

/// Orders of which something is shown while a heartbeat is under way; what is shown of others counts when more is.
const SHOWN_ORDERS: usize = 64;

/// How far a person got in an order.
pub(super) type Shown = SmallVec<[(OrderId, Progress); 1]>;

/// What a device's person looks at, and what was shown and waits for a heartbeat's answer.
#[derive(Debug, Default)]
pub(super) struct Looking {
    orders: Vec<OrderId>,
    /// What was shown, and nothing asks for yet; of at most [`SHOWN_ORDERS`].
    shown: Shown,
    /// What stands in front of the heartbeat that is under way, and that heartbeat's number.
    asked: Option<(u32, Shown)>,
}

impl Looking {
    /// The person looks at this order from now on, or does no longer. `false`: they look at `most` already.
    pub(super) fn set(&mut self, order: &OrderId, visible: bool, most: usize) -> bool {
        let place = self.orders.iter().position(|looked| looked == order);
        match (place, visible) {
            (Some(place), false) => drop(self.orders.swap_remove(place)),
            (None, true) if self.orders.len() >= most => return false,
            (None, true) => {
                self.orders.reserve_exact(1);
                self.orders.push(order.clone());
            }
            _ => {}
        }
        true
    }

    /// A message was pushed. Where somebody looks, a heartbeat goes out behind it.
    pub(super) fn pushed(&mut self, order: &OrderId, seq: Seq, ping: impl FnOnce() -> u32) {
        if self.orders.contains(order) {
            self.shows(order, Progress::read(seq), ping);
        }
    }

    /// Something is shown of an order, and read where somebody looks. `ping` sends a heartbeat behind it, and says its number; it is
    /// called unless one is under way.
    pub(super) fn shows(&mut self, order: &OrderId, progress: Progress, ping: impl FnOnce() -> u32) {
        let progress = if self.orders.contains(order) { Progress::read(progress.delivered) } else { progress };
        match self.shown.iter().position(|shown| shown.0 == *order) {
            Some(place) => self.shown[place].1 = self.shown[place].1.max(progress),
            None if self.shown.len() >= SHOWN_ORDERS => {}
            None => self.shown.push((order.clone(), progress)),
        }
        self.ask(ping);
    }

    /// The heartbeat of this number was answered: what was shown by that. The next goes out, if there is more.
    pub(super) fn answered(&mut self, number: u32, ping: impl FnOnce() -> u32) -> Shown {
        let Some((_, shown)) = self.asked.take_if(|(asked, _)| number >= *asked) else { return Shown::new() };
        self.ask(ping);
        shown
    }

    /// Whether there is nothing to keep.
    pub(super) fn is_idle(&self) -> bool {
        self.orders.is_empty() && self.shown.is_empty() && self.asked.is_none()
    }

    fn ask(&mut self, ping: impl FnOnce() -> u32) {
        if self.asked.is_none() && !self.shown.is_empty() {
            self.asked = Some((ping(), std::mem::take(&mut self.shown)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(name: &str) -> OrderId {
        OrderId::new(name).unwrap()
    }

    fn none() -> u32 {
        panic!("one heartbeat is under way at a time")
    }

    #[test]
    fn what_is_pushed_is_read_when_the_heartbeat_behind_it_is_answered() {
        let (o, other) = (order("o"), order("p"));
        let read = |seq| Shown::from_iter([(o.clone(), Progress::read(Seq(seq)))]);
        let mut looking = Looking::default();
        looking.pushed(&o, Seq(1), none);
        assert!(looking.is_idle(), "nobody looks");
        assert!(looking.set(&o, true, 1) && looking.set(&o, true, 1) && !looking.set(&other, true, 1));
        looking.pushed(&o, Seq(2), || 7);
        looking.pushed(&o, Seq(3), none);
        looking.pushed(&o, Seq(4), none);
        assert_eq!(looking.answered(6, none), Shown::new(), "the answer to one before it, which the sweep sent");
        assert_eq!(looking.answered(7, || 9), read(2));
        assert_eq!(looking.answered(7, none), Shown::new());
        assert_eq!(looking.answered(9, none), read(4));
        assert!(looking.set(&o, false, 1));
        looking.pushed(&o, Seq(5), none);
        assert!(looking.is_idle(), "they looked away");
    }

    #[test]
    fn what_a_join_was_answered_with_arrived_with_it_and_is_read_where_somebody_looks() {
        let mut looking = Looking::default();
        looking.shows(&order("o"), Progress::delivered(Seq(7)), || 1);
        looking.set(&order("p"), true, 1);
        looking.shows(&order("p"), Progress::delivered(Seq(2)), none);
        assert_eq!(looking.answered(1, || 2).as_slice(), [(order("o"), Progress::delivered(Seq(7)))]);
        assert_eq!(looking.answered(2, none).as_slice(), [(order("p"), Progress::read(Seq(2)))]);
    }

    #[test]
    fn who_never_answers_costs_its_bound() {
        let mut looking = Looking::default();
        looking.shows(&order("first"), Progress::delivered(Seq(1)), || 1);
        for n in 0..2 * SHOWN_ORDERS {
            looking.shows(&order(&n.to_string()), Progress::delivered(Seq(1)), none);
        }
        assert_eq!(looking.shown.len(), SHOWN_ORDERS);
    }
}
