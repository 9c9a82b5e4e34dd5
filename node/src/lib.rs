//! The edge node of souk: sockets, sessions, delivery, and the one place where the parts are put together.

pub mod absences;
pub mod auth;
pub mod cli;
pub mod commands;
pub mod config;
pub mod delivery;
pub mod gate;
pub mod http;
pub mod hub;
pub mod metrics;
pub mod observed_store;
pub mod operator;
pub mod readiness;
mod rules;
pub mod runtime;
pub mod serve;
pub mod session;
pub mod socket;
mod watched;
