//! Figures of moderation: what was decided, and by which rules. None of them names a person, an order or a text.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use souk_chat::ports::Decision;
use souk_chat::{Locale, RulesCell};

use super::instruments::Instrument;

type Labels = [(&'static str, &'static str); 4];

/// Decisions by category, action, language and whether the rules ran in shadow. Raising one takes a shared lock for a moment: for
/// texts in which something was found.
#[derive(Debug, Default)]
pub struct Decisions(Family<Labels, Counter>);

impl Decisions {
    /// Counts one.
    pub fn count(&self, decision: &Decision) {
        self.0.get_or_create(&labels(decision)).inc();
    }

    /// How many like this one were counted.
    pub fn get(&self, decision: &Decision) -> u64 {
        self.0.get(&labels(decision)).map_or(0, |counter| counter.get())
    }
}

fn labels(decision: &Decision) -> Labels {
    let language = match decision.locale {
        Locale::En => "en",
        Locale::Fr => "fr",
        Locale::Ru => "ru",
    };
    [
        ("category", decision.category.as_str()),
        ("action", decision.action.as_str()),
        ("language", language),
        ("shadow", if decision.shadow { "true" } else { "false" }),
    ]
}

impl Instrument for Decisions {
    fn make(_: &'static str) -> Self {
        Self::default()
    }

    fn register(&self, registry: &mut Registry, name: &str, help: &str) {
        registry.register(name, help, self.0.clone());
    }
}

/// The version of the rules in force as a label, read at every scrape: there is always one series of it.
#[derive(Debug)]
pub(super) struct InForce(pub(super) Arc<RulesCell>);

impl Collector for InForce {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let rules = self.0.load();
        let help = "The rules in force, by their version";
        let mut metric = encoder.encode_descriptor("moderation_rules", help, None, MetricType::Gauge)?;
        ConstGauge::new(1_i64).encode(metric.encode_family(&[("version", rules.version())])?)
    }
}
