use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only rises. Reading and raising are relaxed: it is for show.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }
}

/// A number that rises and falls.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a sample may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleKind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
}

/// One figure, as an exporter needs it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Name without the program's prefix and without `_total`.
    pub name: &'static str,
    /// One sentence for people.
    pub help: &'static str,
    /// How to read it.
    pub kind: SampleKind,
    /// The number now.
    pub value: u64,
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident: $kind:ident),* $(,)?) => {
        /// What the engine did, counted since it was made. Shared; every field may be read at any time.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[doc = $help])+ pub $name: $kind,)*
        }

        impl Metrics {
            /// Every figure with its name and help, in a fixed order.
            pub fn samples(&self) -> Vec<Sample> {
                vec![$(Sample {
                    name: concat!("router_", stringify!($name)),
                    help: concat!($($help),+).trim_ascii(),
                    kind: SampleKind::$kind,
                    value: self.$name.get(),
                },)*]
            }
        }
    };
}

metrics! {
    /// Envelopes that the server (or the process) took.
    published: Counter,
    /// Envelopes that may not have arrived: no connection, an error, no answer in time.
    publish_failed: Counter,
    /// Envelopes refused because the publishing queue was full; also counted as failed.
    publish_overflowed: Counter,
    /// Envelopes given to the receiver, once per channel.
    received: Counter,
    /// Envelopes of a version or kind this build does not know.
    dropped_unknown: Counter,
    /// Envelopes that could not be read.
    dropped_malformed: Counter,
    /// Envelopes whose checksum is wrong: something changed them on the way.
    dropped_corrupt: Counter,
    /// Envelopes dropped because a delivery queue was full; their channels were told as a gap.
    overflowed: Counter,
    /// Gaps told to the receiver.
    gaps: Counter,
    /// Panics of the receiver, caught.
    receiver_panics: Counter,
    /// Connections made again after one was lost.
    reconnects: Counter,
    /// Connections to the server that stand now (two are wanted).
    connections: Gauge,
    /// Rooms that this node is subscribed to, or wants to be.
    subscriptions: Gauge,
    /// Subscriptions that were not confirmed in time.
    unconfirmed: Counter,
    /// Sends decided by the node's own limit because the server did not answer.
    limiter_fallbacks: Counter,
    /// Sends that were not counted because the node's own limit was full of people.
    limiter_overflowed: Counter,
    /// Countings that could not be taken back.
    forgive_dropped: Counter,
    /// Questions for presence that were not answered.
    presence_unknown: Counter,
    /// Times a node's lease was found missing and taken anew.
    leases_lost: Counter,
    /// People that this node says are connected.
    people: Gauge,
}
