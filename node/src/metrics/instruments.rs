//! The kinds of figures.

use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

type Labels = [(&'static str, &'static str); 1];

/// How a client talks to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// Plain WebSocket.
    Plain,
    /// Socket.IO.
    SocketIo,
}

impl Carrier {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::SocketIo => "socketio",
        }
    }
}

/// One figure per carrier, found without a lock.
#[derive(Debug)]
pub struct ByCarrier<M> {
    family: Family<Labels, M>,
    plain: M,
    socket_io: M,
}

impl<M> ByCarrier<M> {
    /// The figure of this carrier.
    pub fn of(&self, carrier: Carrier) -> &M {
        match carrier {
            Carrier::Plain => &self.plain,
            Carrier::SocketIo => &self.socket_io,
        }
    }
}

/// A counter with one label. Raising it takes a shared lock for a moment: for what is not on the way of every message.
#[derive(Debug)]
pub struct Labelled {
    label: &'static str,
    family: Family<Labels, Counter>,
}

impl Labelled {
    /// Counts one. `value` is a word of the program, never of a request.
    pub fn count(&self, value: &'static str) {
        self.family.get_or_create(&[(self.label, value)]).inc();
    }

    /// How many were counted.
    pub fn get(&self, value: &'static str) -> u64 {
        self.family.get(&[(self.label, value)]).map_or(0, |counter| counter.get())
    }
}

/// Buckets from half a millisecond to 16 seconds, each twice the one before.
#[derive(Clone, Debug)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(0.000_5, 2.0, 16))
    }
}

/// Lengths of time with one label.
#[derive(Debug)]
pub struct Timings {
    label: &'static str,
    family: Family<Labels, Histogram, Buckets>,
}

impl Timings {
    /// Notes how long something took. `value` is a word of the program.
    pub fn observe(&self, value: &'static str, took: Duration) {
        self.family.get_or_create(&[(self.label, value)]).observe(took.as_secs_f64());
    }

    /// Notes the time since `start`.
    pub fn since(&self, value: &'static str, start: Instant) {
        self.observe(value, start.elapsed());
    }
}

/// Lengths of time from a millionth of a second to 8 milliseconds.
#[derive(Debug)]
pub struct ShortTimings(Histogram);

impl ShortTimings {
    /// Notes the time since `start`.
    pub fn since(&self, start: Instant) {
        self.0.observe(start.elapsed().as_secs_f64());
    }
}

impl Instrument for ShortTimings {
    fn make(_: &'static str) -> Self {
        Self(Histogram::new(exponential_buckets(0.000_001, 2.0, 14)))
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.0.clone());
    }
}

/// A figure that can be made and put into a registry. `label` is empty where the kind has none of its own.
pub(super) trait Instrument {
    fn make(label: &'static str) -> Self;
    fn register(&self, registry: &mut Registry, name: &str, help: &str);
}

impl Instrument for Counter {
    fn make(_: &'static str) -> Self {
        Self::default()
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.clone());
    }
}

impl Instrument for Gauge {
    fn make(_: &'static str) -> Self {
        Self::default()
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.clone());
    }
}

impl<M> Instrument for ByCarrier<M>
where
    M: Clone + Default + prometheus_client::registry::Metric + prometheus_client::metrics::TypedMetric,
{
    fn make(_: &'static str) -> Self {
        let family = Family::<Labels, M>::default();
        let of = |carrier: Carrier| family.get_or_create_owned(&[("carrier", carrier.as_str())]);
        let (plain, socket_io) = (of(Carrier::Plain), of(Carrier::SocketIo));
        Self { family, plain, socket_io }
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.family.clone());
    }
}

impl Instrument for Labelled {
    fn make(label: &'static str) -> Self {
        Self { label, family: Family::default() }
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.family.clone());
    }
}

impl Instrument for Timings {
    fn make(label: &'static str) -> Self {
        Self { label, family: Family::new_with_constructor(Buckets) }
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.family.clone());
    }
}
