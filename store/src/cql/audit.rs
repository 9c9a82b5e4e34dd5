//! The audit log: a partition for each hour, and a list of the hours that have one.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use souk_chat::Timestamp;
use souk_chat::ports::{Audit, AuditId, AuditRow, StoreError};

use super::Cql;
use super::answer::unreadable;
use crate::apart::{AuditTexts, audit_row, check_audit, ordered};

const HOUR_MS: i64 = 3_600_000;
/// Hours that are read at once. Where little happens a page is put together from many.
const HOURS_AT_ONCE: usize = 8;

fn hour(at: Timestamp) -> i64 {
    at.millis().div_euclid(HOUR_MS)
}

#[async_trait]
impl Audit for Cql {
    async fn record(&self, row: &AuditRow) -> Result<(), StoreError> {
        check_audit(row)?;
        let hour = hour(row.id.at);
        // First the hour, then what is in it: a row that nobody finds would be none.
        if self.audit_hour.load(Ordering::Relaxed) != hour {
            self.write(&self.statements.put_audit_hour, (hour,)).await?;
            self.audit_hour.store(hour, Ordering::Relaxed);
        }
        let AuditRow { id, actor, role, action, order, details } = row;
        let order = scylla::value::MaybeUnset::from_option(order.as_ref().map(|order| order.as_str()));
        let (at, number) = (id.at.millis(), ordered(id.number));
        let values = (hour, at, number, actor.as_str(), role.as_str(), action.as_str(), order, &**details);
        self.write(&self.statements.put_audit, values).await
    }

    async fn audit(&self, before: Option<AuditId>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        let before = before.unwrap_or(AuditId { at: Timestamp(i64::MAX), number: u64::MAX });
        let mut found = Vec::new();
        let mut latest = hour(before.at);
        while found.len() < limit {
            let hours = self.audit_hours(latest).await?;
            let left = limit - found.len();
            let pages = try_join_all(hours.iter().map(|hour| self.audit_in(*hour, before, left))).await?;
            found.extend(pages.into_iter().flatten().take(left));
            match hours.last() {
                Some(last) if hours.len() == HOURS_AT_ONCE => latest = last.saturating_sub(1),
                _ => break,
            }
        }
        Ok(found)
    }
}

impl Cql {
    /// The latest hours that may have rows, up to this one, latest first. Fewer than [`HOURS_AT_ONCE`]: there are no more.
    async fn audit_hours(&self, latest: i64) -> Result<Vec<i64>, StoreError> {
        let most = i32::try_from(HOURS_AT_ONCE).unwrap_or(i32::MAX);
        let rows = self.select(&self.statements.audit_hours, (latest, most)).await?;
        let rows = rows.rows::<(i64,)>().map_err(unreadable)?;
        rows.map(|row| row.map(|(hour,)| hour).map_err(unreadable)).collect()
    }

    async fn audit_in(&self, hour: i64, before: AuditId, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        type Row<'a> = (i64, i64, &'a str, &'a str, &'a str, Option<&'a str>, &'a str);
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let values = (hour, before.at.millis(), ordered(before.number), most);
        let rows = self.select(&self.statements.audit, values).await?;
        let rows = rows.rows::<Row<'_>>().map_err(unreadable)?;
        rows.map(|row| {
            let (at, number, actor, role, action, order, details) = row.map_err(unreadable)?;
            audit_row(at, number, &AuditTexts { actor, role, action, order, details })
        })
        .collect()
    }
}
