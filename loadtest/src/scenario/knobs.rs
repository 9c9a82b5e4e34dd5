//! The table of knobs: everything that reads, writes, lists or explains what can be turned in a scenario goes through it.

use std::collections::BTreeMap;
use std::time::Duration;

use souk_settings::{Fallback, Faults, Given, Key, Kind, Table, Value, choose, millis, quoted};

use super::{
    Arrivals, Churn, Connect, Cut, Engines, Limit, Load, Nodes, People, Placement, Ramp, RampOf, Scenario, Settle,
    Slow, Storm,
};

/// Something that can be turned.
pub type Knob = Key<Scenario>;

/// The knobs, and how they are spoken of.
pub(crate) static TABLE: Table<Scenario> = Table {
    keys: KNOBS,
    subject: "scenario",
    noun: "knob",
    example: "[people], then orders = 100",
    list: "`souk-loadtest list --knobs` tells them all",
    variables: "",
    others: &["base"],
};

/// A value that a knob holds.
pub(super) trait Turn: Sized {
    /// What was said, by itself.
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults>;

    /// Turns to what was said.
    fn turn(&mut self, given: &Given, kind: Kind) -> Result<(), Faults> {
        *self = Self::read(given, kind)?;
        Ok(())
    }

    /// As it would stand in a file.
    fn written(&self) -> String;
}

macro_rules! turn {
    ($($type:ty),*) => { $(
        impl Turn for $type {
            fn read(given: &Given, kind: Kind) -> Result<Self, Faults> {
                Value::read(given, kind)
            }

            fn written(&self) -> String {
                self.write()
            }
        }
    )* };
}

turn!(String, usize, f64, Duration);

/// The words of a choice, and its values.
macro_rules! choice {
    ($type:ident, $words:ident: $($word:literal = $value:ident),*) => {
        const $words: &[&str] = &[$($word),*];

        impl Turn for $type {
            fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
                choose(given, &[$(($word, $type::$value)),*])
            }

            fn written(&self) -> String {
                quoted(&[match self { $($type::$value => $word),* }])
            }
        }
    };
}

choice!(Engines, ENGINES: "auto" = Auto, "alone" = Alone, "cluster" = Cluster);
choice!(Placement, PLACEMENTS: "split" = Split, "together" = Together);
choice!(Arrivals, ARRIVALS: "poisson" = Poisson, "uniform" = Uniform);
choice!(Cut, CUTS: "none" = None, "close" = Close, "kill" = Kill, "drain" = Drain, "network" = Network);
choice!(RampOf, RAMPS: "none" = None, "rate" = Rate, "connections" = Connections);

const SHARE: Kind = number(0.0, 1.0);
const THRESHOLDS: Kind = Kind::List("thresholds");
const HOUR: u64 = 3_600_000;

/// The longest message: a tenth more of it is just what souk takes.
const CHARACTERS: usize = souk_chat::limits::CONTENT_CHARS / 11 * 10;

const fn count(least: usize, most: usize) -> Kind {
    Kind::count(least, most)
}

const fn number(least: f64, most: f64) -> Kind {
    Kind::number(least, most)
}

const fn time(least: u64, most: u64) -> Kind {
    Kind::millis(least, most)
}

/// Makes the table, and the scenario in which every knob is where it stands when nobody turns it. A field of a section that is
/// not in the table does not compile.
macro_rules! knobs {
    (
        $( $top:ident: $top_kind:expr, $top_default:literal, $top_doc:literal; )*
        $( [$section:ident: $type:ident] $( $leaf:ident: $kind:expr, $default:literal, $doc:literal; )* )*
    ) => {
        /// All knobs, section by section.
        pub static KNOBS: &[Knob] = &[
            $( Knob {
                name: stringify!($top),
                kind: $top_kind,
                default: Fallback::Text($top_default),
                doc: $top_doc,
                set: |scenario, given, kind| scenario.$top.turn(given, kind),
            }, )*
            $( $( Knob {
                name: concat!(stringify!($section), ".", stringify!($leaf)),
                kind: $kind,
                default: Fallback::Text($default),
                doc: $doc,
                set: |scenario, given, kind| scenario.$section.$leaf.turn(given, kind),
            }, )* )*
        ];

        impl Scenario {
            /// Every knob's value as it would stand in a file: what is read again from it is the same.
            pub fn knobs(&self) -> BTreeMap<String, String> {
                let values = [
                    $( self.$top.written(), )*
                    $( $( self.$section.$leaf.written(), )* )*
                ];
                KNOBS.iter().map(|knob| knob.name.to_owned()).zip(values).collect()
            }
        }

        /// What holds when nobody says anything.
        pub(super) fn defaults() -> Scenario {
            Scenario {
                name: String::new(),
                $( $top: default($top_kind, $top_default), )*
                $( $section: $type { $( $leaf: default($kind, $default), )* }, )*
            }
        }
    };
}

fn default<T: Turn>(kind: Kind, text: &str) -> T {
    T::read(&Given::Bare(text.to_owned()), kind).expect("a test reads every default")
}

