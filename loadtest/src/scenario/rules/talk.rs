//! Rules about who is there, what they say, and the nodes.

use super::super::{Engines, RampOf, Scenario, Wrong};
use super::{real, short, when};

pub(super) fn nobody(s: &Scenario) -> Option<Wrong> {
    when(
        s.devices() == 0,
        || "there is nobody: no orders, and nobody who tests the limit".into(),
        "set people.orders or limit.senders above 0",
    )
}

pub(super) fn no_orders(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} messages per second, and no orders to say them in", s.load.rate);
    when(s.people.orders == 0 && s.load.rate > 0.0, what, "set people.orders above 0, or load.rate = 0")
}

pub(super) fn no_message(s: &Scenario) -> Option<Wrong> {
    let sent = s.load.rate * s.load.duration.as_secs_f64();
    let what = || {
        format!("load.rate times load.duration is {} messages, less than one burst of {}", short(sent), s.load.burst)
    };
    let broken = s.load.rate > 0.0 && s.ramp.of != RampOf::Rate && sent < real(s.load.burst);
    when(broken, what, "raise load.rate or load.duration; load.rate = 0 says that nobody talks")
}

pub(super) fn burst_beyond_limit(s: &Scenario) -> Option<Wrong> {
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

pub(super) fn talk_beyond_limit(s: &Scenario) -> Option<Wrong> {
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

pub(super) fn slow_to_come(s: &Scenario) -> Option<Wrong> {
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

pub(super) fn too_many_devices(s: &Scenario) -> Option<Wrong> {
    let each: f64 = s.setting("limits.connections_per_user").unwrap_or("20").parse().ok().filter(|n| *n > 0.0)?;
    let nodes = if s.is_one_node() { 1.0 } else { real(s.nodes.count) };
    let what = || format!("{} devices of one person, and the nodes take {} in all", s.people.devices, each * nodes);
    when(
        real(s.people.devices) > each * nodes,
        what,
        "set limits.connections_per_user = 0 below [nodes.settings], or lower people.devices",
    )
}

pub(super) fn several_alone(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} nodes that are alone would know nothing of each other", s.nodes.count);
    when(
        s.nodes.engines == Engines::Alone && s.nodes.count > 1,
        what,
        "set nodes.count = 1, or nodes.engines = \"cluster\"",
    )
}
