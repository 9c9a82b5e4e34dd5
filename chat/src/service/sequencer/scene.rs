//! What a batch knows of its order at one head: who said what before.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::{try_join, try_join_all};
use souk_moderation::{WINDOW_MESSAGES, WINDOW_MS};

use crate::limits::{EDIT_WINDOW, PAGE_MESSAGES_MAX};
use crate::log::{Body, Head, Seq};
use crate::message::Message;
use crate::order::Order;
use crate::ports::{Store, StoreError};
use crate::time::Timestamp;

use super::{Course, Job, Work};

/// Messages of a first read; where two people write in turns it holds both windows.
const FIRST_READ: usize = 3 * WINDOW_MESSAGES;
/// Messages of the second, for who was answered with many.
const SECOND_READ: usize = PAGE_MESSAGES_MAX;
/// Entries after a message that is edited: what its author wrote next is judged again beside it.
const READ_AFTER: usize = 64;

/// The messages that these jobs are judged beside, rising: the windows of both parties, from `remembered` if that is true of
/// this head, and what stands before each message that is to be edited.
pub(super) async fn read(
    store: &dyn Store,
    order: &Order,
    head: &Head,
    jobs: &[Job],
    remembered: Option<Vec<Arc<Message>>>,
    at: Timestamp,
) -> Result<Vec<Arc<Message>>, StoreError> {
    let mut said: BTreeMap<Seq, Arc<Message>> = BTreeMap::new();
    if head.counts.client + head.counts.contractor == 0 {
        return Ok(Vec::new());
    }
    let (mut reads, mut follows) = (Vec::new(), Vec::new());
    match remembered {
        Some(messages) => said.extend(messages.into_iter().map(|message| (message.seq, message))),
        None => reads.push((None, Timestamp(at.millis() - WINDOW_MS))),
    }
    let edit_window = i64::try_from(EDIT_WINDOW.as_millis()).unwrap_or(i64::MAX);
    for job in jobs {
        match (&job.work, &job.course) {
            (Work::Edit { seq }, _) if *seq <= head.seq => {
                reads.push((Some(seq.next()), Timestamp(at.millis() - edit_window - WINDOW_MS)));
                follows.push(*seq);
            }
            _ => {}
        }
    }
    let before = try_join_all(reads.into_iter().map(|(before, since)| newest(store, order, before, since)));
    let after = try_join_all(follows.into_iter().map(|seq| store.entries(&order.id, seq, READ_AFTER)));
    let (before, after) = try_join(before, after).await?;
    said.extend(before.into_iter().flatten().map(|message| (message.seq, Arc::new(message))));
    said.extend(after.into_iter().flatten().filter_map(|entry| match entry.body {
        Body::Message(message) => Some((message.seq, message)),
        _ => None,
    }));
    let halves: Vec<Seq> = jobs
        .iter()
        .filter_map(|job| match &job.course {
            Course::Half(rest) => Some(rest.masking.entry.body.messages().iter().map(|message| message.seq)),
            _ => None,
        })
        .flatten()
        .collect();
    for seqs in halves.chunks(PAGE_MESSAGES_MAX) {
        let messages = store.messages(&order.id, seqs).await?;
        said.extend(messages.into_iter().map(|message| (message.seq, Arc::new(message))));
    }
    Ok(said.into_values().filter(|message| message.seq <= head.seq).collect())
}

/// The newest messages below `before`, enough for the windows of both parties since then.
async fn newest(
    store: &dyn Store,
    order: &Order,
    before: Option<Seq>,
    since: Timestamp,
) -> Result<Vec<Message>, StoreError> {
    let mut messages = store.messages_before(&order.id, before, FIRST_READ).await?;
    let is_full = |user| messages.iter().filter(|m| m.sender.as_ref() == Some(user)).count() > WINDOW_MESSAGES;
    let reaches = messages.first().is_none_or(|oldest| oldest.created_at < since || oldest.seq <= Seq(1));
    if messages.len() < FIRST_READ || reaches || order.parties().into_iter().all(is_full) {
        return Ok(messages);
    }
    let oldest = messages.first().map(|message| message.seq);
    let mut more = store.messages_before(&order.id, oldest, SECOND_READ).await?;
    more.append(&mut messages);
    Ok(more)
}

/// `said` with what these entries made and changed.
pub(super) fn after<'e>(
    mut said: Vec<Arc<Message>>,
    messages: impl Iterator<Item = &'e Arc<Message>>,
) -> Vec<Arc<Message>> {
    for message in messages {
        match said.binary_search_by_key(&message.seq, |known| known.seq) {
            Ok(place) => said[place] = Arc::clone(message),
            // What was made now stands last; a change to what nobody remembers needs no remembering.
            Err(place) if place == said.len() && message.rev == message.seq => said.push(Arc::clone(message)),
            Err(_) => {}
        }
    }
    said
}
