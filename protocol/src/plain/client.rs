//! The client's side: writes requests, reads answers and pushes.

use std::borrow::Cow;

use bytes::Bytes;

use crate::error::Error;
use crate::fields::Fields;
use crate::json::{self, Unreadable};
use crate::request::Request;

/// One line of a text frame from the server.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame<'a> {
    /// The request did this.
    Answer {
        /// The request's number.
        id: u64,
        /// The answer's data as JSON.
        data: &'a str,
    },
    /// The request was refused.
    Refused {
        /// The request's number; `None`: the server could not read it.
        id: Option<u64>,
        /// Why.
        error: Error,
    },
    /// The server tells something unasked.
    Push {
        /// The event's name; a newer server may push what [`PushKind`](crate::PushKind) does not know.
        event: Cow<'a, str>,
        /// The event's data as JSON.
        data: &'a str,
    },
}

/// Reads a text frame from the server, line by line: without `?batch=1` there is one line. Errors: a line is no frame; those
/// after it are still read.
pub fn decode_server(frame: &str) -> impl Iterator<Item = Result<ServerFrame<'_>, Unreadable>> {
    frame.split('\n').map(line)
}

fn line(line: &str) -> Result<ServerFrame<'_>, Unreadable> {
    read(line).map_err(|error| Unreadable(error.message.into_owned()))
}

fn read(line: &str) -> Result<ServerFrame<'_>, Error> {
    let fields = Fields::read(line, ["id", "event", "data", "error"])?;
    let id = fields.number("id")?;
    if let Some(error) = fields.json("error") {
        return Ok(ServerFrame::Refused { id, error: json::object(error)? });
    }
    let data = fields.need_json("data")?;
    match id {
        Some(id) => Ok(ServerFrame::Answer { id, data }),
        None => Ok(ServerFrame::Push { event: fields.need_text("event")?, data }),
    }
}

/// The frame of a request; `None`: no answer is wanted, a refusal comes as `exception`.
pub fn request_frame(id: Option<u64>, request: &Request<'_>) -> Bytes {
    let mut out = Vec::with_capacity(128);
    out.push(b'{');
    if let Some(id) = id {
        out.extend_from_slice(b"\"id\":");
        out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
        out.push(b',');
    }
    out.extend_from_slice(b"\"event\":\"");
    out.extend_from_slice(request.name().as_bytes());
    out.extend_from_slice(b"\",\"data\":");
    json::write(&mut out, request);
    out.push(b'}');
    Bytes::from(out)
}
