//! What the terminal shows at the end of a run, for 100 columns.

use super::derive::figure_of;
use super::figures::{Unit, find};
use super::html::{by_share, by_strength, found, length, of, ramp_unit, sentence, words};
use super::{Report, Verdict, format};

/// Offenders that are shown; the files have all that were kept.
const OFFENDERS: usize = 10;

/// How wide the text may be.
const WIDTH: usize = 100;

/// The whole text, with its last line break.
pub fn summary(report: &Report) -> String {
    let mut out = Text::default();
    head(&mut out, report);
    load(&mut out, report);
    latencies(&mut out, report);
    servers(&mut out, report);
    storm(&mut out, report);
    limit(&mut out, report);
    ramp(&mut out, report);
    integrity(&mut out, report);
    thresholds(&mut out, report);
    if !report.outcome.remarks.is_empty() {
        out.part("Remarks");
    }
    for remark in &report.outcome.remarks {
        out.wrapped("  ! ", "    ", remark);
    }
    out.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// A part with its name.
    fn part(&mut self, name: &str) {
        self.line("");
        self.line(name);
    }

    /// A name and what belongs to it, the values under each other.
    fn pair(&mut self, name: &str, value: &str) {
        self.wrapped(&format!("  {name:<16}"), &" ".repeat(18), value);
    }

    /// A text broken between words; a word that is too long for a line stays whole.
    fn wrapped(&mut self, first: &str, further: &str, text: &str) {
        let mut line = first.to_owned();
        let mut fresh = true;
        for word in text.split(' ') {
            if !fresh && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                further.clone_into(&mut line);
                fresh = true;
            }
            if !fresh {
                line.push(' ');
            }
            line.push_str(word);
            fresh = false;
        }
        self.line(&line);
    }

    /// A table: the first column to the left, the others to the right.
    fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in rows {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                0 => format!("  {cell:<width$}", width = width.max(&14)),
                _ => format!("  {cell:>width$}", width = width.max(&9)),
            });
            let line: String = cells.collect();
            self.line(&line);
        }
    }
}

fn head(out: &mut Text, report: &Report) {
    let word = match report.outcome.verdict {
        Verdict::Passed => "✓ PASSED",
        Verdict::Threshold => "✗ A THRESHOLD DID NOT HOLD",
        Verdict::Integrity => "✗ PROMISES WERE BROKEN",
        Verdict::Interrupted => "‖ INTERRUPTED",
    };
    out.line("");
    out.line(&format!("{word}  {} · {}", report.scenario.name, length(report.environment.took_s)));
    out.wrapped("  ", "  ", &sentence(report));
}

fn load(out: &mut Text, report: &Report) {
    let totals = &report.totals;
    let figure = |name: &str| report.figures.get(name).copied();
    out.part("Load");
    let mut messages = format!("{} intended", format::count(totals.intended));
    messages.push_str(&format!(" · {} acknowledged", format::count(totals.acknowledged)));
    if let Some(rate) = figure("rate_acknowledged") {
        messages.push_str(&format!(" ({})", format::value(Unit::PerSecond, rate)));
    }
    messages.push_str(&format!(" · {} received", format::count(totals.received)));
    if let Some(rate) = figure("rate_received") {
        messages.push_str(&format!(" ({})", format::value(Unit::PerSecond, rate)));
    }
    out.pair("messages", &messages);
    let beside =
        [("unanswered", totals.unanswered), ("sent again", totals.sent_again), ("caught up", totals.caught_up)];
    let beside = beside.iter().filter(|(_, count)| *count > 0).map(|(name, n)| format!("{} {name}", format::count(*n)));
    let beside = beside.collect::<Vec<_>>().join(" · ");
    if !beside.is_empty() {
        out.pair("", &beside);
    }
    let by_code = |name: &str, counts: &std::collections::BTreeMap<String, u64>, out: &mut Text| {
        if counts.is_empty() {
            return;
        }
        let each = counts.iter().map(|(code, count)| format!("{} {code}", format::count(*count)));
        out.pair(name, &each.collect::<Vec<_>>().join(" · "));
    };
    by_code("refused", &totals.refused, out);
    by_code("also refused", &totals.requests_refused, out);
    let mut devices = format!("{} signed in", format::count(totals.sign_ins));
    if let Some(connected) = figure("connected") {
        let all = format::count(report.environment.devices as u64);
        devices.push_str(&format!(" · {} of {all} there at the end of the load", format::number(connected)));
    }
    out.pair("connections", &devices);
    by_code("not connected", &totals.connect_failures, out);
    by_code("cut", &totals.cuts, out);
}

fn latencies(out: &mut Text, report: &Report) {
    let measured: Vec<_> = report.latencies.iter().filter(|latency| latency.count > 0).collect();
    if measured.is_empty() {
        return;
    }
    out.line("");
    let head = ["Latency", "p50", "p90", "p99", "p99.9", "max", "count"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for latency in measured {
        let mut name = of(latency.of).to_owned();
        if (latency.group.as_str(), latency.phase.as_str()) != ("all", "load") {
            let phase = if latency.phase == "load" { "" } else { latency.phase.as_str() };
            name = format!("{name}, {} {phase}", latency.group).trim_end().to_owned();
        }
        let times = [latency.p50, latency.p90, latency.p99, latency.p999, latency.max].map(format::milliseconds);
        let mut row = vec![name];
        row.extend(times);
        row.push(format::count(latency.count));
        rows.push(row);
    }
    // The heading is a name like the others' but stands at the margin.
    let before = out.0.len();
    out.table(&rows);
    out.0.replace_range(before..before + 2 + "Latency".len(), "Latency  ");
}

fn servers(out: &mut Text, report: &Report) {
    let named = |names: &[(&str, &str)]| {
        let each = names.iter().filter_map(|(name, after)| {
            let value = report.figures.get(*name)?;
            Some(format!("{}{after}", format::value(find(name)?.unit, *value)))
        });
        each.collect::<Vec<_>>().join(" · ")
    };
    let lines = [
        ("processor", named(&[("cpu_per_delivery", " per delivery"), ("redis_cpu_per_delivery", " in Redis")])),
        ("memory", named(&[("bytes_per_connection", " per connection"), ("node_resident", " at most in a node")])),
        ("this harness", named(&[("harness_cpu", " processors"), ("harness_bytes_per_client", " per client")])),
    ];
    if lines.iter().any(|(_, value)| !value.is_empty()) {
        out.part("Servers");
    }
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        out.pair(name, value);
    }
}

