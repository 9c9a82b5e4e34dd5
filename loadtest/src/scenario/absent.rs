//! Thresholds on figures that a run will not have: they could never hold.

use souk_settings::{Mistake, Values, Wrong};

use super::consistency::{item, place};
use super::{Cut, Engines, RampOf, Scenario, Threshold};

/// Why figures are absent.
struct Absence {
    /// Whether it is about this figure.
    of: fn(&str) -> bool,
    /// Whether a run of this scenario lacks it.
    lacks: fn(&Scenario) -> bool,
    /// The knobs that decide it.
    by: &'static [&'static str],
    why: &'static str,
    help: &'static str,
}

const ABSENCES: &[Absence] = &[
    Absence {
        of: is_of_storm,
        lacks: |s| s.storm.cut == Cut::None,
        by: &["storm.cut"],
        why: "there is no storm",
        help: "set storm.cut, or leave the threshold out",
    },
    Absence {
        of: is_of_stayers,
        lacks: nobody_stays,
        by: &["storm.share", "storm.cut", "nodes.engines", "nodes.count"],
        why: "the storm cuts everybody",
        help: "cut fewer (storm.share, or a second node: nodes.engines = \"cluster\", nodes.count = 2), or leave the threshold out",
    },
    Absence {
        of: |figure| matches!(figure, "over_limit" | "under_limit" | "retry_after_wrong"),
        lacks: |s| s.limit.senders == 0,
        by: &["limit.senders"],
        why: "nobody tests the rate limit",
        help: "set limit.senders, or leave the threshold out",
    },
    Absence {
        of: |figure| figure == "capacity",
        lacks: |s| s.ramp.of == RampOf::None,
        by: &["ramp.of"],
        why: "there is no ramp",
        help: "set ramp.of, or leave the threshold out",
    },
    Absence {
        of: |figure| figure.starts_with("redis_"),
        lacks: |s| s.nodes.engines == Engines::Alone,
        by: &["nodes.engines"],
        why: "a node that is alone has no Redis",
        help: "set nodes.engines = \"cluster\", or leave the threshold out",
    },
    Absence {
        of: is_of_talk,
        lacks: |s| s.load.rate == 0.0 && s.ramp.of != RampOf::Rate && s.limit.senders == 0,
        by: &["load.rate", "limit.senders", "ramp.of"],
        why: "nobody says anything",
        help: "set load.rate above 0, or leave the threshold out",
    },
];

/// What thresholds say of figures that there will not be, and what they say twice.
pub(super) fn figures(of: &str, thresholds: &[Threshold], scenario: &Scenario, values: &Values) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (index, threshold) in thresholds.iter().enumerate() {
        let metric = threshold.metric.as_str();
        let same = |other: &Threshold| other.metric == metric && other.comparison == threshold.comparison;
        if thresholds[..index].iter().any(same) {
            let what = format!("\"{threshold}\": {metric} is compared like this already");
            mistakes.push(Wrong::new(what, "keep one of them").at(item(values, of, index)));
        } else if of == "ramp.keep" && is_of_whole_run(metric) {
            let what = format!("{metric} is known of the whole run, and not of each step");
            let help = "put it into thresholds, and keep what is known of each step, as \"p99_receive < 250ms\"";
            mistakes.push(Wrong::new(what, help).at(item(values, of, index)));
        } else if let Some(absence) = absence(metric, scenario, values) {
            // Whoever turned something off on top of a file is told at the flag, not at the file's threshold.
            let turned = absence.by.iter().any(|knob| values.level(knob) > values.level(of));
            let place = if turned { place(values, absence.by) } else { item(values, of, index) };
            let what = format!("{metric} can never hold: {}", absence.why);
            mistakes.push(Wrong::new(what, absence.help).at(place));
        }
    }
    mistakes
}

fn absence(metric: &str, scenario: &Scenario, values: &Values) -> Option<&'static Absence> {
    let mut absences = ABSENCES.iter().filter(|absence| values.are_understood(absence.by));
    absences.find(|absence| (absence.of)(metric) && (absence.lacks)(scenario))
}

fn is_of_storm(figure: &str) -> bool {
    figure.starts_with("back_") || figure == "not_back" || is_of_stayers(figure)
}

fn is_of_stayers(figure: &str) -> bool {
    matches!(figure, "p99_ack_before" | "p99_ack_during" | "p99_ratio")
}

fn is_of_talk(figure: &str) -> bool {
    figure.ends_with("_ack") || figure.ends_with("_receive") || figure.starts_with("rate_") || is_of_stayers(figure)
}

/// Figures of a whole run and of no step: most are read from the histories at its end.
fn is_of_whole_run(figure: &str) -> bool {
    let of_ingredients = ABSENCES[..4].iter().any(|absence| (absence.of)(figure));
    of_ingredients || matches!(figure, "lost" | "unasked" | "altered" | "violations")
}

/// Whether a storm leaves nobody untouched.
fn nobody_stays(scenario: &Scenario) -> bool {
    let takes_all = scenario.storm.share >= 1.0;
    match scenario.storm.cut {
        Cut::None => false,
        Cut::Close => takes_all,
        Cut::Network => takes_all && scenario.is_one_node(),
        Cut::Kill | Cut::Drain => scenario.is_one_node(),
    }
}
