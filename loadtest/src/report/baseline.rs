//! A run beside an earlier one: what moved beyond noise.

use std::collections::BTreeSet;

use super::figures::{Better, FIGURES, Figure, Unit};
use super::html::escape;
use super::{Report, format, noise};

/// What is different about a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Moved {
    /// Something beside the figures, which makes their comparing doubtful: the schema, the scenario, a knob, the machine.
    Setting {
        /// What: `schema`, `scenario`, `knob load.rate`, `processors` …
        what: String,
        /// The older run's; `None`: it had none.
        old: Option<String>,
        /// This run's; `None`: it has none.
        now: Option<String>,
    },
    /// A figure that only one of the two has.
    Only {
        /// The figure.
        figure: &'static Figure,
        /// The older run's.
        old: Option<f64>,
        /// This run's.
        now: Option<f64>,
    },
    /// A figure that moved beyond its noise.
    Figure {
        /// The figure.
        figure: &'static Figure,
        /// The older run's.
        old: f64,
        /// This run's.
        now: f64,
        /// How far it may move by itself.
        noise: f64,
        /// Which way that is.
        way: Way,
    },
}

/// Which way a figure moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It became worse.
    Worse,
    /// It became better.
    Better,
    /// It is another: the figure says what was done, not how well.
    Other,
}

/// What moved from `old` to `now`, beyond noise: settings first, then what became worse, better, and other, then
/// what only one of them has.
///
/// A figure's noise comes from the seconds of both runs where they tell it (three standard errors, and 5 in 100: runs differ
/// by more than their seconds do), otherwise it is 10 in 100, for counts three times what chance alone does. Broken promises
/// and devices that are missing have none: one more is one more.
pub fn compare(now: &Report, old: &Report) -> Vec<Moved> {
    let mut moved = settings(now, old);
    if now.schema != old.schema {
        return moved;
    }
    let mut figures: Vec<Moved> = FIGURES.iter().filter_map(|figure| one(figure, now, old)).collect();
    figures.sort_by_key(|moved| match moved {
        Moved::Figure { way, .. } => (false, Some(*way)),
        _ => (true, None),
    });
    moved.extend(figures);
    moved
}

fn settings(now: &Report, old: &Report) -> Vec<Moved> {
    let mut moved = Vec::new();
    let mut beside = |what: &str, old: Option<String>, now: Option<String>| {
        if old != now {
            moved.push(Moved::Setting { what: what.to_owned(), old, now });
        }
    };
    beside("schema", Some(old.schema.to_string()), Some(now.schema.to_string()));
    beside("scenario", Some(old.scenario.name.clone()), Some(now.scenario.name.clone()));
    let knobs: BTreeSet<&String> = old.scenario.knobs.keys().chain(now.scenario.knobs.keys()).collect();
    for knob in knobs {
        beside(&format!("knob {knob}"), old.scenario.knobs.get(knob).cloned(), now.scenario.knobs.get(knob).cloned());
    }
    let (a, b) = (&old.environment, &now.environment);
    beside("processors", Some(a.cores.to_string()), Some(b.cores.to_string()));
    beside("memory", Some(format::bytes(a.memory as f64)), Some(format::bytes(b.memory as f64)));
    beside("kernel", Some(a.kernel.clone()), Some(b.kernel.clone()));
    beside("engines", Some(a.engines.clone()), Some(b.engines.clone()));
    beside("servers", Some(a.targets.len().to_string()), Some(b.targets.len().to_string()));
    beside("devices", Some(format::count(a.devices as u64)), Some(format::count(b.devices as u64)));
    beside("harness processes", Some(a.processes.to_string()), Some(b.processes.to_string()));
    moved
}

fn one(figure: &'static Figure, now: &Report, old: &Report) -> Option<Moved> {
    let value = |report: &Report| report.figures.get(figure.name).copied();
    let (old_value, now_value) = match (value(old), value(now)) {
        (None, None) => return None,
        (Some(old), Some(now)) => (old, now),
        (old, now) => return Some(Moved::Only { figure, old, now }),
    };
    let noise = noise_of(figure, (old, old_value), (now, now_value));
    let by = now_value - old_value;
    if by == 0.0 || by.abs() <= noise {
        return None;
    }
    let way = match figure.better {
        Better::Neither => Way::Other,
        Better::Lower if by < 0.0 => Way::Better,
        Better::Higher if by > 0.0 => Way::Better,
        _ => Way::Worse,
    };
    Some(Moved::Figure { figure, old: old_value, now: now_value, noise, way })
}

