//! The Socket.IO v4 carrier: Socket.IO protocol 5 inside Engine.IO protocol 4, text packets only.
//!
//! A WebSocket text frame is one Engine.IO [packet](Frame): a digit, then data. Digit 4 carries a Socket.IO [packet](Packet):
//! another digit, the [namespace](Namespace) unless it is `/`, an acknowledgement's number, JSON. So `42/chat,7["typing",{…}]` is
//! an event that asks to be acknowledged, `43/chat,7[{…}]` is its acknowledgement.
//!
//! Binary attachments are refused: [`Packet::Binary`] tells how many binary frames follow, to be dropped.

mod encode;
mod engine;
mod namespace;
mod packet;

pub use encode::{
    ack_error, ack_packet, connect_error, connect_packet, connect_request, disconnect_packet, event_packet,
    exception_packet, open_packet, request_packet,
};
pub use engine::{CLOSE, Frame, HandshakeRefusal, NOOP, Open, PATHS, PING, PONG, check_query, decode};
pub use namespace::Namespace;
pub use packet::{Malformed, Packet, ack_result, connect_refusal, connect_token};
