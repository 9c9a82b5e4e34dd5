//! From owed rows to events: what the row does not say is read where it is kept.

use std::collections::HashMap;

use souk_chat::limits::{LIST_ROWS_MAX, NOTIFICATION_BODY_CHARS, TITLE_CHARS};
use souk_chat::ports::{Event, EventData, Store, StoreError};
use souk_chat::{Categories, Message, MessageId, OrderId, Owed, OwedRow, Seq, Subject, Timestamp, UserId};

use super::settings::NOTIFIED_WITHIN;

/// What an owing entry is about.
struct Source {
    at: Timestamp,
    /// What the entry made or changed.
    messages: Vec<Message>,
}

/// The events of these rows, all of one order, in their order; and how many rows nothing could be told about.
/// Errors: the store did not answer; nothing was left out then.
pub(super) async fn compose(
    store: &dyn Store,
    order: &OrderId,
    rows: &[OwedRow],
    locale: &str,
) -> Result<(Vec<Event>, usize), StoreError> {
    let title = store.order(order).await?.and_then(|order| order.title);
    let title = title.as_deref().filter(|title| !title.is_empty()).unwrap_or(order.as_str());
    let sources = sources(store, order, rows).await?;
    let mut unread = HashMap::new();
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(source) = sources.get(&row.seq) else { continue };
        let data = match &row.owed {
            Owed::Notification { to, sender_name } => {
                let message = match source.messages.first() {
                    Some(message) => Some(message.clone()),
                    None => notified_of(store, order, row.seq, to).await?,
                };
                let Some(message) = message else { continue };
                if !unread.contains_key(to) {
                    unread.insert(to.clone(), unread_total(store, to).await?);
                }
                EventData::Notification {
                    user: to.clone(),
                    message: message.id(),
                    title: title.to_owned(),
                    body: body(sender_name.as_deref(), &message.content),
                    locale: locale.to_owned(),
                    unread_total: unread.get(to).copied().unwrap_or_default(),
                }
            }
            Owed::Moderation { action, rules, rules_version, subject } => {
                let Some((message, sender, flags)) = moderated(order, row.seq, source, subject) else { continue };
                EventData::Moderation {
                    message,
                    sender,
                    flags: flags.iter().map(|flag| flag.as_str()).collect(),
                    action: *action,
                    rules: rules.clone(),
                    rules_version: rules_version.clone(),
                }
            }
        };
        events.push(Event { id: row.event_id(), order: order.clone(), at: source.at, data });
    }
    let left_out = rows.len() - events.len();
    Ok((events, left_out))
}

/// The message that a moderation event is about, who wrote it and what was found. A refused text has no message: the owing
/// entry stands for it.
fn moderated(order: &OrderId, seq: Seq, source: &Source, subject: &Subject) -> Option<(MessageId, UserId, Categories)> {
    let of_message = |message: &Message| Some((message.id(), message.sender.clone()?, message.flags));
    match subject {
        Subject::Entry => of_message(source.messages.first()?),
        Subject::Message(masked) => of_message(source.messages.iter().find(|message| message.seq == *masked)?),
        Subject::Refused { sender, flags } => Some((MessageId { order: order.clone(), seq }, sender.clone(), *flags)),
    }
}

async fn sources(store: &dyn Store, order: &OrderId, rows: &[OwedRow]) -> Result<HashMap<Seq, Source>, StoreError> {
    let mut seqs: Vec<Seq> = rows.iter().map(|row| row.seq).collect();
    seqs.dedup();
    let messages = store.messages(order, &seqs).await?;
    let of_message = |message: Message| (message.seq, Source { at: message.created_at, messages: vec![message] });
    let mut sources: HashMap<Seq, Source> = messages.into_iter().map(of_message).collect();
    for seq in seqs {
        // What made no message changed one, or is empty: rare enough to be read one by one.
        if sources.contains_key(&seq) || seq == Seq::ZERO {
            continue;
        }
        let entry = store.entries(order, Seq(seq.0 - 1), 1).await?.into_iter().find(|entry| entry.seq == seq);
        if let Some(entry) = entry {
            let messages = entry.body.messages().iter().map(|message| (**message).clone()).collect();
            sources.insert(seq, Source { at: entry.at, messages });
        }
    }
    Ok(sources)
}

/// The partner's last message before an empty entry that notifies `to`.
async fn notified_of(
    store: &dyn Store,
    order: &OrderId,
    before: Seq,
    to: &UserId,
) -> Result<Option<Message>, StoreError> {
    let messages = store.messages_before(order, Some(before), NOTIFIED_WITHIN).await?;
    // What souk itself says is nobody's.
    Ok(messages.into_iter().rev().find(|message| message.sender.as_ref().is_some_and(|sender| sender != to)))
}

async fn unread_total(store: &dyn Store, user: &UserId) -> Result<u64, StoreError> {
    let rows = store.list(user, LIST_ROWS_MAX).await?;
    Ok(rows.iter().map(|row| row.others.saturating_sub(row.read.others)).sum())
}

/// The sender's name and the beginning of the text, in Unicode scalar values.
fn body(sender_name: Option<&str>, content: &str) -> String {
    let start = content.chars().take(NOTIFICATION_BODY_CHARS);
    match sender_name.filter(|name| !name.is_empty()) {
        Some(name) => name.chars().take(TITLE_CHARS).chain(": ".chars()).chain(start).collect(),
        None => start.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_name_and_fifty_characters_whole() {
        assert_eq!(body(Some("Bob"), "hi"), "Bob: hi");
        assert_eq!(body(None, "hi"), "hi");
        assert_eq!(body(Some(""), "hi"), "hi");
        let long = "é".repeat(49) + "👍x";
        assert_eq!(body(Some("B"), &long), format!("B: {}👍", "é".repeat(49)));
    }
}
