//! Holds what every device saw against history: the invariants of docs/design.md that devices can see.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use souk_chat::Seq;
use souk_protocol::dto::Message;
use tokio::time::Instant;

use crate::history::History;
use crate::record::{How, Life, Record};

/// Most violations that are told.
const TOLD: usize = 20;

/// Panics with every broken intent. `settled`: no traffic was under way when the records were taken, so that every device which
/// is joined must have seen everything.
pub fn check(history: &History, records: &[&Record], settled: bool) {
    let broken = violations(history, records, settled);
    let told: String = broken.iter().take(TOLD).fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    });
    assert!(broken.is_empty(), "{} intents broken:\n{told}", broken.len());
}

/// Every broken intent.
pub fn violations(history: &History, records: &[&Record], settled: bool) -> Vec<String> {
    let mut broken = Vec::new();
    acknowledged_is_stored(history, records, &mut broken);
    stored_was_sent(history, records, &mut broken);
    numbers_follow_time(records, &mut broken);
    for record in records {
        for (number, life) in record.lives.iter().enumerate() {
            one_life(history, &format!("{} connection {}", record.device, number + 1), life, &mut broken);
        }
        the_same_everywhere(history, record, &mut broken);
        if settled && record.joins {
            nothing_is_missing(history, record, &mut broken);
        }
    }
    broken
}

/// What a view that was taken without traffic has else than history: for after a store lost what it had acknowledged, when the other
/// intents are broken already.
pub fn differences(history: &History, record: &Record) -> Vec<String> {
    let mut broken = Vec::new();
    the_same_everywhere(history, record, &mut broken);
    nothing_is_missing(history, record, &mut broken);
    broken
}

/// Acknowledged is stored, under its number, with its text and its id.
fn acknowledged_is_stored(history: &History, records: &[&Record], broken: &mut Vec<String>) {
    for record in records {
        for (id, attempt) in &record.attempts {
            let Some((_, ack)) = &attempt.acknowledged else { continue };
            match history.messages.get(&ack.seq) {
                None => broken.push(format!(
                    "acknowledged: {} got {} acknowledged at {:?}, not in history",
                    record.device, id, ack.seq
                )),
                Some(stored) if stored.client_message_id.as_ref() != Some(id) || differs(stored, ack) => {
                    broken.push(format!(
                        "acknowledged: {} got {} acknowledged at {:?}, where {:?} is",
                        record.device, id, ack.seq, stored
                    ));
                }
                Some(_) => {}
            }
        }
    }
}

/// Whether two forms of a message cannot both be true: in one version it has one text, and a later version is stored once it was seen.
fn differs(stored: &Message, seen: &Message) -> bool {
    stored.version < seen.version || stored.version == seen.version && stored.content != seen.content
}

/// Everything stored was sent by somebody, and once.
fn stored_was_sent(history: &History, records: &[&Record], broken: &mut Vec<String>) {
    let sent: BTreeSet<_> = records.iter().flat_map(|record| record.attempts.keys()).collect();
    let mut stored = BTreeMap::new();
    for message in history.messages.values() {
        let Some(id) = &message.client_message_id else {
            broken.push(format!("unsent: {:?} has no id", message.id));
            continue;
        };
        if !sent.contains(id) {
            broken.push(format!("unsent: nobody sent {:?} ({})", message.id, message.content));
        }
        if let Some(first) = stored.insert((message.sender_id.clone(), id.clone()), message.seq) {
            broken.push(format!("acknowledged: {id} is in history twice, at {first:?} and {:?}", message.seq));
        }
    }
}

/// What was acknowledged before another was sent has the smaller number, across devices and nodes.
fn numbers_follow_time(records: &[&Record], broken: &mut Vec<String>) {
    // At the same instant, sending comes first: then there is no before.
    let mut moments: Vec<(Instant, bool, Seq)> = Vec::new();
    for attempt in records.iter().flat_map(|record| record.attempts.values()) {
        if let (Some(sent), Some((acknowledged, ack))) = (attempt.first_sent, &attempt.acknowledged) {
            moments.push((sent, false, ack.seq));
            moments.push((*acknowledged, true, ack.seq));
        }
    }
    moments.sort();
    let mut highest = Seq(0);
    for (_, is_ack, seq) in moments {
        if is_ack {
            highest = highest.max(seq);
        } else if seq <= highest {
            broken.push(format!("number order: {seq:?} was sent after {highest:?} was acknowledged"));
        }
    }
}

/// On one connection numbers rise strictly, start above where catching up ended, and skip no message. That its sends stay in order is part of it: the
/// acknowledgements of one connection are in the sequence.
fn one_life(history: &History, who: &str, life: &Life, broken: &mut Vec<String>) {
    let Some(up_to) = life.up_to else { return };
    let mut last = up_to;
    let mut seen: BTreeSet<Seq> = BTreeSet::new();
    for item in &life.seen {
        seen.insert(item.message.seq);
        if matches!(item.how, How::Push | How::Ack | How::Change) {
            let entry = item.entry();
            // One masking may change several messages.
            let same = item.how == How::Change && entry == last;
            if entry <= last && !same {
                broken.push(format!("hole: {who}: {:?} of {entry:?} after {last:?}", item.how));
            }
            last = last.max(entry);
        }
    }
    for missing in history.messages.range((std::ops::Bound::Excluded(up_to), std::ops::Bound::Included(last))) {
        if !seen.contains(missing.0) {
            broken.push(format!("hole: {who}: {:?} is missing before {last:?}", missing.0));
        }
    }
    let since = life.since.unwrap_or(up_to);
    for missing in history.messages.range((std::ops::Bound::Excluded(since), std::ops::Bound::Included(up_to))) {
        if !seen.contains(missing.0) {
            broken.push(format!("hole: {who}: catching up from {since:?} to {up_to:?} left {:?} out", missing.0));
        }
    }
}

/// What was seen under a number is what history has there.
fn the_same_everywhere(history: &History, record: &Record, broken: &mut Vec<String>) {
    for (seq, message) in record.view() {
        match history.messages.get(&seq) {
            None => broken
                .push(format!("unsent: {} saw {:?} ({}), not in history", record.device, message.id, message.content)),
            Some(stored) if differs(stored, message) || stored.sender_id != message.sender_id => {
                broken.push(format!("acknowledged: {} saw {message:?} where {stored:?} is stored", record.device));
            }
            Some(_) => {}
        }
    }
}

/// The view equals history.
fn nothing_is_missing(history: &History, record: &Record, broken: &mut Vec<String>) {
    let from = record.lives.iter().find_map(|life| life.since).unwrap_or(Seq(0));
    let view = record.view();
    for seq in history.messages.keys().filter(|seq| **seq > from && !view.contains_key(seq)) {
        broken.push(format!("views: {} has not seen {seq:?}", record.device));
    }
    for (seq, seen) in view {
        if history.messages.get(&seq).is_some_and(|stored| stored.version > seen.version) {
            broken.push(format!("views: {} has not seen what became of {seq:?}", record.device));
        }
    }
}

#[cfg(test)]
mod tests;
