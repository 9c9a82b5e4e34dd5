//! A typed client for souk.
//!
//! * [`Connection`] is one socket's life: connect, sign in, requests with typed answers, pushes and answers in the exact order of
//!   the wire, a clean close with its reason. It has no task and no timer of its own.
//! * [`Client`] stays: it reconnects by the server's policy, joins again from its cursors, catches up, sends unacknowledged
//!   messages again under their ids, drops repeats, and shows what this device has seen. One task, one timer.
//!
//! Both [carriers](Carrier) are spoken: the plain WebSocket and Socket.IO v4. There is no TLS; `wss://` addresses are refused
//! with a typed error, and a proxy beside the client can add it.

mod address;
mod backoff;
mod client;
mod close;
mod codec;
mod connection;
mod engine;
mod error;
mod event;
pub mod limits;
mod socket;
mod token;

pub use address::{Address, Carrier};
pub use backoff::Backoff;
pub use client::{Client, ClientBuilder, Sending};
pub use close::CloseReason;
pub use connection::{Answer, ConnectOptions, Connection, Incoming, Item, Reply};
pub use engine::JoinedOrder;
pub use error::{AddressError, ConnectError, JoinError, RequestError, SendError};
pub use event::{Change, Disconnect, Event, Events, StopReason};
pub use souk_chat as chat;
pub use souk_protocol as protocol;
pub use token::{AccessToken, TokenError, TokenFuture, TokenNeed, Tokens};
