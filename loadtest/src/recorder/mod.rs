//! What happened, counted and timed as it happens. One per process; what it holds at the end is a [`Part`] of the report.

mod part;
mod series;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::ledger::Micros;
use crate::report::{Of, Totals};

pub(crate) use part::{Part, PartSecond, SeriesPart};
pub use series::Series;
pub(crate) use series::{Group, Phase};
use series::{Key, SecondNow};

/// A moment that has not come yet.
const NEVER: u64 = u64::MAX;

/// Counts and times everything.
#[derive(Debug)]
pub(crate) struct Recorder {
    epoch: Instant,
    /// What counts as load: messages that are due in it.
    load: Window,
    /// From the cut to when all were back.
    storm: Window,
    connected: AtomicI64,
    state: Mutex<State>,
}

/// A stretch of time that is known bit by bit.
#[derive(Debug)]
struct Window {
    from: AtomicU64,
    to: AtomicU64,
}

impl Window {
    const fn unknown() -> Self {
        Self { from: AtomicU64::new(NEVER), to: AtomicU64::new(NEVER) }
    }

    fn holds(&self, moment: Micros) -> bool {
        (self.from.load(Ordering::Relaxed)..self.to.load(Ordering::Relaxed)).contains(&moment)
    }

    fn begun(&self, moment: Micros) -> bool {
        self.from.load(Ordering::Relaxed) <= moment
    }
}

#[derive(Debug)]
struct State {
    totals: Totals,
    now: SecondNow,
    seconds: Vec<PartSecond>,
    series: BTreeMap<Key, Series>,
    step: Option<Step>,
}

/// The step of a ramp that goes on.
#[derive(Debug)]
struct Step {
    from: Micros,
    ack: Series,
    receive: Series,
}

