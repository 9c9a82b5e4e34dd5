//! A connection's life: frames in, frames out.

mod connection;
mod context;
mod driver;
pub mod frame;
mod misuse;
mod seat;
mod sweep;

pub use connection::run;
pub use context::{Census, SocketContext, WireCounters};
pub use driver::{Driver, Ended, Opening};
pub use sweep::{PING_EVERY, PONG_WITHIN, sweep};
