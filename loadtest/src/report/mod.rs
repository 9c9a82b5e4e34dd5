//! What a run found: `report.json`, and everything else that is made of it.
//!
//! Names in the file are those of the fields here. Times are milliseconds unless a name says seconds (`_s`); sizes are bytes;
//! moments are seconds since the first moment of the load, those before it are negative.

pub mod baseline;
pub mod derive;
pub mod figures;
mod file;
mod format;
mod html;
mod noise;
#[cfg(test)]
mod samples;
mod summary;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod threshold;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use file::{Paths, ReadError};
pub use html::{html, html_against};
pub use summary::summary;
pub use table::{Contestant, compare_table};
pub use threshold::{Comparison, Threshold};

/// The form of [`Report`]: another number means that names changed their meaning.
pub const SCHEMA: u32 = 1;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What was run.
    pub scenario: ScenarioEcho,
    /// Where and when.
    pub environment: Environment,
    /// How it went.
    pub outcome: Outcome,
    /// The figures by name, flat: what thresholds and baselines look at. The names are told by [`figures`].
    pub figures: BTreeMap<String, f64>,
    /// What was counted.
    pub totals: Totals,
    /// Latencies, by what they are of, whose, and when.
    pub latencies: Vec<Latency>,
    /// What happened in each second.
    pub timeline: Vec<Second>,
    /// What the servers used.
    pub servers: Vec<Server>,
    /// What the harness used, all its processes together.
    pub harness: Vec<Sample>,
    /// What passed through Redis, as another client of it saw.
    pub redis: Option<RedisSeen>,
    /// What was proved.
    pub integrity: Integrity,
    /// The storm, where there was one.
    pub storm: Option<StormFound>,
    /// The rate limit, where it was tested.
    pub limit: Option<LimitFound>,
    /// The ramp, where there was one.
    pub ramp: Option<RampFound>,
}

/// What was run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScenarioEcho {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Every knob and its value, as they would stand in the file.
    pub knobs: BTreeMap<String, String>,
}

/// Where and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Environment {
    /// When the run began, RFC 3339.
    pub started: String,
    /// How long it took in all, in seconds.
    pub took_s: f64,
    /// The harness's version.
    pub version: String,
    /// Processors of the machine that it ran on.
    pub cores: usize,
    /// Memory of that machine.
    pub memory: u64,
    /// Its kernel.
    pub kernel: String,
    /// Its load averages (1, 5, 15 minutes) before the run.
    pub load_average: Vec<f64>,
    /// Harness processes that took part.
    pub processes: usize,
    /// What the servers run on: `alone`, `cluster`, or `given` for those of `--target`.
    pub engines: String,
    /// The servers' addresses.
    pub targets: Vec<String>,
    /// Devices that were to be connected.
    pub devices: usize,
}

/// How it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// In a word.
    pub verdict: Verdict,
    /// What must hold, and whether it does.
    pub thresholds: Vec<ThresholdFound>,
    /// What went wrong beside: a node that ended, a share of devices that never came. Sentences.
    pub remarks: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every threshold held, nothing was violated. Exit code 0.
    Passed,
    /// A threshold did not hold, or something could not be proved. Exit code 1.
    Threshold,
    /// A promise was broken: see [`Integrity`]. Exit code 2.
    Integrity,
    /// It was ended early; what there is was checked. Exit code 130.
    Interrupted,
}

/// A threshold and the figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThresholdFound {
    /// As it was written.
    pub text: String,
    /// The figure; `null`: this run has none of this name, which counts as not held.
    pub found: Option<f64>,
    /// Whether it holds.
    pub held: bool,
}

/// What was counted, over the whole run unless it says otherwise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Messages whose moment came.
    pub intended: u64,
    /// Messages written to a connection at least once.
    pub sent: u64,
    /// Messages that were acknowledged.
    pub acknowledged: u64,
    /// Messages that were refused for good, by code; without those of senders who test the limit.
    pub refused: BTreeMap<String, u64>,
    /// Messages neither acknowledged nor refused in the end.
    pub unanswered: u64,
    /// Devices that in the end were not there, or had not seen or been answered everything.
    #[serde(default)]
    pub unsettled: u64,
    /// Times that a message was sent again after a cut.
    pub sent_again: u64,
    /// Messages that reached a device other than the sender's own.
    pub received: u64,
    /// Messages that a device found when it caught up.
    pub caught_up: u64,
    /// Connections that were signed in.
    pub sign_ins: u64,
    /// Connections that did not come about, by reason.
    pub connect_failures: BTreeMap<String, u64>,
    /// Connections that ended without our wish, by reason.
    pub cuts: BTreeMap<String, u64>,
    /// `typing` sent and received.
    pub typing: (u64, u64),
    /// Messages marked as read.
    pub read: u64,
    /// Other requests that were refused, by event and code.
    pub requests_refused: BTreeMap<String, u64>,
}

