use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use souk_chat::log::{Body, Counts, Entry, EntryKey, Head, NewEntry};
use souk_chat::ports::{
    Appended, Audit, AuditId, AuditRow, Epochs, Heartbeat, Heartbeats, Incarnation, Known, ListRow, Lists, Log, Look,
    Orders, OriginalId, OriginalRow, Originals, Outbox, OutboxIntent, StoreError, Watermarks,
};
use souk_chat::{
    ChatKind, Epoch, Mark, Marks, Message, NewOrder, Order, OrderId, OrderStatus, Owed, OwedRow, Seq, Side, Timestamp,
    UserId,
};

/// A store in memory, small but exact where the relay is concerned: conditional batches, intents, marks, signs of life.
#[derive(Default)]
pub struct StoreDouble {
    pub state: Mutex<State>,
    /// Every call answers `Unavailable`.
    pub down: AtomicBool,
    /// The next batch is applied, and its answer lost.
    pub lose_next_answer: AtomicBool,
    /// Intents of this process cannot be read.
    pub unreadable: Mutex<Option<Incarnation>>,
    /// Behaves as an engine whose owed rows are found without intents.
    pub needs_no_intents: bool,
}

#[derive(Default)]
pub struct State {
    pub orders: BTreeMap<OrderId, Log1>,
    pub intents: Vec<OutboxIntent>,
    pub heartbeats: Vec<Heartbeat>,
    /// Parts of the signs of life that do not answer.
    pub deaf_shards: Vec<u32>,
}

/// The part of a process's sign of life, of two.
pub fn shard_of(incarnation: &Incarnation) -> u32 {
    u32::from(incarnation.0.bytes().next().unwrap()) % 2
}

pub struct Log1 {
    pub order: Order,
    pub head: Head,
    pub entries: Vec<Entry>,
    pub owed: Vec<OwedRow>,
    pub mark: Seq,
    pub reads: BTreeMap<UserId, Mark>,
}

pub fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub fn order(name: &str) -> OrderId {
    OrderId::new(name).unwrap()
}

pub fn key(id: &str) -> EntryKey {
    EntryKey { owner: Some(user("bob")), id: id.into() }
}

pub fn notify_ann() -> Owed {
    Owed::Notification { to: user("ann"), sender_name: Some("Bob".into()) }
}

/// Bob's message against `head`, owing these.
pub fn message(order: &OrderId, head: &Head, id: &str, text: &str, owed: Vec<Owed>) -> NewEntry {
    let seq = head.seq.next();
    let at = Timestamp(1_700_000_000_000 + i64::try_from(seq.0).unwrap());
    let message = Message {
        order: order.clone(),
        seq,
        rev: seq,
        version: 1,
        sender: Some(user("bob")),
        content: text.into(),
        edited_at: None,
        is_moderated: false,
        flags: Default::default(),
        created_at: at,
        client_message_id: None,
    };
    let counts = head.counts.plus(Side::Contractor);
    let entry = Entry { seq, key: key(id), at, counts, body: Body::Message(Arc::new(message)) };
    NewEntry { entry, fingerprint: None, owed }
}

impl StoreDouble {
    /// With these orders between ann (client) and bob (contractor).
    pub fn with(orders: &[&str]) -> Self {
        let store = Self::default();
        for name in orders {
            let id = order(name);
            let order = Order {
                id: id.clone(),
                kind: ChatKind::Order,
                client: user("ann"),
                contractor: user("bob"),
                title: Some(format!("Title of {name}").into()),
                status: OrderStatus::Created,
                created_at: Timestamp(0),
            };
            let (entries, owed, reads) = Default::default();
            let log = Log1 { order, head: Head::default(), entries, owed, mark: Seq::ZERO, reads };
            store.state.lock().orders.insert(id, log);
        }
        store
    }

    pub fn head_now(&self, id: &OrderId) -> Head {
        self.state.lock().orders[id].head
    }

    pub fn mark_now(&self, id: &OrderId) -> Seq {
        self.state.lock().orders[id].mark
    }

    pub fn owed_ids(&self, id: &OrderId) -> Vec<String> {
        self.state.lock().orders[id].owed.iter().map(OwedRow::event_id).collect()
    }

    pub fn intents_now(&self) -> Vec<OutboxIntent> {
        self.state.lock().intents.clone()
    }

    /// Writes bob's message as the send path would after its intent; fails where the head moved.
    pub async fn write(&self, id: &OrderId, head: &Head, name: &str, owed: Vec<Owed>) -> Appended {
        self.append(id, head, &[message(id, head, name, name, owed)]).await.unwrap()
    }

