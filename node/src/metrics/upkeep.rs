//! Figures of the node's own health: tasks that panicked, and parts that do not work.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use souk_chat::Tasks;

use crate::readiness::Readiness;

/// Panics by the task's name, read at every scrape.
#[derive(Debug)]
pub(super) struct Panics(pub(super) Tasks);

impl Collector for Panics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Panics of tasks, each begun again or told to whoever waited for it";
        let mut metric = encoder.encode_descriptor("task_panics", help, None, MetricType::Counter)?;
        for (task, count) in self.0.panics() {
            ConstCounter::new(count).encode(metric.encode_family(&[("task", task)])?)?;
        }
        Ok(())
    }
}

/// Parts that do not work as they should, read at every scrape.
#[derive(Debug)]
pub(super) struct Parts(pub(super) Readiness);

impl Collector for Parts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "1 where clients may be sent here";
        let ready = ConstGauge::new(i64::from(self.0.is_ready()));
        ready.encode(encoder.encode_descriptor("ready", help, None, MetricType::Gauge)?)?;
        let help = "1 for a part that does not work as it should, whether or not the node is ready without it";
        let mut metric = encoder.encode_descriptor("degraded", help, None, MetricType::Gauge)?;
        for (part, is_well) in self.0.parts() {
            ConstGauge::new(i64::from(!is_well)).encode(metric.encode_family(&[("part", part)])?)?;
        }
        Ok(())
    }
}
