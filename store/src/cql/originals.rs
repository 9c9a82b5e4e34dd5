//! What was really written: apart from the logs, in partitions of its own.
//!
//! A row is written before the batch that it belongs to, and so before its entry has a number: it goes by name. Its partition is
//! the order's newest volume as this node has seen it, so that partitions end where volumes do. Two nodes may see two volumes
//! for a moment, and write one name into both: whoever reads takes the one kept last.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use souk_chat::OrderId;
use souk_chat::ports::{OriginalId, OriginalRow, Originals, StoreError};

use super::answer::unreadable;
use super::schema::stored;
use super::{Cql, CqlBatch};
use crate::apart::{Kept, Name, ToKeep, original};
use crate::form::signed;

/// The name and the one cell of a row.
type Row = (String, String, i64, i8, (i32, String, i64, Vec<u8>));

fn why(number: u8) -> Result<i8, StoreError> {
    i8::try_from(number).map_err(|_| StoreError::Invalid("a reason that cannot be stored".into()))
}

#[async_trait]
impl Originals for Cql {
    async fn keep(&self, rows: &[OriginalRow]) -> Result<(), StoreError> {
        let Some(ToKeep { order, rows }) = ToKeep::of(rows)? else { return Ok(()) };
        let volume = stored(self.seen_volume(order))?;
        let mut batch = CqlBatch::new();
        for (name, row) in rows {
            let version = i32::try_from(row.version).map_err(|_| StoreError::Invalid("a version too high".into()))?;
            let kept = (version, row.sender.as_str(), row.at.millis(), row.sealed.as_slice());
            let (message, why) = (signed(name.message)?, why(name.why)?);
            let values = (order.as_str(), volume, name.owner, name.id, message, why, kept);
            batch.add(&self.statements.put_original, values);
        }
        batch.send(&self.session()).await
    }

    async fn originals(
        &self,
        order: &OrderId,
        after: Option<&OriginalId>,
        limit: usize,
    ) -> Result<Vec<OriginalRow>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let Some(head) = self.read_head(order).await? else { return Ok(Vec::new()) };
        let after = after.map_or_else(Name::first, Name::of);
        let pages = (0..=head.volume).map(|volume| self.originals_in(order, volume, &after, limit));
        // The first rows of all partitions are the first of each, merged: what a page left out has that many before it.
        let mut found: BTreeMap<Name, OriginalRow> = BTreeMap::new();
        for row in try_join_all(pages).await?.into_iter().flatten() {
            match found.entry(Name::of(&row.id)) {
                Entry::Occupied(mut there) if row.at >= there.get().at => drop(there.insert(row)),
                Entry::Occupied(_) => {}
                Entry::Vacant(place) => drop(place.insert(row)),
            }
        }
        Ok(found.into_values().take(limit).collect())
    }
}

impl Cql {
    async fn originals_in(
        &self,
        order: &OrderId,
        volume: u32,
        after: &Name,
        limit: usize,
    ) -> Result<Vec<OriginalRow>, StoreError> {
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let Name { owner, id, message, why: reason } = after;
        let values = (order.as_str(), stored(volume)?, owner, id, signed(*message)?, why(*reason)?, most);
        let rows = self.select(&self.statements.originals, values).await?;
        let rows = rows.rows::<Row>().map_err(unreadable)?;
        rows.map(|row| {
            let (owner, id, message, why, (version, sender, at, sealed)) = row.map_err(unreadable)?;
            let kept = Kept { version: version.into(), sender, at, sealed };
            original(order, (&owner, &id, message, why.into()), kept)
        })
        .collect()
    }
}
