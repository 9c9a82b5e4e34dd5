//! `REPORT.md` tells every field and every figure, and nothing that is not there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::figures::FIGURES;
use super::samples::{ALL_KINDS, eventful};

const MANUAL: &str = include_str!("../../REPORT.md");

/// Maps whose keys are a run's own: names of knobs, codes, reasons.
const MAPS: &[&str] = &[
    "scenario.knobs",
    "figures",
    "totals.refused",
    "totals.connect_failures",
    "totals.cuts",
    "totals.requests_refused",
    "integrity.violations",
    "storm.back_s",
    "storm.refused",
    "ramp.steps[].figures",
];

/// Where the manual tells about what stands in several places.
fn told_at(path: &str) -> String {
    match path {
        "" => "The file".to_owned(),
        "timeline[].receive" => "`timeline[].ack`".to_owned(),
        "harness[]" => "`servers[].samples[]`".to_owned(),
        other => format!("`{other}`"),
    }
}

/// Every key by where it stands.
fn walk(value: &Value, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), found)),
        Value::Object(_) if MAPS.contains(&path) => {}
        Value::Object(fields) if path == "limit.groups" => {
            fields.values().for_each(|group| walk(group, "limit.groups.*", found));
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                found.entry(told_at(path)).or_default().insert(name.clone());
                walk(value, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        _ => {}
    }
}

/// The first columns of the tables under each heading.
fn manual() -> BTreeMap<String, BTreeSet<String>> {
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut heading = "";
    for line in MANUAL.lines() {
        if let Some(name) = line.strip_prefix("### ") {
            heading = name;
        } else if let Some(name) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) {
            told.entry(heading.to_owned()).or_default().insert(name.to_owned());
        }
    }
    told
}

#[test]
fn the_manual_tells_every_field_where_it_stands_and_no_other() {
    let mut found = BTreeMap::new();
    walk(&serde_json::to_value(eventful()).unwrap(), "", &mut found);
    let mut told = manual();
    told.remove("The figures");
    told.remove("The promises");
    assert_eq!(told, found);
}

#[test]
fn the_manual_tells_every_figure_and_every_promise() {
    let told = manual();
    let figures: BTreeSet<String> = FIGURES.iter().map(|figure| figure.name.to_owned()).collect();
    assert_eq!(told["The figures"], figures);
    let kinds = ALL_KINDS.map(|kind| serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned());
    assert_eq!(told["The promises"], BTreeSet::from(kinds));
    for figure in FIGURES {
        assert!(MANUAL.contains(figure.about), "{} is told with other words", figure.name);
    }
}
