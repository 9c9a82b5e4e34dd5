//! Proof: what was acknowledged, what history holds and what every device saw must be the same story. The invariants are those
//! of docs/design.md that can be seen from outside: acknowledged is stored, stored was sent, no hole on a connection, views converge, both
//! orders of numbers, no strangers. (The answer to a repeat, and the limit, are checked where they happen; that numbers are dense is not
//! visible: entries that show nothing have numbers, too.)

mod order;
mod view;

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use souk_protocol::dto::Message;

use crate::device::log::Log;
use crate::ledger::{Answer, Order};
use crate::offences::Offences;
use crate::talk::{self, Stamp};

/// A message that is there, as history tells it, or without a history as it was acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Truth {
    /// Which of the order's messages it is; `None`: nobody's, or moderation took its stamp away.
    pub(crate) message: Option<u32>,
    pub(crate) digest: u32,
    pub(crate) version: u32,
    pub(crate) moderated: bool,
}

/// What is there, by number.
pub(crate) type Truths = BTreeMap<u64, Truth>;

/// What was looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Checked {
    /// Messages that are there.
    pub(crate) messages: u64,
    /// Of them, changed by moderation, so that their texts prove nothing.
    pub(crate) moderated: u64,
    /// Where there is no history: messages that a device missed while it was away.
    pub(crate) missed_while_away: u64,
}

impl AddAssign for Checked {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.moderated += other.moderated;
        self.missed_while_away += other.missed_while_away;
    }
}

/// Checks one order: its ledger, its history (`None`: the server keeps none) and what each device of it saw.
pub(crate) fn check(
    order: &Arc<Order>,
    history: Option<&[Message]>,
    devices: &[(&str, &Log)],
    offences: &Offences,
) -> Checked {
    let truths = match history {
        Some(history) => order::stored(order, history, offences),
        None => order::acknowledged(order, offences),
    };
    order::numbers_follow_time(order, offences);
    order::numbers_follow_each_device(order, offences);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let mut checked = Checked {
        messages: count(truths.len()),
        moderated: count(truths.values().filter(|truth| truth.moderated).count()),
        missed_while_away: 0,
    };
    for (who, log) in devices {
        checked.missed_while_away += view::check(order, who, log, &truths, history.is_some(), offences);
    }
    checked
}

/// Which of the order's messages a text is.
fn message_of(order: &Order, text: &str) -> Option<u32> {
    talk::stamp(text).filter(|Stamp { order: number, .. }| *number == order.number).map(|stamp| stamp.message)
}

/// Whether it was acknowledged, and as what.
fn acknowledged_as(answer: Answer) -> Option<u64> {
    match answer {
        Answer::Acknowledged { seq, .. } => Some(seq),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
