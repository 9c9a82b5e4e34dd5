//! The wire as it goes over the network: golden files, round trips, arbitrary bytes, and what the stock Socket.IO parser writes.

// In a test an unwrap is an assertion: it fails where it stands.
#![allow(clippy::unwrap_used)]

mod arbitrary;
mod envelope;
mod errors;
mod golden;
mod plain;
mod round_trips;
mod samples;
mod socketio;
mod stock;
mod things;
mod view;
