//! Rows of `log`, to and from the domain's types.

use std::sync::Arc;

use scylla::value::MaybeUnset;
use scylla::{DeserializeRow, SerializeRow};
use souk_chat::log::{Body, Counts, Entry, EntryKind, Seq};
use souk_chat::ports::StoreError;
use souk_chat::{Categories, ClientMessageId, Message, OrderId, Timestamp};

use crate::form::{broken, key_of, kind, owner_of, seq, signed, split_seqs, unsigned};

/// What a change replaces in a message, as CQL keeps it.
pub(crate) struct State<'a> {
    pub(crate) version: i32,
    pub(crate) rev: i64,
    pub(crate) content: &'a str,
    pub(crate) edited_at: MaybeUnset<i64>,
    pub(crate) moderated: bool,
    pub(crate) flags: i32,
}

impl<'a> State<'a> {
    /// The state of a message.
    pub(crate) fn of(message: &'a Message) -> Result<Self, StoreError> {
        Ok(Self {
            version: i32::try_from(message.version).map_err(|_| StoreError::Invalid("a version too high".into()))?,
            rev: signed(message.rev.0)?,
            content: &message.content,
            // Never nulled: what was edited once stays edited.
            edited_at: MaybeUnset::from_option(message.edited_at.map(Timestamp::millis)),
            moderated: message.is_moderated,
            flags: message.flags.bits().into(),
        })
    }
}

/// The values of an entry's row, in the order of the statement. Absent ones are left unset: a null would be a tombstone.
#[derive(SerializeRow)]
#[scylla(flavor = "enforce_order")]
pub(crate) struct EntryValues<'a> {
    order_id: &'a str,
    volume: i32,
    seq: i64,
    kind: i8,
    key: String,
    at: i64,
    client: i64,
    contractor: i64,
    targets: MaybeUnset<String>,
    version: MaybeUnset<i32>,
    rev: MaybeUnset<i64>,
    content: MaybeUnset<&'a str>,
    edited_at: MaybeUnset<i64>,
    moderated: MaybeUnset<bool>,
    flags: MaybeUnset<i32>,
    sender: MaybeUnset<&'a str>,
    created_at: MaybeUnset<i64>,
    client_message_id: MaybeUnset<&'a str>,
}

impl<'a> EntryValues<'a> {
    /// The row of `entry`, and of the message it makes.
    pub(crate) fn of(
        order: &'a OrderId,
        volume: i32,
        entry: &Entry,
        key: String,
        targets: Option<String>,
        message: Option<&'a Message>,
    ) -> Result<Self, StoreError> {
        use MaybeUnset::Unset;
        let kind = i8::try_from(entry.body.kind() as u8).map_err(|_| broken("the kind of an entry"))?;
        let mut values = Self {
            order_id: order.as_str(),
            volume,
            seq: signed(entry.seq.0)?,
            kind,
            key,
            at: entry.at.millis(),
            client: signed(entry.counts.client)?,
            contractor: signed(entry.counts.contractor)?,
            targets: MaybeUnset::from_option(targets),
            version: Unset,
            rev: Unset,
            content: Unset,
            edited_at: Unset,
            moderated: Unset,
            flags: Unset,
            sender: Unset,
            created_at: Unset,
            client_message_id: Unset,
        };
        if let Some(message) = message {
            let State { version, rev, content, edited_at, moderated, flags } = State::of(message)?;
            values.version = MaybeUnset::Set(version);
            values.rev = MaybeUnset::Set(rev);
            values.content = MaybeUnset::Set(content);
            values.edited_at = edited_at;
            values.moderated = MaybeUnset::Set(moderated);
            values.flags = MaybeUnset::Set(flags);
            values.sender = MaybeUnset::from_option(message.sender.as_ref().map(|sender| sender.as_str()));
            values.created_at = MaybeUnset::Set(message.created_at.millis());
            let id = message.client_message_id.as_ref().map(|id| id.as_str());
            values.client_message_id = MaybeUnset::from_option(id);
        }
        Ok(values)
    }
}

/// An entry's row as it is read.
#[derive(DeserializeRow)]
pub(crate) struct EntryRow {
    pub(crate) head: Option<String>,
    seq: i64,
    kind: i8,
    key: String,
    at: i64,
    client: i64,
    contractor: i64,
    targets: Option<String>,
    pub(crate) version: Option<i32>,
    rev: Option<i64>,
    content: Option<Arc<str>>,
    edited_at: Option<i64>,
    moderated: Option<bool>,
    flags: Option<i32>,
    sender: Option<String>,
    created_at: Option<i64>,
    client_message_id: Option<String>,
}

