//! What makes no sense together, rule by rule.

use super::super::*;
use super::{mistakes, sets};

#[test]
fn what_makes_no_sense_together_is_told() {
    for (text, flags, at, what) in TOGETHER {
        let said = mistakes(text, flags);
        assert!(said.iter().any(|said| said.starts_with(at) && said.contains(what)), "{text} {flags:?}: {said:#?}");
    }
}

/// A file, flags, where the mistake is told, and a part of it.
type Senseless = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

const TOGETHER: &[Senseless] = &[
    ("people.orders = 0\nload.rate = 0", &[], "my.toml:1:8:", "there is nobody"),
    ("people.orders = 0", &[], "my.toml:1:8:", "50 messages per second, and no orders"),
    ("load.rate = 0.1\nload.duration = \"5s\"", &[], "my.toml:1:6:", "less than one burst"),
    ("load.burst = 21", &[], "my.toml:1:6:", "more than the 20 that the nodes let through"),
    ("", &[("load.rate", "100")], "--set load.rate:", "are 30 from each of 200 people in 60 s"),
    ("nodes.settings.limits.messages = 2", &[], "my.toml:1:23:", "the nodes let through 2"),
    ("connect.rate = 5", &[], "my.toml:1:9:", "200 devices at 5 per second come in 40 s"),
    ("people.devices = 41\nconnect.rate = 1e3", &[], "my.toml:1:8:", "41 devices of one person, and the nodes take 40"),
    ("nodes.engines = \"alone\"\nnodes.count = 2", &[], "my.toml:2:7:", "2 nodes that are alone"),
    ("limit.senders = 2", &[], "my.toml:1:7:", "cannot be a third each"),
    (
        "base = \"rate-limit\"\nnodes.settings.limits.messages = 0",
        &[],
        "my.toml:2:23:",
        "rate limit of nodes that have none",
    ),
    ("limit.windows = 2", &[], "my.toml:1:7:", "does nothing, since limit.senders is off"),
    (
        "base = \"reconnect-storm\"",
        &[("storm.at", "40s")],
        "--set storm.at:",
        "the storm comes at 40s, and the load ends at 40s",
    ),
    (
        "base = \"reconnect-storm\"\nstorm.outage = \"35s\"",
        &[],
        "my.toml:2:7:",
        "what was cut at 10s comes back at 45s",
    ),
    ("base = \"reconnect-storm\"\nstorm = { cut = \"close\", outage = \"5s\" }", &[], "my.toml:2:", "have no outage"),
    ("base = \"reconnect-storm\"", &[("storm.cut", "network")], "--set storm.cut:", "stays away for 0 s"),
    ("base = \"reconnect-storm\"\nstorm.share = 0.5", &[], "my.toml:2:7:", "takes all its devices along"),
    (
        "base = \"reconnect-storm\"",
        &[("nodes.engines", "alone")],
        "--set nodes.engines:",
        "the only node goes and stays away",
    ),
    ("base = \"reconnect-storm\"\nnodes.count = 1", &[], "my.toml:2:7:", "the only node goes and stays away"),
    (
        "base = \"reconnect-storm\"\nnodes.engines = \"auto\"",
        &[],
        "my.toml:2:7:",
        "where the environment names no servers",
    ),
    ("storm = { cut = \"close\", share = 0.001 }", &[], "my.toml:1:", "0.001 of 200 devices is nobody"),
    ("base = \"ramp\"", &[("storm.cut", "close")], "--set storm.cut:", "a ramp and a storm"),
    ("ramp.of = \"rate\"", &[], "my.toml:1:6:", "keeps nothing never finds its end"),
    ("base = \"ramp\"\nramp.to = 100", &[], "my.toml:2:6:", "ends at 100, and begins at 200"),
    ("base = \"ramp\"", &[("ramp.of", "connections")], "--set ramp.of:", "up to 12800 orders, and there are 500"),
    ("base = \"ramp\"\nramp.confirm = \"2s\"", &[], "my.toml:2:6:", "2s confirm less than a step of 5s"),
    ("ramp.keep = [\"lost == 0\"]", &[], "my.toml:1:6:", "does nothing, since ramp.of is off"),
    (
        "base = \"ramp\"\nramp.keep = [\n\"p99_ack < 1s\",\n\"capacity > 1\"]",
        &[],
        "my.toml:4:1:",
        "known of the whole run",
    ),
    ("slow.share = 0.5", &[], "my.toml:1:6:", "0.5 of 0 watchers is nobody"),
    ("base = \"slow-readers\"\nslow.pause = \"60s\"", &[], "my.toml:2:6:", "reads again after the load"),
    (
        "churn = { rate = 100, away = \"3s\" }",
        &[],
        "my.toml:1:",
        "300 devices would be away on average, and there are 200",
    ),
    ("churn.half_open = 0.1", &[], "my.toml:1:7:", "does nothing, since churn.rate is off"),
    (
        "thresholds = [\"lost == 0\", \"back_99 < 5s\"]",
        &[],
        "my.toml:1:28:",
        "back_99 can never hold: there is no storm",
    ),
    ("thresholds = [\"lost == 0\", \"lost == 1\"]", &[], "my.toml:1:28:", "lost is compared like this already"),
    ("thresholds = [\"over_limit == 0\"]", &[], "my.toml:1:15:", "nobody tests the rate limit"),
    (
        "base = \"reconnect-storm\"",
        &[("storm.cut", "none")],
        "--set storm.cut:",
        "back_99 can never hold: there is no storm",
    ),
    ("thresholds = [\"capacity > 5\"]", &[], "my.toml:1:15:", "there is no ramp"),
    ("load.rate = 0", &[("thresholds", "p99_ack < 5ms")], "--set thresholds:", "nobody says anything"),
    (
        "nodes.engines = \"alone\"",
        &[("thresholds", "redis_cpu_per_delivery < 5us")],
        "--set thresholds:",
        "has no Redis",
    ),
    ("storm.cut = \"close\"", &[("thresholds", "p99_ratio < 3")], "--set thresholds:", "the storm cuts everybody"),
];

#[test]
fn what_is_turned_off_by_a_flag_needs_no_change_of_the_file() {
    for (name, flag) in [("churn", ("churn.rate", "0")), ("slow-readers", ("slow.share", "0"))] {
        assert!(Scenario::load(name, &sets(&[flag])).is_ok(), "{name}");
    }
    assert!(Scenario::load("steady", &sets(&[("nodes.engines", "alone")])).is_ok());
    let close = [("storm.cut", "close"), ("storm.share", "0.5"), ("nodes.engines", "alone"), ("nodes.count", "1")];
    assert!(Scenario::load("reconnect-storm", &sets(&close)).is_ok());
    let connections = [("ramp.of", "connections"), ("ramp.to", "5000"), ("people.orders", "5000")];
    assert!(Scenario::load("ramp", &sets(&connections)).is_ok());
}
