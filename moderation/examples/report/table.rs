//! Counting, intervals, goals, and the printed table.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::corpus::{LABELS, LANGUAGES};
use crate::judge::Judged;

/// The 97.5 % point of the normal distribution: two-sided 95 %.
const Z: f64 = 1.959_964;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    /// What counted.
    pub(crate) hits: u32,
    /// Of how many.
    pub(crate) all: u32,
}

impl Count {
    /// One more, which counted or not.
    pub(crate) fn add(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.all += 1;
    }

    /// The share; of none it is 1.
    pub(crate) fn share(self) -> f64 {
        if self.all == 0 { 1.0 } else { f64::from(self.hits) / f64::from(self.all) }
    }

    /// Wilson's 95 % interval.
    pub(crate) fn wilson(self) -> (f64, f64) {
        if self.all == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (f64::from(self.all), self.share());
        let middle = p + Z * Z / (2.0 * n);
        let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        (((middle - reach) / scale).max(0.0), ((middle + reach) / scale).min(1.0))
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    /// Found with the right category, every labelled span covered.
    Recall,
    /// Of what was masked at all: nothing readable left.
    Unreadable,
    /// Something found where nothing is.
    FalseAlarms,
    /// Of what was called a threat: is one.
    Precision,
    /// Much more hidden than the contact.
    Wide,
}

/// What the issue asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
    None,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// The label.
    pub(crate) label: String,
    /// How it was hidden; `all` for the sum.
    pub(crate) technique: String,
    /// What was counted.
    pub(crate) measure: Measure,
    /// In all languages together.
    pub(crate) all: Count,
    /// By language, in the order of [`LANGUAGES`].
    pub(crate) languages: [Count; 3],
}

/// The labels of contacts.
pub(crate) const CONTACTS: [&str; 5] = ["phone", "email", "link", "messenger", "social"];
/// What nobody asked for and people do all the same: seven digits without an area code, number words run together or of
/// several languages, an address of which only the provider's name is told.
const STRETCH: [&str; 4] = ["local7", "words_glued", "words_cross", "provider_only"];
/// What must pass of the kinds that strangers met: each has a goal of its own, beside that of all trade.
const MET: [&str; 15] = [
    "dotted_software",
    "no_space_dot",
    "versions",
    "grouped_serials",
    "beasts_and_counts",
    "letters_for_emphasis",
    "app_work",
    "sounds_talk",
    "rows",
    "sums_and_hours",
    "count_by_message",
    "names_places",
    "inviting_nowhere",
    "word_signs",
    "threat_trap",
];
const NEGATIVES: [&str; 3] = ["trade", "trap", "ordinary"];

/// What stands above the columns of the rows.
pub(crate) const HEAD: &str = "                                         goal       count  all                    en                   fr                   ru";

/// The rows of everything that was judged.
pub(crate) fn rows(judged: &[Judged]) -> Vec<Row> {
    let mut rows = Vec::new();
    for label in LABELS {
        let of_label: Vec<&Judged> = judged.iter().filter(|one| one.label == label).collect();
        let mut techniques: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
        for one in &of_label {
            techniques.entry(&one.technique).or_default().push(one);
        }
        let measure = if NEGATIVES.contains(&label) { Measure::FalseAlarms } else { Measure::Recall };
        let mut plain_first: Vec<(&str, Vec<&Judged>)> = techniques.into_iter().collect();
        plain_first.sort_by_key(|(technique, _)| (*technique != "plain", *technique));
        for (technique, some) in plain_first {
            rows.push(row(label, technique, measure, &some));
        }
        rows.push(row(label, "all", measure, &of_label));
        if CONTACTS.contains(&label) {
            rows.push(row(label, "all", Measure::Unreadable, &of_label));
            rows.push(row(label, "all", Measure::Wide, &of_label));
        }
        if label == "threat" {
            let called = judged.iter().filter(|one| one.flags.iter().any(|flag| flag.as_str() == "threat"));
            rows.push(row(label, "all", Measure::Precision, &called.collect::<Vec<_>>()));
        }
    }
    rows.retain(|row| row.all.all > 0);
    rows
}

fn row(label: &str, technique: &str, measure: Measure, units: &[&Judged]) -> Row {
    let mut row = Row {
        label: label.to_owned(),
        technique: technique.to_owned(),
        measure,
        all: Count::default(),
        languages: [Count::default(); 3],
    };
    for one in units {
        let hit = match measure {
            Measure::Recall => one.found,
            Measure::Unreadable if one.touched => !one.readable,
            Measure::Wide if one.touched => one.wide,
            Measure::Unreadable | Measure::Wide => continue,
            Measure::FalseAlarms => !one.flags.is_empty(),
            Measure::Precision => one.label == label,
        };
        row.all.add(hit);
        if let Some(place) = LANGUAGES.iter().position(|language| *language == one.language) {
            row.languages[place].add(hit);
        }
    }
    row
}

