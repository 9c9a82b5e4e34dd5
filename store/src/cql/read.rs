//! Reading the log: up, down, by number; across volumes; messages as they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::try_join_all;
use scylla::response::query_result::QueryRowsResult;
use souk_chat::log::{Entry, Head, Seq};
use souk_chat::ports::store::StoreError;
use souk_chat::{Message, OrderId};

use super::Cql;
use super::answer::unreadable;
use super::look::head_of;
use super::rows::{EntryRow, Overlay, OverlayRow, State};
use super::schema::stored;
use crate::form::{broken, signed};

/// Most rows that one request asks for.
const ROWS: usize = 500;

/// Messages as they are now, by the entry that made them.
type Messages = BTreeMap<Seq, Arc<Message>>;

fn entry_rows(rows: &QueryRowsResult) -> Result<Vec<EntryRow>, StoreError> {
    rows.rows::<EntryRow>().map_err(unreadable)?.map(|row| row.map_err(unreadable)).collect()
}

/// The head that comes with every row of `volume`; `None`: there is no row.
fn head_in(rows: &[EntryRow], volume: u32) -> Result<Option<Head>, StoreError> {
    rows.first().and_then(|row| row.head.as_deref()).map(|head| head_of(head, volume)).transpose()
}

fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

impl Cql {
    /// [`Log::entries`](souk_chat::ports::Log::entries).
    pub(crate) async fn read_entries(
        &self,
        order: &OrderId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let (mut rows, mut messages) = (Vec::new(), Messages::new());
        let mut last = after.0;
        while rows.len() < limit {
            let (Some(volume), Ok(from)) = (self.volumes.of(last.saturating_add(1)), signed(last)) else { break };
            let most = ROWS.min(limit - rows.len());
            let page = self.select(&self.statements.entries, (order.as_str(), stored(volume)?, from, count(most)));
            let page = entry_rows(&page.await?)?;
            self.add_messages(order, volume, &page, &mut messages).await?;
            last = page.last().map_or(Ok(last), |row| row.number().map(|seq| seq.0))?;
            let is_all = page.len() < most;
            rows.extend(page);
            // Numbers have no holes: a volume that ends before its last number has no successor.
            if is_all && last < self.volumes.end(volume) {
                break;
            }
        }
        self.add_targets(order, &rows, &mut messages).await?;
        rows.iter().map(|row| row.entry(|seq| messages.get(&seq).cloned())).collect()
    }

    /// Adds the messages that `rows` changed. One that was read before its change is read again: an edit never shows an older
    /// state than the one it made.
    async fn add_targets(&self, order: &OrderId, rows: &[EntryRow], messages: &mut Messages) -> Result<(), StoreError> {
        let mut missing = Vec::new();
        for row in rows {
            let change = row.number()?;
            let is_stale = |target: &Seq| messages.get(target).is_none_or(|message| message.rev < change);
            missing.extend(row.targets()?.into_iter().filter(is_stale));
        }
        messages.extend(self.read_messages(order, &missing).await?);
        Ok(())
    }

