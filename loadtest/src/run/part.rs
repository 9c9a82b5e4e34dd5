//! What one process of a run found, in a form that can be sent to the one that reports.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::prepare::Prepared;
use crate::context::storm::StormPart;
use crate::ingredients::limit::{LimitPart, Quota};
use crate::ingredients::storm::MARKS;
use crate::ledger::{Answer, Order};
use crate::measure::watch::shifted;
use crate::recorder::Part;
use crate::report::{Integrity, LimitFound, RampFound, Sample, StormFound};

/// What one process found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunPart {
    pub(crate) recorder: Part,
    pub(crate) integrity: Integrity,
    pub(crate) storm: Option<StormPart>,
    limit: Option<(Quota, LimitPart)>,
    pub(crate) ramp: Option<RampFound>,
    pub(crate) remarks: Vec<String>,
    /// What the process itself used, counted from the beginning of its load.
    pub(crate) harness: Vec<Sample>,
    /// Its resident memory before anybody came, and with everybody there.
    pub(crate) harness_resident: (u64, u64),
    /// Devices live at the end of the load.
    pub(crate) connected: u64,
    /// Devices that were to be.
    pub(crate) devices: u64,
    /// The load's length in seconds.
    pub(crate) load_s: f64,
    pub(crate) interrupted: bool,
    /// Processor time of the Redis between the nodes during the load, in milliseconds.
    pub(crate) redis_cpu: Option<f64>,
}

/// What a run left behind.
#[derive(Default)]
pub(super) struct Found {
    pub(super) recorded: Part,
    pub(super) integrity: Integrity,
    pub(super) limit: Option<LimitPart>,
    pub(super) ramp: Option<RampFound>,
    /// Devices that had not seen or been answered everything.
    pub(super) unsettled: usize,
    /// What Redis used during the load.
    pub(super) redis_cpu: Option<Duration>,
    /// Devices live at the end of the load.
    pub(super) connected: i64,
    pub(super) interrupted: bool,
}

