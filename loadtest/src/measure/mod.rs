//! What others say of a run: the system of its processes, the nodes of themselves, Redis of what passes through it.

pub mod observer;
pub mod process;
pub(crate) mod watch;
