//! The tables of the page.

use super::{escape, length, section};
use crate::report::derive::figure_of;
use crate::report::figures::{FIGURES, Unit, find};
use crate::report::{Of, Report, format};

/// A table on its way: rows of texts, all escaped when it is written.
pub(super) struct Table {
    class: &'static str,
    head: Vec<String>,
    rows: Vec<(&'static str, Vec<String>)>,
}

impl Table {
    /// `class`: of the style sheet; `numbers` sets every column but the first to the right.
    pub(super) fn new(class: &'static str, head: &[&str]) -> Table {
        Table { class, head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    /// A row; `class` may be empty.
    pub(super) fn row<const N: usize>(&mut self, class: &'static str, cells: [String; N]) {
        self.rows.push((class, cells.into()));
    }

    /// The table; nothing without rows.
    pub(super) fn html(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut out = format!("<div class=\"scroll\"><table class=\"{}\">", self.class);
        if !self.head.is_empty() {
            let head = self.head.iter().map(|name| format!("<th scope=\"col\">{}</th>", escape(name)));
            out.push_str(&format!("<thead><tr>{}</tr></thead>", head.collect::<String>()));
        }
        out.push_str("<tbody>");
        for (class, cells) in &self.rows {
            out.push_str(&if class.is_empty() { "<tr>".to_owned() } else { format!("<tr class=\"{class}\">") });
            // A sign is no heading: what it is about follows it.
            let heading = usize::from(cells.first().is_some_and(|first| matches!(first.as_str(), "✓" | "✗")));
            for (nth, cell) in cells.iter().enumerate() {
                let tag = if nth == heading { "th scope=\"row\"" } else { "td" };
                out.push_str(&format!("<{tag}>{}</{}>", escape(cell), &tag[..2]));
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>");
        out
    }
}

/// What had to hold.
pub(super) fn thresholds(report: &Report) -> String {
    let mut table = Table::new("held", &["", "threshold", "found"]);
    for threshold in &report.outcome.thresholds {
        let (class, sign) = if threshold.held { ("good", "✓") } else { ("bad", "✗") };
        let found = found(&threshold.text, threshold.found);
        table.row(class, [sign.to_owned(), threshold.text.clone(), found]);
    }
    table.html()
}

/// What was found for a threshold, in the figure's unit.
pub(in crate::report) fn found(text: &str, found: Option<f64>) -> String {
    let name = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    match (found, find(name)) {
        (Some(value), Some(figure)) => format::value(figure.unit, value),
        (Some(value), None) => format::number(value),
        (None, _) => "not measured in this run".to_owned(),
    }
}

/// Promises by kind, and the first that were broken.
pub(super) fn integrity(report: &Report) -> String {
    let integrity = &report.integrity;
    let mut table = Table::new("promises", &["", "promise", "broken", "what it means"]);
    for (kind, count) in &integrity.violations {
        let (class, sign) = if *count == 0 { ("good", "✓") } else { ("bad", "✗") };
        let name = figure_of(*kind);
        let about = find(name).map_or("", |figure| figure.about);
        table.row(class, [sign.to_owned(), words(name), format::count(*count), about.to_owned()]);
    }
    let how = if integrity.histories {
        "The servers' histories were read back and compared with what was acknowledged and with what every device saw."
    } else {
        "There are no histories to read back: what devices saw was compared with what was acknowledged."
    };
    let about = format!(
        "{} messages in {} orders on {} devices. {how}",
        format::count(integrity.messages),
        format::count(integrity.orders),
        format::count(integrity.devices)
    );
    let mut offenders = Table::new("offenders", &["promise", "order", "device", "what happened"]);
    for offender in &integrity.offenders {
        let device = offender.device.clone().unwrap_or_else(|| "–".to_owned());
        offenders.row("", [words(figure_of(offender.kind)), offender.order.clone(), device, offender.what.clone()]);
    }
    let mut content = table.html();
    if !integrity.offenders.is_empty() {
        content.push_str("<h3>The first that were broken</h3>");
        content.push_str(&offenders.html());
    }
    section("integrity", "Integrity", &about, &content)
}

/// `out_of_order` as people write it.
pub(in crate::report) fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// What a latency is of, in words.
pub(in crate::report) fn of(of: Of) -> &'static str {
    match of {
        Of::Ack => "acknowledged",
        Of::Receive => "received",
        Of::SignIn => "signed in",
        Of::CatchUp => "caught up",
    }
}

/// Latencies by kind, group and phase.
pub(super) fn latencies(report: &Report) -> String {
    let mut table =
        Table::new("numbers", &["until", "whose", "when", "count", "mean", "p50", "p90", "p99", "p99.9", "longest"]);
    for latency in &report.latencies {
        let ms = format::milliseconds;
        table.row(
            "",
            [
                of(latency.of).to_owned(),
                latency.group.clone(),
                latency.phase.clone(),
                format::count(latency.count),
                ms(latency.mean),
                ms(latency.p50),
                ms(latency.p90),
                ms(latency.p99),
                ms(latency.p999),
                ms(latency.max),
            ],
        );
    }
    table.html()
}

/// Every figure of the run, with what it is.
pub(super) fn figures(report: &Report) -> String {
    let mut table = Table::new("figures", &["figure", "value", "what it is"]);
    for figure in FIGURES {
        if let Some(value) = report.figures.get(figure.name) {
            let shown = format::value(figure.unit, *value);
            table.row("", [figure.name.to_owned(), shown, figure.about.to_owned()]);
        }
    }
    for (name, value) in report.figures.iter().filter(|(name, _)| find(name).is_none()) {
        table.row("", [name.clone(), format::number(*value), String::new()]);
    }
    table.html()
}

/// What was counted, what was refused by whom, the knobs and the environment.
pub(super) fn run(report: &Report) -> String {
    let mut knobs = Table::new("pairs", &[]);
    for (name, value) in &report.scenario.knobs {
        knobs.row("", [name.clone(), value.clone()]);
    }
    let content = format!(
        "<div class=\"columns\"><div><h3>Counted</h3>{}</div><div><h3>Knobs</h3>{}</div><div><h3>Environment</h3>{}</div></div>",
        totals(report).html(),
        knobs.html(),
        environment(report).html()
    );
    section("run", "The run", &format!("{}: {}.", report.scenario.name, report.scenario.about), &content)
}

fn totals(report: &Report) -> Table {
    let totals = &report.totals;
    let mut table = Table::new("pairs right", &[]);
    let plain = [
        ("intended", totals.intended),
        ("sent", totals.sent),
        ("acknowledged", totals.acknowledged),
        ("unanswered", totals.unanswered),
        ("sent again", totals.sent_again),
        ("received", totals.received),
        ("caught up", totals.caught_up),
        ("sign-ins", totals.sign_ins),
        ("typing sent", totals.typing.0),
        ("typing received", totals.typing.1),
        ("marked as read", totals.read),
    ];
    for (name, count) in plain {
        table.row("", [name.to_owned(), format::count(count)]);
    }
    let by_reason = [
        ("refused", &totals.refused),
        ("not connected", &totals.connect_failures),
        ("cut", &totals.cuts),
        ("request refused", &totals.requests_refused),
    ];
    for (name, counts) in by_reason {
        for (reason, count) in counts {
            table.row("", [format!("{name}: {reason}"), format::count(*count)]);
        }
    }
    if let Some(redis) = &report.redis {
        table.row("", ["Redis: to orders' rooms".to_owned(), format::count(redis.order_rooms)]);
        table.row("", ["Redis: to people's rooms".to_owned(), format::count(redis.user_rooms)]);
        table.row("", ["Redis: to others".to_owned(), format::count(redis.others)]);
        table.row("", ["Redis: bytes".to_owned(), format::bytes(redis.bytes as f64)]);
        if let Some(cpu) = redis.cpu {
            table.row("", ["Redis: processor time".to_owned(), format::value(Unit::Milliseconds, cpu)]);
        }
    }
    table
}

fn environment(report: &Report) -> Table {
    let environment = &report.environment;
    let mut table = Table::new("pairs", &[]);
    let load: Vec<String> = environment.load_average.iter().map(|load| format!("{load:.2}")).collect();
    let rows = [
        ("started", environment.started.clone()),
        ("took", length(environment.took_s)),
        ("harness", environment.version.clone()),
        ("processes", environment.processes.to_string()),
        ("processors", environment.cores.to_string()),
        ("memory", format::bytes(environment.memory as f64)),
        ("kernel", environment.kernel.clone()),
        ("load before", load.join(" · ")),
        ("engines", environment.engines.clone()),
        ("targets", environment.targets.join(" ")),
        ("devices", format::count(environment.devices as u64)),
        ("schema", report.schema.to_string()),
    ];
    for (name, value) in rows {
        table.row("", [name.to_owned(), value]);
    }
    table
}
