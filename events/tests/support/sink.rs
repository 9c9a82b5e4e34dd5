use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use souk_chat::OrderId;
use souk_chat::ports::{Event, Events, EventsError};

/// Remembers what came out, in order, repeats too.
#[derive(Default)]
pub struct Sink {
    pub out: Mutex<Vec<Event>>,
    /// So many emits in a row get out their first half and then fail.
    pub fail_in_the_middle: AtomicUsize,
    /// So many emits in a row fail before anything gets out.
    pub fail: AtomicUsize,
    /// Emits of this order always fail.
    pub refused: Mutex<Option<OrderId>>,
    /// So many emits in a row never answer.
    pub hang: AtomicUsize,
}

impl Sink {
    pub fn ids(&self) -> Vec<String> {
        self.out.lock().iter().map(|event| event.id.clone()).collect()
    }

    /// Ids in the order of their first occurrence.
    pub fn firsts(&self) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        self.ids().into_iter().filter(|id| seen.insert(id.clone())).collect()
    }
}

fn take(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl Events for Sink {
    async fn emit(&self, events: &[Event]) -> Result<(), EventsError> {
        tokio::time::sleep(Duration::from_millis(3)).await;
        if take(&self.hang) {
            std::future::pending::<()>().await;
        }
        let refused =
            self.refused.lock().as_ref().is_some_and(|order| events.iter().any(|event| event.order == *order));
        if refused || take(&self.fail) {
            return Err(EventsError("down".into()));
        }
        if take(&self.fail_in_the_middle) {
            self.out.lock().extend_from_slice(&events[..events.len() / 2]);
            return Err(EventsError("went down".into()));
        }
        self.out.lock().extend_from_slice(events);
        Ok(())
    }

    async fn flush(&self, _: Duration) {}
}
