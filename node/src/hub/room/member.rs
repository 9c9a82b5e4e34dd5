//! A device in a room: how far it is, and its sends that wait for their place in the sequence.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use souk_chat::{ClientMessageId, Marks, OrderId, Seq, UserId};

use super::super::device::Device;
use super::super::encoded_entry::EncodedEntry;
use super::super::encoding::Ack;
use super::{JOIN_BACKLOG, JoinTicket};

/// Most sends of one device in one order whose place in the sequence is still open.
const SENDS_OPEN_MAX: usize = 64;

/// A device that joined, or is about to.
pub(super) struct Member {
    pub(super) device: Arc<Device>,
    pub(super) ticket: JoinTicket,
    /// How far the parties are by the answer of a join under way.
    pub(super) answered: Vec<(UserId, Marks)>,
    pub(super) state: MemberState,
    /// Sends of this device whose acknowledgement takes its message's place in the sequence; at most [`SENDS_OPEN_MAX`].
    pub(super) open: Vec<Open>,
    /// What left the gate and waits for a send of this device: whether the first of it is that send's message shows when it is done. At
    /// most [`JOIN_BACKLOG`].
    pub(super) held: VecDeque<Arc<EncodedEntry>>,
}

/// A send that is to be acknowledged.
pub(super) struct Open {
    pub(super) id: ClientMessageId,
    /// What it says: under its id another text may stand, which is not acknowledged but refused.
    pub(super) text: Box<str>,
    pub(super) ack: Option<Ack>,
    /// Its message is in history, with this answer, and has yet to leave the gate.
    pub(super) done: Option<Bytes>,
}

/// What made an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MadeBy {
    /// The open send at this place.
    Own(usize),
    /// None of them.
    Another,
    /// One of them, or another send under its id: that shows when it is done.
    Unknown,
}

/// How far a device is.
pub(super) enum MemberState {
    /// Reading; kept is what left the gate since.
    Joining(VecDeque<Arc<EncodedEntry>>),
    /// Everything up to here was sent.
    Live(Seq),
    /// Reading what may be of a log that is void: it is to be read again.
    Void,
}

impl Member {
    /// Whether the acknowledgement of a send of this id can take its message's place in the sequence.
    pub(super) fn may_expect(&self, id: &ClientMessageId) -> bool {
        matches!(self.state, MemberState::Live(_))
            && self.open.len() < SENDS_OPEN_MAX
            && self.open.iter().all(|open| open.id != *id)
    }

    /// Takes a send out. Who has none open holds no buffer for them.
    pub(super) fn take(&mut self, place: usize) -> Open {
        let open = self.open.remove(place);
        if self.open.is_empty() {
            self.open = Vec::new();
        }
        open
    }

    /// Acknowledges the sends that only waited for their place in the sequence.
    pub(super) fn answer_done(&mut self) {
        for open in std::mem::take(&mut self.open) {
            match &open.done {
                Some(body) => self.device.answer(open.ack, body),
                None => self.open.push(open),
            }
        }
    }

    /// Which open send of the device made the entry.
    fn made_by(&self, encoded: &EncodedEntry) -> MadeBy {
        let place = encoded.sent_by(self.device.user()).and_then(|id| self.open.iter().position(|open| open.id == *id));
        let Some(place) = place else { return MadeBy::Another };
        let open = &self.open[place];
        match encoded.is_made_by(&open.text, self.device.origin()) {
            Some(true) => MadeBy::Own(place),
            _ if open.done.is_some() => MadeBy::Own(place),
            Some(false) => MadeBy::Another,
            None => MadeBy::Unknown,
        }
    }

    /// A send is done: what waited for it goes on.
    pub(super) fn release(&mut self, order: &OrderId, now: Duration) {
        for encoded in std::mem::take(&mut self.held) {
            self.feed(order, &encoded, now);
        }
    }

    /// Brings the next entry to the device: as the acknowledgement it waits for, or as a push. `now` on the monotonic clock, as far
    /// as the room knows it: when something last passed.
    pub(super) fn feed(&mut self, order: &OrderId, encoded: &Arc<EncodedEntry>, now: Duration) {
        match &mut self.state {
            MemberState::Joining(kept) => {
                if kept.len() < JOIN_BACKLOG {
                    kept.push_back(Arc::clone(encoded));
                }
                return;
            }
            MemberState::Void => return,
            MemberState::Live(position) if encoded.seq <= *position => return,
            MemberState::Live(_) => {}
        }
        let made_by = self.made_by(encoded);
        if !self.held.is_empty() || made_by == MadeBy::Unknown {
            self.held.push_back(Arc::clone(encoded));
            if self.held.len() > JOIN_BACKLOG {
                self.give_up_waiting(order, now);
            }
            return;
        }
        self.bring(order, encoded, made_by, now);
    }

    /// Too much waits for a send: what it would have told is not waited for any more.
    fn give_up_waiting(&mut self, order: &OrderId, now: Duration) {
        for encoded in std::mem::take(&mut self.held) {
            let made_by = match self.made_by(&encoded) {
                MadeBy::Unknown => MadeBy::Another,
                known => known,
            };
            self.bring(order, &encoded, made_by, now);
        }
    }

    fn bring(&mut self, order: &OrderId, encoded: &Arc<EncodedEntry>, made_by: MadeBy, now: Duration) {
        self.state = MemberState::Live(encoded.seq);
        let user = self.device.user();
        if let MadeBy::Own(place) = made_by {
            let open = self.take(place);
            self.device.answer(open.ack, &encoded.answer(self.device.origin()));
        } else if let Some(frames) = encoded.frames_for(user) {
            self.device.push_entry(order, encoded, frames, now);
        }
    }
}
