//! What the table says of a setting.

use super::Config;
use super::given::{Given, Wrong};

/// The form of a value: how it is shown, and what the schema calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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
    Number,
    /// A length of time.
    Duration,
    /// Yes or no. As a flag it may stand alone, for yes.
    Switch,
    /// Several texts: an array in the file, commas elsewhere.
    List,
}

/// What holds when nobody says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// This text, read by the key's own parser. `<data_dir>`, `<host>` and `<random>` are filled in.
    Text(&'static str),
    /// Nothing is set; the words say what that means.
    Unset(&'static str),
}

impl Fallback {
    /// The words for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Text(text) | Self::Unset(text) => text,
        }
    }
}

/// A setting.
pub(crate) struct Key {
    /// `section.key`, lower case.
    pub(crate) name: &'static str,
    /// The form of its value.
    pub(crate) kind: Kind,
    /// Its default.
    pub(crate) default: Fallback,
    /// What it does: a sentence or two, in Markdown.
    pub(crate) doc: &'static str,
    /// Reads a value into the configuration.
    pub(crate) set: fn(&mut Config, &Given) -> Result<(), Wrong>,
}

impl Key {
    /// The part before the dot.
    pub(crate) fn section(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(section, _)| section)
    }

    /// The part after the dot.
    pub(crate) fn leaf(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, leaf)| leaf)
    }

    /// `SOUK_SECTION_KEY`.
    pub(crate) fn variable(&self) -> String {
        format!("SOUK_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// `--section-key`.
    pub(crate) fn flag(&self) -> String {
        format!("--{}", self.name.replace(['.', '_'], "-"))
    }
}
