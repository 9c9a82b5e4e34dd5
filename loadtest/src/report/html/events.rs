//! The ingredients that not every run has: a storm, a tested limit, a ramp.

use super::latency::stayers;
use super::plot::{Axis, Drawn, Mark, Plot, Series, Shown, Thin};
use super::scale::Scale;
use super::section;
use super::tables::Table;
use crate::report::figures::Unit;
use crate::report::{RampFound, Report, StormFound, format};

pub(super) fn storm(report: &Report) -> String {
    let Some(storm) = &report.storm else { return String::new() };
    let about = format!(
        "{} of {} devices were cut at second {} ({}).",
        format::count(storm.clients),
        format::count(storm.clients + storm.stayers),
        format::number(storm.at),
        storm.cut
    );
    let content = format!(
        "<div class=\"plots\">{}{}</div><div class=\"columns\">{}{}</div>",
        recovery(storm),
        stayers(report),
        back_table(storm).html(),
        handshakes_table(storm).html()
    );
    section("storm", "Storm", &about, &content)
}

fn back_table(storm: &StormFound) -> Table {
    let mut table = Table::new("pairs right", &[]);
    for (share, after) in by_share(storm) {
        let after = after.map_or_else(|| "never".to_owned(), |s| format!("after {}", format::value(Unit::Seconds, s)));
        table.row("", [format!("{share} % back and caught up"), after]);
    }
    let of = format!("{} of {}", format::count(storm.back), format::count(storm.clients));
    table.row(if storm.back < storm.clients { "bad" } else { "" }, ["back in the end".to_owned(), of]);
    table
}

fn handshakes_table(storm: &StormFound) -> Table {
    let mut table = Table::new("pairs right", &[]);
    table.row("", ["most sign-ins in a second".to_owned(), format::count(storm.sign_ins_per_second)]);
    table.row("", ["handshakes tried".to_owned(), format::count(storm.tried)]);
    for (answer, count) in &storm.refused {
        table.row("", [format!("refused with {answer}"), format::count(*count)]);
    }
    if let Some((least, most)) = storm.retry_after_s {
        let range = format!("{} to {} s", format::number(least), format::number(most));
        table.row("", ["asked to wait".to_owned(), range]);
    }
    if let (Some(before), Some(during)) = storm.stayers_p99 {
        let both = format!("{} → {}", format::milliseconds(before), format::milliseconds(during));
        table.row("", [format!("p99 of the {} who stayed", format::count(storm.stayers)), both]);
    }
    table
}

/// The shares of the storm and their moments, by rising share: as text `100` stands before `50`.
pub(in crate::report) fn by_share(storm: &StormFound) -> Vec<(&str, Option<f64>)> {
    let mut shares: Vec<_> = storm.back_s.iter().map(|(share, after)| (share.as_str(), *after)).collect();
    shares.sort_by(|(a, _), (b, _)| {
        let number = |text: &str| text.parse::<f64>().unwrap_or(f64::INFINITY);
        number(a).total_cmp(&number(b))
    });
    shares
}

/// How many were back by when.
fn recovery(storm: &StormFound) -> String {
    let all = storm.clients.max(1) as f64;
    let share = |back: u64| back as f64 * 100.0 / all;
    let mut points = vec![(0.0, Some(0.0))];
    points
        .extend(storm.curve.iter().filter(|(after, _)| *after > 0.0).map(|(after, back)| (*after, Some(share(*back)))));
    let end = points.last().map_or(1.0, |(after, _)| *after);
    let marks = by_share(storm).into_iter().filter_map(|(share, after)| {
        let height: f64 = share.parse().ok()?;
        let after = after?;
        // 99 and 100 in 100 are at the same height: the earlier is named by the table alone where they would overlap.
        let name = format!("{share} %: {}", format::value(Unit::Seconds, after));
        Some(Mark::Point(after, height, if share == "99" { String::new() } else { name }))
    });
    let plot = Plot {
        title: "Coming back".to_owned(),
        about: "The share of the devices that were cut which is back and caught up.".to_owned(),
        x: Axis { label: "since the cut", scale: Scale::even(0.0, end * 1.18), shown: Shown::In(Unit::Seconds) },
        y: Axis { label: "back", scale: Scale::even(0.0, 100.0), shown: Shown::Percent },
        series: vec![Series { name: "back".to_owned(), class: "s-connected", drawn: Drawn::Area, points }],
        marks: marks.collect(),
        thin: Thin::Highest,
    };
    plot.figure()
}

