//! What the tests on real servers are made of.
//!
//! * [`stack`]: which servers there are, and what becomes of a test that lacks one; [`redis`], [`server`]: servers of a test's
//!   own; [`kafka`]: a reader of events that is not souk's.
//! * [`node`] and [`cluster`]: `souk` as processes, with their logs shown when a test fails.
//! * [`people`], [`rest`], [`bare`], [`device`], [`js`]: who talks to them; [`conversation`]: several devices in one order.
//! * [`proxy`], [`disk`], [`wait`] and the rest of [`souk_testkit`].
//! * [`history`] and [`checker`]: what each device saw, held against what is stored.
//!
//! Every test uses orders and people of its own, so that any number of tests share one stack at the same time.

pub mod bare;
pub mod checker;
pub mod cluster;
pub mod conversation;
pub mod device;
pub mod history;
pub mod js;
pub mod kafka;
pub mod node;
pub mod people;
pub mod record;
pub mod rest;
pub mod server;
pub mod stack;

pub use souk_testkit::{disk, left_out, proxy, redis, wait};