    async fn answer(&self) -> Result<(), StoreError> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        match self.down.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("down".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Orders for StoreDouble {
    async fn put_order(&self, _: &NewOrder, _: Timestamp) -> Result<Option<(Order, bool)>, StoreError> {
        Err(StoreError::Invalid("not the relay's".into()))
    }

    async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.answer().await?;
        Ok(self.state.lock().orders.get(id).map(|log| log.order.clone()))
    }
}

#[async_trait]
impl Log for StoreDouble {
    async fn look(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError> {
        self.answer().await?;
        let state = self.state.lock();
        Ok(state.orders.get(order).map(|log| {
            let known = |key: &EntryKey| {
                let entry = log.entries.iter().find(|entry| entry.key == *key)?;
                Some(Known { seq: entry.seq, fingerprint: None })
            };
            Look { head: log.head, known: keys.iter().map(known).collect() }
        }))
    }

    async fn append(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, StoreError> {
        self.answer().await?;
        let mut state = self.state.lock();
        let log = state.orders.get_mut(order).ok_or(StoreError::Invalid("no such order".into()))?;
        let taken = |new: &NewEntry| log.entries.iter().any(|entry| entry.key == new.entry.key);
        if log.head != *head || entries.iter().any(taken) {
            return Ok(Appended::Refused);
        }
        for new in entries {
            assert_eq!(new.entry.seq, log.head.seq.next());
            log.head = Head { seq: new.entry.seq, counts: new.entry.counts, at: new.entry.at, ..log.head };
            log.entries.push(new.entry.clone());
            let row = |owed: &Owed| OwedRow { order: order.clone(), seq: new.entry.seq, owed: owed.clone() };
            log.owed.extend(new.owed.iter().map(row));
        }
        if self.lose_next_answer.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Unknown("lost".into()));
        }
        Ok(Appended::Applied(log.head))
    }

    async fn head(&self, order: &OrderId) -> Result<Option<Head>, StoreError> {
        self.answer().await?;
        Ok(self.state.lock().orders.get(order).map(|log| log.head))
    }

    async fn entries(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.answer().await?;
        let state = self.state.lock();
        let entries = state.orders[order].entries.iter().filter(|entry| entry.seq > after);
        Ok(entries.take(limit).cloned().collect())
    }

    async fn messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.answer().await?;
        let state = self.state.lock();
        let below = state.orders[order].entries.iter().filter(|entry| before.is_none_or(|before| entry.seq < before));
        let made = below.filter(|entry| matches!(entry.body, Body::Message(_) | Body::System(_)));
        let mut messages: Vec<_> = made.rev().take(limit).map(|entry| (*entry.body.messages()[0]).clone()).collect();
        messages.reverse();
        Ok(messages)
    }

    async fn messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Message>, StoreError> {
        self.answer().await?;
        let state = self.state.lock();
        let entries = state.orders[order].entries.iter().filter(|entry| seqs.contains(&entry.seq));
        let made = entries.filter(|entry| matches!(entry.body, Body::Message(_)));
        Ok(made.map(|entry| (*entry.body.messages()[0]).clone()).collect())
    }
}

#[async_trait]
impl Lists for StoreDouble {
    async fn advance(&self, _: &Order, _: &Head, _: Timestamp) -> Result<(), StoreError> {
        Err(StoreError::Invalid("not the relay's".into()))
    }

    async fn list(&self, user: &UserId, limit: usize) -> Result<Vec<ListRow>, StoreError> {
        self.answer().await?;
        let state = self.state.lock();
        let logs = state.orders.values().filter(|log| log.order.side_of(user).is_some());
        let row = |log: &Log1| {
            let side = log.order.side_of(user).unwrap();
            let read = log.reads.get(user).copied().unwrap_or_default();
            let others = log.head.counts.by(side.other());
            ListRow { order: log.order.id.clone(), head: log.head.seq, others, at: Timestamp(0), read }
        };
        Ok(logs.map(row).take(limit).collect())
    }

    async fn stirred(&self, _: Duration, _: usize) -> Result<Vec<(OrderId, Timestamp)>, StoreError> {
        Err(StoreError::Invalid("not the relay's".into()))
    }
}

#[async_trait]
impl Watermarks for StoreDouble {
    async fn raise(&self, _: &OrderId, _: &UserId, _: Option<Mark>, _: Option<Mark>) -> Result<(), StoreError> {
        Err(StoreError::Invalid("not the relay's".into()))
    }

    async fn marks(&self, _: &OrderId, _: &[&UserId]) -> Result<Vec<Marks>, StoreError> {
        Err(StoreError::Invalid("not the relay's".into()))
    }
}

#[async_trait]
impl Outbox for StoreDouble {
    async fn intend(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        self.answer().await?;
        if !self.needs_no_intents {
            self.state.lock().intents.extend_from_slice(intents);
        }
        Ok(())
    }

