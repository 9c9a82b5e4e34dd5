//! Rules about the ingredients that a scenario may have beside talk.

use super::super::{Cut, Engines, RampOf, Scenario, Wrong};
use super::{real, short, talkers, when};

pub(super) fn empty_thirds(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} cannot be a third each below, at and above the limit", s.limit.senders);
    when(matches!(s.limit.senders, 1 | 2), what, "set limit.senders to 3 or more, or to 0")
}

pub(super) fn no_limit(s: &Scenario) -> Option<Wrong> {
    let what = || "people test the rate limit of nodes that have none".into();
    when(
        s.limit.senders > 0 && s.quota().is_none(),
        what,
        "set limits.messages above 0 below [nodes.settings], or limit.senders = 0",
    )
}

pub(super) fn storm_too_late(s: &Scenario) -> Option<Wrong> {
    let what = || format!("the storm comes at {:?}, and the load ends at {:?}", s.storm.at, s.load.duration);
    when(
        s.storm.cut != Cut::None && s.storm.at >= s.load.duration,
        what,
        "set storm.at earlier, or load.duration longer",
    )
}

pub(super) fn outage_too_long(s: &Scenario) -> Option<Wrong> {
    let (at, outage, end) = (s.storm.at, s.storm.outage, s.load.duration);
    let what = || format!("what was cut at {at:?} comes back at {:?}, and the load ends at {end:?}", at + outage);
    let comes_back = matches!(s.storm.cut, Cut::Kill | Cut::Drain | Cut::Network) && !outage.is_zero();
    when(comes_back && at < end && at + outage >= end, what, "shorten storm.outage, or set load.duration longer")
}

pub(super) fn outage_of_cut(s: &Scenario) -> Option<Wrong> {
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

pub(super) fn share_of_cut(s: &Scenario) -> Option<Wrong> {
    let what = || "a node that goes takes all its devices along, not a share of them".into();
    let broken = matches!(s.storm.cut, Cut::Kill | Cut::Drain) && s.storm.share < 1.0;
    when(broken, what, "leave storm.share out, or set storm.cut = \"close\"")
}

pub(super) fn nowhere_to_go(s: &Scenario) -> Option<Wrong> {
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

pub(super) fn storm_of_nobody(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{} of {} devices is nobody", s.storm.share, talkers(s));
    when(s.storm.cut != Cut::None && talkers(s) * s.storm.share < 1.0, what, "raise storm.share or people.orders")
}

pub(super) fn ramp_in_storm(s: &Scenario) -> Option<Wrong> {
    let what = || "a ramp and a storm: what the storm breaks would end the search".into();
    when(s.ramp.of != RampOf::None && s.storm.cut != Cut::None, what, "set ramp.of = \"none\" or storm.cut = \"none\"")
}

pub(super) fn ramp_without_end(s: &Scenario) -> Option<Wrong> {
    let what = || "a ramp that keeps nothing never finds its end".into();
    when(
        s.ramp.of != RampOf::None && s.ramp.keep.is_empty(),
        what,
        "set ramp.keep = [\"p99_receive < 250ms\", \"unanswered == 0\"]",
    )
}

pub(super) fn ramp_down(s: &Scenario) -> Option<Wrong> {
    let what = || format!("the ramp ends at {}, and begins at {}", s.ramp.to, s.ramp.from);
    when(s.ramp.of != RampOf::None && s.ramp.to <= s.ramp.from, what, "set ramp.to above ramp.from")
}

pub(super) fn ramp_beyond_orders(s: &Scenario) -> Option<Wrong> {
    let what = || format!("the ramp goes up to {} orders, and there are {}", s.ramp.to, s.people.orders);
    let broken = s.ramp.of == RampOf::Connections && s.ramp.to > real(s.people.orders);
    when(broken, what, "raise people.orders, or lower ramp.to")
}

pub(super) fn weak_confirmation(s: &Scenario) -> Option<Wrong> {
    let what = || format!("{:?} confirm less than a step of {:?} does", s.ramp.confirm, s.ramp.hold);
    when(s.ramp.of != RampOf::None && s.ramp.confirm < s.ramp.hold, what, "set ramp.confirm to ramp.hold or longer")
}

pub(super) fn slow_nobody(s: &Scenario) -> Option<Wrong> {
    let watchers = real(s.people.orders) * real(s.people.watchers);
    let what = || format!("{} of {watchers} watchers is nobody", s.slow.share);
    when(
        s.slow.share > 0.0 && s.slow.share * watchers < 1.0,
        what,
        "raise people.watchers or slow.share: only watchers are slow",
    )
}

pub(super) fn slow_for_ever(s: &Scenario) -> Option<Wrong> {
    let what = || {
        format!(
            "who stops reading for {:?} reads again after the load, which lasts {:?}",
            s.slow.pause, s.load.duration
        )
    };
    let broken = s.slow.share > 0.0 && s.ramp.of == RampOf::None && s.slow.pause >= s.load.duration;
    when(broken, what, "shorten slow.pause, or set load.duration longer")
}

pub(super) fn all_away(s: &Scenario) -> Option<Wrong> {
    let away = s.churn.rate * s.churn.away.as_secs_f64();
    let what = || format!("{} devices would be away on average, and there are {}", short(away), talkers(s));
    when(s.churn.rate > 0.0 && away >= talkers(s), what, "lower churn.rate or churn.away, or raise people.orders")
}
