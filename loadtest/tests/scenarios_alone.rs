//! Every scenario that ships, in a small size, against a node that stands alone. `SOUK_BIN` names the program `souk`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::{Folder, assert_all_arrived, assert_all_arrived_or_caught_up, assert_sound, loadtest, run, small, souk};
use souk_loadtest::report::{Report, Totals, Verdict};

/// What this file and its sister for a cluster run. One more that ships must be added to both.
const SHIPPED: [&str; 8] =
    ["steady", "rate-limit", "reconnect-storm", "ramp", "fan-out", "slow-readers", "churn", "mixed"];

/// Runs this file to its good end; `None`: there is no souk.
fn report(test: &str, scenario: &str) -> Option<Report> {
    let souk = souk(test)?;
    let folder = Folder::new();
    let ended = run(folder.run(&souk, scenario, "")).expect(0);
    assert!(ended.stdout.contains("PASSED"), "{}", ended.stdout);
    assert!(ended.stderr.contains("· reading histories back"), "{}", ended.stderr);
    let report = folder.report("out");
    assert_eq!((report.outcome.verdict, report.environment.engines.as_str()), (Verdict::Passed, "alone"));
    assert!(report.outcome.thresholds.iter().all(|threshold| threshold.held));
    assert!(report.outcome.remarks.is_empty(), "{:?}", report.outcome.remarks);
    assert_eq!((report.servers.len(), report.redis.is_some()), (1, false));
    assert!(report.servers[0].samples.iter().any(|sample| sample.connections.is_some_and(|count| count > 0)));
    Some(report)
}

#[test]
fn all_that_ship_are_tested() {
    let list = run(loadtest("list")).expect(0).stdout;
    let listed: Vec<&str> = list.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(listed, SHIPPED);
    for name in SHIPPED {
        run(loadtest(&format!("check {name}"))).expect(0);
    }
}

#[test]
fn steady() {
    let scenario = small(
        "steady",
        &["missing_devices == 0", "refused == 0"],
        "alone",
        "[people]\norders = 20\nsocketio = 0.5\n[load]\nrate = 60\nwarm = \"500ms\"\nduration = \"2s\"\nthink = \"50ms\"",
    );
    let Some(report) = report("steady", &scenario) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived(&report, 1);
    assert_eq!(report.totals.sign_ins, 40);
    assert!(report.totals.typing.0 > 0 && report.totals.typing.1 > 0 && report.totals.read > 0);
    assert!(report.latencies.iter().any(|latency| latency.phase == "load" && latency.count > 0));
}

#[test]
fn rate_limit() {
    let scenario = small(
        "rate-limit",
        &["over_limit == 0", "under_limit == 0", "retry_after_wrong == 0", "refused == 0"],
        "alone",
        "[nodes.settings]\nlimits.window = \"4s\"\n[limit]\nsenders = 9\nwindows = 2\n[people]\norders = 10\n\
         [load]\nrate = 5\nwarm = \"200ms\"\nduration = \"2s\"",
    );
    let Some(report) = report("rate_limit", &scenario) else { return };
    // Ten ordinary orders, and one with two devices for each sender.
    assert_sound(&report, 19, 38);
    let limit = report.limit.unwrap();
    assert_eq!((limit.messages, limit.window, limit.groups.len()), (20, 4_000, 3));
    assert!(limit.groups.values().all(|group| group.senders == 3));
    let [above, at, below] = ["above", "at", "below"].map(|name| &limit.groups[name]);
    assert_eq!((above.most_in_window, below.refused), (20, 0), "{limit:?}");
    // On its plan it has all 20; late acknowledgements prove less.
    assert!((11..=20).contains(&at.most_in_window) && (1..=at.accepted).contains(&at.retried), "{limit:?}");
    assert!(above.refused > 0 && above.tried > above.accepted, "{limit:?}");
    assert!(limit.retry_after_tried.1 > 0, "{limit:?}");
}

#[test]
fn reconnect_storm_by_closed_sockets() {
    let storm = "[people]\norders = 20\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\n\
                 [storm]\ncut = \"close\"\nshare = 0.5\nat = \"1s\"";
    let scenario = small("reconnect-storm", &["not_back == 0"], "alone", storm);
    let Some(report) = report("reconnect_storm_by_closed_sockets", &scenario) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived_or_caught_up(&report, 1);
    let storm = report.storm.unwrap();
    assert!(storm.back == storm.clients && storm.clients > 0 && storm.stayers > 0, "{storm:?}");
    assert_eq!((storm.clients + storm.stayers, storm.cut.as_str()), (40, "close"));
    assert!(storm.tried >= storm.clients && storm.back_s["100"].is_some() && !storm.curve.is_empty(), "{storm:?}");
    assert_eq!(report.totals.sign_ins, 40 + storm.clients);
}

#[test]
fn reconnect_storm_by_the_network() {
    let storm = "[people]\norders = 20\nsocketio = 0.5\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\n\
                 [storm]\ncut = \"network\"\nshare = 0.5\nat = \"1s\"\noutage = \"1s\"";
    let scenario = small("reconnect-storm", &["not_back == 0"], "alone", storm);
    let Some(report) = report("reconnect_storm_by_the_network", &scenario) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived_or_caught_up(&report, 1);
    assert!(report.totals.cuts.values().sum::<u64>() > 0, "the network was cut: {:?}", report.totals);
    let storm = report.storm.unwrap();
    assert!(storm.back == storm.clients && storm.clients > 0, "{storm:?}");
    // Nobody is back while there is no network.
    assert!(storm.curve[0].0 >= 1.0, "{:?}", storm.curve);
}

