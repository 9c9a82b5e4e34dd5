//! What one device saw against what is there.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Included};

use rustc_hash::FxHashSet;

use super::Truths;
use crate::device::log::{How, Life, Log};
use crate::ledger::Order;
use crate::offences::Offences;
use crate::report::ViolationKind;

/// Checks a device: each connection by itself, and all of them together.
pub(super) fn check(order: &Order, who: &str, log: &Log, truths: &Truths, histories: bool, offences: &Offences) {
    let offend = |kind, what: String| offences.add(kind, order.id.as_str(), Some(who.to_owned()), || what);
    for (number, life) in log.lives.iter().enumerate() {
        let offend = |kind, what: String| offend(kind, format!("connection {}: {what}", number + 1));
        one_life(life, truths, histories, &offend);
        the_same_text(life, truths, &offend);
    }
    if log.live_at_end {
        nothing_is_missing(log, truths, &offend);
    }
}

/// I5: numbers rise strictly, start above where catching up ended, and skip no message.
fn one_life(life: &Life, truths: &Truths, histories: bool, offend: &impl Fn(ViolationKind, String)) {
    let Some(up_to) = life.up_to else { return };
    let mut last = up_to;
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    let mut pushed: FxHashSet<u64> = FxHashSet::default();
    for item in &life.seen {
        seen.insert(item.seq);
        if matches!(item.how, How::Push | How::Ack | How::Change) {
            // One masking may change several messages.
            let same = item.how == How::Change && item.entry == last;
            if item.entry <= last && !same {
                let (entry, how) = (item.entry, item.how);
                let kind = match pushed.contains(&entry) || entry <= up_to {
                    true => ViolationKind::Doubled,
                    false => ViolationKind::OutOfOrder,
                };
                offend(kind, format!("{entry} ({how:?}) after {last}"));
            }
            pushed.insert(item.entry);
            last = last.max(item.entry);
        }
    }
    for missing in truths.range((Excluded(up_to), Included(last))).filter(|(seq, _)| !seen.contains(*seq)) {
        offend(ViolationKind::Hole, format!("{} is missing before {last}", missing.0));
    }
    // A server without a history promises nothing of what happened while the device was away.
    if histories && life.since < up_to {
        let (since, caught_up) = (life.since, truths.range((Excluded(life.since), Included(up_to))));
        for missing in caught_up.filter(|(seq, _)| !seen.contains(*seq)) {
            offend(ViolationKind::Hole, format!("catching up from {since} to {up_to} left {} out", missing.0));
        }
    }
}

/// What was seen under a number is what is there, or an earlier version of it.
fn the_same_text(life: &Life, truths: &Truths, offend: &impl Fn(ViolationKind, String)) {
    for item in &life.seen {
        match truths.get(&item.seq) {
            None => offend(ViolationKind::Unasked, format!("saw {}, which is not there", item.seq)),
            Some(truth) if item.version > truth.version && !truth.moderated => {
                offend(
                    ViolationKind::Altered,
                    format!("saw version {} of {}, which has {}", item.version, item.seq, truth.version),
                );
            }
            Some(truth) if item.version == truth.version && item.digest != truth.digest && !truth.moderated => {
                offend(ViolationKind::Altered, format!("saw another text under {}", item.seq));
            }
            Some(_) => {}
        }
    }
}

/// I6: who was there at the end has everything.
fn nothing_is_missing(log: &Log, truths: &Truths, offend: &impl Fn(ViolationKind, String)) {
    let from = log.lives.first().map_or(0, |life| life.since);
    let seen: BTreeSet<u64> = log.lives.iter().flat_map(|life| &life.seen).map(|item| item.seq).collect();
    for (missing, _) in truths.range((Excluded(from), Included(u64::MAX))).filter(|(seq, _)| !seen.contains(*seq)) {
        offend(ViolationKind::Lost, format!("never saw {missing}"));
    }
}
