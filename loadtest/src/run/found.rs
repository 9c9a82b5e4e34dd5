//! The report, of what all processes of a run found.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::part::RunPart;
use super::prepare::Prepared;
use super::watch::shifted;
use crate::measure::process::machine;
use crate::report::derive::{self, Extra};
use crate::report::{Environment, Outcome, RedisSeen, Report, SCHEMA, ScenarioEcho, Verdict};
use crate::scenario::Scenario;

/// When a run began, on both clocks, and what the machine looked like then.
pub(crate) struct Began {
    at: SystemTime,
    load_average: Vec<f64>,
    pub(crate) instant: std::time::Instant,
}

impl Began {
    /// Now.
    pub(crate) fn now() -> Self {
        Self { at: SystemTime::now(), load_average: machine().load_average, instant: std::time::Instant::now() }
    }
}

/// Makes the report. `zero`: when the load began, in seconds of this process's recorder.
pub(crate) fn report(
    part: RunPart,
    prepared: &Prepared,
    scenario: &Scenario,
    began: &Began,
    redis: Option<RedisSeen>,
) -> Report {
    let zero =
        prepared.context.recorder.load_window().map_or(0.0, |(from, _)| Duration::from_micros(from).as_secs_f64());
    let memory = prepared.watch.memory();
    let extra = Extra {
        load: (0.0, part.load_s),
        baseline_resident: memory.before,
        peak_resident: memory.full,
        connections: part.devices.min(memory.connections.max(part.connected)),
        harness_baseline: Some(part.harness_resident.0).filter(|bytes| *bytes > 0),
    };
    let knobs = scenario.knobs();
    let cut = knobs.get("storm.cut").map_or("none", |cut| cut.trim_matches('"')).to_owned();
    let mut report = Report {
        schema: SCHEMA,
        scenario: ScenarioEcho { name: scenario.name.clone(), about: scenario.about.clone(), knobs },
        environment: environment(&part, prepared, began),
        outcome: Outcome {
            verdict: if part.interrupted { Verdict::Interrupted } else { Verdict::Passed },
            thresholds: Vec::new(),
            remarks: part.remarks.clone(),
        },
        figures: std::collections::BTreeMap::new(),
        totals: part.recorder.totals.clone(),
        latencies: part.recorder.latencies(),
        timeline: part.recorder.timeline(),
        servers: prepared.watch.servers(zero),
        harness: shifted(&part.harness, zero),
        redis: redis.map(|redis| RedisSeen { cpu: part.redis_cpu, ..redis }),
        storm: part.storm_found(&cut),
        limit: part.limit_found(),
        ramp: part.ramp.clone(),
        integrity: part.integrity,
    };
    report.figures = derive::figures(&report, &extra);
    derive::judge(&mut report, &scenario.thresholds);
    report
}

fn environment(part: &RunPart, prepared: &Prepared, began: &Began) -> Environment {
    let machine = machine();
    Environment {
        started: OffsetDateTime::from(began.at).format(&Rfc3339).unwrap_or_default(),
        took_s: began.instant.elapsed().as_secs_f64(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cores: machine.cores,
        memory: machine.memory,
        kernel: machine.kernel,
        load_average: began.load_average.clone(),
        processes: prepared.share.of,
        engines: prepared.target.engines.clone(),
        targets: prepared.target.nodes.iter().map(|node| node.name.clone()).collect(),
        devices: usize::try_from(part.devices).unwrap_or(usize::MAX),
    }
}
