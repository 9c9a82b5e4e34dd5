//! What a client is told, and whether that may be: the checks of one connection.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use souk_chat::{OrderId, Seq};
use souk_protocol::plain::{self, ServerFrame};
use souk_protocol::push::MessageStatus;
use souk_protocol::{Code, Error, PushKind, ServerEvent, dto};

use crate::coverage::Seen;
use crate::judge::{FORBIDDEN, LAST};
use crate::ledger::{CANARY, SendKey};

use super::{Asked, Client, Phase, Sending, State, What};

/// Sends of a connection, the newest that were answered, that are surely not told to it as those of another device.
const OWN_SENDS: usize = 8;

impl Client {
    /// Frames that came together on a connection.
    pub fn receive(self: &Arc<Self>, wire: u64, frames: &VecDeque<Bytes>) {
        let mut state = self.state.lock();
        let mut joined = None;
        for frame in frames {
            if state.wire.as_ref().is_none_or(|own| own.number() != wire) {
                return;
            }
            let Some(text) = payload(frame) else { continue };
            if text.contains(CANARY) {
                self.world.fail("original", format!("{} was told {text}", self.name()));
            }
            for line in plain::decode_server(text) {
                match line {
                    Ok(ServerFrame::Answer { id, data }) => joined = self.answered(&mut state, id, data).or(joined),
                    Ok(ServerFrame::Refused { id, error }) => self.refused(&mut state, id, &error),
                    Ok(ServerFrame::Push { event, data }) => {
                        let order = self.pushed(&mut state, &event, data);
                        if order.is_some() && order == joined {
                            self.world.saw(Seen::JoinWithBacklog);
                        }
                    }
                    Err(error) => self.world.fail("wire", format!("{text} cannot be read: {error:?}")),
                }
            }
        }
    }

    fn parse<T: for<'de> serde::Deserialize<'de>>(&self, data: &str) -> Option<T> {
        let parsed = serde_json::from_str(data);
        if let Err(error) = &parsed {
            self.world.fail("wire", format!("{data} cannot be read: {error}"));
        }
        parsed.ok()
    }

    /// Returns the order that was joined by it.
    fn answered(&self, state: &mut State, id: u64, data: &str) -> Option<OrderId> {
        self.world.note("answer", &[self.number, id], || data.to_owned());
        let Some(Asked { what, .. }) = state.requests.remove(&id) else {
            self.world.fail("wire", format!("{} got an answer to {id}, which waits for none", self.name()));
            return None;
        };
        if self.stranger && matches!(what, What::Join { .. }) {
            self.world.fail("stranger", format!("the stranger {} was answered {data}", self.name()));
        }
        match what {
            What::Join { order, since, told } => {
                let joined = self.parse::<dto::Joined>(data)?;
                self.joined(state, id, &order, since, told, &joined);
                return Some(order);
            }
            What::Send(sending) => {
                let message = self.parse::<dto::Message>(data)?;
                self.acknowledged(state, id, &sending, &message);
            }
            What::Conflict(key) => {
                self.world.fail("one id", format!("another text under {key:?} was answered {data}"));
            }
            What::Edit { key, text } => {
                let message = self.parse::<dto::Message>(data)?;
                self.edited(state, &key, &text, &message);
            }
            What::EditOfAnother(seq) => {
                self.world.fail("edit", format!("{} edited another's message {seq}: {data}", self.name()));
            }
            What::Sync(cursors) => {
                let synced = self.parse::<dto::Synced>(data)?;
                self.synced(&cursors, &synced);
            }
            What::Leave(order) => {
                // Unless it was joined again since.
                if state.views.get(&order).is_some_and(|view| view.phase == Phase::Out) {
                    state.joined.remove(&order);
                }
            }
            What::SignIn | What::Other => {}
        }
        None
    }

