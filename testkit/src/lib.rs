//! What drives and observes nodes from outside: the common ground of the load test, the tests and the benchmarks. It knows
//! addresses, processes and bytes, and nothing of the crates that a node is made of.
//!
//! | module | what it is |
//! |---|---|
//! | [`process`], [`ports`] | processes that end with us, what `/proc` says of one, free addresses |
//! | [`failure`] | why a process is not what it should be |
//! | [`node`] | `souk` as a process: started, ready, killed, started again |
//! | [`http`], [`rest`] | a request as it is written, over any stream; the same over a kept connection, with errors |
//! | [`metrics`], [`token`] | what a node says of itself; what it takes people for |
//! | [`socket`] | WebSocket: the handshake, frames as bytes |
//! | [`proxy`] | a wire that can be made to fail; every fault counts how often it bit |
//! | [`redis`], [`disk`] | servers and disks of a test's own |
//! | [`left_out`], [`place`] | what becomes of a test that lacks something; where tests put what they make |
//! | [`wait`] | waiting for a condition, with a deadline |

pub mod disk;
pub mod failure;
pub mod http;
pub mod left_out;
pub mod metrics;
pub mod node;
pub mod place;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod redis;
pub mod rest;
pub mod socket;
pub mod token;
pub mod wait;
