//! What the nodes and the harness used.

use super::latency::moments;
use super::plot::{Axis, Drawn, Plot, Series, Shown, Thin};
use super::scale::Scale;
use crate::report::figures::Unit;
use crate::report::{Report, Sample};

/// The colours of nodes, in turn.
const NODES: [&str; 6] = ["n-1", "n-2", "n-3", "n-4", "n-5", "n-6"];

pub(super) fn section(report: &Report) -> String {
    let servers: Vec<(&str, &'static str, &[Sample])> = report
        .servers
        .iter()
        .zip(NODES.iter().cycle())
        .map(|(server, class)| (server.name.as_str(), *class, server.samples.as_slice()))
        .collect();
    let mut all = servers.clone();
    all.push(("harness", "n-harness", report.harness.as_slice()));
    let plots = [
        plot(
            report,
            "Processors",
            "1 is one whole core; the harness runs beside the nodes.",
            Shown::Cores,
            &all,
            |sample| sample.cpu,
        ),
        plot(
            report,
            "Of it, in the kernel",
            "The part of the above that the kernel used for them.",
            Shown::Cores,
            &all,
            |sample| sample.cpu_system,
        ),
        plot(report, "Resident memory", "All of each process.", Shown::In(Unit::Bytes), &all, |sample| {
            sample.resident as f64
        }),
        plot(report, "Descriptors", "Open files and sockets.", Shown::In(Unit::Count), &all, |sample| {
            sample.descriptors as f64
        }),
        connections(report, &servers),
    ]
    .concat();
    if plots.is_empty() {
        return String::new();
    }
    super::section("resources", "Resources", "", &format!("<div class=\"plots\">{plots}</div>"))
}

type Process<'a> = (&'a str, &'static str, &'a [Sample]);

fn connections(report: &Report, servers: &[Process<'_>]) -> String {
    let known: Vec<Process<'_>> = servers
        .iter()
        .filter(|(_, _, samples)| samples.iter().any(|sample| sample.connections.is_some()))
        .copied()
        .collect();
    let about = "As the nodes' own metrics count them.";
    plot(report, "Connections", about, Shown::In(Unit::Count), &known, |sample| {
        sample.connections.map_or(f64::NAN, |count| count as f64)
    })
}

/// Seconds without a sample that are a gap: a process that was not there, or did not answer.
const GAP: f64 = 2.5;

/// The samples on the grid of seconds: processes are looked at one after another, their values stand beside each other.
fn points(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> Vec<(f64, Option<f64>)> {
    let mut points: Vec<(f64, Option<f64>)> = Vec::with_capacity(samples.len());
    for sample in samples {
        let at = sample.at.round();
        if let Some((before, _)) = points.last().filter(|(before, _)| at - before > GAP) {
            points.push((before + 1.0, None));
        }
        points.push((at, Some(of(sample)).filter(|y| y.is_finite())));
    }
    points
}

/// `of` gives NaN where it does not know.
fn plot(
    report: &Report,
    title: &str,
    about: &str,
    shown: Shown,
    all: &[Process<'_>],
    of: fn(&Sample) -> f64,
) -> String {
    let series = all.iter().map(|(name, class, samples)| Series {
        name: (*name).to_owned(),
        class,
        drawn: if *class == "n-harness" { Drawn::Dashed } else { Drawn::Line },
        points: points(samples, of),
    });
    let series: Vec<Series> = series.collect();
    let values = series.iter().flat_map(|series| &series.points).filter_map(|(_, y)| *y);
    let most = values.fold(0.0, f64::max);
    let ats = all.iter().flat_map(|(_, _, samples)| *samples).map(|sample| sample.at.round());
    let (from, to) = ats.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), at| (from.min(at), to.max(at)));
    let plot = Plot {
        title: title.to_owned(),
        about: about.to_owned(),
        x: Axis { label: "second", scale: Scale::even(from, to), shown: Shown::In(Unit::Seconds) },
        y: Axis { label: "used", scale: Scale::from_zero(most, matches!(shown, Shown::In(Unit::Bytes))), shown },
        series,
        marks: moments(report),
        thin: Thin::Highest,
    };
    plot.figure()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_was_away_has_a_gap() {
        let samples = [0.1, 1.1, 2.1, 9.1].map(|at| Sample { at, cpu: 0.5, ..Sample::default() });
        let found = points(&samples, |sample| sample.cpu);
        assert_eq!(found[3], (3.0, None));
        assert_eq!(found.len(), 5);
        assert_eq!(points(&samples, |_| f64::NAN)[0], (0.0, None));
    }
}