    fn joined(&self, state: &mut State, id: u64, order: &OrderId, since: Option<Seq>, told: Seq, joined: &dto::Joined) {
        // A cursor of what is gone is answered as if there were none.
        let since = since.filter(|_| !joined.reset);
        let from = since.unwrap_or_else(|| joined.messages.first().map_or(joined.up_to, |first| Seq(first.seq.0 - 1)));
        self.check_stretch(order, (from, joined.up_to), since.is_some(), &joined.messages);
        if !joined.more && joined.up_to < told {
            let words = format!("{} joined up to {}, {told} was known before it asked", self.name(), joined.up_to);
            self.world.fail("views", words);
        }
        let Some(view) = state.views.get_mut(order) else { return };
        if joined.reset {
            self.world.saw(Seen::ViewReset);
            (view.void, view.cursor) = (false, None);
        }
        if since.is_none() {
            view.messages.clear();
            view.from = from;
        }
        view.epoch = joined.epoch.clone();
        for party in &joined.chat.participants {
            view.mark(&party.user_id, party.delivered, party.read);
        }
        joined.messages.iter().for_each(|message| view.keep(message));
        view.cursor = view.cursor.max(Some(joined.up_to));
        if view.phase != Phase::Joining(id) {
            return;
        }
        if joined.more {
            self.world.saw(Seen::JoinInParts);
            view.phase = Phase::Out;
            return self.join(state, order);
        }
        state.lives += 1;
        view.phase = Phase::Live { life: state.lives, at: joined.up_to, maybe_again: false };
    }

    /// The messages of a catch-up are those that the entries between two numbers made, or also `changed`.
    fn check_stretch(&self, order: &OrderId, (after, up_to): (Seq, Seq), changed: bool, messages: &[dto::Message]) {
        messages.iter().for_each(|message| self.ledger.check_shown(&self.user, message));
        let seqs = messages.iter().map(|message| message.seq);
        let expected = self.ledger.touched(order, after, up_to, changed);
        if up_to < after || !seqs.eq(expected.iter().copied()) {
            let seqs: Vec<_> = messages.iter().map(|message| message.seq.0).collect();
            let words = format!(
                "{} asked for {order} after {after} and got {seqs:?}, up to {up_to}, not {expected:?}",
                self.name()
            );
            self.world.fail("hole", words);
        }
    }

    fn synced(&self, cursors: &BTreeMap<OrderId, Seq>, synced: &dto::Synced) {
        for (order, outcome) in &synced.orders {
            match outcome {
                dto::SyncOutcome::CaughtUp(caught_up) => {
                    let since = cursors.get(order).copied().unwrap_or_default();
                    self.check_stretch(order, (since, caught_up.up_to), true, &caught_up.messages);
                }
                dto::SyncOutcome::Refused { error } if error.code == Code::Unavailable || self.stranger => {}
                dto::SyncOutcome::Refused { error } => {
                    self.world.fail("sync", format!("{} was refused {order}: {error}", self.name()));
                }
            }
        }
    }

    /// An acknowledgement takes its message's place in the sequence; only those of repeats stand outside it.
    fn acknowledged(&self, state: &mut State, id: u64, sending: &Sending, message: &dto::Message) {
        let (order, seq) = (&sending.key.0, message.seq);
        self.ledger.acknowledge(&sending.key, message);
        self.ledger.check_shown(&self.user, message);
        state.unsent.retain(|unsent| unsent.key != sending.key);
        state.sent.push_back(sending.key.clone());
        if state.sent.len() > OWN_SENDS {
            state.sent.pop_front();
        }
        let once = self.ledger.was_sent_once(&sending.key);
        if once {
            let earlier =
                |(known, place, at): &&(OrderId, u64, Seq)| known == order && *place < sending.place && *at >= seq;
            if let Some((_, place, at)) = state.acknowledged.iter().find(earlier) {
                let words = format!(
                    "{}: send {} got {seq}, send {place} before it {at} (request {id})",
                    self.name(),
                    sending.place
                );
                self.world.fail("send order", words);
            }
        }
        state.acknowledged.push((order.clone(), sending.place, seq));
        let Some(view) = state.views.get_mut(order) else { return };
        if view.void {
            return;
        }
        if message.seq > view.from {
            view.keep(message);
        }
        let Phase::Live { life, at, .. } = view.phase else { return };
        // A repeat's answer may stand outside, ahead of its message too.
        let sure = sending.life == Some(life) && once;
        if seq > at && self.ledger.is_empty_between(order, at, seq) {
            view.advance(seq, !sure);
        } else if sure {
            let words = format!("{}: {order} is at {at}, the answer to {:?} has {seq}", self.name(), sending.key);
            self.world.fail("hole", words);
        }
    }

