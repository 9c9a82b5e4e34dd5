//! What does not go together: values that are right each by itself, and say nothing sensible together.

use souk_settings::{Level, Mistake, Place, Values, Wrong};

use super::knobs::{KNOBS, Knob};
use super::rules::RULES;
use super::{Cut, Engines, RampOf, Scenario, absent};

/// Where the settings of nodes stand.
const SETTINGS: &str = "nodes.settings";

/// Where a mistake of several knobs is shown: at the one that was said last, by level; otherwise at the first.
pub(super) fn place(values: &Values, names: &[&str]) -> Place {
    // Whoever said something of all settings said it of each.
    let of_all = names.iter().any(|name| name.starts_with(SETTINGS)).then_some(&SETTINGS);
    let said = of_all.into_iter().chain(names.iter().rev()).filter(|name| values.level(name) > Level::Default);
    said.max_by_key(|name| values.level(name)).map_or(Place::Default, |name| values.place(name))
}

/// The place of an item of a list.
pub(super) fn item(values: &Values, name: &str, index: usize) -> Place {
    values.item(name, index).cloned().unwrap_or_else(|| place(values, &[name]))
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
    let broken = broken.filter_map(|rule| Some((rule.check)(scenario, values)?.at(place(values, rule.of))));
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
                Wrong::new(what, format!("set {switch}, or leave [{section}] out")).at(place(values, &[knob.name])),
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
