//! What the one writing thread does to the database. Every function here runs inside a transaction that others share: it
//! checks first and writes only what will stand, or fails the transaction.

use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::{Connection, Statement, params};
use souk_chat::log::Head;
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::{Mark, NewEntry, NewOrder, Order, OrderId, OrderStatus, Side, Timestamp, UserId};

use super::append::LogWrite;
use super::fault::Fault;
use super::parties::{Names, Parties};
use super::read::{ORDER, read_order};
use super::recent::Recent;
use crate::form::{chat_kind, signed};

/// How much the disk is tried with: more than the entries of a batch take.
const TRY_BYTES: u32 = 64 * 1024;

// A mark is its number and its count together: both are taken, or neither.
macro_rules! raise_marks {
    ($side:literal) => {
        concat!(
            "UPDATE logs SET ",
            $side,
            "_delivered_others = iif(?2 > ",
            $side,
            "_delivered, ?3, ",
            $side,
            "_delivered_others), ",
            $side,
            "_delivered = max(",
            $side,
            "_delivered, ?2), ",
            $side,
            "_read_others = iif(?4 > ",
            $side,
            "_read, ?5, ",
            $side,
            "_read_others), ",
            $side,
            "_read = max(",
            $side,
            "_read, ?4) ",
            "WHERE ord = ?1 AND (?2 > ",
            $side,
            "_delivered OR ?4 > ",
            $side,
            "_read)"
        )
    };
}

/// The writing connection's statements, prepared once.
pub(crate) struct Write<'c> {
    pub(super) connection: &'c Connection,
    pub(crate) begin: Statement<'c>,
    pub(crate) commit: Statement<'c>,
    pub(crate) rollback: Statement<'c>,
    pub(crate) savepoint: Statement<'c>,
    pub(crate) release: Statement<'c>,
    pub(crate) rollback_to: Statement<'c>,
    names: Names<'c>,
    log: LogWrite<'c>,
    touch: Statement<'c>,
    order: Statement<'c>,
    put_order: Statement<'c>,
    change_order: Statement<'c>,
    make_log: Statement<'c>,
    pub(super) raise_events: Statement<'c>,
    raise_marks: [Statement<'c>; 2],
    pub(super) beat: Statement<'c>,
    pub(super) forget: Statement<'c>,
    pub(super) put_original: Statement<'c>,
    pub(super) put_audit: Statement<'c>,
    pub(super) setting: Statement<'c>,
    pub(super) keep_setting: Statement<'c>,
    pub(super) replace_setting: Statement<'c>,
}

