//! Reading envelopes, and the pushes that come out of them.

use std::ops::Range;

use bytes::Bytes;
use souk_chat::log::EntryKind;
use souk_chat::ports::Envelope;
use souk_chat::{ClientMessageId, Counts, Entry, Mark, Marks, Message, OrderId, Seq, Status, Timestamp, UserId};

use super::encode::write_entry;
use super::reader::Reader;
use super::{EnvelopeError, PARTS_MAX, VERSION};
use crate::json;
use crate::push::{EntryOnly, Push, PushKind};

/// A committed entry as it travels: all that is needed to tell people of it, without the store and without serialising again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryEnvelope {
    /// The order.
    pub order: OrderId,
    /// The entry's number.
    pub seq: Seq,
    /// What the entry did.
    pub kind: EntryKind,
    /// When it was written.
    pub at: Timestamp,
    /// Messages of each side up to and including it: with a person's read mark, their unread.
    pub counts: Counts,
    /// The messages it made or changed.
    pub parts: Vec<Part>,
}

/// A message inside an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The message's number.
    pub seq: Seq,
    /// Who wrote it; `None`: the system.
    pub sender: Option<UserId>,
    /// The sender's own id for it.
    pub client_message_id: Option<ClientMessageId>,
    /// The message's JSON for everybody but its sender; shares the envelope's bytes.
    body: Bytes,
}

/// Whose eyes an entry is encoded for. Equal viewpoints of one entry get equal bytes, so it can key a cache of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Viewpoint {
    /// Wrote none of the entry's messages.
    Other,
    /// Wrote the part at this place, and all others of the same sender.
    Author(u16),
}

impl Part {
    /// The message's JSON for everybody but its sender. No copy.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// The message's JSON for its sender: the answer of `send_message` and the data of `message_sent`.
    pub fn sender_body(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.body.len() + 96);
        self.write_sender_body(&mut out);
        Bytes::from(out)
    }

    fn write_sender_body(&self, out: &mut Vec<u8>) {
        let Some(id) = &self.client_message_id else { return out.extend_from_slice(&self.body) };
        // The body is an object and not an empty one, which decoding checked; the alphabet of ids needs no escapes.
        out.extend_from_slice(&self.body[..self.body.len() - 1]);
        out.extend_from_slice(b",\"clientMessageId\":\"");
        out.extend_from_slice(id.as_str().as_bytes());
        out.extend_from_slice(b"\"}");
    }

    /// How many of these bytes, which begin with a part, are before the length of its message.
    pub(super) fn names_length(bytes: &[u8]) -> usize {
        let text = |at: usize| at + 1 + usize::from(bytes.get(at).copied().unwrap_or_default());
        if bytes.is_empty() { 0 } else { text(text(8)) }
    }

    fn read(reader: &mut Reader) -> Result<Self, EnvelopeError> {
        let seq = Seq(reader.u64()?);
        let sender = reader.id("sender")?;
        let client_message_id = reader.id("clientMessageId")?;
        let length = usize::try_from(reader.u32()?).map_err(|_| EnvelopeError::CutOff)?;
        let body = reader.bytes(length)?;
        let whole = body.len() > 2 && body.starts_with(b"{") && body.ends_with(b"}");
        if !whole || std::str::from_utf8(&body).is_err() {
            return Err(EnvelopeError::Field("message"));
        }
        Ok(Self { seq, sender, client_message_id, body })
    }
}

impl EntryEnvelope {
    /// Reads the body of an envelope of kind `Entry`. Bodies share its bytes. Errors: see [`EnvelopeError`].
    pub fn decode(envelope: &Envelope) -> Result<Self, EnvelopeError> {
        Self::read(envelope.order.clone(), envelope.seq, envelope.body.clone())
    }

