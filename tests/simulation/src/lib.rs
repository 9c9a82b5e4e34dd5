//! Several nodes of souk in one thread on simulated time.
//!
//! Each node is the real thing: the service with its sequencer, hub, rooms and gates, delivery, commands, sessions and the
//! driver of its connections. What is simulated stands behind its ports: the [store], the [router], presence, limits,
//! clocks, and the [connections](wire). One seed decides everything that happens; the same seed gives the same trace.
//!
//! [`run`] plays one seed: people write, come and go while requests, answers, envelopes, connections and nodes are lost; then
//! faults end, and within the times that docs/design.md names under "Invariants" everybody must see what is in history. The invariants are checked
//! with every frame and at the end.

pub mod client;
pub mod cluster;
pub mod coverage;
pub mod judge;
pub mod ledger;
pub mod people;
pub mod plan;
pub mod rng;
pub mod router;
mod run;
pub mod runtime;
mod scenario;
pub mod store;
pub mod wire;
pub mod world;

pub use plan::Sabotage;
pub use run::{Report, run, run_many};
pub use scenario::Outcome;
