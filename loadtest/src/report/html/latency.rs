//! How long things took: over time, by percentile, and as a table.

use super::plot::{Axis, Drawn, Mark, Plot, Series, Shown, Thin};
use super::scale::Scale;
use super::tables;
use crate::report::figures::Unit;
use crate::report::{Latency, Of, Quantiles, Report, Second};

/// Above this ratio of highest to lowest, an even axis shows a flat line and a spike.
const WIDE: f64 = 12.0;

pub(super) fn section(report: &Report) -> String {
    let table = tables::latencies(report);
    let scale = over_time_scale(&report.timeline);
    let plots = [
        over_time(report, scale, "To the acknowledgement", "acknowledged", |second| second.ack),
        over_time(report, scale, "To another device", "on another device", |second| second.receive),
        curves(report),
    ];
    let content = format!("{table}<div class=\"plots\">{}</div>", plots.concat());
    let about = "Sending counts from the moment that was planned: whoever is late, harness or server, makes it worse.";
    if table.is_empty() && plots.concat().is_empty() {
        return String::new();
    }
    super::section("latency", "Latency", about, &content)
}

/// An axis of times for these values.
fn times(values: impl Iterator<Item = f64> + Clone) -> Scale {
    let positive = values.filter(|value| *value > 0.0);
    let (least, most) = (positive.clone().fold(f64::INFINITY, f64::min), positive.fold(0.0, f64::max));
    if most > least * WIDE { Scale::log(least, most) } else { Scale::from_zero(most, false) }
}

/// One axis for both plots, so that they can be compared by eye.
fn over_time_scale(timeline: &[Second]) -> Scale {
    let all = timeline.iter().flat_map(|second| [second.ack, second.receive]).flatten();
    times(all.flat_map(|quantiles| [quantiles.p50, quantiles.p99, quantiles.max]))
}

/// An axis of the run's seconds.
pub(super) fn seconds(timeline: &[Second]) -> Axis {
    let (from, to) = (timeline.first().map_or(0, |second| second.at), timeline.last().map_or(1, |second| second.at));
    Axis { label: "second", scale: Scale::even(from as f64, to as f64), shown: Shown::In(Unit::Seconds) }
}

/// What everybody should know when looking at something over time.
pub(super) fn moments(report: &Report) -> Vec<Mark> {
    let mut marks = Vec::new();
    if report.timeline.first().is_some_and(|second| second.at < 0) {
        marks.push(Mark::Moment(0.0, "load".to_owned()));
    }
    if let Some(storm) = &report.storm {
        marks.push(Mark::Moment(storm.at, "cut".to_owned()));
    }
    marks
}

fn over_time(report: &Report, scale: Scale, title: &str, what: &str, pick: fn(&Second) -> Option<Quantiles>) -> String {
    let series = |name: &str, class, drawn, of: fn(&Quantiles) -> f64| Series {
        name: name.to_owned(),
        class,
        drawn,
        points: report.timeline.iter().map(|second| (second.at as f64, pick(second).as_ref().map(of))).collect(),
    };
    let plot = Plot {
        title: title.to_owned(),
        about: format!("From the planned moment until {what}, second by second."),
        x: seconds(&report.timeline),
        y: Axis { label: "time", scale, shown: Shown::In(Unit::Milliseconds) },
        series: vec![
            series("longest", "q-max", Drawn::Faint, |quantiles| quantiles.max),
            series("p99", "q-p99", Drawn::Line, |quantiles| quantiles.p99),
            series("p50", "q-p50", Drawn::Line, |quantiles| quantiles.p50),
        ],
        marks: moments(report),
        thin: Thin::Highest,
    };
    plot.figure()
}

/// The class of a kind of latency: its colour all over the page.
fn class(of: Of) -> &'static str {
    match of {
        Of::Ack => "s-ack",
        Of::Receive => "s-receive",
        Of::SignIn => "s-signin",
        Of::CatchUp => "s-catchup",
    }
}

/// The distributions of what counts: messages, and coming in, which takes another time.
fn curves(report: &Report) -> String {
    let some = |title: &str, about: &str, kinds: [Of; 2]| {
        let counts = |latency: &&Latency| latency.group == "all" && latency.phase == "load" && latency.count > 0;
        let all: Vec<&Latency> =
            report.latencies.iter().filter(counts).filter(|latency| kinds.contains(&latency.of)).collect();
        let series = all.iter().map(|latency| curve(latency, tables::of(latency.of), class(latency.of), Drawn::Line));
        by_percentile(title, about, series.collect(), &all)
    };
    let messages = "How long it took at most for so many in a hundred messages.";
    let coming = "How long it took at most for so many in a hundred devices.";
    some("Messages by percentile", messages, [Of::Receive, Of::Ack])
        + &some("Coming in by percentile", coming, [Of::SignIn, Of::CatchUp])
}

/// The stayers before the cut and until all were back.
pub(super) fn stayers(report: &Report) -> String {
    let all: Vec<&Latency> = report
        .latencies
        .iter()
        .filter(|latency| latency.group == "stayers" && latency.of == Of::Ack && latency.count > 0)
        .collect();
    let series = all.iter().map(|latency| {
        let drawn = if latency.phase == "before" { Drawn::Dashed } else { Drawn::Line };
        curve(latency, &latency.phase, "s-ack", drawn)
    });
    let about = "Until the acknowledgement, for devices that were not cut: before the cut, and until all were back.";
    by_percentile("Those who stayed", about, series.collect(), &all)
}

fn curve(latency: &Latency, name: &str, class: &'static str, drawn: Drawn) -> Series {
    let points = latency.curve.iter().map(|(percentile, time)| (*percentile, Some(*time))).collect();
    Series { name: name.to_owned(), class, drawn, points }
}

fn by_percentile(title: &str, about: &str, mut series: Vec<Series>, all: &[&Latency]) -> String {
    let most = all.iter().map(|latency| latency.count).max().unwrap_or(1);
    let scale = Scale::nines(most);
    for series in &mut series {
        // The longest stands at the edge, and nothing else that is beyond it.
        series.points.retain(|(percentile, _)| *percentile >= 100.0 || scale.holds(*percentile));
    }
    let plot = Plot {
        title: title.to_owned(),
        about: about.to_owned(),
        x: Axis { label: "percentile", scale, shown: Shown::Percent },
        y: Axis {
            label: "time",
            scale: times(all.iter().flat_map(|latency| &latency.curve).map(|(_, time)| *time)),
            shown: Shown::In(Unit::Milliseconds),
        },
        series,
        marks: Vec::new(),
        thin: Thin::Highest,
    };
    plot.figure()
}
