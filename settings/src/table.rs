//! What a table says of its keys.

use super::given::Given;
use super::mistake::Faults;

/// The form of a value, and its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Never shown.
    Secret,
    /// Several, never shown.
    Secrets,
    /// An address that may hold a user name and password, which are not shown.
    Url,
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
    /// Yes or no. As a flag it may stand alone, for yes.
    Switch,
    /// Several of these: an array in the file, commas elsewhere.
    List(&'static str),
    /// A table of these, whose names are not this table's to know.
    Table(&'static str),
}

impl Kind {
    /// A whole number.
    pub const fn count(least: usize, most: usize) -> Self {
        Self::Count { least, most }
    }

    /// A number.
    pub const fn number(least: f64, most: f64) -> Self {
        Self::Number { least, most }
    }

    /// A length of time, in milliseconds.
    pub const fn millis(least: u64, most: u64) -> Self {
        Self::Duration { least, most }
    }

    /// A length of time, in seconds.
    pub const fn seconds(least: u64, most: u64) -> Self {
        Self::Duration { least: least * 1_000, most: most * 1_000 }
    }

    /// In words: what may be written.
    pub fn words(self) -> String {
        match self {
            Self::Text | Self::Secret | Self::Url => "text".to_owned(),
            Self::Choice(words) => format!("one of {}", super::quoted(words)),
            Self::Secrets => "list of texts".to_owned(),
            Self::Count { least, most } => format!("whole number, {least} to {most}"),
            Self::Number { least, most } => format!("number, {least} to {most}"),
            Self::Duration { least, most } => format!("time, {} to {}", super::length(least), super::length(most)),
            Self::Switch => "true or false".to_owned(),
            Self::List(of) => format!("list of {of}"),
            Self::Table(of) => format!("table of {of}"),
        }
    }
}

/// What holds when nobody says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This text, read as if somebody had said it.
    Text(&'static str),
    /// Nothing is set; the words say what that means.
    Unset(&'static str),
}

impl Fallback {
    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text(text) | Self::Unset(text) => text,
        }
    }
}

/// A setting of `C`.
pub struct Key<C: 'static> {
    /// `section.key`, lower case; alone where it belongs to no section.
    pub name: &'static str,
    /// The form of its value, and its bounds.
    pub kind: Kind,
    /// What holds when nobody says anything.
    pub default: Fallback,
    /// What it does, and in which unit: a sentence or two, in Markdown.
    pub doc: &'static str,
    /// Reads a value of this form and puts it where it belongs.
    pub set: fn(&mut C, &Given, Kind) -> Result<(), Faults>,
}

impl<C> Key<C> {
    /// The part before the dot; empty: it belongs to no section.
    pub fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// The part after the dot.
    pub fn leaf(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, leaf)| leaf)
    }

    /// `--section-key`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace(['.', '_'], "-"))
    }
}

/// The settings of `C`, and how they are spoken of.
pub struct Table<C: 'static> {
    /// All of them, section by section. A later one may refine an earlier one.
    pub keys: &'static [Key<C>],
    /// What they make together: `configuration`.
    pub subject: &'static str,
    /// What one is called: `setting`.
    pub noun: &'static str,
    /// How one is written in a file: `[node], then listen = …`.
    pub example: &'static str,
    /// What lists them: `` `souk --help` lists them all ``.
    pub list: &'static str,
    /// What the variables of the environment begin with: `SOUK_`.
    pub variables: &'static str,
    /// Names outside of sections that files may have as well; whoever has the table reads them.
    pub others: &'static [&'static str],
}

impl<C> Table<C> {
    /// The key of this name.
    pub fn find(&self, name: &str) -> Option<&'static Key<C>> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The key that this name, or what it is within, belongs to.
    pub(super) fn key_of(&self, name: &str) -> Option<&'static Key<C>> {
        let is_within = |key: &&Key<C>| {
            matches!(key.kind, Kind::Table(_)) && name.strip_prefix(key.name).is_some_and(|rest| rest.starts_with('.'))
        };
        self.find(name).or_else(|| self.keys.iter().find(is_within))
    }

    /// The sections, in their order.
    pub fn sections(&self) -> Vec<&'static str> {
        let mut sections: Vec<_> = self.keys.iter().map(Key::section).filter(|section| !section.is_empty()).collect();
        sections.dedup();
        sections
    }

    /// The variable of a key: `SOUK_SECTION_KEY`.
    pub fn variable(&self, key: &Key<C>) -> String {
        format!("{}{}", self.variables, key.name.replace('.', "_").to_uppercase())
    }
}
