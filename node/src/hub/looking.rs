//! What is certain only when a device answers a heartbeat: that what it was shown arrived, and was read where its person looks.
//!
//! A device says that it looks at an order, and no more; and of an answer nothing says that it came. So behind a message that is pushed
//! where somebody looks, and behind the answer to a join, goes a heartbeat: whoever answers it has got what stood before it. One
//! heartbeat is under way at a time; what is shown meanwhile waits for the next.

use smallvec::SmallVec;
use souk_chat::service::Progress;
use souk_chat::{OrderId, Seq};

/// How far a person got in an order.
pub(super) type Shown = SmallVec<[(OrderId, Progress); 1]>;

/// What a device's person looks at, and what was shown and waits for a heartbeat's answer.
#[derive(Debug, Default)]
pub(super) struct Looking {
    orders: Vec<OrderId>,
    /// What was shown, and nothing asks for yet.
    shown: Shown,
    /// What stands in front of the heartbeat that is under way.
    asked: Option<Shown>,
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

    /// A message was pushed. `true`: somebody looks, and a heartbeat has to go out behind it.
    pub(super) fn pushed(&mut self, order: &OrderId, seq: Seq) -> bool {
        self.orders.contains(order) && self.shows(order, Progress::read(seq))
    }

    /// Something is shown of an order. `true`: a heartbeat has to go out behind it.
    pub(super) fn shows(&mut self, order: &OrderId, progress: Progress) -> bool {
        match self.shown.iter_mut().find(|shown| shown.0 == *order) {
            Some(shown) => shown.1 = shown.1.max(progress),
            None => self.shown.push((order.clone(), progress)),
        }
        self.ask()
    }

    /// A heartbeat was answered: what was shown by that, and whether the next has to go out.
    pub(super) fn answered(&mut self) -> (Shown, bool) {
        let shown = self.asked.take().unwrap_or_default();
        (shown, self.ask())
    }

    /// Whether there is nothing to keep.
    pub(super) fn is_idle(&self) -> bool {
        self.orders.is_empty() && self.shown.is_empty() && self.asked.is_none()
    }

    fn ask(&mut self) -> bool {
        if self.asked.is_some() || self.shown.is_empty() {
            return false;
        }
        self.asked = Some(std::mem::take(&mut self.shown));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(name: &str) -> OrderId {
        OrderId::new(name).unwrap()
    }

    #[test]
    fn what_is_pushed_is_read_when_the_heartbeat_behind_it_is_answered() {
        let (o, other) = (order("o"), order("p"));
        let read = |seq| Shown::from_iter([(o.clone(), Progress::read(Seq(seq)))]);
        let mut looking = Looking::default();
        assert!(!looking.pushed(&o, Seq(1)) && looking.is_idle(), "nobody looks");
        assert!(looking.set(&o, true, 1) && looking.set(&o, true, 1) && !looking.set(&other, true, 1));
        assert!(looking.pushed(&o, Seq(2)));
        assert!(!looking.pushed(&o, Seq(3)) && !looking.pushed(&o, Seq(4)), "one is under way");
        assert_eq!(looking.answered(), (read(2), true));
        assert_eq!(looking.answered(), (read(4), false));
        assert_eq!(looking.answered(), (Shown::new(), false), "the answer to a heartbeat of the sweep");
        assert!(looking.set(&o, false, 1) && !looking.pushed(&o, Seq(5)) && looking.is_idle(), "they looked away");
    }

    #[test]
    fn what_a_join_was_answered_with_arrived_with_it() {
        let mut looking = Looking::default();
        assert!(looking.shows(&order("o"), Progress::delivered(Seq(7))));
        assert!(!looking.shows(&order("p"), Progress::delivered(Seq(2))));
        assert_eq!(looking.answered().0.as_slice(), [(order("o"), Progress::delivered(Seq(7)))]);
        assert_eq!(looking.answered().0.as_slice(), [(order("p"), Progress::delivered(Seq(2)))]);
        assert!(looking.is_idle());
    }
}