    /// Reads what [`encode_entry`](super::encode_entry) made for the entry `seq` of `order`.
    pub fn read(order: OrderId, seq: Seq, body: Bytes) -> Result<Self, EnvelopeError> {
        let mut reader = Reader(body);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(EnvelopeError::Version(version));
        }
        let kind = EntryKind::from_number(reader.u8()?).ok_or(EnvelopeError::Field("kind"))?;
        let at = Timestamp(reader.i64()?);
        let counts = Counts { client: reader.u64()?, contractor: reader.u64()? };
        let count = usize::from(reader.u16()?);
        let fits = match kind {
            EntryKind::Message | EntryKind::Edit | EntryKind::System => count == 1,
            EntryKind::Masking => count <= PARTS_MAX,
            EntryKind::Closing | EntryKind::Reopening | EntryKind::Empty => count == 0,
        };
        if !fits {
            return Err(EnvelopeError::Field("number of messages"));
        }
        let parts = (0..count).map(|_| Part::read(&mut reader)).collect::<Result<Vec<_>, _>>()?;
        reader.end()?;
        Ok(Self { order, seq, kind, at, counts, parts })
    }

    /// What [`read`](Self::read) makes of the entry's encoding, and that encoding, in one go: for the node that wrote it.
    pub fn encode(order: OrderId, entry: &Entry, status: impl Fn(&Message) -> Status) -> (Self, Bytes) {
        let mut places = Vec::with_capacity(entry.body.messages().len());
        let encoded = write_entry(entry, status, |message, place| places.push((message, place)));
        let part = |(message, place): (&Message, Range<usize>)| Part {
            seq: message.seq,
            sender: message.sender.clone(),
            client_message_id: message.client_message_id.clone(),
            body: encoded.slice(place),
        };
        let parts = places.into_iter().map(part).collect();
        let (seq, kind, at, counts) = (entry.seq, entry.body.kind(), entry.at, entry.counts);
        (Self { order, seq, kind, at, counts, parts }, encoded)
    }

    /// Who wrote the message that the entry made or edited; `None`: the system, or nobody in particular.
    pub fn sender(&self) -> Option<&UserId> {
        match self.kind {
            EntryKind::Message | EntryKind::Edit => self.parts.first()?.sender.as_ref(),
            _ => None,
        }
    }

    /// What this person sees it as.
    pub fn viewpoint(&self, viewer: &UserId) -> Viewpoint {
        let place = self.parts.iter().position(|part| part.sender.as_ref() == Some(viewer));
        place.and_then(|place| u16::try_from(place).ok()).map_or(Viewpoint::Other, Viewpoint::Author)
    }

    /// What to tell those with this viewpoint; `None`: an entry that clients do not see. The other party's form of a message is not
    /// copied. A viewpoint of another entry is taken as [`Viewpoint::Other`].
    pub fn push(&self, viewpoint: Viewpoint) -> Option<Push> {
        let viewer = match viewpoint {
            Viewpoint::Other => None,
            Viewpoint::Author(place) => self.parts.get(usize::from(place)).and_then(|part| part.sender.as_ref()),
        };
        let kind = match self.kind {
            EntryKind::Message if viewer.is_some() => PushKind::MessageSent,
            EntryKind::Message | EntryKind::System => PushKind::NewMessage,
            EntryKind::Edit => PushKind::MessageEdited,
            EntryKind::Masking => PushKind::MessagesMasked,
            EntryKind::Closing => PushKind::ChatClosed,
            EntryKind::Reopening => PushKind::ChatReopened,
            EntryKind::Empty => return None,
        };
        let body = match self.kind {
            EntryKind::Masking => self.masked(viewer),
            EntryKind::Closing | EntryKind::Reopening => {
                json::encode(&EntryOnly { order_id: self.order.clone(), seq: self.seq })
            }
            _ => {
                let part = self.parts.first()?;
                if viewer.is_some() { part.sender_body() } else { part.body() }
            }
        };
        Some(Push { kind, body })
    }

    /// `{orderId, messages}`, each message in the form that this person may see.
    fn masked(&self, viewer: Option<&UserId>) -> Bytes {
        let size: usize = self.parts.iter().map(|part| part.body.len() + 96).sum();
        let mut out = Vec::with_capacity(size + self.order.as_str().len() + 32);
        out.extend_from_slice(b"{\"orderId\":\"");
        out.extend_from_slice(self.order.as_str().as_bytes());
        out.extend_from_slice(b"\",\"messages\":[");
        for (place, part) in self.parts.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            if viewer.is_some() && part.sender.as_ref() == viewer {
                part.write_sender_body(&mut out);
            } else {
                out.extend_from_slice(&part.body);
            }
        }
        out.extend_from_slice(b"]}");
        Bytes::from(out)
    }
}

/// Reads the body of an envelope of kind `Typing`: who types.
pub fn decode_typing(body: &Bytes) -> Result<UserId, EnvelopeError> {
    let mut reader = Reader(body.clone());
    let version = reader.u8()?;
    if version != VERSION {
        return Err(EnvelopeError::Version(version));
    }
    let user = reader.id("user")?.ok_or(EnvelopeError::Field("user"))?;
    reader.end()?;
    Ok(user)
}

/// How far somebody got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEnvelope {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
    /// How far, as shown.
    pub marks: Marks,
}

/// Reads the body of an envelope of kind `Status`.
pub fn decode_status(body: &Bytes) -> Result<StatusEnvelope, EnvelopeError> {
    let mut reader = Reader(body.clone());
    let version = reader.u8()?;
    if version != VERSION {
        return Err(EnvelopeError::Version(version));
    }
    let user = reader.id("user")?.ok_or(EnvelopeError::Field("user"))?;
    let at = Timestamp(reader.i64()?);
    let mut mark = || Ok(Mark { seq: Seq(reader.u64()?), others: reader.u64()? });
    let marks = Marks { delivered: mark()?, read: mark()? };
    reader.end()?;
    Ok(StatusEnvelope { user, at, marks })
}
