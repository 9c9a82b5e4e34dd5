//! A knob's value: what form it has, how it is read, and how it is written so that it reads the same again.

use std::time::Duration;

use super::Threshold;
use super::mistake::{Place, Wrong};

/// The form of a knob's value, and its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Count {
        /// The least.
        least: usize,
        /// The most.
        most: usize,
    },
    /// A number.
    Number {
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
    /// A length of time, in milliseconds.
    Duration {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of thresholds.
    Thresholds,
    /// Settings of the nodes: a table.
    Settings,
}

impl Kind {
    /// In words: what may be written.
    pub(super) fn words(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Count { least, most } => format!("whole number, {least} to {most}"),
            Self::Number { least, most } => format!("number, {least} to {most}"),
            Self::Duration { least, most } => format!("time, {} to {}", length(least), length(most)),
            Self::Choice(words) => format!("one of {}", quoted(words)),
            Self::Thresholds => "list of thresholds".to_owned(),
            Self::Settings => "table of settings".to_owned(),
        }
    }
}

/// A value as somebody said it, before it is understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    /// By `--set`, where nothing tells texts from numbers.
    Bare(String),
    /// A text of a file.
    Text(String),
    /// A number of a file.
    Number(String),
    /// A list of a file, and where each of it stands.
    List(Vec<(Place, Given)>),
    /// Something else, by what TOML calls it.
    Other(&'static str),
}

impl Given {
    /// The text of a number, in a file or bare.
    fn number(&self, example: &str) -> Result<&str, Wrong> {
        match self {
            Self::Bare(text) | Self::Number(text) => Ok(text),
            Self::Text(text) => {
                let help = match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => format!("write {text} without quotation marks"),
                    _ => format!("write a number without quotation marks, like {example}"),
                };
                Err(Wrong::new(format!("is the text {text:?}, and must be a number"), help))
            }
            other => Err(Wrong::new(format!("is {}, and must be a number", other.noun()), format!("write {example}"))),
        }
    }

    /// A text, in a file or bare.
    fn text(&self, example: &str) -> Result<&str, Wrong> {
        match self {
            Self::Bare(text) | Self::Text(text) => Ok(text),
            other => Err(Wrong::new(format!("is {}, and must be a text", other.noun()), format!("write {example}"))),
        }
    }

    pub(super) fn noun(&self) -> String {
        match self {
            Self::Bare(text) | Self::Text(text) => format!("the text {text:?}"),
            Self::Number(text) => format!("the number {text}"),
            Self::List(_) => "a list".to_owned(),
            Self::Other(what) => match *what {
                "table" => "a table".to_owned(),
                "boolean" => "true or false".to_owned(),
                "datetime" => "a date".to_owned(),
                what => what.to_owned(),
            },
        }
    }
}

/// What is wrong, and where, if not where the value as a whole is.
pub(super) type Faults = Vec<(Option<Place>, Wrong)>;

/// What a knob can hold. `write` writes what `read` reads.
pub(super) trait Value: Sized {
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults>;
    fn write(&self) -> String;
}

fn alone<T>(value: Result<T, Wrong>) -> Result<T, Faults> {
    value.map_err(|wrong| vec![(None, wrong)])
}

impl Value for String {
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        alone(given.text("\"some words\"").map(str::to_owned))
    }

    fn write(&self) -> String {
        toml::Value::String(self.clone()).to_string()
    }
}

