//! What the node counts, for Prometheus.
//!
//! Counting on the way of a message is one relaxed atomic addition. No label ever names a person, an order or an address: labels
//! are words of the program (`&'static str`), so that the number of series is bounded. Figures that other parts keep are read when
//! somebody scrapes: see [`Metrics::attach`].

mod attached;
mod instruments;
mod moderation;
mod process;
mod store;
mod upkeep;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use instruments::Instrument;
use prometheus_client::metrics::gauge::Gauge;
use souk_chat::{RulesCell, Tasks};
use std::sync::Arc;

use crate::readiness::Readiness;

pub use attached::{Sample, SampleKind};
pub use instruments::{ByCarrier, Carrier, Labelled, ShortTimings, Timings};
pub use moderation::Decisions;
pub use store::StoreFailures;

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ty $(, by $label:literal)?;)*) => {
        /// Everything that the node counts itself. Cheap to raise, shared behind an `Arc`.
        pub struct Metrics {
            registry: Mutex<Registry>,
            $($(#[doc = $help])+ pub $name: $kind,)*
        }

        impl Default for Metrics {
            fn default() -> Self {
                let mut registry = Registry::with_prefix("souk");
                $(
                    let $name = <$kind as Instrument>::make(concat!($($label)?));
                    let help = concat!($($help),+).trim_ascii().trim_end_matches('.');
                    $name.register(&mut registry, stringify!($name), help);
                )*
                process::register(&mut registry);
                Self { registry: Mutex::new(registry), $($name,)* }
            }
        }
    };
}

metrics! {
    /// Tokens that were refused.
    tokens_refused: Labelled, by "reason";
    /// Requests that were answered with an error.
    requests_refused: Labelled, by "code";
    /// Messages that were stored.
    messages_sent: Counter;
    /// Sends that were answered with the message already there.
    messages_repeated: Counter;
    /// Sends that were refused.
    messages_refused: Labelled, by "code";
    /// Edits that were answered.
    messages_edited: Counter;
    /// Joins that were answered.
    joins: Counter;
    /// Joins that read the store again because entries passed meanwhile.
    joins_read_again: Counter;
    /// Cursors of a history that is gone, of joins, syncs and reads over REST: they were answered with the newest messages.
    cursors_reset: Counter;
    /// Connections that this node closed.
    closes: Labelled, by "code";
    /// Sessions that were opened.
    sessions_opened: ByCarrier<Counter>;
    /// Time from a send's arrival to its answer.
    send_seconds: Timings, by "carrier";
    /// Time that an operation of the store took, however it ended.
    store_seconds: Timings, by "operation";
    /// Operations of the store that failed; `abandoned`: nobody waited for the end any more.
    store_failures: StoreFailures;
    /// What moderation decided, once for each category found in a text. In shadow the action is what it would have been.
    moderation_decisions: Decisions;
    /// Time to judge a text.
    moderation_seconds: ShortTimings;
    /// Changed versions of the operator's words and rules that were put in force.
    moderation_reloads: Counter;
    /// Changed versions of the operator's words and rules that could not be used; those before stay in force.
    moderation_reloads_failed: Counter;
    /// 1 while the operator's words and rules as they are in the file cannot be used and others are in force.
    moderation_lexicon_refused: Gauge;
}

impl Metrics {
    /// Adds figures that another part keeps: `read` is called at every scrape and must not wait. The names get the prefix `souk_`,
    /// counters the ending `_total`; each call's samples must keep their names and kinds.
    pub fn attach(&self, read: impl Fn() -> Vec<Sample> + Send + Sync + 'static) {
        self.registry.lock().register_collector(Box::new(attached::Attached(read)));
    }

    /// Shows which rules are in force.
    pub fn attach_rules(&self, rules: Arc<RulesCell>) {
        self.registry.lock().register_collector(Box::new(moderation::InForce(rules)));
    }

    /// Shows which tasks panicked.
    pub fn attach_tasks(&self, tasks: Tasks) {
        self.registry.lock().register_collector(Box::new(upkeep::Panics(tasks)));
    }

    /// Shows whether clients may be sent here, and which parts do not work.
    pub fn attach_readiness(&self, readiness: Readiness) {
        self.registry.lock().register_collector(Box::new(upkeep::Parts(readiness)));
    }

    /// Every figure in the text form of OpenMetrics. Scrapes wait for each other.
    pub fn render(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry.lock())
            .expect("a String takes everything, and collectors only write to it");
        text
    }
}

#[cfg(test)]
mod tests;
