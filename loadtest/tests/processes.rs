//! Several processes of one run, and a run that is ended early.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::os::unix::process::CommandExt;

use harness::{Folder, Running, assert_all_arrived, assert_sound, loadtest, run, small, souk, start};
use souk_loadtest::report::Verdict;

/// 21 orders: what two processes share is not even.
const TWO: &str = "[people]\norders = 21\nsocketio = 0.5\n[load]\nrate = 60\nwarm = \"300ms\"\nduration = \"2s\"";
/// Longer than anybody waits for its end.
const ENDLESS: &str = "[people]\norders = 10\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"10m\"";

#[test]
fn two_processes_make_one_report() {
    let Some(souk) = souk("two_processes_make_one_report") else { return };
    let folder = Folder::new();
    let scenario = small("steady", &["missing_devices == 0", "refused == 0"], "alone", TWO);
    run(folder.run(&souk, &scenario, "--processes 2")).expect(0);
    let report = folder.report("out");
    assert_eq!(report.environment.processes, 2);
    assert_sound(&report, 21, 42);
    assert_all_arrived(&report, 1);
    assert_eq!((report.totals.sign_ins, report.figures["connected"].to_bits()), (42, 42_f64.to_bits()));
}

#[test]
fn a_storm_takes_the_devices_of_every_process() {
    let Some(souk) = souk("a_storm_takes_the_devices_of_every_process") else { return };
    let folder = Folder::new();
    let storm = "[people]\norders = 20\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\n\
                 [storm]\ncut = \"close\"\nat = \"1s\"";
    let scenario = small("reconnect-storm", &["not_back == 0"], "alone", storm);
    run(folder.run(&souk, &scenario, "--processes 2")).expect(0);
    let report = folder.report("out");
    assert_sound(&report, 20, 40);
    let storm = report.storm.unwrap();
    assert_eq!((storm.clients, storm.back), (40, 40), "{storm:?}");
}

/// A run led by hand, and the process that joins it.
fn led(folder: &Folder, souk: &std::path::Path, scenario: &str) -> (Running, Running) {
    let mut leader = start(folder.run(souk, scenario, "--processes 2 --lead 127.0.0.1:0"));
    let line = leader.says("waiting for 1 more processes");
    let address = line.rsplit(' ').next().unwrap();
    let follower = start(loadtest(&format!("run --join {address}")));
    (leader, follower)
}

#[test]
fn a_run_is_joined_by_hand() {
    let Some(souk) = souk("a_run_is_joined_by_hand") else { return };
    let folder = Folder::new();
    let (leader, follower) = led(&folder, &souk, &small("steady", &["missing_devices == 0"], "alone", TWO));
    leader.end().expect(0);
    follower.end().expect(0);
    let report = folder.report("out");
    assert_eq!(report.environment.processes, 2);
    assert_sound(&report, 21, 42);
    assert_all_arrived(&report, 1);
}

#[test]
fn a_process_that_dies_is_told() {
    let Some(souk) = souk("a_process_that_dies_is_told") else { return };
    let folder = Folder::new();
    let (mut leader, mut follower) = led(&folder, &souk, &small("steady", &[], "alone", TWO));
    leader.says("· warming up");
    follower.kill();
    leader.end().expect(1);
    // What the others found is told, and that a part of the proof is missing.
    let report = folder.report("out");
    assert!(report.outcome.remarks.iter().any(|remark| remark.contains("process 1 of the run went away")));
    assert!(report.integrity.orders > 0 && report.integrity.unchecked > 0);
}

#[test]
fn a_process_whose_leader_dies_ends() {
    let Some(souk) = souk("a_process_whose_leader_dies_ends") else { return };
    let folder = Folder::new();
    let (mut leader, follower) = led(&folder, &souk, &small("steady", &[], "alone", ENDLESS));
    leader.says("· load");
    leader.kill();
    let ended = follower.end();
    assert_eq!(ended.code, Some(69), "{}", ended.stderr);
}

/// What there was is checked and told.
fn assert_interrupted(folder: &Folder, devices: u64) {
    let report = folder.report("out");
    assert_eq!(report.outcome.verdict, Verdict::Interrupted);
    assert_sound(&report, 10, devices);
    assert_all_arrived(&report, 1);
    assert!(folder.path("out/report.html").exists());
}

#[test]
fn an_interrupt_ends_a_run_with_a_report() {
    let Some(souk) = souk("an_interrupt_ends_a_run_with_a_report") else { return };
    let folder = Folder::new();
    let mut running = start(folder.run(&souk, &small("steady", &[], "alone", ENDLESS), ""));
    // The first line of figures: something was said by then.
    running.says("acknowledged (p50");
    running.signal("INT", false);
    let ended = running.end().expect(130);
    assert!(ended.stdout.contains("INTERRUPTED"), "{}", ended.stdout);
    assert_interrupted(&folder, 20);
}

#[test]
fn an_interrupt_while_people_come_ends_a_run_as_well() {
    let Some(souk) = souk("an_interrupt_while_people_come_ends_a_run_as_well") else { return };
    let folder = Folder::new();
    // So slowly that nobody sees the end of it.
    let scenario = small("steady", &[], "alone", &format!("{ENDLESS}\n[connect]\nrate = 0.1\nwithin = \"1h\""));
    let mut running = start(folder.run(&souk, &scenario, ""));
    running.says("· connecting");
    running.signal("INT", false);
    running.end().expect(130);
    let report = folder.report("out");
    assert_eq!((report.outcome.verdict, report.totals.intended), (Verdict::Interrupted, 0));
    assert!(report.integrity.orders == 10 && report.integrity.devices < 20, "{:?}", report.integrity);
}

#[test]
fn an_interrupt_from_a_terminal_reaches_all_processes_and_there_is_a_report() {
    let Some(souk) = souk("an_interrupt_from_a_terminal_reaches_all_processes_and_there_is_a_report") else { return };
    let folder = Folder::new();
    let mut command = folder.run(&souk, &small("steady", &[], "alone", ENDLESS), "--processes 2");
    // As a shell starts a job: what is typed there goes to its whole group.
    command.process_group(0);
    let mut running = start(command);
    running.says("acknowledged (p50");
    running.signal("INT", true);
    running.end().expect(130);
    assert_interrupted(&folder, 20);
}
