//! The node under attack, over real sockets.
//!
//! Every test does to a node what no honest client does, asserts the exact answer of PROTOCOL.md, and that two people who chat on the same
//! node meanwhile notice nothing.

mod bounds;
mod common;
mod frames;
mod handshakes;
mod requests;
mod rest;
mod socketio;
mod tokens;
