//! A connection's life: frames in, frames out.

mod connection;
mod driver;
pub mod frame;
mod misuse;
mod seat;
mod surroundings;
mod sweep;

pub use connection::run;
pub use driver::{Driver, Ended, Opening};
pub use surroundings::{Census, Surroundings, WireCounters};
pub use sweep::{PING_EVERY, PONG_WITHIN, sweep};
