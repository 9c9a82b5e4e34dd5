//! The ports of the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use souk_chat::log::{EntryKey, Head, NewEntry, Seq};
use souk_chat::ports::store::{
    Appended, Heartbeat, Heartbeats, Incarnation, ListRow, Lists, Log, Look, Orders, Outbox, OutboxIntent, StoreError,
    Watermarks,
};
use souk_chat::{Entry, Mark, Marks, Message, NewOrder, Order, OrderId, OwedRow, Timestamp, UserId};

use crate::coverage::Seen;
use crate::plan::Sabotage;

use super::engine::{Batch, Engine, Fate, unread};
use super::history::{History, OrderLog, Refused};

/// Longest time until a write of which nothing is known is seen by quorum reads, in milliseconds.
const UNSEEN_MS: u64 = 3_000;

#[async_trait]
impl Orders for Engine {
    async fn put_order(&self, order: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, StoreError> {
        let order = order.clone();
        Ok(self.request(true, move |history, _| history.put_order(&order, at)).await?)
    }

    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.read_log(id, |log| log.order.clone()).await
    }
}

#[async_trait]
impl Log for Engine {
    async fn look(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError> {
        let (order, keys, shelf, node) = (order.clone(), keys.to_vec(), Arc::clone(&self.shelf), self.node);
        let look = move |history: &mut History, _| {
            let (head, mut known) = history.logs.get_mut(&order)?.look(&keys);
            if shelf.world.plan.sabotage == Sabotage::BlindLook {
                let own = keys.iter().zip(&mut known).filter(|(key, _)| key.owner.is_none());
                own.for_each(|(_, known)| *known = None);
                let asked: Vec<EntryKey> = keys.iter().filter(|key| key.owner.is_some()).cloned().collect();
                shelf.looks(node, &order, &asked);
            } else {
                shelf.looks(node, &order, &keys);
            }
            let unheard = shelf.unheard.lock();
            for (key, _) in keys.iter().zip(&known).filter(|(key, known)| known.is_some() && unheard.contains(key)) {
                shelf.world.note("found", &[head.seq.0], || format!("{order} {}", key.id));
                shelf.world.saw(Seen::AnswerLostThenFound);
            }
            Some(Look { head, known })
        };
        self.request(false, look).await.map_err(unread)
    }

    async fn append(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, StoreError> {
        let mut entries = entries.to_vec();
        if self.shelf.world.plan.sabotage == Sabotage::OwnClock {
            // Nodes are a second apart.
            let behind = 1_000 * i64::try_from(self.node).unwrap_or(0);
            entries.iter_mut().for_each(|new| new.entry.at = Timestamp(new.entry.at.millis() - behind));
        }
        let entries = &entries[..];
        let batch = Arc::new(Batch { order: order.clone(), head: *head, entries: entries.to_vec() });
        let (shelf, node, landing) = (Arc::clone(&self.shelf), self.node, Arc::clone(&batch));
        let land = move |history: &mut History, fate: Fate| {
            let outcome = Self::land(&shelf, node, history, fate, &landing);
            if outcome.is_ok() {
                let settling = Arc::clone(&shelf);
                shelf.world.after(UNSEEN_MS, move || {
                    settling.history.lock().logs.get_mut(&landing.order).into_iter().for_each(OrderLog::settle);
                });
                let crashing = Arc::clone(&shelf);
                shelf.world.after(0, move || {
                    if let Some(applied) = &*crashing.applied.lock() {
                        applied(node);
                    }
                });
            }
            outcome
        };
        let silence = match self.request(true, land).await {
            Ok(Ok(head)) => return Ok(Appended::Applied(head)),
            Ok(Err(Refused::Invalid)) => return Err(StoreError::Invalid("simulated".into())),
            Ok(Err(_)) => return Ok(Appended::Refused),
            Err(silence) => silence,
        };
        if self.shelf.world.plan.sabotage == Sabotage::RetryingStore {
            let mut history = self.shelf.history();
            let log = history.logs.get_mut(order).ok_or_else(|| StoreError::Invalid("no such order".into()))?;
            return Ok(Appended::Applied(log.append_blindly(entries)));
        }
        Err(silence.into())
    }

    async fn head(&self, order: &OrderId) -> Result<Option<Head>, StoreError> {
        self.read_log(order, OrderLog::quorum_head).await
    }

    async fn entries(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, StoreError> {
        Ok(self.read_log(order, move |log| log.after(after, limit)).await?.unwrap_or_default())
    }

    async fn messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        Ok(self.read_log(order, move |log| log.messages_before(before, limit)).await?.unwrap_or_default())
    }

    async fn messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Message>, StoreError> {
        let seqs = seqs.to_vec();
        let read = move |log: &OrderLog| {
            let messages = log.messages_before(None, usize::MAX);
            messages.into_iter().filter(|message| seqs.contains(&message.seq)).collect()
        };
        Ok(self.read_log(order, read).await?.unwrap_or_default())
    }
}

#[async_trait]
impl Lists for Engine {
    async fn advance(&self, order: &Order, head: &Head, at: Timestamp) -> Result<(), StoreError> {
        let (order, head) = (order.clone(), *head);
        Ok(self.request(true, move |history, _| history.advance(&order, &head, at)).await?)
    }

    async fn list(&self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, StoreError> {
        let user = user.clone();
        self.request(false, move |history, _| history.list(&user, limit)).await.map_err(unread)
    }

    async fn stirred(&self, _span: Duration, _limit: usize) -> Result<Vec<(OrderId, Timestamp)>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Watermarks for Engine {
    async fn raise(
        &self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), StoreError> {
        let (order, user) = (order.clone(), user.clone());
        Ok(self.request(true, move |history, _| history.raise(&order, &user, delivered, read)).await?)
    }

    async fn marks(&self, order: &OrderId, users: &[&UserId]) -> Result<Vec<Marks>, StoreError> {
        let (order, users) = (order.clone(), users.iter().map(|user| (*user).clone()).collect::<Vec<_>>());
        self.request(false, move |history, _| history.marks(&order, &users)).await.map_err(unread)
    }
}

#[async_trait]
impl Outbox for Engine {
    async fn intend(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        let intents = intents.to_vec();
        Ok(self.request(true, move |history, _| history.intents.extend(intents)).await?)
    }

    async fn intents(
        &self,
        incarnation: &Incarnation,
        minute: i64,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, StoreError> {
        let incarnation = incarnation.clone();
        self.request(false, move |history, _| history.intents_of(&incarnation, minute, limit)).await.map_err(unread)
    }

    async fn drop_intents(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        let intents = intents.to_vec();
        let drop = move |history: &mut History, _| history.intents.retain(|intent| !intents.contains(intent));
        Ok(self.request(true, drop).await?)
    }

    async fn owed(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, StoreError> {
        Ok(self.read_log(order, move |log| log.owed(after, limit)).await?.unwrap_or_default())
    }

    async fn events_mark(&self, order: &OrderId) -> Result<Seq, StoreError> {
        Ok(self.read_log(order, OrderLog::events_mark).await?.unwrap_or_default())
    }

    async fn raise_events_mark(&self, order: &OrderId, to: Seq) -> Result<(), StoreError> {
        let order = order.clone();
        let raise = move |history: &mut History, _| {
            history.logs.get_mut(&order).into_iter().for_each(|log| log.raise_events_mark(to));
        };
        Ok(self.request(true, raise).await?)
    }
}

#[async_trait]
impl Heartbeats for Engine {
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        let heartbeat = heartbeat.clone();
        Ok(self.request(true, move |history, _| history.beat(&heartbeat)).await?)
    }

    async fn heartbeats(&self, _shard: u32) -> Result<Vec<Heartbeat>, StoreError> {
        self.request(false, |history, _| history.heartbeats.clone()).await.map_err(unread)
    }

    async fn forget(&self, incarnation: &Incarnation) -> Result<(), StoreError> {
        let incarnation = incarnation.clone();
        let forget = move |history: &mut History, _| history.heartbeats.retain(|beat| beat.incarnation != incarnation);
        Ok(self.request(true, forget).await?)
    }
}
