//! The newest entries, found by memory instead of by index.
//!
//! Entries are appended to one table in the order they arrive, so that a commit of many orders' messages writes a few pages at
//! its end. Finding them again needs two indexes that go by order, and there every message is on a page of its own: writing
//! those with each commit made up four fifths of its cost (measured: 26 µs of CPU a message, 5 µs without). So the indexes lag
//! behind. What they do not have yet is here, order by order; when there is too much of it the orders that waited longest are
//! written into the indexes, each in one go. After a restart it is read back from the end of the table.
//!
//! How a reader sees a whole: entries are added *before* their transaction commits, and a reader takes what is here before it
//! begins its snapshot, then leaves out what lies beyond the order's head in that snapshot; if what it has does not reach that
//! head, entries came in between, and it starts again. What was moved into the indexes is forgotten only after *that* commit.
//! A rollback, which takes entries out again, raises [`Recent::rollbacks`]: a reader that sees it move starts again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Where an entry is, and the key it was written under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its number in the order.
    pub(crate) seq: u64,
    /// Its row.
    pub(crate) row: i64,
    /// Whether it made a message.
    pub(crate) is_message: bool,
    /// The key's owner, by number.
    pub(crate) owner: i64,
    /// The key's name.
    pub(crate) name: Arc<str>,
}

/// An order, a person and a name, the first two by number.
type Key = (i64, i64, Arc<str>);

/// The entries that the indexes do not have.
pub(crate) struct Recent {
    capacity: usize,
    /// Of each order: without holes, rising, up to its head.
    orders: HashMap<i64, VecDeque<Place>>,
    /// Rows by key.
    keys: HashMap<Key, i64>,
    /// Each order in `orders` once, with the row of its first entry there when it came, by rising row: the longest waiting first.
    waiting: VecDeque<(i64, i64)>,
    /// How often entries were taken out again.
    rollbacks: u64,
}

