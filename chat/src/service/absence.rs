//! Somebody is gone: what nobody notified them of is owed.
//!
//! A send owes a notification only where its recipient has no device. Whoever was taken for connected and was not (a phone in a
//! tunnel, a node that died) is notified afterwards, by an empty entry that owes it. What such a person saw for sure is known by
//! time: up to a moment a device of theirs was heard after everything for it was written.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use crate::id::{OrderId, UserId};
use crate::limits::{ABSENCE_CHATS, ABSENCE_MESSAGES, LIST_ROWS_MAX, SEND_PATIENCE};
use crate::log::{Body, Entry, EntryKey, Head, NewEntry, Seq};
use crate::message::Message;
use crate::order::Order;
use crate::owed::Owed;
use crate::ports::{Appended, Committed, Origin, StoreError};
use crate::time::Timestamp;

use super::memory::Memory;
use super::{Chats, Ports};

/// Chats of one person that are looked at together.
const CHATS_AT_ONCE: usize = 4;
/// Attempts at the entry of one chat: each fails only where somebody else wrote, or nobody knows.
const ATTEMPTS: u32 = 8;
/// Longest wait between two attempts; the real one is random.
const PAUSE_MAX: Duration = Duration::from_millis(500);

impl Chats {
    /// `user` has no device any more and may have missed what was written since `since`, in the orders of `seen` only what stands
    /// after that number. Each of their newest [`ABSENCE_CHATS`] chats in which their partner wrote such a message, without an
    /// answer, a mark or a notification that covers it, gets an entry that owes one. Returns how many did. Safe to repeat, and on
    /// several nodes at once: such an entry is named by person and message.
    ///
    /// Errors: the store did not answer about at least one chat; the others were dealt with.
    pub async fn notify_absent(
        &self,
        user: &UserId,
        since: Timestamp,
        seen: &[(OrderId, Seq)],
    ) -> Result<usize, StoreError> {
        let absence = Absence { ports: &self.ports, memory: &self.memory, user };
        let seen = |order: &OrderId| seen.iter().find(|(known, _)| known == order).map_or(Seq::ZERO, |(_, seq)| *seq);
        let mut rows = self.ports.store.list(user, LIST_ROWS_MAX).await?;
        rows.retain(|row| row.at >= since && row.others > row.read.others);
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        let chats = stream::iter(rows.into_iter().take(ABSENCE_CHATS)).map(|row| {
            let after = seen(&row.order);
            let absence = &absence;
            async move { absence.notify_of(&row.order, since, after).await }
        });
        let outcomes: Vec<_> = chats.buffer_unordered(CHATS_AT_ONCE).collect().await;
        outcomes.into_iter().try_fold(0, |owing, outcome| outcome.map(|owes| owing + usize::from(owes)))
    }
}

/// A person without a device, as one node sees it.
pub(super) struct Absence<'a> {
    pub(super) ports: &'a Ports,
    pub(super) memory: &'a Memory,
    pub(super) user: &'a UserId,
}

