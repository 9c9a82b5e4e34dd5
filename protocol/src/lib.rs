//! The wire of souk: one vocabulary and two ways to carry it over WebSocket.
//!
//! * [`request`]: what clients ask, typed; [`dto`]: the forms of things and of answers; [`push`]: what the server tells unasked;
//!   [`error`], [`code`] and [`close`]: why not, and why no longer.
//! * [`plain`] (subprotocol `souk.v1`) and [`socketio`] (Engine.IO 4, Socket.IO protocol 5) put them into text frames. A body is
//!   encoded once, as [`bytes::Bytes`], and each carrier wraps those bytes.
//! * [`rest`]: the bodies and queries of what is not live.
//! * [`envelope`]: what nodes send each other, so that a body is encoded once for the whole cluster.
//!
//! Decoders borrow from the frame, check its [depth] before a parser sees it, and never panic, whatever the bytes. There is no
//! I/O here and no WebSocket framing.

pub mod close;
pub mod code;
pub mod depth;
pub mod dto;
pub mod envelope;
pub mod error;
mod fields;
pub mod json;
pub mod limits;
pub mod plain;
pub mod push;
pub mod request;
pub mod rest;
pub mod socketio;

pub use close::{Close, Closing, Reconnect};
pub use code::Code;
pub use dto::{Audience, encode_message};
pub use error::Error;
pub use push::{Push, PushKind, ServerEvent};
pub use request::Request;
