//! The plain carrier: subprotocol `souk.v1`, one JSON object a text frame.
//!
//! | | |
//! |---|---|
//! | request | `{"id":7,"event":"send_message","data":{…}}`; without `id` there is no answer |
//! | answer | `{"id":7,"data":{…}}` or `{"id":7,"error":{…}}` |
//! | push | `{"event":"new_message","data":{…}}`; with `?batch=1` several in a frame, one a line |

mod client;
mod server;

pub use client::{ServerFrame, decode_server, request_frame};
pub use server::{ClientFrame, Malformed, answer, batch, decode, error, push_frame};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "souk.v1";
