//! What comes in.

use std::collections::BTreeMap;
use std::sync::Arc;

use souk_chat::{Cursor, OrderId, Seq};
use souk_protocol::dto::{Joined, Message, SyncOutcome, Synced};
use souk_protocol::push::{MessagesMasked, ResyncRequired, UnreadUpdate};
use souk_protocol::{Code, Error, ServerEvent};
use tokio::time::Instant;

use super::{Engine, JoinedOrder, Phase, Purpose, Way};
use crate::connection::{Answer, Item};
use crate::error::{JoinError, RequestError, SendError};
use crate::event::Event;

impl Engine {
    /// Takes in what the server said.
    pub(crate) fn incoming(&mut self, item: Item, now: Instant) {
        match item {
            Item::Answer { id, result } => {
                // Nobody waits any more for what took too long.
                let Some(asked) = self.asked.remove(&id) else { return };
                self.answered(id, asked.purpose, result, now);
            }
            Item::Push(push) => self.pushed(*push),
            Item::Unknown(event) => tracing::debug!(event, "a push that this version does not know"),
        }
        if self.asked.is_empty() {
            self.asked = std::collections::HashMap::new();
        }
    }

    fn answered(&mut self, id: u64, purpose: Purpose, result: Result<Answer, Error>, now: Instant) {
        match (purpose, result) {
            (Purpose::Join(order), Ok(Answer::Joined(joined))) => self.joined(id, &order, *joined),
            (Purpose::Join(order), Err(error)) => self.join_refused(id, &order, error, now),
            (Purpose::Send(order, send), Ok(Answer::Message(message))) => {
                let message = Arc::new(*message);
                self.seen(&message);
                self.outbox.finish(&order, &send, Ok(message));
            }
            // Whether it was done is not known: the same again, under the same id.
            (Purpose::Send(order, id), Err(error)) if error.code == Code::Unavailable => {
                let again = now + self.retry_wait(&error);
                if let Some(send) = self.outbox.find(&order, &id) {
                    send.state = Way::Waits(Some(again));
                }
            }
            (Purpose::Send(order, id), Err(error)) => {
                self.outbox.finish(&order, &id, Err(SendError::Refused(error)));
            }
            (Purpose::Hello, Ok(Answer::Hello(hello))) => {
                let hello = Arc::new(*hello);
                self.hello = Some(hello.clone());
                self.tell(Event::Hello(hello));
            }
            (Purpose::Refresh, Err(error)) => self.tell(Event::TokenNotRenewed(error.to_string().into())),
            (Purpose::Sync(since, to), Ok(Answer::Synced(synced))) => {
                self.synced(&since, &synced);
                // The caller may not wait any more.
                let _ = to.send(Ok(synced));
            }
            (Purpose::Call(to), Ok(answer)) => {
                if let Answer::Message(message) = &answer {
                    self.seen(&Arc::new((**message).clone()));
                }
                // The caller may not wait any more.
                let _ = to.send(Ok(answer));
            }
            (purpose, Err(error)) => purpose.fail(&RequestError::Refused(error)),
            // An answer has the form of its request, or the connection has ended as malformed.
            (_, Ok(_)) => {}
        }
    }

    fn joined(&mut self, id: u64, order: &OrderId, joined: Joined) {
        let chat = Arc::new(joined.chat);
        if joined.reset {
            self.reset(order);
        }
        for message in joined.messages {
            self.seen(&Arc::new(message));
        }
        let Some(state) = self.orders.get_mut(order) else { return };
        // Left, or asked for anew, since: only the newest question counts.
        if state.phase != Phase::Asked(id) {
            return;
        }
        state.cursor = Some(joined.up_to);
        state.epoch = joined.epoch;
        if joined.more {
            state.phase = Phase::Away;
            return;
        }
        state.phase = Phase::Live;
        state.tell(&Ok(JoinedOrder { chat: chat.clone(), up_to: joined.up_to }));
        self.tell(Event::Joined { chat, up_to: joined.up_to });
    }

    fn join_refused(&mut self, id: u64, order: &OrderId, error: Error, now: Instant) {
        let again = now + self.retry_wait(&error);
        let Some(state) = self.orders.get_mut(order).filter(|state| state.phase == Phase::Asked(id)) else { return };
        state.phase = Phase::Away;
        if matches!(error.code, Code::Unavailable | Code::RateLimited) {
            state.retry_at = Some(again);
            return;
        }
        state.wanted = false;
        state.tell(&Err(JoinError::Refused(error.clone())));
        self.tell(Event::JoinRefused { order: order.clone(), error: Box::new(error) });
    }

