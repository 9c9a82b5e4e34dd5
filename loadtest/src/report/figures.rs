//! The figures that thresholds and baselines look at, by name.

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// What it is.
    pub about: &'static str,
}

/// A figure's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// So many a second.
    PerSecond,
    /// So many.
    Count,
    /// A ratio.
    Ratio,
}

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Lower.
    Lower,
    /// Higher.
    Higher,
    /// Neither: it says what was done, not how well.
    Neither,
}

const fn figure(name: &'static str, unit: Unit, better: Better, about: &'static str) -> Figure {
    Figure { name, unit, better, about }
}

/// All of them. A run has those that its ingredients give.
pub const FIGURES: &[Figure] = &[
    figure(
        "p50_ack",
        Unit::Milliseconds,
        Better::Lower,
        "from the planned moment to the acknowledgement: half took at most this",
    ),
    figure("p99_ack", Unit::Milliseconds, Better::Lower, "the same, 99 in 100"),
    figure("p999_ack", Unit::Milliseconds, Better::Lower, "the same, 999 in 1,000"),
    figure("max_ack", Unit::Milliseconds, Better::Lower, "the same, the longest"),
    figure(
        "p50_receive",
        Unit::Milliseconds,
        Better::Lower,
        "from the planned moment to another device: half took at most this",
    ),
    figure("p99_receive", Unit::Milliseconds, Better::Lower, "the same, 99 in 100"),
    figure("p999_receive", Unit::Milliseconds, Better::Lower, "the same, 999 in 1,000"),
    figure("max_receive", Unit::Milliseconds, Better::Lower, "the same, the longest"),
    figure(
        "p50_sign_in",
        Unit::Milliseconds,
        Better::Lower,
        "from connecting to being signed in: half took at most this",
    ),
    figure("p99_sign_in", Unit::Milliseconds, Better::Lower, "the same, 99 in 100"),
    figure(
        "p50_catch_up",
        Unit::Milliseconds,
        Better::Lower,
        "from asking for what was missed to having it: half took at most this",
    ),
    figure("p99_catch_up", Unit::Milliseconds, Better::Lower, "the same, 99 in 100"),
    figure("intended", Unit::Count, Better::Neither, "messages whose moment came"),
    figure("sent", Unit::Count, Better::Neither, "messages written to a connection"),
    figure("acknowledged", Unit::Count, Better::Neither, "messages that were acknowledged"),
    figure("received", Unit::Count, Better::Neither, "messages that reached another device"),
    figure(
        "refused",
        Unit::Count,
        Better::Lower,
        "messages that were refused, without those of senders who test the limit",
    ),
    figure("unanswered", Unit::Count, Better::Lower, "messages neither acknowledged nor refused in the end"),
    figure("rate_acknowledged", Unit::PerSecond, Better::Higher, "messages acknowledged per second of the load"),
    figure(
        "rate_received",
        Unit::PerSecond,
        Better::Higher,
        "messages that reached other devices, per second of the load",
    ),
    figure(
        "unsettled",
        Unit::Count,
        Better::Lower,
        "devices that in the end were not there, or had not seen or been answered everything",
    ),
    figure(
        "unchecked_orders",
        Unit::Count,
        Better::Lower,
        "orders whose histories could not be read, and that prove nothing",
    ),
    figure(
        "missed_while_away",
        Unit::Count,
        Better::Lower,
        "on servers without a history: messages that a device missed while it was away",
    ),
    figure("connected", Unit::Count, Better::Higher, "devices connected and live at the end of the load"),
    figure(
        "missing_devices",
        Unit::Count,
        Better::Lower,
        "devices that were not connected and live at the end of the load",
    ),
    figure("sign_ins_per_second", Unit::PerSecond, Better::Higher, "most sign-ins in a second"),
    figure("connect_failures", Unit::Count, Better::Lower, "connections that did not come about"),
    figure("cuts", Unit::Count, Better::Lower, "connections that ended without our wish"),
    figure(
        "lost",
        Unit::Count,
        Better::Lower,
        "acknowledged messages that are not in history, or that a device has not in the end",
    ),
    figure("doubled", Unit::Count, Better::Lower, "messages that are in history, or came to a connection, twice"),
    figure("out_of_order", Unit::Count, Better::Lower, "numbers on a connection that do not rise"),
    figure("holes", Unit::Count, Better::Lower, "messages that a live connection skipped"),
    figure("strangers", Unit::Count, Better::Lower, "frames that came to whom they do not concern"),
    figure("altered", Unit::Count, Better::Lower, "messages with another text than was sent, without moderation"),
    figure("unasked", Unit::Count, Better::Lower, "messages in history that nobody sent"),
    figure("violations", Unit::Count, Better::Lower, "all broken promises"),
    figure(
        "cpu_per_delivery",
        Unit::Microseconds,
        Better::Lower,
        "processor time of the nodes per message that reached a device, during the load",
    ),
    figure("redis_cpu_per_delivery", Unit::Microseconds, Better::Lower, "the same of Redis"),
    figure("harness_cpu", Unit::Ratio, Better::Lower, "processors that the harness itself used during the load"),
    figure(
        "bytes_per_connection",
        Unit::Bytes,
        Better::Lower,
        "resident bytes of the nodes per connection: with everybody there, less before anybody came",
    ),
    figure("node_resident", Unit::Bytes, Better::Lower, "most resident memory of a node"),
    figure(
        "harness_bytes_per_client",
        Unit::Bytes,
        Better::Lower,
        "resident bytes of the harness per client, with everybody there",
    ),
    figure("back_50", Unit::Seconds, Better::Lower, "storm: until half were back and caught up"),
    figure("back_90", Unit::Seconds, Better::Lower, "storm: until nine in ten were"),
    figure("back_99", Unit::Seconds, Better::Lower, "storm: until 99 in 100 were"),
    figure("back_100", Unit::Seconds, Better::Lower, "storm: until all were"),
    figure("not_back", Unit::Count, Better::Lower, "storm: devices that never came back"),
    figure(
        "p99_ack_before",
        Unit::Milliseconds,
        Better::Lower,
        "storm: the stayers' 99th percentile to the acknowledgement before the cut",
    ),
    figure("p99_ack_during", Unit::Milliseconds, Better::Lower, "storm: the same until all were back"),
    figure("p99_ratio", Unit::Ratio, Better::Lower, "storm: the latter over the former"),
    figure("over_limit", Unit::Count, Better::Lower, "rate limit: messages that went through beyond it"),
    figure(
        "under_limit",
        Unit::Count,
        Better::Lower,
        "rate limit: refusals although it was not reached, counted retries among them",
    ),
    figure("retry_after_wrong", Unit::Count, Better::Lower, "rate limit: announced waits that were not true"),
    figure(
        "capacity",
        Unit::PerSecond,
        Better::Higher,
        "ramp: the most that was confirmed (messages per second, or connections)",
    ),
];

/// The figure of this name.
pub fn find(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}