/// The whole so far, for who watches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Glance {
    pub(crate) totals: Totals,
    pub(crate) connected: i64,
    /// The last whole second.
    pub(crate) second: crate::report::Second,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        let state = State {
            totals: Totals::default(),
            now: SecondNow::new(0),
            seconds: Vec::new(),
            series: BTreeMap::new(),
            step: None,
        };
        Self {
            epoch: Instant::now(),
            load: Window::unknown(),
            storm: Window::unknown(),
            connected: AtomicI64::new(0),
            state: Mutex::new(state),
        }
    }

    /// The present moment.
    pub(crate) fn now(&self) -> Micros {
        self.micros(Instant::now())
    }

    /// A moment, as stamps say it; moments before the epoch are the epoch.
    pub(crate) fn micros(&self, moment: Instant) -> Micros {
        u64::try_from(moment.saturating_duration_since(self.epoch).as_micros()).unwrap_or(NEVER)
    }

    /// What is due from `from` to `to` counts as load.
    pub(crate) fn load_is(&self, from: Micros, to: Micros) {
        self.load.from.store(from, Ordering::Relaxed);
        self.load.to.store(to, Ordering::Relaxed);
    }

    /// When the load begins and ends, once that is known.
    pub(crate) fn load_window(&self) -> Option<(Micros, Micros)> {
        let window = (self.load.from.load(Ordering::Relaxed), self.load.to.load(Ordering::Relaxed));
        (window.0 != NEVER).then_some(window)
    }

    /// Connections are cut now.
    pub(crate) fn storm_begins(&self, now: Micros) {
        self.storm.from.store(now, Ordering::Relaxed);
    }

    /// Everybody is back, or is not waited for any more.
    pub(crate) fn storm_ends(&self, now: Micros) {
        self.storm.to.store(now, Ordering::Relaxed);
    }

    /// A device is live, or no longer.
    pub(crate) fn live(&self, more: bool) {
        self.connected.fetch_add(if more { 1 } else { -1 }, Ordering::Relaxed);
    }

    /// Devices that are live.
    pub(crate) fn connected(&self) -> i64 {
        self.connected.load(Ordering::Relaxed)
    }

    /// A message's moment came.
    pub(crate) fn intended(&self) {
        self.with(|state| {
            state.totals.intended += 1;
            state.now.counts.intended += 1;
        });
    }

    /// A message leaves, for the first time or again.
    pub(crate) fn sent(&self, first: bool) {
        self.with(|state| match first {
            true => state.totals.sent += 1,
            false => state.totals.sent_again += 1,
        });
    }

    /// A message that was due then was acknowledged now.
    pub(crate) fn acknowledged(&self, group: Group, due: Micros) {
        self.timed(Of::Ack, group, due, |state, took| {
            state.totals.acknowledged += 1;
            state.now.counts.acknowledged += 1;
            state.now.ack.add(took);
        });
    }

    /// A message was refused for good.
    pub(crate) fn refused(&self, code: &str) {
        self.with(|state| {
            count(&mut state.totals.refused, code);
            state.now.counts.refused += 1;
        });
    }

    /// A message that was due then has reached another device now: live, or when it caught up.
    pub(crate) fn received(&self, group: Group, due: Micros, live: bool) {
        self.timed(Of::Receive, group, due, |state, took| {
            match live {
                true => state.totals.received += 1,
                false => state.totals.caught_up += 1,
            }
            state.now.counts.received += 1;
            state.now.receive.add(took);
        });
    }

    /// The same for a message whose time says nothing: it was due while the device was not meant to be there, or nobody knows when.
    pub(crate) fn received_untimed(&self, live: bool) {
        self.with(|state| {
            match live {
                true => state.totals.received += 1,
                false => state.totals.caught_up += 1,
            }
            state.now.counts.received += 1;
        });
    }

    /// A message was acknowledged whose sender was away by its own wish when it was due.
    pub(crate) fn acknowledged_untimed(&self) {
        self.with(|state| {
            state.totals.acknowledged += 1;
            state.now.counts.acknowledged += 1;
        });
    }

    /// Connecting began then; now it is signed in.
    pub(crate) fn signed_in(&self, group: Group, began: Micros) {
        self.timed(Of::SignIn, group, began, |state, _| {
            state.totals.sign_ins += 1;
            state.now.counts.sign_ins += 1;
        });
    }

    /// Joining began then; now everything is there.
    pub(crate) fn caught_up(&self, group: Group, began: Micros) {
        self.timed(Of::CatchUp, group, began, |_, _| {});
    }

    /// A connection did not come about.
    pub(crate) fn connect_failed(&self, why: &str) {
        self.with(|state| {
            count(&mut state.totals.connect_failures, why);
            state.now.counts.connect_failures += 1;
        });
    }

    /// A connection ended without our wish.
    pub(crate) fn cut(&self, why: &str) {
        self.with(|state| {
            count(&mut state.totals.cuts, why);
            state.now.counts.cuts += 1;
        });
    }

    /// `typing` was sent, or received.
    pub(crate) fn typing(&self, sent: bool) {
        self.with(|state| match sent {
            true => state.totals.typing.0 += 1,
            false => state.totals.typing.1 += 1,
        });
    }

    /// A message was marked as read.
    pub(crate) fn read(&self) {
        self.with(|state| state.totals.read += 1);
    }

    /// Another request was refused.
    pub(crate) fn request_refused(&self, event: &str, code: &str) {
        self.with(|state| count(&mut state.totals.requests_refused, &format!("{event} {code}")));
    }

    /// The whole so far.
    pub(crate) fn glance(&self) -> Glance {
        self.with(|state| Glance {
            totals: state.totals.clone(),
            connected: self.connected(),
            second: state.seconds.last().map(|second| second.told(0)).unwrap_or_default(),
        })
    }

    /// A step of a ramp begins: messages due from now on are timed for it, beside everything else.
    pub(crate) fn step_begins(&self) {
        let now = self.now();
        self.with(|state| state.step = Some(Step { from: now, ack: Series::default(), receive: Series::default() }));
    }

    /// The latencies of one kind since the step began; nothing where there is none.
    pub(crate) fn step(&self, of: Of) -> Series {
        self.with(|state| match &state.step {
            Some(step) if of == Of::Ack => step.ack.clone(),
            Some(step) => step.receive.clone(),
            None => Series::default(),
        })
    }

    /// Everything, at the end.
    pub(crate) fn part(&self) -> Part {
        let zero = self.load_window().map_or(0, |(from, _)| second_of(from));
        self.with(|state| Part {
            totals: state.totals.clone(),
            zero,
            seconds: state.seconds.clone(),
            series: state.series.iter().map(|(key, series)| SeriesPart::new(*key, series)).collect(),
        })
    }

    fn timed(&self, of: Of, group: Group, began: Micros, also: impl FnOnce(&mut State, Duration)) {
        let took = Duration::from_micros(self.now().saturating_sub(began));
        let storm = match (self.storm.holds(began), self.storm.begun(began)) {
            (true, _) => Some(Phase::During),
            (false, false) => Some(Phase::Before),
            (false, true) => None,
        };
        let counts = self.load.holds(began);
        // Connecting is no part of the load, and yet of interest; whose it is matters only for messages.
        let connecting = matches!(of, Of::SignIn | Of::CatchUp);
        self.with(|state| {
            also(state, took);
            if connecting {
                let phase = if self.load.begun(began) { Phase::Load } else { Phase::Arrival };
                return state.add(of, Group::All, phase, took);
            }
            if !counts {
                return;
            }
            if let Some(step) = state.step.as_mut().filter(|step| step.from <= began) {
                match of {
                    Of::Ack => step.ack.add(took),
                    _ => step.receive.add(took),
                }
            }
            // Those who test the limit are no part of the calm talk beside them.
            let whose = if group == Group::Limited { group } else { Group::All };
            state.add(of, whose, Phase::Load, took);
            if let (Group::Stayers, Some(storm)) = (group, storm) {
                state.add(of, group, storm, took);
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let second = second_of(self.now());
        let mut state = self.state.lock();
        state.reach(second, self.connected.load(Ordering::Relaxed));
        act(&mut state)
    }
}

impl State {
    /// Closes the seconds before this one.
    fn reach(&mut self, second: i64, connected: i64) {
        while self.now.counts.at < second {
            let next = SecondNow::new(self.now.counts.at + 1);
            let mut done = std::mem::replace(&mut self.now, next);
            done.counts.connected = u64::try_from(connected).unwrap_or(0);
            self.seconds.push(PartSecond::new(done));
        }
    }

    fn add(&mut self, of: Of, group: Group, phase: Phase, took: Duration) {
        self.series.entry(Key { of, group, phase }).or_default().add(took);
    }
}

fn count(counts: &mut BTreeMap<String, u64>, what: &str) {
    match counts.get_mut(what) {
        Some(count) => *count += 1,
        None => {
            counts.insert(what.to_owned(), 1);
        }
    }
}

fn second_of(moment: Micros) -> i64 {
    i64::try_from(moment / 1_000_000).unwrap_or(i64::MAX)
}
