//! The rules about several knobs. Each says what is wrong in numbers, and what to turn.

mod ingredients;
mod talk;

use super::consistency::Rule;
use super::{Scenario, Wrong};

/// All of them.
pub(super) const RULES: &[Rule] = &[
    Rule { of: &["people.orders", "limit.senders"], check: |s, _| talk::nobody(s) },
    Rule { of: &["load.rate", "people.orders"], check: |s, _| talk::no_orders(s) },
    Rule { of: &["load.rate", "load.duration", "load.burst", "ramp.of"], check: |s, _| talk::no_message(s) },
    Rule { of: &["load.burst", "nodes.settings.limits.messages"], check: |s, _| talk::burst_beyond_limit(s) },
    Rule {
        of: &[
            "load.rate",
            "people.orders",
            "ramp.to",
            "ramp.of",
            "nodes.settings.limits.messages",
            "nodes.settings.limits.window",
        ],
        check: |s, _| talk::talk_beyond_limit(s),
    },
    Rule {
        of: &["connect.within", "connect.rate", "people.orders", "people.devices", "people.watchers"],
        check: |s, _| talk::slow_to_come(s),
    },
    Rule {
        of: &["people.devices", "nodes.count", "nodes.engines", "nodes.settings.limits.connections_per_user"],
        check: |s, _| talk::too_many_devices(s),
    },
    Rule {
        of: &["nodes.count", "nodes.engines"],
        check: |s, v| (v.is_said("nodes.count")).then(|| talk::several_alone(s)).flatten(),
    },
    Rule { of: &["limit.senders"], check: |s, _| ingredients::empty_thirds(s) },
    Rule { of: &["limit.senders", "nodes.settings.limits.messages"], check: |s, _| ingredients::no_limit(s) },
    Rule { of: &["storm.at", "load.duration", "storm.cut"], check: |s, _| ingredients::storm_too_late(s) },
    Rule {
        of: &["storm.outage", "storm.at", "load.duration", "storm.cut"],
        check: |s, _| ingredients::outage_too_long(s),
    },
    Rule { of: &["storm.outage", "storm.cut"], check: |s, _| ingredients::outage_of_cut(s) },
    Rule { of: &["storm.share", "storm.cut"], check: |s, _| ingredients::share_of_cut(s) },
    Rule {
        of: &["storm.cut", "storm.outage", "nodes.engines", "nodes.count"],
        check: |s, _| ingredients::nowhere_to_go(s),
    },
    Rule {
        of: &["storm.share", "storm.cut", "people.orders", "people.devices", "people.watchers"],
        check: |s, _| ingredients::storm_of_nobody(s),
    },
    Rule { of: &["ramp.of", "storm.cut"], check: |s, _| ingredients::ramp_in_storm(s) },
    Rule { of: &["ramp.of", "ramp.keep"], check: |s, _| ingredients::ramp_without_end(s) },
    Rule { of: &["ramp.to", "ramp.from", "ramp.of"], check: |s, _| ingredients::ramp_down(s) },
    Rule { of: &["ramp.to", "people.orders", "ramp.of"], check: |s, _| ingredients::ramp_beyond_orders(s) },
    Rule { of: &["ramp.confirm", "ramp.hold", "ramp.of"], check: |s, _| ingredients::weak_confirmation(s) },
    Rule { of: &["slow.share", "people.watchers", "people.orders"], check: |s, _| ingredients::slow_nobody(s) },
    Rule { of: &["slow.pause", "load.duration", "slow.share", "ramp.of"], check: |s, _| ingredients::slow_for_ever(s) },
    Rule {
        of: &["churn.rate", "churn.away", "people.orders", "people.devices", "people.watchers"],
        check: |s, _| ingredients::all_away(s),
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
