//! A batch of entries, checked and folded before any engine sees it.
//!
//! Both engines write the same thing: each entry, the state each touched message has after the *whole* batch, and one condition
//! per message that was there before. A batch may make a message and change it, or change one twice: CQL refuses two conditions
//! on one row, so such changes are folded into one.

use std::collections::HashSet;
use std::sync::Arc;

use souk_chat::limits::BATCH_ENTRIES;
use souk_chat::log::{Body, Counts, EntryKey, Head, NewEntry, Seq};
use souk_chat::ports::StoreError;
use souk_chat::{ChatState, Message, OrderId};

/// Most bytes of a key's id, as [`EntryKey`] says.
const KEY_BYTES: usize = 512;

/// A message from before the batch, and what the batch makes of it.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// The entry that made the message.
    pub(crate) seq: Seq,
    /// The version that must be there now.
    pub(crate) expected: u32,
    /// The state after the batch.
    pub(crate) message: &'a Message,
}

/// An entry with the final state of the message it makes.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    /// The entry and what goes with it.
    pub(crate) new: &'a NewEntry,
    /// The message it makes, as it stands after the batch; `None`: it makes none.
    pub(crate) message: Option<&'a Message>,
}

/// What one batch writes.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Entries in order.
    pub(crate) made: Vec<Made<'a>>,
    /// Changes to messages from before the batch, one per message.
    pub(crate) changes: Vec<Change<'a>>,
    /// The head after the batch, in the same volume.
    pub(crate) head: Head,
}

fn invalid(what: impl Into<String>) -> StoreError {
    StoreError::Invalid(what.into())
}

impl<'a> Plan<'a> {
    /// Plans the first `room` of `entries`, to follow `head`. `room` is at least 1. Errors: [`StoreError::Invalid`] where the
    /// entries are not what [`Log::append`](souk_chat::ports::Log::append) asks for; all of them are checked, those that do not
    /// fit by themselves alone.
    pub(crate) fn of(order: &OrderId, head: &Head, entries: &'a [NewEntry], room: u64) -> Result<Self, StoreError> {
        if entries.is_empty() || entries.len() > BATCH_ENTRIES {
            return Err(invalid(format!("a batch has 1 to {BATCH_ENTRIES} entries, not {}", entries.len())));
        }
        check_keys(entries)?;
        let mut plan = Self { made: Vec::with_capacity(entries.len()), changes: Vec::new(), head: *head };
        let (mut last, mut counts) = (head.seq, head.counts);
        for new in entries {
            check_entry(order, last, counts, new)?;
            (last, counts) = (new.entry.seq, new.entry.counts);
            if (plan.made.len() as u64) < room {
                plan.add(new)?;
            }
        }
        Ok(plan)
    }

    fn add(&mut self, new: &'a NewEntry) -> Result<(), StoreError> {
        let entry = &new.entry;
        let message = match &entry.body {
            Body::Message(message) | Body::System(message) => Some(&**message),
            Body::Edit(message) => {
                self.change(message)?;
                None
            }
            Body::Masking(messages) => {
                messages.iter().try_for_each(|message| self.change(message))?;
                None
            }
            Body::Closing => {
                self.head.state = ChatState::Closed;
                None
            }
            Body::Reopening => {
                self.head.state = ChatState::Open;
                None
            }
            Body::Empty => None,
        };
        self.made.push(Made { new, message });
        self.head.seq = entry.seq;
        self.head.counts = entry.counts;
        self.head.at = entry.at;
        Ok(())
    }

    fn change(&mut self, message: &'a Arc<Message>) -> Result<(), StoreError> {
        let earlier = match self.made.iter_mut().find(|made| made.new.entry.seq == message.seq) {
            Some(made) => made.message.as_mut(),
            None => self.changes.iter_mut().find(|change| change.seq == message.seq).map(|change| &mut change.message),
        };
        if let Some(state) = earlier {
            if state.version + 1 != message.version {
                return Err(invalid(format!("entry {} changes message {} out of turn", message.rev, message.seq)));
            }
            *state = message;
            return Ok(());
        }
        if message.seq > self.head.seq || self.made.iter().any(|made| made.new.entry.seq == message.seq) {
            return Err(invalid(format!("entry {} changes {}, which is no message", message.rev, message.seq)));
        }
        self.changes.push(Change { seq: message.seq, expected: message.version - 1, message });
        Ok(())
    }
}

/// Errors: [`StoreError::Invalid`] where a key is not one.
pub(crate) fn check_key(key: &EntryKey) -> Result<(), StoreError> {
    if key.id.is_empty() || key.id.len() > KEY_BYTES {
        return Err(invalid(format!("the id of a key has 1 to {KEY_BYTES} bytes, not {}", key.id.len())));
    }
    Ok(())
}

fn check_keys(entries: &[NewEntry]) -> Result<(), StoreError> {
    let mut seen: HashSet<&EntryKey> = HashSet::new();
    for NewEntry { entry, .. } in entries {
        check_key(&entry.key)?;
        // A set only where there can be two: the single entry is the common case.
        if entries.len() > 1 && !seen.insert(&entry.key) {
            return Err(invalid(format!("the key {:?} stands twice in one batch", entry.key)));
        }
    }
    Ok(())
}

fn check_entry(order: &OrderId, last: Seq, counts: Counts, new: &NewEntry) -> Result<(), StoreError> {
    let entry = &new.entry;
    if entry.seq != last.next() {
        return Err(invalid(format!("entry {} does not follow {last}", entry.seq)));
    }
    if entry.counts.client < counts.client || entry.counts.contractor < counts.contractor {
        return Err(invalid(format!("the counts of entry {} fall", entry.seq)));
    }
    let makes = matches!(entry.body, Body::Message(_) | Body::System(_));
    for message in entry.body.messages() {
        let placed = if makes { message.seq == entry.seq } else { message.seq < entry.seq && message.version > 1 };
        if !placed || message.rev != entry.seq || message.order != *order {
            return Err(invalid(format!("the message {} of entry {} is numbered wrongly", message.id(), entry.seq)));
        }
    }
    let Body::Masking(messages) = &entry.body else { return Ok(()) };
    if messages.is_empty() {
        return Err(invalid(format!("the masking {} masks nothing", entry.seq)));
    }
    let distinct: HashSet<Seq> = messages.iter().map(|message| message.seq).collect();
    if distinct.len() < messages.len() {
        return Err(invalid(format!("the masking {} masks a message twice", entry.seq)));
    }
    Ok(())
}
