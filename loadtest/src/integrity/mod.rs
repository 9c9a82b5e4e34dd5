//! Proof: what was acknowledged, what history holds and what every device saw must be the same story. The invariants are those of
//! the design: I1 to I5, I8 and I13.

mod order;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use souk_protocol::dto::Message;

use crate::device::log::Log;
use crate::ledger::{Answer, Order};
use crate::load::talk::{self, Stamp};
use crate::offences::Offences;

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

/// Checks one order: its ledger, its history (`None`: the server keeps none) and what each device of it saw.
pub(crate) fn check(
    order: &Arc<Order>,
    history: Option<&[Message]>,
    devices: &[(&str, &Log)],
    offences: &Offences,
) -> u64 {
    let truths = match history {
        Some(history) => order::stored(order, history, offences),
        None => order::acknowledged(order, offences),
    };
    order::numbers_follow_time(order, offences);
    for (who, log) in devices {
        view::check(order, who, log, &truths, history.is_some(), offences);
    }
    u64::try_from(truths.len()).unwrap_or(u64::MAX)
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
