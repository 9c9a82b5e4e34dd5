//! Dealing with intents, a sweep's page at a time: what was written goes out, what was not never will be.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use souk_chat::log::{Body, Entry, EntryKey, Head, NewEntry};
use souk_chat::ports::{Appended, OutboxIntent, StoreError};
use souk_chat::{OrderId, Seq, guarded};

use super::SWEEP;
use super::core::Core;
use super::metrics::{add, count};
use super::settings::{FENCE_ATTEMPTS, LOOK_KEYS, REST_FIRST, REST_MOST, SWEEP_ORDERS};

/// Deals with these intents and drops them. Returns those that could not be dealt with now; they stay as they are.
pub(super) async fn settle(core: &Arc<Core>, intents: Vec<OutboxIntent>) -> Vec<OutboxIntent> {
    let mut orders: BTreeMap<OrderId, Vec<OutboxIntent>> = BTreeMap::new();
    for intent in intents {
        orders.entry(intent.order.clone()).or_default().push(intent);
    }
    let settled = stream::iter(orders).map(|(order, intents)| async move {
        if core.pace.stopped() {
            return intents;
        }
        // An order whose intents make it panic is not the others' business.
        match guarded(core.pace.runtime.tasks(), SWEEP, settle_order(core, &order, &intents)).await {
            Ok(Ok(true)) => {
                add(&core.metrics.swept, intents.len());
                Vec::new()
            }
            Ok(Ok(false)) | Err(_) => intents,
            Ok(Err(error)) => {
                tracing::debug!(%order, %error, "intents of owed events could not be looked at");
                intents
            }
        }
    });
    settled.buffer_unordered(SWEEP_ORDERS).concat().await
}

/// `Ok(false)`: what is owed did not go out, or the fence did not get in.
async fn settle_order(core: &Arc<Core>, order: &OrderId, intents: &[OutboxIntent]) -> Result<bool, StoreError> {
    // What is owed will not go out just now, and what is not written yet can wait as well.
    if core.walks.resting(order) {
        return Ok(false);
    }
    let mut written = false;
    for intents in intents.chunks(LOOK_KEYS) {
        match look(core, order, intents).await? {
            Some(some_written) => written |= some_written,
            None => return Ok(false),
        }
    }
    if written {
        let Some(outcome) = core.ask_and_hear(order) else { return Ok(false) };
        if !outcome.await.unwrap_or(false) {
            return Ok(false);
        }
    }
    core.store.drop_intents(intents).await?;
    core.intents.remove(intents);
    Ok(true)
}

/// Makes sure that each of these intents is either kept or can never be. Says whether any is kept; `None`: not sure.
async fn look(core: &Arc<Core>, order: &OrderId, intents: &[OutboxIntent]) -> Result<Option<bool>, StoreError> {
    let keys: Vec<EntryKey> = intents.iter().map(|intent| intent.key.clone()).collect();
    for attempt in 1..=FENCE_ATTEMPTS {
        let Some(look) = core.store.look(order, &keys).await? else {
            tracing::error!(%order, "an intent is about an order that is not there");
            return Ok(Some(false));
        };
        let known = &look.known[..];
        let absent = intents.iter().zip(known).filter(|(_, known)| known.is_none()).map(|(intent, _)| intent.head);
        let (possible, other): (Vec<Seq>, Vec<Seq>) = absent.partition(|head| *head == look.head.seq);
        let lost = other.iter().filter(|head| **head > look.head.seq).count();
        // A batch against a head that the log has left behind cannot be written any more. Nor can one against a head that the store
        // lost: the number will be given again, the time of its entry will not.
        if possible.is_empty() {
            lost_heads(core, order, &look.head, lost);
            return Ok(Some(known.iter().any(Option::is_some)));
        }
        match core.store.append(order, &look.head, &[fence(core, &look.head)]).await {
            Ok(Appended::Applied(_)) => {
                count(&core.metrics.fenced);
                lost_heads(core, order, &look.head, lost);
                return Ok(Some(known.iter().any(Option::is_some)));
            }
            // Somebody wrote, perhaps what was announced; or this fence did arrive: look again.
            Ok(Appended::Refused) | Err(StoreError::Unknown(_)) => {}
            Err(error) => return Err(error),
        }
        if !core.pace.sleep(core.pace.backoff(REST_FIRST, REST_MOST, attempt)).await {
            return Ok(None);
        }
    }
    Ok(None)
}

/// So many intents were made when the log was longer than it is: they are void, and this is said of each once.
fn lost_heads(core: &Core, order: &OrderId, now: &Head, lost: usize) {
    if lost > 0 {
        add(&core.metrics.lost, lost);
        tracing::error!(%order, lost, now = %now.seq, "the log is shorter than it was when intents were made; they are void");
    }
}

/// An empty entry against this head: after it nothing else can be written against it. Named by the head, so that one fence
/// serves all intents against it, whoever appends it; in no volume can that name stand already while the head is still this.
fn fence(core: &Core, head: &Head) -> NewEntry {
    let seq = head.seq.next();
    NewEntry {
        entry: Entry {
            seq,
            key: fence_key(head.seq),
            // Not before the entry that it follows.
            at: core.pace.runtime.now().max(head.at),
            counts: head.counts,
            body: Body::Empty,
        },
        fingerprint: None,
        owed: Vec::new(),
    }
}

fn fence_key(head: Seq) -> EntryKey {
    EntryKey { owner: None, id: format!("fence~{head}").into() }
}
