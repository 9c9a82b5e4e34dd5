//! What does not go together: values that are right each by itself, and say nothing sensible together.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{Level, SETTINGS, Said};
use super::knobs::{KNOBS, Knob};
use super::mistake::{Mistake, Place, Wrong};
use super::rules::RULES;
use super::value::Given;
use super::{Cut, Engines, RampOf, Scenario, absent};

/// What was said of each knob, and where.
pub(super) struct Values {
    file: Place,
    said: BTreeMap<String, (Level, Place)>,
    bad: BTreeSet<String>,
    items: BTreeMap<String, Vec<Place>>,
}

impl Values {
    pub(super) fn new(file: &str) -> Self {
        let file = Place::File { file: file.to_owned(), line: 0, column: 0 };
        Self { file, said: BTreeMap::new(), bad: BTreeSet::new(), items: BTreeMap::new() }
    }

    /// Notes what was said; a later level comes later.
    pub(super) fn say(&mut self, said: &Said) {
        self.said.insert(said.name.clone(), (said.level, said.place.clone()));
        let items = match &said.given {
            Given::List(items) => items.iter().map(|(place, _)| place.clone()).collect(),
            _ => Vec::new(),
        };
        self.items.insert(said.name.clone(), items);
    }

    /// Notes that a value was not understood.
    pub(super) fn bad(&mut self, name: &str) {
        self.bad.insert(name.to_owned());
    }

    pub(super) fn is_said(&self, name: &str) -> bool {
        self.said.contains_key(name)
    }

    pub(super) fn level(&self, name: &str) -> Level {
        self.said.get(name).map_or(Level::Default, |(level, _)| *level)
    }

    /// Where a mistake of several knobs is shown: at the one that was said last, by level; otherwise at the first.
    pub(super) fn place(&self, names: &[&str]) -> Place {
        // Whoever said something of all settings said it of each.
        let of_all = names.iter().any(|name| name.starts_with(SETTINGS)).then_some(&SETTINGS);
        let said = of_all.into_iter().chain(names.iter().rev()).filter_map(|name| self.said.get(*name));
        said.max_by_key(|(level, _)| *level).map_or_else(|| self.file.clone(), |(_, place)| place.clone())
    }

    /// The place of an item of a list.
    pub(super) fn item(&self, name: &str, index: usize) -> Place {
        self.items.get(name).and_then(|items| items.get(index)).cloned().unwrap_or_else(|| self.place(&[name]))
    }

    /// Whether nothing was wrong with the values of these.
    pub(super) fn are_understood(&self, names: &[&str]) -> bool {
        !names.iter().any(|name| self.bad.contains(*name))
    }
}

/// A rule about several knobs.
pub(super) struct Rule {
    /// Those that it is about, the one to blame first.
    pub(super) of: &'static [&'static str],
    /// What is wrong, if anything.
    pub(super) check: fn(&Scenario, &Values) -> Option<Wrong>,
}

/// Every rule that is broken, as far as it is about values that were understood.
pub(super) fn broken(scenario: &Scenario, values: &Values) -> Vec<Mistake> {
    let broken = RULES.iter().filter(|rule| values.are_understood(rule.of));
    let broken = broken.filter_map(|rule| Some((rule.check)(scenario, values)?.at(values.place(rule.of))));
    let mut mistakes: Vec<Mistake> = broken.collect();
    mistakes.extend(idle(scenario, values));
    if values.are_understood(&["thresholds"]) {
        mistakes.extend(absent::figures("thresholds", &scenario.thresholds, scenario, values));
    }
    if values.are_understood(&["ramp.keep"]) {
        mistakes.extend(absent::figures("ramp.keep", &scenario.ramp.keep, scenario, values));
    }
    mistakes
}

/// An ingredient's section, what turns it on, and whether it is.
type Ingredient = (&'static str, &'static str, fn(&Scenario) -> bool);

const INGREDIENTS: &[Ingredient] = &[
    ("limit", "limit.senders", |s| s.limit.senders > 0),
    ("storm", "storm.cut", |s| s.storm.cut != Cut::None),
    ("ramp", "ramp.of", |s| s.ramp.of != RampOf::None),
    ("slow", "slow.share", |s| s.slow.share > 0.0),
    ("churn", "churn.rate", |s| s.churn.rate > 0.0),
];

/// Knobs of an ingredient that nobody turned on. Where somebody turned it off, on top of a file that has it, they may stay.
fn idle(scenario: &Scenario, values: &Values) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (section, switch, is_on) in INGREDIENTS {
        if is_on(scenario) || !values.are_understood(&[switch]) {
            continue;
        }
        let of_it = |knob: &&Knob| knob.section() == *section && knob.name != *switch;
        let level = values.level(switch);
        let turned = KNOBS.iter().filter(of_it).find(|knob| values.level(knob.name) > level);
        if let Some(knob) = turned {
            let what = format!("{} does nothing, since {switch} is off", knob.name);
            mistakes.push(
                Wrong::new(what, format!("set {switch}, or leave [{section}] out")).at(values.place(&[knob.name])),
            );
        }
    }
    mistakes
}

impl Scenario {
    /// Whether nodes of our own are just one, as far as the scenario decides.
    pub(super) fn is_one_node(&self) -> bool {
        self.nodes.count == 1 || self.nodes.engines == Engines::Alone
    }
}
