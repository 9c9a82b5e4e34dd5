//! What the program does not do, and says why: exit codes that scripts can rely on, and messages that say what to do.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Folder, HANGS, loadtest, run, small, souk};
use souk_loadtest::report::Verdict;
use souk_loadtest::scenario::{Engines, Nodes};
use souk_loadtest::target::{OwnNodes, Servers};

const SMALL: &str = "[people]\norders = 3\n[load]\nrate = 20\nwarm = \"200ms\"\nduration = \"1s\"";

#[test]
fn a_threshold_that_does_not_hold_is_1() {
    let Some(souk) = souk("a_threshold_that_does_not_hold_is_1") else { return };
    let folder = Folder::new();
    let ended = run(folder.run(&souk, &small("steady", &["acknowledged > 1000000"], "alone", SMALL), "")).expect(1);
    assert!(ended.stdout.contains("acknowledged > 1000000"), "{}", ended.stdout);
    let report = folder.report("out");
    assert_eq!(report.outcome.verdict, Verdict::Threshold);
    let held: Vec<bool> = report.outcome.thresholds.iter().map(|threshold| threshold.held).collect();
    assert_eq!(held, [true, false]);
}

#[test]
fn every_mistake_of_a_scenario_is_told_with_its_line() {
    let folder = Folder::new();
    let file = folder.path("wrong.toml");
    let text = "base = \"steady\"\nthresholds = [\"p99_recieve < 1s\"]\n[people]\nordres = 5\ndevices = 0\n\
                [load]\nduration = \"soon\"\n";
    std::fs::write(&file, text).unwrap();
    for what in ["check", "run"] {
        let mut command = loadtest(what);
        command.arg(&file).args(["--set", "load.rat=5"]);
        run(command).expect(64).complains(&[
            "5 mistakes",
            "wrong.toml:2:",
            "did you mean p99_receive?",
            "wrong.toml:4:",
            "people.ordres",
            "wrong.toml:5:",
            "people.devices",
            "wrong.toml:7:",
            "load.duration",
            "--set load.rat",
        ]);
    }
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    run(loadtest("run staedy")).expect(64).complains(&["no such scenario", "did you mean steady?"]);
    run(loadtest("run everything")).expect(64).complains(&["no such scenario", "steady, rate-limit", "mixed"]);
    run(loadtest("run steady --no-such-flag")).expect(64).complains(&["--no-such-flag"]);
    run(loadtest("run steady --set load.rate")).expect(64).complains(&["KNOB=VALUE"]);
    run(loadtest("run steady --baseline /nowhere/report.json")).expect(64).complains(&["/nowhere/report.json"]);
    run(loadtest("run ramp --processes 2")).expect(64).complains(&["leave --processes out"]);
    let mut command = loadtest("run steady --nodes-engines alone --nodes-count 1 --souk /nowhere/souk --out");
    command.arg(Folder::new().path("out"));
    run(command).expect(69).complains(&["/nowhere/souk is not there", "--souk"]);
}

#[test]
fn a_target_that_is_down_is_told_at_once() {
    // Whoever listened there does so no more.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let began = Instant::now();
    let ended = run(loadtest(&format!("run steady --target http://{address} --auth-secret x")));
    let took = began.elapsed();
    ended.expect(69).complains(&[&address.to_string(), "is down", "nothing listens"]);
    // A second is promised; this only tells it from waiting for a time-out of somebody else.
    assert!(took < HANGS / 4, "{took:?}");
    run(loadtest("run --join").tap(|command| command.arg(address.to_string())))
        .expect(69)
        .complains(&["no run to join"]);
}

#[test]
fn other_peoples_servers_are_left_alone() {
    // An address of documentation: nobody is there, and nobody is asked.
    let target = "run steady --target http://192.0.2.1:80";
    run(loadtest(&format!("{target} --auth-secret x"))).expect(69).complains(&["192.0.2.1:80", "--i-own-this-target"]);
    run(loadtest(target)).expect(64).complains(&["--auth-secret", "SOUK_AUTH_SECRET"]);
}

trait Tap {
    fn tap(self, change: impl FnOnce(&mut Self) -> &mut Self) -> Self;
}

impl Tap for Command {
    fn tap(mut self, change: impl FnOnce(&mut Self) -> &mut Self) -> Self {
        change(&mut self);
        self
    }
}

#[test]
fn what_a_given_target_cannot_do_is_refused_with_what_to_do() {
    let Some(souk) = souk("what_a_given_target_cannot_do_is_refused_with_what_to_do") else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let plan = Nodes { engines: Engines::Alone, count: 1, settings: Vec::new() };
    let nodes = runtime.block_on(async {
        let servers = Arc::new(Servers::find(Engines::Alone, &|_| {}).await.unwrap());
        OwnNodes::start(&plan, servers, Some(&souk), &|_| {}).await.unwrap()
    });
    let target = nodes.target();
    let folder = Folder::new();
    let at = |scenario: &str, secret: &str| {
        let words = format!("run {scenario} --target http://{} --auth-secret {secret} --out", target.nodes[0].clients);
        run(loadtest(&words).tap(|command| command.arg(folder.path("out"))))
    };
    let wrong = at("steady", "another-secret-that-is-long-enough-for-a-key");
    wrong.expect(69).complains(&["--auth-secret must be the node's auth.secret"]);
    for cut in ["kill", "drain"] {
        let storm = at(&format!("reconnect-storm --set storm.cut={cut}"), &target.secret);
        storm.expect(69).complains(&[&format!("storm.cut = \"{cut}\""), "leave --target out", "\"close\""]);
    }
    let ended = at("steady --pid 4000000000", &target.secret);
    ended.expect(69).complains(&["--pid 4000000000", "no such process"]);
    assert!(!folder.path("out").exists(), "a run that did not begin leaves no report");
}

#[test]
fn more_devices_than_descriptors_are_told_before_anybody_comes() {
    let Some(souk) = souk("more_devices_than_descriptors_are_told_before_anybody_comes") else { return };
    let folder = Folder::new();
    let inner = folder.run(&souk, &small("steady", &[], "alone", "[people]\norders = 500"), "");
    let mut command = Command::new("sh");
    // The node inherits the limit, and needs less than this.
    command.args(["-c", "ulimit -n 400 && exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    // 1,000 devices, 200 to spare and 20 for the node; 180 devices are what is left.
    run(command).expect(69).complains(&["1220 descriptors", "may have 400", "about 180", "ulimit -n", "--processes"]);
    let fits = small("steady", &[], "alone", SMALL);
    let inner = folder.run(&souk, &fits, "");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 400 && exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    run(command).expect(0);
    assert!(Duration::from_secs_f64(folder.report("out").environment.took_s) < HANGS);
}
