//! Orders and who is in them.

use std::sync::Arc;

use async_trait::async_trait;
use scylla::statement::prepared::PreparedStatement;
use scylla::value::MaybeUnset;
use souk_chat::log::Head;
use souk_chat::ports::store::{Orders, StoreError};
use souk_chat::{NewOrder, Order, OrderId, OrderStatus, Timestamp, UserId};

use super::Cql;
use super::answer::unreadable;
use super::look::Sight;
use crate::form::{broken, chat_kind};

#[async_trait]
impl Orders for Cql {
    async fn put_order(&self, new: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, StoreError> {
        if new.client == new.contractor {
            return Err(StoreError::Invalid("an order has two different parties".into()));
        }
        let (mut order, made) = match self.read_order(&self.statements.order, &new.id).await? {
            Some(there) => (there, false),
            None => self.make_order(new, at).await?,
        };
        if (&order.client, &order.contractor) != (&new.client, &new.contractor) {
            return Ok(None);
        }
        if !made {
            self.change_order(new, &mut order).await?;
        }
        // Log and list rows are looked after every time: whoever made the order may not have come to them.
        if self.see(&order.id, 0, &[], Sight::Quorum).await?.is_none() {
            self.make_volume(&order.id, &Head::default()).await?;
        }
        let row = |user: &UserId| (user.as_str().to_owned(), order.id.as_str(), order.created_at.millis());
        let [client, contractor] = order.parties().map(|user| self.write(&self.statements.make_row, row(user)));
        futures_util::try_join!(client, contractor)?;
        Ok(Some((order, made)))
    }

    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.read_order(&self.statements.order, id).await
    }
}

impl Cql {
    /// Makes the order's row, unless somebody else was faster: then theirs.
    async fn make_order(&self, new: &NewOrder, at: Timestamp) -> Result<(Order, bool), StoreError> {
        let order = Order {
            id: new.id.clone(),
            kind: chat_kind(&new.id),
            client: new.client.clone(),
            contractor: new.contractor.clone(),
            title: new.title.clone(),
            status: new.status.unwrap_or_default(),
            created_at: at,
        };
        let values = (
            order.id.as_str(),
            order.client.as_str(),
            order.contractor.as_str(),
            MaybeUnset::from_option(order.title.as_deref()),
            order.status.as_str(),
            at.millis(),
        );
        if self.write_if(&self.statements.put_order, values).await? {
            return Ok((order, true));
        }
        let there = self.read_order(&self.statements.serial_order, &new.id).await?;
        there.map(|order| (order, false)).ok_or_else(|| broken("an order that is there and is not"))
    }

    async fn change_order(&self, new: &NewOrder, order: &mut Order) -> Result<(), StoreError> {
        let title = new.title.clone().filter(|title| order.title.as_ref() != Some(title));
        let status = new.status.filter(|status| order.status != *status);
        if title.is_none() && status.is_none() {
            return Ok(());
        }
        let values = (
            MaybeUnset::from_option(title.as_deref()),
            MaybeUnset::from_option(status.map(OrderStatus::as_str)),
            order.id.as_str(),
        );
        if !self.write_if(&self.statements.change_order, values).await? {
            return Err(broken("an order that was there is gone"));
        }
        order.title = title.or(order.title.take());
        order.status = status.unwrap_or(order.status);
        Ok(())
    }

    async fn read_order(&self, statement: &PreparedStatement, id: &OrderId) -> Result<Option<Order>, StoreError> {
        type Row = (String, String, Option<Arc<str>>, String, i64);
        let rows = self.select(statement, (id.as_str(),)).await?;
        let Some(row) = rows.maybe_first_row::<Row>().map_err(unreadable)? else { return Ok(None) };
        let (client, contractor, title, status, created_at) = row;
        let user = |name: &str| UserId::new(name).map_err(|_| broken("a user id"));
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
}
