//! Reading: catching up from a number, and paging through history.

use std::collections::BTreeMap;

use crate::actor::Actor;
use crate::id::{Epoch, OrderId};
use crate::limits::{ANSWER_TEXT_BYTES, CATCH_UP_ENTRIES, LIST_ROWS_MAX, PAGE_MESSAGES, PAGE_MESSAGES_MAX};
use crate::log::{Cursor, Entry, Head, Seq};
use crate::message::Message;
use crate::order::Order;
use crate::ports::WentBack;
use crate::refusal::Refusal;
use crate::time::Timestamp;

use super::Chats;
use super::view::ChatView;

/// How far apart the clocks of nodes may be for a list row to be surely of an epoch, in milliseconds.
const CLOCKS_APART_MS: i64 = 10_000;

/// Which part of history somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// What the entries after this number made or changed.
    Since(Cursor),
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
    /// The store's epoch, to be kept beside the cursor.
    pub epoch: Epoch,
    /// The cursor that was asked from is of a history that is gone: these are the newest messages, and what was known is void.
    pub reset: bool,
}

impl History {
    /// Bytes of the texts.
    pub(super) fn text_bytes(&self) -> usize {
        self.messages.iter().map(text_bytes).sum()
    }
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
    /// What the entries after a cursor made or changed, at most [`CATCH_UP_ENTRIES`] of them and [`ANSWER_TEXT_BYTES`] of text, or the
    /// newest messages; with the chat.
    /// A cursor of a history that is gone is answered with the newest messages, too, and with [`History::reset`].
    /// Errors: [`Refusal::Forbidden`], [`Refusal::BadRequest`] for a cursor without an epoch above the head,
    /// [`Refusal::Unavailable`].
    pub async fn catch_up(&self, actor: &Actor, id: &OrderId, cursor: Option<Cursor>) -> Result<CatchUp, Refusal> {
        self.catch_up_within(actor, id, cursor, ANSWER_TEXT_BYTES).await
    }

    /// The same with at most so many bytes of text. 0: where there is something to catch up with it only says so.
    pub(super) async fn catch_up_within(
        &self,
        actor: &Actor,
        id: &OrderId,
        cursor: Option<Cursor>,
        text: usize,
    ) -> Result<CatchUp, Refusal> {
        let order = self.readable(actor, id).await?;
        let window = cursor.map_or(Window::Newest, Window::Since);
        let is_newest = window == Window::Newest;
        let (history, head) = self.read(actor, &order, window, None, text).await?;
        let last = history.messages.last().filter(|_| history.up_to >= head.seq).cloned();
        let last = last.filter(|message| is_newest || history.reset || message.seq == head.seq);
        let chat = self.view(actor, order, head, last).await?;
        Ok(CatchUp { chat, history })
    }

