//! What the frames of both carriers mean, in one form.

use std::borrow::Cow;

use bytes::Bytes;
use souk_protocol::plain::{self, ServerFrame};
use souk_protocol::socketio::{self, Frame, Open, Packet};
use souk_protocol::{Error, Request};

use crate::Carrier;
use crate::close::CloseReason;

/// What a frame, or a line of one, says.
#[derive(Debug)]
pub(crate) enum Signal<'a> {
    Answer {
        id: u64,
        result: Result<&'a str, Error>,
    },
    /// The server could not read something that this side sent.
    Unread(Error),
    Push {
        event: Cow<'a, str>,
        data: &'a str,
    },
    /// A heartbeat of the carrier, to be answered.
    Beat,
    /// Socket.IO: the transport is open.
    Opened(Open),
    /// Socket.IO: the session is open.
    Session,
    /// Socket.IO: no session, and why.
    NoSession(Error),
    /// Socket.IO: the server ended the session.
    SessionOver,
    /// Socket.IO: the server ended the transport.
    TransportOver,
}

/// Reads one text frame and hands each signal to `take`, in order. Stops at the first error.
pub(crate) fn read(
    carrier: Carrier,
    text: &str,
    mut take: impl FnMut(Signal<'_>) -> Result<(), CloseReason>,
) -> Result<(), CloseReason> {
    match carrier {
        Carrier::Plain { .. } => plain::decode_server(text).try_for_each(|line| {
            take(match line.map_err(|error| CloseReason::malformed(error.0))? {
                ServerFrame::Answer { id, data } => Signal::Answer { id, result: Ok(data) },
                ServerFrame::Refused { id: Some(id), error } => Signal::Answer { id, result: Err(error) },
                ServerFrame::Refused { id: None, error } => Signal::Unread(error),
                ServerFrame::Push { event, data } => Signal::Push { event, data },
            })
        }),
        Carrier::SocketIo(mine) => {
            let frame = socketio::decode(text).map_err(|wrong| CloseReason::malformed(&*wrong.error.message))?;
            let packet = match frame {
                Frame::Open(open) => return take(Signal::Opened(open)),
                Frame::Close => return take(Signal::TransportOver),
                Frame::Ping(_) => return take(Signal::Beat),
                Frame::Noop | Frame::Pong(_) => return Ok(()),
                Frame::Upgrade => return Err(CloseReason::malformed("an upgrade that was not asked for")),
                Frame::Packet(packet) => packet,
            };
            let (namespace, signal) = packet_signal(packet)?;
            if namespace != mine {
                return Err(CloseReason::malformed("a packet of another namespace"));
            }
            take(signal)
        }
    }
}

fn packet_signal(packet: Packet<'_>) -> Result<(socketio::Namespace, Signal<'_>), CloseReason> {
    Ok(match packet {
        Packet::Connect { namespace, .. } => (namespace, Signal::Session),
        Packet::Disconnect { namespace } => (namespace, Signal::SessionOver),
        Packet::ConnectError { namespace, payload } => {
            (namespace, Signal::NoSession(socketio::connect_refusal(payload)))
        }
        Packet::Event { namespace, event, data, .. } => (namespace, Signal::Push { event, data: data.unwrap_or("{}") }),
        Packet::Ack { namespace, id, data } => (namespace, Signal::Answer { id, result: socketio::ack_result(data) }),
        Packet::ConnectElsewhere { .. } => return Err(CloseReason::malformed("a packet of another namespace")),
        Packet::Binary { .. } => return Err(CloseReason::malformed("a binary packet")),
    })
}

/// The frame of a request; `None`: no answer is wanted.
pub(crate) fn request(carrier: Carrier, id: Option<u64>, request: &Request<'_>) -> Bytes {
    match carrier {
        Carrier::Plain { .. } => plain::request_frame(id, request),
        Carrier::SocketIo(namespace) => socketio::request_packet(namespace, id, request),
    }
}
