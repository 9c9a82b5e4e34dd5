//! Reading logs. Each function sees one state of its order: see [`recent`](super::recent) for how.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};
use souk_chat::log::{Counts, Entry, EntryKey, Head, Seq};
use souk_chat::ports::store::{Known, Look, StoreError};
use souk_chat::{Fingerprint, Message, OrderId, Timestamp};

use super::fault::Fault;
use super::parties::Parties;
use super::read::Read;
use super::rows::{EntryRow, bound};
use crate::form::{broken, seq, signed, state, unsigned};

/// How often a read begins again because the log was written in between. Each time is rare; always is a log that makes no whole.
const VIEW_ATTEMPTS: usize = 1_000;

/// One state of an order's log.
pub(crate) struct View {
    parties: Parties,
    head: Head,
    /// The entries that may not be in the indexes of this state: number, row, whether they made a message. Without holes, up to
    /// the head; the indexes have all before the first.
    recent: Vec<(u64, i64, bool)>,
    /// Rows of the asked keys, where they are recent.
    keyed: Vec<Option<i64>>,
}

impl View {
    /// The first entry that may not be in the indexes.
    fn first_recent(&self) -> u64 {
        self.recent.first().map_or(u64::MAX, |(first, ..)| *first)
    }

    fn recent_row(&self, seq: Seq) -> Option<i64> {
        let index = usize::try_from(seq.0.checked_sub(self.first_recent())?).ok()?;
        self.recent.get(index).map(|(_, row, _)| *row)
    }
}

