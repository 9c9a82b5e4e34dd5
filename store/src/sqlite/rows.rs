//! Rows of `entries`, to and from the domain's types.

use std::sync::Arc;

use rusqlite::Row;
use souk_chat::log::{Body, Counts, Entry, EntryKey, EntryKind, Seq};
use souk_chat::{Categories, ClientMessageId, Message, OrderId, Timestamp};

use super::fault::Fault;
use super::parties::{Names, Parties};
use crate::form::{broken, kind, seq, split_seqs, unsigned};

/// The columns that [`EntryRow::read`] expects, in its order.
macro_rules! entry_columns {
    () => {
        "seq, kind, at, client, contractor, owner, name, targets, rev, version, content, edited_at, moderated, flags, \
         sender, created_at, client_message_id"
    };
}
pub(crate) use entry_columns;

/// An entry as its row tells it: the messages it changed are numbers still.
pub(crate) struct EntryRow {
    pub(crate) seq: Seq,
    pub(crate) kind: EntryKind,
    pub(crate) key: EntryKey,
    at: Timestamp,
    counts: Counts,
    /// The message it made.
    pub(crate) message: Option<Arc<Message>>,
    /// The messages it changed.
    pub(crate) targets: Vec<Seq>,
}

impl EntryRow {
    /// Reads a row of [`entry_columns`].
    pub(crate) fn read(
        row: &Row<'_>,
        order: &OrderId,
        parties: &Parties,
        names: &mut Names<'_>,
    ) -> Result<Self, Fault> {
        let number = seq(row.get(0)?)?;
        let owner_number: i64 = row.get(5)?;
        let name: String = row.get(6)?;
        let mut entry = Self {
            seq: number,
            kind: kind(row.get(1)?)?,
            key: EntryKey { owner: names.name(parties, owner_number)?, id: name.into() },
            at: Timestamp(row.get(2)?),
            counts: Counts { client: unsigned(row.get(3)?)?, contractor: unsigned(row.get(4)?)? },
            message: None,
            targets: match row.get::<_, Option<String>>(7)? {
                Some(targets) => split_seqs(&targets)?,
                None => Vec::new(),
            },
        };
        if matches!(entry.kind, EntryKind::Message | EntryKind::System) {
            entry.message = Some(Arc::new(entry.read_message(row, order, parties, names)?));
        }
        Ok(entry)
    }

    fn read_message(
        &self,
        row: &Row<'_>,
        order: &OrderId,
        parties: &Parties,
        names: &mut Names<'_>,
    ) -> Result<Message, Fault> {
        let own_id = |text: &str| ClientMessageId::new(text).map(Some).map_err(|_| broken("a client message id"));
        let client_message_id = match row.get_ref(16)?.as_str_or_null().map_err(rusqlite::Error::from)? {
            None => own_id(&self.key.id)?,
            Some("") => None,
            Some(text) => own_id(text)?,
        };
        let sender = match row.get::<_, Option<i64>>(14)? {
            None => self.key.owner.clone(),
            Some(number) => names.name(parties, number)?,
        };
        let number = |value: i64| u32::try_from(value).map_err(|_| broken("a version"));
        Ok(Message {
            order: order.clone(),
            seq: self.seq,
            rev: row.get::<_, Option<i64>>(8)?.map(unsigned).transpose()?.map_or(self.seq, Seq),
            version: number(row.get(9)?)?,
            sender,
            content: row.get::<_, Arc<str>>(10)?,
            edited_at: row.get::<_, Option<i64>>(11)?.map(Timestamp),
            is_moderated: row.get(12)?,
            flags: Categories::from_bits(row.get(13)?),
            created_at: Timestamp(row.get::<_, Option<i64>>(15)?.unwrap_or(self.at.millis())),
            client_message_id,
        })
    }

    /// The entry, once the messages it changed are known.
    pub(crate) fn finish(self, mut now: impl FnMut(Seq) -> Result<Arc<Message>, Fault>) -> Result<Entry, Fault> {
        let mut changed = self.targets.iter().map(|target| now(*target)).collect::<Result<Vec<_>, _>>()?;
        let body = match (self.kind, self.message) {
            (EntryKind::Message, Some(message)) => Body::Message(message),
            (EntryKind::System, Some(message)) => Body::System(message),
            (EntryKind::Edit, None) => Body::Edit(changed.pop().ok_or_else(|| broken("an edit of nothing"))?),
            (EntryKind::Masking, None) => Body::Masking(changed),
            (EntryKind::Closing, None) => Body::Closing,
            (EntryKind::Reopening, None) => Body::Reopening,
            (EntryKind::Empty, None) => Body::Empty,
            _ => return Err(broken("an entry's message").into()),
        };
        Ok(Entry { seq: self.seq, key: self.key, at: self.at, counts: self.counts, body })
    }
}

/// A limit as SQLite takes it.
pub(super) fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
