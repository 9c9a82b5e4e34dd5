//! An entry on its way to devices: made once, each frame encoded once, shared by all.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use souk_chat::log::EntryKind;
use souk_chat::ports::Origin;
use souk_chat::{Body, ClientMessageId, Entry, Message, OrderId, Seq, Span, Status, UserId};
use souk_protocol::dto::with_masked;
use souk_protocol::envelope::{EntryEnvelope, EntryMark, EnvelopeError, Viewpoint};
use souk_protocol::socketio;
use souk_protocol::{Push, PushKind, ServerEvent, plain};

use super::encoding::{Encoding, text};

/// A push, and its frame in each encoding once somebody needed it.
#[derive(Debug)]
pub struct Frames {
    kind: PushKind,
    body: Bytes,
    encoded: [OnceLock<Bytes>; Encoding::COUNT],
}

impl Frames {
    /// A push of this kind around its encoded body.
    pub fn new(kind: PushKind, body: Bytes) -> Self {
        Self { kind, body, encoded: Default::default() }
    }

    /// The frame in this encoding.
    pub fn of(&self, encoding: Encoding) -> Bytes {
        let encode = || match encoding {
            Encoding::Plain => text(&plain::push_frame(self.kind, &self.body)),
            Encoding::SocketIo(namespace) => text(&socketio::event_packet(namespace, self.kind, &self.body)),
        };
        self.encoded[encoding.index()].get_or_init(encode).clone()
    }
}

impl From<Push> for Frames {
    fn from(push: Push) -> Self {
        Self::new(push.kind, push.body)
    }
}

impl From<&ServerEvent> for Frames {
    fn from(event: &ServerEvent) -> Self {
        event.encode().into()
    }
}

/// An entry on its way to the devices of this node.
#[derive(Debug)]
pub struct EncodedEntry {
    /// The entry's number.
    pub seq: Seq,
    /// What tells it from another entry of that number.
    pub mark: EntryMark,
    entry: EntryEnvelope,
    /// What each viewpoint is told; made when the first device of it is there. Inside: nothing, for entries that clients do not see.
    to_other: OnceLock<Option<Frames>>,
    to_author: OnceLock<Option<Frames>>,
    /// The connection that the entry came over; `None`: not known, it was read from the store.
    origin: Option<Origin>,
    /// What was masked in the text that made it, for the answer to the device of that origin and for nobody else. Known only where
    /// this node made the entry.
    masked: Arc<[Span]>,
    /// The message that it made, where this node has it; else its JSON says it.
    message: Option<Arc<Message>>,
}

impl EncodedEntry {
    /// Reads what [`encode_entry`](souk_protocol::envelope::encode_entry) made of the entry `seq` of `order`. The bytes are shared,
    /// not copied.
    pub fn read(order: &OrderId, seq: Seq, body: Bytes) -> Result<Self, EnvelopeError> {
        let mark = EntryMark::of(&body);
        Ok(Self::new(mark, EntryEnvelope::read(order.clone(), seq, body)?))
    }

    fn new(mark: EntryMark, entry: EntryEnvelope) -> Self {
        Self {
            seq: entry.seq,
            mark,
            entry,
            to_other: OnceLock::new(),
            to_author: OnceLock::new(),
            origin: None,
            masked: Arc::default(),
            message: None,
        }
    }

    /// With what was masked in the text that came over `origin`.
    #[must_use]
    pub fn masking(self, origin: Origin, masked: &Arc<[Span]>) -> Self {
        Self { masked: Arc::clone(masked), ..self.over(origin) }
    }

    /// Of an entry that came over this connection.
    #[must_use]
    pub fn over(self, origin: Origin) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// Of an entry that this node wrote, or read from the store; and its body for other nodes.
    pub fn of(order: &OrderId, entry: &Entry) -> (Self, Bytes) {
        let (envelope, encoded) = EntryEnvelope::encode(order.clone(), entry, |_| Status::Sent);
        let message = match &entry.body {
            Body::Message(message) => Some(Arc::clone(message)),
            _ => None,
        };
        (Self { message, ..Self::new(EntryMark::of(&encoded), envelope) }, encoded)
    }

    /// What this person is told; `None`: nothing.
    pub fn frames_for(&self, user: &UserId) -> Option<&Frames> {
        let viewpoint = self.entry.viewpoint(user);
        let slot = match viewpoint {
            Viewpoint::Other => &self.to_other,
            // An entry's messages have one author (a masking hides one sender's), so one slot serves.
            Viewpoint::Author(_) => &self.to_author,
        };
        slot.get_or_init(|| self.entry.push(viewpoint).map(Frames::from)).as_ref()
    }

    /// Whether it made a message that this person may not have seen: another party's.
    pub fn is_message_of_others(&self, user: &UserId) -> bool {
        let made = self.entry.parts.first().filter(|_| self.entry.kind == EntryKind::Message);
        made.and_then(|part| part.sender.as_ref()).is_some_and(|sender| sender != user)
    }

    /// The sender's own id, if this person sent the message that the entry made.
    pub fn sent_by(&self, user: &UserId) -> Option<&ClientMessageId> {
        let part = self.entry.parts.first().filter(|part| part.sender.as_ref() == Some(user))?;
        (self.entry.kind == EntryKind::Message).then_some(part.client_message_id.as_ref())?
    }

    /// Whether the message that the entry made is what a send of this text over `device` makes. What moderation or its author
    /// changed cannot be told from the text any more: that is what came over this connection. `None`: nor is it known what it came over.
    pub fn is_made_by(&self, text: &str, device: Origin) -> Option<bool> {
        let by_origin = || self.origin.map(|origin| origin == device);
        if let Some(message) = &self.message {
            return if message.is_moderated || message.version > 1 {
                by_origin()
            } else {
                Some(&*message.content == text)
            };
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Said<'a> {
            #[serde(borrow)]
            content: Cow<'a, str>,
            is_moderated: bool,
            version: u32,
        }
        let body = self.entry.parts.first().map(souk_protocol::envelope::Part::body).unwrap_or_default();
        match serde_json::from_slice::<Said<'_>>(&body) {
            Ok(said) if !said.is_moderated && said.version == 1 => Some(said.content == text),
            _ => by_origin(),
        }
    }

    /// The answer to the send that made it, for the device of this origin.
    pub fn answer(&self, to: Origin) -> Bytes {
        let body = self.entry.parts.first().map(souk_protocol::envelope::Part::sender_body).unwrap_or_default();
        if self.origin == Some(to) && !self.masked.is_empty() { with_masked(body, &self.masked) } else { body }
    }
}
