use super::super::samples::{eventful, sample};
use super::*;

#[test]
fn it_fits_a_terminal_and_is_printed_for_the_eye() {
    for report in [sample(), eventful()] {
        let text = summary(&report);
        println!("{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn a_quiet_run_says_nothing_of_what_it_had_not() {
    let text = summary(&sample());
    assert!(text.trim_start().starts_with("✓ PASSED"));
    for absent in ["Storm", "Rate limit", "Ramp", "✗"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    assert!(text.contains("p99_receive < 250ms"));
}

#[test]
fn what_was_broken_is_shown_with_its_offenders() {
    let mut report = eventful();
    let text = summary(&report);
    assert!(text.contains("✗ lost") && text.contains("order-811, client-811/1"), "{text}");
    assert!(text.contains("✗ p99_raceive < 1s") && text.contains("not measured in this run"), "{text}");
    let one = report.integrity.offenders[0].clone();
    report.integrity.offenders = vec![one; 25];
    assert!(summary(&report).contains("and 15 more in the report"));
}

#[test]
fn nothing_measured_is_said_and_does_not_panic() {
    let mut report = sample();
    report.latencies.clear();
    report.timeline.clear();
    report.servers.clear();
    report.figures.clear();
    report.integrity = super::super::Integrity::default();
    let text = summary(&report);
    assert!(text.contains("not checked") && !text.contains("Latency"));
}
