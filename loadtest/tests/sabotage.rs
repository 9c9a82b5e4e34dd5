//! The saboteur in the harness's own proxy breaks promises, and every one of them is found. Without this a check that finds nothing
//! would prove nothing.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::{Folder, run, small, souk, violations};
use souk_loadtest::report::{Report, Verdict, ViolationKind};

fn spoiled(how: &str) -> Option<(Report, String)> {
    let souk = souk(how)?;
    let folder = Folder::new();
    let sections = "[people]\norders = 10\nsocketio = 0.5\n[load]\nrate = 80\nwarm = \"300ms\"\nduration = \"3s\"\n\
                    [settle]\nwithin = \"3s\"";
    let scenario = small("steady", &[], "alone", sections);
    let ended = run(folder.run(&souk, &scenario, &format!("--sabotage {how} --sabotage-every 10"))).expect(2);
    let report = folder.report("out");
    assert_eq!(report.outcome.verdict, Verdict::Integrity);
    // Whom it concerns and what happened is told, in the file and on the screen.
    assert!(!report.integrity.offenders.is_empty());
    for offender in &report.integrity.offenders {
        assert!(!offender.order.is_empty() && !offender.what.is_empty(), "{offender:?}");
    }
    let page = std::fs::read_to_string(folder.path("out/report.html")).unwrap();
    assert!(page.contains(&report.integrity.offenders[0].order));
    Some((report, ended.stdout))
}

#[track_caller]
fn names(report: &Report, said: &str, kind: ViolationKind) {
    assert!(violations(report, kind) > 0, "{:?}", report.integrity.violations);
    let offender = report.integrity.offenders.iter().find(|offender| offender.kind == kind).unwrap();
    assert!(offender.device.is_some(), "{offender:?}");
    assert!(said.contains(&offender.order), "{} is not in:\n{said}", offender.order);
}

#[test]
fn what_is_dropped_is_missed() {
    let Some((report, said)) = spoiled("drop") else { return };
    // One that a later one followed is a hole; whether it is lost in the end depends on what else comes.
    names(&report, &said, ViolationKind::Hole);
    assert_eq!(violations(&report, ViolationKind::Doubled), 0);
}

#[test]
fn what_comes_twice_is_found() {
    let Some((report, said)) = spoiled("double") else { return };
    names(&report, &said, ViolationKind::Doubled);
    assert_eq!(violations(&report, ViolationKind::Lost), 0);
}

#[test]
fn what_comes_too_late_is_found() {
    let Some((report, said)) = spoiled("reorder") else { return };
    names(&report, &said, ViolationKind::OutOfOrder);
    assert_eq!(violations(&report, ViolationKind::Doubled), 0);
}

#[test]
fn a_proxy_that_spoils_nothing_is_blamed_for_nothing() {
    let Some(souk) = souk("a_proxy_that_spoils_nothing_is_blamed_for_nothing") else { return };
    let folder = Folder::new();
    let sections = "[people]\norders = 10\nsocketio = 0.5\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"1s\"";
    let scenario = small("steady", &[], "alone", sections);
    run(folder.run(&souk, &scenario, "--sabotage drop --sabotage-every 1000000")).expect(0);
    harness::assert_sound(&folder.report("out"), 10, 20);
}
