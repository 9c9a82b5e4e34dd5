//! Which events are on their way to the brokers, who waits for them, and which have arrived.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

/// Confirmed events that are remembered, the newest. Whoever gave up waiting for one asks for it again, and need not send it again.
const CONFIRMED_MAX: usize = 16_384;

/// One emit: told when all of its events have an outcome.
pub(super) struct Batch(Mutex<Open>);

struct Open {
    left: usize,
    error: Option<String>,
    done: Option<oneshot::Sender<Result<(), String>>>,
}

impl Batch {
    pub(super) fn new(events: usize) -> (Arc<Self>, oneshot::Receiver<Result<(), String>>) {
        let (done, outcome) = oneshot::channel();
        (Arc::new(Self(Mutex::new(Open { left: events, error: None, done: Some(done) }))), outcome)
    }

    fn settle(&self, outcome: Result<(), &str>) {
        let open = &mut *self.0.lock();
        open.left = open.left.saturating_sub(1);
        if let Err(error) = outcome {
            open.error.get_or_insert_with(|| error.to_owned());
        }
        if open.left == 0
            && let Some(done) = open.done.take()
        {
            // Who gave up waiting emits again.
            let _ = done.send(open.error.take().map_or(Ok(()), Err));
        }
    }
}

struct State {
    waiting: HashMap<Arc<str>, Vec<Arc<Batch>>>,
    confirmed: LruCache<Arc<str>, ()>,
}

/// Events handed to the client and not answered yet, by id, and those that were confirmed last. An event that is emitted again while it
/// is here is not handed over a second time: a broker that is away for an hour finds each event in the queue once, and in its first
/// place; and what it took when nobody waited any more is not sent again.
pub(super) struct Flight {
    state: Mutex<State>,
    empty: Notify,
}

impl Default for Flight {
    fn default() -> Self {
        let bound = NonZeroUsize::new(CONFIRMED_MAX).expect("the bound is above zero");
        let state = State { waiting: HashMap::new(), confirmed: LruCache::new(bound) };
        Self { state: Mutex::new(state), empty: Notify::new() }
    }
}

impl Flight {
    /// Has `batch` wait for events of these ids. For each that is new, and is to be handed over: the id to do so with, as its
    /// opaque. `None`: some are new, and `may_begin` (told whether nothing is on its way) does not let them begin; nothing was done.
    pub(super) fn board<'e>(
        &self,
        ids: impl Iterator<Item = &'e str> + Clone,
        batch: &Arc<Batch>,
        may_begin: impl FnOnce(bool) -> bool,
    ) -> Option<Vec<Option<Arc<str>>>> {
        let State { waiting, confirmed } = &mut *self.state.lock();
        let is_known = |id: &str| waiting.contains_key(id) || confirmed.contains(id);
        if !ids.clone().all(is_known) && !may_begin(waiting.is_empty()) {
            return None;
        }
        let board = |id: &str| {
            if confirmed.get(id).is_some() {
                batch.settle(Ok(()));
                return None;
            }
            if let Some(batches) = waiting.get_mut(id) {
                batches.push(Arc::clone(batch));
                return None;
            }
            let id: Arc<str> = id.into();
            waiting.insert(Arc::clone(&id), vec![Arc::clone(batch)]);
            Some(id)
        };
        Some(ids.map(board).collect())
    }

    /// The event has its outcome.
    pub(super) fn land(&self, id: &str, outcome: Result<(), &str>) {
        let batches = {
            let State { waiting, confirmed } = &mut *self.state.lock();
            let landed = waiting.remove_entry(id);
            if waiting.is_empty() {
                self.empty.notify_waiters();
            }
            landed.map(|(id, batches)| {
                if outcome.is_ok() {
                    confirmed.put(id, ());
                }
                batches
            })
        };
        for batch in batches.unwrap_or_default() {
            batch.settle(outcome);
        }
    }

    /// Whether nothing is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.state.lock().waiting.is_empty()
    }

    /// Returns when nothing is on its way.
    pub(super) async fn empty(&self) {
        loop {
            let mut empty = std::pin::pin!(self.empty.notified());
            empty.as_mut().enable();
            if self.is_empty() {
                return;
            }
            empty.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(flight: &Flight, ids: &[&str], batch: &Arc<Batch>) -> Vec<bool> {
        let boarded = flight.board(ids.iter().copied(), batch, |_| true).unwrap();
        boarded.iter().map(Option::is_some).collect()
    }

    #[tokio::test]
    async fn a_repeat_waits_for_the_first_and_both_are_told() {
        let flight = Flight::default();
        let (one, first) = Batch::new(2);
        let (two, second) = Batch::new(1);
        assert_eq!(board(&flight, &["a"], &one), [true]);
        assert_eq!(board(&flight, &["a"], &two), [false]);
        assert_eq!(board(&flight, &["b"], &one), [true]);
        flight.land("a", Ok(()));
        assert_eq!(second.await.unwrap(), Ok(()));
        flight.land("b", Err("no"));
        assert_eq!(first.await.unwrap(), Err("no".to_owned()));
        flight.empty().await;
        let (three, _) = Batch::new(1);
        assert_eq!(board(&flight, &["b"], &three), [true], "what failed may go again");
    }

    #[tokio::test]
    async fn what_was_confirmed_when_nobody_waited_is_not_sent_again() {
        let flight = Flight::default();
        let (given_up, outcome) = Batch::new(2);
        assert_eq!(board(&flight, &["a", "b"], &given_up), [true, true]);
        drop(outcome);
        flight.land("a", Ok(()));
        flight.land("b", Err("no"));
        let (again, outcome) = Batch::new(2);
        assert_eq!(board(&flight, &["a", "b"], &again), [false, true]);
        flight.land("b", Ok(()));
        assert_eq!(outcome.await.unwrap(), Ok(()));
    }

    #[test]
    fn nothing_new_begins_where_it_may_not() {
        let flight = Flight::default();
        let (batch, _) = Batch::new(3);
        let (mut asked, none) = (Vec::new(), [].iter().copied());
        assert!(flight.board(none, &batch, |_| false).is_some(), "nothing is new");
        assert!(flight.board(["a"].into_iter(), &batch, |is_empty| is_empty).is_some());
        let refused = flight.board(["a", "b"].into_iter(), &batch, |is_empty| {
            asked.push(is_empty);
            false
        });
        assert!(refused.is_none() && asked == [false]);
        assert_eq!(board(&flight, &["a"], &batch), [false], "what is on its way may be waited for");
        assert_eq!(board(&flight, &["b"], &batch), [true], "nothing was left behind");
    }
}
