//! The clients' port: sockets and REST.

mod admission;
mod cross_origin;
mod reply;
mod rest;
mod server;
mod upgrade;

pub use admission::{Admission, AdmissionCounters, Limits};
pub use server::{Server, Shared};
