//! The flat figures of a run, computed from the rest of its report, and the verdict.

use std::collections::BTreeMap;

use super::threshold::Threshold;
use super::{Integrity, Latency, Of, Report, Sample, Second, Server, ThresholdFound, Verdict, ViolationKind};

/// What figures need and no field of the report has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extra {
    /// From when until when the load counted, in seconds as in the report.
    pub load: (f64, f64),
    /// Resident bytes of all nodes before anybody came.
    pub baseline_resident: Option<u64>,
    /// Resident bytes of all nodes with everybody there.
    pub peak_resident: Option<u64>,
    /// Connections with everybody there.
    pub connections: u64,
    /// Resident bytes of the harness before its clients were made.
    pub harness_baseline: Option<u64>,
}

/// The figures that this run has, by name; [`super::figures`] tells what they are.
///
/// Rates and processor time are of the load's window alone: what warmed up does not count. Messages in that window are taken
/// from the timeline, everything that is counted from the totals.
pub fn figures(report: &Report, extra: &Extra) -> BTreeMap<String, f64> {
    let mut found = Found::default();
    latencies(&mut found, &report.latencies);
    totals(&mut found, report);
    integrity(&mut found, &report.integrity, report.limit.is_some());
    window(&mut found, report, extra);
    processes(&mut found, report, extra);
    storm(&mut found, report);
    if let Some(capacity) = report.ramp.as_ref().and_then(|ramp| ramp.capacity) {
        found.put("capacity", capacity);
    }
    found.0
}

/// Fills what became of `thresholds` and the verdict into `report.outcome`; needs `report.figures`.
///
/// A broken promise beats a threshold. A run that was interrupted stays so, unless a promise was broken: thresholds say
/// little about half a run.
pub fn judge(report: &mut Report, thresholds: &[Threshold]) {
    report.outcome.thresholds = thresholds
        .iter()
        .map(|threshold| {
            let found = report.figures.get(&threshold.metric).copied();
            ThresholdFound { text: threshold.text.clone(), found, held: threshold.holds(found) }
        })
        .collect();
    // What was not looked at has not passed.
    let unproved = report.integrity.unchecked > 0 || report.totals.unsettled > 0;
    let violated = report.integrity.violations.values().any(|count| *count > 0);
    report.outcome.verdict = if violated {
        Verdict::Integrity
    } else if report.outcome.verdict == Verdict::Interrupted {
        Verdict::Interrupted
    } else if unproved || report.outcome.thresholds.iter().any(|threshold| !threshold.held) {
        Verdict::Threshold
    } else {
        Verdict::Passed
    };
}

/// The name of the figure that counts broken promises of this kind.
pub fn figure_of(kind: ViolationKind) -> &'static str {
    match kind {
        ViolationKind::Lost => "lost",
        ViolationKind::Doubled => "doubled",
        ViolationKind::OutOfOrder => "out_of_order",
        ViolationKind::Hole => "holes",
        ViolationKind::Stranger => "strangers",
        ViolationKind::Altered => "altered",
        ViolationKind::Unasked => "unasked",
        ViolationKind::OverLimit => "over_limit",
        ViolationKind::UnderLimit => "under_limit",
        ViolationKind::RetryAfter => "retry_after_wrong",
    }
}

/// Figures on their way. A name that is not among [`super::figures::FIGURES`] never gets in.
#[derive(Default)]
struct Found(BTreeMap<String, f64>);