    async fn intents(
        &self,
        incarnation: &Incarnation,
        minute: i64,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, StoreError> {
        self.answer().await?;
        let state = self.state.lock();
        if self.needs_no_intents {
            let behind = state.orders.values().flat_map(|log| {
                log.owed.iter().find(|row| row.seq > log.mark).map(|row| OutboxIntent {
                    incarnation: incarnation.clone(),
                    minute,
                    shard: OutboxIntent::shard_of(&log.order.id),
                    order: log.order.id.clone(),
                    key: log.entries.iter().find(|entry| entry.seq == row.seq).unwrap().key.clone(),
                    head: Seq(row.seq.0 - 1),
                })
            });
            return Ok(behind.take(limit).collect());
        }
        if self.unreadable.lock().as_ref() == Some(incarnation) {
            return Err(StoreError::Unavailable("no quorum".into()));
        }
        let of_minute = |intent: &&OutboxIntent| intent.incarnation == *incarnation && intent.minute == minute;
        Ok(state.intents.iter().filter(of_minute).take(limit).cloned().collect())
    }

    async fn drop_intents(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        self.answer().await?;
        self.state.lock().intents.retain(|intent| !intents.contains(intent));
        Ok(())
    }

    async fn owed(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, StoreError> {
        self.answer().await?;
        let state = self.state.lock();
        let mut rows = Vec::new();
        for of_entry in state.orders[order].owed.chunk_by(|a, b| a.seq == b.seq) {
            if of_entry[0].seq > after {
                if rows.len() + of_entry.len() > limit {
                    break;
                }
                rows.extend_from_slice(of_entry);
            }
        }
        Ok(rows)
    }

    async fn events_mark(&self, order: &OrderId) -> Result<Seq, StoreError> {
        self.answer().await?;
        Ok(self.state.lock().orders[order].mark)
    }

    async fn raise_events_mark(&self, order: &OrderId, to: Seq) -> Result<(), StoreError> {
        self.answer().await?;
        let mut state = self.state.lock();
        let mark = &mut state.orders.get_mut(order).unwrap().mark;
        *mark = to.max(*mark);
        Ok(())
    }
}

#[async_trait]
impl Heartbeats for StoreDouble {
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        self.answer().await?;
        let mut state = self.state.lock();
        state.heartbeats.retain(|other| other.incarnation != heartbeat.incarnation);
        state.heartbeats.push(heartbeat.clone());
        Ok(())
    }

    fn heartbeat_shards(&self) -> u32 {
        2
    }

    async fn heartbeats(&self, shard: u32) -> Result<Vec<Heartbeat>, StoreError> {
        self.answer().await?;
        if self.state.lock().deaf_shards.contains(&shard) {
            return Err(StoreError::Unavailable("no quorum".into()));
        }
        let mut heartbeats = self.state.lock().heartbeats.clone();
        heartbeats.retain(|heartbeat| shard_of(&heartbeat.incarnation) == shard);
        Ok(heartbeats)
    }

    async fn forget(&self, incarnation: &Incarnation) -> Result<(), StoreError> {
        self.answer().await?;
        self.state.lock().heartbeats.retain(|heartbeat| heartbeat.incarnation != *incarnation);
        Ok(())
    }
}

/// The relay has no business with originals, nor with who looked at them.
fn never<T>() -> Result<T, StoreError> {
    Err(StoreError::Invalid("the relay does not ask for this".into()))
}

#[async_trait]
impl Originals for StoreDouble {
    async fn keep(&self, _rows: &[OriginalRow]) -> Result<(), StoreError> {
        never()
    }

    async fn originals(
        &self,
        _order: &OrderId,
        _after: Option<&OriginalId>,
        _limit: usize,
    ) -> Result<Vec<OriginalRow>, StoreError> {
        never()
    }
}

#[async_trait]
impl Audit for StoreDouble {
    async fn record(&self, _row: &AuditRow) -> Result<(), StoreError> {
        never()
    }

    async fn audit(&self, _before: Option<AuditId>, _limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        never()
    }
}

/// Nor with epochs.
#[async_trait]
impl Epochs for StoreDouble {
    async fn epoch(&self) -> Result<Epoch, StoreError> {
        never()
    }

    async fn is_ours(&self, _order: &OrderId, _epoch: &Epoch, _since: Seq) -> Result<bool, StoreError> {
        never()
    }

    fn began(&self, _epoch: &Epoch) -> Option<Timestamp> {
        None
    }

    async fn begin_epoch(&self, _from: &Epoch) -> Result<Epoch, StoreError> {
        never()
    }
}

/// Counts of what bob wrote so far.
pub fn of_bob(messages: u64) -> Counts {
    Counts { client: 0, contractor: messages }
}
