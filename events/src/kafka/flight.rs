//! Which events are on their way to the brokers, and who waits for them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

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

/// Events handed to the client and not answered yet, by id. An event that is emitted again while it is here is not handed over a
/// second time: a broker that is away for an hour finds each event in the queue once, and in its first place.
#[derive(Default)]
pub(super) struct Flight {
    waiting: Mutex<HashMap<Arc<str>, Vec<Arc<Batch>>>>,
    empty: Notify,
}

impl Flight {
    /// Has `batch` wait for the event. `Some`: it is new, and to be handed over with this as its opaque.
    pub(super) fn board(&self, id: &str, batch: &Arc<Batch>) -> Option<Arc<str>> {
        let waiting = &mut *self.waiting.lock();
        if let Some(batches) = waiting.get_mut(id) {
            batches.push(Arc::clone(batch));
            return None;
        }
        let id: Arc<str> = id.into();
        waiting.insert(Arc::clone(&id), vec![Arc::clone(batch)]);
        Some(id)
    }

    /// The event has its outcome.
    pub(super) fn land(&self, id: &str, outcome: Result<(), &str>) {
        let batches = {
            let mut waiting = self.waiting.lock();
            let batches = waiting.remove(id).unwrap_or_default();
            if waiting.is_empty() {
                self.empty.notify_waiters();
            }
            batches
        };
        for batch in batches {
            batch.settle(outcome);
        }
    }

    /// Returns when nothing is on its way.
    pub(super) async fn empty(&self) {
        loop {
            let mut empty = std::pin::pin!(self.empty.notified());
            empty.as_mut().enable();
            if self.waiting.lock().is_empty() {
                return;
            }
            empty.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_repeat_waits_for_the_first_and_both_are_told() {
        let flight = Flight::default();
        let (one, first) = Batch::new(2);
        let (two, second) = Batch::new(1);
        assert!(flight.board("a", &one).is_some());
        assert!(flight.board("a", &two).is_none());
        assert!(flight.board("b", &one).is_some());
        flight.land("a", Ok(()));
        assert_eq!(second.await.unwrap(), Ok(()));
        flight.land("b", Err("no"));
        assert_eq!(first.await.unwrap(), Err("no".to_owned()));
        flight.empty().await;
        assert!(flight.board("b", &two).is_some(), "what failed may go again");
    }
}
