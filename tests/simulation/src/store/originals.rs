//! Originals and the audit log.

use std::collections::BTreeMap;

use async_trait::async_trait;
use souk_chat::ports::store::StoreError;
use souk_chat::ports::{Audit, AuditId, AuditRow, OriginalId, OriginalRow, Originals};
use souk_chat::{OrderId, UserId};

use super::engine::{Engine, unread};

/// Rows in the order that the port promises.
type Name = (String, String, u64, u8);

fn name(id: &OriginalId) -> Name {
    let owner = id.key.owner.as_ref().map_or("", UserId::as_str);
    (owner.to_owned(), id.key.id.to_string(), id.message.map_or(0, |seq| seq.0), id.why as u8)
}

/// What is kept apart from history.
#[derive(Default)]
pub struct Kept {
    originals: BTreeMap<OrderId, BTreeMap<Name, OriginalRow>>,
    audit: BTreeMap<AuditId, AuditRow>,
}

impl Kept {
    /// All originals of all orders.
    pub fn originals(&self) -> impl Iterator<Item = &OriginalRow> {
        self.originals.values().flat_map(BTreeMap::values)
    }
}

#[async_trait]
impl Originals for Engine {
    async fn keep(&self, rows: &[OriginalRow]) -> Result<(), StoreError> {
        let rows = rows.to_vec();
        let keep = move |history: &mut super::History, _| {
            for row in rows {
                history.kept.originals.entry(row.order.clone()).or_default().insert(name(&row.id), row);
            }
        };
        Ok(self.request(true, keep).await?)
    }

    async fn originals(
        &self,
        order: &OrderId,
        after: Option<&OriginalId>,
        limit: usize,
    ) -> Result<Vec<OriginalRow>, StoreError> {
        let (order, after) = (order.clone(), after.map(name));
        let read = move |history: &mut super::History, _| {
            let rows = history.kept.originals.get(&order).into_iter().flatten();
            let rows = rows.filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after));
            rows.take(limit).map(|(_, row)| row.clone()).collect()
        };
        self.request(false, read).await.map_err(unread)
    }
}

#[async_trait]
impl Audit for Engine {
    async fn record(&self, row: &AuditRow) -> Result<(), StoreError> {
        let row = row.clone();
        let record = move |history: &mut super::History, _| {
            history.kept.audit.entry(row.id).or_insert(row);
        };
        Ok(self.request(true, record).await?)
    }

    async fn audit(&self, before: Option<AuditId>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let read = move |history: &mut super::History, _| {
            let rows = history.kept.audit.iter().rev().filter(|(id, _)| before.is_none_or(|before| **id < before));
            rows.take(limit).map(|(_, row)| row.clone()).collect()
        };
        self.request(false, read).await.map_err(unread)
    }
}