/// Latencies of one kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// Of what.
    pub of: Of,
    /// Whose: `all`, `stayers`, `limited`.
    pub group: String,
    /// When: `load` (all that counts), `arrival` (connecting before it), and in a storm `before` and `during`.
    pub phase: String,
    /// How many.
    pub count: u64,
    /// The shortest.
    pub min: f64,
    /// On average.
    pub mean: f64,
    /// Half took at most this.
    pub p50: f64,
    /// Nine in ten took at most this.
    pub p90: f64,
    /// 99 in 100 took at most this.
    pub p99: f64,
    /// 999 in 1,000 took at most this.
    pub p999: f64,
    /// The longest.
    pub max: f64,
    /// The whole distribution: percentile (0 to 100) and the time that it does not exceed, rising.
    pub curve: Vec<(f64, f64)>,
}

/// What a latency is of. Sending counts from the moment that was planned, so that a late harness or server makes it worse and
/// never hides it (no coordinated omission).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// From the planned moment to the acknowledgement.
    Ack,
    /// From the planned moment to each other device.
    Receive,
    /// From connecting to being signed in.
    SignIn,
    /// From asking for what was missed to having it all.
    CatchUp,
}

/// A second of the run, counted by when things happened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Second {
    /// Which.
    pub at: i64,
    /// Messages whose moment came.
    pub intended: u64,
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Messages refused.
    pub refused: u64,
    /// Messages that reached other devices.
    pub received: u64,
    /// Connections signed in.
    pub sign_ins: u64,
    /// Connections that did not come about.
    pub connect_failures: u64,
    /// Connections that ended without our wish.
    pub cuts: u64,
    /// Devices connected and live, at its end.
    pub connected: u64,
    /// Send → acknowledged.
    pub ack: Option<Quantiles>,
    /// Send → received.
    pub receive: Option<Quantiles>,
}

/// A second's latencies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half took at most this.
    pub p50: f64,
    /// 99 in 100 took at most this.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// What a server process used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Server {
    /// The node's name.
    pub name: String,
    /// Its process; `null`: not on this machine.
    pub pid: Option<u32>,
    /// Once a second.
    pub samples: Vec<Sample>,
}

/// What a process used, at one moment.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// When, in seconds.
    pub at: f64,
    /// Processors used since the sample before: 1.0 is one whole core.
    pub cpu: f64,
    /// Of it, in the kernel.
    pub cpu_system: f64,
    /// Resident memory.
    pub resident: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Connections, as its metrics say.
    pub connections: Option<u64>,
}

/// What passed through Redis.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RedisSeen {
    /// Publishes to orders' rooms of this run.
    pub order_rooms: u64,
    /// Publishes to people's rooms of this run.
    pub user_rooms: u64,
    /// Publishes to other rooms: other runs', other people's.
    pub others: u64,
    /// Their bytes, all together.
    pub bytes: u64,
    /// Publishes that the observer itself lost, because they came faster than it counted. They are in none of the other counts.
    #[serde(default)]
    pub missed: u64,
    /// Times that the observer lost its connection. What was published meanwhile is in none of the counts.
    #[serde(default)]
    pub gaps: u64,
    /// Processor time of the Redis server during the load, in milliseconds.
    pub cpu: Option<f64>,
}

