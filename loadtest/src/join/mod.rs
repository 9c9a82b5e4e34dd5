//! Several processes of one run: more clients than one may have descriptors for, in one report.
//!
//! The leader listens; the others join it over a connection of lines of JSON. Each makes and connects its own share of the orders,
//! with both people of an order in the same process, so that each can prove its own part. Two moments are shared: when everybody
//! is there, and when the leader wants an end.

mod follower;
mod leader;
mod wire;

pub(crate) use follower::follow;
pub(crate) use leader::Leader;
