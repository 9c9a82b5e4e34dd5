//! What the store owes goes out: at least once, in order per order, whoever crashes in between (docs/design.md, "Events out").
//!
//! * Before a batch that owes events, the send path writes an [intent](Intents): look at this order if I do not come back.
//! * After it, [`Relay::nudge`] has the order walked: upward from its events mark over the owed rows, which are read from the
//!   store and emitted in pages. The mark is raised only to rows confirmed together with all before them; after an error the
//!   walk begins at the mark again, so first occurrences are in order and repeats carry the same id.
//! * The sweeper finds intents that nobody kept: this process's own after 30 s, and those of processes whose sign of life has not
//!   changed for 60 s on its own clock. What was written goes out; what was not is fenced, so that it never will be.
//!
//! All waiting goes through [`souk_chat::ports::Runtime`], so that a simulation decides about time.

mod compose;
mod core;
mod heart;
mod intents;
mod metrics;
mod pace;
mod settings;
mod settle;
mod sweep;
mod walk;
mod walks;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use souk_chat::OrderId;
use souk_chat::ports::{Events, Runtime, Store};

pub use intents::Intents;
pub use metrics::Metrics;
pub use settings::Settings;

use self::core::Core;
use pace::Pace;
use walks::Walks;

/// Names of tasks.
const HEART: &str = "sign of life";
const SWEEP: &str = "sweep";
const WALK: &str = "walk";

/// The outbox of one process. Dropping it stops its tasks at their next wait; [`Relay::stop`] does so in good order.
pub struct Relay {
    core: Arc<Core>,
}

impl Relay {
    /// Starts sign of life and sweeper on `runtime`. Returns at once; nothing is waited for.
    pub fn start(
        store: Arc<dyn Store>,
        events: Arc<dyn Events>,
        runtime: Arc<dyn Runtime>,
        settings: Settings,
    ) -> Self {
        let metrics = Arc::<Metrics>::default();
        let incarnation = settings.incarnation.clone();
        let intents = Arc::new(Intents::new(incarnation, Arc::clone(&runtime), Arc::clone(&metrics)));
        let walks = Walks::new(settings.walkers);
        let pace = Pace::new(Arc::clone(&runtime));
        let core = Arc::new(Core { store, events, pace, settings, metrics, intents, walks, beats: AtomicU64::new(0) });
        runtime.spawn(HEART, core.keep(HEART, heart::beat_on));
        runtime.spawn(SWEEP, core.keep(SWEEP, sweep::sweep_on));
        Self { core }
    }

    /// Has the order walked soon. Never waits; nudges of one order that come together are one. Where too many orders wait the
    /// nudge is dropped and counted: the intent remains, and the sweeper finds it.
    pub fn nudge(&self, order: &OrderId) {
        self.core.ask(order);
    }

    /// This process's intents, for the send path.
    pub fn intents(&self) -> Arc<Intents> {
        Arc::clone(&self.core.intents)
    }

    /// What was done so far.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.core.metrics)
    }

    /// How long the order that waits longest has waited for its events to be confirmed.
    pub fn oldest_owed(&self) -> Duration {
        self.core.walks.oldest(self.core.pace.runtime.monotonic())
    }

    /// Lets walks that go on or are in line end, for at most `patience`, then stops. What is still owed is found by another
    /// node, or by the next start. To be called when nothing is sent any more.
    pub async fn stop(&self, patience: Duration) {
        let quiet = self.core.pace.within(patience, self.core.walks.quiet()).await.is_some();
        self.core.pace.stop();
        if quiet {
            let _ = self.core.pace.within(patience, sweep::leave(&self.core)).await;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.core.pace.stop();
    }
}
