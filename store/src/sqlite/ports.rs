//! The ports of the domain, each handed to the right thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use souk_chat::limits::PAGE_MESSAGES_MAX;
use souk_chat::log::{Entry, EntryKey, Head, Seq};
use souk_chat::ports::store::{
    Appended, Heartbeat, Heartbeats, Incarnation, ListRow, Lists, Log, Look, Orders, Outbox, OutboxIntent, StoreError,
    Watermarks,
};
use souk_chat::ports::{Audit, AuditId, AuditRow, Epochs, KeptSettings, OriginalId, OriginalRow, Originals};
use souk_chat::{Epoch, Mark, Marks, Message, NewEntry, NewOrder, Order, OrderId, OwedRow, Timestamp, UserId};

use super::Sqlite;
use crate::apart::{Name, check_setting};

fn unshare(messages: Vec<Arc<Message>>) -> Vec<Message> {
    messages.into_iter().map(Arc::unwrap_or_clone).collect()
}

#[async_trait]
impl Orders for Sqlite {
    async fn put_order(&self, order: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, StoreError> {
        if order.client == order.contractor {
            return Err(StoreError::Invalid("an order has two different parties".into()));
        }
        let order = order.clone();
        self.queues.write(move |write| write.put_order(&order, at)).await
    }

    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        let id = id.clone();
        self.queues.read(move |read| read.order(&id)).await
    }
}

