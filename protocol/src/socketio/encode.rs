//! Writes packets, each as the text frame that carries it.

use bytes::Bytes;
use serde::Serialize;

use super::{Namespace, Open};
use crate::code::Code;
use crate::error::{Error, ErrorBody};
use crate::json;
use crate::push::{Exception, PushKind, ServerEvent};
use crate::request::Request;

/// A buffer with the digits of both protocols and the namespace.
fn begin(capacity: usize, kind: &str, namespace: Namespace) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity + 16);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(namespace.prefix().as_bytes());
    out
}

fn number(out: &mut Vec<u8>, id: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
}

fn name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b"[\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\",");
}

/// Server: the first frame of a transport.
pub fn open_packet(sid: &str) -> Bytes {
    let mut out = Vec::with_capacity(128);
    out.push(b'0');
    json::write(&mut out, &Open::new(sid));
    Bytes::from(out)
}

/// Server: the session in `namespace` is open.
pub fn connect_packet(namespace: Namespace, sid: &str) -> Bytes {
    #[derive(Serialize)]
    struct Connected<'a> {
        sid: &'a str,
    }
    let mut out = begin(48, "40", namespace);
    json::write(&mut out, &Connected { sid });
    Bytes::from(out)
}

/// Server: no session. `namespace` is the name as the client sent it: it may be one that is not there
/// ([`Packet::ConnectElsewhere`](super::Packet::ConnectElsewhere); see [`Error::unknown_namespace`]).
pub fn connect_error(namespace: &str, error: &Error) -> Bytes {
    #[derive(Serialize)]
    struct Refused<'a> {
        message: &'a str,
        data: Data,
    }
    #[derive(Serialize)]
    struct Data {
        code: Code,
    }
    let mut out = Vec::with_capacity(128 + namespace.len());
    out.extend_from_slice(b"44");
    if namespace != "/" {
        out.extend_from_slice(namespace.as_bytes());
        out.push(b',');
    }
    json::write(&mut out, &Refused { message: &error.message, data: Data { code: error.code } });
    Bytes::from(out)
}

/// Either side: the session in `namespace` is over.
pub fn disconnect_packet(namespace: Namespace) -> Bytes {
    Bytes::from_static(match namespace {
        Namespace::Root => b"41",
        Namespace::Chat => b"41/chat,",
    })
}

/// Server: a push around its encoded body.
pub fn event_packet(namespace: Namespace, kind: PushKind, body: &[u8]) -> Bytes {
    let mut out = begin(kind.name().len() + body.len(), "42", namespace);
    name(&mut out, kind.name());
    out.extend_from_slice(body);
    out.push(b']');
    Bytes::from(out)
}

/// Server: the refusal of an event that asked for no acknowledgement.
pub fn exception_packet(namespace: Namespace, exception: Exception) -> Bytes {
    let push = ServerEvent::Exception(exception).encode();
    event_packet(namespace, push.kind, &push.body)
}

/// Server: an acknowledgement around its encoded body.
pub fn ack_packet(namespace: Namespace, id: u64, body: &[u8]) -> Bytes {
    let mut out = begin(body.len() + 24, "43", namespace);
    number(&mut out, id);
    out.push(b'[');
    out.extend_from_slice(body);
    out.push(b']');
    Bytes::from(out)
}

/// Server: an acknowledgement that refuses.
pub fn ack_error(namespace: Namespace, id: u64, error: &Error) -> Bytes {
    ack_packet(namespace, id, &json::encode(&ErrorBody { error: error.clone() }))
}

/// Client: asks for a session, with the token as `auth.token`.
pub fn connect_request(namespace: Namespace, token: Option<&str>) -> Bytes {
    #[derive(Serialize)]
    struct Auth<'a> {
        token: &'a str,
    }
    let mut out = begin(token.map_or(0, |token| token.len() + 16), "40", namespace);
    if let Some(token) = token {
        json::write(&mut out, &Auth { token });
    }
    Bytes::from(out)
}

/// Client: an event; `id`: with an acknowledgement under this number.
pub fn request_packet(namespace: Namespace, id: Option<u64>, request: &Request<'_>) -> Bytes {
    let mut out = begin(128, "42", namespace);
    if let Some(id) = id {
        number(&mut out, id);
    }
    name(&mut out, request.name());
    json::write(&mut out, request);
    out.push(b']');
    Bytes::from(out)
}
