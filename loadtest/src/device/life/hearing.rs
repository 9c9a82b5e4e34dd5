//! What a connection brings: pushes and answers, noted in the order of the wire, timed, and looked at for what cannot be.

use std::sync::atomic::Ordering;
use std::time::Duration;

use souk_chat::Role;
use souk_client::{Answer, Incoming, Item};
use souk_protocol::dto::Message;
use souk_protocol::{Code, Error, ServerEvent};
use tokio::time::Instant;

use super::{AGAIN_AFTER, Asked, Life, Tell};
use crate::device::log::{How, Seen};
use crate::ledger::Micros;
use crate::report::ViolationKind;
use crate::talk::{self, Stamp};

impl Life<'_> {
    /// Something came.
    pub(super) fn take(&mut self, incoming: Incoming) {
        let how = if incoming.position < self.joined_at { How::Aside } else { How::Push };
        match incoming.item {
            Item::Push(event) => self.pushed(*event, how),
            Item::Answer { id, result } => self.answered(id, result, how),
            // From a newer server: nothing that this harness knows how to check.
            Item::Unknown(_) => {}
        }
    }

    fn pushed(&mut self, event: ServerEvent, how: How) {
        if !self.concerns(&event) {
            self.stranger(&event);
            return;
        }
        match event {
            ServerEvent::NewMessage(message) | ServerEvent::MessageSent(message) => {
                self.note(how, message.seq.0, &message);
                self.moved(how, message.seq.0);
                // What comes before a join's answer is in the answer as well.
                if how != How::Aside {
                    self.arrived(&message, true);
                    self.may_read(message.seq.0);
                }
            }
            ServerEvent::MessageEdited(message) => self.changed(how, &message),
            ServerEvent::MessagesMasked(masked) => {
                masked.messages.iter().for_each(|message| self.changed(how, message));
            }
            ServerEvent::ChatClosed(entry) | ServerEvent::ChatReopened(entry) => self.moved(how, entry.seq.0),
            ServerEvent::Typing(_) => self.worker.context.recorder.typing(false),
            ServerEvent::ResyncRequired(_) => self.resync = true,
            ServerEvent::Exception(exception) => {
                self.worker.context.recorder.request_refused(&exception.event, exception.error.code.as_str());
            }
            _ => {}
        }
    }

    fn changed(&mut self, how: How, message: &Message) {
        let how = if how == How::Push { How::Change } else { how };
        self.note(how, message.rev.0, message);
        self.moved(how, message.rev.0);
    }

    /// The cursor rises with pushes, never with acknowledgements, and not before the join's answer.
    fn moved(&mut self, how: How, entry: u64) {
        if how != How::Aside {
            self.worker.cursor = self.worker.cursor.max(entry);
        }
        self.saw(entry);
    }

    pub(super) fn saw(&self, entry: u64) {
        self.worker.status.seen.fetch_max(entry, Ordering::Relaxed);
    }

    pub(super) fn note(&mut self, how: How, entry: u64, message: &Message) {
        let seen =
            Seen { entry, seq: message.seq.0, digest: talk::digest(&message.content), version: message.version, how };
        if let Some(life) = self.worker.log.lives.last_mut() {
            life.seen.push(seen);
        }
    }

    /// A message of somebody else, or of another device of mine, is here: is it theirs, and how long did it take?
    pub(super) fn arrived(&self, message: &Message, live: bool) {
        let (device, recorder) = (&self.worker.device, &self.worker.context.recorder);
        let sent = talk::stamp(&message.content)
            .filter(|Stamp { order, .. }| *order == device.order.number)
            .and_then(|stamp| device.order.find(stamp.message));
        let Some(sent) = sent else { return recorder.received_untimed(live) };
        self.is_by(message, sent.person);
        if sent.device == device.number {
            return;
        }
        // Who reads slowly by intention is late by intention.
        match self.was_present(sent.due) && device.slow.is_none() {
            true => recorder.received(device.group, sent.due, live),
            false => recorder.received_untimed(live),
        }
    }

    /// The sender of a message is who sent it, and only they see their own id of it.
    fn is_by(&self, message: &Message, person: usize) {
        let (device, offences) = (&self.worker.device, &self.worker.context.offences);
        let (order, sender) = (&device.order, &device.order.people[person]);
        if message.sender_id.as_ref() != Some(sender) {
            offences.add(ViolationKind::Altered, order.id.as_str(), Some(self.worker.name()), || {
                format!("saw {} of {sender} under the name of {:?}", message.seq.0, message.sender_id)
            });
        }
        if message.client_message_id.is_some() && device.user != *sender {
            offences.add(ViolationKind::Stranger, order.id.as_str(), Some(self.worker.name()), || {
                format!("saw the sender's own id of {}", message.seq.0)
            });
        }
    }

    /// Whether this device meant to be there then: what was due before is not late.
    fn was_present(&self, due: Micros) -> bool {
        self.worker.present_since.is_some_and(|since| since <= due)
    }

    fn may_read(&mut self, seq: u64) {
        let wait = self.worker.context.reading(u64::from(self.worker.device.number) << 32 | seq);
        if let Some(wait) = wait.filter(|_| self.worker.device.role != Role::Admin) {
            let when = self.read.map_or_else(|| Instant::now() + wait, |(when, _)| when);
            self.read = Some((when, seq));
        }
    }

    fn answered(&mut self, id: u64, result: Result<Answer, Error>, how: How) {
        let Some(place) = self.asked.iter().position(|(asked, _)| *asked == id) else { return };
        let Some((_, asked)) = self.asked.remove(place) else { return };
        match (asked, result) {
            (Asked::Message { message, first, reply }, Ok(Answer::Message(answer))) => {
                // Before the answer of a join nothing is promised about places.
                self.acknowledged(message, first && how == How::Push, &answer);
                tell(reply, Ok(answer.seq.0));
            }
            (Asked::Message { message, reply, .. }, Err(error)) => self.refused(message, reply, error),
            (Asked::Other(name), Err(error)) => {
                self.worker.context.recorder.request_refused(name, error.code.as_str());
            }
            (Asked::Message { .. } | Asked::Other(_), Ok(_)) => {}
        }
    }

    fn acknowledged(&mut self, message: u32, first: bool, answer: &Message) {
        self.note(if first { How::Ack } else { How::Repeat }, answer.seq.0, answer);
        self.saw(answer.seq.0);
        let (device, context) = (&self.worker.device, &self.worker.context);
        let known = device.order.acknowledged(message, context.recorder.now(), answer.seq.0, answer.is_moderated);
        match known {
            Ok(Some(due)) if self.was_present(due) => context.recorder.acknowledged(device.group, due),
            Ok(Some(_)) => context.recorder.acknowledged_untimed(),
            Ok(None) => {}
            Err(two) => {
                context.offences.add(
                    ViolationKind::Doubled,
                    device.order.id.as_str(),
                    Some(self.worker.name()),
                    || format!("message {message} was acknowledged as {} and then as {}", two.first, two.now),
                );
            }
        }
    }

    fn refused(&mut self, message: u32, reply: Option<Tell>, error: Error) {
        // Not now: what every client tries again.
        if error.code == Code::Unavailable {
            let wait = error.retry_after_ms.map_or(AGAIN_AFTER, Duration::from_millis);
            self.worker.context.recorder.request_refused("send_message", error.code.as_str());
            return self.say_later(message, reply, wait);
        }
        let (order, recorder) = (&self.worker.device.order, &self.worker.context.recorder);
        order.refused(message, recorder.now(), error.code);
        if reply.is_none() {
            recorder.refused(error.code.as_str());
        }
        tell(reply, Err(error));
    }

    /// Whether a push is about this device's order or its people.
    fn concerns(&self, event: &ServerEvent) -> bool {
        let order = &self.worker.device.order;
        let mine = |id: &souk_chat::OrderId| *id == order.id;
        match event {
            ServerEvent::NewMessage(message)
            | ServerEvent::MessageSent(message)
            | ServerEvent::MessageEdited(message) => mine(&message.order_id),
            ServerEvent::MessagesMasked(masked) => mine(&masked.order_id),
            ServerEvent::MessageStatus(status) => mine(&status.order_id),
            ServerEvent::Typing(typing) => mine(&typing.order_id),
            ServerEvent::UnreadUpdate(unread) => mine(&unread.order_id),
            ServerEvent::ChatListUpdate(update) => mine(&update.chat.order_id),
            ServerEvent::ChatClosed(entry) | ServerEvent::ChatReopened(entry) => mine(&entry.order_id),
            ServerEvent::UserOnline(online) => order.people.contains(&online.user_id),
            ServerEvent::UserOffline(offline) => order.people.contains(&offline.user_id),
            _ => true,
        }
    }

    fn stranger(&self, event: &ServerEvent) {
        let order = self.worker.device.order.id.as_str();
        self.worker.context.offences.add(ViolationKind::Stranger, order, Some(self.worker.name()), || {
            format!("{} that does not concern it: {event:?}", event.kind().name())
        });
    }
}

fn tell(reply: Option<Tell>, answer: Result<u64, Error>) {
    if let Some(reply) = reply {
        // Whoever asked may not wait any more.
        let _ = reply.send(answer);
    }
}