/// What was proved, and what was found instead.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Integrity {
    /// Orders that were checked.
    pub orders: u64,
    /// Orders that could not be: their histories were not read. A run with such orders has not passed.
    #[serde(default)]
    pub unchecked: u64,
    /// Messages in their histories; without histories, acknowledged ones.
    pub messages: u64,
    /// Devices whose view was compared.
    pub devices: u64,
    /// Whether the servers' histories were read back. Without them what devices saw is compared with what was acknowledged.
    pub histories: bool,
    /// Where there are no histories: messages that a device missed while it was away, and that no server gives it any more. No promise
    /// was broken, since none was made.
    #[serde(default)]
    pub missed_while_away: u64,
    /// Broken promises by kind; every kind is there, 0 is as it should be.
    pub violations: BTreeMap<ViolationKind, u64>,
    /// The first of them.
    pub offenders: Vec<Offender>,
}

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// Acknowledged and not in history, or never seen by a device that was there at the end.
    Lost,
    /// In history twice, or given to a live connection twice.
    Doubled,
    /// A number on a connection that is not above the one before.
    OutOfOrder,
    /// A message that a live connection skipped.
    Hole,
    /// A frame of an order or a person that this device has nothing to do with.
    Stranger,
    /// Another text than what was sent, and nothing says that moderation changed it.
    Altered,
    /// In history, and nobody sent it.
    Unasked,
    /// More messages within a window than the limit lets through.
    OverLimit,
    /// Refused although the limit was not reached: early, or because a retry was counted.
    UnderLimit,
    /// A refusal's `retryAfterMs` that was not true.
    RetryAfter,
}

impl ViolationKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Lost,
        Self::Doubled,
        Self::OutOfOrder,
        Self::Hole,
        Self::Stranger,
        Self::Altered,
        Self::Unasked,
        Self::OverLimit,
        Self::UnderLimit,
        Self::RetryAfter,
    ];
}

/// One broken promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offender {
    /// Which.
    pub kind: ViolationKind,
    /// The order.
    pub order: String,
    /// The device, where it is one's.
    pub device: Option<String>,
    /// What happened, in a sentence with numbers.
    pub what: String,
}

/// How a storm went.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StormFound {
    /// How connections were cut.
    pub cut: String,
    /// When, in seconds.
    pub at: f64,
    /// Devices that were cut.
    pub clients: u64,
    /// Of them, back and caught up in the end.
    pub back: u64,
    /// Seconds from the cut until so many in 100 were back and caught up: 50, 90, 99, 100. `null`: that many never were.
    pub back_s: BTreeMap<String, Option<f64>>,
    /// How many were back by when: seconds from the cut, and devices. Rising.
    pub curve: Vec<(f64, u64)>,
    /// Most sign-ins in a second.
    pub sign_ins_per_second: u64,
    /// Handshakes tried for it.
    pub tried: u64,
    /// Handshakes that were refused, by answer.
    pub refused: BTreeMap<String, u64>,
    /// What refusals asked to wait, in seconds: the shortest and the longest.
    pub retry_after_s: Option<(f64, f64)>,
    /// Devices that were not cut.
    pub stayers: u64,
    /// The stayers' 99th percentile to the acknowledgement, before and until all were back.
    pub stayers_p99: (Option<f64>, Option<f64>),
}

/// How the rate limit held.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LimitFound {
    /// Messages that the server says it lets through.
    pub messages: u64,
    /// In this time, in milliseconds.
    pub window: u64,
    /// What the groups of senders met: `below`, `at`, `above`.
    pub groups: BTreeMap<String, LimitGroup>,
    /// Refusals whose `retryAfterMs` was tried: too early, and in time.
    pub retry_after_tried: (u64, u64),
}

/// A group of senders.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LimitGroup {
    /// People.
    pub senders: u64,
    /// Messages that they tried.
    pub tried: u64,
    /// Accepted.
    pub accepted: u64,
    /// Refused.
    pub refused: u64,
    /// Acknowledged messages that were sent again under their id.
    pub retried: u64,
    /// Most accepted messages of one person within one window.
    pub most_in_window: u64,
}

/// What a ramp found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RampFound {
    /// What rose: `rate` or `connections`.
    pub of: String,
    /// The steps, in the order in which they were tried.
    pub steps: Vec<RampStep>,
    /// The most that was confirmed; `null`: nothing was.
    pub capacity: Option<f64>,
}

/// A step of a ramp.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RampStep {
    /// When it began, in seconds.
    pub at: f64,
    /// How much.
    pub value: f64,
    /// Whether everything that was to hold held.
    pub held: bool,
    /// Whether it was the last one, which confirms.
    pub confirms: bool,
    /// The figures of the step, by name.
    pub figures: BTreeMap<String, f64>,
}