impl<'c> Write<'c> {
    /// Prepares the statements.
    pub(crate) fn prepare(connection: &'c Connection, recent: Arc<RwLock<Recent>>) -> Result<Self, Fault> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            connection,
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            rollback: prepare("ROLLBACK")?,
            savepoint: prepare("SAVEPOINT job")?,
            release: prepare("RELEASE job")?,
            rollback_to: prepare("ROLLBACK TO job")?,
            names: Names::prepare(connection)?,
            log: LogWrite::prepare(connection, recent)?,
            touch: prepare(
                "INSERT INTO tries (one, filling) VALUES (1, zeroblob(?1)) ON CONFLICT DO UPDATE SET filling = excluded.filling",
            )?,
            order: prepare(ORDER)?,
            put_order: prepare(
                "INSERT INTO orders (name, client, contractor, title, status, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            change_order: prepare(
                "UPDATE orders SET title = ifnull(?2, title), status = ifnull(?3, status) WHERE name = ?1",
            )?,
            make_log: prepare("INSERT INTO logs (ord, at) VALUES (?1, ?2)")?,
            raise_events: prepare("UPDATE logs SET events = ?2 WHERE ord = ?1 AND events < ?2")?,
            raise_marks: [prepare(raise_marks!("client"))?, prepare(raise_marks!("contractor"))?],
            beat: prepare(
                "INSERT INTO heartbeats (incarnation, beat, oldest_minute, minute) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET beat = ?2, oldest_minute = ?3, minute = ?4",
            )?,
            forget: prepare("DELETE FROM heartbeats WHERE incarnation = ?1")?,
            put_original: prepare(super::apart::PUT_ORIGINAL)?,
            put_audit: prepare(super::apart::PUT_AUDIT)?,
            setting: prepare("SELECT value FROM settings WHERE name = ?1")?,
            keep_setting: prepare("INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?,
            replace_setting: prepare("UPDATE settings SET value = ?3 WHERE name = ?1 AND value = ?2")?,
        })
    }

    /// At the start of a transaction.
    pub(crate) fn begun(&mut self) -> Result<(), Fault> {
        self.log.begun()
    }

    /// After a commit, before anybody is told of it.
    pub(crate) fn committed(&mut self) {
        self.log.committed();
    }

    /// After a rollback: rows that were found may be gone.
    pub(crate) fn rolled_back(&mut self) {
        self.names.forget();
        self.log.rolled_back();
    }

    /// How many entries this transaction added.
    pub(crate) fn added(&self) -> usize {
        self.log.added()
    }

    /// After a rollback to the moment when so many entries had been added.
    pub(crate) fn rolled_back_to(&mut self, added: usize) {
        self.names.forget();
        self.log.rolled_back_to(added);
    }

    /// Writes [`TRY_BYTES`] in the place of those of the last time.
    pub(crate) fn touch(&mut self) -> Result<(), Fault> {
        self.touch.execute([TRY_BYTES])?;
        Ok(())
    }

    /// [`Orders::put_order`](souk_chat::ports::Orders::put_order).
    pub(crate) fn put_order(&mut self, new: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, Fault> {
        if let Some(there) = read_order(&mut self.order, &new.id)? {
            if (&there.client, &there.contractor) != (&new.client, &new.contractor) {
                return Ok(None);
            }
            let status = new.status.map(OrderStatus::as_str);
            if new.title.is_none() && status.is_none() {
                return Ok(Some((there, false)));
            }
            self.change_order.execute(params![new.id.as_str(), new.title.as_deref(), status])?;
            return Ok(read_order(&mut self.order, &new.id)?.map(|order| (order, false)));
        }
        let order = Order {
            id: new.id.clone(),
            kind: chat_kind(&new.id),
            client: new.client.clone(),
            contractor: new.contractor.clone(),
            title: new.title.clone(),
            status: new.status.unwrap_or_default(),
            created_at: at,
        };
        let client = self.names.number(None, Some(&new.client))?;
        let contractor = self.names.number(None, Some(&new.contractor))?;
        let title = new.title.as_deref();
        let number = self.put_order.insert(params![
            new.id.as_str(),
            client,
            contractor,
            title,
            order.status.as_str(),
            at.millis()
        ])?;
        self.make_log.execute(params![number, at.millis()])?;
        Ok(Some((order, true)))
    }

    /// [`Log::append`](souk_chat::ports::Log::append).
    pub(crate) fn append(&mut self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, Fault> {
        self.log.append(&mut self.names, order, head, entries)
    }

    /// [`Watermarks::raise`](souk_chat::ports::Watermarks::raise).
    pub(crate) fn raise_marks(
        &mut self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), Fault> {
        let parties = self.parties(order)?;
        let statement = match parties.side(user) {
            Some(Side::Client) => &mut self.raise_marks[0],
            Some(Side::Contractor) => &mut self.raise_marks[1],
            None => return Err(StoreError::Invalid(format!("{user} is no party of {order}")).into()),
        };
        let (delivered, read) = (delivered.unwrap_or_default(), read.unwrap_or_default());
        statement.execute(params![
            parties.order,
            signed(delivered.seq.0)?,
            signed(delivered.others)?,
            signed(read.seq.0)?,
            signed(read.others)?,
        ])?;
        Ok(())
    }

    pub(super) fn parties(&mut self, order: &OrderId) -> Result<Parties, Fault> {
        let none = || StoreError::Invalid(format!("there is no order {order}")).into();
        self.names.parties(order)?.ok_or_else(none)
    }
}
