//! Reading the fields of a table, and noting everything that is wrong.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use souk_settings::{Mistake, Place, Wrong, did_you_mean, nearest, quoted};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What was found wrong so far.
pub(super) struct Notes<'a> {
    path: &'a Path,
    text: &'a str,
    list: RefCell<Vec<(usize, Mistake)>>,
}

impl<'a> Notes<'a> {
    /// Of this file.
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, list: RefCell::default() }
    }

    /// Notes a mistake at a place in the file.
    pub(super) fn wrong(&self, span: Range<usize>, what: impl Into<String>, help: impl Into<String>) {
        let place = Place::within(self.path, self.text, span.start);
        self.list.borrow_mut().push((span.start, Wrong::new(what, help).at(place)));
    }

    /// All of them, as they stand in the file.
    pub(super) fn end(self) -> Vec<Mistake> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|(at, _)| *at);
        list.into_iter().map(|(_, mistake)| mistake).collect()
    }
}

/// A table of the file.
pub(super) struct Fields<'a> {
    notes: &'a Notes<'a>,
    /// What its keys are called in front, in mistakes.
    prefix: &'static str,
    span: Range<usize>,
    table: &'a DeTable<'a>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Fields<'a> {
    pub(super) fn new(notes: &'a Notes<'a>, prefix: &'static str, span: Range<usize>, table: &'a DeTable<'a>) -> Self {
        Self { notes, prefix, span, table }
    }

    pub(super) fn notes(&self) -> &'a Notes<'a> {
        self.notes
    }

    fn entry(&self, key: &str) -> Option<(Range<usize>, &'a Value<'a>)> {
        let (name, value) = self.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some((name.span(), value))
    }

    /// What stands under this key.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value<'a>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Notes a mistake about this key; where it is absent, about the table.
    pub(super) fn wrong(&self, key: &str, what: impl Into<String>, help: impl Into<String>) {
        let span = self.entry(key).map_or(self.span.clone(), |(span, _)| span);
        self.notes.wrong(span, what, help);
    }

    /// Notes a mistake about the table.
    pub(super) fn wrong_here(&self, what: impl Into<String>, help: impl Into<String>) {
        self.notes.wrong(self.span.clone(), what, help);
    }

    /// Notes a mistake at a place.
    pub(super) fn wrong_at(&self, span: Range<usize>, what: impl Into<String>, help: impl Into<String>) {
        self.notes.wrong(span, what, help);
    }

    /// Notes keys that nobody knows, with the nearest that is known.
    pub(super) fn known(&self, keys: &[&str]) {
        for name in self.table.keys().filter(|name| !keys.contains(&name.get_ref().as_ref())) {
            let near = nearest(name.get_ref(), keys.iter().copied()).map(|key| format!("{}{key}", self.prefix));
            let help = did_you_mean(near, format!("the keys here are {}", keys.join(", ")));
            self.notes.wrong(name.span(), format!("{}{} is not known", self.prefix, name.get_ref()), help);
        }
    }

    /// Reads what must be there; notes that it is missing.
    pub(super) fn needed<T>(&self, key: &str, remedy: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        if self.get(key).is_none() {
            self.wrong_here(format!("{}{key} is missing", self.prefix), remedy);
            return None;
        }
        read(key)
    }

    fn unfit<T>(&self, key: &str, found: &Value<'_>, help: impl Into<String>) -> Option<T> {
        let found = match found.get_ref() {
            DeValue::String(text) => format!("{text:?}"),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            other => format!("a value of the type {}", other.type_str()),
        };
        self.wrong(key, format!("{}{key} cannot be {found}", self.prefix), help);
        None
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => self.unfit(key, value, "write a text in quotes"),
        }
    }

    /// A whole number.
    pub(super) fn number(&self, key: &str, range: RangeInclusive<usize>) -> Option<usize> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number
            .filter(|number| range.contains(number))
            .or_else(|| self.unfit(key, value, format!("write a whole number, {} to {}", range.start(), range.end())))
    }

    /// `true` or `false`.
    pub(super) fn switch(&self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        value.get_ref().as_bool().or_else(|| self.unfit(key, value, "write true or false"))
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.get(key)?;
        let word = value.get_ref().as_str();
        let found = choices.iter().find(|(name, _)| Some(*name) == word).map(|(_, choice)| *choice);
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        found.or_else(|| self.unfit(key, value, format!("write one of {}", quoted(&names))))
    }

    /// A program and its arguments.
    pub(super) fn words(&self, key: &str) -> Option<Vec<String>> {
        const MUST: &str = "write a list of words, as in [\"node\", \"server.mjs\"]";
        let value = self.get(key)?;
        let words = value.get_ref().as_array().and_then(|array| {
            array.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        words
            .filter(|words| words.first().is_some_and(|word| !word.is_empty()))
            .or_else(|| self.unfit(key, value, MUST))
    }

    /// The knobs of a scenario, nested or with dots, in the order of the file.
    pub(super) fn knobs(&self, key: &str) -> Vec<(String, String)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.unfit::<()>(key, value, "write [set], then lines as \"people.orders\" = 1000");
            return Vec::new();
        };
        let mut found = Vec::new();
        self.knobs_of(table, "", &mut found);
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, knob)| knob).collect()
    }

    fn knobs_of(&self, table: &DeTable<'_>, before: &str, found: &mut Vec<(usize, (String, String))>) {
        for (name, value) in table.iter() {
            let key = format!("{before}{}", name.get_ref());
            let text = match value.get_ref() {
                DeValue::Table(table) => {
                    self.knobs_of(table, &format!("{key}."), found);
                    continue;
                }
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                DeValue::Boolean(yes) => yes.to_string(),
                DeValue::Datetime(_) | DeValue::Array(_) => {
                    let what = format!("set.{key} cannot be of this type");
                    self.wrong_at(name.span(), what, "write a text, a number, true or false");
                    continue;
                }
            };
            found.push((name.span().start, (key, text)));
        }
    }
}
