//! The report as a page: one file that someone can mail, with nothing to fetch and no script.
//!
//! Everything is readable without colour, in light and dark, and on paper; behind each plot stands its table.

mod events;
mod frame;
mod latency;
mod plot;
mod resources;
mod scale;
mod tables;
mod traffic;

use super::baseline::{self, Moved};
use super::figures::find;
use super::{Report, Verdict, format};

pub(super) use events::{by_share, by_strength, ramp_unit};
pub(super) use tables::{found, of, words};

const STYLE: &str = include_str!("style.css");

/// The page of a run.
pub fn html(report: &Report) -> String {
    page(report, None)
}

/// The page of a run beside another: with what moved, as [`baseline::compare`] found it.
pub fn html_against(report: &Report, moved: &[Moved]) -> String {
    page(report, Some(moved))
}

fn page(report: &Report, moved: Option<&[Moved]>) -> String {
    let name = escape(&report.scenario.name);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{name}: {}</title><style>\n{STYLE}</style></head><body>\n",
        verdict(report.outcome.verdict).1
    );
    out.push_str(&banner(report));
    out.push_str("<main>");
    out.push_str(&tiles(report));
    out.push_str(&section("held", "What had to hold", "", &tables::thresholds(report)));
    out.push_str(&remarks(report));
    if let Some(moved) = moved {
        out.push_str(&section("moved", "Beside the baseline", "", &baseline::html(moved)));
    }
    out.push_str(&tables::integrity(report));
    out.push_str(&events::storm(report));
    out.push_str(&events::limit(report));
    out.push_str(&events::ramp(report));
    out.push_str(&latency::section(report));
    out.push_str(&traffic::section(report));
    out.push_str(&resources::section(report));
    out.push_str(&section("figures", "Figures", "What thresholds and baselines look at.", &tables::figures(report)));
    out.push_str(&tables::run(report));
    out.push_str(&format!(
        "</main><footer>souk-loadtest {}</footer></body></html>\n",
        escape(&report.environment.version)
    ));
    out
}

/// The text as it stands in a page, also between quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A part of the page with its heading; nothing where it has no content.
fn section(id: &str, title: &str, about: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let about = if about.is_empty() { String::new() } else { format!("<p class=\"about\">{}</p>", escape(about)) };
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>{about}{content}</section>\n"
    )
}

/// A verdict as a class, in words, and its sign.
fn verdict(verdict: Verdict) -> (&'static str, &'static str, &'static str) {
    match verdict {
        Verdict::Passed => ("passed", "Passed", "✓"),
        Verdict::Threshold => ("threshold", "A threshold did not hold", "✗"),
        Verdict::Integrity => ("integrity", "Promises were broken", "✗"),
        Verdict::Interrupted => ("interrupted", "Interrupted", "‖"),
    }
}

fn banner(report: &Report) -> String {
    let (class, word, sign) = verdict(report.outcome.verdict);
    let environment = &report.environment;
    let servers = match environment.targets.len() {
        1 => "1 server".to_owned(),
        many => format!("{many} servers"),
    };
    format!(
        "<header class=\"verdict {class}\"><div class=\"inner\"><div class=\"sign\" aria-hidden=\"true\">{sign}</div><div>\
         <p class=\"over\">souk load test · <b>{}</b></p><h1>{word}</h1><p>{}</p>\
         <p class=\"when\">{} · {} devices on {servers} ({}) · took {}</p></div></div></header>\n",
        escape(&report.scenario.name),
        escape(&sentence(report)),
        escape(&environment.started.replace('T', " ").replace('Z', " UTC")),
        format::count(environment.devices as u64),
        escape(&environment.engines),
        escape(&length(environment.took_s)),
    )
}

/// The verdict in a sentence with numbers; the terminal shows it too.
pub(super) fn sentence(report: &Report) -> String {
    let integrity = &report.integrity;
    let broken: u64 = integrity.violations.values().sum();
    let failed = report.outcome.thresholds.iter().filter(|threshold| !threshold.held).count();
    let checked = format!(
        "{} messages in {} orders, compared with what {} devices saw",
        format::count(integrity.messages),
        format::count(integrity.orders),
        format::count(integrity.devices)
    );
    match report.outcome.verdict {
        Verdict::Passed if integrity.violations.is_empty() => {
            "Every threshold held; promises were not checked.".to_owned()
        }
        Verdict::Passed => format!("Every threshold held and no promise was broken: {checked}."),
        Verdict::Threshold => format!(
            "{failed} of {} thresholds did not hold. No promise was broken: {checked}.",
            report.outcome.thresholds.len()
        ),
        Verdict::Integrity => format!("{} broken promises in {checked}.", format::count(broken)),
        Verdict::Interrupted => format!("Ended early. What there was is told here: {checked}."),
    }
}

/// `88.4 s` or `3 min 20 s`.
pub(super) fn length(seconds: f64) -> String {
    if seconds < 120.0 {
        return format!("{} s", format::number(seconds));
    }
    format!("{:.0} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0)
}

/// The few figures that one looks for first: of these, the first six that the run has.
const TILES: &[(&str, &str)] = &[
    ("capacity", "capacity"),
    ("back_99", "99 % back after"),
    ("sign_ins_per_second", "most sign-ins a second"),
    ("p99_receive", "p99 received"),
    ("p99_ack", "p99 acknowledged"),
    ("rate_received", "delivered"),
    ("cpu_per_delivery", "node CPU per message"),
    ("bytes_per_connection", "memory per connection"),
];

fn tiles(report: &Report) -> String {
    let storm = report.storm.is_some();
    let shown = TILES.iter().filter(|(name, _)| storm || *name != "sign_ins_per_second").filter_map(|(name, label)| {
        let value = *report.figures.get(*name)?;
        Some((*label, format::value(find(name)?.unit, value)))
    });
    let tiles: String =
        shown.take(6).map(|(label, value)| format!("<div><dt>{label}</dt><dd>{}</dd></div>", escape(&value))).collect();
    if tiles.is_empty() { String::new() } else { format!("<dl class=\"tiles\">{tiles}</dl>\n") }
}

fn remarks(report: &Report) -> String {
    if report.outcome.remarks.is_empty() {
        return String::new();
    }
    let each = report.outcome.remarks.iter().map(|remark| format!("<li>{}</li>", escape(remark)));
    section("remarks", "Remarks", "", &format!("<ul class=\"remarks\">{}</ul>", each.collect::<String>()))
}

#[cfg(test)]
mod tests;
