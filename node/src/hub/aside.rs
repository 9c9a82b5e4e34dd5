//! What a person's devices were pushed beside the gates: each entry once.
//!
//! An entry may come by a person's room more than once: its publish was tried again, or somebody repeated a send and the node that
//! answered could not know what the first one had done.

use souk_chat::{OrderId, ReplayWindow, Seq};

/// Orders of one person whose entries are told apart; the longest silent is forgotten.
const ASIDE_ORDERS: usize = 8;

/// The entries that came by a person's room, of the orders that were heard of last.
#[derive(Default)]
pub(super) struct Aside(Vec<(OrderId, ReplayWindow)>);

impl Aside {
    /// Whether this entry came for the first time.
    pub(super) fn is_news(&mut self, order: &OrderId, seq: Seq) -> bool {
        let mut known = match self.0.iter().position(|(known, _)| known == order) {
            Some(place) => self.0.remove(place),
            None => (order.clone(), ReplayWindow::default()),
        };
        let is_news = known.1.mark(seq);
        if self.0.len() == ASIDE_ORDERS {
            self.0.remove(0);
        }
        self.0.push(known);
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_once_and_a_silent_order_is_forgotten() {
        let mut aside = Aside::default();
        let order = |n: usize| OrderId::new(&format!("o-{n}")).unwrap();
        assert!(aside.is_news(&order(0), Seq(2)) && aside.is_news(&order(0), Seq(1)));
        assert!(!aside.is_news(&order(0), Seq(2)));
        for n in 1..ASIDE_ORDERS {
            assert!(aside.is_news(&order(n), Seq(1)));
        }
        assert!(!aside.is_news(&order(0), Seq(2)), "it is heard of again, and so not the longest silent");
        assert!(aside.is_news(&order(ASIDE_ORDERS), Seq(1)));
        assert!(!aside.is_news(&order(0), Seq(1)) && aside.is_news(&order(1), Seq(1)));
        assert_eq!(aside.0.len(), ASIDE_ORDERS);
    }
}
