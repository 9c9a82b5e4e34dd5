//! What the one writing thread does to the database. Every function here runs inside a transaction that others share: it
//! checks first and writes only what will stand, or fails the transaction.

use rusqlite::{Connection, OptionalExtension as _, Statement, params};
use souk_chat::log::{Body, Head, Seq};
use souk_chat::owed::Owed;
use souk_chat::ports::store::{Appended, StoreError};
use souk_chat::{Mark, Message, NewEntry, NewOrder, Order, OrderId, OrderStatus, Timestamp, UserId};

use super::fault::Fault;
use super::parties::{Names, Parties};
use super::read::{ORDER, read_order};
use crate::form::{chat_kind, join_pairs, join_seqs, signed, state_number};
use crate::plan::{Change, Made, Plan};

/// The writing connection's statements, prepared once.
pub(crate) struct Write<'c> {
    pub(crate) begin: Statement<'c>,
    pub(crate) commit: Statement<'c>,
    pub(crate) rollback: Statement<'c>,
    names: Names<'c>,
    order: Statement<'c>,
    put_order: Statement<'c>,
    change_order: Statement<'c>,
    make_log: Statement<'c>,
    raise_head: Statement<'c>,
    raise_owes: Statement<'c>,
    pub(super) raise_events: Statement<'c>,
    version: Statement<'c>,
    change: Statement<'c>,
    put_key: Statement<'c>,
    drop_key: Statement<'c>,
    put_entry: Statement<'c>,
    put_owed: Statement<'c>,
    raise_marks: Statement<'c>,
    pub(super) beat: Statement<'c>,
    pub(super) forget: Statement<'c>,
}

