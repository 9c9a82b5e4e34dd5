//! What the node counts, for Prometheus.
//!
//! Counting on the way of a message is one relaxed atomic addition. No label ever names a person, an order or an address: labels
//! are words of the program (`&'static str`), so that the number of series is bounded. Figures that other parts keep are read when
//! somebody scrapes: see [`Metrics::attach`].

mod attached;
mod instruments;
mod process;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use instruments::Instrument;

pub use attached::{Sample, SampleKind};
pub use instruments::{ByCarrier, Carrier, Labelled, Timings};

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
    /// Connections that are open.
    connections: Gauge;
    /// Signed-in sessions that are open.
    sessions: ByCarrier<Gauge>;
    /// Orders that somebody on this node has joined.
    rooms: Gauge;
    /// Handshakes that became a connection.
    handshakes_accepted: ByCarrier<Counter>;
    /// Handshakes that were refused.
    handshakes_refused: Labelled, by "reason";
    /// Handshakes that had to wait for their turn.
    handshakes_delayed: Counter;
    /// Tokens that were refused.
    tokens_refused: Labelled, by "reason";
    /// Messages of sockets that arrived, whole.
    frames_in: ByCarrier<Counter>;
    /// Messages of sockets that were written.
    frames_out: ByCarrier<Counter>;
    /// Writes to sockets; fewer than frames where several went together.
    socket_writes: Counter;
    /// Bytes read from sockets.
    bytes_in: Counter;
    /// Bytes written to sockets.
    bytes_out: Counter;
    /// Requests that were answered with an error.
    requests_refused: Labelled, by "code";
    /// Messages that were stored.
    messages_sent: Counter;
    /// Sends that were answered with the message already there.
    messages_repeated: Counter;
    /// Sends that were refused.
    messages_refused: Labelled, by "code";
    /// Messages and changes handed to connections.
    deliveries: Counter;
    /// Acknowledgements handed to connections.
    acks: Counter;
    /// Times a bounded queue was full.
    queue_overflows: Labelled, by "queue";
    /// Connections that were closed.
    closes: Labelled, by "code";
    /// Entries that waited in a gate for an earlier one.
    gate_waits: Counter;
    /// Holes that were filled from the store.
    gate_holes_filled: Counter;
    /// Entries that a gate had seen before and dropped.
    gate_dropped: Counter;
    /// Orders whose head was compared with the store.
    gate_compared: Counter;
    /// Comparisons that found something missing.
    gate_behind: Counter;
    /// Catch-ups that were answered: joins with `since`, and orders of a `sync`.
    catch_ups: Counter;
    /// Time from a send to its acknowledgement.
    send_seconds: Timings, by "carrier";
    /// Time of calls to the store.
    store_seconds: Timings, by "call";
    /// Time of publishing to other nodes.
    publish_seconds: Timings, by "room";
}

impl Metrics {
    /// Adds figures that another part keeps: `read` is called at every scrape and must not wait. The names get the prefix `souk_`,
    /// counters the ending `_total`; each call's samples must keep their names and kinds.
    pub fn attach(&self, read: impl Fn() -> Vec<Sample> + Send + Sync + 'static) {
        self.registry.lock().register_collector(Box::new(attached::Attached(read)));
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
