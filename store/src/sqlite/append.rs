//! Appending to logs, and bringing the indexes after them.

use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::{Connection, OptionalExtension as _, Statement, params};
use souk_chat::log::{Body, EntryKind, Head, Seq};
use souk_chat::owed::Owed;
use souk_chat::ports::store::Appended;
use souk_chat::{Message, NewEntry, OrderId, Timestamp};

use super::fault::Fault;
use super::parties::{Names, Parties};
use super::recent::{Place, Recent};
use super::rows::entry_columns;
use crate::form::{join_pairs, join_seqs, kind, signed, state_number, unsigned};
use crate::plan::{Change, Made, Plan};

/// The statements that write logs, and what the open transaction did to [`Recent`].
pub(crate) struct LogWrite<'c> {
    recent: Arc<RwLock<Recent>>,
    /// Orders of the entries that this transaction added, in order.
    added: Vec<i64>,
    /// What this transaction wrote into the indexes.
    indexed: Vec<(i64, Vec<Place>)>,
    raise_head: Statement<'c>,
    raise_owes: Statement<'c>,
    version: Statement<'c>,
    change: Statement<'c>,
    key: Statement<'c>,
    place: Statement<'c>,
    put_entry: Statement<'c>,
    put_owed: Statement<'c>,
    put_key: Statement<'c>,
    put_place: Statement<'c>,
    first_row: Statement<'c>,
}

