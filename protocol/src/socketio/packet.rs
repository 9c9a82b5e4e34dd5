//! Socket.IO packets: `<kind>[<attachments>-][<namespace>,][<id>][<JSON>]`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Namespace;
use crate::depth;
use crate::error::{Error, ErrorBody};
use crate::fields::{self, Fields};
use crate::json;
use crate::limits::{ATTACHMENTS_MAX, TOKEN_BYTES};
use crate::request::{self, Request, Token};

/// A Socket.IO packet, its data not yet read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Client: open a session in this namespace. Server: it is open.
    Connect {
        /// Where.
        namespace: Namespace,
        /// Client: the `auth` object, not checked in any way; see [`connect_token`]. Server: `{sid}`.
        payload: Option<&'a str>,
    },
    /// A client asks for a namespace that is not there. To be answered with [`connect_error`](super::connect_error).
    ConnectElsewhere {
        /// The name as it was sent.
        name: &'a str,
    },
    /// Either side ends the session in this namespace.
    Disconnect {
        /// Where.
        namespace: Namespace,
    },
    /// An event.
    Event {
        /// Where.
        namespace: Namespace,
        /// The acknowledgement's number; `None`: none is wanted.
        id: Option<u64>,
        /// The event's name.
        event: Cow<'a, str>,
        /// Its first argument as JSON. Further ones are ignored, as unknown fields are.
        data: Option<&'a str>,
    },
    /// The answer to an event.
    Ack {
        /// Where.
        namespace: Namespace,
        /// The event's number.
        id: u64,
        /// Its first argument as JSON, see [`ack_result`].
        data: Option<&'a str>,
    },
    /// The server opens no session.
    ConnectError {
        /// Where.
        namespace: Namespace,
        /// `{message, data: {code}}`, see [`connect_refusal`].
        payload: &'a str,
    },
    /// An event or acknowledgement with binary attachments: to be refused, and the next `attachments` binary frames dropped.
    Binary {
        /// Where.
        namespace: Namespace,
        /// The acknowledgement's number, to be answered with the refusal. `None` also for an acknowledgement.
        id: Option<u64>,
        /// How many binary frames follow.
        attachments: usize,
    },
}

impl<'a> Packet<'a> {
    /// Reads an event's request; see [`Request::parse`]. `None`: not an event.
    pub fn request(&self) -> Option<Result<Request<'a>, Error>> {
        match self {
            Self::Event { event, data, .. } => Some(Request::parse(event, *data)),
            _ => None,
        }
    }

    /// The `clientMessageId` for an `exception`, where [`Packet::request`] refused.
    pub fn client_message_id(&self) -> Option<souk_chat::ClientMessageId> {
        match self {
            Self::Event { data, .. } => request::client_message_id(*data),
            _ => None,
        }
    }
}

/// A frame that is no packet. Where its namespace is open it is told there: with an `id` as [`ack_error`](super::ack_error), else as
/// `exception`. Where nobody can be told, the connection ends: its sender would wait for nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    /// Where, as far as it could be read.
    pub namespace: Option<Namespace>,
    /// The acknowledgement's number, as far as it could be read.
    pub id: Option<u64>,
    /// What is wrong: `bad_request`.
    pub error: Error,
}

impl Malformed {
    pub(super) fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { namespace: None, id: None, error: Error::bad_request(message) }
    }
}

/// The text that is left to read.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn attachments(&mut self) -> Result<usize, Malformed> {
        let wrong = || Malformed::new(format!("a binary packet announces 1 to {ATTACHMENTS_MAX} attachments"));
        let (count, rest) = self.0.split_once('-').ok_or_else(wrong)?;
        let count = fields::number(count).and_then(|count| usize::try_from(count).ok());
        self.0 = rest;
        count.filter(|count| (1..=ATTACHMENTS_MAX).contains(count)).ok_or_else(wrong)
    }

    /// The name up to the comma, or to the end as the stock parser reads it; `/` where none stands.
    fn namespace(&mut self) -> &'a str {
        if !self.0.starts_with('/') {
            return "/";
        }
        let (name, rest) = self.0.split_once(',').unwrap_or((self.0, ""));
        self.0 = rest;
        name
    }

    fn id(&mut self) -> Result<Option<u64>, Malformed> {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        if digits.is_empty() {
            return Ok(None);
        }
        let id = fields::number(digits);
        id.map(Some).ok_or_else(|| Malformed::new("an acknowledgement's number ends at 2^53-1"))
    }

    /// The rest, where something is left.
    fn payload(&self) -> Option<&'a str> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

pub(super) fn decode(text: &str) -> Result<Packet<'_>, Malformed> {
    let unknown = || Malformed::new("a packet begins with the digit of its kind: 0 connect, 1 disconnect, 2 event");
    let kind = text.bytes().next().filter(|byte| matches!(byte, b'0'..=b'6')).ok_or_else(unknown)?;
    let mut reader = Reader(&text[1..]);
    let attachments = if matches!(kind, b'5' | b'6') { reader.attachments()? } else { 0 };
    let name = reader.namespace();
    let Some(namespace) = Namespace::parse(name) else {
        return match kind {
            b'0' => Ok(Packet::ConnectElsewhere { name }),
            _ => Err(Malformed::new("there is no such namespace; connect to / or /chat")),
        };
    };
    let id = if matches!(kind, b'2' | b'3' | b'5' | b'6') { reader.id() } else { Ok(None) }
        .map_err(|malformed| Malformed { namespace: Some(namespace), ..malformed })?;
    packet(kind, namespace, id, attachments, &reader).map_err(|error| Malformed {
        namespace: Some(namespace),
        // An acknowledgement is not answered.
        id: id.filter(|_| kind == b'2'),
        error,
    })
}