#[test]
fn reconnect_storm_by_a_crash() {
    let storm = "[people]\norders = 20\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\n\
                 [storm]\ncut = \"kill\"\nat = \"1s\"\noutage = \"500ms\"";
    let scenario = small("reconnect-storm", &["not_back == 0"], "alone", storm);
    let Some(report) = report("reconnect_storm_by_a_crash", &scenario) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived_or_caught_up(&report, 1);
    let storm = report.storm.unwrap();
    assert_eq!((storm.clients, storm.back, storm.stayers), (40, 40, 0), "{storm:?}");
}

#[test]
fn ramp_of_the_rate() {
    let ramp = "[people]\norders = 20\n[load]\nrate = 10\nwarm = \"300ms\"\n\
                [ramp]\nfrom = 20\nto = 40\nhold = \"1s\"\nconfirm = \"1s\"\nkeep = [\"connected > 0\"]";
    let scenario = small("ramp", &["capacity > 0"], "alone", ramp);
    let Some(report) = report("ramp_of_the_rate", &scenario) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived(&report, 1);
    let ramp = report.ramp.unwrap();
    assert_eq!((ramp.capacity, ramp.of.as_str()), (Some(40.0), "rate"), "{ramp:?}");
    let steps: Vec<_> = ramp.steps.iter().map(|step| (step.value, step.held, step.confirms)).collect();
    assert_eq!(steps, [(20.0, true, false), (40.0, true, false), (40.0, true, true)]);
    assert!(ramp.steps.iter().all(|step| step.figures["intended"] > 0.0), "{ramp:?}");
}

#[test]
fn ramp_of_connections() {
    let ramp = "[people]\norders = 20\n[load]\nrate = 20\nwarm = \"300ms\"\n\
                [ramp]\nof = \"connections\"\nfrom = 5\nto = 20\nhold = \"1s\"\nconfirm = \"1s\"\n\
                keep = [\"missing_devices == 0\", \"connected < 30\"]";
    let scenario = small("ramp", &["capacity > 0"], "alone", ramp);
    let Some(report) = report("ramp_of_connections", &scenario) else { return };
    let ramp = report.ramp.unwrap();
    // 5, 10, and 20 is too much; then between: 15 is too much as well, since 30 are not fewer than 30, and 14 at most are not.
    assert!(ramp.capacity.is_some_and(|capacity| (20.0..30.0).contains(&capacity)), "{ramp:?}");
    assert!(ramp.steps.iter().all(|step| step.held == (step.value < 30.0)), "{ramp:?}");
    assert!(ramp.steps.iter().any(|step| !step.held), "{ramp:?}");
}

#[test]
fn fan_out() {
    let sections = "[people]\norders = 2\nwatchers = 20\n[load]\nrate = 20\nwarm = \"300ms\"\nduration = \"2s\"";
    let scenario = small("fan-out", &["missing_devices == 0", "refused == 0"], "alone", sections);
    let Some(report) = report("fan_out", &scenario) else { return };
    assert_sound(&report, 2, 44);
    assert_all_arrived(&report, 21);
}

#[test]
fn slow_readers() {
    let sections = "[people]\norders = 2\nwatchers = 10\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"4s\"\n\
                    [slow]\npause = \"2s\"\nbetween = \"500ms\"";
    let scenario = small("slow-readers", &["lost == 0"], "alone", sections);
    let Some(report) = report("slow_readers", &scenario) else { return };
    assert_sound(&report, 2, 24);
    assert_eq!(report.totals.acknowledged, report.totals.intended);
}

#[test]
fn slow_readers_that_are_cut_off() {
    // More than a node keeps for one of them, and than the system takes in meanwhile.
    let sections = "[people]\norders = 1\ndevices = 3\nwatchers = 2\n\
                    [load]\nrate = 600\nwarm = \"300ms\"\nduration = \"7s\"\n\
                    [slow]\nshare = 1\nbuffer = 2048\npause = \"6s\"\nbetween = \"200ms\"";
    let scenario = small("slow-readers", &["lost == 0"], "alone", sections);
    let Some(report) = report("slow_readers_that_are_cut_off", &scenario) else { return };
    assert_sound(&report, 1, 8);
    // One that reads nothing does not read why either: that the code 4101 comes through is not sure, that it is cut off and catches
    // up is.
    let Totals { cuts, caught_up, sign_ins, .. } = &report.totals;
    let cut: u64 = cuts.values().sum();
    assert!(cut > 0 && *caught_up > 0 && *sign_ins >= 8 + cut, "{cuts:?} {caught_up} {sign_ins}");
    assert!(cuts.keys().all(|why| why.contains("4101") || why.starts_with("lost")), "{cuts:?}");
}

#[test]
fn churn() {
    let sections = "[people]\norders = 20\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\n\
                    [churn]\nrate = 20\naway = \"300ms\"\nhalf_open = 0.3";
    let scenario = small("churn", &["lost == 0"], "alone", sections);
    let Some(report) = report("churn", &scenario) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived_or_caught_up(&report, 1);
    assert!(report.totals.sign_ins > 40, "{:?}", report.totals);
}

#[test]
fn mixed() {
    let sections = "[people]\norders = 10\nsocketio = 0.5\n\
                    [load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\nthink = \"50ms\"\n\
                    [slow]\nshare = 0.5\npause = \"1s\"\nbetween = \"500ms\"\n[churn]\nrate = 10\naway = \"300ms\"";
    let scenario = small("mixed", &["lost == 0", "refused == 0"], "alone", sections);
    let Some(report) = report("mixed", &scenario) else { return };
    // Two people with two devices each, and a watcher.
    assert_sound(&report, 10, 50);
    assert!(report.totals.sign_ins > 50, "{:?}", report.totals);
    assert_eq!(report.totals.acknowledged, report.totals.intended);
}
