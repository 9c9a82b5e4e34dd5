//! The orders that a person looks at on a device: what arrives there is read, as soon as it is certain that it arrived.
//!
//! A device says that it looks, and no more. So behind a message that is pushed to it goes a heartbeat: its answer says that the
//! message was shown. One heartbeat is under way at a time; what is pushed meanwhile waits for the next.

use smallvec::SmallVec;
use souk_chat::{OrderId, Seq};

/// An order that is looked at.
#[derive(Debug)]
struct Looked {
    order: OrderId,
    /// The newest message that was pushed, and that nothing asks for yet.
    pushed: Option<Seq>,
    /// The newest one in front of the heartbeat that is under way.
    asked: Option<Seq>,
}

/// What a device's person looks at.
#[derive(Debug, Default)]
pub(super) struct Looking {
    orders: Vec<Looked>,
    is_asked: bool,
}

impl Looking {
    /// The person looks at this order from now on, or does no longer. `false`: they look at `most` already.
    pub(super) fn set(&mut self, order: &OrderId, visible: bool, most: usize) -> bool {
        let place = self.orders.iter().position(|looked| looked.order == *order);
        match (place, visible) {
            (Some(place), false) => drop(self.orders.swap_remove(place)),
            (None, true) if self.orders.len() >= most => return false,
            (None, true) => {
                self.orders.reserve_exact(1);
                self.orders.push(Looked { order: order.clone(), pushed: None, asked: None });
            }
            _ => {}
        }
        true
    }

    /// A message was pushed. `true`: a heartbeat has to go out behind it.
    pub(super) fn pushed(&mut self, order: &OrderId, seq: Seq) -> bool {
        let Some(looked) = self.orders.iter_mut().find(|looked| looked.order == *order) else { return false };
        looked.pushed = Some(seq);
        self.ask()
    }

    /// A heartbeat was answered: what was shown, and whether the next has to go out.
    pub(super) fn answered(&mut self) -> (SmallVec<[(OrderId, Seq); 1]>, bool) {
        if !std::mem::take(&mut self.is_asked) {
            return (SmallVec::new(), false);
        }
        let shown = self.orders.iter_mut().filter_map(|looked| Some((looked.order.clone(), looked.asked.take()?)));
        (shown.collect(), self.ask())
    }

    fn ask(&mut self) -> bool {
        if self.is_asked || self.orders.iter().all(|looked| looked.pushed.is_none()) {
            return false;
        }
        self.orders.iter_mut().for_each(|looked| looked.asked = looked.pushed.take());
        self.is_asked = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_read_when_the_heartbeat_behind_it_is_answered() {
        let (o, other) = (OrderId::new("o").unwrap(), OrderId::new("p").unwrap());
        let mut looking = Looking::default();
        assert!(!looking.pushed(&o, Seq(1)), "nobody looks");
        assert!(looking.set(&o, true, 1) && looking.set(&o, true, 1) && !looking.set(&other, true, 1));
        assert!(looking.pushed(&o, Seq(2)));
        assert!(!looking.pushed(&o, Seq(3)) && !looking.pushed(&o, Seq(4)), "one is under way");
        assert_eq!(looking.answered(), (SmallVec::from_iter([(o.clone(), Seq(2))]), true));
        assert_eq!(looking.answered(), (SmallVec::from_iter([(o.clone(), Seq(4))]), false));
        assert_eq!(looking.answered(), (SmallVec::new(), false), "the answer to a heartbeat of the sweep");
        assert!(looking.pushed(&o, Seq(5)) && looking.set(&o, false, 1));
        assert_eq!(looking.answered(), (SmallVec::new(), false), "they looked away");
    }
}
