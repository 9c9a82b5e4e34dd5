//! What of an order's entries a device has certainly been shown.

use smallvec::SmallVec;
use souk_chat::{OrderId, Seq};

/// Orders remembered for a connection, those that something was pushed of last.
const ORDERS_MAX: usize = 32;

/// Something was pushed of an order.
#[derive(Clone, Debug)]
struct Carried {
    order: OrderId,
    /// Up to here it was seen.
    seen: Option<Seq>,
    /// The last entry pushed …
    last: Seq,
    /// … in this second of the node's clock.
    at: u32,
    /// The other party's newest message that was pushed.
    message: Option<Seq>,
    /// Their newest one that was seen, until somebody [asks](Pushes::arrived).
    arrived: Option<Seq>,
}

impl Carried {
    /// What went out before the second `until` was seen.
    fn see(&mut self, until: u32) {
        if self.at < until {
            self.seen = Some(self.last);
            self.arrived = self.message.take().or(self.arrived);
        }
    }
}

/// What was pushed over a connection lately. It counts as seen when something comes back in a later second.
#[derive(Debug, Default)]
pub(super) struct Pushes(Vec<Carried>);

impl Pushes {
    /// An entry goes out in the second `now`, and what went out before the second `seen_until` was seen. `message`: it brings one of the
    /// other party.
    pub(super) fn push(&mut self, order: &OrderId, seq: Seq, message: bool, now: u32, seen_until: u32) {
        let message = message.then_some(seq);
        let carried = match self.0.iter().position(|carried| carried.order == *order) {
            Some(place) => &mut self.0[place],
            None => {
                if self.0.len() == ORDERS_MAX {
                    // What nobody was told of yet stays, as long as there is anything else.
                    let key = |place: &usize| {
                        let carried = &self.0[*place];
                        (carried.message.or(carried.arrived).is_some(), carried.at)
                    };
                    let oldest = (0..ORDERS_MAX).min_by_key(key).unwrap_or_default();
                    self.0.swap_remove(oldest);
                }
                // Most devices look at one or two orders, and there are many devices.
                self.0.reserve_exact(1);
                let (order, at) = (order.clone(), now);
                return self.0.push(Carried { order, seen: None, last: seq, at, message, arrived: None });
            }
        };
        carried.see(seen_until);
        (carried.last, carried.at) = (carried.last.max(seq), now);
        carried.message = message.or(carried.message);
    }

    /// The newest messages of other parties that were seen since this was last asked; and whether others are still to be seen.
    pub(super) fn arrived(&mut self, until: u32) -> (SmallVec<[(OrderId, Seq); 1]>, bool) {
        self.0.iter_mut().for_each(|carried| carried.see(until));
        let arrived = self.0.iter_mut().filter_map(|carried| Some((carried.order.clone(), carried.arrived.take()?)));
        (arrived.collect(), self.0.iter().any(|carried| carried.message.is_some()))
    }

    /// What was seen in all.
    pub(super) fn sight(&self, until: u32) -> Sight {
        let seen = |carried: &Carried| {
            let seen = if carried.at < until { Some(carried.last) } else { carried.seen };
            Some((carried.order.clone(), seen?))
        };
        Sight { until, orders: self.0.iter().filter_map(seen).collect() }
    }
}

/// What a person has certainly seen, on one device or another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Everything that was written to them before this second of the node's clock, give or take the way there and back.
    pub until: u32,
    /// Of these orders every entry pushed up to this one.
    pub orders: Vec<(OrderId, Seq)>,
}

impl Sight {
    /// With what another device was shown.
    pub(super) fn add(&mut self, other: Self) {
        self.until = self.until.max(other.until);
        for (order, seq) in other.orders {
            match self.orders.iter().position(|(known, _)| *known == order) {
                Some(place) => self.orders[place].1 = seq.max(self.orders[place].1),
                None if self.orders.len() < ORDERS_MAX => self.orders.push((order, seq)),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(name: &str) -> OrderId {
        OrderId::new(name).unwrap()
    }

    #[test]
    fn what_went_out_before_something_came_in_was_seen() {
        let mut pushes = Pushes::default();
        pushes.push(&order("a"), Seq(4), false, 10, 9);
        assert_eq!(pushes.sight(10).orders, [], "what came in may have crossed it");
        assert_eq!(pushes.sight(11).orders, [(order("a"), Seq(4))]);
        pushes.push(&order("a"), Seq(5), false, 12, 11);
        pushes.push(&order("b"), Seq(1), false, 12, 11);
        assert_eq!(pushes.sight(12).orders, [(order("a"), Seq(4))]);
        assert_eq!(pushes.sight(13).orders, [(order("a"), Seq(5)), (order("b"), Seq(1))]);
    }

    #[test]
    fn messages_of_others_are_told_once_when_they_were_seen() {
        let mut pushes = Pushes::default();
        let a = |seq| SmallVec::<[_; 1]>::from_iter([(order("a"), Seq(seq))]);
        pushes.push(&order("a"), Seq(4), true, 10, 9);
        assert_eq!(pushes.arrived(10), (SmallVec::new(), true));
        assert_eq!(pushes.arrived(11), (a(4), false));
        assert_eq!(pushes.arrived(11), (SmallVec::new(), false), "once");
        pushes.push(&order("a"), Seq(5), true, 12, 11);
        pushes.push(&order("a"), Seq(6), false, 14, 13);
        pushes.push(&order("a"), Seq(7), true, 14, 13);
        assert_eq!(pushes.arrived(14), (a(5), true), "what went out before the last that was heard");
        assert_eq!(pushes.arrived(15), (a(7), false));
    }

    #[test]
    fn the_longest_silent_orders_are_forgotten() {
        let mut pushes = Pushes::default();
        for (second, at) in (0..2 * ORDERS_MAX).zip(0..) {
            pushes.push(&order(&second.to_string()), Seq(1), false, at, 0);
        }
        let seen = pushes.sight(u32::MAX).orders;
        assert_eq!(seen.len(), ORDERS_MAX);
        assert!(seen.contains(&(order(&(2 * ORDERS_MAX - 1).to_string()), Seq(1))));
    }

    #[test]
    fn devices_add_up() {
        let mut sight = Sight { until: 7, orders: vec![(order("a"), Seq(3))] };
        sight.add(Sight { until: 5, orders: vec![(order("a"), Seq(2)), (order("b"), Seq(9))] });
        assert_eq!(sight, Sight { until: 7, orders: vec![(order("a"), Seq(3)), (order("b"), Seq(9))] });
    }
}
