//! Made-up runs for tests and for the pictures: every field filled, numbers as a run on two cores has them.

mod eventful;

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use super::derive::{Extra, figures, judge};
use super::threshold::{Comparison, Threshold};
use super::*;

pub(crate) use eventful::eventful;

/// Numbers that look like chance and are the same every time.
struct Dice(u64);

impl Dice {
    /// The next, from 0 to 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Around `middle`, seldom far away.
    fn around(&mut self, middle: f64, spread: f64) -> f64 {
        let normal = (-2.0 * self.roll().max(1e-9).ln()).sqrt() * (TAU * self.roll()).cos();
        middle * (1.0 + spread * normal).max(0.05)
    }

    fn whole(&mut self, middle: f64, spread: f64) -> u64 {
        whole(self.around(middle, spread))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

fn counted(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn text(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What [`figures`] needs beside [`sample`].
pub(crate) fn extra() -> Extra {
    Extra {
        load: (0.0, 60.0),
        baseline_resident: Some(2 * 14_200_000),
        peak_resident: Some(2 * 14_200_000 + 4000 * 2600),
        connections: 4000,
        harness_baseline: Some(9_000_000),
    }
}

/// A `steady` run that passed.
pub(crate) fn sample() -> Report {
    seeded(7)
}

/// The same with other luck.
pub(crate) fn seeded(seed: u64) -> Report {
    let mut dice = Dice(seed);
    let timeline = timeline(&mut dice);
    let sum = |of: fn(&Second) -> u64| timeline.iter().map(of).sum::<u64>();
    let totals = Totals {
        unsettled: 0,
        intended: sum(|second| second.intended),
        sent: sum(|second| second.intended),
        acknowledged: sum(|second| second.acknowledged),
        refused: counted(&[("content_refused", 3)]),
        unanswered: 0,
        sent_again: 2,
        received: sum(|second| second.received),
        caught_up: 12,
        sign_ins: sum(|second| second.sign_ins),
        connect_failures: counted(&[("timeout", 1)]),
        cuts: counted(&[("reset", 2)]),
        typing: (11_930, 11_921),
        read: 60_112,
        requests_refused: counted(&[("join forbidden", 1)]),
    };
    let mut report = Report {
        schema: SCHEMA,
        scenario: scenario(),
        environment: environment(),
        outcome: outcome(),
        figures: BTreeMap::new(),
        latencies: vec![
            latency(Of::Ack, "all", "load", 120_400, 1.9),
            latency(Of::Receive, "all", "load", 120_380, 2.6),
            latency(Of::SignIn, "all", "load", 4000, 6.5),
            latency(Of::CatchUp, "all", "load", 40, 3.1),
        ],
        timeline,
        servers: vec![server("souk-1", 4101, &mut dice), server("souk-2", 4102, &mut dice)],
        harness: samples(&mut dice, 0.74, 9e6, 31e6, 4030.0, None),
        totals,
        redis: Some(RedisSeen {
            order_rooms: 120_395,
            user_rooms: 60_200,
            others: 12,
            bytes: 61_400_000,
            missed: 0,
            gaps: 0,
            cpu: Some(3900.0),
        }),
        integrity: Integrity {
            unchecked: 0,
            missed_while_away: 0,
            orders: 2000,
            messages: 120_397,
            devices: 4000,
            histories: true,
            violations: ALL_KINDS.into_iter().map(|kind| (kind, 0)).collect(),
            offenders: Vec::new(),
        },
        storm: None,
        limit: None,
        ramp: None,
    };
    report.figures = figures(&report, &extra());
    let thresholds = [
        ("p99_receive", Comparison::Less, "< 250ms", 250.0),
        ("p99_ack", Comparison::Less, "< 250ms", 250.0),
        ("lost", Comparison::Equal, "== 0", 0.0),
        ("missing_devices", Comparison::Equal, "== 0", 0.0),
    ];
    judged(&mut report, &thresholds);
    report
}

fn scenario() -> ScenarioEcho {
    ScenarioEcho {
        name: "steady".to_owned(),
        about: "Pairs who talk in orders at a fixed rate".to_owned(),
        knobs: text(&[
            ("connect.rate", "400"),
            ("connect.within", "30s"),
            ("load.arrivals", "poisson"),
            ("load.duration", "60s"),
            ("load.rate", "2000"),
            ("load.typing", "0.1"),
            ("load.warm", "5s"),
            ("nodes.count", "2"),
            ("nodes.engines", "cluster"),
            ("people.devices", "1"),
            ("people.orders", "2000"),
            ("people.placement", "split"),
            ("settle.within", "20s"),
        ]),
    }
}

fn environment() -> Environment {
    Environment {
        started: "2026-11-24T09:30:00Z".to_owned(),
        took_s: 88.4,
        version: "0.1.0".to_owned(),
        cores: 2,
        memory: 25_769_803_776,
        kernel: "Linux 6.12".to_owned(),
        load_average: vec![0.31, 0.52, 0.6],
        processes: 1,
        engines: "cluster".to_owned(),
        targets: vec!["ws://127.0.0.1:9001".to_owned(), "ws://127.0.0.1:9002".to_owned()],
        devices: 4000,
    }
}

fn outcome() -> Outcome {
    Outcome {
        verdict: Verdict::Passed,
        thresholds: Vec::new(),
        remarks: vec!["The machine was busy with something else before the run.".to_owned()],
    }
}

/// Judges the report by these, each a figure, a sign and a limit.
fn judged(report: &mut Report, thresholds: &[(&str, Comparison, &str, f64)]) {
    let thresholds: Vec<Threshold> = thresholds
        .iter()
        .map(|(metric, comparison, text, limit)| Threshold {
            text: format!("{metric} {text}"),
            metric: (*metric).to_owned(),
            comparison: *comparison,
            limit: *limit,
        })
        .collect();
    judge(report, &thresholds);
}

pub(crate) const ALL_KINDS: [ViolationKind; 10] = [
    ViolationKind::Lost,
    ViolationKind::Doubled,
    ViolationKind::OutOfOrder,
    ViolationKind::Hole,
    ViolationKind::Stranger,
    ViolationKind::Altered,
    ViolationKind::Unasked,
    ViolationKind::OverLimit,
    ViolationKind::UnderLimit,
    ViolationKind::RetryAfter,
];

fn latency(of: Of, group: &str, phase: &str, count: u64, p50: f64) -> Latency {
    // A tail as such servers have: straight on logarithmic paper, with a knee near 99.9.
    let at = |percentile: f64| {
        let nines = (1.0 / (1.0 - percentile / 100.0)).log10();
        p50 * (0.35 + 0.65 * (nines / 0.301).powf(0.9)) * if nines > 2.9 { 1.0 + (nines - 2.9) * 1.1 } else { 1.0 }
    };
    let shares = [
        0.0, 10.0, 25.0, 40.0, 50.0, 60.0, 75.0, 80.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.99, 99.999,
    ];
    let mut curve: Vec<(f64, f64)> = shares.into_iter().map(|share| (share, at(share))).collect();
    let max = at(99.9995);
    curve.push((100.0, max));
    Latency {
        of,
        group: group.to_owned(),
        phase: phase.to_owned(),
        count,
        min: p50 * 0.35,
        mean: p50 * 1.25,
        p50,
        p90: at(90.0),
        p99: at(99.0),
        p999: at(99.9),
        max,
        curve,
    }
}

fn quantiles(dice: &mut Dice, p50: f64, tail: f64) -> Option<Quantiles> {
    let p50 = dice.around(p50, 0.06);
    let p99 = p50 * dice.around(3.4, 0.14) * tail;
    Some(Quantiles { p50, p99, max: p99 * (1.3 + dice.roll().powi(3) * 4.0) })
}

fn timeline(dice: &mut Dice) -> Vec<Second> {
    let mut connected = 0;
    (-16..60)
        .map(|at| {
            let talks = at >= -5;
            let sign_ins = if at < -5 { dice.whole(400.0, 0.02).min(4000 - connected) } else { 0 };
            connected = if talks { 4000 } else { connected + sign_ins };
            let intended = if talks { dice.whole(2000.0, 0.022) } else { 0 };
            let stall = if at == 37 { 5.0 } else { 1.0 };
            Second {
                at,
                intended,
                acknowledged: intended,
                refused: u64::from(at % 20 == 7),
                received: intended,
                sign_ins: if at == -5 { 4000 - connected } else { sign_ins },
                connect_failures: u64::from(at == -12),
                cuts: if at == 37 { 2 } else { 0 },
                connected,
                ack: if talks { quantiles(dice, 1.9, stall) } else { None },
                receive: if talks { quantiles(dice, 2.6, stall) } else { None },
            }
        })
        .collect()
}

fn server(name: &str, pid: u32, dice: &mut Dice) -> Server {
    let samples = samples(dice, 0.11, 14.2e6, 19.4e6, 2032.0, Some(2000.0));
    Server { name: name.to_owned(), pid: Some(pid), samples }
}

/// What a process uses that fills up with connections until second −5 and then works.
fn samples(dice: &mut Dice, cpu: f64, from: f64, to: f64, descriptors: f64, connections: Option<f64>) -> Vec<Sample> {
    let mut samples = Vec::new();
    for second in -16..62 {
        let full = (f64::from(second + 16) / 11.0).min(1.0);
        let busy = if (-5..60).contains(&second) { 1.0 } else { 0.3 };
        let cpu = dice.around(cpu * busy, 0.08);
        samples.push(Sample {
            at: f64::from(second) + 0.02,
            cpu,
            cpu_system: cpu * 0.45,
            resident: whole(from + (to - from) * full + f64::from(second + 16) * 9000.0),
            descriptors: whole(32.0 + (descriptors - 32.0) * full),
            connections: connections.map(|all| whole(all * full)),
        });
    }
    samples
}