#[async_trait]
impl Log for Sqlite {
    async fn look(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError> {
        let (order, keys) = (order.clone(), keys.to_vec());
        self.queues.read(move |read| read.look(&order, &keys)).await
    }

    async fn append(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, StoreError> {
        let (order, head, entries) = (order.clone(), *head, entries.to_vec());
        self.queues.write(move |write| write.append(&order, &head, &entries)).await
    }

    async fn head(&self, order: &OrderId) -> Result<Option<Head>, StoreError> {
        let order = order.clone();
        self.queues.read(move |read| read.head(&order)).await
    }

    async fn entries(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let order = order.clone();
        self.queues.read(move |read| read.entries(&order, after, limit)).await
    }

    async fn messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let order = order.clone();
        self.queues.read(move |read| read.messages_before(&order, before, limit).map(unshare)).await
    }

    async fn messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Message>, StoreError> {
        if seqs.len() > PAGE_MESSAGES_MAX {
            return Err(StoreError::Invalid(format!("at most {PAGE_MESSAGES_MAX} messages at once")));
        }
        let (order, seqs) = (order.clone(), seqs.to_vec());
        self.queues.read(move |read| read.messages(&order, &seqs).map(unshare)).await
    }
}

#[async_trait]
impl Lists for Sqlite {
    /// Nothing to do: a row shows the order's log as it is.
    async fn advance(&self, _order: &Order, _head: &Head, _at: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list(&self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, StoreError> {
        let user = user.clone();
        self.queues.read(move |read| read.list(&user, limit)).await
    }

    async fn stirred(&self, span: Duration, limit: usize) -> Result<Vec<(OrderId, Timestamp)>, StoreError> {
        self.queues.read(move |read| read.stirred(span, limit)).await
    }
}

#[async_trait]
impl Watermarks for Sqlite {
    async fn raise(
        &self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), StoreError> {
        let (order, user) = (order.clone(), user.clone());
        self.queues.write(move |write| write.raise_marks(&order, &user, delivered, read)).await
    }

    async fn marks(&self, order: &OrderId, users: &[&UserId]) -> Result<Vec<Marks>, StoreError> {
        let (order, users) = (order.clone(), users.iter().map(|user| (*user).clone()).collect::<Vec<_>>());
        self.queues.read(move |read| read.marks(&order, &users)).await
    }
}

#[async_trait]
impl Outbox for Sqlite {
    /// Nothing to do: owed rows are found without intents.
    async fn intend(&self, _intents: &[OutboxIntent]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn intents(
        &self,
        incarnation: &Incarnation,
        minute: i64,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, StoreError> {
        let incarnation = incarnation.clone();
        self.queues.read(move |read| read.intents(&incarnation, minute, limit)).await
    }

    /// Nothing to do: an order is named until its mark is raised.
    async fn drop_intents(&self, _intents: &[OutboxIntent]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn owed(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, StoreError> {
        let order = order.clone();
        self.queues.read(move |read| read.owed(&order, after, limit)).await
    }

    async fn events_mark(&self, order: &OrderId) -> Result<Seq, StoreError> {
        let order = order.clone();
        self.queues.read(move |read| read.events_mark(&order)).await
    }

    async fn raise_events_mark(&self, order: &OrderId, to: Seq) -> Result<(), StoreError> {
        let order = order.clone();
        self.queues.write(move |write| write.raise_events(&order, to)).await
    }
}

#[async_trait]
impl Heartbeats for Sqlite {
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        let heartbeat = heartbeat.clone();
        self.queues.write(move |write| write.beat(&heartbeat)).await
    }

    async fn heartbeats(&self, _shard: u32) -> Result<Vec<Heartbeat>, StoreError> {
        self.queues.read(|read| read.heartbeats()).await
    }

    async fn forget(&self, incarnation: &Incarnation) -> Result<(), StoreError> {
        let incarnation = incarnation.clone();
        self.queues.write(move |write| write.forget(&incarnation)).await
    }
}

#[async_trait]
impl Originals for Sqlite {
    async fn keep(&self, rows: &[OriginalRow]) -> Result<(), StoreError> {
        let rows = rows.to_vec();
        self.queues.write(move |write| write.keep(&rows)).await
    }

    async fn originals(
        &self,
        order: &OrderId,
        after: Option<&OriginalId>,
        limit: usize,
    ) -> Result<Vec<OriginalRow>, StoreError> {
        let (order, after) = (order.clone(), after.map_or_else(Name::first, Name::of));
        self.queues.read(move |read| read.originals(&order, &after, limit)).await
    }
}

#[async_trait]
impl Audit for Sqlite {
    async fn record(&self, row: &AuditRow) -> Result<(), StoreError> {
        let row = row.clone();
        self.queues.write(move |write| write.record(&row)).await
    }

    async fn audit(&self, before: Option<AuditId>, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        self.queues.read(move |read| read.audit(before, limit)).await
    }
}

#[async_trait]
impl Epochs for Sqlite {
    async fn epoch(&self) -> Result<Epoch, StoreError> {
        Ok(self.epoch.lock().clone())
    }

    async fn is_ours(&self, order: &OrderId, epoch: &Epoch, since: Seq) -> Result<bool, StoreError> {
        let (order, epoch) = (order.clone(), epoch.clone());
        self.queues.read(move |read| read.is_ours(&order, &epoch, since)).await
    }

    fn began(&self, _epoch: &Epoch) -> Option<Timestamp> {
        None
    }

    async fn begin_epoch(&self, from: &Epoch) -> Result<Epoch, StoreError> {
        let from = from.clone();
        let epoch = self.queues.write(move |write| write.begin_epoch(&from)).await?;
        *self.epoch.lock() = epoch.clone();
        Ok(epoch)
    }
}

#[async_trait]
impl KeptSettings for Sqlite {
    async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        self.queues.read(|read| read.settings()).await
    }

    async fn keep_setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        check_setting(name, value)?;
        let (name, value) = (name.to_owned(), value.to_owned());
        self.queues.write(move |write| write.keep_setting(&name, &value)).await
    }

    async fn replace_setting(&self, name: &str, from: &str, to: &str) -> Result<Option<String>, StoreError> {
        check_setting(name, to)?;
        let (name, from, to) = (name.to_owned(), from.to_owned(), to.to_owned());
        self.queues.write(move |write| write.replace_setting(&name, &from, &to)).await
    }
}
