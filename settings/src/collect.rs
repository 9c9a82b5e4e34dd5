//! Where settings are said: files, the environment, the command line. Here they are only collected, each with its place;
//! `understand.rs` makes values of them.

use std::ffi::OsString;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::given::Given;
use super::mistake::{Mistake, Place, Wrong, did_you_mean, nearest};
use super::table::{Key, Kind, Table};

/// Who said something: a later one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nobody: it is the table's own value.
    Default,
    /// A file that another file begins with.
    Base,
    /// The file.
    File,
    /// The environment.
    Environment,
    /// The command line.
    Flag,
}

/// Something that was said.
#[derive(Clone, Debug)]
pub struct Said {
    /// The name of the key; of an entry of a table the entry's own, as `nodes.settings.limits.messages`.
    pub name: String,
    /// The value.
    pub given: Given,
    /// Where it was said.
    pub place: Place,
    /// By whom.
    pub level: Level,
    /// The name of the key.
    pub(super) key: &'static str,
}

/// Everything that was said, and what is wrong with how.
pub struct Collected<C: 'static> {
    pub(super) table: &'static Table<C>,
    /// The only section that is looked at.
    pub(super) only: Option<&'static str>,
    pub(super) said: Vec<Said>,
    pub(super) mistakes: Vec<Mistake>,
    /// Something could not be read at all, so that what seems to be absent may only be unread.
    pub(super) incomplete: bool,
    /// Files, variables and flags, as they came.
    pub(super) read: Vec<Place>,
    others: Vec<(&'static str, Given, Place)>,
}

/// From an offset to a place.
type At<'a> = &'a dyn Fn(usize) -> Place;

