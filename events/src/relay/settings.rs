//! The bounds of the relay, each with a name, and what can be set.

use std::sync::Arc;
use std::time::Duration;

use souk_chat::ports::Incarnation;

/// Orders that may wait for a walker or rest after an error. A nudge beyond that is dropped: the intents remain.
pub(super) const WALKS_MAX: usize = 16_384;
/// Owed rows read, composed and emitted at once.
pub(super) const OWED_PAGE: usize = 64;
/// More than the events one entry owes: a page that has room for these was not cut short.
pub(super) const OWED_PER_ENTRY: usize = 8;
/// Messages looked through backwards for the one that an empty entry notifies of.
pub(super) const NOTIFIED_WITHIN: usize = 50;
/// How long one emit may take before the walk counts as failed. Longer than any engine's own patience.
pub(super) const EMIT_PATIENCE: Duration = Duration::from_secs(15);
/// Bounds of the rest after a failed walk: it is random between zero and a ceiling that doubles from here …
pub(super) const REST_FIRST: Duration = Duration::from_millis(100);
/// … to here.
pub(super) const REST_MOST: Duration = Duration::from_secs(30);

/// Intents remembered by the process that made them; those beyond are found in the store alone.
pub(super) const OPEN_INTENTS: usize = 65_536;
/// An intent this old whose message has not come is looked at by its own process.
pub(super) const OWN_PATIENCE: Duration = Duration::from_secs(30);
/// A minute with intents beyond [`OPEN_INTENTS`] counts as in use at least this long.
pub(super) const SPILL_PATIENCE: Duration = Duration::from_secs(600);

/// Time between two signs of life.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(10);
/// How long writing one may take.
pub(super) const BEAT_PATIENCE: Duration = Duration::from_secs(5);
/// Ceiling of the wait after one that failed.
pub(super) const BEAT_RETRY: Duration = Duration::from_secs(2);
/// A process whose last confirmed sign of life was begun longer ago than this must not trust that its intents are found.
/// Well below [`DEAD_AFTER`].
pub(super) const LEASE: Duration = Duration::from_secs(40);
/// A sign of life that has not changed for so long, on the reader's own clock, is a dead process's.
pub(super) const DEAD_AFTER: Duration = Duration::from_secs(60);
/// A dead process is forgotten so long after its sign of life was first seen, if nothing of it is left: a process that was
/// only paused may come back with an intent under way.
pub(super) const FORGET_AFTER: Duration = Duration::from_secs(600);
/// Time between two looks at a dead process of which nothing was left.
pub(super) const DEAD_AGAIN: Duration = Duration::from_secs(60);

/// Time between two sweeps, at least …
pub(super) const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// … and how much is added at random, so that nodes do not sweep in step.
pub(super) const SWEEP_JITTER: Duration = Duration::from_secs(10);
/// Intents read from the store, or taken from memory, at once.
pub(super) const SWEEP_PAGE: usize = 256;
/// Pages of one minute in one sweep.
pub(super) const SWEEP_PAGES: usize = 64;
/// Own minutes checked in one sweep.
pub(super) const OWN_MINUTES: usize = 8;
/// Minutes of one dead process checked in one sweep.
pub(super) const DEAD_MINUTES: usize = 128;
/// Those among them in which something is left, after which it is the next sweep's turn: while no events go out, that is every one.
pub(super) const DEAD_LEFT: usize = 4;
/// Processes whose signs of life are watched.
pub(super) const WATCHED: usize = 4_096;
/// Orders that a sweep deals with at once.
pub(super) const SWEEP_ORDERS: usize = 8;
/// Keys looked up in one read.
pub(super) const LOOK_KEYS: usize = 16;
/// Times that a fence is tried before the order is left for the next sweep.
pub(super) const FENCE_ATTEMPTS: u32 = 8;

/// What can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This run of this process: unique, never used again.
    pub incarnation: Incarnation,
    /// The language of notifications where nothing better is known.
    pub locale: Arc<str>,
    /// Orders walked at once; at least 1.
    pub walkers: usize,
}

impl Settings {
    /// The usual settings for this run of the process.
    pub fn new(incarnation: Incarnation) -> Self {
        Self { incarnation, locale: "en".into(), walkers: 64 }
    }
}
