//! What a file and the `--set` flags say. Here it is only collected, each with its place; `parse.rs` understands it.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::knobs::{KNOBS, find, sections};
use super::mistake::{Mistake, Place, Wrong, nearest};
use super::node_settings;
use super::value::{Given, Kind};

/// Who said something: a later one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Nobody: it is a default.
    Default,
    /// The shipped scenario that the file begins with.
    Base,
    /// The file.
    File,
    /// A `--set`.
    Set,
}

/// Something that was said.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The knob; for a node's setting `nodes.settings.` and its name.
    pub(super) name: String,
    pub(super) given: Given,
    pub(super) place: Place,
    pub(super) level: Level,
}

/// Where the settings of nodes stand.
pub(super) const SETTINGS: &str = "nodes.settings";

/// Everything that was said, and what is wrong with how.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) said: Vec<Said>,
    pub(super) mistakes: Vec<Mistake>,
    /// The shipped scenario that the file begins with.
    pub(super) base: Option<(String, Place)>,
    /// Something could not be read at all, so that what seems to be absent may only be unread.
    pub(super) incomplete: bool,
}

/// From an offset to a place.
type At<'a> = &'a dyn Fn(usize) -> Place;

impl Collected {
    /// Reads a file's text.
    pub(super) fn file(&mut self, file: &str, text: &str, level: Level) {
        let at = |offset: usize| {
            let before = text.get(..offset).unwrap_or(text);
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            Place::File { file: file.to_owned(), line, column }
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let place = at(error.span().map_or(0, |span| span.start));
            let wrong = if error.message().starts_with("duplicate key") {
                Wrong::new("this is said already", "say it once")
            } else {
                self.incomplete = true;
                Wrong::new(format!("this is not TOML ({})", error.message()), "correct the line")
            };
            self.mistakes.push(wrong.at(place));
        }
        self.table(&at, "", table.get_ref(), level);
    }

    /// Takes a `--set`.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let name = name.trim();
        let place = Place::Set(name.to_owned());
        let bare = value.trim();
        // What begins like one of TOML's texts, lists or tables is one: so a value can be copied out of a file or a report.
        let toml = bare.starts_with(['"', '\'', '[', '{']).then(|| DeValue::parse(bare).ok()).flatten();
        if name == "base" {
            let wrong = Wrong::new("base can only stand in a file", "name the scenario itself: run steady --set …");
            return self.mistakes.push(wrong.at(place));
        }
        match toml {
            Some(value) => self.entry(&|_| place.clone(), name, place.clone(), value.get_ref(), Level::Set),
            None if name.strip_prefix(SETTINGS).is_some_and(|rest| rest.starts_with('.')) => {
                self.setting(name.to_owned(), bare.to_owned(), place, Level::Set);
            }
            None if find(name).is_some() => {
                self.say(name.to_owned(), Given::Bare(bare.to_owned()), place, Level::Set);
            }
            None if sections().contains(&name) => {
                let help = format!("name a knob of it: {}", knobs_of(name));
                self.mistakes.push(Wrong::new(format!("{name} is a section"), help).at(place));
            }
            None => self.mistakes.push(unknown(name, false).at(place)),
        }
    }

    fn table(&mut self, at: At<'_>, prefix: &str, table: &DeTable<'_>, level: Level) {
        for (key, value) in in_order(table) {
            let place = at(key.span().start);
            match value.get_ref() {
                DeValue::String(name) if prefix.is_empty() && key.get_ref() == "base" => {
                    self.base = Some((name.to_string(), place));
                }
                other if prefix.is_empty() && key.get_ref() == "base" => {
                    let wrong = Wrong::new(
                        format!("base: is {}, and must be a text", given(at, other).noun()),
                        "write the name of a shipped scenario: base = \"steady\"",
                    );
                    self.mistakes.push(wrong.at(place));
                }
                value => self.entry(at, &join(prefix, key.get_ref()), place, value, level),
            }
        }
    }

    fn entry(&mut self, at: At<'_>, name: &str, place: Place, value: &DeValue<'_>, level: Level) {
        let is_section = sections().contains(&name);
        match (find(name), value) {
            (Some(knob), DeValue::Table(table)) if knob.kind == Kind::Settings => self.settings(at, name, table, level),
            (Some(_), value) => self.say(name.to_owned(), given(at, value), place, level),
            (None, DeValue::Table(table)) if is_section => self.table(at, name, table, level),
            (None, value) if name.strip_prefix(SETTINGS).is_some_and(|rest| rest.starts_with('.')) => match value {
                DeValue::Table(table) => self.settings(at, name, table, level),
                value => self.setting_value(name.to_owned(), value, place, level),
            },
            (None, value) if is_section => {
                let what = format!("{name} is a section, and here it is {}", given(at, value).noun());
                self.mistakes
                    .push(Wrong::new(what, format!("write [{name}], and below it {}", knobs_of(name))).at(place));
            }
            (None, value) => self.mistakes.push(unknown(name, matches!(value, DeValue::Table(_))).at(place)),
        }
    }

    fn settings(&mut self, at: At<'_>, prefix: &str, table: &DeTable<'_>, level: Level) {
        for (key, value) in in_order(table) {
            let (name, place) = (join(prefix, key.get_ref()), at(key.span().start));
            match value.get_ref() {
                DeValue::Table(table) => self.settings(at, &name, table, level),
                value => self.setting_value(name, value, place, level),
            }
        }
    }

    fn setting_value(&mut self, name: String, value: &DeValue<'_>, place: Place, level: Level) {
        let text = match value {
            DeValue::Array(items) => {
                items.iter().map(|item| scalar(item.get_ref())).collect::<Option<Vec<_>>>().map(|items| items.join(","))
            }
            value => scalar(value),
        };
        match text {
            Some(text) => self.setting(name, text, place, level),
            None => {
                let help = "write a text, a number, true, false, or a list of texts";
                self.mistakes.push(Wrong::new(format!("{name} cannot be of this type"), help).at(place));
            }
        }
    }

    fn setting(&mut self, name: String, text: String, place: Place, level: Level) {
        match node_settings::check(name.strip_prefix("nodes.settings.").unwrap_or(&name), &text) {
            Ok(()) => self.say(name, Given::Text(text), place, level),
            Err(wrong) => self.mistakes.push(wrong.at(place)),
        }
    }

    fn say(&mut self, name: String, given: Given, place: Place, level: Level) {
        if self.said.iter().any(|said| said.name == name && said.level == level) {
            return self.mistakes.push(Wrong::new(format!("{name} is said already"), "say it once").at(place));
        }
        self.said.push(Said { name, given, place, level });
    }
}