impl EntryRow {
    /// The entry's number.
    pub(crate) fn number(&self) -> Result<Seq, StoreError> {
        seq(self.seq)
    }

    /// The version of the message it made.
    pub(crate) fn version(&self) -> Result<u32, StoreError> {
        self.version.and_then(|version| u32::try_from(version).ok()).ok_or_else(|| broken("a version"))
    }

    /// The messages it changed.
    pub(crate) fn targets(&self) -> Result<Vec<Seq>, StoreError> {
        self.targets.as_deref().map_or(Ok(Vec::new()), split_seqs)
    }

    /// The message it made, as its own row has it.
    pub(crate) fn message(&self, order: &OrderId) -> Result<Option<Message>, StoreError> {
        if !matches!(kind(self.kind.into())?, EntryKind::Message | EntryKind::System) {
            return Ok(None);
        }
        let own_id = |text: &String| ClientMessageId::new(text).map_err(|_| broken("a client message id"));
        let missing = || broken("a message without all its columns");
        Ok(Some(Message {
            order: order.clone(),
            seq: self.number()?,
            rev: seq(self.rev.ok_or_else(missing)?)?,
            version: self.version()?,
            sender: owner_of(self.sender.as_deref().unwrap_or_default())?,
            content: self.content.clone().ok_or_else(missing)?,
            edited_at: self.edited_at.map(Timestamp),
            is_moderated: self.moderated.ok_or_else(missing)?,
            flags: categories(self.flags.ok_or_else(missing)?)?,
            created_at: Timestamp(self.created_at.ok_or_else(missing)?),
            client_message_id: self.client_message_id.as_ref().map(own_id).transpose()?,
        }))
    }

    /// The entry, with messages as `now` tells them.
    pub(crate) fn entry(&self, now: impl Fn(Seq) -> Option<Arc<Message>>) -> Result<Entry, StoreError> {
        let number = self.number()?;
        let own = || now(number).ok_or_else(|| broken("an entry's message"));
        let changed = || {
            let targets = self.targets()?;
            let messages =
                targets.into_iter().map(|target| now(target).ok_or_else(|| broken("a change of no message")));
            messages.collect::<Result<Vec<_>, _>>()
        };
        let body = match kind(self.kind.into())? {
            EntryKind::Message => Body::Message(own()?),
            EntryKind::System => Body::System(own()?),
            EntryKind::Edit => Body::Edit(changed()?.pop().ok_or_else(|| broken("an edit of nothing"))?),
            EntryKind::Masking => Body::Masking(changed()?),
            EntryKind::Closing => Body::Closing,
            EntryKind::Reopening => Body::Reopening,
            EntryKind::Empty => Body::Empty,
        };
        let counts = Counts { client: unsigned(self.client)?, contractor: unsigned(self.contractor)? };
        Ok(Entry { seq: number, key: key_of(&self.key)?, at: Timestamp(self.at), counts, body })
    }
}

/// The new state of a message of an earlier volume.
pub(crate) struct Overlay {
    pub(crate) seq: Seq,
    pub(crate) version: u32,
    rev: Seq,
    content: Arc<str>,
    edited_at: Option<Timestamp>,
    moderated: bool,
    flags: Categories,
}

/// An overlay's columns, in the order of the statement.
pub(crate) type OverlayRow = (i64, i32, i64, Arc<str>, Option<i64>, bool, i32);

impl Overlay {
    /// Reads an overlay's row.
    pub(crate) fn of(row: OverlayRow) -> Result<Self, StoreError> {
        let (number, version, rev, content, edited_at, moderated, flags) = row;
        Ok(Self {
            seq: seq(number)?,
            version: u32::try_from(version).map_err(|_| broken("a version"))?,
            rev: seq(rev)?,
            content,
            edited_at: edited_at.map(Timestamp),
            moderated,
            flags: categories(flags)?,
        })
    }

    /// Puts this state over the message's older one.
    pub(crate) fn apply(self, message: &mut Message) {
        message.version = self.version;
        message.rev = self.rev;
        message.content = self.content;
        message.edited_at = self.edited_at.or(message.edited_at);
        message.is_moderated = self.moderated;
        message.flags = self.flags;
    }
}

fn categories(bits: i32) -> Result<Categories, StoreError> {
    u16::try_from(bits).map(Categories::from_bits).map_err(|_| broken("the flags of a message"))
}
