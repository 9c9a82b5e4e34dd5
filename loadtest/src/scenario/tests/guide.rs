//! What is said to people: SCENARIOS.md and the lists.

use super::super::*;
use super::compare;

#[test]
fn every_knob_is_explained() {
    for knob in KNOBS {
        assert!(knob.doc.ends_with('.') && knob.doc.len() > 10, "{}", knob.name);
        assert!(KNOBS.iter().filter(|other| other.name == knob.name).count() == 1);
    }
    assert!(describe_knobs().lines().all(|line| line.chars().count() <= 110), "{}", describe_knobs());
    assert!(list().lines().count() == 1 + shipped::names().len() && list().contains("1,000"), "{}", list());
    assert!(describe_figures().contains("p99_receive"));
}

#[test]
fn the_guide_has_every_knob_and_figure() {
    let guide = include_str!("../../../SCENARIOS.md");
    let mut due = guide.to_owned();
    for (name, table) in [
        ("knobs", describe::knob_table()),
        ("figures", describe::figure_table()),
        ("list", format!("```\n{}```\n", list())),
    ] {
        let (begin, end) = (format!("<!-- {name}: made by a test -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = due.split_once(&begin).expect(name);
        let (_, after) = rest.split_once(&end).expect(name);
        due = format!("{before}{begin}{table}{end}{after}");
    }
    compare("SCENARIOS.md", guide, &due);
}

#[test]
fn examples_of_the_guide_are_right() {
    let guide = include_str!("../../../SCENARIOS.md");
    let examples: Vec<&str> = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 4, "{}", examples.len());
    for example in examples {
        let read = Scenario::parse("example.toml", example, &[]);
        assert!(read.is_ok(), "{example}\n{}", read.unwrap_err());
    }
}