impl Recent {
    /// Nothing; the indexes take over what is more than `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        let (orders, keys, waiting) = Default::default();
        Self { capacity, orders, keys, waiting, rollbacks: 0 }
    }

    /// Adds an order's newest entry.
    pub(crate) fn add(&mut self, order: i64, place: Place) {
        self.keys.insert((order, place.owner, place.name.clone()), place.row);
        let places = self.orders.entry(order).or_default();
        if places.is_empty() {
            debug_assert!(self.waiting.back().is_none_or(|(_, row)| *row < place.row), "rows rise");
            self.waiting.push_back((order, place.row));
        }
        places.push_back(place);
    }

    /// Takes an order's newest entry out again: it was never committed.
    pub(crate) fn take_back(&mut self, order: i64) {
        self.rollbacks += 1;
        let Some(place) = self.orders.get_mut(&order).and_then(VecDeque::pop_back) else { return };
        self.keys.remove(&(order, place.owner, place.name));
        if self.orders.get(&order).is_some_and(VecDeque::is_empty) {
            self.orders.remove(&order);
            self.waiting.retain(|(waiting, _)| *waiting != order);
        }
    }

    /// Orders to be written into the indexes, with their entries, until what is left is within the capacity.
    pub(crate) fn overdue(&self) -> Vec<(i64, Vec<Place>)> {
        let mut over = self.keys.len().saturating_sub(self.capacity);
        let mut overdue = Vec::new();
        for (order, _) in &self.waiting {
            if over == 0 {
                break;
            }
            let places: Vec<Place> = self.orders.get(order).into_iter().flatten().cloned().collect();
            over = over.saturating_sub(places.len());
            overdue.push((*order, places));
        }
        overdue
    }

    /// Forgets what was [`overdue`](Self::overdue): the indexes have it by now.
    pub(crate) fn forget(&mut self, indexed: &[(i64, Vec<Place>)]) {
        for (order, gone) in indexed {
            let first = self.waiting.pop_front();
            debug_assert_eq!(first.map(|(first, _)| first), Some(*order), "what waited longest is forgotten first");
            let Some(places) = self.orders.get_mut(order) else { continue };
            for place in gone {
                places.pop_front();
                self.keys.remove(&(*order, place.owner, place.name.clone()));
            }
            match places.front() {
                // It came while the others were written; orders that came after it may wait already.
                Some(place) => {
                    let at = self.waiting.partition_point(|(_, row)| *row < place.row);
                    self.waiting.insert(at, (*order, place.row));
                }
                None => drop(self.orders.remove(order)),
            }
        }
    }

    /// The first row that may be missing in the indexes once the first `indexed` of the waiting orders are in them; `None`: none
    /// may.
    pub(crate) fn first_row_without(&self, indexed: usize) -> Option<i64> {
        self.waiting.get(indexed).map(|(_, row)| *row)
    }

    /// The row of the entry with this key.
    pub(crate) fn row_of_key(&self, order: i64, owner: i64, name: &Arc<str>) -> Option<i64> {
        self.keys.get(&(order, owner, name.clone())).copied()
    }

    /// The row of this entry.
    pub(crate) fn row(&self, order: i64, seq: u64) -> Option<i64> {
        let places = self.orders.get(&order)?;
        let index = usize::try_from(seq.checked_sub(places.front()?.seq)?).ok()?;
        places.get(index).map(|place| place.row)
    }

    /// All entries of an order here: number, row, and whether it made a message.
    pub(crate) fn of(&self, order: i64) -> Vec<(u64, i64, bool)> {
        let places = self.orders.get(&order).into_iter().flatten();
        places.map(|place| (place.seq, place.row, place.is_message)).collect()
    }

    /// Rises whenever entries are taken out that were never committed.
    pub(crate) fn rollbacks(&self) -> u64 {
        self.rollbacks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seq: u64, row: i64) -> Place {
        Place { seq, row, is_message: true, owner: 1, name: format!("k-{seq}").into() }
    }

    #[test]
    fn the_longest_waiting_orders_are_overdue_first() {
        let mut recent = Recent::new(3);
        for (order, seq, row) in [(7, 1, 1), (8, 5, 2), (7, 2, 3)] {
            recent.add(order, place(seq, row));
        }
        assert!(recent.overdue().is_empty());
        recent.add(9, place(1, 4));
        let overdue = recent.overdue();
        assert_eq!(overdue, [(7, vec![place(1, 1), place(2, 3)])]);
        assert_eq!((recent.first_row_without(0), recent.first_row_without(1)), (Some(1), Some(2)));
        // What came while it was being indexed stays, behind all that came before it.
        recent.add(7, place(3, 5));
        recent.add(6, place(1, 6));
        recent.forget(&overdue);
        assert_eq!([1, 2, 3, 4].map(|indexed| recent.first_row_without(indexed)), [Some(4), Some(5), Some(6), None]);
        assert_eq!((recent.row(7, 2), recent.row(7, 3), recent.row(8, 5)), (None, Some(5), Some(2)));
        assert_eq!(recent.first_row_without(0), Some(2));
        assert_eq!((recent.row_of_key(7, 1, &"k-1".into()), recent.row_of_key(7, 1, &"k-3".into())), (None, Some(5)));
        assert_eq!(recent.row(8, 4), None);
        assert_eq!(recent.row(8, 6), None);
    }

    #[test]
    fn what_was_rolled_back_was_never_there() {
        let mut recent = Recent::new(9);
        recent.add(7, place(1, 1));
        recent.add(7, place(2, 2));
        recent.add(8, place(1, 3));
        let before = recent.rollbacks();
        recent.take_back(8);
        recent.take_back(7);
        assert!(recent.rollbacks() > before);
        assert_eq!((recent.of(7), recent.of(8)), (vec![(1, 1, true)], Vec::new()));
        assert_eq!(recent.row_of_key(7, 1, &"k-2".into()), None);
        assert_eq!(recent.first_row_without(1), None);
    }
}