fn storm(out: &mut Text, report: &Report) {
    let Some(storm) = &report.storm else { return };
    out.part("Storm");
    let cut = format!("{} at second {} ({})", format::count(storm.clients), format::number(storm.at), storm.cut);
    out.pair("cut", &cut);
    let back = by_share(storm).into_iter().map(|(share, after)| {
        format!("{share} % {}", after.map_or_else(|| "never".to_owned(), |s| format::value(Unit::Seconds, s)))
    });
    out.pair("back after", &back.collect::<Vec<_>>().join(" · "));
    if storm.back < storm.clients {
        out.pair("not back", &format!("✗ {}", format::count(storm.clients.saturating_sub(storm.back))));
    }
    let mut shakes = format!("{} tried", format::count(storm.tried));
    for (answer, count) in &storm.refused {
        shakes.push_str(&format!(" · {} refused with {answer}", format::count(*count)));
    }
    if let Some((least, most)) = storm.retry_after_s {
        shakes.push_str(&format!(" · told to wait {} to {} s", format::number(least), format::number(most)));
    }
    shakes.push_str(&format!(" · at most {} sign-ins a second", format::count(storm.sign_ins_per_second)));
    out.pair("handshakes", &shakes);
    if let (Some(before), Some(during)) = storm.stayers_p99 {
        let ms = format::milliseconds;
        let stayers = format::count(storm.stayers);
        out.pair(
            "who stayed",
            &format!("{stayers} devices · p99 ack {} before, {} until all were back", ms(before), ms(during)),
        );
    }
}

fn limit(out: &mut Text, report: &Report) {
    let Some(limit) = &report.limit else { return };
    out.part(&format!("Rate limit: {} in {} s", limit.messages, format::number(limit.window as f64 / 1000.0)));
    let head = ["senders", "people", "tried", "accepted", "refused", "retried", "most in a window"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for name in by_strength(limit.groups.keys()) {
        let group = &limit.groups[name];
        let sign = if group.most_in_window > limit.messages { "✗ " } else { "" };
        let mut row = vec![format!("{name} the limit")];
        row.extend([group.senders, group.tried, group.accepted, group.refused, group.retried].map(format::count));
        row.push(format!("{sign}{}", group.most_in_window));
        rows.push(row);
    }
    out.table(&rows);
    let (early, late) = limit.retry_after_tried;
    out.pair(
        "retryAfterMs",
        &format!("tried {} times too early, {} in time", format::count(early), format::count(late)),
    );
}

fn ramp(out: &mut Text, report: &Report) {
    let Some(ramp) = &report.ramp else { return };
    let unit = ramp_unit(ramp);
    out.part(&format!("Ramp of {}", ramp.of));
    let capacity = ramp.capacity.map_or_else(|| "nothing was confirmed".to_owned(), |most| format::value(unit, most));
    out.pair("capacity", &capacity);
    let steps = ramp.steps.iter().map(|step| {
        let sign = if step.held { '✓' } else { '✗' };
        let confirms = if step.confirms { " (confirmed)" } else { "" };
        format!("{sign}\u{a0}{}{confirms}", format::value(unit, step.value))
    });
    out.pair("steps", &steps.collect::<Vec<_>>().join("  "));
}

fn integrity(out: &mut Text, report: &Report) {
    let integrity = &report.integrity;
    out.part("Integrity");
    let (mut kept, mut broken) = (Vec::new(), Vec::new());
    for (kind, count) in &integrity.violations {
        let name = words(figure_of(*kind));
        if *count == 0 { kept.push(name) } else { broken.push((name, *count)) }
    }
    for (name, count) in broken {
        out.line(&format!("  ✗ {name:<17} {}", format::count(count)));
    }
    if !kept.is_empty() {
        out.wrapped("  ✓ none ", "         ", &kept.join(" · "));
    }
    if integrity.violations.is_empty() {
        out.line("  not checked");
    }
    for offender in integrity.offenders.iter().take(OFFENDERS) {
        let device = offender.device.as_ref().map(|device| format!(", {device}")).unwrap_or_default();
        out.line(&format!("    {} in {}{device}", words(figure_of(offender.kind)), offender.order));
        out.wrapped("      ", "      ", &offender.what);
    }
    let more = integrity.offenders.len().saturating_sub(OFFENDERS);
    if more > 0 {
        out.line(&format!("    and {more} more in the report"));
    }
}

fn thresholds(out: &mut Text, report: &Report) {
    let thresholds = &report.outcome.thresholds;
    if thresholds.is_empty() {
        return;
    }
    out.part("Thresholds");
    let width = thresholds.iter().map(|threshold| threshold.text.chars().count()).max().unwrap_or(0);
    for threshold in thresholds {
        let sign = if threshold.held { '✓' } else { '✗' };
        let found = found(&threshold.text, threshold.found);
        out.line(&format!("  {sign} {:<width$}  {found}", threshold.text));
    }
}

#[cfg(test)]
mod tests;
