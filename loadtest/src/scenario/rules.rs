//! The rules about several knobs. Each says what is wrong in numbers, and what to turn.

use super::together::Rule;
use super::{Cut, Engines, RampOf, Scenario, Wrong};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    Rule { of: &["people.orders", "limit.senders"], check: |s, _| nobody(s) },
    Rule { of: &["load.rate", "people.orders"], check: |s, _| no_orders(s) },
    Rule { of: &["load.rate", "load.duration", "load.burst", "ramp.of"], check: |s, _| no_message(s) },
    Rule { of: &["load.burst", "nodes.settings.limits.messages"], check: |s, _| burst_beyond_limit(s) },
    Rule {
        of: &[
            "load.rate",
            "people.orders",
            "ramp.to",
            "ramp.of",
            "nodes.settings.limits.messages",
            "nodes.settings.limits.window",
        ],
        check: |s, _| talk_beyond_limit(s),
    },
    Rule {
        of: &["connect.within", "connect.rate", "people.orders", "people.devices", "people.watchers"],
        check: |s, _| slow_to_come(s),
    },
    Rule {
        of: &["people.devices", "nodes.count", "nodes.engines", "nodes.settings.limits.connections_per_user"],
        check: |s, _| too_many_devices(s),
    },
    Rule {
        of: &["nodes.count", "nodes.engines"],
        check: |s, v| (v.is_said("nodes.count")).then(|| several_alone(s)).flatten(),
    },
    Rule { of: &["limit.senders"], check: |s, _| empty_thirds(s) },
    Rule { of: &["limit.senders", "nodes.settings.limits.messages"], check: |s, _| no_limit(s) },
    Rule { of: &["storm.at", "load.duration", "storm.cut"], check: |s, _| storm_too_late(s) },
    Rule { of: &["storm.outage", "storm.at", "load.duration", "storm.cut"], check: |s, _| outage_too_long(s) },
    Rule { of: &["storm.outage", "storm.cut"], check: |s, _| outage_of_cut(s) },
    Rule { of: &["storm.share", "storm.cut"], check: |s, _| share_of_cut(s) },
    Rule { of: &["storm.cut", "storm.outage", "nodes.engines", "nodes.count"], check: |s, _| nowhere_to_go(s) },
    Rule {
        of: &["storm.share", "storm.cut", "people.orders", "people.devices", "people.watchers"],
        check: |s, _| storm_of_nobody(s),
    },
    Rule { of: &["ramp.of", "storm.cut"], check: |s, _| ramp_in_storm(s) },
    Rule { of: &["ramp.of", "ramp.keep"], check: |s, _| ramp_without_end(s) },
    Rule { of: &["ramp.to", "ramp.from", "ramp.of"], check: |s, _| ramp_down(s) },
    Rule { of: &["ramp.to", "people.orders", "ramp.of"], check: |s, _| ramp_beyond_orders(s) },
    Rule { of: &["ramp.confirm", "ramp.hold", "ramp.of"], check: |s, _| weak_confirmation(s) },
    Rule { of: &["slow.share", "people.watchers", "people.orders"], check: |s, _| slow_nobody(s) },
    Rule { of: &["slow.pause", "load.duration", "slow.share", "ramp.of"], check: |s, _| slow_for_ever(s) },
    Rule {
        of: &["churn.rate", "churn.away", "people.orders", "people.devices", "people.watchers"],
        check: |s, _| all_away(s),
    },
];

/// A mistake, if it is one.
fn when(broken: bool, what: impl FnOnce() -> String, help: &str) -> Option<Wrong> {
    broken.then(|| Wrong::new(what(), help))
}

/// A count as a number to reckon with.
fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Devices of the orders' people and watchers.
fn talkers(s: &Scenario) -> f64 {
    real(s.people.orders) * real(2 * s.people.devices + s.people.watchers)
}

/// Without zeros that say nothing.
fn short(number: f64) -> String {
    if number >= 10.0 { format!("{number:.0}") } else { format!("{}", (number * 100.0).round() / 100.0) }
}

fn nobody(s: &Scenario) -> Option<Wrong> {
    when(
        s.devices() == 0,
        || "there is nobody: no orders, and nobody who tests the limit".into(),
        "set people.orders or limit.senders above 0",
    )
}

fn no_orders(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} messages per second, and no orders to say them in", s.load.rate);
    when(s.people.orders == 0 && s.load.rate > 0.0, what, "set people.orders above 0, or load.rate = 0")
}