    /// The answer to an edit stands outside the sequence.
    fn edited(&self, state: &mut State, key: &SendKey, text: &str, message: &dto::Message) {
        self.ledger.check_shown(&self.user, message);
        if !message.is_edited {
            self.world.saw(Seen::EditUnchanged);
        } else if message.content.as_ref() == text {
            self.world.saw(Seen::Edited);
        }
        if let Some(view) = state.views.get_mut(&key.0)
            && message.seq > view.from
        {
            view.keep(message);
        }
    }

    fn refused(&self, state: &mut State, id: Option<u64>, error: &Error) {
        self.world.note("refused", &[self.number, id.unwrap_or(0)], || error.to_string());
        let Some(Asked { what, .. }) = id.and_then(|id| state.requests.remove(&id)) else {
            return self.world.fail("wire", format!("{}: {id:?} was refused: {error}", self.name()));
        };
        let passes = matches!(error.code, Code::Unavailable | Code::RateLimited);
        match what {
            _ if self.stranger && error.code == Code::Forbidden => self.world.saw(Seen::StrangerRefused),
            What::Conflict(_) if error.code == Code::IdempotencyConflict => self.world.saw(Seen::ConflictAnswered),
            What::EditOfAnother(_) if error.code == Code::NotAuthor => self.world.saw(Seen::EditOfAnothers),
            What::Edit { text, .. }
                if error.code == Code::RefusedByModeration
                    && [FORBIDDEN, LAST].iter().any(|mark| text.contains(mark)) => {}
            What::Send(sending) if self.may_be_refused(&sending, error) => {
                let refused = |unsent: &super::Unsent| unsent.key == sending.key;
                match sending.key.2.as_str().contains(LAST) {
                    // Later it may complete nothing.
                    true => {
                        let back = state.unsent.iter().filter(|unsent| refused(unsent)).cloned();
                        state.refused.extend(back.map(|unsent| super::Unsent { request: None, ..unsent }));
                    }
                    false => self.ledger.refuse(&sending.key),
                }
                state.unsent.retain(|unsent| !refused(unsent));
            }
            What::Send(sending) if passes => {
                let mine = |unsent: &&mut super::Unsent| unsent.key == sending.key && unsent.request == id;
                state.unsent.iter_mut().filter(mine).for_each(|unsent| unsent.request = None);
            }
            What::Join { order, .. } if passes => {
                if let Some(view) = state.views.get_mut(&order)
                    && Some(&view.phase) == id.map(Phase::Joining).as_ref()
                {
                    view.phase = Phase::Out;
                }
            }
            _ if passes => {}
            what => self.world.fail("refusal", format!("{}: {what:?} was refused: {error}", self.name())),
        }
        if self.stranger {
            state.views.values_mut().for_each(|view| view.phase = Phase::Out);
        }
    }

    fn may_be_refused(&self, sending: &Sending, error: &Error) -> bool {
        match error.code {
            Code::Spam if sending.key.2.as_str().contains("spam") => {
                self.world.saw(Seen::SpamRefused);
                true
            }
            Code::RefusedByModeration => [FORBIDDEN, LAST].iter().any(|mark| sending.key.2.as_str().contains(mark)),
            _ => false,
        }
    }

