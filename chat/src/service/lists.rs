//! A person's chats, and catching up with several at once.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::actor::Actor;
use crate::id::{OrderId, UserId};
use crate::limits::{ANSWER_TEXT_BYTES, LIST_CHATS, LIST_CHATS_MAX, LIST_ROWS_MAX, SYNC_ORDERS};
use crate::log::{Cursor, Seq};
use crate::ports::{ListRow, Store, StoreError};
use crate::refusal::Refusal;

use super::Chats;
use super::catch_up::{CatchUp, text_bytes};
use super::view::ChatView;

/// Chats that are put together at the same time for one list.
const CHATS_AT_ONCE: usize = 8;

/// Newest chats whose partners are told to be online or not at signing in.
const PARTNERS_SHOWN: usize = 100;

/// A page of a person's chats, newest first.
#[derive(Clone, Debug)]
pub struct ChatList {
    /// The chats.
    pub chats: Vec<ChatView>,
    /// Where the next page starts; `None`: this was the last.
    pub cursor: Option<String>,
}

/// What [`Chats::sync`] found.
#[derive(Clone, Debug)]
pub struct Synced {
    /// For each order asked: what was missed, or why it cannot be said.
    pub orders: BTreeMap<OrderId, Result<CatchUp, Refusal>>,
    /// Chats that were not asked for and hold something unread, newest first, at most [`LIST_CHATS_MAX`] and as much text as is left.
    pub chats: Vec<ChatView>,
}

impl Chats {
    /// The actor's chats, newest first. `cursor`: of the page before; `limit`: 1 to [`LIST_CHATS_MAX`], else [`LIST_CHATS`]. Their newest
    /// messages are at most [`ANSWER_TEXT_BYTES`]: a page may be shorter than asked and go on all the same.
    /// A direct chat that another person opened stays out until its first message.
    pub async fn list(&self, actor: &Actor, cursor: Option<&str>, limit: Option<usize>) -> Result<ChatList, Refusal> {
        let limit = limit.unwrap_or(LIST_CHATS);
        if limit == 0 || limit > LIST_CHATS_MAX {
            return Err(Refusal::BadRequest(format!("limit is a number from 1 to {LIST_CHATS_MAX}")));
        }
        let after = cursor.map(parse_cursor).transpose()?;
        let mut rows = self.rows(&actor.user).await?;
        if let Some(after) = &after {
            rows.retain(|row| place(row) > *after);
        }
        let all = rows.len();
        rows.truncate(limit);
        let places: Vec<_> = rows.iter().map(|row| (row.at, row.order.clone())).collect();
        let (chats, shown) = self.views(actor, rows, ANSWER_TEXT_BYTES).await?;
        let last = places.get(..shown).and_then(<[_]>::last).filter(|_| shown < all);
        Ok(ChatList { chats, cursor: last.map(|(at, order)| format!("{}.{order}", at.millis())) })
    }