impl Value for usize {
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults> {
        let Kind::Count { least, most } = kind else { unreachable!("a count's knob is one of counts") };
        let read = || {
            let text = given.number(&least.max(1).to_string())?;
            let wrong = || Wrong::new(format!("{text} is not a whole number"), format!("write {least} to {most}"));
            let number: f64 = text.parse().map_err(|_| wrong())?;
            in_bounds(text, number, least, most)?;
            text.parse().map_err(|_| wrong())
        };
        alone(read())
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Value for f64 {
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults> {
        let Kind::Number { least, most } = kind else { unreachable!("a number's knob is one of numbers") };
        let read = || {
            let text = given.number(&most.min(1.0).to_string())?;
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| {
                Wrong::new(format!("{text} is not a number"), format!("write {least} to {most}, like 0.5 or 200"))
            })?;
            in_bounds(text, number, least, most)?;
            // There is no less than nothing: -0 is 0.
            Ok(number.abs())
        };
        alone(read())
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// Whether a number is within bounds, which the knob's words show as they are.
fn in_bounds<T: Bound>(text: &str, number: f64, least: T, most: T) -> Result<(), Wrong> {
    if number < least.number() {
        return Err(Wrong::new(format!("{text} is too little"), format!("write {least} or more")));
    }
    if number > most.number() {
        return Err(Wrong::new(format!("{text} is too much"), format!("write {most} or less")));
    }
    Ok(())
}

trait Bound: std::fmt::Display + Copy {
    fn number(self) -> f64;
}

impl Bound for usize {
    fn number(self) -> f64 {
        u32::try_from(self).map_or(f64::INFINITY, f64::from)
    }
}

impl Bound for f64 {
    fn number(self) -> f64 {
        self
    }
}

impl Value for Duration {
    fn read(given: &Given, kind: Kind) -> Result<Self, Faults> {
        let Kind::Duration { least, most } = kind else { unreachable!("a time's knob is one of times") };
        let read = || {
            let text = match given {
                Given::Number(number) => {
                    let what = format!("is the number {number}, without a unit");
                    return Err(Wrong::new(
                        what,
                        format!("write \"{number}s\" for seconds, \"{number}ms\" or \"{number}m\""),
                    ));
                }
                given => given.text("\"30s\"")?,
            };
            let millis = millis(text)?;
            if millis < least {
                return Err(Wrong::new(format!("{text} is too short"), format!("write {} or more", length(least))));
            }
            if millis > most {
                return Err(Wrong::new(format!("{text} is too long"), format!("write {} or less", length(most))));
            }
            Ok(Self::from_millis(millis))
        };
        alone(read())
    }

    fn write(&self) -> String {
        format!("\"{}\"", length(u64::try_from(self.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// Milliseconds of a whole number and `ms`, `s`, `m` or `h`.
pub(super) fn millis(text: &str) -> Result<u64, Wrong> {
    let wrong = || {
        let help = "write a whole number and its unit: 250ms, 5s or 2m";
        Wrong::new(format!("{text:?} is not a length of time"), help)
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.trim_end().parse().map_err(|_| wrong())?;
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        // Nothing is nothing in any unit.
        "" if number == 0 => 0,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).ok_or_else(wrong)
}

/// Milliseconds, as [`millis`] reads them.
pub(super) fn length(millis: u64) -> String {
    match millis {
        ms if ms % 3_600_000 == 0 && ms > 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

impl Value for Vec<Threshold> {
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        const HELP: &str = "write a list: [\"p99_receive < 250ms\", \"lost == 0\"]";
        let one = |place: Option<Place>, text: &str| Threshold::parse(text).map_err(|wrong| (place, wrong));
        let read: Vec<_> = match given {
            Given::Bare(text) => {
                text.split(',').filter(|text| !text.trim().is_empty()).map(|text| one(None, text)).collect()
            }
            Given::List(items) => items
                .iter()
                .map(|(place, item)| match item {
                    Given::Text(text) => one(Some(place.clone()), text),
                    other => Err((Some(place.clone()), Wrong::new(format!("{} is no threshold", other.noun()), HELP))),
                })
                .collect(),
            other => return alone(Err(Wrong::new(format!("is {}, and must be a list", other.noun()), HELP))),
        };
        let (good, bad): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
        if bad.is_empty() {
            Ok(good.into_iter().flatten().collect())
        } else {
            Err(bad.into_iter().filter_map(Result::err).collect())
        }
    }

    fn write(&self) -> String {
        let texts: Vec<String> = self.iter().map(|threshold| threshold.text.write()).collect();
        format!("[{}]", texts.join(", "))
    }
}

impl Value for Vec<(String, String)> {
    /// A table never comes here: the reader of files takes it apart, since each setting has a place of its own.
    fn read(given: &Given, _: Kind) -> Result<Self, Faults> {
        let help =
            "name the setting: limits.messages = 0 below [nodes.settings], --set nodes.settings.limits.messages=0";
        alone(Err(Wrong::new(format!("is {}, and must be a table", given.noun()), help)))
    }

    fn write(&self) -> String {
        let plain =
            |text: &str| matches!(text, "true" | "false") || text.parse::<u32>().is_ok_and(|n| n.to_string() == text);
        let value = |text: &String| if plain(text) { text.clone() } else { text.write() };
        let settings: Vec<String> = self.iter().map(|(name, text)| format!("{name} = {}", value(text))).collect();
        if settings.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", settings.join(", ")) }
    }
}

/// `alone, cluster or auto`, each in quotation marks.
pub(super) fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    words.join(", ")
}

/// The words of a choice.
pub(super) fn choose<T: Copy>(given: &Given, words: &[(&str, T)]) -> Result<T, Faults> {
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let read = || {
        let text = given.text(&quoted(&known))?;
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let near = super::mistake::nearest(text, known.iter().copied());
            let near = near.map_or(String::new(), |near| format!("did you mean \"{near}\"? "));
            Wrong::new(format!("there is no {text:?} here"), format!("{near}write one of {}", quoted(&known)))
        })
    };
    alone(read())
}
