//! Writing envelopes.

use std::ops::Range;

use bytes::Bytes;
use souk_chat::{Body, Entry, Marks, Message, Status, Timestamp, UserId};

use super::{HEADER_BYTES, PARTS_MAX, VERSION};
use crate::dto::{self, Audience};
use crate::json;

/// The body of an envelope of kind `Entry`. `status` says how far each message got with the other party: `Sent` for one just
/// written.
///
/// In what an edit or a masking tells, `rev` is the entry's own number, even if the message has changed again since: clients follow
/// the log by it.
pub fn encode_entry(entry: &Entry, status: impl Fn(&Message) -> Status) -> Bytes {
    write_entry(entry, status, |_, _| {})
}

/// The same; `written` is told of each message where its JSON stands.
pub(super) fn write_entry<'e>(
    entry: &'e Entry,
    status: impl Fn(&Message) -> Status,
    mut written: impl FnMut(&'e Message, Range<usize>),
) -> Bytes {
    let messages = entry.body.messages();
    assert!(messages.len() <= PARTS_MAX, "an entry changes at most {PARTS_MAX} messages");
    let size: usize = messages.iter().map(|message| dto::encoded_size_hint(message) + 256).sum();
    let mut out = Vec::with_capacity(HEADER_BYTES + size);
    out.extend_from_slice(&[VERSION, entry.body.kind() as u8]);
    out.extend_from_slice(&entry.at.millis().to_be_bytes());
    out.extend_from_slice(&entry.counts.client.to_be_bytes());
    out.extend_from_slice(&entry.counts.contractor.to_be_bytes());
    out.extend_from_slice(&u16::try_from(messages.len()).expect("fewer than the bound").to_be_bytes());
    let changes = matches!(entry.body, Body::Edit(_) | Body::Masking(_));
    for message in messages {
        out.extend_from_slice(&message.seq.0.to_be_bytes());
        text(&mut out, message.sender.as_ref().map_or("", UserId::as_str));
        text(&mut out, message.client_message_id.as_ref().map_or("", |id| id.as_str()));
        let mut form = dto::Message::new(message, status(message), Audience::Other);
        if changes {
            form.rev = entry.seq;
        }
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        json::write(&mut out, &form);
        let length = u32::try_from(out.len() - length_at - 4).expect("a message of bounded length");
        out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
        written(message, length_at + 4..out.len());
    }
    Bytes::from(out)
}

/// The body of an envelope of kind `Typing`.
pub fn encode_typing(user: &UserId) -> Bytes {
    let mut out = Vec::with_capacity(2 + user.as_str().len());
    out.push(VERSION);
    text(&mut out, user.as_str());
    Bytes::from(out)
}

/// The body of an envelope of kind `Status`: how far `user` got, at this moment.
pub fn encode_status(user: &UserId, marks: &Marks, at: Timestamp) -> Bytes {
    let mut out = Vec::with_capacity(2 + user.as_str().len() + 8 * 5);
    out.push(VERSION);
    text(&mut out, user.as_str());
    out.extend_from_slice(&at.millis().to_be_bytes());
    for mark in [marks.delivered, marks.read] {
        out.extend_from_slice(&mark.seq.0.to_be_bytes());
        out.extend_from_slice(&mark.others.to_be_bytes());
    }
    Bytes::from(out)
}

/// An id behind its length; empty: absent.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(u8::try_from(text.len()).expect("ids of people and messages are shorter than 256 bytes"));
    out.extend_from_slice(text.as_bytes());
}
