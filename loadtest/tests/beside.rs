//! What a run can have beside its scenario: a baseline, metrics, a target that somebody else started.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod harness;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use harness::{Folder, HANGS, LOOK_EVERY, assert_all_arrived, assert_sound, loadtest, run, small, souk, start};
use souk_loadtest::report::Report;
use souk_loadtest::report::baseline::{self, Moved};
use souk_loadtest::scenario::{Engines, Nodes};
use souk_loadtest::target::{OwnNodes, Servers};

const SMALL: &str = "[people]\norders = 10\n[load]\nrate = 40\nwarm = \"300ms\"\nduration = \"2s\"";

fn edited(report: &Path, to: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let mut json = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    change(&mut json);
    std::fs::write(to, json.to_string()).unwrap();
}

#[test]
fn a_baseline_tells_what_moved() {
    let Some(souk) = souk("a_baseline_tells_what_moved") else { return };
    let folder = Folder::new();
    let scenario = small("steady", &[], "alone", SMALL);
    run(folder.run(&souk, &scenario, "")).expect(0);
    let json = folder.path("out/report.json");
    let first = folder.report("out");
    assert!(baseline::compare(&first, &first).is_empty(), "the same run is the same");

    // An older run that was far better at one thing, far worse at another, and of another load.
    edited(&json, &folder.path("old.json"), |json| {
        json["figures"]["node_resident"] = 1_000.into();
        json["figures"]["bytes_per_connection"] = 1e9.into();
        json["scenario"]["knobs"]["load.rate"] = "4000".into();
        // Without its seconds nothing tells how much it swings by itself.
        json["timeline"] = serde_json::json!([]);
    });
    let old = folder.path("old.json");
    let ended = run(folder.run(&souk, &scenario, &format!("--baseline {}", old.display()))).expect(0);
    let (report, old) = (folder.report("out"), Report::read(&old).unwrap());
    let moved = baseline::compare(&report, &old);
    let names = |name: &str| moved.iter().any(|it| matches!(it, Moved::Figure { figure, .. } if figure.name == name));
    assert!(names("node_resident") && names("bytes_per_connection"), "{moved:?}");
    for said in ["node_resident", "bytes_per_connection", "load.rate", "4000"] {
        assert!(ended.stdout.contains(said), "{said} is not in:\n{}", ended.stdout);
    }
    let page = std::fs::read_to_string(folder.path("out/report.html")).unwrap();
    assert!(page.contains("node_resident"), "the page tells it as well");

    edited(&json, &folder.path("other.json"), |json| json["schema"] = 99.into());
    let other = format!("--baseline {}", folder.path("other.json").display());
    run(folder.run(&souk, &scenario, &other)).expect(64).complains(&["schema 99"]);
}

/// A counter, or a gauge, as it is served now; `None`: it is not, or nobody answers.
fn scraped(address: SocketAddr, name: &str) -> Option<u64> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(HANGS)).ok()?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[track_caller]
fn rises_above(address: SocketAddr, name: &str, than: u64) -> u64 {
    let deadline = Instant::now() + HANGS;
    loop {
        match scraped(address, name) {
            Some(now) if now > than => return now,
            now => assert!(Instant::now() < deadline, "{name} stays at {now:?}"),
        }
        thread::sleep(LOOK_EVERY);
    }
}

#[test]
fn metrics_rise_while_it_runs() {
    let Some(souk) = souk("metrics_rise_while_it_runs") else { return };
    let folder = Folder::new();
    let endless = small("steady", &[], "alone", &SMALL.replace("\"2s\"", "\"10m\""));
    let mut running = start(folder.run(&souk, &endless, "--prometheus 127.0.0.1:0"));
    let line = running.says("metrics of the harness at http://");
    let address: SocketAddr = line.split_once("http://").unwrap().1.strip_suffix("/metrics").unwrap().parse().unwrap();
    for name in ["messages_intended_total", "messages_acknowledged_total", "messages_received_total"] {
        let name = format!("souk_loadtest_{name}");
        let first = rises_above(address, &name, 0);
        rises_above(address, &name, first);
    }
    assert_eq!(scraped(address, "souk_loadtest_connected"), Some(20));
    assert_eq!(scraped(address, "souk_loadtest_sign_ins_total"), Some(20));
    running.signal("INT", false);
    running.end().expect(130);
    assert!(folder.report("out").totals.acknowledged > 0);
    let taken =
        run(loadtest("run steady --prometheus 0.0.0.0:0 --nodes-engines alone --nodes-count 1 --souk").arg_of(&souk))
            .expect(69);
    taken.complains(&["0.0.0.0:0", "loopback"]);
}

trait ArgOf {
    fn arg_of(self, path: &Path) -> Self;
}

impl ArgOf for std::process::Command {
    fn arg_of(mut self, path: &Path) -> Self {
        self.arg(path);
        self
    }
}

#[test]
fn a_node_that_somebody_else_started_is_a_target() {
    let Some(souk) = souk("a_node_that_somebody_else_started_is_a_target") else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let off = ["messages", "connections_per_ip", "connections_per_user"];
    let off = off.map(|name| (format!("limits.{name}"), "0".to_owned()));
    let plan = Nodes { engines: Engines::Alone, count: 1, settings: off.into() };
    let nodes = runtime.block_on(async {
        let servers = Arc::new(Servers::find(Engines::Alone, &|_| {}).await.unwrap());
        OwnNodes::start(&plan, servers, Some(&souk), &|_| {}).await.unwrap()
    });
    let target = nodes.target();
    let node = &target.nodes[0];
    let folder = Folder::new();
    let scenario = small("steady", &["missing_devices == 0", "refused == 0"], "alone", SMALL);
    let words = format!(
        "--target http://{} --operators http://{} --pid {}",
        node.clients,
        node.operators.unwrap(),
        node.pid.unwrap()
    );
    let mut command = folder.run(&souk, &scenario, &words);
    // Where no `ps` shows it.
    command.env("SOUK_AUTH_SECRET", &target.secret);
    run(command).expect(0);
    let report = folder.report("out");
    assert_sound(&report, 10, 20);
    assert_all_arrived(&report, 1);
    assert_eq!(report.environment.engines, "given");
    assert_eq!((report.servers.len(), report.servers[0].pid), (1, node.pid));
    let samples = &report.servers[0].samples;
    assert!(samples.iter().any(|sample| sample.connections == Some(20) && sample.resident > 0), "{samples:?}");
    assert!(report.figures.contains_key("cpu_per_delivery") && report.figures.contains_key("bytes_per_connection"));
}