impl Found {
    fn put(&mut self, name: &str, value: f64) {
        debug_assert!(super::figures::find(name).is_some(), "{name} is no figure");
        if value.is_finite() {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn put_count(&mut self, name: &str, value: u64) {
        self.put(name, value as f64);
    }

    fn put_some(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }
}

fn latencies(found: &mut Found, latencies: &[Latency]) {
    let of_all = |latency: &&Latency| latency.group == "all" && latency.count > 0;
    // Coming back counts where somebody did; otherwise everybody's first coming does.
    let came_back = |of: Of| latencies.iter().filter(of_all).any(|latency| latency.of == of && latency.phase == "load");
    let counts = |latency: &&Latency| latency.phase == if came_back(latency.of) { "load" } else { "arrival" };
    for latency in latencies.iter().filter(of_all).filter(counts) {
        let (name, tail) = match latency.of {
            Of::Ack => ("ack", true),
            Of::Receive => ("receive", true),
            Of::SignIn => ("sign_in", false),
            Of::CatchUp => ("catch_up", false),
        };
        found.put(&format!("p50_{name}"), latency.p50);
        found.put(&format!("p99_{name}"), latency.p99);
        if tail {
            found.put(&format!("p999_{name}"), latency.p999);
            found.put(&format!("max_{name}"), latency.max);
        }
    }
}

fn totals(found: &mut Found, report: &Report) {
    let totals = &report.totals;
    found.put_count("intended", totals.intended);
    found.put_count("sent", totals.sent);
    found.put_count("acknowledged", totals.acknowledged);
    found.put_count("received", totals.received);
    found.put_count("refused", totals.refused.values().sum());
    found.put_count("unanswered", totals.unanswered);
    found.put_count("unsettled", totals.unsettled);
    found.put_count("connect_failures", totals.connect_failures.values().sum());
    found.put_count("cuts", totals.cuts.values().sum());
}

/// Broken promises by kind, those of the rate limit only where it was tested; nothing where nothing was checked.
fn integrity(found: &mut Found, integrity: &Integrity, limit: bool) {
    found.put_count("unchecked_orders", integrity.unchecked);
    if !integrity.histories {
        found.put_count("missed_while_away", integrity.missed_while_away);
    }
    if integrity.violations.is_empty() || integrity.orders == 0 {
        return;
    }
    for (kind, count) in &integrity.violations {
        let of_limit = matches!(kind, ViolationKind::OverLimit | ViolationKind::UnderLimit | ViolationKind::RetryAfter);
        if limit || !of_limit || *count > 0 {
            found.put_count(figure_of(*kind), *count);
        }
    }
    found.put_count("violations", integrity.violations.values().sum());
}

/// The seconds of the timeline that begin within the load.
fn during(timeline: &[Second], (from, to): (f64, f64)) -> impl Iterator<Item = &Second> + Clone {
    timeline.iter().filter(move |second| second.at as f64 >= from.floor() && (second.at as f64) < to)
}

fn window(found: &mut Found, report: &Report, extra: &Extra) {
    let seconds = during(&report.timeline, extra.load);
    let length = extra.load.1 - extra.load.0;
    if length > 0.0 && seconds.clone().next().is_some() {
        let acknowledged: u64 = seconds.clone().map(|second| second.acknowledged).sum();
        let received: u64 = seconds.clone().map(|second| second.received).sum();
        found.put("rate_acknowledged", acknowledged as f64 / length);
        found.put("rate_received", received as f64 / length);
    }
    if let Some(last) = seconds.last() {
        found.put_count("connected", last.connected);
        found.put_count("missing_devices", (report.environment.devices as u64).saturating_sub(last.connected));
    }
    // How fast everybody comes in the beginning is planned; how fast they come back after a cut is the server's doing.
    let most = report.timeline.iter().map(|second| second.sign_ins).max();
    if let Some(most) = report.storm.as_ref().map(|storm| storm.sign_ins_per_second).or(most) {
        found.put_count("sign_ins_per_second", most);
    }
}

fn processes(found: &mut Found, report: &Report, extra: &Extra) {
    let received: u64 = during(&report.timeline, extra.load).map(|second| second.received).sum();
    if received > 0 {
        found.put_some("cpu_per_delivery", nodes_cpu(&report.servers, extra.load).map(|s| s * 1e6 / received as f64));
        let redis = report.redis.as_ref().and_then(|redis| redis.cpu);
        found.put_some("redis_cpu_per_delivery", redis.map(|ms| ms * 1e3 / received as f64));
    }
    let (cpu, seconds) = cpu_seconds(&report.harness, extra.load);
    if seconds > 0.0 {
        found.put("harness_cpu", cpu / seconds);
    }
    if let Some(most) = report.servers.iter().flat_map(|server| &server.samples).map(|sample| sample.resident).max() {
        found.put_count("node_resident", most);
    }
    if extra.connections == 0 {
        return;
    }
    let each = |all: u64, before: u64| all.saturating_sub(before) as f64 / extra.connections as f64;
    if let (Some(peak), Some(baseline)) = (extra.peak_resident, extra.baseline_resident) {
        found.put("bytes_per_connection", each(peak, baseline));
    }
    // Everybody is there when the load begins, and the harness has not yet much to remember.
    let there = report.harness.iter().find(|sample| sample.at >= extra.load.0);
    if let (Some(sample), Some(baseline)) = (there, extra.harness_baseline) {
        found.put("harness_bytes_per_client", each(sample.resident, baseline));
    }
}

/// Processor seconds of all nodes within the window; `None` where one of them was not looked at.
fn nodes_cpu(servers: &[Server], load: (f64, f64)) -> Option<f64> {
    let mut all = 0.0;
    for server in servers {
        if server.samples.is_empty() {
            return None;
        }
        all += cpu_seconds(&server.samples, load).0;
    }
    (!servers.is_empty()).then_some(all)
}

/// Processor seconds used within the window, and how much of it the samples tell about.
///
/// A sample tells of the time since the one before it; at the window's edges a sample counts with its part inside.
pub(super) fn cpu_seconds(samples: &[Sample], (from, to): (f64, f64)) -> (f64, f64) {
    let parts = samples.windows(2).map(|pair| {
        let part = (pair[1].at.min(to) - pair[0].at.max(from)).max(0.0);
        (pair[1].cpu * part, part)
    });
    parts.fold((0.0, 0.0), |(cpu, seconds), (used, part)| (cpu + used, seconds + part))
}

fn storm(found: &mut Found, report: &Report) {
    let Some(storm) = &report.storm else { return };
    for share in ["50", "90", "99", "100"] {
        found.put_some(&format!("back_{share}"), storm.back_s.get(share).copied().flatten());
    }
    found.put_count("not_back", storm.clients.saturating_sub(storm.back));
    let (before, during) = storm.stayers_p99;
    found.put_some("p99_ack_before", before);
    found.put_some("p99_ack_during", during);
    if let (Some(before), Some(during)) = (before, during)
        && before > 0.0
    {
        found.put("p99_ratio", during / before);
    }
}

#[cfg(test)]
mod tests;