    /// [`Log::messages_before`](souk_chat::ports::Log::messages_before).
    pub(crate) async fn read_messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let mut found = Messages::new();
        // The newest volume is the newest one seen here, nearly always: what is read there says whether it is.
        let mut guessed = before.is_none();
        let open = self.volumes.end(self.seen_volume(order)) + 1;
        let mut below = match before {
            None => open,
            // Surely in a volume that is open: nothing to find out.
            Some(before) if before.0 <= open => before.0,
            Some(before) => match self.read_head(order).await? {
                Some(head) => before.0.min(head.seq.0 + 1),
                None => return Ok(Vec::new()),
            },
        };
        while below > 1 && found.len() < limit {
            let Some(volume) = self.volumes.of(below - 1) else { break };
            let left = limit - found.len();
            // Some entries make no message: a quarter more is asked for, so that a page is one request nearly always.
            let most = ROWS.min(left.saturating_add(left.div_ceil(4)));
            let values = (order.as_str(), stored(volume)?, signed(below)?, count(most));
            let page = entry_rows(&self.select(&self.statements.entries_before, values).await?)?;
            if std::mem::take(&mut guessed) && !self.is_newest(volume, &page)? {
                let Some(head) = self.read_head(order).await? else { break };
                below = head.seq.0 + 1;
                continue;
            }
            self.add_messages(order, volume, &page, &mut found).await?;
            below = match page.last() {
                Some(row) if page.len() == most => row.number()?.0,
                _ => self.volumes.end(volume) - self.volumes.size + 1,
            };
        }
        let more = found.len().saturating_sub(limit);
        Ok(found.into_values().skip(more).map(Arc::unwrap_or_clone).collect())
    }

    /// Whether `volume` is the order's newest, as the rows read from it say: only a full one has a successor.
    fn is_newest(&self, volume: u32, rows: &[EntryRow]) -> Result<bool, StoreError> {
        let head = head_in(rows, volume)?;
        Ok(head.is_some_and(|head| head.seq.0 < self.volumes.end(volume)))
    }

    /// The messages that these entries made, as they are now.
    pub(crate) async fn read_messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Messages, StoreError> {
        let mut messages = Messages::new();
        for (volume, rows) in self.rows_in(order, seqs).await? {
            self.add_messages(order, volume, &rows, &mut messages).await?;
        }
        Ok(messages)
    }

    /// The rows of these entries, by volume.
    pub(crate) async fn rows_in(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<(u32, Vec<EntryRow>)>, StoreError> {
        let mut by_volume: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
        for seq in seqs.iter().filter(|seq| seq.0 > 0) {
            if let Some(volume) = self.volumes.of(seq.0) {
                by_volume.entry(volume).or_default().push(signed(seq.0)?);
            }
        }
        let reads = by_volume.into_iter().map(async |(volume, mut seqs)| {
            seqs.sort_unstable();
            seqs.dedup();
            let rows = self.select(&self.statements.entries_in, (order.as_str(), stored(volume)?, seqs)).await?;
            Ok::<_, StoreError>((volume, entry_rows(&rows)?))
        });
        try_join_all(reads).await
    }

    /// Adds the messages of `rows`, which are all of `volume`, with what later volumes changed.
    async fn add_messages(
        &self,
        order: &OrderId,
        volume: u32,
        rows: &[EntryRow],
        messages: &mut Messages,
    ) -> Result<(), StoreError> {
        let mut read = BTreeMap::new();
        for row in rows {
            if let Some(message) = row.message(order)? {
                read.insert(message.seq, message);
            }
        }
        // Only where the volume is full can there be a later one.
        if !read.is_empty() && !self.is_newest(volume, rows)? {
            let newest = self.read_head(order).await?.ok_or_else(|| broken("a log's first volume is gone"))?;
            let later = (volume + 1..=newest.volume).map(|later| self.overlays(order, later, rows));
            let mut changed = BTreeSet::new();
            for overlay in try_join_all(later).await?.into_iter().flatten() {
                let Some(message) = read.get_mut(&overlay.seq) else { continue };
                if overlay.version > message.version {
                    changed.insert(overlay.seq);
                    overlay.apply(message);
                }
            }
            changed.iter().filter_map(|seq| read.get(seq)).for_each(|message| self.copy_back(volume, message));
        }
        messages.extend(read.into_iter().map(|(seq, message)| (seq, Arc::new(message))));
        Ok(())
    }

    /// The overlays that `volume` holds of the messages of `rows`, and maybe of some between them.
    pub(crate) async fn overlays(
        &self,
        order: &OrderId,
        volume: u32,
        rows: &[EntryRow],
    ) -> Result<Vec<Overlay>, StoreError> {
        let numbers = rows.iter().map(EntryRow::number).collect::<Result<Vec<_>, _>>()?;
        let (Some(first), Some(last)) = (numbers.iter().min(), numbers.iter().max()) else { return Ok(Vec::new()) };
        let values = (order.as_str(), stored(volume)?, signed(first.0)?, signed(last.0)?);
        let rows = self.select(&self.statements.overlays, values).await?;
        let rows = rows.rows::<OverlayRow>().map_err(unreadable)?;
        rows.map(|row| Overlay::of(row.map_err(unreadable)?)).collect()
    }

    /// Brings the message's own row up to date, beside whatever else goes on: nobody waits for it, and it may fail.
    fn copy_back(&self, volume: u32, message: &Message) {
        let Ok(permit) = self.copies_back.clone().try_acquire_owned() else { return };
        let (session, statement) = (self.session(), self.statements.copy_back.clone());
        let message = message.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let (Ok(state), Ok(volume), Ok(seq)) = (State::of(&message), stored(volume), signed(message.seq.0)) else {
                return;
            };
            let State { version, rev, content, edited_at, moderated, flags } = state;
            let order = message.order.as_str();
            let values = (version, rev, content, edited_at, moderated, flags, order, volume, seq, version);
            if let Err(error) = session.execute_unpaged(&statement, values).await {
                tracing::debug!(%error, "a changed message was not copied back to its volume");
            }
        });
    }
}
