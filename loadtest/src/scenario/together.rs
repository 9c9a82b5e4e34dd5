//! What does not go together: values that are right each by itself, and say nothing sensible together.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{Level, Said};
use super::knobs::{KNOBS, Knob};
use super::mistake::{Mistake, Place, Wrong};
use super::rules::RULES;
use super::value::Given;
use super::{Cut, Engines, RampOf, Scenario, Threshold};

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

    fn level(&self, name: &str) -> Level {
        self.said.get(name).map_or(Level::Default, |(level, _)| *level)
    }

    /// Where a mistake of several knobs is shown: at the one that was said last, by level; otherwise at the first.
    fn place(&self, names: &[&str]) -> Place {
        let said = names.iter().rev().filter_map(|name| self.said.get(*name));
        said.max_by_key(|(level, _)| *level).map_or_else(|| self.file.clone(), |(_, place)| place.clone())
    }

    fn item(&self, name: &str, index: usize) -> Place {
        self.items.get(name).and_then(|items| items.get(index)).cloned().unwrap_or_else(|| self.place(&[name]))
    }

    fn are_understood(&self, names: &[&str]) -> bool {
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
        mistakes.extend(figures("thresholds", &scenario.thresholds, scenario, values));
    }
    if values.are_understood(&["ramp.keep"]) {
        mistakes.extend(figures("ramp.keep", &scenario.ramp.keep, scenario, values));
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

/// What thresholds say of figures that the run will not have, and what they say twice.
fn figures(of: &str, thresholds: &[Threshold], scenario: &Scenario, values: &Values) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (index, threshold) in thresholds.iter().enumerate() {
        let metric = threshold.metric.as_str();
        let twice =
            thresholds[..index].iter().any(|other| other.metric == metric && other.comparison == threshold.comparison);
        let wrong = if twice {
            Some(Wrong::new(format!("\"{threshold}\" is said already of {metric}"), "keep one of them"))
        } else if of == "ramp.keep" {
            not_of_a_step(metric)
        } else {
            absent(metric, scenario, values)
        };
        mistakes.extend(wrong.map(|wrong| wrong.at(values.item(of, index))));
    }
    mistakes
}

/// Figures of a whole run and of no step.
fn not_of_a_step(metric: &str) -> Option<Wrong> {
    let whole = matches!(metric, "capacity" | "lost" | "violations") || is_of_storm(metric) || is_of_limit(metric);
    whole.then(|| {
        let help = "put it into thresholds, and keep what is known of each step, as \"p99_receive < 250ms\"";
        Wrong::new(format!("{metric} is known of the whole run, and not of each step"), help)
    })
}

fn is_of_storm(metric: &str) -> bool {
    metric.starts_with("back_") || metric == "not_back" || is_of_stayers(metric)
}

fn is_of_stayers(metric: &str) -> bool {
    matches!(metric, "p99_ack_before" | "p99_ack_during" | "p99_ratio")
}

fn is_of_limit(metric: &str) -> bool {
    matches!(metric, "over_limit" | "under_limit" | "retry_after_wrong")
}

fn is_of_talk(metric: &str) -> bool {
    metric.ends_with("_ack") || metric.ends_with("_receive") || metric.starts_with("rate_")
}

/// What is wrong with a threshold on a figure that this scenario does not give: it would never hold.
fn absent(metric: &str, scenario: &Scenario, values: &Values) -> Option<Wrong> {
    let never = |knobs: &[&str], why: &str, help: &str| {
        values.are_understood(knobs).then(|| Wrong::new(format!("{metric} can never hold: {why}"), help))
    };
    let storm = &scenario.storm;
    let talks = scenario.load.rate > 0.0 || scenario.ramp.of == RampOf::Rate;
    if is_of_storm(metric) && storm.cut == Cut::None {
        return never(&["storm.cut"], "there is no storm", "set storm.cut, or leave the threshold out");
    }
    if is_of_stayers(metric) && nobody_stays(scenario) {
        let help = "cut fewer (storm.share, or a second node: nodes.engines = \"cluster\", nodes.count = 2), or leave the threshold out";
        return never(&["storm.share", "storm.cut", "nodes.engines", "nodes.count"], "the storm cuts everybody", help);
    }
    if is_of_limit(metric) && scenario.limit.senders == 0 {
        return never(
            &["limit.senders"],
            "nobody tests the rate limit",
            "set limit.senders, or leave the threshold out",
        );
    }
    if metric == "capacity" && scenario.ramp.of == RampOf::None {
        return never(&["ramp.of"], "there is no ramp", "set ramp.of, or leave the threshold out");
    }
    if metric.starts_with("redis_") && scenario.nodes.engines == Engines::Alone {
        return never(&["nodes.engines"], "a node that is alone has no Redis", "set nodes.engines = \"cluster\"");
    }
    if (is_of_talk(metric) || is_of_stayers(metric)) && !talks && scenario.limit.senders == 0 {
        return never(
            &["load.rate", "limit.senders"],
            "nobody says anything",
            "set load.rate above 0, or leave the threshold out",
        );
    }
    None
}

/// Whether a storm leaves nobody untouched.
fn nobody_stays(scenario: &Scenario) -> bool {
    let share_of_all = |share: f64| share >= 1.0;
    match scenario.storm.cut {
        Cut::None => false,
        Cut::Close => share_of_all(scenario.storm.share),
        Cut::Network => share_of_all(scenario.storm.share) && scenario.is_one_node(),
        Cut::Kill | Cut::Drain => scenario.is_one_node(),
    }
}

impl Scenario {
    /// Whether nodes of our own are just one, as far as the scenario decides.
    pub(super) fn is_one_node(&self) -> bool {
        self.nodes.count == 1 || self.nodes.engines == Engines::Alone
    }
}
