//! What the reading threads do. Each function here sees one snapshot of the database.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Statement, params};
use souk_chat::log::{Counts, Entry, EntryKey, Head, Seq};
use souk_chat::ports::store::{Known, ListRow, Look, StoreError};
use souk_chat::{Fingerprint, Mark, Marks, Message, Order, OrderId, OrderStatus, Timestamp, UserId};

use super::fault::Fault;
use super::parties::{Names, Parties, user};
use super::rows::{EntryRow, entry_columns};
use crate::form::{broken, chat_kind, seq, state, unsigned};

/// An order by name.
pub(crate) const ORDER: &str = "
SELECT a.name, b.name, o.title, o.status, o.created_at FROM orders o
JOIN users a ON a.id = o.client JOIN users b ON b.id = o.contractor WHERE o.name = ?1";

// A list row is not stored: it is the order's log as it is now beside the person's own mark.
const LIST: &str = "
SELECT o.name, l.seq, iif(o.is_client, l.contractor, l.client), l.at, ifnull(m.read, 0), ifnull(m.read_others, 0)
FROM (SELECT id, name, TRUE AS is_client FROM orders WHERE client = ?1
      UNION ALL SELECT id, name, FALSE FROM orders WHERE contractor = ?1) o
JOIN logs l ON l.ord = o.id LEFT JOIN marks m ON m.ord = o.id AND m.user = ?1 LIMIT ?2";

/// A reading connection's statements, prepared once.
pub(crate) struct Read<'c> {
    connection: &'c Connection,
    pub(super) names: Names<'c>,
    order: Statement<'c>,
    head: Statement<'c>,
    key: Statement<'c>,
    entries: Statement<'c>,
    messages_before: Statement<'c>,
    entry: Statement<'c>,
    list: Statement<'c>,
    marks: Statement<'c>,
    pub(super) owing: Statement<'c>,
    pub(super) owed: Statement<'c>,
    pub(super) events: Statement<'c>,
    pub(super) heartbeats: Statement<'c>,
}

