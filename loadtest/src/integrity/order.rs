//! An order's ledger against its history.

use std::collections::BTreeMap;

use souk_protocol::dto::Message;

use super::{Truth, Truths, acknowledged_as, message_of};
use crate::ledger::{Answer, Order, Sent};
use crate::offences::Offences;
use crate::report::ViolationKind;
use crate::talk;

/// What history holds, checked against what was sent: everything that was acknowledged is there once, under its number and with
/// its text, and nothing else is.
pub(super) fn stored(order: &Order, history: &[Message], offences: &Offences) -> Truths {
    let offend = |kind, what: String| offences.add(kind, order.id.as_str(), None, || what);
    let sent = order.all();
    let mut truths = Truths::new();
    let mut places: BTreeMap<u32, u64> = BTreeMap::new();
    let mut last = 0;
    for stored in history {
        let seq = stored.seq.0;
        let message = message_of(order, &stored.content);
        let truth = Truth {
            message,
            digest: talk::digest(&stored.content),
            version: stored.version,
            moderated: stored.is_moderated,
        };
        // A message that changed may stand on a later page as well.
        if stored.version == 1 && seq < last {
            offend(ViolationKind::OutOfOrder, format!("history gives {seq} after {last}"));
        }
        last = seq.max(last);
        if truths.insert(seq, truth).is_some() {
            offend(ViolationKind::Doubled, format!("number {seq} stands in history twice"));
        }
        let Some(message) = message else {
            // Moderation may take the stamp; who sent it is then only known by its number.
            if !stored.is_moderated {
                offend(
                    ViolationKind::Unasked,
                    format!("number {seq} in history was not sent by this run: {}", stored.content),
                );
            }
            continue;
        };
        if let Some(first) = places.insert(message, seq) {
            offend(ViolationKind::Doubled, format!("message {message} stands in history as {first} and as {seq}"));
        }
        is_what_was_sent(order, &sent, message, stored, &offend);
    }
    for (message, sent) in (0_u32..).zip(&sent) {
        let Some(seq) = acknowledged_as(sent.answer) else { continue };
        match truths.get(&seq) {
            None => offend(
                ViolationKind::Lost,
                format!("message {message} was acknowledged as {seq} and is not in history"),
            ),
            Some(truth) if truth.message.is_some_and(|there| there != message) => {
                offend(
                    ViolationKind::Lost,
                    format!("message {message} was acknowledged as {seq}, where another one is"),
                );
            }
            Some(_) => {}
        }
    }
    truths
}

fn is_what_was_sent(
    order: &Order,
    sent: &[Sent],
    message: u32,
    stored: &Message,
    offend: &impl Fn(ViolationKind, String),
) {
    let seq = stored.seq.0;
    match sent.get(message as usize) {
        None => offend(ViolationKind::Unasked, format!("number {seq} is message {message}, which was never planned")),
        Some(sent) if sent.times == 0 => {
            offend(ViolationKind::Unasked, format!("number {seq} is message {message}, which never left"));
        }
        Some(Sent { answer: Answer::Refused { code, .. }, .. }) => {
            let code = code.as_str();
            offend(
                ViolationKind::Unasked,
                format!("message {message} was refused ({code}) and stands in history as {seq}"),
            );
        }
        Some(sent) if stored.sender_id.as_ref() != Some(&order.people[sent.person]) => {
            let (sender, stands) = (&order.people[sent.person], &stored.sender_id);
            offend(ViolationKind::Altered, format!("number {seq} was sent by {sender} and stands under {stands:?}"));
        }
        Some(_) if !stored.is_moderated && *stored.content != *order.text(message) => {
            offend(
                ViolationKind::Altered,
                format!("number {seq} has another text than message {message}: {}", stored.content),
            );
        }
        Some(_) => {}
    }
}

/// What was acknowledged, where the server keeps no history.
pub(super) fn acknowledged(order: &Order, offences: &Offences) -> Truths {
    let mut truths = Truths::new();
    for (message, sent) in (0_u32..).zip(order.all()) {
        let Answer::Acknowledged { seq, moderated, .. } = sent.answer else { continue };
        let digest = talk::digest(&order.text(message));
        let truth = Truth { message: Some(message), digest, version: 1, moderated };
        if let Some(first) = truths.insert(seq, truth).and_then(|first| first.message) {
            offences.add(ViolationKind::Doubled, order.id.as_str(), None, || {
                format!("messages {first} and {message} were both acknowledged as {seq}")
            });
        }
    }
    truths
}

/// What one device sent once, in the order of leaving, has rising numbers. What was sent again may have come either time.
pub(super) fn numbers_follow_each_device(order: &Order, offences: &Offences) {
    let mut left: Vec<(u32, u64, u64)> = Vec::new();
    for sent in order.all().into_iter().filter(|sent| sent.times == 1) {
        if let (Some(at), Some(seq)) = (sent.left, acknowledged_as(sent.answer)) {
            left.push((sent.device, at, seq));
        }
    }
    // Of what left in the same microsecond nobody knows which was first; by number it is in order.
    left.sort_unstable();
    for pair in left.windows(2) {
        let [(device, _, first), (other, _, then)] = pair else { continue };
        if device == other && then < first {
            offences.add(ViolationKind::OutOfOrder, order.id.as_str(), Some(format!("#{device}")), || {
                format!("{then} left after {first} on the same device")
            });
        }
    }
}

/// What was acknowledged before another left has the smaller number, across devices and nodes.
pub(super) fn numbers_follow_time(order: &Order, offences: &Offences) {
    // At the same moment leaving comes first: then there is no before.
    let mut moments: Vec<(u64, bool, u64)> = Vec::new();
    for sent in order.all() {
        if let (Some(left), Answer::Acknowledged { at, seq, .. }) = (sent.left, sent.answer) {
            moments.push((left, false, seq));
            moments.push((at, true, seq));
        }
    }
    moments.sort_unstable();
    let mut highest = 0;
    for (_, is_answer, seq) in moments {
        if is_answer {
            highest = highest.max(seq);
        } else if seq < highest {
            offences.add(ViolationKind::OutOfOrder, order.id.as_str(), None, || {
                format!("number {seq} left after {highest} was acknowledged")
            });
        }
    }
}
