//! What a device saw and did, in the order of the wire.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use souk_chat::{ClientMessageId, Seq};
use souk_client::CloseReason;
use souk_protocol::dto::Message;
use tokio::time::Instant;

/// How a message came to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// In the answer of a join.
    CaughtUp,
    /// Pushed while live.
    Push,
    /// Pushed while not joined, or before the join's answer: no intent about its place.
    Aside,
    /// The acknowledgement of a message sent once only, on this connection and after its join: it stands in the sequence.
    Ack,
    /// Any other acknowledgement, and that of an edit.
    Repeat,
    /// A push that changed it while live: an edit, or a masking after the fact.
    Change,
}

/// A message, as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How.
    pub how: How,
    /// What.
    pub message: Message,
}

impl Seen {
    /// The number of the entry that brought it.
    pub fn entry(&self) -> Seq {
        if self.how == How::Change { self.message.rev } else { self.message.seq }
    }
}

/// One connection.
#[derive(Clone, Debug)]
pub struct Life {
    /// The node's address, or the proxy's in front of it.
    pub node: SocketAddr,
    /// Where catching up ended; `None`: never live.
    pub up_to: Option<Seq>,
    /// The cursor that it began from.
    pub since: Option<Seq>,
    /// In the order of the wire.
    pub seen: Vec<Seen>,
    /// Names of other pushes, in the order of the wire.
    pub told: Vec<String>,
    /// How it ended.
    pub end: Option<CloseReason>,
}

/// A message that a device was to send.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The text as written.
    pub content: String,
    /// When it was first written to a connection.
    pub first_sent: Option<Instant>,
    /// How often.
    pub sent: usize,
    /// The acknowledgement and when it came.
    pub acknowledged: Option<(Instant, Message)>,
    /// The refusals, by code.
    pub refusals: Vec<String>,
}

/// Everything of one device.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The device's name in what the checker says.
    pub device: String,
    /// Whether it joins.
    pub joins: bool,
    /// Its connections, in order.
    pub lives: Vec<Life>,
    /// What it sent.
    pub attempts: BTreeMap<ClientMessageId, Attempt>,
}

impl Record {
    /// Every message that it saw, by number, in whatever way: each in the highest version.
    pub fn view(&self) -> BTreeMap<Seq, &Message> {
        let mut view: BTreeMap<Seq, &Message> = BTreeMap::new();
        for Seen { message, .. } in self.lives.iter().flat_map(|life| &life.seen) {
            let slot = view.entry(message.seq).or_insert(message);
            if slot.version < message.version {
                *slot = message;
            }
        }
        view
    }

    /// What was seen before is of a history that is gone. What was told stays.
    pub fn start_anew(&mut self, since: Seq) {
        let told = self.lives.iter_mut().flat_map(|life| std::mem::take(&mut life.told)).collect();
        if let Some(last) = self.lives.pop() {
            self.lives = vec![Life { up_to: None, since: Some(since), seen: Vec::new(), told, ..last }];
        }
    }

    /// How many messages were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.attempts.values().filter(|attempt| attempt.acknowledged.is_some()).count()
    }

    /// How many pushes of this name came, over all connections.
    pub fn told(&self, name: &str) -> usize {
        self.lives.iter().flat_map(|life| &life.told).filter(|told| *told == name).count()
    }
}

/// How many of the last things of a connection are shown.
const SHOWN: usize = 12;

/// What a failed test shows: the end of every connection, and what waits.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "---- {}", self.device)?;
        for life in &self.lives {
            let end = life.end.as_ref().map_or("goes on".to_owned(), ToString::to_string);
            let seen: Vec<_> = life.seen.iter().map(|seen| format!("{:?} {}", seen.how, seen.message.seq.0)).collect();
            let last = &seen[seen.len().saturating_sub(SHOWN)..];
            writeln!(
                f,
                "    {}: from {:?} live at {:?}, saw {} (last: {last:?}), told {:?}; {end}",
                life.node,
                life.since,
                life.up_to,
                seen.len(),
                life.told
            )?;
        }
        let waiting = self.attempts.iter().filter(|(_, attempt)| attempt.acknowledged.is_none());
        for (id, attempt) in waiting.take(SHOWN) {
            writeln!(f, "    {id} is not acknowledged: sent {} times, refused {:?}", attempt.sent, attempt.refusals)?;
        }
        Ok(())
    }
}