impl<'c> Read<'c> {
    /// Prepares the statements.
    pub(crate) fn prepare(connection: &'c Connection) -> Result<Self, Fault> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            connection,
            names: Names::prepare(connection)?,
            order: prepare(ORDER)?,
            head: prepare("SELECT seq, state, client, contractor FROM logs WHERE ord = ?1")?,
            key: prepare("SELECT seq, fingerprint FROM keys WHERE ord = ?1 AND owner = ?2 AND name = ?3")?,
            entries: prepare(concat!(
                "SELECT ",
                entry_columns!(),
                " FROM entries WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3"
            ))?,
            messages_before: prepare(concat!(
                "SELECT ",
                entry_columns!(),
                " FROM entries WHERE id > ?1 AND id < ?2 AND kind IN (1, 4) ORDER BY id DESC LIMIT ?3"
            ))?,
            entry: prepare(concat!("SELECT ", entry_columns!(), " FROM entries WHERE id = ?1"))?,
            list: prepare(LIST)?,
            marks: prepare(
                "SELECT delivered, delivered_others, read, read_others FROM marks WHERE ord = ?1 AND user = ?2",
            )?,
            owing: prepare(super::outbox::OWING)?,
            owed: prepare(
                "SELECT seq, type, about, facts FROM owed WHERE ord = ?1 AND seq > ?2 ORDER BY seq, type, about",
            )?,
            events: prepare("SELECT events FROM logs WHERE ord = ?1")?,
            heartbeats: prepare("SELECT incarnation, beat, oldest_minute, minute FROM heartbeats")?,
        })
    }

    /// Runs `work` on one snapshot.
    pub(crate) fn snapshot<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let _ends_at_drop = self.connection.unchecked_transaction()?;
        work(self)
    }

    /// [`Orders::order`](souk_chat::ports::Orders::order).
    pub(crate) fn order(&mut self, id: &OrderId) -> Result<Option<Order>, Fault> {
        read_order(&mut self.order, id)
    }

    /// [`Log::head`](souk_chat::ports::Log::head).
    pub(crate) fn head(&mut self, order: &OrderId) -> Result<Option<Head>, Fault> {
        match self.names.parties(order)? {
            Some(parties) => self.head_of(&parties),
            None => Ok(None),
        }
    }

    fn head_of(&mut self, parties: &Parties) -> Result<Option<Head>, Fault> {
        let row = self.head.query_row([parties.order], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        let Some((last, chat, client, contractor)) = row.optional()? else { return Ok(None) };
        let counts = Counts { client: unsigned(client)?, contractor: unsigned(contractor)? };
        Ok(Some(Head { seq: seq(last)?, state: state(chat)?, counts, volume: 0 }))
    }

    /// [`Log::look`](souk_chat::ports::Log::look).
    pub(crate) fn look(&mut self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(None) };
        let Some(head) = self.head_of(&parties)? else { return Ok(None) };
        let known = keys.iter().map(|key| self.known(&parties, key)).collect::<Result<_, _>>()?;
        Ok(Some(Look { head, known }))
    }

    fn known(&mut self, parties: &Parties, key: &EntryKey) -> Result<Option<Known>, Fault> {
        let Some(owner) = self.names.known(Some(parties), key.owner.as_ref())? else { return Ok(None) };
        let row = self.key.query_row(params![parties.order, owner, &*key.id], |row| {
            Ok((row.get(0)?, row.get::<_, Option<Vec<u8>>>(1)?))
        });
        let Some((made, print)) = row.optional()? else { return Ok(None) };
        let fingerprint =
            print.map(|bytes| Fingerprint::from_bytes(&bytes).ok_or_else(|| broken("a fingerprint"))).transpose()?;
        Ok(Some(Known { seq: seq(made)?, fingerprint }))
    }

    /// [`Log::entries`](souk_chat::ports::Log::entries).
    pub(crate) fn entries(&mut self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(Vec::new()) };
        let Ok(after) = parties.row(after.0) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut rows = self.entries.query(params![after, parties.last_row(), bound(limit)])?;
        while let Some(row) = rows.next()? {
            found.push(EntryRow::read(row, order, &parties, &mut self.names)?);
        }
        drop(rows);
        let mut messages: BTreeMap<Seq, Arc<Message>> =
            found.iter().filter_map(|entry| Some((entry.seq, entry.message.clone()?))).collect();
        found
            .into_iter()
            .map(|entry| {
                entry.finish(|target| {
                    if let Some(message) = messages.get(&target) {
                        return Ok(message.clone());
                    }
                    let message = self.message(order, &parties, target)?;
                    let message = message.ok_or_else(|| broken("a change of what is no message"))?;
                    messages.insert(target, message.clone());
                    Ok(message)
                })
            })
            .collect()
    }

    /// [`Log::messages_before`](souk_chat::ports::Log::messages_before).
    pub(crate) fn messages_before(
        &mut self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Arc<Message>>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(Vec::new()) };
        let before = before.and_then(|seq| parties.row(seq.0).ok()).unwrap_or(parties.last_row());
        let mut found = Vec::new();
        let mut rows = self.messages_before.query(params![parties.row(0)?, before, bound(limit)])?;
        while let Some(row) = rows.next()? {
            found.extend(EntryRow::read(row, order, &parties, &mut self.names)?.message);
        }
        found.reverse();
        Ok(found)
    }

    /// [`Log::messages`](souk_chat::ports::Log::messages).
    pub(crate) fn messages(&mut self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Arc<Message>>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(Vec::new()) };
        let mut seqs = seqs.to_vec();
        seqs.sort_unstable();
        seqs.dedup();
        let mut found = Vec::with_capacity(seqs.len());
        for seq in seqs {
            found.extend(self.message(order, &parties, seq)?);
        }
        Ok(found)
    }

    fn message(&mut self, order: &OrderId, parties: &Parties, seq: Seq) -> Result<Option<Arc<Message>>, Fault> {
        let Ok(row) = parties.row(seq.0) else { return Ok(None) };
        let mut rows = self.entry.query([row])?;
        match rows.next()? {
            Some(row) => Ok(EntryRow::read(row, order, parties, &mut self.names)?.message),
            None => Ok(None),
        }
    }

    /// [`Lists::list`](souk_chat::ports::Lists::list).
    pub(crate) fn list(&mut self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, Fault> {
        let Some(user) = self.names.known(None, Some(user))? else { return Ok(Vec::new()) };
        let mut rows = self.list.query(params![user, bound(limit)])?;
        let mut list = Vec::new();
        while let Some(row) = rows.next()? {
            list.push(ListRow {
                order: order_id(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?,
                head: seq(row.get(1)?)?,
                others: unsigned(row.get(2)?)?,
                at: Timestamp(row.get(3)?),
                read: mark(row.get(4)?, row.get(5)?)?,
            });
        }
        Ok(list)
    }

    /// [`Watermarks::marks`](souk_chat::ports::Watermarks::marks).
    pub(crate) fn marks(&mut self, order: &OrderId, users: &[UserId]) -> Result<Vec<Marks>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(vec![Marks::default(); users.len()]) };
        users.iter().map(|user| self.marks_of(&parties, user)).collect()
    }

    fn marks_of(&mut self, parties: &Parties, user: &UserId) -> Result<Marks, Fault> {
        let Some(user) = self.names.known(Some(parties), Some(user))? else { return Ok(Marks::default()) };
        let row =
            self.marks.query_row([parties.order, user], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
        Ok(match row.optional()? {
            Some((delivered, delivered_others, read, read_others)) => {
                Marks { delivered: mark(delivered, delivered_others)?, read: mark(read, read_others)? }
            }
            None => Marks::default(),
        })
    }
}

/// Reads an order with the statement [`ORDER`].
pub(crate) fn read_order(statement: &mut Statement<'_>, id: &OrderId) -> Result<Option<Order>, Fault> {
    let row = statement.query_row([id.as_str()], |row| {
        let texts: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        Ok((texts, row.get::<_, Option<Arc<str>>>(2)?, row.get(4)?))
    });
    let Some(((client, contractor, status), title, created_at)) = row.optional()? else { return Ok(None) };
    Ok(Some(Order {
        id: id.clone(),
        kind: chat_kind(id),
        client: user(&client)?,
        contractor: user(&contractor)?,
        title,
        status: OrderStatus::parse(&status).ok_or_else(|| broken("the status of an order"))?,
        created_at: Timestamp(created_at),
    }))
}

pub(super) fn order_id(text: &str) -> Result<OrderId, Fault> {
    Ok(OrderId::new(text).map_err(|_| broken("an order id"))?)
}

fn mark(number: i64, others: i64) -> Result<Mark, StoreError> {
    Ok(Mark { seq: seq(number)?, others: unsigned(others)? })
}

/// A limit as SQLite takes it.
pub(super) fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
