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
        plot(report, "Of it, in the kernel", "Sockets, mostly.", Shown::Cores, &all, |sample| sample.cpu_system),
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
        // Processes are looked at one after another; on one grid their values stand beside each other.
        points: samples.iter().map(|sample| (sample.at.round(), Some(of(sample)).filter(|y| y.is_finite()))).collect(),
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