impl<'c> LogWrite<'c> {
    /// Prepares the statements.
    pub(crate) fn prepare(connection: &'c Connection, recent: Arc<RwLock<Recent>>) -> Result<Self, Fault> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            recent,
            added: Vec::new(),
            indexed: Vec::new(),
            raise_head: prepare(
                "UPDATE logs SET seq = ?6, state = ?7, client = ?8, contractor = ?9, last_at = ?10, at = ifnull(?11, at)
                 WHERE ord = ?1 AND seq = ?2 AND state = ?3 AND client = ?4 AND contractor = ?5",
            )?,
            raise_owes: prepare("UPDATE logs SET owes = ?2 WHERE ord = ?1")?,
            version: prepare("SELECT version FROM entries WHERE id = ?1")?,
            change: prepare(
                "UPDATE entries SET rev = ?2, version = ?3, content = ?4, edited_at = ?5, moderated = ?6, flags = ?7
                 WHERE id = ?1",
            )?,
            key: prepare("SELECT place FROM keys WHERE log = ?1 AND owner = ?2 AND name = ?3")?,
            place: prepare("SELECT place FROM places WHERE log = ?1 AND number = ?2")?,
            put_entry: prepare(concat!(
                "INSERT INTO entries (ord, fingerprint, ",
                entry_columns!(),
                ", epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                 (SELECT max(number) FROM epochs))"
            ))?,
            put_owed: prepare("INSERT INTO owed (ord, seq, type, about, facts) VALUES (?1, ?2, ?3, ?4, ?5)")?,
            put_key: prepare("INSERT INTO keys (log, owner, name, place) VALUES (?1, ?2, ?3, ?4)")?,
            put_place: prepare("INSERT INTO places (log, number, place) VALUES (?1, ?2, ?3)")?,
            first_row: prepare("UPDATE recent SET first_row = ?1")?,
        })
    }

    /// At the start of a transaction: writes into the indexes what waited for it too long.
    pub(crate) fn begun(&mut self) -> Result<(), Fault> {
        let recent = self.recent.read();
        let overdue = recent.overdue();
        let first = recent.first_row_without(overdue.len());
        drop(recent);
        let Some(last) = overdue.iter().filter_map(|(_, places)| places.last()).map(|place| place.row).max() else {
            return Ok(());
        };
        for (order, places) in &overdue {
            for Place { seq, row, owner, name, .. } in places {
                self.put_place.execute(params![order, signed(*seq)?, row])?;
                self.put_key.execute(params![order, owner, &**name, row])?;
            }
        }
        self.first_row.execute([first.unwrap_or(last + 1)])?;
        self.indexed = overdue;
        Ok(())
    }

    /// After a commit: what the indexes have need not be remembered.
    pub(crate) fn committed(&mut self) {
        self.added.clear();
        if !self.indexed.is_empty() {
            self.recent.write().forget(&self.indexed);
            self.indexed.clear();
        }
    }

    /// After a rollback: what was added never was.
    pub(crate) fn rolled_back(&mut self) {
        self.indexed.clear();
        self.rolled_back_to(0);
    }

    /// How many entries this transaction added.
    pub(crate) fn added(&self) -> usize {
        self.added.len()
    }

    /// After a rollback to the moment when so many entries had been added: those after them never were.
    pub(crate) fn rolled_back_to(&mut self, added: usize) {
        let mut recent = self.recent.write();
        self.added.drain(added..).rev().for_each(|order| recent.take_back(order));
    }

    /// [`Log::append`](souk_chat::ports::Log::append). Checks first, then writes: a refusal leaves nothing behind.
    pub(crate) fn append(
        &mut self,
        names: &mut Names<'_>,
        order: &OrderId,
        head: &Head,
        entries: &[NewEntry],
    ) -> Result<Appended, Fault> {
        let plan = Plan::of(order, head, entries, u64::MAX)?;
        let Some(parties) = names.parties(order)? else { return Ok(Appended::Refused) };
        let mut owners = Vec::with_capacity(entries.len());
        for Made { new, .. } in &plan.made {
            let owner = names.number(Some(&parties), new.entry.key.owner.as_ref())?;
            if self.has_key(&parties, owner, &new.entry.key.id)? {
                return Ok(Appended::Refused);
            }
            owners.push(owner);
        }
        let mut rows = Vec::with_capacity(plan.changes.len());
        for Change { seq, expected, .. } in &plan.changes {
            match self.row_with_version(&parties, *seq, *expected)? {
                Some(row) => rows.push(row),
                None => return Ok(Appended::Refused),
            }
        }
        if !self.raise_head(&parties, head, &plan)? {
            return Ok(Appended::Refused);
        }
        for (made, owner) in plan.made.iter().zip(owners) {
            self.put_entry(names, &parties, made, owner)?;
        }
        for (change, row) in plan.changes.iter().zip(rows) {
            self.change(row, change.message)?;
        }
        Ok(Appended::Applied(plan.head))
    }

    fn has_key(&mut self, parties: &Parties, owner: i64, name: &Arc<str>) -> Result<bool, Fault> {
        if self.recent.read().row_of_key(parties.order, owner, name).is_some() {
            return Ok(true);
        }
        Ok(self.key.exists(params![parties.order, owner, &**name])?)
    }

    /// The row of the message that entry `seq` made, if it has this version.
    fn row_with_version(&mut self, parties: &Parties, seq: Seq, version: u32) -> Result<Option<i64>, Fault> {
        // Only this thread changes what is recent: it may look here and there one after the other.
        let recent = self.recent.read().row(parties.order, seq.0);
        let row = match recent {
            Some(row) => Some(row),
            None => self.place.query_row([parties.order, signed(seq.0)?], |row| row.get(0)).optional()?,
        };
        let Some(row) = row else { return Ok(None) };
        let there: Option<Option<i64>> = self.version.query_row([row], |row| row.get(0)).optional()?;
        Ok((there.flatten() == Some(version.into())).then_some(row))
    }

    fn raise_head(&mut self, parties: &Parties, from: &Head, plan: &Plan<'_>) -> Result<bool, Fault> {
        if from.volume != 0 {
            return Ok(false);
        }
        let to = &plan.head;
        let message = plan.made.iter().rfind(|made| made.message.is_some());
        let raised = self.raise_head.execute(params![
            parties.order,
            signed(from.seq.0)?,
            state_number(from.state),
            signed(from.counts.client)?,
            signed(from.counts.contractor)?,
            signed(to.seq.0)?,
            state_number(to.state),
            signed(to.counts.client)?,
            signed(to.counts.contractor)?,
            to.at.millis(),
            message.map(|made| made.new.entry.at.millis()),
        ])?;
        if raised == 1
            && let Some(owing) = plan.made.iter().rfind(|made| !made.new.owed.is_empty())
        {
            self.raise_owes.execute(params![parties.order, signed(owing.new.entry.seq.0)?])?;
        }
        Ok(raised == 1)
    }

    fn put_entry(
        &mut self,
        names: &mut Names<'_>,
        parties: &Parties,
        made: &Made<'_>,
        owner: i64,
    ) -> Result<(), Fault> {
        let NewEntry { entry, fingerprint, owed } = made.new;
        let targets = match &entry.body {
            Body::Edit(message) => Some(message.seq.to_string()),
            Body::Masking(messages) => Some(join_seqs(messages.iter().map(|message| message.seq))),
            _ => None,
        };
        // NULL where the row says it already: see the schema.
        let message = made.message;
        let sender = match message {
            Some(message) if message.sender != entry.key.owner => {
                Some(names.number(Some(parties), message.sender.as_ref())?)
            }
            _ => None,
        };
        let rev =
            message.filter(|message| message.rev != entry.seq).map(|message| signed(message.rev.0)).transpose()?;
        let own_id = message.and_then(|message| match &message.client_message_id {
            Some(id) if id.as_str() == &*entry.key.id => None,
            other => Some(other.as_ref().map_or("", |id| id.as_str())),
        });
        let row = self.put_entry.insert(params![
            parties.order,
            fingerprint.as_ref().map(|print| print.as_bytes()),
            signed(entry.seq.0)?,
            entry.body.kind() as u8,
            entry.at.millis(),
            signed(entry.counts.client)?,
            signed(entry.counts.contractor)?,
            owner,
            &*entry.key.id,
            targets,
            rev,
            message.map(|message| message.version),
            message.map(|message| &*message.content),
            message.and_then(|message| message.edited_at).map(Timestamp::millis),
            message.map(|message| message.is_moderated),
            message.map(|message| message.flags.bits()),
            sender,
            message.map(|message| message.created_at).filter(|at| *at != entry.at).map(Timestamp::millis),
            own_id,
        ])?;
        let place = Place { seq: entry.seq.0, row, is_message: message.is_some(), owner, name: entry.key.id.clone() };
        self.recent.write().add(parties.order, place);
        self.added.push(parties.order);
        owed.iter().try_for_each(|owed| self.put_owed(parties, entry.seq, owed))
    }

    fn put_owed(&mut self, parties: &Parties, seq: Seq, owed: &Owed) -> Result<(), Fault> {
        let facts = join_pairs(&owed.facts());
        let row = params![parties.order, signed(seq.0)?, owed.event_type().as_str(), &*owed.about(), facts];
        self.put_owed.execute(row)?;
        Ok(())
    }

    fn change(&mut self, row: i64, message: &Message) -> Result<(), Fault> {
        let Message { rev, version, content, edited_at, is_moderated, flags, .. } = message;
        self.change.execute(params![
            row,
            signed(rev.0)?,
            version,
            &**content,
            edited_at.map(Timestamp::millis),
            is_moderated,
            flags.bits(),
        ])?;
        Ok(())
    }
}

/// Reads back what the indexes may not have.
pub(crate) fn load_recent(connection: &Connection, capacity: usize) -> Result<Recent, Fault> {
    let mut recent = Recent::new(capacity);
    let first: i64 = connection.query_row("SELECT first_row FROM recent", [], |row| row.get(0))?;
    let mut rows = connection.prepare(
        "SELECT id, ord, seq, kind, owner, name FROM entries
         WHERE id >= ?1 AND NOT EXISTS (SELECT 1 FROM places WHERE log = ord AND number = seq) ORDER BY id",
    )?;
    let mut rows = rows.query([first])?;
    while let Some(row) = rows.next()? {
        let kind = kind(row.get(3)?)?;
        let place = Place {
            seq: unsigned(row.get(2)?)?,
            row: row.get(0)?,
            is_message: matches!(kind, EntryKind::Message | EntryKind::System),
            owner: row.get(4)?,
            name: row.get(5)?,
        };
        recent.add(row.get(1)?, place);
    }
    Ok(recent)
}
