//! The search for the most that a server can take: rising steps until something that must hold does not, halving in between, and
//! what was found must hold once more, longer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::conductor::Controls;
use crate::context::Context;
use crate::crowd::Crowd;
use crate::report::{Of, RampFound, RampStep};
use crate::scenario::{Ramp, RampOf};

/// How long what waits after a step that was too much may take to go away.
const RECOVERY: Duration = Duration::from_secs(10);
/// How often that is looked at.
const RECOVERY_LOOK: Duration = Duration::from_millis(100);
/// The first part of a step, in which the change settles and nothing counts, as a share of it.
const SETTLES: f64 = 0.25;
/// How often less is tried when confirming fails.
const CONFIRMATIONS: usize = 3;

/// Looks for the edge.
pub(crate) struct Search {
    ramp: Ramp,
    crowd: Arc<Crowd>,
    controls: Arc<Controls>,
    context: Arc<Context>,
    found: RampFound,
}

/// What was counted up to a moment.
#[derive(Clone, Copy)]
struct Mark {
    intended: u64,
    answered: u64,
    received: u64,
}

impl Search {
    pub(crate) fn new(ramp: Ramp, crowd: Arc<Crowd>, controls: Arc<Controls>, context: Arc<Context>) -> Self {
        let of = match ramp.of {
            RampOf::Connections => "connections",
            RampOf::None | RampOf::Rate => "rate",
        };
        let found = RampFound { of: of.to_owned(), ..RampFound::default() };
        Self { ramp, crowd, controls, context, found }
    }

    /// Searches; the last confirmed value stays in force.
    pub(crate) async fn run(mut self) -> RampFound {
        let (mut held, mut broke) = (None, None);
        let mut value = self.ramp.from;
        loop {
            if self.step(value, false).await {
                held = Some(value);
                if value >= self.ramp.to {
                    break;
                }
                value = (value * self.ramp.factor).min(self.ramp.to);
            } else {
                broke = Some(value);
                break;
            }
        }
        while let (Some(low), Some(high)) = (held, broke) {
            let middle = self.rounded(f64::midpoint(low, high));
            if high / low - 1.0 <= self.ramp.precision || middle <= low || middle >= high {
                break;
            }
            match self.step(middle, false).await {
                true => held = Some(middle),
                false => broke = Some(middle),
            }
        }
        if let Some(mut value) = held {
            for _ in 0..CONFIRMATIONS {
                if self.step(value, true).await {
                    self.found.capacity = Some(self.told(value));
                    break;
                }
                value = self.rounded(value * (1.0 - self.ramp.precision)).max(1.0);
            }
        }
        self.found
    }

    /// Orders are whole.
    fn rounded(&self, value: f64) -> f64 {
        if self.ramp.of == RampOf::Connections { value.round() } else { value }
    }

    /// As the report tells it: orders as their connections.
    fn told(&self, value: f64) -> f64 {
        match self.ramp.of {
            RampOf::Connections => value * self.crowd.devices_per_order(),
            _ => value,
        }
    }

    /// Goes there, stays, and judges. After what was too much it waits until that has passed.
    async fn step(&mut self, value: f64, confirms: bool) -> bool {
        let hold = if confirms { self.ramp.confirm } else { self.ramp.hold };
        let at = self.context.recorder.now();
        let there = self.go_to(value).await;
        sleep(hold.mul_f64(SETTLES)).await;
        self.context.recorder.step_begins();
        let before = self.mark();
        let began = Instant::now();
        sleep_until(began + hold.mul_f64(1.0 - SETTLES)).await;
        let figures = self.figures(before, began.elapsed());
        let keeps = self.ramp.keep.iter().all(|threshold| threshold.holds(figures.get(&threshold.metric).copied()));
        // A step in which nobody said anything has shown nothing.
        let held = there && keeps && figures.get("intended").is_some_and(|intended| *intended > 0.0);
        let zero = self.context.recorder.load_window().map_or(0, |(zero, _)| zero);
        let at = Duration::from_micros(at.saturating_sub(zero)).as_secs_f64();
        self.found.steps.push(RampStep { at, value: self.told(value), held, confirms, figures });
        if !held {
            self.recover().await;
        }
        held
    }

    async fn go_to(&self, value: f64) -> bool {
        match self.ramp.of {
            RampOf::Connections => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "orders are few and whole")]
                let orders = value.round() as usize;
                // Who goes home says nothing more, and what they said has arrived before they go.
                if self.crowd.orders_there() > orders {
                    self.controls.set_talkers(self.crowd.talkers(orders));
                    self.crowd.settled(RECOVERY).await;
                }
                let there = self.crowd.grow_to(orders).await;
                self.controls.set_talkers(self.crowd.talkers(orders));
                there
            }
            RampOf::Rate | RampOf::None => {
                self.controls.set_rate(value);
                true
            }
        }
    }

    fn mark(&self) -> Mark {
        let totals = self.context.recorder.glance().totals;
        let refused: u64 = totals.refused.values().sum();
        let received = totals.received + totals.caught_up;
        Mark { intended: totals.intended, answered: totals.acknowledged + refused, received }
    }

    fn figures(&self, before: Mark, time: Duration) -> BTreeMap<String, f64> {
        let (recorder, now) = (&self.context.recorder, self.mark());
        let mut figures = BTreeMap::new();
        for (name, of) in [("ack", Of::Ack), ("receive", Of::Receive)] {
            let series = recorder.step(of);
            for (quantile, percentile) in [("p50", 50.0), ("p99", 99.0), ("p999", 99.9), ("max", 100.0)] {
                if let Some(time) = series.at(percentile) {
                    figures.insert(format!("{quantile}_{name}"), time);
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^53")]
        let number = |count: u64| count as f64;
        let (intended, answered) = (number(now.intended - before.intended), number(now.answered - before.answered));
        figures.insert("intended".into(), intended);
        figures.insert("acknowledged".into(), answered);
        figures.insert("rate_acknowledged".into(), answered / time.as_secs_f64());
        figures.insert("rate_received".into(), number(now.received - before.received) / time.as_secs_f64());
        // What came in the last moments may be under way; more than that is falling behind.
        let behind = number(now.intended.saturating_sub(now.answered)) - self.controls.rate() / 4.0;
        figures.insert("unanswered".into(), behind.max(0.0).floor());
        figures.insert("connected".into(), f64::from(i32::try_from(recorder.connected()).unwrap_or(i32::MAX)));
        let devices = self.crowd.wanted();
        let missing = devices.saturating_sub(usize::try_from(recorder.connected()).unwrap_or(0));
        figures.insert("missing_devices".into(), number(u64::try_from(missing).unwrap_or(u64::MAX)));
        figures
    }

    /// Says nothing until what waits is answered, so that the next step is not judged by it.
    async fn recover(&self) {
        let rate = self.controls.rate();
        self.controls.set_rate(0.0);
        let deadline = Instant::now() + RECOVERY;
        loop {
            let mark = self.mark();
            if mark.answered >= mark.intended || Instant::now() >= deadline {
                break;
            }
            sleep(RECOVERY_LOOK).await;
        }
        self.controls.set_rate(rate);
    }
}