impl Absence<'_> {
    /// Makes the chat owe the person a notification of what their partner wrote since `since` and after the entry `after`, unless
    /// something covers it. Returns whether it does by this call.
    pub(super) async fn notify_of(&self, id: &OrderId, since: Timestamp, after: Seq) -> Result<bool, StoreError> {
        let mut tried = false;
        let Some(order) = self.ports.store.order(id).await?.map(Arc::new) else { return Ok(false) };
        for _ in 0..ATTEMPTS {
            // The head before everything else: what is read after it may only be newer, and then the entry is refused.
            let Some(look) = self.ports.store.look(id, &[]).await? else { return Ok(false) };
            let missed = self.missed(&order, since).await?;
            let Some(missed) = missed.filter(|missed| *missed > after) else { return Ok(false) };
            let key = EntryKey { owner: None, id: format!("notify~{}~{missed}", self.user).into() };
            let Some(look) =
                self.ports.store.look(id, std::slice::from_ref(&key)).await?.filter(|now| now.head == look.head)
            else {
                continue;
            };
            if look.known.iter().any(Option::is_some) {
                if tried {
                    // Most likely by this node, which was not told so.
                    self.tell(&order, look.head, None);
                }
                return Ok(tried);
            }
            if self.owe(&order, &look.head, key).await? {
                return Ok(true);
            }
            tried = true;
            let runtime = &self.ports.runtime;
            let nanos = u64::try_from(PAUSE_MAX.as_nanos()).unwrap_or(u64::MAX);
            runtime.sleep(Duration::from_nanos(runtime.random() % nanos)).await;
        }
        Err(StoreError::Unavailable("others kept writing, or nothing was certain".into()))
    }

    /// The partner's newest message that the person has to be told of.
    async fn missed(&self, order: &Order, since: Timestamp) -> Result<Option<Seq>, StoreError> {
        let (user, store) = (self.user, &self.ports.store);
        let Some(partner) = order.side_of(user).map(|side| order.party(side.other())) else { return Ok(None) };
        let messages = store.messages_before(&order.id, None, ABSENCE_MESSAGES).await?;
        let Some(missed) = newest_missed(&messages, user, partner, since) else { return Ok(None) };
        let marks = store.marks(&order.id, &[user]).await?;
        if marks.first().is_some_and(|marks| marks.shown().delivered.seq >= missed) {
            return Ok(None);
        }
        // A notification of that message or a later one covers it.
        let owed = store.owed(&order.id, Seq(missed.0 - 1), usize::MAX).await?;
        let covers = |owed: &Owed| matches!(owed, Owed::Notification { to, .. } if to == user);
        Ok((!owed.iter().any(|row| covers(&row.owed))).then_some(missed))
    }

    /// Appends the entry that owes the notification. `false`: it is not there, or nobody knows.
    async fn owe(&self, order: &Arc<Order>, head: &Head, key: EntryKey) -> Result<bool, StoreError> {
        let Ports { store, intents, runtime, .. } = self.ports;
        if !intents.standing() {
            return Ok(false);
        }
        store.intend(&[intents.intent(&order.id, &key, head.seq)]).await?;
        if !intents.standing() {
            return Ok(false);
        }
        let entry =
            Entry { seq: head.seq.next(), key, at: runtime.now().max(head.at), counts: head.counts, body: Body::Empty };
        let owed = vec![Owed::Notification { to: self.user.clone(), sender_name: None }];
        let new = NewEntry { entry: entry.clone(), fingerprint: None, owed };
        let head = match store.append(&order.id, head, &[new]).await {
            Ok(Appended::Applied(head)) => head,
            Ok(Appended::Refused) | Err(StoreError::Unknown(_)) => {
                self.memory.forget_head(&order.id);
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        self.memory.remember_head(&order.id, head, runtime.monotonic());
        self.tell(order, head, Some(entry));
        Ok(true)
    }

    /// The order owes an event, by this entry if it is known to be new.
    fn tell(&self, order: &Arc<Order>, head: Head, entry: Option<Entry>) {
        let entries: Vec<_> = entry.into_iter().map(Arc::new).collect();
        self.ports.feed.committed(&Committed {
            order: Arc::clone(order),
            origins: vec![Origin::default(); entries.len()],
            masked: vec![Arc::default(); entries.len()],
            entries,
            head,
            repeat: false,
            owes: true,
        });
    }
}

/// The partner's newest message since `since`, unless the person answered it: wrote after it, and so much later that what they
/// wrote was not on its way already.
fn newest_missed(messages: &[Message], user: &UserId, partner: &UserId, since: Timestamp) -> Option<Seq> {
    let by = |user| move |message: &&Message| message.sender.as_ref() == Some(user);
    let newest = messages.iter().rev().find(by(partner)).filter(|newest| newest.created_at >= since)?;
    let on_its_way = i64::try_from(SEND_PATIENCE.as_millis()).unwrap_or(i64::MAX);
    let answers = |message: &Message| {
        message.seq > newest.seq && message.created_at.millis() - newest.created_at.millis() >= on_its_way
    };
    (!messages.iter().filter(by(user)).any(answers)).then_some(newest.seq)
}
