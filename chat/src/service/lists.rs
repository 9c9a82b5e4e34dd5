//! A person's chats, and catching up with several at once.

use std::collections::{BTreeMap, HashSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::actor::Actor;
use crate::id::{OrderId, UserId};
use crate::limits::{LIST_CHATS, LIST_CHATS_MAX, LIST_ROWS_MAX, SYNC_ORDERS};
use crate::log::{Cursor, Seq};
use crate::ports::ListRow;
use crate::refusal::Refusal;

use super::Chats;
use super::catch_up::CatchUp;
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
    /// Chats that were not asked for and hold something unread, newest first, at most [`LIST_CHATS_MAX`].
    pub chats: Vec<ChatView>,
}

impl Chats {
    /// The actor's chats, newest first. `cursor`: of the page before; `limit`: 1 to [`LIST_CHATS_MAX`], else [`LIST_CHATS`].
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
        let cursor = (rows.len() > limit).then(|| format!("{}.{}", rows[limit - 1].at.millis(), rows[limit - 1].order));
        rows.truncate(limit);
        Ok(ChatList { chats: self.views(actor, rows).await?, cursor })
    }

    /// Unread messages of all chats, by the list rows.
    pub async fn unread_total(&self, user: &UserId) -> Result<u64, Refusal> {
        Ok(self.rows(user).await?.iter().map(unread).sum())
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

    /// Catches up with each of `cursors`, at most [`SYNC_ORDERS`], and names the other chats with something unread.
    pub async fn sync(&self, actor: &Actor, cursors: &[(OrderId, Cursor)]) -> Result<Synced, Refusal> {
        if cursors.len() > SYNC_ORDERS {
            return Err(Refusal::BadRequest(format!("sync takes at most {SYNC_ORDERS} orders at once")));
        }
        let orders = stream::iter(cursors.iter().cloned())
            .map(|(order, cursor)| async move {
                let caught_up = self.catch_up(actor, &order, Some(cursor)).await;
                (order, caught_up)
            })
            .buffer_unordered(CHATS_AT_ONCE)
            .collect()
            .await;
        let asked: HashSet<&OrderId> = cursors.iter().map(|(order, _)| order).collect();
        let mut rows = self.rows(&actor.user).await?;
        rows.retain(|row| !asked.contains(&row.order) && unread(row) > 0);
        rows.truncate(LIST_CHATS_MAX);
        Ok(Synced { orders, chats: self.views(actor, rows).await? })
    }

    /// The person's visible rows, newest first.
    async fn rows(&self, user: &UserId) -> Result<Vec<ListRow>, Refusal> {
        let mut rows = self.ports.store.list(user, LIST_ROWS_MAX).await.map_err(|_| Refusal::unavailable())?;
        rows.retain(|row| row.head > Seq::ZERO || !row.order.is_direct());
        rows.sort_by_key(place);
        Ok(rows)
    }

    async fn views(&self, actor: &Actor, rows: Vec<ListRow>) -> Result<Vec<ChatView>, Refusal> {
        let views = stream::iter(rows)
            .map(|row| async move {
                let Some(order) = self.order(&row.order).await? else { return Ok(None) };
                // The row may lag behind the log; the log's own head is what is shown.
                let head = self.head(&order).await?;
                self.view(actor, order, head, None).await.map(Some)
            })
            .buffered(CHATS_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(views.into_iter().flatten().collect())
    }
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
