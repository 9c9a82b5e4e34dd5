//! Epochs. Every opening of the file begins one, and the names of all of them stay in it: the lineage of what is here. Every entry
//! names the epoch it was written in.
//!
//! A cursor is good where its epoch is in the lineage and the entry it stands on was written no later. So starting again voids
//! no cursor, and a file that was put back voids those of whoever saw what is gone: what they saw was written in an epoch that
//! this file never had, or it was written again since, in a later one.

use rusqlite::{Connection, OptionalExtension as _};
use souk_chat::{Epoch, OrderId, Seq};

use super::fault::Fault;
use super::read::Read;
use super::write::Write;
use crate::form::broken;

// The largest number is the newest; numbers are never used again, because the newest row is never deleted.
const BEGIN: &str = "INSERT INTO epochs (name) VALUES (lower(hex(randomblob(8))))";
const CURRENT: &str = "SELECT name FROM epochs ORDER BY number DESC LIMIT 1";
const FORGET_OLDER: &str = "DELETE FROM epochs WHERE number < (SELECT max(number) FROM epochs)";
pub(super) const NUMBER: &str = "SELECT number FROM epochs WHERE name = ?1";
pub(super) const WRITTEN_IN: &str = "SELECT epoch FROM entries WHERE id = ?1";

/// Begins the next epoch of the lineage.
pub(super) fn begin(connection: &Connection) -> Result<(), Fault> {
    connection.execute(BEGIN, [])?;
    Ok(())
}

/// The newest epoch.
pub(super) fn current(connection: &Connection) -> Result<Epoch, Fault> {
    let name: String = connection.query_row(CURRENT, [], |row| row.get(0))?;
    Ok(Epoch::new(&name).map_err(|_| broken("the name of an epoch"))?)
}

impl Write<'_> {
    /// [`Epochs::begin_epoch`](souk_chat::ports::Epochs::begin_epoch): the lineage begins anew.
    pub(crate) fn begin_epoch(&mut self, from: &Epoch) -> Result<Epoch, Fault> {
        let current = current(self.connection)?;
        if current != *from {
            return Ok(current);
        }
        begin(self.connection)?;
        self.connection.execute(FORGET_OLDER, [])?;
        self::current(self.connection)
    }
}

impl Read<'_> {
    /// [`Epochs::is_ours`](souk_chat::ports::Epochs::is_ours).
    pub(crate) fn is_ours(&mut self, order: &OrderId, epoch: &Epoch, since: Seq) -> Result<bool, Fault> {
        let number: Option<i64> = self.epoch_number.query_row([epoch.as_str()], |row| row.get(0)).optional()?;
        let Some(number) = number else { return Ok(false) };
        let written_in = self.view(order, &[], |read, view| match read.row(view, since)? {
            Some(row) => Ok(read.written_in.query_row([row], |row| row.get(0))?),
            None => Ok(0),
        });
        Ok(written_in?.unwrap_or(0_i64) <= number)
    }
}
