//! What the reading threads do: orders, lists and watermarks. Each of these is one statement, and so sees one state.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rusqlite::{Connection, OptionalExtension as _, Statement, params};
use souk_chat::ports::store::{ListRow, StoreError};
use souk_chat::{Mark, Marks, Order, OrderId, OrderStatus, Side, Timestamp, UserId};

use super::fault::Fault;
use super::log_statements::LogStatements;
use super::parties::{Names, user};
use super::recent::Recent;
use super::rows::bound;
use crate::form::{broken, chat_kind, seq, unsigned};

/// An order by name.
pub(crate) const ORDER: &str = "
SELECT a.name, b.name, o.title, o.status, o.created_at FROM orders o
JOIN users a ON a.id = o.client JOIN users b ON b.id = o.contractor WHERE o.name = ?1";

// A list row is not stored: it is the order's log as it is now beside the person's own mark.
const LIST: &str = "
SELECT o.name, l.seq, iif(o.is_client, l.contractor, l.client), l.at, 
       iif(o.is_client, l.client_read, l.contractor_read), iif(o.is_client, l.client_read_others, l.contractor_read_others)
FROM (SELECT id, name, TRUE AS is_client FROM orders WHERE client = ?1
      UNION ALL SELECT id, name, FALSE FROM orders WHERE contractor = ?1) o
JOIN logs l ON l.ord = o.id LIMIT ?2";

const STIRRED: &str = "
SELECT o.name, l.at FROM logs l JOIN orders o ON o.id = l.ord
WHERE l.seq > 0 AND l.at >= (SELECT max(at) FROM logs WHERE seq > 0) - ?1 ORDER BY l.at DESC LIMIT ?2";

const MARKS: &str = "
SELECT client_delivered, client_delivered_others, client_read, client_read_others,
       contractor_delivered, contractor_delivered_others, contractor_read, contractor_read_others
FROM logs WHERE ord = ?1";

/// A reading connection's statements, prepared once.
pub(crate) struct Read<'c> {
    pub(super) connection: &'c Connection,
    pub(super) recent: Arc<RwLock<Recent>>,
    pub(super) names: Names<'c>,
    pub(super) log: LogStatements<'c>,
    order: Statement<'c>,
    list: Statement<'c>,
    marks: Statement<'c>,
    pub(super) owing: Statement<'c>,
    pub(super) owed: Statement<'c>,
    pub(super) events: Statement<'c>,
    pub(super) heartbeats: Statement<'c>,
    pub(super) originals: Statement<'c>,
    pub(super) audit: Statement<'c>,
    pub(super) epoch_number: Statement<'c>,
    pub(super) written_in: Statement<'c>,
    pub(super) settings: Statement<'c>,
}

impl<'c> Read<'c> {
    /// Prepares the statements.
    pub(crate) fn prepare(connection: &'c Connection, recent: Arc<RwLock<Recent>>) -> Result<Self, Fault> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            connection,
            recent,
            names: Names::prepare(connection)?,
            log: LogStatements::prepare(connection)?,
            order: prepare(ORDER)?,
            list: prepare(LIST)?,
            marks: prepare(MARKS)?,
            owing: prepare(super::outbox::OWING)?,
            owed: prepare(
                "SELECT seq, type, about, facts FROM owed WHERE ord = ?1 AND seq > ?2 ORDER BY seq, type, about",
            )?,
            events: prepare("SELECT events FROM logs WHERE ord = ?1")?,
            heartbeats: prepare("SELECT incarnation, beat, oldest_minute, minute FROM heartbeats")?,
            originals: prepare(super::apart::ORIGINALS)?,
            audit: prepare(super::apart::AUDIT)?,
            epoch_number: prepare(super::epochs::NUMBER)?,
            written_in: prepare(super::epochs::WRITTEN_IN)?,
            settings: prepare("SELECT name, value FROM settings")?,
        })
    }

    /// [`Orders::order`](souk_chat::ports::Orders::order).
    pub(crate) fn order(&mut self, id: &OrderId) -> Result<Option<Order>, Fault> {
        read_order(&mut self.order, id)
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

    /// [`Lists::stirred`](souk_chat::ports::Lists::stirred). Reads the row of every order: once at a start.
    pub(crate) fn stirred(&mut self, span: Duration, limit: usize) -> Result<Vec<(OrderId, Timestamp)>, Fault> {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare(STIRRED)?;
        let mut rows = statement.query(params![span, bound(limit)])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let order = order_id(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
            found.push((order, Timestamp(row.get(1)?)));
        }
        Ok(found)
    }

    /// [`Watermarks::marks`](souk_chat::ports::Watermarks::marks).
    pub(crate) fn marks(&mut self, order: &OrderId, users: &[UserId]) -> Result<Vec<Marks>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(vec![Marks::default(); users.len()]) };
        let [client, contractor] = self.marks.query_row([parties.order], |row| {
            let marks = |first| {
                Ok::<_, rusqlite::Error>([
                    row.get(first)?,
                    row.get(first + 1)?,
                    row.get(first + 2)?,
                    row.get(first + 3)?,
                ])
            };
            Ok([marks(0)?, marks(4)?])
        })?;
        let marks = |[delivered, delivered_others, read, read_others]: [i64; 4]| {
            Ok::<_, StoreError>(Marks { delivered: mark(delivered, delivered_others)?, read: mark(read, read_others)? })
        };
        let (client, contractor) = (marks(client)?, marks(contractor)?);
        let of = |user| match parties.side(user) {
            Some(Side::Client) => client,
            Some(Side::Contractor) => contractor,
            None => Marks::default(),
        };
        Ok(users.iter().map(of).collect())
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
