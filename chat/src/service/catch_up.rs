//! Reading: catching up from a number, and paging through history.

use std::collections::BTreeMap;

use crate::actor::Actor;
use crate::id::OrderId;
use crate::limits::{CATCH_UP_ENTRIES, PAGE_MESSAGES, PAGE_MESSAGES_MAX};
use crate::log::{Entry, Head, Seq};
use crate::message::Message;
use crate::order::Order;
use crate::refusal::Refusal;

use super::Chats;
use super::view::ChatView;

/// Which part of history somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// What the entries after this number made or changed.
    Since(Seq),
    /// The nearest messages below this number.
    Before(Seq),
    /// The newest messages.
    Newest,
}

/// Messages as they are now, by rising `seq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The messages.
    pub messages: Vec<Message>,
    /// The cursor to keep: every entry up to here is covered.
    pub up_to: Seq,
    /// The log's head when it was read.
    pub head: Seq,
    /// There is more: after `up_to` when catching up, below the first message when paging back.
    pub more: bool,
}

/// An answer to joining or catching up.
#[derive(Clone, Debug)]
pub struct CatchUp {
    /// The chat.
    pub chat: ChatView,
    /// What was missed.
    pub history: History,
}

impl Chats {
    /// What entries `since`+1 … made or changed, at most [`CATCH_UP_ENTRIES`] of them, or the newest messages; with the chat.
    /// Errors: [`Refusal::Forbidden`], [`Refusal::BadRequest`] for a `since` above the head, [`Refusal::Unavailable`].
    pub async fn catch_up(&self, actor: &Actor, id: &OrderId, since: Option<Seq>) -> Result<CatchUp, Refusal> {
        let order = self.readable(actor, id).await?;
        let window = since.map_or(Window::Newest, Window::Since);
        let (history, head) = self.read(&order, window, None).await?;
        let last = history.messages.last().filter(|_| history.up_to >= head.seq).cloned();
        let last = last.filter(|message| since.is_none() || message.seq == head.seq);
        let chat = self.view(actor, order, head, last).await?;
        Ok(CatchUp { chat, history })
    }

    /// A page of history. `limit`: 1 to [`PAGE_MESSAGES_MAX`], else [`PAGE_MESSAGES`].
    pub async fn history(
        &self,
        actor: &Actor,
        id: &OrderId,
        window: Window,
        limit: Option<usize>,
    ) -> Result<CatchUp, Refusal> {
        let order = self.readable(actor, id).await?;
        if limit.is_some_and(|limit| limit == 0 || limit > PAGE_MESSAGES_MAX) {
            return Err(Refusal::BadRequest(format!("limit is a number from 1 to {PAGE_MESSAGES_MAX}")));
        }
        let (history, head) = self.read(&order, window, limit).await?;
        let chat = self.view(actor, order, head, None).await?;
        Ok(CatchUp { chat, history })
    }

    /// Entries after `after` for the gate: what everybody must have seen. At most [`CATCH_UP_ENTRIES`].
    pub async fn entries_after(&self, id: &OrderId, after: Seq) -> Result<Vec<Entry>, Refusal> {
        self.ports.store.entries(id, after, CATCH_UP_ENTRIES).await.map_err(|_| Refusal::unavailable())
    }

    /// The head of an order's log, for comparing with what was delivered.
    pub async fn head_of(&self, id: &OrderId) -> Result<Option<Head>, Refusal> {
        self.ports.store.head(id).await.map_err(|_| Refusal::unavailable())
    }

    async fn read(&self, order: &Order, window: Window, limit: Option<usize>) -> Result<(History, Head), Refusal> {
        let head = self.head(order).await?;
        match window {
            Window::Since(since) => self.read_since(order, head, since, limit.unwrap_or(CATCH_UP_ENTRIES)).await,
            Window::Before(before) => {
                let history = self.read_before(order, head, before, limit.unwrap_or(PAGE_MESSAGES)).await?;
                Ok((history, head))
            }
            Window::Newest => {
                let history = self.read_before(order, head, head.seq.next(), limit.unwrap_or(PAGE_MESSAGES)).await?;
                Ok((history, head))
            }
        }
    }

    async fn read_since(
        &self,
        order: &Order,
        mut head: Head,
        since: Seq,
        limit: usize,
    ) -> Result<(History, Head), Refusal> {
        let store = &self.ports.store;
        if since > head.seq {
            // A quorum read may lag behind an acknowledged write that is just being finished: the serial one does not.
            let look = store.look(&order.id, &[]).await.map_err(|_| Refusal::unavailable())?;
            head = look.ok_or(Refusal::Forbidden)?.head;
            if since > head.seq {
                let message =
                    format!("since is above the newest entry ({}); join without it to start afresh", head.seq);
                return Err(Refusal::BadRequest(message));
            }
        }
        if since == head.seq {
            return Ok((History { messages: Vec::new(), up_to: since, head: head.seq, more: false }, head));
        }
        let entries = store.entries(&order.id, since, limit).await.map_err(|_| Refusal::unavailable())?;
        let up_to = entries.last().map_or(since, |entry| entry.seq);
        let full = entries.len() >= limit;
        if up_to > head.seq {
            let last = entries.last().expect("up_to rose because there is an entry");
            head = Head { seq: last.seq, counts: last.counts, at: last.at, ..head };
        }
        let more = up_to < head.seq || full && !self.is_head(order, &mut head, up_to).await?;
        Ok((History { messages: now(&entries), up_to, head: head.seq, more }, head))
    }

    /// Whether nothing stands after `up_to`; takes over a later head.
    async fn is_head(&self, order: &Order, head: &mut Head, up_to: Seq) -> Result<bool, Refusal> {
        let fresh = self.head(order).await?;
        if fresh.seq > head.seq {
            *head = fresh;
        }
        Ok(head.seq <= up_to)
    }

    async fn read_before(&self, order: &Order, head: Head, before: Seq, limit: usize) -> Result<History, Refusal> {
        // One more than asked tells whether there are more.
        let found = self.ports.store.messages_before(&order.id, Some(before), limit + 1).await;
        let mut messages = found.map_err(|_| Refusal::unavailable())?;
        let more = messages.len() > limit;
        if more {
            messages.drain(..messages.len() - limit);
        }
        Ok(History { messages, up_to: head.seq, head: head.seq, more })
    }
}

/// The messages that these entries made or changed, once each, in their highest version, by rising `seq`.
fn now(entries: &[Entry]) -> Vec<Message> {
    let mut messages: BTreeMap<Seq, &Message> = BTreeMap::new();
    for message in entries.iter().flat_map(|entry| entry.body.messages()) {
        let slot = messages.entry(message.seq).or_insert(message);
        if slot.version < message.version {
            *slot = message;
        }
    }
    messages.into_values().cloned().collect()
}
