//! History for all simulated nodes: [`History`] is what is stored, [`Engine`] is how a node reaches it, with all that goes wrong.

mod engine;
mod epochs;
mod history;
mod originals;
mod ports;

pub use engine::{Asked, Engine, Shelf, Told};
pub use history::{History, OrderLog, Refused};
pub use originals::Kept;
