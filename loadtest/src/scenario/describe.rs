//! What there is, for people: the list of scenarios, the knobs, the figures.

use std::fmt::{Arguments, Write};
use std::time::Duration;

use super::knobs::{KNOBS, Knob};
use super::{RampOf, Scenario, shipped};
use crate::report::figures::{FIGURES, Unit};

/// Lines longer than this are broken.
const WIDTH: usize = 100;

impl Scenario {
    /// About how long a run takes, without the time that nodes need to start and histories to be read: to connect, warm up, and the
    /// load; of a ramp the longest way.
    pub fn takes(&self) -> Duration {
        let devices = u32::try_from(self.devices()).map_or(f64::INFINITY, f64::from);
        let connect =
            (devices / self.connect.rate).min(self.connect.within.as_secs_f64()) + self.connect.calm.as_secs_f64();
        let window = self.quota().map_or(0.0, |(_, window)| window.as_secs_f64());
        let limit = if self.limit.senders > 0 { self.limit.windows * window } else { 0.0 };
        let load = match self.ramp.of {
            RampOf::None => self.load.duration.as_secs_f64(),
            RampOf::Rate | RampOf::Connections => {
                let ramp = &self.ramp;
                let up = ((ramp.to / ramp.from).ln() / ramp.factor.ln()).ceil().max(0.0) + 1.0;
                let between = ((ramp.factor - 1.0) / ramp.precision).log2().ceil().max(0.0);
                (up + between) * ramp.hold.as_secs_f64() + ramp.confirm.as_secs_f64()
            }
        };
        Duration::from_secs_f64(connect + self.load.warm.as_secs_f64() + load.max(limit))
    }
}

/// The scenarios that ship: name, devices, how long, and what each shows.
pub fn list() -> String {
    let mut out = format!("{:<16}  {:>7}  {:>6}  shows\n", "scenario", "devices", "takes");
    for name in shipped::names() {
        let scenario = Scenario::load(name, &[]).expect("a test loads every shipped scenario");
        let seconds = format!("{:.0} s", scenario.takes().as_secs_f64());
        line(
            &mut out,
            format_args!("{name:<16}  {:>7}  {seconds:>6}  {}", grouped(scenario.devices()), scenario.about),
        );
    }
    out
}

/// Every knob with its default, for `--help`.
pub fn describe_knobs() -> String {
    let mut out = String::from("Knobs, as sections of a scenario's file or as --set section.knob=value:\n");
    let mut section = "";
    for knob in KNOBS {
        if knob.section() != section {
            section = knob.section();
            line(&mut out, format_args!("\n[{section}]"));
        }
        line(&mut out, format_args!("  {} = {}   ({})", knob.leaf(), default_of(knob), knob.kind.words()));
        for row in broken_up(&knob.doc.replace('`', ""), WIDTH - 6) {
            line(&mut out, format_args!("      {row}"));
        }
    }
    out
}

/// Every figure that a threshold may name, for `--help`.
pub fn describe_figures() -> String {
    let mut out = String::from("Figures, which thresholds may name:\n");
    for figure in FIGURES {
        line(&mut out, format_args!("  {:<24}  {:<9}  {}", figure.name, unit(figure.unit), figure.about));
    }
    out
}

/// The knobs as a table for SCENARIOS.md.
#[cfg(test)]
pub(super) fn knob_table() -> String {
    let mut out = String::from("| knob | what may be written | default | what it does |\n|---|---|---|---|\n");
    for knob in KNOBS {
        let cells = format_args!("| `{}` | {} | `{}` | {} |", knob.name, knob.kind.words(), default_of(knob), knob.doc);
        line(&mut out, cells);
    }
    out
}

/// The figures as a table for SCENARIOS.md.
#[cfg(test)]
pub(super) fn figure_table() -> String {
    let mut out = String::from("| figure | unit | a threshold compares with | what it is |\n|---|---|---|---|\n");
    for figure in FIGURES {
        let example = crate::report::threshold::example(figure);
        line(&mut out, format_args!("| `{}` | {} | {example} | {} |", figure.name, unit(figure.unit), figure.about));
    }
    out
}

fn default_of(knob: &Knob) -> String {
    super::knobs::defaults().knobs().remove(knob.name).unwrap_or_default()
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Milliseconds => "ms",
        Unit::Microseconds => "µs",
        Unit::Seconds => "s",
        Unit::Bytes => "bytes",
        Unit::PerSecond => "a second",
        Unit::Count => "count",
        Unit::Ratio => "ratio",
    }
}

fn line(out: &mut String, text: Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
    out.push('\n');
}

/// `12,345`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Rows of whole words.
fn broken_up(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().expect("there is always a row");
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > width {
            rows.push(word.to_owned());
        } else {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(word);
        }
    }
    rows
}
