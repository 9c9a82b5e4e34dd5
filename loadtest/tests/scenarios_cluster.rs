//! Every scenario that ships, in a small size, against two nodes on Redis, CQL and Kafka. `SOUK_BIN` names the program `souk`, and the
//! environment the servers, as `eval "$(deploy/stack env)"` does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use harness::{
    Folder, assert_all_arrived, assert_all_arrived_or_caught_up, assert_sound, run, small, souk_and_cluster,
};
use souk_loadtest::report::{Report, Verdict};

/// Runs this file to its good end; `None`: there are no servers.
fn report(test: &str, scenario: &str) -> Option<Report> {
    let souk = souk_and_cluster(test)?;
    let folder = Folder::new();
    run(folder.run(&souk, scenario, "")).expect(0);
    let report = folder.report("out");
    assert_eq!((report.outcome.verdict, report.environment.engines.as_str()), (Verdict::Passed, "cluster"));
    assert_eq!((report.environment.targets.len(), report.servers.len()), (2, 2));
    assert!(report.outcome.remarks.is_empty(), "{:?}", report.outcome.remarks);
    Some(report)
}

#[test]
fn steady() {
    let scenario = small(
        "steady",
        &["missing_devices == 0", "refused == 0", "redis_cpu_per_delivery > 0"],
        "cluster",
        "[people]\norders = 20\nsocketio = 0.5\n[load]\nrate = 40\nwarm = \"500ms\"\nduration = \"3s\"",
    );
    let Some(report) = report("steady", &scenario) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived(&report, 1);
    let used = |server: &souk_loadtest::report::Server| {
        server.samples.iter().any(|sample| sample.connections == Some(20) && sample.cpu > 0.0)
    };
    assert!(report.servers.iter().all(used), "half of the people are on each node");
    // The two of an order are on different nodes: what one says reaches the other through Redis.
    let redis = report.redis.unwrap();
    assert!(redis.order_rooms > 0 && redis.user_rooms > 0 && redis.bytes > 0, "{redis:?}");
    assert_eq!((redis.missed, redis.gaps), (0, 0), "{redis:?}");
}

#[test]
fn rate_limit() {
    let scenario = small(
        "rate-limit",
        &["over_limit == 0", "under_limit == 0", "retry_after_wrong == 0", "refused == 0"],
        "cluster",
        "[nodes.settings]\nlimits.window = \"4s\"\n[limit]\nsenders = 6\nwindows = 2\n[people]\norders = 6\n\
         [load]\nrate = 5\nwarm = \"200ms\"\nduration = \"2s\"",
    );
    let Some(report) = report("rate_limit", &scenario) else { return };
    assert_sound(&report, 12, 24);
    // Each sends from two devices on two nodes, and has one quota.
    let limit = report.limit.unwrap();
    let [above, at, below] = ["above", "at", "below"].map(|name| &limit.groups[name]);
    assert_eq!((above.most_in_window, below.refused), (20, 0), "{limit:?}");
    assert!((11..=20).contains(&at.most_in_window) && (1..=at.accepted).contains(&at.retried), "{limit:?}");
    assert!(above.refused > 0 && limit.retry_after_tried.1 > 0, "{limit:?}");
}

/// A storm of this kind over 40 devices, half of them on each node.
fn storm(cut: &str, more: &str) -> Option<Report> {
    let sections = format!(
        "[people]\norders = 20\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"4s\"\n\
         [storm]\ncut = \"{cut}\"\nat = \"1s\"\n{more}"
    );
    let report = report(cut, &small("reconnect-storm", &["not_back == 0"], "cluster", &sections))?;
    assert_sound(&report, 20, 40);
    assert_all_arrived_or_caught_up(&report, 1);
    let storm = report.storm.as_ref().unwrap();
    assert!(storm.back == storm.clients && storm.clients > 0, "{storm:?}");
    assert_eq!((storm.cut.as_str(), storm.clients + storm.stayers), (cut, 40));
    assert!(storm.tried >= storm.clients && storm.back_s["100"].is_some(), "{storm:?}");
    Some(report)
}

#[test]
fn storm_by_closed_sockets() {
    storm("close", "share = 0.5");
}

#[test]
fn storm_by_a_crash() {
    let Some(report) = storm("kill", "") else { return };
    let storm = report.storm.unwrap();
    assert_eq!((storm.clients, storm.stayers), (20, 20));
    assert!(storm.stayers_p99.0.is_some(), "{storm:?}");
}

#[test]
fn storm_by_a_node_that_leaves() {
    let Some(report) = storm("drain", "") else { return };
    assert_eq!(report.storm.unwrap().clients, 20);
}

#[test]
fn storm_by_the_network() {
    let Some(report) = storm("network", "share = 0.5\noutage = \"1s\"") else { return };
    assert!(report.storm.unwrap().curve[0].0 >= 1.0);
}

#[test]
fn ramp() {
    let sections = "[people]\norders = 20\n[load]\nrate = 10\nwarm = \"300ms\"\n\
                    [ramp]\nfrom = 20\nto = 40\nhold = \"1s\"\nconfirm = \"1s\"\nkeep = [\"connected > 0\"]";
    let Some(report) = report("ramp", &small("ramp", &["capacity > 0"], "cluster", sections)) else { return };
    assert_sound(&report, 20, 40);
    let ramp = report.ramp.unwrap();
    assert_eq!(ramp.capacity, Some(40.0), "{ramp:?}");
    assert!(ramp.steps.iter().all(|step| step.held), "{ramp:?}");
}

#[test]
fn fan_out() {
    let sections = "[people]\norders = 2\nwatchers = 20\n[load]\nrate = 20\nwarm = \"300ms\"\nduration = \"2s\"";
    let Some(report) = report("fan_out", &small("fan-out", &["missing_devices == 0"], "cluster", sections)) else {
        return;
    };
    assert_sound(&report, 2, 44);
    assert_all_arrived(&report, 21);
}

#[test]
fn slow_readers() {
    let sections = "[people]\norders = 2\nwatchers = 10\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\n\
                    [slow]\npause = \"1s\"\nbetween = \"500ms\"";
    let Some(report) = report("slow_readers", &small("slow-readers", &["lost == 0"], "cluster", sections)) else {
        return;
    };
    assert_sound(&report, 2, 24);
    assert_all_arrived(&report, 11);
}

#[test]
fn churn() {
    let sections = "[people]\norders = 20\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\n\
                    [churn]\nrate = 20\naway = \"300ms\"\nhalf_open = 0.3";
    let Some(report) = report("churn", &small("churn", &["lost == 0"], "cluster", sections)) else { return };
    assert_sound(&report, 20, 40);
    assert_all_arrived_or_caught_up(&report, 1);
    assert!(report.totals.sign_ins > 40, "{:?}", report.totals);
}

#[test]
fn mixed() {
    let sections = "[people]\norders = 10\nsocketio = 0.5\n\
                    [load]\nrate = 40\nwarm = \"300ms\"\nduration = \"3s\"\nthink = \"50ms\"\n\
                    [slow]\nshare = 0.5\npause = \"1s\"\nbetween = \"500ms\"\n[churn]\nrate = 10\naway = \"300ms\"";
    let Some(report) = report("mixed", &small("mixed", &["lost == 0", "refused == 0"], "cluster", sections)) else {
        return;
    };
    assert_sound(&report, 10, 50);
    assert!(report.totals.sign_ins > 50, "{:?}", report.totals);
}
