//! The statements that read logs.

use rusqlite::{Connection, Statement};

use super::fault::Fault;
use super::rows::entry_columns;

/// The statements that read logs.
pub(crate) struct LogStatements<'c> {
    pub(super) head: Statement<'c>,
    pub(super) key: Statement<'c>,
    pub(super) known: Statement<'c>,
    pub(super) entries: Statement<'c>,
    pub(super) messages_before: Statement<'c>,
    pub(super) place: Statement<'c>,
    pub(super) entry: Statement<'c>,
}

impl<'c> LogStatements<'c> {
    /// Prepares the statements.
    pub(crate) fn prepare(connection: &'c Connection) -> Result<Self, Fault> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            head: prepare("SELECT seq, state, client, contractor, last_at FROM logs WHERE ord = ?1")?,
            key: prepare("SELECT place FROM keys WHERE log = ?1 AND owner = ?2 AND name = ?3")?,
            known: prepare("SELECT seq, fingerprint FROM entries WHERE id = ?1")?,
            entries: prepare(concat!(
                "SELECT ",
                entry_columns!(),
                " FROM places CROSS JOIN entries ON id = place WHERE log = ?1 AND number > ?2 ORDER BY number LIMIT ?3"
            ))?,
            messages_before: prepare(concat!(
                "SELECT ",
                entry_columns!(),
                " FROM places CROSS JOIN entries ON id = place
                 WHERE log = ?1 AND number < ?2 AND kind IN (1, 4) ORDER BY number DESC LIMIT ?3"
            ))?,
            place: prepare("SELECT place FROM places WHERE log = ?1 AND number = ?2")?,
            entry: prepare(concat!("SELECT ", entry_columns!(), " FROM entries WHERE id = ?1"))?,
        })
    }
}
