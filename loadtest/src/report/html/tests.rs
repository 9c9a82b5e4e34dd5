use super::super::samples::{eventful, sample};
use super::*;
use crate::report::{Integrity, Offender, ViolationKind};

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = html(&eventful());
    for from_elsewhere in ["<script", "<link", "src=", "@import", "url(", "http://", "https://"] {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
}

#[test]
fn every_section_of_a_run_that_has_everything_is_there() {
    let page = html(&eventful());
    let ids =
        ["held", "remarks", "integrity", "storm", "limit", "ramp", "latency", "traffic", "resources", "figures", "run"];
    for id in ids {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("<details>").count(), "a table behind each plot");
    assert!(html_against(&eventful(), &[]).contains("<section id=\"moved\""));
    let quiet = html(&sample());
    for id in ["storm", "limit", "ramp", "moved"] {
        assert!(!quiet.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
}

#[test]
fn what_others_wrote_is_text_and_never_markup() {
    let evil = "<img src=x onerror=alert(1)>\"'&";
    let mut report = eventful();
    report.scenario.name = evil.to_owned();
    report.scenario.about = evil.to_owned();
    report.scenario.knobs.insert(evil.to_owned(), evil.to_owned());
    report.environment.targets.push(evil.to_owned());
    report.environment.kernel = evil.to_owned();
    report.environment.engines = evil.to_owned();
    report.environment.started = evil.to_owned();
    report.environment.version = evil.to_owned();
    report.outcome.remarks.push(evil.to_owned());
    report.outcome.thresholds[0].text = evil.to_owned();
    report.servers[0].name = evil.to_owned();
    report.totals.refused.insert(evil.to_owned(), 1);
    report.figures.insert(evil.to_owned(), 1.0);
    report.latencies[0].group = evil.to_owned();
    report.integrity.offenders.push(Offender {
        kind: ViolationKind::Hole,
        order: evil.to_owned(),
        device: Some(evil.to_owned()),
        what: evil.to_owned(),
    });
    if let (Some(storm), Some(ramp), Some(limit)) = (&mut report.storm, &mut report.ramp, &mut report.limit) {
        storm.cut = evil.to_owned();
        storm.refused.insert(evil.to_owned(), 1);
        ramp.of = evil.to_owned();
        limit.groups.insert(evil.to_owned(), Default::default());
    }
    let page = html(&report);
    assert!(!page.contains("<img"));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
}

#[test]
fn tags_are_closed_and_numbers_are_numbers() {
    for report in [sample(), eventful(), bare()] {
        let page = html(&report);
        for tag in ["section", "figure", "table", "tr", "svg", "div", "details", "dl", "ul", "title", "text", "td"] {
            let open = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert!(!page.contains("NaN") && !page.contains("inf\""));
    }
}

/// A run that was interrupted before it began.
fn bare() -> Report {
    let mut report = sample();
    report.timeline.clear();
    report.latencies.clear();
    report.servers.clear();
    report.harness.clear();
    report.figures.clear();
    report.outcome.thresholds.clear();
    report.integrity = Integrity::default();
    report.outcome.verdict = Verdict::Interrupted;
    report
}
