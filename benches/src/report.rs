//! What the program says: lines for people, and one line of JSON per figure.

use serde::Serialize;
use souk_loadtest::Series;

/// What is told of times, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Percentiles {
    /// How many there are.
    pub(crate) count: u64,
    /// Half took at most this.
    pub(crate) p50_ms: f64,
    /// 99 in 100 took at most this.
    pub(crate) p99_ms: f64,
    /// The longest.
    pub(crate) max_ms: f64,
}

impl Percentiles {
    /// Of these times.
    pub(crate) fn of(times: &Series) -> Self {
        let told = times.quantiles().map(|told| [told.p50, told.p99, told.max]);
        let [p50_ms, p99_ms, max_ms] = told.unwrap_or_default();
        Self { count: times.count(), p50_ms, p99_ms, max_ms }
    }
}

/// A line for people.
#[allow(clippy::print_stdout)]
pub(crate) fn say(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// The figure as one line of JSON.
#[allow(clippy::print_stdout)]
pub(crate) fn figure(name: &str, value: &impl Serialize) {
    #[derive(Serialize)]
    struct Line<'a, T> {
        figure: &'a str,
        #[serde(flatten)]
        value: &'a T,
    }
    let line = serde_json::to_string(&Line { figure: name, value });
    println!("{}", line.expect("numbers and names are always JSON"));
}

/// Rounds to so many digits behind the point, so that lines stay readable.
pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// The middle of the values; of an even number of them the lower one. `None`: there are none.
pub(crate) fn median_by<T>(values: &[T], key: impl Fn(&T) -> f64) -> Option<&T> {
    let mut sorted: Vec<&T> = values.iter().collect();
    sorted.sort_by(|a, b| key(a).total_cmp(&key(b)));
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_them() {
        assert_eq!(median_by(&[3.0, 1.0, 2.0], |value| *value), Some(&2.0));
        assert_eq!(median_by(&[4.0, 1.0], |value| *value), Some(&1.0));
        assert_eq!(median_by::<f64>(&[], |value| *value), None);
        assert_eq!(rounded(1.2345, 2), 1.23);
    }
}
