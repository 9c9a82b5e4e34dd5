//! What the tests on real servers are made of.
//!
//! * [`stack`]: which servers there are, and what becomes of a test that lacks one; [`redis`], [`kafka`]: servers of a test's own, and
//!   a reader of events that is not souk's.
//! * [`node`] and [`cluster`]: `souk` as processes, on ports of their own, with their logs shown when a test fails.
//! * [`people`], [`rest`], [`device`], [`js`]: who talks to them; [`conversation`]: several devices in one order.
//! * [`proxy`]: a wire that can be made to fail; every fault counts how often it bit. [`disk`]: one that is soon full.
//! * [`history`] and [`checker`]: what each device saw, held against what is stored.
//!
//! Every test uses orders and people of its own, so that any number of tests share one stack at the same time.

pub mod checker;
pub mod cluster;
pub mod conversation;
pub mod cql;
pub mod device;
pub mod disk;
pub mod history;
pub mod js;
pub mod kafka;
pub mod left_out;
pub mod node;
pub mod people;
pub mod place;
pub mod proxy;
pub mod record;
pub mod redis;
pub mod rest;
pub mod stack;
pub mod wait;