fn packet<'a>(
    kind: u8,
    namespace: Namespace,
    id: Option<u64>,
    attachments: usize,
    reader: &Reader<'a>,
) -> Result<Packet<'a>, Error> {
    let payload = reader.payload();
    if kind == b'0' {
        // What is wrong with it is told by who refuses the session, in a packet that clients understand.
        return Ok(Packet::Connect { namespace, payload });
    }
    payload.map_or(Ok(()), depth::check)?;
    match kind {
        b'1' if payload.is_none() => Ok(Packet::Disconnect { namespace }),
        b'1' => Err(Error::bad_request("a disconnect has no data")),
        b'2' => {
            let [event, data] = arguments(payload.unwrap_or_default(), "an event is a JSON array: [\"name\", {…}]")?;
            let name = || Error::bad_request("an event's first element is its name, a text");
            let event = fields::text(event.ok_or_else(name)?).map_err(|_| name())?;
            Ok(Packet::Event { namespace, id, event, data })
        }
        b'3' => {
            let id = id.ok_or_else(|| Error::bad_request("an acknowledgement has a number"))?;
            let arguments = |payload| arguments(payload, "an acknowledgement's data is a JSON array");
            let [data, _] = payload.map_or(Ok([None, None]), arguments)?;
            Ok(Packet::Ack { namespace, id, data })
        }
        b'4' => {
            let payload = payload.ok_or_else(|| Error::bad_request("a connect error has data"))?;
            Ok(Packet::ConnectError { namespace, payload: object(payload)? })
        }
        _ => Ok(Packet::Binary { namespace, id: id.filter(|_| kind == b'5'), attachments }),
    }
}

/// Text that is one JSON object.
fn object(text: &str) -> Result<&str, Error> {
    Fields::read(text, []).map(|_| text)
}

/// The first two elements of a JSON array; `null` counts as absent. `otherwise`: what is said of something else.
fn arguments<'a>(text: &'a str, otherwise: &'static str) -> Result<[Option<&'a str>; 2], Error> {
    struct Two;

    impl<'de> Visitor<'de> for Two {
        type Value = [Option<&'de RawValue>; 2];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let two = [seq.next_element()?, seq.next_element()?];
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(two)
        }
    }

    if !json::starts_with(text, b'[') {
        return Err(Error::bad_request(otherwise));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let two = reader.deserialize_seq(Two).map_err(json::Unreadable::from)?;
    reader.end().map_err(json::Unreadable::from)?;
    Ok(two.map(json::present))
}

/// The token of a connect packet's `auth` object; `None`: it has none, and the handshake's header counts. Errors: `unauthorized`;
/// `auth` is no object, or its token is no text or too long.
pub fn connect_token(payload: Option<&str>) -> Result<Option<Token<'_>>, Error> {
    let Some(payload) = payload.filter(|payload| *payload != "null") else { return Ok(None) };
    if !json::starts_with(payload, b'{') {
        return Err(Error::unauthorized("auth must be an object with the token in it: { token: \"<JWT>\" }"));
    }
    let fields = depth::check(payload).and_then(|()| Fields::read(payload, ["token"]));
    let fields = fields.map_err(|error| Error::unauthorized(format!("auth cannot be read: {}", error.message)))?;
    match fields.text("token") {
        Ok(token) if token.as_ref().is_some_and(|token| token.len() > TOKEN_BYTES) => {
            Err(Error::unauthorized("the token is too long"))
        }
        Ok(token) => Ok(token.map(Token)),
        Err(error) => Err(Error::unauthorized(format!("auth.{}", error.message))),
    }
}

/// Client: what an acknowledgement's argument says: the answer's data, or the refusal. Without an argument the answer is `{}`.
pub fn ack_result(data: Option<&str>) -> Result<&str, Error> {
    let Some(data) = data else { return Ok("{}") };
    match json::object::<ErrorBody>(data) {
        Ok(body) => Err(body.error),
        Err(_) => Ok(data),
    }
}

/// Client: why a namespace did not open. Read with patience: other servers and proxies answer here too.
pub fn connect_refusal(payload: &str) -> Error {
    let fields = Fields::read(payload, ["message", "data"]);
    let Ok(fields) = fields else { return Error::bad_request("the server refused the connection") };
    let message = fields.text("message").ok().flatten().map_or_else(String::new, Cow::into_owned);
    let code = fields.json("data").and_then(|data| Fields::read(data, ["code"]).ok()?.text("code").ok()?);
    Error::new(code.map_or(crate::Code::Other, |code| crate::Code::parse(&code)), message)
}