fn no_message(s: &Scenario) -> Option<Wrong> {
    let sent = s.load.rate * s.load.duration.as_secs_f64();
    let what = || {
        format!("load.rate times load.duration is {} messages, less than one burst of {}", short(sent), s.load.burst)
    };
    let broken = s.load.rate > 0.0 && s.ramp.of != RampOf::Rate && sent < real(s.load.burst);
    when(broken, what, "raise load.rate or load.duration; load.rate = 0 says that nobody talks")
}

fn burst_beyond_limit(s: &Scenario) -> Option<Wrong> {
    let (messages, _) = s.quota()?;
    let what = || {
        format!(
            "a burst of {} messages is more than the {messages} that the nodes let through, so that its end is always refused",
            s.load.burst
        )
    };
    let talks = s.load.rate > 0.0 || s.ramp.of == RampOf::Rate;
    when(
        talks && real(s.load.burst) > f64::from(messages),
        what,
        "shorten load.burst, or set limits.messages = 0 below [nodes.settings]",
    )
}

fn talk_beyond_limit(s: &Scenario) -> Option<Wrong> {
    let (messages, window) = s.quota()?;
    let rate = if s.ramp.of == RampOf::Rate { s.ramp.to } else { s.load.rate };
    let each = rate / (2.0 * real(s.people.orders)) * window.as_secs_f64();
    let broken = s.people.orders > 0 && each > f64::from(messages);
    let what = || {
        format!(
            "{rate} messages per second are {} from each of {} people in {} s, and the nodes let through {messages}",
            short(each),
            2 * s.people.orders,
            window.as_secs_f64(),
        )
    };
    when(
        broken,
        what,
        "set limits.messages = 0 below [nodes.settings], lower the rate, or raise people.orders; [limit] has who tests the limit",
    )
}

fn slow_to_come(s: &Scenario) -> Option<Wrong> {
    let takes = real(s.devices()) / s.connect.rate;
    let what = || {
        format!(
            "{} devices at {} per second come in {} s, later than connect.within",
            s.devices(),
            s.connect.rate,
            short(takes)
        )
    };
    when(takes > s.connect.within.as_secs_f64(), what, "raise connect.within or connect.rate")
}

fn too_many_devices(s: &Scenario) -> Option<Wrong> {
    let each: f64 = s.setting("limits.connections_per_user").unwrap_or("20").parse().ok().filter(|n| *n > 0.0)?;
    let nodes = if s.is_one_node() { 1.0 } else { real(s.nodes.count) };
    let what = || format!("{} devices of one person, and the nodes take {} in all", s.people.devices, each * nodes);
    when(
        real(s.people.devices) > each * nodes,
        what,
        "set limits.connections_per_user = 0 below [nodes.settings], or lower people.devices",
    )
}

fn several_alone(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} nodes that are alone would know nothing of each other", s.nodes.count);
    when(
        s.nodes.engines == Engines::Alone && s.nodes.count > 1,
        what,
        "set nodes.count = 1, or nodes.engines = \"cluster\"",
    )
}

fn empty_thirds(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} cannot be a third each below, at and above the limit", s.limit.senders);
    when(matches!(s.limit.senders, 1 | 2), what, "set limit.senders to 3 or more, or to 0")
}

fn no_limit(s: &Scenario) -> Option<Wrong> {
    let what = || "people test the rate limit of nodes that have none".into();
    when(
        s.limit.senders > 0 && s.quota().is_none(),
        what,
        "set limits.messages above 0 below [nodes.settings], or limit.senders = 0",
    )
}

fn storm_too_late(s: &Scenario) -> Option<Wrong> {
    let what = || format!("the storm comes at {:?}, and the load ends at {:?}", s.storm.at, s.load.duration);
    when(
        s.storm.cut != Cut::None && s.storm.at >= s.load.duration,
        what,
        "set storm.at earlier, or load.duration longer",
    )
}

fn outage_too_long(s: &Scenario) -> Option<Wrong> {
    let (at, outage, end) = (s.storm.at, s.storm.outage, s.load.duration);
    let what = || format!("what was cut at {at:?} comes back at {:?}, and the load ends at {end:?}", at + outage);
    let comes_back = matches!(s.storm.cut, Cut::Kill | Cut::Drain | Cut::Network) && !outage.is_zero();
    when(comes_back && at < end && at + outage >= end, what, "shorten storm.outage, or set load.duration longer")
}

