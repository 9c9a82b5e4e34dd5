//! Watermarks and people's lists: plain writes whose timestamp is the number they carry, so that the highest wins.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use souk_chat::log::{Head, Seq};
use souk_chat::ports::store::{ListRow, Lists, StoreError, Watermarks};
use souk_chat::{Mark, Marks, Order, OrderId, Side, Timestamp, UserId};

use super::Cql;
use super::answer::unreadable;
use crate::form::{broken, seq, signed, unsigned};

fn mark(number: Option<i64>, others: Option<i64>) -> Result<Mark, StoreError> {
    Ok(Mark { seq: seq(number.unwrap_or(0))?, others: unsigned(others.unwrap_or(0))? })
}

#[async_trait]
impl Lists for Cql {
    async fn advance(&self, order: &Order, head: &Head, at: Timestamp) -> Result<(), StoreError> {
        let last = signed(head.seq.0)?;
        let row = |side: Side| {
            let others = signed(head.counts.by(side.other()))?;
            Ok::<_, StoreError>((last, last, others, at.millis(), order.party(side).as_str(), order.id.as_str()))
        };
        let (client, contractor) = (row(Side::Client)?, row(Side::Contractor)?);
        let statement = &self.statements.advance_row;
        futures_util::try_join!(self.write(statement, client), self.write(statement, contractor))?;
        Ok(())
    }

    async fn list(&self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        type Row = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let rows = self.select(&self.statements.list, (user.as_str(), most)).await?;
        let mut list = Vec::with_capacity(rows.rows_num());
        for row in rows.rows::<Row>().map_err(unreadable)? {
            let (order, head, others, at, read, read_others) = row.map_err(unreadable)?;
            // A row that holds nothing but a mark was never made: an admin who reads along has no such chat.
            let Some(at) = at else { continue };
            list.push(ListRow {
                order: OrderId::new(&order).map_err(|_| broken("an order id"))?,
                head: seq(head.unwrap_or(0))?,
                others: unsigned(others.unwrap_or(0))?,
                at: Timestamp(at),
                read: mark(read, read_others)?,
            });
        }
        Ok(list)
    }

    /// Nothing: the router's server knows whose node ended.
    async fn stirred(&self, _span: Duration, _limit: usize) -> Result<Vec<(OrderId, Timestamp)>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Watermarks for Cql {
    async fn raise(
        &self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), StoreError> {
        let delivered = async {
            let Some(mark) = delivered else { return Ok(()) };
            let (number, others) = (signed(mark.seq.0)?, signed(mark.others)?);
            let values = (number, number, others, order.as_str(), user.as_str());
            self.write(&self.statements.raise_delivered, values).await
        };
        let read = async {
            let Some(mark) = read else { return Ok(()) };
            let (number, others) = (signed(mark.seq.0)?, signed(mark.others)?);
            let (order, user) = (order.as_str(), user.as_str());
            futures_util::try_join!(
                self.write(&self.statements.raise_read, (number, number, others, order, user)),
                self.write(&self.statements.read_row, (number, number, others, user, order)),
            )?;
            Ok(())
        };
        futures_util::try_join!(delivered, read)?;
        Ok(())
    }

    async fn marks(&self, order: &OrderId, users: &[&UserId]) -> Result<Vec<Marks>, StoreError> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        type Row = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
        let names: Vec<&str> = users.iter().map(|user| user.as_str()).collect();
        let rows = self.select(&self.statements.marks, (order.as_str(), names)).await?;
        let mut marks: HashMap<String, Marks> = HashMap::new();
        for row in rows.rows::<Row>().map_err(unreadable)? {
            let (user, delivered, delivered_others, read, read_others) = row.map_err(unreadable)?;
            let delivered = mark(delivered, delivered_others)?;
            marks.insert(user, Marks { delivered, read: mark(read, read_others)? });
        }
        Ok(users.iter().map(|user| marks.get(user.as_str()).copied().unwrap_or_default()).collect())
    }
}

impl Cql {
    /// Up to here the order's events went out.
    pub(crate) async fn read_events_mark(&self, order: &OrderId) -> Result<Seq, StoreError> {
        let rows = self.select(&self.statements.order_marks, (order.as_str(),)).await?;
        let row = rows.maybe_first_row::<(Option<i64>, Option<i32>)>().map_err(unreadable)?;
        seq(row.and_then(|(events, _)| events).unwrap_or(0))
    }
}
