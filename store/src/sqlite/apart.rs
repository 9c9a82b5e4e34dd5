//! Originals and the audit log.

use rusqlite::params;
use souk_chat::OrderId;
use souk_chat::ports::{AuditId, AuditRow, OriginalRow};

use super::fault::Fault;
use super::read::Read;
use super::rows::bound;
use super::write::Write;
use crate::apart::{AuditTexts, Kept, Name, ToKeep, audit_row, check_audit, ordered, original};
use crate::form::signed;

// People stand here by name: rows go by it.
pub(super) const PUT_ORIGINAL: &str = "
INSERT INTO originals (ord, owner, name, message, why, version, sender, at, sealed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (ord, owner, name, message, why) DO UPDATE SET version = ?6, sender = ?7, at = ?8, sealed = ?9";
pub(super) const ORIGINALS: &str = "
SELECT owner, name, message, why, version, sender, at, sealed FROM originals
WHERE ord = ?1 AND (owner, name, message, why) > (?2, ?3, ?4, ?5) ORDER BY owner, name, message, why LIMIT ?6";
pub(super) const PUT_AUDIT: &str = "
INSERT INTO audit (at, number, actor, role, action, ord, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO NOTHING";
pub(super) const AUDIT: &str = "
SELECT at, number, actor, role, action, ord, details FROM audit
WHERE (at, number) < (?1, ?2) ORDER BY at DESC, number DESC LIMIT ?3";

impl Write<'_> {
    /// [`Originals::keep`](souk_chat::ports::Originals::keep).
    pub(crate) fn keep(&mut self, rows: &[OriginalRow]) -> Result<(), Fault> {
        let Some(ToKeep { order, rows }) = ToKeep::of(rows)? else { return Ok(()) };
        let parties = self.parties(order)?;
        for (Name { owner, id, message, why }, row) in rows {
            self.put_original.execute(params![
                parties.order,
                owner,
                id,
                signed(message)?,
                why,
                row.version,
                row.sender.as_str(),
                row.at.millis(),
                row.sealed
            ])?;
        }
        Ok(())
    }

    /// [`Audit::record`](souk_chat::ports::Audit::record).
    pub(crate) fn record(&mut self, row: &AuditRow) -> Result<(), Fault> {
        check_audit(row)?;
        let AuditRow { id, actor, role, action, order, details } = row;
        let order = order.as_ref().map(OrderId::as_str);
        let (at, number) = (id.at.millis(), ordered(id.number));
        self.put_audit.execute(params![
            at,
            number,
            actor.as_str(),
            role.as_str(),
            action.as_str(),
            order,
            &**details
        ])?;
        Ok(())
    }
}

impl Read<'_> {
    /// [`Originals::originals`](souk_chat::ports::Originals::originals).
    pub(crate) fn originals(&mut self, order: &OrderId, after: &Name, limit: usize) -> Result<Vec<OriginalRow>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(Vec::new()) };
        let Name { owner, id, message, why } = after;
        let asked = params![parties.order, owner, id, signed(*message)?, why, bound(limit)];
        let mut rows = self.originals.query(asked)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let name: (String, String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let kept = Kept { version: row.get(4)?, sender: row.get(5)?, at: row.get(6)?, sealed: row.get(7)? };
            found.push(original(order, (&name.0, &name.1, name.2, name.3), kept)?);
        }
        Ok(found)
    }

    /// [`Audit::audit`](souk_chat::ports::Audit::audit).
    pub(crate) fn audit(&mut self, before: Option<AuditId>, limit: usize) -> Result<Vec<AuditRow>, Fault> {
        let before = before.map_or((i64::MAX, i64::MAX), |id| (id.at.millis(), ordered(id.number)));
        let mut rows = self.audit.query(params![before.0, before.1, bound(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
            let order = row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?;
            let texts = AuditTexts { actor: text(2)?, role: text(3)?, action: text(4)?, order, details: text(6)? };
            found.push(audit_row(row.get(0)?, row.get(1)?, &texts)?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_without_looking_at_others() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut connection).unwrap();
        for (statement, parameters) in [(ORIGINALS, 6), (AUDIT, 3)] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
            let steps = plan.query_map(rusqlite::params_from_iter(vec![1; parameters]), |row| row.get(3)).unwrap();
            let steps: Vec<String> = steps.map(Result::unwrap).collect();
            // One step: nothing is scanned, nothing sorted.
            assert!(matches!(&steps[..], [only] if only.starts_with("SEARCH")), "{statement}: {steps:?}");
        }
    }
}