impl Read<'_> {
    /// Runs `work` on one state of the order's log; `None`: no such order.
    pub(super) fn view<T>(
        &mut self,
        order: &OrderId,
        keys: &[EntryKey],
        work: impl FnOnce(&mut Self, &View) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Some(parties) = self.names.parties(order)? else { return Ok(None) };
        let mut owners = Vec::with_capacity(keys.len());
        for key in keys {
            owners.push(self.names.known(Some(&parties), key.owner.as_ref())?);
        }
        for _ in 0..VIEW_ATTEMPTS {
            let now = self.recent.read();
            let rollbacks = now.rollbacks();
            let mut recent = now.of(parties.order);
            let keyed = keys.iter().zip(&owners);
            let keyed = keyed.map(|(key, owner)| now.row_of_key(parties.order, (*owner)?, &key.id)).collect();
            drop(now);
            let snapshot = self.connection.unchecked_transaction()?;
            let Some(head) = self.head_of(&parties)? else { return Ok(None) };
            if self.recent.read().rollbacks() != rollbacks || !self.reaches(&parties, &recent, &head)? {
                continue;
            }
            recent.truncate(recent.partition_point(|(seq, ..)| *seq <= head.seq.0));
            let done = work(self, &View { parties, head, recent, keyed });
            drop(snapshot);
            return done.map(Some);
        }
        Err(StoreError::Unavailable(format!("no moment of the log of {order} makes a whole")).into())
    }

    /// Whether this snapshot and what was recent before it make a whole. An entry that was added between the two is in neither,
    /// though the snapshot's head counts it: its key would be told to be absent, and a log to end before its head.
    fn reaches(&mut self, parties: &Parties, recent: &[(u64, i64, bool)], head: &Head) -> Result<bool, Fault> {
        if head.seq == Seq::ZERO || recent.last().is_some_and(|(last, ..)| *last >= head.seq.0) {
            return Ok(true);
        }
        // An order is moved into the indexes as a whole: what has its last entry has all of them.
        Ok(self.log.place.exists([parties.order, signed(head.seq.0)?])?)
    }

    fn head_of(&mut self, parties: &Parties) -> Result<Option<Head>, Fault> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
        let row = self.log.head.query_row([parties.order], read);
        let Some((last, chat, client, contractor, at)) = row.optional()? else { return Ok(None) };
        let counts = Counts { client: unsigned(client)?, contractor: unsigned(contractor)? };
        Ok(Some(Head { seq: seq(last)?, state: state(chat)?, counts, volume: 0, at: Timestamp(at) }))
    }

    /// [`Log::head`](souk_chat::ports::Log::head).
    pub(crate) fn head(&mut self, order: &OrderId) -> Result<Option<Head>, Fault> {
        match self.names.parties(order)? {
            Some(parties) => self.head_of(&parties),
            None => Ok(None),
        }
    }

    /// [`Log::look`](souk_chat::ports::Log::look).
    pub(crate) fn look(&mut self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, Fault> {
        self.view(order, keys, |read, view| {
            let asked = keys.iter().zip(&view.keyed);
            let known = asked.map(|(key, recent)| read.known(view, key, *recent)).collect::<Result<_, _>>()?;
            Ok(Look { head: view.head, known })
        })
    }

    fn known(&mut self, view: &View, key: &EntryKey, recent: Option<i64>) -> Result<Option<Known>, Fault> {
        let Some(owner) = self.names.known(Some(&view.parties), key.owner.as_ref())? else { return Ok(None) };
        let row: Option<i64> = match recent {
            Some(row) => Some(row),
            None => {
                let asked = params![view.parties.order, owner, &*key.id];
                self.log.key.query_row(asked, |row| row.get(0)).optional()?
            }
        };
        let Some(row) = row else { return Ok(None) };
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
        // A recent key whose entry is not in this state is not committed in it.
        let Some((made, print)) = self.log.known.query_row([row], read).optional()? else { return Ok(None) };
        let print = print.map(|bytes| Fingerprint::from_bytes(&bytes).ok_or_else(|| broken("a fingerprint")));
        Ok(Some(Known { seq: seq(made)?, fingerprint: print.transpose()? }))
    }

    /// [`Log::entries`](souk_chat::ports::Log::entries).
    pub(crate) fn entries(&mut self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, Fault> {
        let entries = self.view(order, &[], |read, view| {
            let rows = read.entry_rows(order, view, after, limit)?;
            let mut messages: BTreeMap<Seq, Arc<Message>> =
                rows.iter().filter_map(|row| Some((row.seq, row.message.clone()?))).collect();
            let mut now = |target: Seq| {
                if let Some(message) = messages.get(&target) {
                    return Ok(message.clone());
                }
                let message = read.message(order, view, target)?;
                let message = message.ok_or_else(|| broken("a change of what is no message"))?;
                messages.insert(target, message.clone());
                Ok(message)
            };
            rows.into_iter().map(|row| row.finish(&mut now)).collect()
        });
        Ok(entries?.unwrap_or_default())
    }

    fn entry_rows(&mut self, order: &OrderId, view: &View, after: Seq, limit: usize) -> Result<Vec<EntryRow>, Fault> {
        let mut found = Vec::new();
        // Nothing is looked for in the indexes that is surely not in them, or in memory as well.
        if after >= view.head.seq {
            return Ok(found);
        }
        if after.0 + 1 < view.first_recent() {
            let mut rows = self.log.entries.query(params![view.parties.order, signed(after.0)?, bound(limit)])?;
            while let Some(row) = rows.next()? {
                found.push(EntryRow::read(row, order, &view.parties, &mut self.names)?);
            }
        }
        let last = found.last().map_or(after, |row: &EntryRow| row.seq);
        let left = view.recent.iter().skip_while(|(seq, ..)| *seq <= last.0).take(limit - found.len());
        for (_, row, _) in left {
            found.push(self.entry(order, view, *row)?);
        }
        Ok(found)
    }

    /// [`Log::messages_before`](souk_chat::ports::Log::messages_before).
    pub(crate) fn messages_before(
        &mut self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Arc<Message>>, Fault> {
        let messages = self.view(order, &[], |read, view| {
            let before = before.map_or(u64::MAX, |seq| seq.0);
            let mut found = Vec::new();
            let recent = view.recent.iter().rev().filter(|(seq, _, is_message)| *seq < before && *is_message);
            for (_, row, _) in recent.take(limit) {
                found.extend(read.entry(order, view, *row)?.message);
            }
            let below = before.min(view.first_recent()).min(view.head.seq.0 + 1);
            if below > 1 && found.len() < limit {
                let left = bound(limit - found.len());
                let mut rows = read.log.messages_before.query(params![view.parties.order, signed(below)?, left])?;
                while let Some(row) = rows.next()? {
                    found.extend(EntryRow::read(row, order, &view.parties, &mut read.names)?.message);
                }
            }
            found.reverse();
            Ok(found)
        });
        Ok(messages?.unwrap_or_default())
    }

    /// [`Log::messages`](souk_chat::ports::Log::messages).
    pub(crate) fn messages(&mut self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Arc<Message>>, Fault> {
        let mut seqs = seqs.to_vec();
        seqs.sort_unstable();
        seqs.dedup();
        let messages = self.view(order, &[], |read, view| {
            let mut found = Vec::with_capacity(seqs.len());
            for seq in seqs {
                found.extend(read.message(order, view, seq)?);
            }
            Ok(found)
        });
        Ok(messages?.unwrap_or_default())
    }

    fn message(&mut self, order: &OrderId, view: &View, seq: Seq) -> Result<Option<Arc<Message>>, Fault> {
        match self.row(view, seq)? {
            Some(row) => Ok(self.entry(order, view, row)?.message),
            None => Ok(None),
        }
    }

    /// The row of entry `seq`; `None`: there is none.
    pub(super) fn row(&mut self, view: &View, seq: Seq) -> Result<Option<i64>, Fault> {
        if seq > view.head.seq {
            return Ok(None);
        }
        match view.recent_row(seq) {
            Some(row) => Ok(Some(row)),
            None => {
                let place = self.log.place.query_row([view.parties.order, signed(seq.0)?], |row| row.get(0));
                Ok(place.optional()?)
            }
        }
    }

    fn entry(&mut self, order: &OrderId, view: &View, row: i64) -> Result<EntryRow, Fault> {
        let mut rows = self.log.entry.query([row])?;
        let row = rows.next()?.ok_or_else(|| broken("a log with a hole"))?;
        EntryRow::read(row, order, &view.parties, &mut self.names)
    }

    /// The key of entry `seq`.
    pub(super) fn key(&mut self, order: &OrderId, seq: Seq) -> Result<Option<EntryKey>, Fault> {
        let key = self.view(order, &[], |read, view| match read.row(view, seq)? {
            Some(row) => Ok(Some(read.entry(order, view, row)?.key)),
            None => Ok(None),
        });
        Ok(key?.flatten())
    }
}