fn outage_of_cut(s: &Scenario) -> Option<Wrong> {
    match s.storm.cut {
        Cut::Close => when(
            !s.storm.outage.is_zero(),
            || "sockets that are closed have no outage: their clients come back at once".into(),
            "leave storm.outage out, or set storm.cut = \"network\"",
        ),
        Cut::Network => when(
            s.storm.outage.is_zero(),
            || "a network that stays away for 0 s is not cut".into(),
            "set storm.outage, for instance \"5s\"",
        ),
        _ => None,
    }
}

fn share_of_cut(s: &Scenario) -> Option<Wrong> {
    let what = || "a node that goes takes all its devices along, not a share of them".into();
    let broken = matches!(s.storm.cut, Cut::Kill | Cut::Drain) && s.storm.share < 1.0;
    when(broken, what, "leave storm.share out, or set storm.cut = \"close\"")
}

fn nowhere_to_go(s: &Scenario) -> Option<Wrong> {
    let goes = matches!(s.storm.cut, Cut::Kill | Cut::Drain) && s.storm.outage.is_zero();
    let what = || match s.nodes.engines {
        Engines::Auto if s.nodes.count > 1 => {
            "where the environment names no servers there is one node, and it stays away".into()
        }
        _ => "the only node goes and stays away, so that nobody can come back".into(),
    };
    let broken = goes && (s.is_one_node() || s.nodes.engines == Engines::Auto);
    when(
        broken,
        what,
        "set nodes.engines = \"cluster\" and nodes.count = 2, or storm.outage to when the node comes back",
    )
}

fn storm_of_nobody(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} of {} devices is nobody", s.storm.share, talkers(s));
    when(s.storm.cut != Cut::None && talkers(s) * s.storm.share < 1.0, what, "raise storm.share or people.orders")
}

fn ramp_in_storm(s: &Scenario) -> Option<Wrong> {
    let what = || "a ramp and a storm: what the storm breaks would end the search".into();
    when(s.ramp.of != RampOf::None && s.storm.cut != Cut::None, what, "set ramp.of = \"none\" or storm.cut = \"none\"")
}

fn ramp_without_end(s: &Scenario) -> Option<Wrong> {
    let what = || "a ramp that keeps nothing never finds its end".into();
    when(
        s.ramp.of != RampOf::None && s.ramp.keep.is_empty(),
        what,
        "set ramp.keep = [\"p99_receive < 250ms\", \"unanswered == 0\"]",
    )
}

fn ramp_down(s: &Scenario) -> Option<Wrong> {
    let what = || format!("the ramp ends at {}, and begins at {}", s.ramp.to, s.ramp.from);
    when(s.ramp.of != RampOf::None && s.ramp.to <= s.ramp.from, what, "set ramp.to above ramp.from")
}

fn ramp_beyond_orders(s: &Scenario) -> Option<Wrong> {
    let what = || format!("the ramp goes up to {} orders, and there are {}", s.ramp.to, s.people.orders);
    let broken = s.ramp.of == RampOf::Connections && s.ramp.to > real(s.people.orders);
    when(broken, what, "raise people.orders, or lower ramp.to")
}

fn weak_confirmation(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{:?} confirm less than a step of {:?} does", s.ramp.confirm, s.ramp.hold);
    when(s.ramp.of != RampOf::None && s.ramp.confirm < s.ramp.hold, what, "set ramp.confirm to ramp.hold or longer")
}

fn slow_nobody(s: &Scenario) -> Option<Wrong> {
    let watchers = real(s.people.orders) * real(s.people.watchers);
    let what = || format!("{} of {watchers} watchers is nobody", s.slow.share);
    when(
        s.slow.share > 0.0 && s.slow.share * watchers < 1.0,
        what,
        "raise people.watchers or slow.share: only watchers are slow",
    )
}

fn slow_for_ever(s: &Scenario) -> Option<Wrong> {
    let what = || {
        format!(
            "who stops reading for {:?} reads again after the load, which lasts {:?}",
            s.slow.pause, s.load.duration
        )
    };
    let broken = s.slow.share > 0.0 && s.ramp.of == RampOf::None && s.slow.pause >= s.load.duration;
    when(broken, what, "shorten slow.pause, or set load.duration longer")
}

fn all_away(s: &Scenario) -> Option<Wrong> {
    let away = s.churn.rate * s.churn.away.as_secs_f64();
    let what = || format!("{} devices would be away on average, and there are {}", short(away), talkers(s));
    when(s.churn.rate > 0.0 && away >= talkers(s), what, "lower churn.rate or churn.away, or raise people.orders")
}
