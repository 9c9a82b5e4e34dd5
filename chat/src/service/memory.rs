//! What a node remembers of orders, so that the common case asks nobody. Bounded; forgetting costs one read.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;

use crate::id::OrderId;
use crate::limits::{CURSORS_LOOKED_INTO, REFUSALS_RECORDED, REMEMBERED_ORDERS, REPEATS_REDONE};
use crate::log::{Head, Seq};
use crate::order::Order;
use crate::ports::WentBack;
use crate::replay::ReplayWindow;

use super::allowance::Allowance;
use super::recent::Recent;

/// How old title and status of a remembered order may be.
pub(super) const ORDER_FRESH: Duration = Duration::from_secs(5);
/// How old its parties may be. They never change; but a store that was put back to an older state may have the order made anew.
pub(super) const PARTIES_FRESH: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Remembered {
    order: Option<(Arc<Order>, Duration)>,
    head: Option<Head>,
    /// The list rows stand at least here.
    listed: Seq,
    /// Entries that this node fed: delivered, published, and their events asked for.
    fed: ReplayWindow,
    /// The furthest entry that was ever in the log, and when it was. Stays when the head is forgotten.
    reached: Option<Reached>,
}

/// How far a log was known to go.
#[derive(Clone, Copy)]
pub(super) struct Reached {
    /// The last entry.
    seq: Seq,
    /// When it was there, on the monotonic clock.
    at: Duration,
}

/// Orders and hints of their heads. A hint may be old: a write against it is refused by the store, never wrong.
pub struct Memory {
    orders: Mutex<LruCache<OrderId, Remembered>>,
    /// Their newest messages.
    pub(super) recent: Recent,
    /// Refusals that are recorded.
    pub(super) refusals: Allowance,
    /// Repeats for which is done again what follows a write.
    pub(super) redone: Allowance,
    /// Cursors above a log that are looked into.
    pub(super) looked_into: Allowance,
}

impl Default for Memory {
    fn default() -> Self {
        let bound = NonZeroUsize::new(REMEMBERED_ORDERS).expect("the bound is a number above zero");
        Self {
            orders: Mutex::new(LruCache::new(bound)),
            recent: Recent::default(),
            refusals: Allowance::of(REFUSALS_RECORDED),
            redone: Allowance::of(REPEATS_REDONE),
            looked_into: Allowance::of(CURSORS_LOOKED_INTO),
        }
    }
}

impl Memory {
    /// The order as it was less than `fresh` before `now`.
    pub(super) fn order(&self, id: &OrderId, now: Duration, fresh: Duration) -> Option<Arc<Order>> {
        let mut orders = self.orders.lock();
        let (order, at) = orders.get(id)?.order.as_ref()?;
        (now.saturating_sub(*at) < fresh).then(|| Arc::clone(order))
    }

    pub(super) fn remember_order(&self, order: Arc<Order>, now: Duration) {
        let mut orders = self.orders.lock();
        let id = order.id.clone();
        orders.get_or_insert_mut(id, Remembered::default).order = Some((order, now));
    }

    pub(super) fn head(&self, id: &OrderId) -> Option<Head> {
        self.orders.lock().get(id)?.head
    }

    /// Remembers `head`, which was read at SERIAL or written just now, unless a later one is known.
    pub(super) fn remember_head(&self, id: &OrderId, head: Head, now: Duration) {
        let mut orders = self.orders.lock();
        let remembered = orders.get_or_insert_mut(id.clone(), Remembered::default);
        if remembered.head.is_none_or(|known| known.seq <= head.seq) {
            remembered.head = Some(head);
        }
        if remembered.reached.is_none_or(|reached| reached.seq <= head.seq) {
            remembered.reached = Some(Reached { seq: head.seq, at: now });
        }
    }

    /// The furthest entry that was ever known to be in the log. To be taken before a SERIAL read that it is to be held against.
    pub(super) fn reached(&self, id: &OrderId) -> Option<Reached> {
        self.orders.lock().peek(id)?.reached
    }

    /// Holds `head`, read at SERIAL, against what was [`reached`](Self::reached) before that read began. `Some`: the log went back,
    /// nobody was told of that yet, and what is remembered of it was void and is forgotten.
    pub(super) fn went_back(&self, id: &OrderId, before: Option<Reached>, head: &Head) -> Option<WentBack> {
        let Reached { seq: known, at: known_at } = before.filter(|before| before.seq > head.seq)?;
        let mut orders = self.orders.lock();
        let remembered = orders.peek_mut(id)?;
        remembered.reached.take_if(|reached| reached.seq >= known)?;
        // Entries that were fed and rows that were raised are those of numbers that will be given again.
        *remembered = Remembered { order: remembered.order.take(), ..Remembered::default() };
        drop(orders);
        drop(self.recent.take(id, known));
        Some(WentBack { order: id.clone(), known, known_at, found: head.seq })
    }

    /// These entries were fed by this node.
    pub(super) fn fed(&self, id: &OrderId, seqs: impl IntoIterator<Item = Seq>) {
        let mut orders = self.orders.lock();
        let known = &mut orders.get_or_insert_mut(id.clone(), Remembered::default).fed;
        for seq in seqs {
            known.mark(seq);
        }
    }

    /// Whether this node fed the entry, or surely a later one: what came before that shows by it.
    pub(super) fn is_fed(&self, id: &OrderId, seq: Seq) -> bool {
        self.orders.lock().get(id).is_some_and(|known| known.fed.has(seq))
    }

    /// The list rows stand at least at this entry.
    pub(super) fn listed(&self, id: &OrderId, seq: Seq) {
        let mut orders = self.orders.lock();
        let known = &mut orders.get_or_insert_mut(id.clone(), Remembered::default).listed;
        *known = seq.max(*known);
    }

    /// Whether the list rows are known to stand at this entry, or above.
    pub(super) fn is_listed(&self, id: &OrderId, seq: Seq) -> bool {
        self.orders.lock().get(id).is_some_and(|known| known.listed >= seq)
    }

    pub(super) fn forget_head(&self, id: &OrderId) {
        if let Some(remembered) = self.orders.lock().get_mut(id) {
            remembered.head = None;
        }
    }
}