    /// A page of history, of at most [`ANSWER_TEXT_BYTES`] of text. `limit`: 1 to [`PAGE_MESSAGES_MAX`], else [`PAGE_MESSAGES`].
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
        let (history, head) = self.read(actor, &order, window, limit, ANSWER_TEXT_BYTES).await?;
        let chat = self.view(actor, order, head, None).await?;
        Ok(CatchUp { chat, history })
    }

    async fn read(
        &self,
        actor: &Actor,
        order: &Order,
        window: Window,
        limit: Option<usize>,
        text: usize,
    ) -> Result<(History, Head), Refusal> {
        // Before anything of the log: what is read later belongs to this epoch or to a newer one, and is never taken for older.
        let mut epoch = self.epoch().await?;
        let mut reset = false;
        if let Window::Since(cursor) = &window {
            if self.is_ours(order, cursor, &mut epoch).await? {
                let head = self.head(order).await?;
                let most = Most { items: limit.unwrap_or(CATCH_UP_ENTRIES), text };
                if let Some(found) = self.read_since(order, head, cursor.since, most, &epoch).await? {
                    return Ok(found);
                }
                if cursor.epoch.is_none() {
                    return Err(Refusal::BadRequest(
                        "since is above the newest entry; join without it to start afresh".into(),
                    ));
                }
                self.look_for_loss(actor, order, &epoch).await?;
            }
            reset = true;
        }
        let head = self.head(order).await?;
        let before = if let Window::Before(before) = window { before } else { head.seq.next() };
        let most = Most { items: limit.unwrap_or(PAGE_MESSAGES), text };
        let history = self.read_before(order, head, before, most, epoch).await?;
        Ok((History { reset, ..history }, head))
    }

    /// The actor's cursor is above the log, in the store's own epoch. Cursors can be made up; their list row cannot: where that knows of
    /// an entry, written in this epoch, that a SERIAL read does not find, the log went back.
    async fn look_for_loss(&self, actor: &Actor, order: &Order, epoch: &Epoch) -> Result<(), Refusal> {
        let store = &self.ports.store;
        let Some(began) = store.began(epoch) else { return Ok(()) };
        if !self.memory.looked_into.may(&order.id, &actor.user, self.ports.runtime.monotonic()) {
            return Ok(());
        }
        let rows = store.list(&actor.user, LIST_ROWS_MAX).await?;
        // What an earlier loss took, rows go on knowing.
        let is_newer = |at: Timestamp| at.millis() > began.millis().saturating_add(CLOCKS_APART_MS);
        let Some(row) = rows.into_iter().find(|row| row.order == order.id && is_newer(row.at)) else { return Ok(()) };
        // After the row: what that knows was in the log before.
        let look = store.look(&order.id, &[]).await?;
        if let Some(found) = look.map(|look| look.head.seq).filter(|found| *found < row.head) {
            let known_at = self.ports.runtime.monotonic();
            self.ports.feed.went_back(WentBack { order: order.id.clone(), known: row.head, known_at, found });
        }
        Ok(())
    }

    async fn epoch(&self) -> Result<Epoch, Refusal> {
        Ok(self.ports.store.epoch().await?)
    }

    /// Whether the cursor is of the history that is here. Who sends no epoch is believed. `epoch` is brought up to date where the
    /// question did that to the store.
    async fn is_ours(&self, order: &Order, cursor: &Cursor, epoch: &mut Epoch) -> Result<bool, Refusal> {
        match &cursor.epoch {
            Some(theirs) if theirs != epoch => {
                let ours = self.ports.store.is_ours(&order.id, theirs, cursor.since).await;
                let ours = ours?;
                *epoch = self.epoch().await?;
                Ok(ours)
            }
            _ => Ok(true),
        }
    }

    /// `None`: the log does not reach as far as `since`.
    async fn read_since(
        &self,
        order: &Order,
        mut head: Head,
        since: Seq,
        most: Most,
        epoch: &Epoch,
    ) -> Result<Option<(History, Head)>, Refusal> {
        let store = &self.ports.store;
        let history = |messages, up_to, head: Head, more| History {
            messages,
            up_to,
            head: head.seq,
            more,
            epoch: epoch.clone(),
            reset: false,
        };
        if since > head.seq {
            // A quorum read may lag behind an acknowledged write that is just being finished: the serial one does not.
            let reached = self.memory.reached(&order.id);
            let look = store.look(&order.id, &[]).await?;
            head = look.ok_or(Refusal::Forbidden)?.head;
            if let Some(loss) = self.memory.went_back(&order.id, reached, &head) {
                self.ports.feed.went_back(loss);
            }
            if since > head.seq {
                return Ok(None);
            }
        }
        if since == head.seq {
            return Ok(Some((history(Vec::new(), since, head, false), head)));
        }
        if most.text == 0 {
            return Ok(Some((history(Vec::new(), since, head, true), head)));
        }
        let mut entries = store.entries(&order.id, since, most.items).await?;
        let full = entries.len() >= most.items;
        let read = entries.len();
        let says = |entry: &Entry| entry.body.messages().iter().map(|message| text_bytes(message)).sum();
        entries.truncate(fitting(entries.iter().map(says), most.text));
        let cut = entries.len() < read;
        let up_to = entries.last().map_or(since, |entry| entry.seq);
        if up_to > head.seq {
            let last = entries.last().expect("up_to rose because there is an entry");
            head = Head { seq: last.seq, counts: last.counts, at: last.at, ..head };
        }
        let more = cut || up_to < head.seq || full && !self.is_head(order, &mut head, up_to).await?;
        Ok(Some((history(now(&entries), up_to, head, more), head)))
    }

    /// Whether nothing stands after `up_to`; takes over a later head.
    async fn is_head(&self, order: &Order, head: &mut Head, up_to: Seq) -> Result<bool, Refusal> {
        let fresh = self.head(order).await?;
        if fresh.seq > head.seq {
            *head = fresh;
        }
        Ok(head.seq <= up_to)
    }

    async fn read_before(
        &self,
        order: &Order,
        head: Head,
        before: Seq,
        most: Most,
        epoch: Epoch,
    ) -> Result<History, Refusal> {
        // One more than asked tells whether there are more.
        let found = self.ports.store.messages_before(&order.id, Some(before), most.items + 1).await;
        let mut messages = found?;
        let shown = fitting(messages.iter().rev().take(most.items).map(text_bytes), most.text);
        let more = messages.len() > shown;
        messages.drain(..messages.len() - shown);
        Ok(History { messages, up_to: head.seq, head: head.seq, more, epoch, reset: false })
    }
}

/// What an answer may hold.
#[derive(Clone, Copy)]
struct Most {
    /// Entries, or messages.
    items: usize,
    /// Bytes of their texts.
    text: usize,
}

/// How many of these, given by the bytes of their texts, go into an answer of at most `most` bytes: the first one always.
pub(super) fn fitting(sizes: impl Iterator<Item = usize>, most: usize) -> usize {
    let mut taken = 0_usize;
    let fits = |size: &usize| {
        let fits = taken == 0 || taken + size <= most;
        taken += size;
        fits
    };
    sizes.take_while(fits).count()
}

pub(super) fn text_bytes(message: &Message) -> usize {
    message.content.len()
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