    /// What a person wants to know first: their unread messages in all chats, and which partners of their newest
    /// hundred chats are connected. Presence that is unknown shows nobody.
    pub async fn at_a_glance(&self, actor: &Actor) -> Result<(u64, Vec<UserId>), Refusal> {
        let rows = self.rows(&actor.user).await?;
        let total = rows.iter().map(unread).sum();
        let orders = stream::iter(rows.into_iter().take(PARTNERS_SHOWN))
            .map(|row| async move { self.order(&row.order).await })
            .buffered(CHATS_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        let mut partners: Vec<UserId> = orders
            .into_iter()
            .flatten()
            .filter_map(|order| Some(order.party(order.side_of(&actor.user)?.other()).clone()))
            .collect();
        partners.sort();
        partners.dedup();
        if partners.is_empty() {
            return Ok((total, partners));
        }
        let online = self.ports.presence.online(&partners).await.unwrap_or_default();
        let mut online = online.into_iter();
        partners.retain(|_| online.next().unwrap_or(false));
        Ok((total, partners))
    }

    /// Catches up with each of `cursors`, at most [`SYNC_ORDERS`], and names the other chats with something unread. The answer holds
    /// about [`ANSWER_TEXT_BYTES`] of text, shared out in the order asked: who comes later is told that there is
    /// [`more`](super::History::more), and asks again.
    pub async fn sync(&self, actor: &Actor, cursors: &[(OrderId, Cursor)]) -> Result<Synced, Refusal> {
        if cursors.len() > SYNC_ORDERS {
            return Err(Refusal::BadRequest(format!("sync takes at most {SYNC_ORDERS} orders at once")));
        }
        let left = AtomicUsize::new(ANSWER_TEXT_BYTES);
        let orders = stream::iter(cursors.iter().cloned())
            .map(|(order, cursor)| async {
                // Those under way at once do not know what the others take: each has a share.
                let text = left.load(Ordering::Relaxed).min(ANSWER_TEXT_BYTES / CHATS_AT_ONCE);
                let caught_up = self.catch_up_within(actor, &order, Some(cursor), text).await;
                let took = caught_up.as_ref().map_or(0, |caught_up| caught_up.history.text_bytes());
                let less = |left: usize| Some(left.saturating_sub(took));
                let _ = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
                (order, caught_up)
            })
            .buffered(CHATS_AT_ONCE)
            .collect()
            .await;
        let asked: HashSet<&OrderId> = cursors.iter().map(|(order, _)| order).collect();
        let mut rows = self.rows(&actor.user).await?;
        rows.retain(|row| !asked.contains(&row.order) && unread(row) > 0);
        rows.truncate(LIST_CHATS_MAX);
        let (chats, _) = self.views(actor, rows, left.into_inner()).await?;
        Ok(Synced { orders, chats })
    }

    /// The person's visible rows, newest first.
    async fn rows(&self, user: &UserId) -> Result<Vec<ListRow>, Refusal> {
        let mut rows = visible_rows(&*self.ports.store, user).await?;
        rows.sort_by_key(place);
        Ok(rows)
    }

    /// The chats of these rows, as many as fit into `text` bytes of their newest messages, the first always; and of how many rows.
    async fn views(&self, actor: &Actor, rows: Vec<ListRow>, text: usize) -> Result<(Vec<ChatView>, usize), Refusal> {
        let views = stream::iter(rows).map(|row| async move {
            let Some(order) = self.order(&row.order).await? else { return Ok(None) };
            // The row may lag behind the log; the log's own head is what is shown.
            let head = self.head(&order).await?;
            self.view(actor, order, head, None).await.map(Some)
        });
        let mut views = pin!(views.buffered(CHATS_AT_ONCE));
        let (mut chats, mut shown, mut left) = (Vec::new(), 0, text);
        while let Some(view) = views.try_next().await? {
            let takes = view.as_ref().and_then(|view: &ChatView| view.last_message.as_ref()).map_or(0, text_bytes);
            if takes > left && !chats.is_empty() {
                break;
            }
            left = left.saturating_sub(takes);
            shown += 1;
            chats.extend(view);
        }
        Ok((chats, shown))
    }
}

async fn visible_rows(store: &dyn Store, user: &UserId) -> Result<Vec<ListRow>, StoreError> {
    let mut rows = store.list(user, LIST_ROWS_MAX).await?;
    rows.retain(|row| row.head > Seq::ZERO || !row.order.is_direct());
    Ok(rows)
}

/// Unread messages of all chats of a person, by the list rows.
pub(super) async fn unread_total(store: &dyn Store, user: &UserId) -> Result<u64, StoreError> {
    Ok(visible_rows(store, user).await?.iter().map(unread).sum())
}

/// Rows sort by this: newest first, then by id so that equal times page well.
fn place(row: &ListRow) -> (std::cmp::Reverse<i64>, OrderId) {
    (std::cmp::Reverse(row.at.millis()), row.order.clone())
}

fn parse_cursor(text: &str) -> Result<(std::cmp::Reverse<i64>, OrderId), Refusal> {
    let wrong = || Refusal::BadRequest("cursor is what the page before gave as its cursor".into());
    let (at, order) = text.split_once('.').ok_or_else(wrong)?;
    Ok((std::cmp::Reverse(at.parse().map_err(|_| wrong())?), OrderId::new(order).map_err(|_| wrong())?))
}

fn unread(row: &ListRow) -> u64 {
    row.others.saturating_sub(row.read.others)
}
