//! Owed events and signs of life.

use rusqlite::params;
use souk_chat::log::Seq;
use souk_chat::ports::store::{Heartbeat, Incarnation, OutboxIntent};
use souk_chat::{EventType, OrderId, Owed, OwedRow};

use super::fault::Fault;
use super::read::{Read, order_id};
use super::rows::bound;
use super::write::Write;
use crate::form::{broken, seq, signed, split_pairs, unsigned};

// The first entry above the mark that owes something stands for all of them.
pub(super) const OWING: &str = "
SELECT o.name, (SELECT min(seq) FROM owed WHERE ord = l.ord AND seq > l.events)
FROM logs l JOIN orders o ON o.id = l.ord WHERE l.owes > l.events LIMIT ?1";

impl Read<'_> {
    /// [`Outbox::intents`](souk_chat::ports::Outbox::intents): orders with owed rows above their mark, whatever the minute.
    pub(crate) fn intents(
        &mut self,
        asked: &Incarnation,
        minute: i64,
        limit: usize,
    ) -> Result<Vec<OutboxIntent>, Fault> {
        let mut rows = self.owing.query([bound(limit)])?;
        let mut found: Vec<(OrderId, Seq)> = Vec::new();
        while let Some(row) = rows.next()? {
            let order = order_id(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
            found.push((order, seq(row.get(1)?)?));
        }
        drop(rows);
        let mut intents = Vec::with_capacity(found.len());
        for (order, owing) in found {
            let key = self.key(&order, owing)?.ok_or_else(|| broken("an owed event of no entry"))?;
            let head = Seq(owing.0.saturating_sub(1));
            let shard = OutboxIntent::shard_of(&order);
            intents.push(OutboxIntent { incarnation: asked.clone(), minute, shard, order, key, head });
        }
        Ok(intents)
    }

    /// [`Outbox::owed`](souk_chat::ports::Outbox::owed).
    pub(crate) fn owed(&mut self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<OwedRow>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(Vec::new()) };
        let mut rows = self.owed.query(params![parties.order, signed(after.0)?])?;
        let mut found: Vec<OwedRow> = Vec::new();
        while let Some(row) = rows.next()? {
            let owing = seq(row.get(0)?)?;
            if found.len() >= limit && found.last().is_some_and(|last| last.seq != owing) {
                break;
            }
            let texts: (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let owed = EventType::parse(&texts.0)
                .zip(split_pairs(&texts.2))
                .and_then(|(event, facts)| Owed::from_facts(event, &texts.1, &facts))
                .ok_or_else(|| broken("an owed event"))?;
            found.push(OwedRow { order: order.clone(), seq: owing, owed });
        }
        Ok(found)
    }

    /// [`Outbox::events_mark`](souk_chat::ports::Outbox::events_mark).
    pub(crate) fn events_mark(&mut self, order: &OrderId) -> Result<Seq, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(Seq::ZERO) };
        let mark: i64 = self.events.query_row([parties.order], |row| row.get(0))?;
        Ok(seq(mark)?)
    }

    /// [`Heartbeats::heartbeats`](souk_chat::ports::Heartbeats::heartbeats).
    pub(crate) fn heartbeats(&mut self) -> Result<Vec<Heartbeat>, Fault> {
        let mut rows = self.heartbeats.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Heartbeat {
                incarnation: Incarnation(row.get(0)?),
                beat: unsigned(row.get(1)?)?,
                oldest_minute: row.get(2)?,
                minute: row.get(3)?,
            });
        }
        Ok(found)
    }
}

impl Write<'_> {
    /// [`Outbox::raise_events_mark`](souk_chat::ports::Outbox::raise_events_mark).
    pub(crate) fn raise_events(&mut self, order: &OrderId, to: Seq) -> Result<(), Fault> {
        let parties = self.parties(order)?;
        self.raise_events.execute(params![parties.order, signed(to.0)?])?;
        Ok(())
    }

    /// [`Heartbeats::beat`](souk_chat::ports::Heartbeats::beat).
    pub(crate) fn beat(&mut self, beat: &Heartbeat) -> Result<(), Fault> {
        let Heartbeat { incarnation, beat, oldest_minute, minute } = beat;
        self.beat.execute(params![&*incarnation.0, signed(*beat)?, oldest_minute, minute])?;
        Ok(())
    }

    /// [`Heartbeats::forget`](souk_chat::ports::Heartbeats::forget).
    pub(crate) fn forget(&mut self, incarnation: &Incarnation) -> Result<(), Fault> {
        self.forget.execute([&*incarnation.0])?;
        Ok(())
    }
}
