//! Times of one kind, as a histogram.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use serde::{Deserialize, Serialize};

use crate::report::{self, Of, Quantiles};

/// Longest time that is told apart from longer ones, in microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;
/// Significant decimal digits.
const DIGITS: u8 = 3;
/// Percentiles of a distribution's curve.
const CURVE: [f64; 16] =
    [0.0, 10.0, 25.0, 50.0, 75.0, 80.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999, 100.0];

/// Whose times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Group {
    All,
    /// Those that a storm leaves alone.
    Stayers,
    /// Those that it cuts.
    Cut,
    /// Those who test the rate limit.
    Limited,
}

impl Group {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Stayers => "stayers",
            Self::Cut => "cut",
            Self::Limited => "limited",
        }
    }
}

/// When: by the moment that was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// Connecting, before the load.
    Arrival,
    Load,
    /// Before a storm.
    Before,
    /// Until everybody is back.
    During,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Load => "load",
            Self::Before => "before",
            Self::During => "during",
        }
    }
}

/// Which series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) of: Of,
    pub(crate) group: Group,
    pub(crate) phase: Phase,
}

/// Times, in microseconds with three significant digits.
#[derive(Clone, Debug)]
pub struct Series(Histogram<u64>);

impl Default for Series {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("these bounds are those that the library asks for"))
    }
}

impl Series {
    /// One more; one beyond an hour counts as an hour.
    pub fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST).max(1));
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// Adds what [`Series::bytes`] wrote.
    pub(crate) fn add_all(&mut self, bytes: &[u8]) {
        if let Ok(other) = Deserializer::new().deserialize::<u64, _>(&mut &*bytes) {
            self.merge(&Self(other));
        }
    }

    /// As bytes: few where few times differ.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if !self.0.is_empty() && V2Serializer::new().serialize(&self.0, &mut bytes).is_err() {
            bytes.clear();
        }
        bytes
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that this percentage does not exceed, in milliseconds; `None`: nothing was timed.
    pub(crate) fn at(&self, percentile: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| millis(self.0.value_at_percentile(percentile)))
    }

    /// Half of them, 99 in 100, the longest; `None`: nothing was timed.
    pub fn quantiles(&self) -> Option<Quantiles> {
        Some(Quantiles { p50: self.at(50.0)?, p99: self.at(99.0)?, max: millis(self.0.max()) })
    }

    pub(crate) fn told(&self, key: Key) -> report::Latency {
        let at = |percentile| millis(self.0.value_at_percentile(percentile));
        report::Latency {
            of: key.of,
            group: key.group.name().to_owned(),
            phase: key.phase.name().to_owned(),
            count: self.count(),
            min: millis(self.0.min()),
            mean: self.0.mean() / 1_000.0,
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            p999: at(99.9),
            max: millis(self.0.max()),
            curve: CURVE.into_iter().map(|percentile| (percentile, at(percentile))).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an hour in microseconds is exact")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

/// The second that goes on.
#[derive(Debug)]
pub(super) struct SecondNow {
    pub(super) counts: report::Second,
    pub(super) ack: SecondSeries,
    pub(super) receive: SecondSeries,
}

impl SecondNow {
    pub(super) fn new(at: i64) -> Self {
        let counts = report::Second { at, ..report::Second::default() };
        Self { counts, ack: SecondSeries::default(), receive: SecondSeries::default() }
    }
}

/// A second's times; most seconds before and after the load have none, and then it is nothing.
#[derive(Debug, Default)]
pub(super) struct SecondSeries(Option<Box<Series>>);

impl SecondSeries {
    pub(super) fn add(&mut self, took: Duration) {
        self.0.get_or_insert_with(Box::default).add(took);
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.as_ref().map(|series| series.bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_comes_back_from_its_bytes_and_adds_up() {
        let mut series = Series::default();
        assert!(series.bytes().is_empty() && series.quantiles().is_none());
        (1..=1_000).for_each(|millis| series.add(Duration::from_millis(millis)));
        let mut twice = series.clone();
        twice.add_all(&series.bytes());
        assert_eq!(twice.count(), 2_000);
        let (once, twice) = (series.quantiles().unwrap(), twice.quantiles().unwrap());
        assert_eq!((once.p50, once.p99, once.max), (twice.p50, twice.p99, twice.max));
        assert!((once.p50 - 500.0).abs() < 1.0 && (once.p99 - 990.0).abs() < 2.0);
    }
}
