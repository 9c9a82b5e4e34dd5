//! How much a figure moves by itself, told from the seconds of its run.

use super::{Report, Second};

/// Seconds that a run needs at least for its own noise to be told.
const FEWEST: usize = 12;

/// Batches that the seconds are put into: neighbouring seconds are alike, batches of them are nearly independent.
const BATCHES: usize = 10;

/// Standard deviations that count as noise.
const WIDTH: f64 = 3.0;

/// How far the figure may be from where it would be with other luck, up or down; `None`: its run does not tell.
///
/// For what describes all seconds (a median, a rate) it is the error of the median of [`BATCHES`] batches, for the extreme
/// ends of a distribution the spread of the single seconds, since one second decides them. Both by the median absolute
/// deviation, so that one stall in a run does not make everything noise.
pub(super) fn of(report: &Report, figure: &str) -> Option<f64> {
    let seconds: Vec<&Second> = report.timeline.iter().filter(|second| second.at >= 0 && second.intended > 0).collect();
    let ack =
        |of: fn(&super::Quantiles) -> f64| seconds.iter().filter_map(|second| second.ack.as_ref().map(of)).collect();
    let receive = |of: fn(&super::Quantiles) -> f64| {
        seconds.iter().filter_map(|second| second.receive.as_ref().map(of)).collect()
    };
    match figure {
        "p50_ack" => of_middle(ack(|quantiles| quantiles.p50)),
        "p99_ack" => of_middle(ack(|quantiles| quantiles.p99)),
        "p999_ack" | "max_ack" => of_end(ack(|quantiles| quantiles.max)),
        "p50_receive" => of_middle(receive(|quantiles| quantiles.p50)),
        "p99_receive" => of_middle(receive(|quantiles| quantiles.p99)),
        "p999_receive" | "max_receive" => of_end(receive(|quantiles| quantiles.max)),
        "rate_acknowledged" => of_middle(seconds.iter().map(|second| second.acknowledged as f64).collect()),
        "rate_received" => of_middle(seconds.iter().map(|second| second.received as f64).collect()),
        "cpu_per_delivery" => of_middle(cpu_per_delivery(report, &seconds)),
        "harness_cpu" => of_middle(report.harness.iter().filter(|s| s.at > 0.0).map(|sample| sample.cpu).collect()),
        _ => None,
    }
}

/// Microseconds of all nodes per message received, second by second.
fn cpu_per_delivery(report: &Report, seconds: &[&Second]) -> Vec<f64> {
    let each = seconds.iter().filter(|second| second.received > 0).map(|second| {
        let within = |at: f64| at > second.at as f64 && at <= second.at as f64 + 1.0;
        let samples = report.servers.iter().flat_map(|server| &server.samples);
        let cpu: f64 = samples.filter(|sample| within(sample.at)).map(|sample| sample.cpu).sum();
        cpu * 1e6 / second.received as f64
    });
    each.filter(|each| *each > 0.0).collect()
}

fn of_middle(values: Vec<f64>) -> Option<f64> {
    if values.len() < FEWEST {
        return None;
    }
    let size = values.len().div_ceil(BATCHES);
    let batches: Vec<f64> = values.chunks(size).map(|batch| median(batch.to_vec())).collect();
    // 1.2533: how much less a median is worth than a mean.
    Some(WIDTH * spread(&batches) * 1.2533 / (batches.len() as f64).sqrt())
}

fn of_end(values: Vec<f64>) -> Option<f64> {
    (values.len() >= FEWEST).then(|| WIDTH * spread(&values))
}

/// The standard deviation, by the median absolute deviation.
fn spread(values: &[f64]) -> f64 {
    let middle = median(values.to_vec());
    1.4826 * median(values.iter().map(|value| (value - middle).abs()).collect())
}

/// The median; NaN of nothing.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        even if even.is_multiple_of(2) => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::sample;
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn a_stall_in_one_second_is_not_everybodys_noise() {
        let quiet = of(&sample(), "p99_ack").unwrap();
        let mut report = sample();
        for second in report.timeline.iter_mut().filter(|second| second.at == 30) {
            second.ack.as_mut().unwrap().p99 *= 100.0;
        }
        let stalled = of(&report, "p99_ack").unwrap();
        assert!(stalled < quiet * 1.5, "{quiet} {stalled}");
    }

    #[test]
    fn a_short_run_does_not_tell() {
        let mut report = sample();
        report.timeline.retain(|second| second.at < 5);
        assert_eq!(of(&report, "p50_ack"), None);
        assert_eq!(of(&report, "lost"), None, "promises have no noise of seconds");
    }
}