/// A table's entries as they stand in the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

fn given(at: At<'_>, value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.to_string()),
        // With its prefix, where it is not decimal: then it reads as no number.
        DeValue::Integer(number) => Given::Number(number.to_string()),
        DeValue::Float(number) => Given::Number(number.as_str().to_owned()),
        DeValue::Array(items) => {
            Given::List(items.iter().map(|item| (at(item.span().start), given(at, item.get_ref()))).collect())
        }
        other => Given::Other(other.type_str()),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// The knobs of a section, as a list in words.
fn knobs_of(section: &str) -> String {
    let knobs: Vec<_> = KNOBS.iter().filter(|knob| knob.section() == section).map(|knob| knob.leaf()).collect();
    knobs.join(", ")
}

/// What to say of a name that nobody knows.
fn unknown(name: &str, is_table: bool) -> Wrong {
    let did_you_mean = |near: &str| format!("did you mean {near}?");
    let Some((section, leaf)) = name.rsplit_once('.') else {
        let what = if is_table { format!("there is no section [{name}]") } else { format!("there is no knob {name}") };
        if is_table {
            let near = nearest(name, sections()).map(|near| did_you_mean(&format!("[{near}]")));
            return Wrong::new(what, near.unwrap_or_else(|| format!("the sections are {}", sections().join(", "))));
        }
        let homes: Vec<_> = KNOBS.iter().filter(|knob| knob.leaf() == name).map(|knob| knob.name).collect();
        let tops = KNOBS.iter().filter(|knob| knob.section().is_empty()).map(|knob| knob.name).chain(["base"]);
        let near = if homes.is_empty() {
            nearest(name, tops).map(did_you_mean)
        } else {
            Some(did_you_mean(&homes.join(" or ")))
        };
        return Wrong::new(
            what,
            near.unwrap_or_else(|| "knobs stand in sections: [people], then orders = 100".to_owned()),
        );
    };
    let within = KNOBS.iter().filter(|knob| knob.section() == section).map(|knob| knob.leaf());
    let elsewhere = KNOBS.iter().find(|knob| knob.leaf() == leaf).map(|knob| knob.name);
    let near = nearest(leaf, within.clone()).map(|near| format!("{section}.{near}"));
    let near = near.or_else(|| elsewhere.map(str::to_owned));
    let near = near.or_else(|| nearest(name, KNOBS.iter().map(|knob| knob.name)).map(str::to_owned));
    let help = match near {
        Some(near) => did_you_mean(&near),
        None if within.clone().next().is_some() => format!("[{section}] has {}", knobs_of(section)),
        None => format!("the sections are {}", sections().join(", ")),
    };
    Wrong::new(format!("there is no knob {name}"), help)
}
