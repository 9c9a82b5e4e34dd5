use super::super::derive;
use super::super::samples::{eventful, extra, sample, seeded};
use super::*;

fn figure(moved: &[Moved], name: &str) -> Option<(f64, f64, Way)> {
    moved.iter().find_map(|moved| match moved {
        Moved::Figure { figure, old, now, way, .. } if figure.name == name => Some((*old, *now, *way)),
        _ => None,
    })
}

#[test]
fn the_same_run_and_one_with_other_luck_did_not_move() {
    assert_eq!(compare(&sample(), &sample()), []);
    for seed in 1..20 {
        let moved = compare(&seeded(seed), &sample());
        assert_eq!(moved, [], "seed {seed}: {}", text(&moved));
    }
}

#[test]
fn what_moved_is_found_with_its_direction() {
    let old = sample();
    let mut now = sample();
    for second in &mut now.timeline {
        second.received = second.received * 3 / 4;
    }
    now.figures = derive::figures(&now, &extra());
    now.figures.insert("p99_receive".to_owned(), old.figures["p99_receive"] * 1.5);
    now.figures.insert("bytes_per_connection".to_owned(), 1900.0);
    let moved = compare(&now, &old);
    assert_eq!(figure(&moved, "rate_received").unwrap().2, Way::Worse);
    assert_eq!(figure(&moved, "cpu_per_delivery").unwrap().2, Way::Worse);
    assert_eq!(figure(&moved, "p99_receive").unwrap().2, Way::Worse);
    assert_eq!(figure(&moved, "bytes_per_connection").unwrap(), (2600.0, 1900.0, Way::Better));
    assert_eq!(figure(&moved, "p50_ack"), None);
    let ways: Vec<Way> = moved
        .iter()
        .filter_map(|moved| if let Moved::Figure { way, .. } = moved { Some(*way) } else { None })
        .collect();
    assert!(ways.is_sorted(), "worse first: {ways:?}");
}

#[test]
fn one_lost_message_is_never_noise() {
    let mut now = sample();
    now.figures.insert("lost".to_owned(), 1.0);
    now.figures.insert("cuts".to_owned(), 4.0);
    let moved = compare(&now, &sample());
    assert_eq!(figure(&moved, "lost").unwrap().2, Way::Worse);
    assert_eq!(figure(&moved, "cuts"), None, "two more cuts happen");
}

#[test]
fn other_settings_are_told_first() {
    let mut now = sample();
    now.scenario.name = "mixed".to_owned();
    now.scenario.knobs.remove("load.typing");
    now.scenario.knobs.insert("load.rate".to_owned(), "4000".to_owned());
    now.environment.cores = 8;
    now.figures.insert("lost".to_owned(), 1.0);
    let text = text(&compare(&now, &sample()));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("scenario") && lines[0].contains("steady → mixed"), "{text}");
    assert!(lines[1].contains("knob load.rate") && lines[1].contains("2000 → 4000"), "{text}");
    assert!(lines[2].contains("knob load.typing") && lines[2].ends_with("0.1 → none"), "{text}");
    assert!(lines[3].contains("processors"), "{text}");
    assert!(lines[4].contains("lost") && lines[4].contains("worse"), "{text}");
}

#[test]
fn another_schema_is_not_compared() {
    let mut old = sample();
    old.schema = 0;
    old.figures.clear();
    assert!(matches!(compare(&sample(), &old).as_slice(), [Moved::Setting { what, .. }] if what == "schema"));
}

#[test]
fn figures_that_only_one_has_are_told() {
    let moved = compare(&eventful(), &sample());
    assert!(
        moved.iter().any(|moved| matches!(moved, Moved::Only { figure, old: None, .. } if figure.name == "back_99"))
    );
    assert!(html(&moved).contains("back_99") && html(&[]).contains("Nothing moved"));
}