/// Figures of which every single one matters.
const EXACT: &[&str] = &[
    "lost",
    "doubled",
    "out_of_order",
    "holes",
    "strangers",
    "altered",
    "unasked",
    "violations",
    "over_limit",
    "under_limit",
    "retry_after_wrong",
    "missing_devices",
    "not_back",
    "unanswered",
];

fn noise_of(figure: &Figure, (old, old_value): (&Report, f64), (now, now_value): (&Report, f64)) -> f64 {
    if EXACT.contains(&figure.name) {
        return 0.0;
    }
    let least = match figure.unit {
        Unit::Milliseconds => 0.2,
        Unit::Microseconds => 0.5,
        Unit::Seconds => 0.1,
        Unit::Bytes => 128.0,
        Unit::PerSecond => 1.0,
        Unit::Count => 3.0 * (old_value + now_value).max(0.0).sqrt(),
        Unit::Ratio => 0.05,
    };
    let share = match (noise::of(old, figure.name), noise::of(now, figure.name)) {
        (Some(old), Some(now)) => old.hypot(now).max(old_value.abs() * 0.05),
        _ => old_value.abs() * 0.1,
    };
    share.max(least)
}

impl Moved {
    /// Sign, what, from, to, and by how much.
    fn cells(&self) -> (&'static str, [String; 5]) {
        let none = || "none".to_owned();
        match self {
            Moved::Setting { what, old, now } => {
                let cells = [old.clone().unwrap_or_else(none), now.clone().unwrap_or_else(none)];
                let [old, now] = cells;
                ("", ["≠".to_owned(), what.clone(), old, now, String::new()])
            }
            Moved::Only { figure, old, now } => {
                let shown = |value: Option<f64>| value.map_or_else(none, |value| format::value(figure.unit, value));
                ("", ["≠".to_owned(), figure.name.to_owned(), shown(*old), shown(*now), String::new()])
            }
            Moved::Figure { figure, old, now, noise, way } => {
                let (class, word) = match way {
                    Way::Worse => ("worse", "worse"),
                    Way::Better => ("better", "better"),
                    Way::Other => ("", "other"),
                };
                let sign = if now > old { "▲" } else { "▼" };
                let by =
                    if *old == 0.0 { String::new() } else { format!(" {:+.0} %", (now - old) * 100.0 / old.abs()) };
                let noise = if *noise == 0.0 {
                    String::new()
                } else {
                    format!(" (noise ± {})", format::value(figure.unit, *noise))
                };
                let told = format!("{word}{by}{noise}");
                let [old, now] = [old, now].map(|value| format::value(figure.unit, *value));
                (class, [sign.to_owned(), figure.name.to_owned(), old, now, told])
            }
        }
    }
}

const NOTHING: &str = "Nothing moved beyond noise.";

/// What moved, for a terminal.
pub fn text(moved: &[Moved]) -> String {
    if moved.is_empty() {
        return format!("  {NOTHING}\n");
    }
    let rows: Vec<[String; 5]> = moved.iter().map(|moved| moved.cells().1).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (what, old, now) = (width(1), width(2), width(3));
    let lines = rows.iter().map(|[sign, name, from, to, by]| {
        let line = format!("  {sign} {name:what$}  {from:>old$} → {to:<now$}  {by}");
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

/// What moved, as a table of the page.
pub fn html(moved: &[Moved]) -> String {
    if moved.is_empty() {
        return format!("<p class=\"about\">{NOTHING}</p>");
    }
    let mut out = String::from("<div class=\"scroll\"><table class=\"moved\"><thead><tr>");
    for head in ["", "what", "before", "now", ""] {
        out.push_str(&format!("<th scope=\"col\">{head}</th>"));
    }
    out.push_str("</tr></thead><tbody>");
    for moved in moved {
        let (class, cells) = moved.cells();
        let cells = cells.map(|cell| format!("<td>{}</td>", escape(&cell)));
        out.push_str(&format!("<tr class=\"{class}\">{}</tr>", cells.concat()));
    }
    out.push_str("</tbody></table></div>");
    out
}

#[cfg(test)]
mod tests;
