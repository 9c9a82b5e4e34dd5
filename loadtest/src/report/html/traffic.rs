//! What went through, and who was there, second by second.

use super::latency::{moments, seconds};
use super::plot::{Axis, Drawn, Plot, Series, Shown, Thin};
use super::scale::Scale;
use crate::report::figures::Unit;
use crate::report::{Report, Second};

pub(super) fn section(report: &Report) -> String {
    let plots = [rates(report), connected(report), coming(report)].concat();
    if plots.is_empty() {
        return String::new();
    }
    super::section("traffic", "Traffic", "", &format!("<div class=\"plots\">{plots}</div>"))
}

fn series(report: &Report, name: &str, class: &'static str, drawn: Drawn, of: fn(&Second) -> u64) -> Series {
    let points = report.timeline.iter().map(|second| (second.at as f64, Some(of(second) as f64))).collect();
    Series { name: name.to_owned(), class, drawn, points }
}

/// Without the lines that are 0 all along, one excepted: what never happened needs no line.
fn happened(series: Vec<Series>) -> Vec<Series> {
    series.into_iter().filter(|series| series.points.iter().any(|(_, y)| y.is_some_and(|y| y > 0.0))).collect()
}

fn plot(report: &Report, title: &str, about: &str, unit: Unit, series: Vec<Series>) -> String {
    let series = happened(series);
    let most = series.iter().flat_map(|series| &series.points).filter_map(|(_, y)| *y).fold(0.0, f64::max);
    let plot = Plot {
        title: title.to_owned(),
        about: about.to_owned(),
        x: seconds(&report.timeline),
        y: Axis { label: "count", scale: Scale::from_zero(most, false), shown: Shown::In(unit) },
        series,
        marks: moments(report),
        thin: Thin::Average,
    };
    plot.figure()
}

fn rates(report: &Report) -> String {
    let each = vec![
        series(report, "received", "rate-received", Drawn::Line, |second| second.received),
        series(report, "acknowledged", "rate-ack", Drawn::Line, |second| second.acknowledged),
        series(report, "intended", "rate-intended", Drawn::Dashed, |second| second.intended),
        series(report, "refused", "rate-refused", Drawn::Line, |second| second.refused),
    ];
    plot(report, "Messages", "Per second: those whose moment came, and what became of them.", Unit::PerSecond, each)
}

fn connected(report: &Report) -> String {
    let each = vec![series(report, "connected", "s-connected", Drawn::Area, |second| second.connected)];
    plot(report, "Devices", "Connected and live at the end of each second.", Unit::Count, each)
}

fn coming(report: &Report) -> String {
    let each = vec![
        series(report, "signed in", "s-signin", Drawn::Step, |second| second.sign_ins),
        series(report, "cut", "s-cut", Drawn::Step, |second| second.cuts),
        series(report, "not connected", "s-failed", Drawn::Step, |second| second.connect_failures),
    ];
    let about = "Per second: sign-ins, connections that ended without our wish, and those that did not come about.";
    plot(report, "Coming and going", about, Unit::PerSecond, each)
}