impl<C> Collected<C> {
    /// Nothing yet, of all that the table has, or of this section alone: then nothing else is looked at.
    pub fn new(table: &'static Table<C>, only: Option<&'static str>) -> Self {
        let (said, mistakes, read, others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { table, only, said, mistakes, incomplete: false, read, others }
    }

    /// Notes a mistake.
    pub fn wrong(&mut self, mistake: Mistake) {
        self.read.push(mistake.place.clone());
        self.mistakes.push(mistake);
    }

    /// Notes that the file at `path` cannot be read.
    pub fn unreadable(&mut self, path: &Path, wrong: Wrong) {
        self.incomplete = true;
        self.mistakes.push(wrong.at(Place::file(path)));
    }

    /// Takes out what a file says under one of the table's other names.
    pub fn take_other(&mut self, name: &str) -> Option<(Given, Place)> {
        let at = self.others.iter().position(|(known, ..)| *known == name)?;
        let (_, given, place) = self.others.swap_remove(at);
        Some((given, place))
    }

    /// Takes the text of a file.
    pub fn file(&mut self, path: &Path, text: &str, level: Level) {
        self.read.push(Place::file(path));
        let at = |offset: usize| Place::within(path, text, offset);
        let (table, errors) = DeTable::parse_recoverable(text);
        let place = |error: &toml::de::Error| at(error.span().map_or(0, |span| span.start));
        let (twice, broken): (Vec<_>, Vec<_>) =
            errors.iter().partition(|error| error.message().starts_with("duplicate key"));
        self.incomplete |= !broken.is_empty();
        // What stands behind a torn secret may be a part of it, and would be told as a name that nobody knows.
        let is_secret = |key: &Key<C>| matches!(key.kind, Kind::Secret | Kind::Secrets | Kind::Url);
        if broken.is_empty() || !self.table.keys.iter().any(is_secret) {
            self.table(&at, "", table.get_ref(), level);
        }
        let twice = twice.into_iter().map(|error| Wrong::new("this is said already", "say it once").at(place(error)));
        self.mistakes.extend(twice);
        // What a broken line seems to say is not worth a word.
        let lines: Vec<_> = broken.iter().map(|error| line_of(path, &place(error))).collect();
        self.mistakes.retain(|mistake| line_of(path, &mistake.place).is_none_or(|line| !lines.contains(&Some(line))));
        // Only the reason: the error's own text would quote the line, and the line may hold a secret.
        self.mistakes.extend(broken.into_iter().map(|error| {
            Wrong::new(format!("this is not TOML ({})", error.message()), "correct the line").at(place(error))
        }));
    }

    /// Takes the variables that begin as the table's do, but for those that `is_other` names. An empty one counts as absent: that is
    /// how many tools leave one out.
    pub fn environment(&mut self, variables: &[(OsString, OsString)], is_other: impl Fn(&str) -> bool) {
        let mut ours: Vec<_> = variables
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value)))
            .filter(|(name, value)| self.is_asked(name) && !value.is_empty() && !is_other(name))
            .collect();
        ours.sort();
        for (name, value) in ours {
            let place = Place::Environment(name.to_owned());
            self.read.push(place.clone());
            let key = self.table.keys.iter().find(|key| self.table.variable(key) == name);
            match (key, value.to_str()) {
                (None, _) => {
                    let near = nearest(name, self.table.keys.iter().map(|key| self.table.variable(key)));
                    let what = format!("there is no such {}", self.table.noun);
                    self.mistakes.push(Wrong::new(what, did_you_mean(near, self.table.list)).at(place));
                }
                (Some(_), None) => self.mistakes.push(Wrong::new("is not UTF-8", "correct its bytes").at(place)),
                (Some(key), Some(value)) => {
                    self.say(key, key.name, Given::Bare(value.to_owned()), place, Level::Environment);
                }
            }
        }
    }

    /// Whether a variable is one of the table's, and about what is asked for.
    fn is_asked(&self, variable: &str) -> bool {
        let section = variable.strip_prefix(self.table.variables).and_then(|rest| rest.split('_').next());
        section.is_some_and(|section| self.only.is_none_or(|only| section.eq_ignore_ascii_case(only)))
    }

    /// Takes what the flags of keys say: names of keys, and values.
    pub fn flags(&mut self, flags: impl IntoIterator<Item = (&'static str, String)>) {
        for (name, value) in flags {
            let Some(key) = self.table.find(name) else { continue };
            if self.only.is_none_or(|only| only == key.section()) {
                let place = Place::Flag(key.flag());
                self.read.push(place.clone());
                self.say(key, name, Given::Bare(value), place, Level::Flag);
            }
        }
    }

    /// Takes a `--set name=value`.
    pub fn set(&mut self, name: &str, value: &str) {
        let (name, bare) = (name.trim(), value.trim());
        let place = Place::Flag(format!("--set {name}"));
        self.read.push(place.clone());
        // What begins like one of TOML's texts, lists or tables is one: so a value can be copied out of a file or a report.
        let toml = bare.starts_with(['"', '\'', '[', '{']).then(|| DeValue::parse(bare).ok()).flatten();
        match (toml, self.table.key_of(name)) {
            (Some(value), _) => self.entry(&|_| place.clone(), name, place.clone(), value.get_ref(), Level::Flag),
            (None, Some(key)) => self.say(key, name, Given::Bare(bare.to_owned()), place, Level::Flag),
            (None, None) if self.table.sections().contains(&name) => {
                let help = format!("name a {} of it: {}", self.table.noun, self.leaves(name));
                self.mistakes.push(Wrong::new(format!("{name} is a section"), help).at(place));
            }
            (None, None) => self.mistakes.push(self.unknown(name, false).at(place)),
        }
    }

    fn table(&mut self, at: At<'_>, prefix: &str, table: &DeTable<'_>, level: Level) {
        for (key, value) in in_order(table) {
            let (name, place) = (join(prefix, key.get_ref()), at(key.span().start));
            let other = self.table.others.iter().find(|other| **other == name);
            match other {
                _ if prefix.is_empty() && self.only.is_some_and(|only| only != name) => {}
                Some(other) => self.others.push((*other, given(at, value.get_ref()), place)),
                None => self.entry(at, &name, place, value.get_ref(), level),
            }
        }
    }

    fn entry(&mut self, at: At<'_>, name: &str, place: Place, value: &DeValue<'_>, level: Level) {
        let is_section = self.table.sections().contains(&name);
        match (self.table.key_of(name), value) {
            (Some(Key { kind: Kind::Table(_), .. }), DeValue::Table(table)) => self.table(at, name, table, level),
            (Some(key), value) => self.say(key, name, given(at, value), place, level),
            (None, DeValue::Table(table)) if is_section => self.table(at, name, table, level),
            (None, value) if is_section => {
                let what = format!("{name} is a section, and here it is {}", given(at, value).noun());
                let help = format!("write [{name}], and below it {}", self.leaves(name));
                self.mistakes.push(Wrong::new(what, help).at(place));
            }
            (None, value) => self.mistakes.push(self.unknown(name, matches!(value, DeValue::Table(_))).at(place)),
        }
    }

    fn say(&mut self, key: &'static Key<C>, name: &str, given: Given, place: Place, level: Level) {
        if self.said.iter().any(|said| said.name == name && said.level == level) {
            return self.mistakes.push(Wrong::new(format!("{name} is said already"), "say it once").at(place));
        }
        let within = name.strip_prefix(key.name).and_then(|rest| rest.strip_prefix('.'));
        let given = match within {
            Some(within) => Given::Entry { name: within.to_owned(), place: place.clone(), value: Box::new(given) },
            None => given,
        };
        self.said.push(Said { name: name.to_owned(), given, place, level, key: key.name });
    }

    /// The keys of a section, as a list in words.
    fn leaves(&self, section: &str) -> String {
        let leaves = self.table.keys.iter().filter(|key| key.section() == section).map(Key::leaf);
        leaves.collect::<Vec<_>>().join(", ")
    }

    /// What to say of a name that nobody knows.
    fn unknown(&self, name: &str, is_table: bool) -> Wrong {
        let (keys, sections, noun) = (self.table.keys, self.table.sections(), self.table.noun);
        let all_sections = || format!("the sections are {}", sections.join(", "));
        let (section, leaf) = name.rsplit_once('.').unwrap_or(("", name));
        if section.is_empty() && is_table {
            let near = nearest(name, sections.iter().copied()).map(|near| format!("[{near}]"));
            return Wrong::new(format!("there is no section [{name}]"), did_you_mean(near, all_sections()));
        }
        let homes: Vec<_> = keys.iter().filter(|key| key.leaf() == leaf).map(|key| key.name).collect();
        let homes = (!homes.is_empty()).then(|| homes.join(" or "));
        let within = keys.iter().filter(|key| key.section() == section).map(Key::leaf);
        let what = format!("there is no {noun} {name}");
        if section.is_empty() {
            let near = || nearest(name, within.chain(self.table.others.iter().copied())).map(str::to_owned);
            let help = format!("{noun}s stand in sections: {}", self.table.example);
            return Wrong::new(what, did_you_mean(homes.or_else(near), help));
        }
        let near = nearest(leaf, within.clone()).map(|near| format!("{section}.{near}")).or(homes);
        let near = near.or_else(|| nearest(name, keys.iter().map(|key| key.name)).map(str::to_owned));
        let others = match within.clone().next() {
            Some(_) => format!("[{section}] has {}", self.leaves(section)),
            None => all_sections(),
        };
        Wrong::new(what, did_you_mean(near, others))
    }
}

/// The line of a place in this file.
fn line_of(file: &Path, place: &Place) -> Option<usize> {
    if let Place::File { path, line, .. } = place { (path == file).then_some(*line) } else { None }
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
        DeValue::Boolean(yes) => Given::Switch(*yes),
        DeValue::Array(items) => {
            Given::List(items.iter().map(|item| (at(item.span().start), given(at, item.get_ref()))).collect())
        }
        other => Given::Other(other.type_str()),
    }
}
