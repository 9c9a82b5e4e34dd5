//! Figures that other parts keep, read at every scrape.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Whether a figure may fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleKind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
}

/// One figure.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Name without `souk_` and `_total`.
    pub name: &'static str,
    /// One sentence for people.
    pub help: &'static str,
    /// How to read it.
    pub kind: SampleKind,
    /// The number now.
    pub value: u64,
}

/// A function as a collector.
pub(super) struct Attached<F>(pub(super) F);

impl<F> fmt::Debug for Attached<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attached")
    }
}

impl<F: Fn() -> Vec<Sample> + Send + Sync + 'static> Collector for Attached<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for Sample { name, help, kind, value } in (self.0)() {
            match kind {
                SampleKind::Counter => write(&mut encoder, name, help, &ConstCounter::new(value))?,
                SampleKind::Gauge => {
                    // The text form has signed whole numbers for gauges; what is larger than that is no figure of ours.
                    write(&mut encoder, name, help, &ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)))?;
                }
            }
        }
        Ok(())
    }
}

pub(super) fn write(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> Result<(), fmt::Error> {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}
