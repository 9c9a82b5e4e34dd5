//! What one device saw against what is there.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Included, Unbounded};

use rustc_hash::FxHashSet;

use super::Truths;
use crate::device::log::{How, Life, Log};
use crate::ledger::Order;
use crate::offences::Offences;
use crate::report::ViolationKind;

/// Checks a device: each connection by itself, and all of them together. Returns how many messages it missed while it was away,
/// where the server keeps no history that it could have caught up from.
pub(super) fn check(order: &Order, who: &str, log: &Log, truths: &Truths, histories: bool, offences: &Offences) -> u64 {
    let offend = |kind, what: String| offences.add(kind, order.id.as_str(), Some(who.to_owned()), || what);
    for (number, life) in log.lives.iter().enumerate() {
        let offend = |kind, what: String| offend(kind, format!("connection {}: {what}", number + 1));
        live(life, truths, &offend);
        if histories {
            caught_up(life, truths, &offend);
        }
        the_same_text(life, truths, histories, &offend);
    }
    if !log.live_at_end {
        return 0;
    }
    let from = match histories {
        true => log.lives.first().map_or(0, |life| life.since),
        false => log.lives.last().and_then(|life| life.up_to).unwrap_or(u64::MAX),
    };
    nothing_is_missing(log, from, truths, &offend);
    if histories { 0 } else { missed(log, from, truths) }
}

/// While live: numbers rise strictly, start above where catching up ended, and skip no message.
fn live(life: &Life, truths: &Truths, offend: &impl Fn(ViolationKind, String)) {
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
}

/// Catching up: what the answers of a join hold is above the cursor, not above where they say that they end, each message once and
/// by rising number, and all of them. A message that changed may come again, below the cursor too.
fn caught_up(life: &Life, truths: &Truths, offend: &impl Fn(ViolationKind, String)) {
    let mut last = life.since;
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    for item in life.seen.iter().filter(|item| item.how == How::CaughtUp) {
        let again = !seen.insert(item.seq);
        if item.version > 1 {
            continue;
        }
        let seq = item.seq;
        if again || seq <= life.since {
            offend(ViolationKind::Doubled, format!("catching up from {} gave {seq} again", life.since));
        } else if seq < last {
            offend(ViolationKind::OutOfOrder, format!("catching up gave {seq} after {last}"));
        }
        if life.up_to.is_some_and(|up_to| seq > up_to) {
            offend(ViolationKind::OutOfOrder, format!("catching up gave {seq}, above where it says that it ends"));
        }
        last = last.max(seq);
    }
    let Some(up_to) = life.up_to.filter(|up_to| *up_to > life.since) else { return };
    let since = life.since;
    for missing in truths.range((Excluded(since), Included(up_to))).filter(|(seq, _)| !seen.contains(*seq)) {
        offend(ViolationKind::Hole, format!("catching up from {since} to {up_to} left {} out", missing.0));
    }
}

/// What was seen under a number is what is there, or an earlier version of it.
fn the_same_text(life: &Life, truths: &Truths, histories: bool, offend: &impl Fn(ViolationKind, String)) {
    for item in &life.seen {
        match truths.get(&item.seq) {
            // Without a history what is there is what was acknowledged; an acknowledgement may have been lost.
            None if !histories => {}
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

/// Who was there at the end has everything above `from`.
fn nothing_is_missing(log: &Log, from: u64, truths: &Truths, offend: &impl Fn(ViolationKind, String)) {
    let seen = everything_seen(log);
    for (missing, _) in truths.range((Excluded(from), Unbounded)).filter(|(seq, _)| !seen.contains(*seq)) {
        offend(ViolationKind::Lost, format!("never saw {missing}"));
    }
}

/// Messages up to `last_joined` that it never saw.
fn missed(log: &Log, last_joined: u64, truths: &Truths) -> u64 {
    let (seen, first) = (everything_seen(log), log.lives.first().and_then(|life| life.up_to).unwrap_or(0));
    if first >= last_joined {
        return 0;
    }
    let missed = truths.range((Excluded(first), Included(last_joined))).filter(|(seq, _)| !seen.contains(*seq));
    u64::try_from(missed.count()).unwrap_or(u64::MAX)
}

fn everything_seen(log: &Log) -> BTreeSet<u64> {
    log.lives.iter().flat_map(|life| &life.seen).map(|item| item.seq).collect()
}
