use super::super::figures::{FIGURES, find};
use super::super::samples::{ALL_KINDS, eventful, extra, sample};
use super::*;
use crate::report::Comparison;

fn threshold(metric: &str, comparison: Comparison, limit: f64) -> Threshold {
    Threshold { text: format!("{metric} ? {limit}"), metric: metric.to_owned(), comparison, limit }
}

#[test]
fn every_figure_is_known_and_every_known_figure_can_be_had() {
    let mut found = figures(&eventful(), &extra());
    // Only servers without a history have this one.
    let mut without = eventful();
    without.integrity.histories = false;
    found.extend(figures(&without, &extra()));
    for name in found.keys() {
        assert!(find(name).is_some(), "{name}");
    }
    for figure in FIGURES {
        assert!(found.contains_key(figure.name), "a run that has everything lacks {}", figure.name);
    }
}

#[test]
fn a_run_without_ingredients_has_none_of_their_figures() {
    let found = figures(&sample(), &extra());
    for name in ["back_50", "not_back", "p99_ratio", "over_limit", "retry_after_wrong", "capacity"] {
        assert!(!found.contains_key(name), "{name}");
    }
    assert_eq!(found["lost"], 0.0);
    assert_eq!(found["connected"], 4000.0);
    assert_eq!(found["missing_devices"], 0.0);
}

#[test]
fn what_was_not_checked_is_not_zero() {
    let mut report = sample();
    report.integrity.violations.clear();
    let found = figures(&report, &extra());
    assert!(!found.contains_key("lost"));
    assert!(!found.contains_key("violations"));
}

#[test]
fn rates_and_cpu_are_of_the_load_alone() {
    let mut report = sample();
    report.timeline =
        (-5..10).map(|at| Second { at, acknowledged: 100, received: 200, connected: 3, ..Second::default() }).collect();
    report.environment.devices = 4;
    for server in &mut report.servers {
        server.samples =
            (-5..10).map(|at| Sample { at: f64::from(at) + 0.5, cpu: 0.25, ..Sample::default() }).collect();
    }
    let found = figures(&report, &Extra { load: (0.0, 5.0), ..Extra::default() });
    assert_eq!(found["rate_acknowledged"], 100.0);
    assert_eq!(found["rate_received"], 200.0);
    // Two nodes at a quarter of a processor for five seconds, for a thousand messages.
    assert!((found["cpu_per_delivery"] - 2500.0).abs() < 1e-6, "{}", found["cpu_per_delivery"]);
    assert_eq!(found["missing_devices"], 1.0);
    assert!(!found.contains_key("bytes_per_connection"), "nobody told how many connections there were");

    report.servers[1].samples.clear();
    let found = figures(&report, &Extra { load: (0.0, 5.0), ..Extra::default() });
    assert!(!found.contains_key("cpu_per_delivery"), "half the nodes are not the nodes");
}

#[test]
fn sizes_are_per_connection() {
    let found = figures(&sample(), &extra());
    assert_eq!(found["bytes_per_connection"], 2600.0);
    assert!(found["harness_bytes_per_client"] > 5000.0);
    assert!((0.6..0.9).contains(&found["harness_cpu"]), "{}", found["harness_cpu"]);
}

#[test]
fn a_broken_promise_beats_a_threshold_and_a_threshold_beats_passing() {
    let mut report = sample();
    let fails = [threshold("p99_ack", Comparison::Less, 0.001)];
    judge(&mut report, &[threshold("lost", Comparison::Equal, 0.0)]);
    assert_eq!(report.outcome.verdict, Verdict::Passed);
    assert!(report.outcome.thresholds[0].held);
    judge(&mut report, &fails);
    assert_eq!(report.outcome.verdict, Verdict::Threshold);
    report.outcome.verdict = Verdict::Interrupted;
    judge(&mut report, &fails);
    assert_eq!(report.outcome.verdict, Verdict::Interrupted);
    for kind in ALL_KINDS {
        let mut violated = report.clone();
        violated.integrity.violations.insert(kind, 1);
        judge(&mut violated, &fails);
        assert_eq!(violated.outcome.verdict, Verdict::Integrity, "{kind:?}");
    }
}

#[test]
fn a_figure_that_is_not_there_does_not_hold() {
    let mut report = sample();
    judge(&mut report, &[threshold("capacity", Comparison::Unequal, 1.0)]);
    assert_eq!(report.outcome.thresholds[0].found, None);
    assert!(!report.outcome.thresholds[0].held);
}

#[test]
fn every_comparison_knows_its_edge() {
    let at_one = |comparison| threshold("lost", comparison, 1.0).holds(Some(1.0));
    assert!(!at_one(Comparison::Less) && !at_one(Comparison::More) && !at_one(Comparison::Unequal));
    assert!(at_one(Comparison::AtMost) && at_one(Comparison::AtLeast) && at_one(Comparison::Equal));
}
