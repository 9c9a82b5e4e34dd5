//! The router between the simulated nodes: a server that all reach, over connections that lose, delay, double and break.
//!
//! What it keeps to is the port's contract: publishes of one node arrive in their order, envelopes of one order reach a node in
//! the order the server gave them (but for doubles, which are old news), a broken connection is told as [`Gap::All`](souk_chat::ports::Gap::All) when
//! subscriptions stand again, and a late confirmation as a gap of its channel.

mod bus;
mod wiring;

pub use bus::Bus;
pub use wiring::Wiring;