impl Row {
    fn goal(&self) -> Goal {
        let technique = self.technique.as_str();
        match (self.measure, self.label.as_str()) {
            (Measure::FalseAlarms, "trade") if technique == "all" => Goal::AtMost(0.01),
            (Measure::FalseAlarms, "ordinary") => Goal::AtMost(0.000_5),
            (Measure::FalseAlarms, _) if technique.starts_with("profanity") => Goal::AtMost(0.0),
            (Measure::FalseAlarms, _) if technique.starts_with("spam") => Goal::AtMost(0.0),
            (Measure::FalseAlarms, _) if technique == "contact_words" => Goal::AtMost(0.01),
            (Measure::FalseAlarms, _) if MET.contains(&technique) => Goal::AtMost(0.025),
            (Measure::Unreadable, _) => Goal::AtLeast(0.95),
            (Measure::Precision, _) => Goal::AtLeast(0.80),
            (Measure::Recall, "spam") => Goal::AtLeast(1.0),
            (Measure::Recall, "threat") if !matches!(technique, "disguised" | "hidden") => Goal::AtLeast(0.90),
            (Measure::Recall, "profanity") if technique == "plain" => Goal::AtLeast(0.97),
            (Measure::Recall, "profanity") if technique != "all" => Goal::AtLeast(0.85),
            (Measure::Recall, label) if CONTACTS.contains(&label) => match technique {
                "plain" => Goal::AtLeast(0.98),
                "number_words" | "misspelled_words" => Goal::AtLeast(0.90),
                "split" => Goal::AtLeast(0.75),
                "all" => Goal::None,
                other if STRETCH.contains(&other) => Goal::None,
                _ => Goal::AtLeast(0.92),
            },
            _ => Goal::None,
        }
    }

    /// Whether the goal is met: in all languages together, and for number words in each.
    pub(crate) fn is_met(&self) -> bool {
        let met = |count: &Count| match self.goal() {
            Goal::AtLeast(least) => count.share() >= least,
            Goal::AtMost(most) => count.share() <= most,
            Goal::None => true,
        };
        let each = matches!(self.technique.as_str(), "number_words" | "misspelled_words");
        met(&self.all) && (!each || self.languages.iter().all(met))
    }

    /// Whether the issue sets a goal for it.
    pub(crate) fn has_goal(&self) -> bool {
        self.goal() != Goal::None
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.measure {
            Measure::Recall | Measure::FalseAlarms => format!("{} / {}", self.label, self.technique),
            Measure::Unreadable => format!("{} / nothing readable left", self.label),
            Measure::Wide => format!("{} / hides more", self.label),
            Measure::Precision => format!("{} / precision", self.label),
        };
        let percent = |count: &Count| {
            if count.all == 0 {
                return "–".to_owned();
            }
            let (low, high) = count.wilson();
            let digits = usize::from(count.all > 2_000) + 1;
            format!("{:5.digits$} [{:5.digits$}–{:5.digits$}]", 100.0 * count.share(), 100.0 * low, 100.0 * high)
        };
        let goal = match self.goal() {
            Goal::AtLeast(least) => format!("≥ {:.0}", 100.0 * least),
            Goal::AtMost(most) => {
                format!("≤ {:.3}", 100.0 * most).trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Goal::None => String::new(),
        };
        let mark = if !self.has_goal() {
            " "
        } else if self.is_met() {
            "✓"
        } else {
            "✗"
        };
        let counted = format!("{}/{}", self.all.hits, self.all.all);
        write!(f, "{mark} {name:<36} {goal:>6} {counted:>11}  {:<22}", percent(&self.all))?;
        for count in &self.languages {
            write!(f, " {:<20}", percent(count))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_as_in_the_books() {
        // Newcombe 1998, table I: 81 of 263 and 15 of 148.
        for (hits, all, low, high) in [(81, 263, 0.255_3, 0.366_2), (15, 148, 0.062_4, 0.160_5), (0, 20, 0.0, 0.161_1)]
        {
            let (from, to) = Count { hits, all }.wilson();
            assert!((from - low).abs() < 1e-4 && (to - high).abs() < 1e-4, "{hits}/{all}: {from} {to}");
        }
    }

    #[test]
    fn number_words_are_wanted_in_each_language() {
        let good = Count { hits: 95, all: 100 };
        let mut row = Row {
            label: "phone".to_owned(),
            technique: "number_words".to_owned(),
            measure: Measure::Recall,
            all: good,
            languages: [good; 3],
        };
        assert!(row.is_met());
        row.languages[1].hits = 80;
        assert!(!row.is_met());
        row.technique = "spacing".to_owned();
        assert!(row.is_met());
        row.measure = Measure::FalseAlarms;
        row.label = "trade".to_owned();
        row.technique = "all".to_owned();
        assert!(!row.is_met());
    }
}
