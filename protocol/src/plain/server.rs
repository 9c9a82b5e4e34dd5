//! The server's side: reads requests, writes answers and pushes.

use std::borrow::Cow;

use bytes::Bytes;

use crate::depth;
use crate::error::Error;
use crate::fields::Fields;
use crate::json;
use crate::push::PushKind;
use crate::request::{self, Request};

/// A text frame from a client, its data not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFrame<'a> {
    /// The request's number; `None`: no answer is wanted.
    pub id: Option<u64>,
    /// The event's name.
    pub event: Cow<'a, str>,
    /// The event's data as JSON.
    pub data: Option<&'a str>,
}

impl<'a> ClientFrame<'a> {
    /// Reads the data; see [`Request::parse`].
    pub fn request(&self) -> Result<Request<'a>, Error> {
        Request::parse(&self.event, self.data)
    }

    /// The `clientMessageId` for an `exception`, where [`ClientFrame::request`] refused.
    pub fn client_message_id(&self) -> Option<souk_chat::ClientMessageId> {
        request::client_message_id(self.data)
    }
}

/// A text frame that is no request. It is answered with [`error`], under its id where that could be read. Those answered under
/// `null` count towards 4008: see [`Malformed::is_misuse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    /// The request's number, where it could be read.
    pub id: Option<u64>,
    /// What is wrong: `bad_request`.
    pub error: Error,
}

impl Malformed {
    fn new(id: Option<u64>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { id, error: Error::bad_request(message) }
    }

    /// Whether the sender does not speak this protocol at all: after ten of these the connection is closed with 4008.
    pub fn is_misuse(&self) -> bool {
        self.id.is_none()
    }
}

/// Reads a text frame. Borrows from it; the data is found but not read. Errors: not JSON, too deep, not an object, an `id` that is
/// no whole number up to 2^53−1, no `event`.
pub fn decode(frame: &str) -> Result<ClientFrame<'_>, Malformed> {
    if let Err(error) = depth::check(frame) {
        // What is skipped on the way to the id is skipped without recursion, however deep it is.
        let id = Fields::read(frame, ["id"]).and_then(|fields| fields.number("id"));
        return Err(Malformed { id: id.ok().flatten(), error });
    }
    if !json::starts_with(frame, b'{') {
        let like = r#"{"id":1,"event":"ping","data":{}}"#;
        return Err(Malformed::new(None, format!("a frame must be one JSON object, like {like}")));
    }
    let fields = Fields::read(frame, ["id", "event", "data"])
        .map_err(|error| Malformed::new(None, format!("the frame is not JSON: {}", error.message)))?;
    let id = fields.number("id").map_err(|error| Malformed { id: None, error })?;
    let event = fields.need_text("event").map_err(|error| Malformed { id, error })?;
    Ok(ClientFrame { id, event, data: fields.json("data") })
}

/// The frame of an answer around its encoded body.
pub fn answer(id: u64, body: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(body.len() + 40);
    open(&mut out, Some(id));
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(body);
    out.push(b'}');
    Bytes::from(out)
}

/// The frame of a refusal; `None`: the request's number could not be read.
pub fn error(id: Option<u64>, error: &Error) -> Bytes {
    let mut out = Vec::with_capacity(192);
    open(&mut out, id);
    out.extend_from_slice(b",\"error\":");
    json::write(&mut out, error);
    out.push(b'}');
    Bytes::from(out)
}

fn open(out: &mut Vec<u8>, id: Option<u64>) {
    out.extend_from_slice(b"{\"id\":");
    match id {
        Some(id) => out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

/// The frame of a push around its encoded body.
pub fn push_frame(kind: PushKind, body: &[u8]) -> Bytes {
    let name = kind.name();
    let mut out = Vec::with_capacity(name.len() + body.len() + 24);
    out.extend_from_slice(b"{\"event\":\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\",\"data\":");
    out.extend_from_slice(body);
    out.push(b'}');
    Bytes::from(out)
}

/// Several pushes as one frame, for a connection that asked for `?batch=1`: one a line, no line break at the end. Encoded JSON
/// holds no line break of its own. One frame is given back as it is.
pub fn batch(frames: &[Bytes]) -> Bytes {
    if let [one] = frames {
        return one.clone();
    }
    Bytes::from(frames.join(b"\n".as_slice()))
}
