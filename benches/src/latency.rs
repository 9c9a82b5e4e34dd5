//! Percentiles of what was measured.

use std::time::Duration;

use serde::Serialize;

/// Durations in microseconds; of all of them, not of a sketch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

/// What is told of them, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Percentiles {
    /// How many there are.
    pub(crate) count: usize,
    /// Half took at most this.
    pub p50_ms: f64,
    /// 99 in 100 took at most this.
    pub p99_ms: f64,
    /// The longest.
    pub(crate) max_ms: f64,
}

impl Latencies {
    /// One more.
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Their percentiles.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |percent| at_percent(&sorted, percent).map_or(0.0, |micros| f64::from(micros) / 1_000.0);
        Percentiles { count: sorted.len(), p50_ms: at(50), p99_ms: at(99), max_ms: at(100) }
    }
}

fn at_percent(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentiles().count, 0);
        (1..=200).rev().for_each(|millis| latencies.add(Duration::from_millis(millis)));
        let told = latencies.percentiles();
        assert_eq!((told.count, told.p50_ms, told.p99_ms, told.max_ms), (200, 100.0, 198.0, 200.0));
    }
}