impl RunPart {
    pub(super) fn new<'a>(prepared: &Prepared, orders: impl Iterator<Item = &'a Arc<Order>>, found: Found) -> Self {
        let context = &prepared.context;
        let (from, to) = context.recorder.load_window().unwrap_or((0, 0));
        let mut recorder = found.recorded;
        recorder.totals.unsettled = (found.unsettled + prepared.crowd.broken()) as u64;
        recorder.totals.unanswered =
            orders.map(|order| order.all().iter().filter(|sent| sent.answer == Answer::None).count() as u64).sum();
        let mut remarks = context.remarks.take();
        let unsettled = found.unsettled + prepared.crowd.broken();
        if unsettled > 0 {
            remarks.push(format!("{unsettled} devices were not there, or had not seen or been answered everything, after the time for settling"));
        }
        Self {
            recorder,
            integrity: found.integrity,
            storm: context.storm.part(from, prepared.devices()),
            limit: found.limit.map(|limit| (Quota::of(&prepared.hello), limit)),
            ramp: found.ramp,
            remarks,
            harness: shifted(&prepared.watch.harness(), Duration::from_micros(from).as_secs_f64()),
            harness_resident: prepared.watch.harness_resident(),
            connected: u64::try_from(found.connected).unwrap_or(0),
            devices: prepared.devices() as u64,
            load_s: Duration::from_micros(to.saturating_sub(from)).as_secs_f64(),
            interrupted: found.interrupted,
            redis_cpu: found.redis_cpu.map(|cpu| cpu.as_secs_f64() * 1_000.0),
        }
    }

    /// Both together.
    pub(crate) fn merge(&mut self, other: Self) {
        self.recorder.merge(&other.recorder);
        merge_integrity(&mut self.integrity, other.integrity);
        self.storm = match (self.storm.take(), other.storm) {
            (Some(mut mine), Some(theirs)) => {
                mine.merge(&theirs);
                Some(mine)
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.limit = match (self.limit.take(), other.limit) {
            (Some((quota, mut mine)), Some((_, theirs))) => {
                mine.merge(&theirs);
                Some((quota, mine))
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.ramp = self.ramp.take().or(other.ramp);
        self.remarks.extend(other.remarks);
        for theirs in other.harness {
            // Processes look once a second, each at its own moments.
            let Some(mine) = self.harness.iter_mut().find(|mine| mine.at.floor() == theirs.at.floor()) else {
                continue;
            };
            mine.cpu += theirs.cpu;
            mine.cpu_system += theirs.cpu_system;
            mine.resident += theirs.resident;
            mine.descriptors += theirs.descriptors;
        }
        self.harness_resident.0 += other.harness_resident.0;
        self.harness_resident.1 += other.harness_resident.1;
        self.connected += other.connected;
        self.devices += other.devices;
        self.load_s = self.load_s.max(other.load_s);
        self.interrupted |= other.interrupted;
    }

    /// How the limit held, as the report tells it.
    pub(crate) fn limit_found(&self) -> Option<LimitFound> {
        let (quota, limit) = self.limit.as_ref()?;
        Some(LimitFound {
            messages: quota.messages.into(),
            window: u64::try_from(quota.window.as_millis()).unwrap_or(u64::MAX),
            groups: limit.groups.iter().map(|(pace, group)| (pace.name().to_owned(), group.clone())).collect(),
            retry_after_tried: (limit.early, limit.in_time),
        })
    }

    /// How the storm went, as the report tells it. `cut`: its name.
    pub(crate) fn storm_found(&self, cut: &str) -> Option<StormFound> {
        let storm = self.storm.as_ref()?;
        let seconds = |micros: u64| Duration::from_micros(micros).as_secs_f64();
        let at = seconds(storm.began);
        let p99 = |phase: &str| {
            let latencies = self.recorder.latencies();
            let wanted = latencies.into_iter().find(|latency| {
                latency.of == crate::report::Of::Ack && latency.group == "stayers" && latency.phase == phase
            });
            wanted.map(|latency| latency.p99)
        };
        let during = self.recorder.timeline().into_iter().filter(|second| second.at as f64 >= at.floor());
        Some(StormFound {
            cut: cut.to_owned(),
            at,
            clients: storm.clients,
            back: storm.back.len() as u64,
            back_s: MARKS.into_iter().map(|mark| (mark.to_string(), storm.back_within(mark))).collect(),
            curve: curve(&storm.back).into_iter().map(|(after, back)| (seconds(after), back)).collect(),
            sign_ins_per_second: during.map(|second| second.sign_ins).max().unwrap_or(0),
            tried: storm.tried,
            refused: storm.refused.clone(),
            retry_after_s: storm.retry_after,
            stayers: storm.stayers,
            stayers_p99: (p99("before"), p99("during")),
        })
    }
}

/// Most points of a curve: more are not told apart in a picture.
const CURVE_POINTS: usize = 200;

/// How many were back by when.
fn curve(back: &[u64]) -> Vec<(u64, u64)> {
    let step = back.len().div_ceil(CURVE_POINTS).max(1);
    let mut curve: Vec<_> =
        back.iter().enumerate().step_by(step).map(|(place, after)| (*after, place as u64 + 1)).collect();
    if let Some(last) = back.last() {
        curve.push((*last, back.len() as u64));
    }
    curve.dedup();
    curve
}

fn merge_integrity(mine: &mut Integrity, theirs: Integrity) {
    mine.orders += theirs.orders;
    mine.unchecked += theirs.unchecked;
    mine.missed_while_away += theirs.missed_while_away;
    mine.messages += theirs.messages;
    mine.devices += theirs.devices;
    mine.histories &= theirs.histories;
    for (kind, count) in theirs.violations {
        *mine.violations.entry(kind).or_default() += count;
    }
    mine.offenders.extend(theirs.offenders);
    mine.offenders.truncate(crate::offences::OFFENDERS_MAX);
}
