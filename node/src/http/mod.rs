//! The clients' port: sockets and REST.

mod admission;
mod check;
mod cross_origin;
mod forwarded;
mod pace;
mod reply;
mod rest;
mod server;
mod shared;
mod upgrade;

pub use admission::{Admission, AdmissionCounters, Limits, Tally};
pub use forwarded::Trusted;
pub use server::Server;
pub use shared::{ServerCounters, Shared};