pub(super) fn limit(report: &Report) -> String {
    let Some(limit) = &report.limit else { return String::new() };
    let mut table = Table::new(
        "numbers",
        &["senders", "people", "tried", "accepted", "refused", "sent again under their id", "most in a window"],
    );
    for name in by_strength(limit.groups.keys()) {
        let group = &limit.groups[name];
        let class = if group.most_in_window > limit.messages { "bad" } else { "" };
        let count = format::count;
        table.row(
            class,
            [
                format!("{name} the limit"),
                count(group.senders),
                count(group.tried),
                count(group.accepted),
                count(group.refused),
                count(group.retried),
                format!("{} of {}", group.most_in_window, limit.messages),
            ],
        );
    }
    let about = format!(
        "The server lets {} messages of a person through in any {} s. {} refusals were tried too early, {} in time.",
        limit.messages,
        format::number(limit.window as f64 / 1000.0),
        format::count(limit.retry_after_tried.0),
        format::count(limit.retry_after_tried.1)
    );
    section("limit", "Rate limit", &about, &table.html())
}

/// The groups from those who send least to those who send most.
pub(in crate::report) fn by_strength<'a>(groups: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut groups: Vec<&String> = groups.collect();
    groups.sort_by_key(|name| ["below", "at", "above"].iter().position(|known| known == name).unwrap_or(3));
    groups
}

pub(super) fn ramp(report: &Report) -> String {
    let Some(ramp) = &report.ramp else { return String::new() };
    let unit = ramp_unit(ramp);
    let found = ramp.capacity.map_or_else(
        || "Nothing was confirmed.".to_owned(),
        |most| format!("Confirmed: {}.", format::value(unit, most)),
    );
    let about = format!("The {} rose until a threshold broke, then the edge was sought. {found}", ramp.of);
    let content = format!("<div class=\"plots\">{}{}</div>", steps(ramp, unit), steps_table(ramp, unit).html());
    section("ramp", "Ramp", &about, &content)
}

pub(in crate::report) fn ramp_unit(ramp: &RampFound) -> Unit {
    if ramp.of == "rate" { Unit::PerSecond } else { Unit::Count }
}

fn steps(ramp: &RampFound, unit: Unit) -> String {
    let points = |held: bool| {
        ramp.steps.iter().filter(move |step| step.held == held).map(|step| (step.at, Some(step.value))).collect()
    };
    let all = ramp.steps.iter().map(|step| (step.at, Some(step.value))).collect();
    let most = ramp.steps.iter().map(|step| step.value).fold(0.0, f64::max);
    let end = ramp.steps.last().map_or(1.0, |step| step.at);
    let begin = ramp.steps.first().map_or(0.0, |step| step.at);
    let series = |name: &str, class, drawn, points| Series { name: name.to_owned(), class, drawn, points };
    let plot = Plot {
        title: "Steps".to_owned(),
        about: "What was tried, and whether it kept what had to hold.".to_owned(),
        x: Axis {
            label: "second",
            scale: Scale::even(begin, end + (end - begin) * 0.04),
            shown: Shown::In(Unit::Seconds),
        },
        y: Axis { label: "tried", scale: Scale::from_zero(most, false), shown: Shown::In(unit) },
        series: vec![
            series("tried", "s-step", Drawn::Step, all),
            series("held", "s-held", Drawn::Dots, points(true)),
            series("did not hold", "s-broke", Drawn::Dots, points(false)),
        ],
        marks: ramp
            .capacity
            .map(|most| Mark::Level(most, format!("capacity {}", format::value(unit, most))))
            .into_iter()
            .collect(),
        thin: Thin::Highest,
    };
    plot.figure()
}

fn steps_table(ramp: &RampFound, unit: Unit) -> Table {
    let mut table = Table::new("steps", &["", "tried", "from", "figures"]);
    for step in &ramp.steps {
        let (class, sign) = if step.held { ("good", "✓") } else { ("bad", "✗") };
        let figures = step.figures.iter().map(|(name, value)| {
            let unit = crate::report::figures::find(name).map_or(Unit::Ratio, |figure| figure.unit);
            format!("{name} {}", format::value(unit, *value))
        });
        let mut figures = figures.collect::<Vec<_>>().join(" · ");
        if step.confirms {
            figures = format!("confirms · {figures}");
        }
        let at = format!("{} s", format::number(step.at));
        table.row(class, [sign.to_owned(), format::value(unit, step.value), at, figures]);
    }
    table
}
