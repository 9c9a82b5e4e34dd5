//! Contestants side by side, for `souk-loadtest compare`.

use super::figures::{Unit, find};
use super::noise::median;
use super::{Report, format};

/// Somebody who was measured.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Its name.
    pub name: String,
    /// Its runs, one per round.
    pub reports: Vec<Report>,
}

/// The columns: figures of a run, and their headings.
const COLUMNS: &[(&str, &str)] = &[
    ("cpu_per_delivery", "CPU per delivered message"),
    ("bytes_per_connection", "bytes per connection"),
    ("p50_receive", "p50 receive"),
    ("p99_receive", "p99 receive"),
    ("p50_ack", "p50 ack"),
    ("p99_ack", "p99 ack"),
    ("sign_ins_per_second", "sign-ins a second"),
    ("lost", "lost"),
    ("missed_while_away", "missed away"),
];

/// The column that also says how many times the first row's it is.
const RATIO: &str = "cpu_per_delivery";

/// A Markdown table of medians over the rounds, a row per contestant, and below it the spread of each cell.
///
/// Lost messages are no matter of luck: there the most of a round counts, not the median. What no round measured is `–`.
pub fn compare_table(rows: &[Contestant]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rounds = rows.iter().map(|row| row.reports.len()).max().unwrap_or(0);
    let first = rows.first().and_then(|row| middle(row, RATIO));
    let medians = lines(rows, |row, name, unit| {
        let Some(value) = middle(row, name) else { return "–".to_owned() };
        let shown = format::value(unit, value);
        match first {
            Some(first) if name == RATIO && first > 0.0 => format!("{shown} ({:.2} ×)", value / first),
            _ => shown,
        }
    });
    let spreads = lines(rows, |row, name, unit| {
        let values = values(row, name);
        let (least, most) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        match values.len() {
            0 => "–".to_owned(),
            _ if least == most => format::value(unit, most),
            _ => format!("{} – {}", format::value(unit, least), format::value(unit, most)),
        }
    });
    let rounds = if rounds == 1 { "1 round".to_owned() } else { format!("{rounds} rounds") };
    format!(
        "Medians of {rounds}; × is the ratio to the first row. Lost: the most of a round.\n\n{medians}\nLeast and most of a round:\n\n{spreads}"
    )
}

/// A contestant's figure in each round that has it.
fn values(row: &Contestant, name: &str) -> Vec<f64> {
    row.reports.iter().filter_map(|report| report.figures.get(name).copied()).collect()
}

fn middle(row: &Contestant, name: &str) -> Option<f64> {
    let values = values(row, name);
    if matches!(name, "lost" | "missed_while_away") {
        return values.into_iter().reduce(f64::max);
    }
    (!values.is_empty()).then(|| median(values))
}

/// A Markdown table, aligned so that it reads well as it is.
fn lines(rows: &[Contestant], cell: impl Fn(&Contestant, &str, Unit) -> String) -> String {
    let mut table = vec![vec![String::new()]];
    table[0].extend(COLUMNS.iter().map(|(_, heading)| (*heading).to_owned()));
    for row in rows {
        let mut cells = vec![row.name.replace('|', "\\|")];
        let of = |name: &str| find(name).map_or(Unit::Ratio, |figure| figure.unit);
        cells.extend(COLUMNS.iter().map(|(name, _)| cell(row, name, of(name))));
        table.push(cells);
    }
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
    let widths: Vec<usize> = (0..=COLUMNS.len()).map(width).collect();
    let mut out = String::new();
    for (nth, row) in table.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            out.push_str(&if column == 0 { format!("| {cell:width$} ") } else { format!("| {cell:>width$} ") });
        }
        out.push_str("|\n");
        if nth == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(if column == 0 { *width } else { width - 1 });
                out.push_str(&if column == 0 { format!("| {dashes} ") } else { format!("| {dashes}: ") });
            }
            out.push_str("|\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::samples::sample;
    use super::*;

    fn contestant(name: &str, cpu: &[f64], lost: &[f64]) -> Contestant {
        let reports = cpu.iter().zip(lost).map(|(cpu, lost)| {
            let mut report = sample();
            report.figures.insert("cpu_per_delivery".to_owned(), *cpu);
            report.figures.insert("lost".to_owned(), *lost);
            report
        });
        Contestant { name: name.to_owned(), reports: reports.collect() }
    }

    #[test]
    fn medians_ratios_and_spreads_stand_in_one_table_each() {
        let mut silent = contestant("floor | bare", &[20.0, 20.0, 20.0], &[0.0; 3]);
        silent.reports.iter_mut().for_each(|report| _ = report.figures.remove("bytes_per_connection"));
        let rows = [
            contestant("souk", &[40.0, 44.0, 42.0], &[0.0, 0.0, 0.0]),
            contestant("other", &[84.0, 90.0, 63.0], &[0.0, 7.0, 0.0]),
            silent,
        ];
        let table = compare_table(&rows);
        let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        assert!(line("| souk ").contains("42.0 µs (1.00 ×)"), "{table}");
        assert!(
            line("| other ").contains("84.0 µs (2.00 ×)") && line("| other ").ends_with("|    7 |           – |"),
            "{table}"
        );
        assert!(line("| floor \\| bare").contains("20.0 µs (0.48 ×) |                    – |"), "{table}");
        assert!(table.contains("63.0 µs – 90.0 µs"), "{table}");
        assert!(table.starts_with("Medians of 3 rounds"));
        let widths: Vec<usize> =
            table.lines().filter(|line| line.starts_with('|')).take(5).map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "aligned: {widths:?}");
    }

    #[test]
    fn nobody_is_no_table() {
        assert_eq!(compare_table(&[]), "");
        let table = compare_table(&[Contestant { name: "none".to_owned(), reports: Vec::new() }]);
        assert!(table.contains("– |") && !table.contains("NaN"), "{table}");
    }
}
