//! The intents that this process has given and not yet seen kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::ports::{Heartbeat, Incarnation, OutboxIntent, OutboxIntents, Runtime};
use souk_chat::{EntryKey, OrderId, Seq};

use super::metrics::{Metrics, count};
use super::settings::{LEASE, OPEN_INTENTS, OWN_PATIENCE, SPILL_PATIENCE};

const MINUTE_MILLIS: i64 = 60_000;

/// Hands out this process's intents and knows the oldest minute that may still hold one.
///
/// An intent's minute only rises, and never runs more than one ahead of the last confirmed sign of life: whoever finds this
/// process dead reads from its oldest minute to one after its last, and so finds them all.
pub struct Intents {
    incarnation: Incarnation,
    runtime: Arc<dyn Runtime>,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

struct Open {
    intent: OutboxIntent,
    since: Duration,
}

struct State {
    /// By the order of their making.
    open: BTreeMap<u64, Open>,
    by_order: HashMap<OrderId, Vec<u64>>,
    next: u64,
    /// The highest minute given out.
    newest: i64,
    /// Minutes given out and not yet found empty in the store.
    used: BTreeSet<i64>,
    /// Minutes with intents that are not in `open`, and when the last one was made.
    spilled: BTreeMap<i64, Duration>,
    /// The minute of the last confirmed sign of life, and when its writing began.
    beaten: Option<(i64, Duration)>,
}

impl Intents {
    pub(super) fn new(incarnation: Incarnation, runtime: Arc<dyn Runtime>, metrics: Arc<Metrics>) -> Self {
        let newest = runtime.now().millis().div_euclid(MINUTE_MILLIS);
        let state = State {
            open: BTreeMap::new(),
            by_order: HashMap::new(),
            next: 0,
            newest,
            used: BTreeSet::from([newest]),
            spilled: BTreeMap::new(),
            beaten: None,
        };
        Self { incarnation, runtime, metrics, state: Mutex::new(state) }
    }

    /// A new intent. Never waits. It must be in the store, and [`standing`](OutboxIntents::standing) be true after that, before
    /// the batch it is about is written.
    pub fn intent(&self, order: &OrderId, key: &EntryKey, head: Seq) -> OutboxIntent {
        let (now, since) = (self.minute(), self.runtime.monotonic());
        let state = &mut *self.state.lock();
        state.advance(now);
        state.used.insert(state.newest);
        let intent = OutboxIntent {
            incarnation: self.incarnation.clone(),
            minute: state.newest,
            shard: OutboxIntent::shard_of(order),
            order: order.clone(),
            key: key.clone(),
            head,
        };
        if state.open.len() < OPEN_INTENTS {
            state.open.insert(state.next, Open { intent: intent.clone(), since });
            state.by_order.entry(order.clone()).or_default().push(state.next);
            state.next += 1;
        } else {
            state.spilled.insert(state.newest, since);
            count(&self.metrics.spilled);
        }
        intent
    }

    fn minute(&self) -> i64 {
        self.runtime.now().millis().div_euclid(MINUTE_MILLIS)
    }

    /// The sign of life to be written next.
    pub(super) fn heartbeat(&self, beat: u64) -> Heartbeat {
        let now = self.minute();
        let state = self.state.lock();
        let oldest_minute = state.used.first().copied().unwrap_or(state.newest);
        Heartbeat { incarnation: self.incarnation.clone(), beat, oldest_minute, minute: now.max(state.newest) }
    }

    /// A sign of life of this minute, whose writing began at `at`, is in the store.
    pub(super) fn beaten(&self, minute: i64, at: Duration) {
        self.state.lock().beaten = Some((minute, at));
    }

    /// No more intents: the process leaves.
    pub(super) fn retire(&self) {
        self.state.lock().beaten = None;
    }

    /// Intents of an order whose events went out up to `mark`. The log has moved beyond the heads these were made for, so what
    /// they announced is among what went out, or can never be written any more.
    pub(super) fn covered(&self, order: &OrderId, mark: Seq) -> Vec<OutboxIntent> {
        let state = self.state.lock();
        let places = state.by_order.get(order).into_iter().flatten();
        let intents = places.filter_map(|place| state.open.get(place)).map(|open| &open.intent);
        intents.filter(|intent| intent.head < mark).cloned().collect()
    }

    /// Whether it was made here and is open.
    pub(super) fn remembers(&self, intent: &OutboxIntent) -> bool {
        !self.state.lock().places(std::slice::from_ref(intent)).is_empty()
    }

