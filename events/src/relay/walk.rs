//! One walk: from the order's mark upward over what is owed.

use std::sync::Arc;
use std::time::Duration;

use souk_chat::ports::{Event, EventsError, StoreError};
use souk_chat::{OrderId, Panicked, guarded};

use super::WALK;
use super::compose::compose;
use super::core::Core;
use super::metrics::{add, count};
use super::settings::{EMIT_PATIENCE, OWED_PAGE, OWED_PER_ENTRY, REST_FIRST, REST_MOST};
use super::walks::Outcome;

/// Why a walk ended before its end.
#[derive(Debug, thiserror::Error)]
enum WalkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Events(#[from] EventsError),
    #[error("events were not confirmed within {EMIT_PATIENCE:?}")]
    Slow,
    #[error("the relay stops")]
    Stopped,
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

impl Core {
    /// Has the order walked, soon. Never waits.
    pub(super) fn ask(self: &Arc<Self>, order: &OrderId) {
        if !self.walks.ask(order, self.pace.runtime.monotonic(), None) {
            count(&self.metrics.overflowed);
        }
        self.hire();
    }

    /// Has the order walked and says how that went; `None`: too many wait already.
    pub(super) fn ask_and_hear(self: &Arc<Self>, order: &OrderId) -> Option<Outcome> {
        let (answer, outcome) = tokio::sync::oneshot::channel();
        let asked = self.walks.ask(order, self.pace.runtime.monotonic(), Some(answer));
        self.hire();
        asked.then_some(outcome)
    }

    fn hire(self: &Arc<Self>) {
        while let Some(first) = self.walks.hire() {
            self.pace.runtime.spawn(WALK, Box::pin(Arc::clone(self).walk_line(first)));
        }
        self.gauge();
    }

    fn gauge(&self) {
        self.metrics.walkers.store(self.walks.walking() as u64, std::sync::atomic::Ordering::Relaxed);
    }

    async fn walk_line(self: Arc<Self>, first: OrderId) {
        let mut next = Some(first);
        while let Some(order) = next {
            let walked = guarded(self.pace.runtime.tasks(), WALK, self.walk(&order)).await;
            match walked.unwrap_or_else(|panicked| Err(panicked.into())) {
                Ok(()) => self.walks.done(&order, self.pace.runtime.monotonic()),
                Err(error) => {
                    let failures = self.walks.failed(&order);
                    count(&self.metrics.failed);
                    // An order that keeps failing is told of less and less.
                    if failures.is_power_of_two() && !self.pace.stopped() {
                        tracing::warn!(%order, %error, failures, "owed events did not go out; they will be tried again");
                    }
                    self.rest(order, self.pace.backoff(REST_FIRST, REST_MOST, failures));
                }
            }
            next = self.walks.next();
        }
        self.gauge();
    }

    fn rest(self: &Arc<Self>, order: OrderId, rest: Duration) {
        let core = Arc::clone(self);
        let resting = async move {
            // A rest that panics is over: the order must not rest for ever.
            if guarded(core.pace.runtime.tasks(), WALK, core.pace.sleep(rest)).await.unwrap_or(true) {
                core.walks.rested(&order);
                core.hire();
            }
        };
        self.pace.runtime.spawn(WALK, Box::pin(resting));
    }

    /// Emits all that the order owes above its mark, page by page, and raises the mark after each page that was confirmed whole.
    async fn walk(&self, order: &OrderId) -> Result<(), WalkError> {
        let mut mark = self.store.events_mark(order).await?;
        loop {
            if self.pace.stopped() {
                return Err(WalkError::Stopped);
            }
            let rows = self.store.owed(order, mark, OWED_PAGE).await?;
            if let Some(last) = rows.last() {
                let (events, left_out) = compose(&*self.store, order, &rows, &self.settings.locale).await?;
                if left_out > 0 {
                    add(&self.metrics.unbuildable, left_out);
                    tracing::error!(%order, after = %mark, left_out, "owed rows without anything to tell about");
                }
                self.emit(&events).await?;
                self.store.raise_events_mark(order, last.seq).await?;
                mark = last.seq;
            }
            // Each entry's rows come together, so a page may be a little short and still not be the last.
            if rows.len() + OWED_PER_ENTRY <= OWED_PAGE {
                break;
            }
            // Another node may be ahead: what it saw confirmed need not go out again.
            mark = mark.max(self.store.events_mark(order).await?);
        }
        let covered = self.intents.covered(order, mark);
        if !covered.is_empty() && self.store.drop_intents(&covered).await.is_ok() {
            self.intents.remove(&covered);
        }
        Ok(())
    }

    async fn emit(&self, events: &[Event]) -> Result<(), WalkError> {
        if events.is_empty() {
            return Ok(());
        }
        self.pace.within(EMIT_PATIENCE, self.events.emit(events)).await.ok_or(WalkError::Slow)??;
        for event in events {
            count(self.metrics.emitted(event.data.event_type()));
        }
        Ok(())
    }
}