    /// Returns the order that it is about, if it is an entry of one.
    fn pushed(&self, state: &mut State, event: &str, data: &str) -> Option<OrderId> {
        let kind = PushKind::parse(event)?;
        let event = ServerEvent::parse(kind, data);
        let (messages, mine) = match event {
            Ok(ServerEvent::NewMessage(message)) => (vec![message], Some(false)),
            Ok(ServerEvent::MessageSent(message)) => (vec![message], Some(true)),
            Ok(ServerEvent::MessageEdited(message)) => (vec![message], None),
            Ok(ServerEvent::MessagesMasked(masked)) => (masked.messages, None),
            Ok(ServerEvent::Typing(typing)) => {
                if !self.orders.contains(&typing.order_id) || self.stranger {
                    self.world.fail("stranger", format!("{} hears of {}", self.name(), typing.order_id));
                }
                return None;
            }
            Ok(ServerEvent::MessageStatus(status)) => {
                self.marked(state, &status);
                return None;
            }
            Ok(ServerEvent::ResyncRequired(resync)) => {
                self.resync(state, &resync.order_ids);
                return None;
            }
            Ok(other) => {
                self.world.fail("push", format!("{} was told {other:?}", self.name()));
                return None;
            }
            Err(error) => {
                self.world.fail("wire", format!("{data} cannot be read: {error:?}"));
                return None;
            }
        };
        let first = messages.first()?;
        // What an entry made stands under its own number, also when it changed since.
        let seq = if mine.is_some() { first.seq } else { first.rev };
        let order = first.order_id.clone();
        self.world.note("push", &[self.number, seq.0], || format!("{} {} {}", kind.name(), first.id, first.content));
        for message in &messages {
            self.check_pushed(message, mine);
        }
        let view = state.views.get_mut(&order)?;
        if view.void {
            return Some(order);
        }
        messages
            .iter()
            .filter(|message| message.seq > view.from)
            .cloned()
            .collect::<Vec<_>>()
            .iter()
            .for_each(|message| view.keep(message));
        let Phase::Live { at, maybe_again, .. } = view.phase else {
            self.check_aside(state, &order, seq, &messages, mine);
            return Some(order);
        };
        match seq {
            seq if seq > at && self.ledger.is_empty_between(&order, at, seq) => view.advance(seq, false),
            seq if seq == at && maybe_again => view.advance(seq, false),
            seq => self.world.fail("hole", format!("{}: {order} is at {at}, a push has {seq}", self.name())),
        }
        Some(order)
    }

    /// Marks are those of a party, never above the head, and what is read was delivered.
    fn marked(&self, state: &mut State, status: &MessageStatus) {
        let order = &status.order_id;
        self.world.saw(Seen::ToldOfMarks);
        let Some(view) = state.views.get_mut(order).filter(|_| !self.stranger) else {
            return self.world.fail("stranger", format!("{} hears of {order}", self.name()));
        };
        view.mark(&status.user_id, status.delivered, status.read);
        if status.read > status.delivered || self.ledger.is_above(order, status.delivered) {
            self.world.fail("marks", format!("{} was told {status:?}", self.name()));
        }
    }

    /// What comes of an order that it did not join comes once, and what it sent itself is answered and no more. Of one that it leaves, a
    /// copy that was under way may come behind what the join brought, until the node says that it is left.
    fn check_aside(&self, state: &mut State, order: &OrderId, seq: Seq, messages: &[dto::Message], mine: Option<bool>) {
        if state.joined.contains(order) {
            return;
        }
        if !state.aside.insert((order.clone(), seq)) {
            self.world.fail("twice", format!("{} was pushed {order}:{seq} twice", self.name()));
        }
        let sent = |message: &dto::Message| {
            let id = message.client_message_id.as_ref();
            id.is_some_and(|id| state.sent.contains(&(order.clone(), self.user.clone(), id.clone())))
        };
        if mine == Some(true) && messages.iter().any(sent) {
            self.world.fail("twice", format!("{} was told of {order}:{seq}, which it sent itself", self.name()));
        }
    }

    /// It is no longer live in these orders, and joins again with its next deed.
    fn resync(&self, state: &mut State, orders: &[OrderId]) {
        for order in orders {
            match state.views.get_mut(order) {
                Some(view) => view.phase = Phase::Out,
                None => self.world.fail("stranger", format!("{} hears of {order}", self.name())),
            }
            state.joined.remove(order);
        }
    }

    fn check_pushed(&self, message: &dto::Message, mine: Option<bool>) {
        self.ledger.check_shown(&self.user, message);
        if mine.is_some_and(|mine| mine != (message.sender_id.as_ref() == Some(&self.user))) {
            self.world.fail("push", format!("{} was told {} under the wrong name", self.name(), message.id));
        }
        if !message.masked.is_empty() {
            self.world.fail("original", format!("{} was told what was masked in {}", self.name(), message.id));
        }
    }
}

/// The text of an unmasked WebSocket frame; `None`: it carries none.
fn payload(frame: &Bytes) -> Option<&str> {
    const TEXT: u8 = 0x81;
    let (first, length) = (*frame.first()?, *frame.get(1)?);
    let start = match length {
        127 => 10,
        126 => 4,
        _ => 2,
    };
    (first == TEXT).then(|| std::str::from_utf8(&frame[start..]).ok()).flatten()
}
