//! The dependency table of ARCHITECTURE.md, held against what cargo says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A crate of ours; which of ours it may use; outside crates that it must not name.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("souk-moderation", &[], &["tokio", "serde", "serde_json", "hyper", "redis", "scylla", "rusqlite", "rdkafka"]),
    (
        "souk-chat",
        &["souk-moderation"],
        &["tokio", "serde", "serde_json", "hyper", "redis", "scylla", "rusqlite", "rdkafka", "tracing", "rand"],
    ),
    ("souk-protocol", &["souk-chat"], &["tokio", "hyper", "redis", "scylla", "rusqlite", "rdkafka", "fastwebsockets"]),
    ("souk-router", &["souk-chat"], &["serde", "serde_json", "hyper", "scylla", "rusqlite", "rdkafka"]),
    ("souk-store", &["souk-chat"], &["serde", "serde_json", "hyper", "redis", "rdkafka"]),
    ("souk-events", &["souk-chat"], &["hyper", "redis", "scylla", "rusqlite"]),
    ("souk-client", &["souk-chat", "souk-protocol"], &["redis", "scylla", "rusqlite", "rdkafka", "jsonwebtoken"]),
    ("souk-settings", &[], &["tokio", "serde", "hyper", "redis", "scylla", "rusqlite", "rdkafka", "tracing"]),
    ("souk-testkit", &[], &["hyper", "redis", "fred", "scylla", "rusqlite", "rdkafka", "fastwebsockets"]),
    (
        "souk-loadtest",
        &["souk-chat", "souk-client", "souk-protocol", "souk-settings", "souk-testkit"],
        &["redis", "scylla", "rusqlite", "rdkafka", "jsonwebtoken"],
    ),
    (
        "souk-node",
        &["souk-chat", "souk-moderation", "souk-protocol", "souk-router", "souk-store", "souk-events", "souk-settings"],
        &["redis", "scylla", "rusqlite", "rdkafka"],
    ),
];

/// The names of what a crate depends on directly, without what only its tests and build use.
fn direct_dependencies(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", name, "--edges", "normal", "--depth", "1", "--prefix", "none"])
        .args(["--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be run where it runs this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed: {said}");
    let lines = String::from_utf8(output.stdout).expect("names of crates are ASCII");
    lines.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn every_crate_keeps_to_its_place() {
    let mut breaches = Vec::new();
    for (name, ours, forbidden) in TABLE {
        let found = direct_dependencies(name);
        assert!(!found.is_empty() || ours.is_empty(), "cargo tree said nothing about {name}");
        for other in &found {
            if other.starts_with("souk-") && !ours.contains(&other.as_str()) {
                breaches.push(format!("{name} must not use {other}"));
            }
            if forbidden.contains(&other.as_str()) {
                breaches.push(format!("{name} must not name {other}"));
            }
        }
    }
    assert!(breaches.is_empty(), "the table of ARCHITECTURE.md does not hold:\n{}", breaches.join("\n"));
}

/// The modules of the load test, and which of the others each names.
fn modules(source: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut folders = vec![source.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            let within = path.strip_prefix(source).expect("it is within").to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !within.contains("tests") {
                let text = fs::read_to_string(&path).expect("sources are text");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let module = within.split(['/', '.']).next().unwrap_or_default();
                let named = code.split("crate::").skip(1).map(|rest| rest.split(|c: char| !is_letter(c)).next());
                found.entry(module.to_owned()).or_default().extend(named.flatten().map(str::to_owned));
            }
        }
    }
    found
}

fn is_letter(c: char) -> bool {
    c.is_ascii_lowercase() || c == '_'
}

#[test]
fn modules_of_the_load_test_do_not_go_round_in_circles() {
    let mut left = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../loadtest/src"));
    assert!(left.len() > 15, "{left:?}");
    // Who uses nothing that is left is in no circle.
    loop {
        let is_used =
            |names: &BTreeSet<String>, own: &str| names.iter().any(|name| name != own && left.contains_key(name));
        let free: Vec<String> =
            left.iter().filter(|(own, names)| !is_used(names, own)).map(|(own, _)| own.clone()).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|own, _| !free.contains(own));
    }
    assert!(left.is_empty(), "these use each other, or are used by such: {:?}", left.keys());
}