impl<'c> Write<'c> {
    /// Prepares the statements.
    pub(crate) fn prepare(connection: &'c Connection) -> Result<Self, Fault> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            rollback: prepare("ROLLBACK")?,
            names: Names::prepare(connection)?,
            order: prepare(ORDER)?,
            put_order: prepare(
                "INSERT INTO orders (name, client, contractor, title, status, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            change_order: prepare(
                "UPDATE orders SET title = ifnull(?2, title), status = ifnull(?3, status) WHERE name = ?1",
            )?,
            make_log: prepare(
                "INSERT INTO logs (ord, seq, state, client, contractor, at, owes, events) VALUES (?1, 0, 0, 0, 0, ?2, 0, 0)",
            )?,
            raise_head: prepare(
                "UPDATE logs SET seq = ?6, state = ?7, client = ?8, contractor = ?9, at = ?10
                 WHERE ord = ?1 AND seq = ?2 AND state = ?3 AND client = ?4 AND contractor = ?5",
            )?,
            raise_owes: prepare("UPDATE logs SET owes = ?2 WHERE ord = ?1")?,
            raise_events: prepare("UPDATE logs SET events = ?2 WHERE ord = ?1 AND events < ?2")?,
            version: prepare("SELECT version FROM entries WHERE id = ?1")?,
            change: prepare(
                "UPDATE entries SET rev = ?2, version = ?3, content = ?4, edited_at = ?5, moderated = ?6, flags = ?7
                 WHERE id = ?1",
            )?,
            put_key: prepare(
                "INSERT INTO keys (ord, owner, name, seq, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )?,
            drop_key: prepare("DELETE FROM keys WHERE ord = ?1 AND owner = ?2 AND name = ?3")?,
            put_entry: prepare(concat!(
                "INSERT INTO entries (",
                super::rows::entry_columns!(),
                ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
            ))?,
            put_owed: prepare("INSERT INTO owed (ord, seq, type, about, facts) VALUES (?1, ?2, ?3, ?4, ?5)")?,
            raise_marks: prepare(RAISE_MARKS)?,
            beat: prepare(
                "INSERT INTO heartbeats (incarnation, beat, oldest_minute, minute) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET beat = ?2, oldest_minute = ?3, minute = ?4",
            )?,
            forget: prepare("DELETE FROM heartbeats WHERE incarnation = ?1")?,
        })
    }

    /// After a rollback: rows that were found may be gone.
    pub(crate) fn rolled_back(&mut self) {
        self.names.forget();
    }

    /// [`Orders::put_order`](souk_chat::ports::Orders::put_order).
    pub(crate) fn put_order(&mut self, new: &NewOrder, at: Timestamp) -> Result<Option<(Order, bool)>, Fault> {
        if let Some(there) = read_order(&mut self.order, &new.id)? {
            if (&there.client, &there.contractor) != (&new.client, &new.contractor) {
                return Ok(None);
            }
            let status = new.status.map(OrderStatus::as_str);
            if new.title.is_none() && status.is_none() {
                return Ok(Some((there, false)));
            }
            self.change_order.execute(params![new.id.as_str(), new.title.as_deref(), status])?;
            return Ok(read_order(&mut self.order, &new.id)?.map(|order| (order, false)));
        }
        let order = Order {
            id: new.id.clone(),
            kind: chat_kind(&new.id),
            client: new.client.clone(),
            contractor: new.contractor.clone(),
            title: new.title.clone(),
            status: new.status.unwrap_or_default(),
            created_at: at,
        };
        let client = self.names.number(None, Some(&new.client))?;
        let contractor = self.names.number(None, Some(&new.contractor))?;
        let title = new.title.as_deref();
        let number = self.put_order.insert(params![
            new.id.as_str(),
            client,
            contractor,
            title,
            order.status.as_str(),
            at.millis()
        ])?;
        self.make_log.execute(params![number, at.millis()])?;
        Ok(Some((order, true)))
    }

    /// [`Log::append`](souk_chat::ports::Log::append).
    pub(crate) fn append(&mut self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, Fault> {
        let plan = Plan::of(order, head, entries, u64::MAX)?;
        let Some(parties) = self.names.parties(order)? else {
            return Ok(Appended::Refused);
        };
        for Change { seq, expected, .. } in &plan.changes {
            let version: Option<Option<i64>> =
                self.version.query_row([parties.row(seq.0)?], |row| row.get(0)).optional()?;
            if version.flatten() != Some(i64::from(*expected)) {
                return Ok(Appended::Refused);
            }
        }
        let mut owners = Vec::with_capacity(entries.len());
        for Made { new, .. } in &plan.made {
            let owner = self.names.number(Some(&parties), new.entry.key.owner.as_ref())?;
            let fingerprint = new.fingerprint.as_ref().map(|print| print.as_bytes());
            let name = &*new.entry.key.id;
            let row = params![parties.order, owner, name, signed(new.entry.seq.0)?, fingerprint];
            if self.put_key.execute(row)? == 0 {
                return self.refuse(&parties, &plan, &owners);
            }
            owners.push(owner);
        }
        if !self.raise_head(&parties, head, &plan)? {
            return self.refuse(&parties, &plan, &owners);
        }
        for (made, owner) in plan.made.iter().zip(owners) {
            self.put_entry(&parties, made, owner)?;
        }
        for change in &plan.changes {
            self.change(&parties, change)?;
        }
        Ok(Appended::Applied(plan.head))
    }

    /// Takes back the keys written so far: nothing else has been.
    fn refuse(&mut self, parties: &Parties, plan: &Plan<'_>, owners: &[i64]) -> Result<Appended, Fault> {
        for (made, owner) in plan.made.iter().zip(owners) {
            self.drop_key.execute(params![parties.order, owner, &*made.new.entry.key.id])?;
        }
        Ok(Appended::Refused)
    }

    fn raise_head(&mut self, parties: &Parties, from: &Head, plan: &Plan<'_>) -> Result<bool, Fault> {
        if from.volume != 0 {
            return Ok(false);
        }
        let (to, last) = (&plan.head, plan.made.last().expect("a plan has an entry"));
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
            last.new.entry.at.millis(),
        ])?;
        if raised == 1
            && let Some(owing) = plan.made.iter().rfind(|made| !made.new.owed.is_empty())
        {
            self.raise_owes.execute(params![parties.order, signed(owing.new.entry.seq.0)?])?;
        }
        Ok(raised == 1)
    }

    fn put_entry(&mut self, parties: &Parties, made: &Made<'_>, owner: i64) -> Result<(), Fault> {
        let NewEntry { entry, owed, .. } = made.new;
        let targets = match &entry.body {
            Body::Edit(message) => Some(message.seq.to_string()),
            Body::Masking(messages) => Some(join_seqs(messages.iter().map(|message| message.seq))),
            _ => None,
        };
        // NULL where the row says it already: see the schema.
        let message = made.message;
        let sender = match message {
            Some(message) if message.sender != entry.key.owner => {
                Some(self.names.number(Some(parties), message.sender.as_ref())?)
            }
            _ => None,
        };
        let rev =
            message.filter(|message| message.rev != entry.seq).map(|message| signed(message.rev.0)).transpose()?;
        let own_id = message.and_then(|message| match &message.client_message_id {
            Some(id) if id.as_str() == &*entry.key.id => None,
            other => Some(other.as_ref().map_or("", |id| id.as_str())),
        });
        self.put_entry.execute(params![
            parties.row(entry.seq.0)?,
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
        owed.iter().try_for_each(|owed| self.put_owed(parties, entry.seq, owed))
    }

    fn put_owed(&mut self, parties: &Parties, seq: Seq, owed: &Owed) -> Result<(), Fault> {
        let row =
            params![parties.order, signed(seq.0)?, owed.event_type().as_str(), owed.about(), join_pairs(&owed.facts())];
        self.put_owed.execute(row)?;
        Ok(())
    }

    fn change(&mut self, parties: &Parties, change: &Change<'_>) -> Result<(), Fault> {
        let Message { rev, version, content, edited_at, is_moderated, flags, .. } = change.message;
        self.change.execute(params![
            parties.row(change.seq.0)?,
            signed(rev.0)?,
            version,
            &**content,
            edited_at.map(Timestamp::millis),
            is_moderated,
            flags.bits(),
        ])?;
        Ok(())
    }

    /// [`Watermarks::raise`](souk_chat::ports::Watermarks::raise).
    pub(crate) fn raise_marks(
        &mut self,
        order: &OrderId,
        user: &UserId,
        delivered: Option<Mark>,
        read: Option<Mark>,
    ) -> Result<(), Fault> {
        let parties = self.parties(order)?;
        let user = self.names.number(Some(&parties), Some(user))?;
        let (delivered, read) = (delivered.unwrap_or_default(), read.unwrap_or_default());
        self.raise_marks.execute(params![
            parties.order,
            user,
            signed(delivered.seq.0)?,
            signed(delivered.others)?,
            signed(read.seq.0)?,
            signed(read.others)?,
        ])?;
        Ok(())
    }

    pub(super) fn parties(&mut self, order: &OrderId) -> Result<Parties, Fault> {
        let none = || StoreError::Invalid(format!("there is no order {order}")).into();
        self.names.parties(order)?.ok_or_else(none)
    }
}

// A mark is its number and its count together: both are taken, or neither.
const RAISE_MARKS: &str = "
INSERT INTO marks (ord, user, delivered, delivered_others, read, read_others) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET
    delivered_others = iif(?3 > delivered, ?4, delivered_others), delivered = max(delivered, ?3),
    read_others = iif(?5 > read, ?6, read_others), read = max(read, ?5)
WHERE ?3 > delivered OR ?5 > read";