    /// Intents older than [`OWN_PATIENCE`], oldest first.
    pub(super) fn aged(&self, limit: usize) -> Vec<OutboxIntent> {
        let now = self.runtime.monotonic();
        let state = self.state.lock();
        // Postponed ones keep their place in line with a later time: they do not end the search.
        let aged = state.open.values().filter(|open| open.since + OWN_PATIENCE <= now);
        aged.take(limit).map(|open| open.intent.clone()).collect()
    }

    /// These could not be dealt with: not before [`OWN_PATIENCE`] has passed again.
    pub(super) fn postpone(&self, intents: &[OutboxIntent]) {
        let now = self.runtime.monotonic();
        let state = &mut *self.state.lock();
        for place in state.places(intents) {
            if let Some(open) = state.open.get_mut(&place) {
                open.since = now;
            }
        }
    }

    /// These are kept or void, and dropped from the store.
    pub(super) fn remove(&self, intents: &[OutboxIntent]) {
        let state = &mut *self.state.lock();
        for place in state.places(intents) {
            let Some(open) = state.open.remove(&place) else { continue };
            if let Some(places) = state.by_order.get_mut(&open.intent.order) {
                places.retain(|other| *other != place);
                if places.is_empty() {
                    state.by_order.remove(&open.intent.order);
                }
            }
        }
    }

    /// Minutes that get no more intents and of which none is open here; only the store can still hold some. Oldest first.
    pub(super) fn closed(&self, limit: usize) -> Vec<i64> {
        let (now, monotonic) = (self.runtime.now().millis(), self.runtime.monotonic());
        let patience = i64::try_from(OWN_PATIENCE.as_millis()).unwrap_or(i64::MAX);
        let mut state = self.state.lock();
        state.advance(now.div_euclid(MINUTE_MILLIS));
        let open: BTreeSet<i64> = state.open.values().map(|open| open.intent.minute).collect();
        let quiet = |minute: &i64| {
            let end = minute.saturating_add(1).saturating_mul(MINUTE_MILLIS);
            let spilled = state.spilled.get(minute).is_some_and(|at| *at + SPILL_PATIENCE > monotonic);
            end.saturating_add(patience) <= now && !open.contains(minute) && !spilled
        };
        state.used.range(..state.newest).copied().filter(quiet).take(limit).collect()
    }

    /// Nothing of this closed minute is left in the store.
    pub(super) fn emptied(&self, minute: i64) {
        let state = &mut *self.state.lock();
        state.used.remove(&minute);
        state.spilled.remove(&minute);
    }

    /// Minutes in use, if no intent is open.
    pub(super) fn idle(&self) -> Option<Vec<i64>> {
        let state = self.state.lock();
        (state.open.is_empty() && state.spilled.is_empty()).then(|| state.used.iter().copied().collect())
    }

    pub(super) fn incarnation(&self) -> &Incarnation {
        &self.incarnation
    }

    pub(super) fn newest(&self) -> i64 {
        self.state.lock().newest
    }

    /// Intents given out and not yet seen kept or void, for a gauge.
    pub fn open(&self) -> usize {
        self.state.lock().open.len()
    }

    /// Intents that had to go without memory of them, so far.
    pub fn spilled(&self) -> u64 {
        self.metrics.spilled.load(Ordering::Relaxed)
    }
}

impl State {
    /// Goes on to the minute `now`, or as far as the last sign of life reaches.
    fn advance(&mut self, now: i64) {
        let reach = self.beaten.map_or(self.newest, |(minute, _)| minute.saturating_add(1));
        self.newest = self.newest.max(now.min(reach));
    }

    fn places(&self, intents: &[OutboxIntent]) -> Vec<u64> {
        let mut places = Vec::new();
        for intent in intents {
            let of_order = self.by_order.get(&intent.order).into_iter().flatten();
            places.extend(of_order.filter(|place| self.open.get(place).is_some_and(|open| open.intent == *intent)));
        }
        places
    }
}

impl OutboxIntents for Intents {
    fn intent(&self, order: &OrderId, key: &EntryKey, head: Seq) -> OutboxIntent {
        self.intent(order, key, head)
    }

    fn standing(&self) -> bool {
        let beaten = self.state.lock().beaten;
        beaten.is_some_and(|(_, at)| self.runtime.monotonic() < at + LEASE)
    }
}
