//! Which orders are to be walked: one walker per order, few at once, all others in line.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::OrderId;
use tokio::sync::{Notify, oneshot};

use super::settings::WALKS_MAX;

/// Told how the walk ended that began after the question: `true`, all that was owed then is out.
pub(super) type Outcome = oneshot::Receiver<bool>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    InLine,
    Walking,
    Resting,
}

struct Walk {
    phase: Phase,
    /// Something happened since the walk began: it may have read too early.
    again: bool,
    failures: u32,
    /// On the monotonic clock: when the order began to wait.
    since: Duration,
    waiting: Vec<oneshot::Sender<bool>>,
    /// Who asked while the walk was going on: the next one answers them.
    late: Vec<oneshot::Sender<bool>>,
}

#[derive(Default)]
struct Table {
    walks: HashMap<OrderId, Walk>,
    line: VecDeque<OrderId>,
    walking: usize,
}

impl Table {
    fn take(&mut self) -> Option<OrderId> {
        let order = self.line.pop_front()?;
        if let Some(walk) = self.walks.get_mut(&order) {
            walk.phase = Phase::Walking;
        }
        Some(order)
    }
}

/// The table of walks.
pub(super) struct Walks {
    most: usize,
    table: Mutex<Table>,
    quiet: Notify,
}

impl Walks {
    /// A table that lets `most` orders be walked at once.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), table: Mutex::default(), quiet: Notify::new() })
    }

    /// Puts the order in line, unless it is there. `false`: the line is full.
    pub(super) fn ask(&self, order: &OrderId, now: Duration, answer: Option<oneshot::Sender<bool>>) -> bool {
        let table = &mut *self.table.lock();
        if let Some(walk) = table.walks.get_mut(order) {
            if walk.phase == Phase::Walking {
                walk.again = true;
                walk.late.extend(answer);
            } else {
                walk.waiting.extend(answer);
            }
            return true;
        }
        if table.walks.len() >= WALKS_MAX {
            return false;
        }
        let waiting = answer.into_iter().collect();
        let walk = Walk { phase: Phase::InLine, again: false, failures: 0, since: now, waiting, late: Vec::new() };
        table.walks.insert(order.clone(), walk);
        table.line.push_back(order.clone());
        true
    }

    /// If one more walker is wanted: the order it begins with. It then calls [`Walks::next`] until that gives nothing.
    pub(super) fn hire(&self) -> Option<OrderId> {
        let table = &mut *self.table.lock();
        if table.walking >= self.most {
            return None;
        }
        let order = table.take()?;
        table.walking += 1;
        Some(order)
    }

    /// The next order in line for a hired walker; `None` ends its hire.
    pub(super) fn next(&self) -> Option<OrderId> {
        let table = &mut *self.table.lock();
        let order = table.take();
        if order.is_none() {
            table.walking -= 1;
            if table.walking == 0 {
                self.quiet.notify_waiters();
            }
        }
        order
    }

    /// Whether the order's last walk failed and the next has not begun.
    pub(super) fn resting(&self, order: &OrderId) -> bool {
        self.table.lock().walks.get(order).is_some_and(|walk| walk.phase == Phase::Resting)
    }

    /// The walk of `order` is over, and well.
    pub(super) fn done(&self, order: &OrderId, now: Duration) {
        let table = &mut *self.table.lock();
        let Some(walk) = table.walks.get_mut(order) else { return };
        walk.failures = 0;
        answer(&mut walk.waiting, true);
        if walk.again {
            (walk.phase, walk.again, walk.since) = (Phase::InLine, false, now);
            walk.waiting.append(&mut walk.late);
            table.line.push_back(order.clone());
        } else {
            table.walks.remove(order);
        }
    }

    /// The walk failed: the order rests. Returns how often it has in a row.
    pub(super) fn failed(&self, order: &OrderId) -> u32 {
        let table = &mut *self.table.lock();
        let Some(walk) = table.walks.get_mut(order) else { return 1 };
        (walk.phase, walk.again) = (Phase::Resting, false);
        walk.failures = walk.failures.saturating_add(1);
        answer(&mut walk.waiting, false);
        answer(&mut walk.late, false);
        walk.failures
    }

    /// The order has rested.
    pub(super) fn rested(&self, order: &OrderId) {
        let table = &mut *self.table.lock();
        if let Some(walk) = table.walks.get_mut(order) {
            walk.phase = Phase::InLine;
            table.line.push_back(order.clone());
        }
    }

    /// How long the order that waits longest has waited.
    pub(super) fn oldest(&self, now: Duration) -> Duration {
        let table = self.table.lock();
        table.walks.values().map(|walk| now.saturating_sub(walk.since)).max().unwrap_or_default()
    }

    pub(super) fn walking(&self) -> usize {
        self.table.lock().walking
    }

    /// Returns when nothing is in line and nothing walked. Resting orders are not waited for.
    pub(super) async fn quiet(&self) {
        loop {
            let quiet = self.quiet.notified();
            let mut quiet = std::pin::pin!(quiet);
            quiet.as_mut().enable();
            {
                let table = self.table.lock();
                if table.walking == 0 && table.line.is_empty() {
                    return;
                }
            }
            quiet.await;
        }
    }
}

fn answer(waiting: &mut Vec<oneshot::Sender<bool>>, outcome: bool) {
    for waiting in waiting.drain(..) {
        // Who does not wait any more asks again in the next sweep.
        let _ = waiting.send(outcome);
    }
}