    fn synced(&mut self, asked: &BTreeMap<OrderId, Cursor>, synced: &Synced) {
        for (order, outcome) in &synced.orders {
            let SyncOutcome::CaughtUp(caught_up) = outcome else { continue };
            if caught_up.reset {
                self.reset(order);
            }
            for message in &caught_up.messages {
                self.seen(&Arc::new(message.clone()));
            }
            let since = asked.get(order).map(|cursor| cursor.since).unwrap_or_default();
            let Some(state) = self.orders.room_for(order) else { continue };
            // An answer that begins above the cursor would leave a hole below. One that begins anew begins at no cursor.
            let has_hole = since > state.cursor.unwrap_or(since);
            // In another epoch the server looked at the cursor that it was asked from, and knows nothing of any other: that one stays with
            // its own epoch, and the next join finds out.
            let is_of_both =
                state.cursor.is_none() || state.epoch == caught_up.epoch || asked.get(order) == state.known().as_ref();
            if caught_up.reset || !has_hole && is_of_both {
                state.cursor = state.cursor.max(Some(caught_up.up_to));
                state.epoch = caught_up.epoch.clone();
            }
        }
    }

    fn pushed(&mut self, push: ServerEvent) {
        match push {
            ServerEvent::NewMessage(message) | ServerEvent::MessageSent(message) => {
                self.entry(&message.order_id.clone(), message.seq);
                self.seen(&Arc::new(message));
            }
            ServerEvent::MessageEdited(message) => {
                self.entry(&message.order_id.clone(), message.rev);
                self.seen(&Arc::new(message));
            }
            ServerEvent::MessagesMasked(MessagesMasked { order_id, messages }) => {
                for message in messages {
                    self.entry(&order_id, message.rev);
                    self.seen(&Arc::new(message));
                }
            }
            ServerEvent::ChatClosed(entry) => {
                self.entry(&entry.order_id, entry.seq);
                self.tell(Event::ChatClosed(entry.order_id, entry.seq));
            }
            ServerEvent::ChatReopened(entry) => {
                self.entry(&entry.order_id, entry.seq);
                self.tell(Event::ChatReopened(entry.order_id, entry.seq));
            }
            ServerEvent::MessageStatus(status) => self.tell(Event::Status(Box::new(status))),
            ServerEvent::Typing(typing) => self.tell(Event::Typing(Box::new(typing))),
            ServerEvent::UserOnline(user) => self.tell(Event::Online(user)),
            ServerEvent::UserOffline(user) => self.tell(Event::Offline(Box::new(user))),
            ServerEvent::UnreadUpdate(update) => self.unread(update),
            ServerEvent::ChatListUpdate(update) => self.tell(Event::ChatChanged(Arc::new(update.chat))),
            ServerEvent::TokenExpiring(_) => self.token_ends = true,
            ServerEvent::ServerDraining(_) => self.tell(Event::Draining),
            ServerEvent::ResyncRequired(resync) => self.resync(resync),
            // The connection tells it as the reason of its end.
            ServerEvent::Closing(_) => {}
            ServerEvent::Exception(exception) => self.tell(Event::Exception(Box::new(exception))),
        }
    }

    /// What was learned of an order is of a history that is gone: the newest of what is there follows.
    fn reset(&mut self, order: &OrderId) {
        if let Some(state) = self.orders.get_mut(order) {
            state.reset();
            self.tell(Event::Reset(order.clone()));
        }
    }

    fn entry(&mut self, order: &OrderId, entry: Seq) {
        if let Some(state) = self.orders.get_mut(order) {
            state.pushed(entry);
        }
    }

    /// A message, however it came.
    fn seen(&mut self, message: &Arc<Message>) {
        let most = self.figures.view;
        let state = self.orders.room_for(&message.order_id);
        // Without room for another order there is no telling new from old: the user gets all.
        let change = state.map_or(Some(crate::Change::New), |state| state.view.put(message, most));
        if let Some(change) = change {
            self.tell(Event::Message { message: message.clone(), change });
        }
    }

    fn unread(&mut self, update: UnreadUpdate) {
        let mark = (update.head, update.read);
        if let Some(state) = self.orders.room_for(&update.order_id) {
            if mark < state.unread {
                return;
            }
            state.unread = mark;
        }
        self.tell(Event::Unread(Box::new(update)));
    }

    /// Pushes may have been lost: joined orders catch up from their cursors, of others the user is told.
    fn resync(&mut self, resync: ResyncRequired) {
        let mut others = Vec::new();
        for order in resync.order_ids {
            match self.orders.get_mut(&order) {
                Some(state) if state.wanted => state.phase = Phase::Away,
                _ => others.push(order),
            }
        }
        if !others.is_empty() {
            self.tell(Event::ResyncRequired(others));
        }
    }
}
