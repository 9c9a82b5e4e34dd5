//! What is to be done to a server: a scenario is a few ingredients, each a section of its file.
//!
//! Every scenario has people who talk ([`People`], [`Load`]). The other ingredients are off unless their section turns them on, and
//! all of them work together: [`Limit`] sends beyond the rate limit, [`Storm`] cuts everybody at once, [`Ramp`] searches for the most
//! a server can take, [`Slow`] reads too slowly, [`Churn`] comes and goes.

mod absent;
mod consistency;
mod describe;
pub mod knobs;
mod lists;
mod node_settings;
mod parse;
mod rules;
pub mod shipped;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::report::Threshold;
pub use describe::{describe_figures, describe_knobs, list};
pub(crate) use knobs::TABLE;
pub use knobs::{KNOBS, Knob};
pub use souk_settings::{Kind, Mistake, Mistakes, Place, Wrong};

/// A scenario, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name: the file's, without the extension.
    pub name: String,
    /// What it shows, in a line.
    pub about: String,
    /// The nodes that the harness starts when it is given no target.
    pub nodes: Nodes,
    /// Who is there.
    pub people: People,
    /// How they come.
    pub connect: Connect,
    /// What they say.
    pub load: Load,
    /// Who tests the rate limit.
    pub limit: Limit,
    /// A cut of many connections at once.
    pub storm: Storm,
    /// The search for the most a server can take.
    pub ramp: Ramp,
    /// Readers that are too slow.
    pub slow: Slow,
    /// Phones that come and go.
    pub churn: Churn,
    /// The end of a run.
    pub settle: Settle,
    /// What must hold of the figures.
    pub thresholds: Vec<Threshold>,
}

/// Nodes of our own: how many, on what, and their settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Nodes {
    /// On what they run.
    pub engines: Engines,
    /// How many; alone there is one.
    pub count: usize,
    /// Settings of the nodes, as in their TOML file: `limits.messages` and a value.
    pub settings: Vec<(String, String)>,
}

/// On what nodes of our own run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engines {
    /// SQLite, in-process router, local event log.
    Alone,
    /// Redis, CQL and Kafka: those of the environment, otherwise of `deploy/stack`, which is started.
    Cluster,
    /// `Cluster` where the environment names the servers (`SOUK_ROUTER_URL` …), otherwise `Alone`.
    Auto,
}

/// Who is there.
#[derive(Clone, Debug, PartialEq)]
pub struct People {
    /// Orders; each has a client and a contractor who talk.
    pub orders: usize,
    /// Devices of each of the two.
    pub devices: usize,
    /// Devices per order beside theirs that join it and only read; they are admins'.
    pub watchers: usize,
    /// Where the two of an order are.
    pub placement: Placement,
    /// Share of devices that speak Socket.IO, 0 to 1.
    pub socketio: f64,
}

/// Where the devices of an order connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// The two on different nodes, further devices round robin.
    Split,
    /// All of an order on the same node.
    Together,
}

/// How people come.
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    /// Connections begun per second.
    pub rate: f64,
    /// How long everybody may take to be there.
    pub within: Duration,
    /// How long everybody is left alone before memory is read.
    pub calm: Duration,
}

/// What people say, and do about what they are told.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Messages per second in all. The moments are planned beforehand and do not wait for answers (open model).
    pub rate: f64,
    /// The gaps between messages.
    pub arrivals: Arrivals,
    /// Messages that a person sends at one moment.
    pub burst: usize,
    /// Length of a message in characters; a tenth more or less.
    pub characters: usize,
    /// Talk before anything counts.
    pub warm: Duration,
    /// Talk that counts.
    pub duration: Duration,
    /// Share of messages announced by `typing`, 0 to 1.
    pub typing: f64,
    /// Share of received messages that are marked as read, 0 to 1.
    pub read: f64,
    /// How long somebody types before a message, and looks before marking it as read: on average, exponential.
    pub think: Duration,
}

/// The gaps between messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Independent people: exponential gaps.
    Poisson,
    /// Equal gaps.
    Uniform,
}

/// People who test the rate limit, on orders of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// How many, a third each below, at and far above the limit; 0: none.
    pub senders: usize,
    /// Devices of each, spread over the nodes.
    pub devices: usize,
    /// How long, in windows of the limit.
    pub windows: f64,
    /// How many times the limit the last third tries.
    pub above: f64,
}

/// A cut of many connections at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Storm {
    /// How they are cut.
    pub cut: Cut,
    /// When, after the load begins to count.
    pub at: Duration,
    /// Share of the devices that are cut, where the cut lets one choose: `close` and `network`.
    pub share: f64,
    /// How long the network stays away (`network`), or until the node comes back (`kill`, `drain`); 0: the node stays away.
    pub outage: Duration,
    /// How long everybody may take to be back.
    pub within: Duration,
}

/// How connections are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Not at all: no storm.
    None,
    /// The clients' sockets are closed.
    Close,
    /// The first node is killed with SIGKILL.
    Kill,
    /// The first node is told to leave, with SIGTERM.
    Drain,
    /// The network between the chosen devices and the nodes is cut, by proxies.
    Network,
}

/// The search for the most that a server can take: rising steps until a threshold breaks, then halving in between, then
/// confirming what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    /// What rises.
    pub of: RampOf,
    /// Where it begins: messages per second, or orders connected.
    pub from: f64,
    /// Where it ends at the latest.
    pub to: f64,
    /// By how much each step is more than the one before.
    pub factor: f64,
    /// How long each step lasts.
    pub hold: Duration,
    /// How long what was found must last.
    pub confirm: Duration,
    /// How near the search comes to the edge, as a share of it.
    pub precision: f64,
    /// What must hold of each step.
    pub keep: Vec<Threshold>,
}

/// What rises in a ramp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RampOf {
    /// Nothing: no ramp.
    None,
    /// Messages per second.
    Rate,
    /// Connections: more and more of the orders' people come.
    Connections,
}

/// Watching devices that stop reading for a while, as a phone in a tunnel does.
#[derive(Clone, Debug, PartialEq)]
pub struct Slow {
    /// Share of the watchers that are slow, 0 to 1.
    pub share: f64,
    /// How long they stop reading.
    pub pause: Duration,
    /// How long they read in between.
    pub between: Duration,
    /// The receive buffer of their sockets, in bytes: what the system takes in for them while they do not read.
    pub buffer: usize,
}

/// Phones that come and go.
#[derive(Clone, Debug, PartialEq)]
pub struct Churn {
    /// Devices that go per second.
    pub rate: f64,
    /// How long they stay away: on average, exponential.
    pub away: Duration,
    /// Share of those whose old socket stays, half open: nobody reads it, and nobody closes it, 0 to 1.
    pub half_open: f64,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// How long what was sent may take to reach everybody.
    pub within: Duration,
}