knobs! {
    about: Kind::Text, "", "What the scenario shows, in a line: `list` and the report say it.";
    thresholds: THRESHOLDS, "", "What must hold of the run's figures: any that does not makes the exit code 1.";

    [nodes: Nodes]
    engines: Kind::Choice(ENGINES), "auto", "What nodes of its own run on, when no `--target` is given: `alone` (SQLite, one process), `cluster` (Redis, CQL, Kafka), `auto` (cluster where the environment names the servers, otherwise alone).";
    count: count(1, 16), "2", "Nodes to start; alone there is one.";
    settings: Kind::Table("settings"), "", "Settings of these nodes by their names in a node's own file, as `limits.messages = 0`.";

    [people: People]
    orders: count(0, 1_000_000), "100", "Orders; each has a client and a contractor who talk.";
    devices: count(1, 100), "1", "Devices of each of the two.";
    watchers: count(0, 100_000), "0", "Devices per order beside theirs that join it and only read; they are admins'.";
    placement: Kind::Choice(PLACEMENTS), "split", "Where the two of an order connect: `split` (different nodes, so that every message crosses) or `together` (the same node).";
    socketio: SHARE, "0", "Share of the devices that speak Socket.IO; the others speak plain WebSocket.";

    [connect: Connect]
    rate: number(0.1, 100_000.0), "500", "Connections begun per second.";
    within: time(1_000, HOUR), "30s", "How long everybody may take to be there.";
    calm: time(0, HOUR), "1s", "How long everybody is left alone before memory is read; after `12s` allocators have given back what connecting took.";

    [load: Load]
    rate: number(0.0, 1_000_000.0), "50", "Messages per second in all. Their moments are planned beforehand and do not wait for answers.";
    arrivals: Kind::Choice(ARRIVALS), "poisson", "The gaps between messages: `poisson` (independent people) or `uniform` (equal gaps).";
    burst: count(1, 1_000), "1", "Messages that a person sends at one moment; there are fewer such moments, so that the rate stays.";
    characters: count(1, CHARACTERS), "80", "Length of a message in characters; a tenth more or less.";
    warm: time(0, HOUR), "5s", "Talk before anything counts.";
    duration: time(100, 24 * HOUR), "30s", "Talk that counts.";
    typing: SHARE, "0", "Share of the messages that `typing` announces.";
    read: SHARE, "0", "Share of received messages that are marked as read.";
    think: time(0, 600_000), "1s", "How long somebody types before a message, and looks before marking one as read: on average, exponential.";

    [limit: Limit]
    senders: count(0, 100_000), "0", "People who test the rate limit on orders of their own: a third each below, at and far above it. 0: nobody.";
    devices: count(1, 20), "2", "Devices of each, spread over the nodes.";
    windows: number(1.0, 60.0), "1.2", "How long, in windows of the limit.";
    above: number(1.1, 100.0), "3", "How many times the limit the last third tries.";

    [storm: Storm]
    cut: Kind::Choice(CUTS), "none", "How connections are cut: `none` (no storm), `close` (the clients' sockets are closed), `kill` (the first node dies by SIGKILL), `drain` (it is told to leave by SIGTERM), `network` (proxies cut the way between the chosen devices and the nodes).";
    at: time(100, 24 * HOUR), "10s", "When, after the load begins to count.";
    share: number(0.001, 1.0), "1", "Share of the devices that are cut, with `close` and `network`.";
    outage: time(0, HOUR), "0s", "How long the network stays away (`network`), or until the node comes back (`kill`, `drain`); 0: the node stays away.";
    within: time(1_000, HOUR), "30s", "How long everybody may take to be back.";

    [ramp: Ramp]
    of: Kind::Choice(RAMPS), "none", "What rises until a threshold of `keep` breaks: `none` (no ramp), `rate` (messages per second), `connections` (orders whose people are there).";
    from: number(1.0, 1_000_000.0), "100", "Where it begins: messages per second, or orders.";
    to: number(1.0, 1_000_000.0), "10000", "Where it ends at the latest.";
    factor: number(1.05, 10.0), "1.5", "By how much each step is more than the one before, before the search halves in between.";
    hold: time(1_000, HOUR), "5s", "How long each step lasts.";
    confirm: time(1_000, HOUR), "15s", "How long what was found must last.";
    precision: number(0.005, 0.5), "0.05", "How near the search comes to the edge, as a share of it.";
    keep: THRESHOLDS, "", "What must hold of each step.";

    [slow: Slow]
    share: SHARE, "0", "Share of the watchers that stop reading for a while, again and again.";
    pause: time(100, HOUR), "5s", "How long they stop reading.";
    between: time(100, HOUR), "5s", "How long they read in between.";
    buffer: count(2_048, 16_777_216), "16384", "The receive buffer of their sockets, in bytes: what the system takes in for them meanwhile.";

    [churn: Churn]
    rate: number(0.0, 100_000.0), "0", "Devices that go per second; 0: nobody goes.";
    away: time(10, HOUR), "5s", "How long they stay away: on average, exponential.";
    half_open: SHARE, "0", "Share of those that leave their old socket half open: nobody reads it, and nobody closes it.";

    [settle: Settle]
    within: time(100, HOUR), "10s", "How long what was sent may take to reach everybody, at the end.";
}

impl Scenario {
    /// Devices that are to be connected.
    pub fn devices(&self) -> usize {
        self.people.orders * (2 * self.people.devices + self.people.watchers) + self.limit.senders * self.limit.devices
    }

    /// A setting of the nodes, where the scenario says it.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.nodes.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Messages that a node of our own lets one person send, and in which time; `None`: no limit.
    pub fn quota(&self) -> Option<(u32, Duration)> {
        let messages = self.setting("limits.messages").map_or(Some(20), |text| text.parse().ok()).filter(|n| *n > 0)?;
        let window = self.setting("limits.window").map_or(Some(60_000), |text| millis(text).ok())?;
        Some((messages, Duration::from_millis(window.max(1))))
    }
}
