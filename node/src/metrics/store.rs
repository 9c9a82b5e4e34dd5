//! Failures of the store.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::instruments::Instrument;

type Labels = [(&'static str, &'static str); 2];

/// Operations of the store that failed, by operation and kind. Both are words of the program.
#[derive(Debug, Default)]
pub struct StoreFailures(Family<Labels, Counter>);

impl StoreFailures {
    /// Counts one.
    pub fn count(&self, operation: &'static str, kind: &'static str) {
        self.0.get_or_create(&[("operation", operation), ("kind", kind)]).inc();
    }

    /// How many were counted.
    pub fn get(&self, operation: &'static str, kind: &'static str) -> u64 {
        self.0.get(&[("operation", operation), ("kind", kind)]).map_or(0, |counter| counter.get())
    }
}

impl Instrument for StoreFailures {
    fn make(_: &'static str) -> Self {
        Self::default()
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.0.clone());
    }
}
