//! Telling entries apart that stand under one number.

use super::{HEADER_BYTES, Part, VERSION};

/// What tells an entry from another one under the same number of the same order: a hash of all that never changes about it, which
/// is its kind, its moment, the counts up to it, and number, sender and `clientMessageId` of its first message. The same from a
/// node's write, from an envelope, and from the store years later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntryMark(u64);

impl EntryMark {
    /// Of what [`encode_entry`](super::encode_entry) made. Does not decode the messages; of bytes that are no entry it is of no use
    /// and no harm.
    pub fn of(body: &[u8]) -> Self {
        let end = match body.first() {
            Some(&VERSION) => HEADER_BYTES + Part::names_length(body.get(HEADER_BYTES..).unwrap_or_default()),
            _ => body.len(),
        };
        let fixed = body.get(1..end.min(body.len())).unwrap_or_default();
        // FNV-1a: nobody gains by making two entries look the same here.
        Self(
            fixed
                .iter()
                .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use souk_chat::log::{Body, Counts, Entry, EntryKey, Seq};
    use souk_chat::{Categories, ClientMessageId, Message, OrderId, Status, Timestamp, UserId};

    use super::super::encode_entry;
    use super::*;

    fn message(id: &str, content: &str, version: u32) -> Arc<Message> {
        Arc::new(Message {
            order: OrderId::new("o").unwrap(),
            seq: Seq(7),
            rev: Seq(6 + u64::from(version)),
            version,
            sender: UserId::new("ann").ok(),
            content: content.into(),
            edited_at: None,
            is_moderated: false,
            flags: Categories::EMPTY,
            created_at: Timestamp(5),
            client_message_id: ClientMessageId::new(id).ok(),
        })
    }

    fn mark(at: i64, client: u64, body: Body) -> EntryMark {
        let key = EntryKey { owner: None, id: "k".into() };
        let entry = Entry { seq: Seq(7), key, at: Timestamp(at), counts: Counts { client, contractor: 0 }, body };
        EntryMark::of(&encode_entry(&entry, |_| Status::Sent))
    }

    #[test]
    fn an_entry_keeps_its_mark_and_another_one_has_another() {
        let said = |id, content, version| Body::Message(message(id, content, version));
        let first = mark(5, 1, said("a", "hello", 1));
        assert_eq!(first, mark(5, 1, said("a", "hello, edited", 3)), "read back after an edit");
        let others = [
            mark(6, 1, said("a", "hello", 1)),
            mark(5, 2, said("a", "hello", 1)),
            mark(5, 1, said("b", "hello", 1)),
            mark(5, 1, Body::Edit(message("a", "hello", 1))),
            mark(5, 1, Body::Closing),
            mark(5, 1, Body::Empty),
        ];
        assert!(!others.contains(&first));
        assert_ne!(others[4], others[5]);
    }

    #[test]
    fn bytes_that_are_no_entry_harm_nobody() {
        for bytes in [&b""[..], &[VERSION], &[VERSION; 30], &[9; 3]] {
            assert_eq!(EntryMark::of(bytes), EntryMark::of(bytes));
        }
    }
}
