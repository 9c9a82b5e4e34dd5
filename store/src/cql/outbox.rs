//! Owed events, intents and signs of life.

use std::borrow::Cow;
use std::collections::HashMap;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use scylla::statement::prepared::PreparedStatement;
use souk_chat::log::Seq;
use souk_chat::ports::store::{Heartbeat, Heartbeats, Incarnation, Outbox, OutboxIntent, StoreError};
use souk_chat::{EventType, OrderId, Owed, OwedRow};

use super::answer::unreadable;
use super::look::Sight;
use super::schema::stored;
use super::{Cql, CqlBatch};
use crate::form::{broken, key_name, key_of, seq, signed, split_pairs, unsigned};

/// Buckets that signs of life are spread over, beside bucket 0.
const BUCKETS: u32 = 16;
/// Most rows that one request asks for.
const ROWS: usize = 500;

#[async_trait]
impl Outbox for Cql {
    async fn intend(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        self.write_intents(&self.statements.put_intent, intents).await
    }

    async fn intents(
        &self,
        incarnation: &Incarnation,
        minute: i64,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let shards = (0..=OutboxIntent::SHARDS).map(|shard| self.intents_in(incarnation, minute, shard, limit));
        let mut found: Vec<OutboxIntent> = try_join_all(shards).await?.into_iter().flatten().collect();
        found.truncate(limit);
        Ok(found)
    }

    async fn drop_intents(&self, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        self.write_intents(&self.statements.drop_intent, intents).await
    }

    async fn owed(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, StoreError> {
        let mut found: Vec<OwedRow> = Vec::new();
        let mut last = after.0;
        while found.len() < limit {
            let Some(volume) = self.volumes.of(last.saturating_add(1)) else { break };
            let end = self.volumes.end(volume);
            let most = ROWS.min(limit - found.len());
            let rows = self.owed_in(order, volume, (last, end), most).await?;
            let is_all = rows.len() < most;
            found.extend(rows);
            if !is_all {
                // The last entry may owe more than was asked for.
                last = found.last().map_or(end, |row| row.seq.0);
                found.retain(|row| row.seq.0 < last);
                found.extend(self.owed_in(order, volume, (last - 1, last), usize::MAX).await?);
                continue;
            }
            // Rows have holes between them: only the head tells whether the next volume can hold any.
            match self.see(order, volume, &[], Sight::Quorum).await? {
                Some(seen) if seen.head.seq.0 >= end => last = end,
                _ => break,
            }
        }
        Ok(found)
    }

    async fn events_mark(&self, order: &OrderId) -> Result<Seq, StoreError> {
        self.read_events_mark(order).await
    }

    async fn raise_events_mark(&self, order: &OrderId, to: Seq) -> Result<(), StoreError> {
        let to = signed(to.0)?;
        self.write(&self.statements.raise_events, (to, to, order.as_str())).await
    }
}

/// Where intents of this part stand.
fn place(incarnation: &Incarnation, shard: u8) -> Cow<'_, str> {
    match shard {
        0 => Cow::Borrowed(&*incarnation.0),
        shard => Cow::Owned(format!("{}/{shard}", incarnation.0)),
    }
}

/// The bucket of a process's sign of life, from 1 to [`BUCKETS`]. The same on every node and in every version.
fn bucket(incarnation: &Incarnation) -> i8 {
    let sum: u32 = incarnation.0.bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    i8::try_from(sum % BUCKETS).unwrap_or_default() + 1
}

impl Cql {
    async fn intents_in(
        &self,
        incarnation: &Incarnation,
        minute: i64,
        shard: u8,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, StoreError> {
        let most = i32::try_from(limit).unwrap_or(i32::MAX);
        let rows = self.select(&self.statements.intents, (&*place(incarnation, shard), minute, most)).await?;
        let rows = rows.rows::<(&str, &str, i64)>().map_err(unreadable)?;
        rows.map(|row| {
            let (order, key, head) = row.map_err(unreadable)?;
            Ok(OutboxIntent {
                incarnation: incarnation.clone(),
                minute,
                shard,
                order: OrderId::new(order).map_err(|_| broken("an order id"))?,
                key: key_of(key)?,
                head: seq(head)?,
            })
        })
        .collect()
    }

    /// Writes or drops intents, those of one partition in one request.
    async fn write_intents(&self, statement: &PreparedStatement, intents: &[OutboxIntent]) -> Result<(), StoreError> {
        let mut partitions: HashMap<(&Incarnation, i64, u8), CqlBatch<'_>> = HashMap::new();
        for intent in intents {
            let OutboxIntent { incarnation, minute, shard, order, key, head } = intent;
            let values = (place(incarnation, *shard), *minute, order.as_str(), key_name(key), signed(head.0)?);
            partitions.entry((incarnation, *minute, *shard)).or_insert_with(CqlBatch::new).add(statement, values);
        }
        let session = self.session();
        try_join_all(partitions.values().map(|batch| batch.send(&session))).await?;
        Ok(())
    }

    /// Owed rows of the entries after the first and up to the second number, all of one volume.
    async fn owed_in(
        &self,
        order: &OrderId,
        volume: u32,
        (after, to): (u64, u64),
        most: usize,
    ) -> Result<Vec<OwedRow>, StoreError> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let values = (order.as_str(), stored(volume)?, signed(after)?, signed(to)?, most);
        let rows = self.select(&self.statements.owed, values).await?;
        let rows = rows.rows::<(i64, &str, &str)>().map_err(unreadable)?;
        rows.map(|row| {
            let (number, name, facts) = row.map_err(unreadable)?;
            let owed = name
                .split_once('#')
                .and_then(|(event, about)| Owed::from_facts(EventType::parse(event)?, about, &split_pairs(facts)?));
            let owed = owed.ok_or_else(|| broken("an owed event"))?;
            Ok(OwedRow { order: order.clone(), seq: seq(number)?, owed })
        })
        .collect()
    }
}

#[async_trait]
impl Heartbeats for Cql {
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<(), StoreError> {
        let Heartbeat { incarnation, beat, oldest_minute, minute } = heartbeat;
        let values = (bucket(incarnation), &*incarnation.0, signed(*beat)?, oldest_minute, minute);
        self.write(&self.statements.beat, values).await
    }

    fn heartbeat_shards(&self) -> u32 {
        BUCKETS + 1
    }

    async fn heartbeats(&self, shard: u32) -> Result<Vec<Heartbeat>, StoreError> {
        let bucket = i8::try_from(shard).map_err(|_| StoreError::Invalid(format!("there is no bucket {shard}")))?;
        let rows = self.select(&self.statements.heartbeats, (bucket,)).await?;
        let rows = rows.rows::<(&str, i64, i64, i64)>().map_err(unreadable)?;
        rows.map(|row| {
            let (incarnation, beat, oldest_minute, minute) = row.map_err(unreadable)?;
            Ok(Heartbeat { incarnation: Incarnation(incarnation.into()), beat: unsigned(beat)?, oldest_minute, minute })
        })
        .collect()
    }

    async fn forget(&self, incarnation: &Incarnation) -> Result<(), StoreError> {
        // 0: where an earlier build would have left it.
        self.write(&self.statements.forget, (vec![0, bucket(incarnation)], &*incarnation.0)).await
    }
}
