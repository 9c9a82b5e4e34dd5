//! What is wrong with a scenario: where it was said, what is wrong, what to do.

use std::fmt;

/// Where something was said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Nowhere: it is a default.
    Default,
    /// In a file.
    File {
        /// As it was named; a shipped scenario is `steady.toml`.
        file: String,
        /// Counted from 1; 0: the file as a whole.
        line: usize,
        /// In characters, counted from 1; 0: the line as a whole.
        column: usize,
    },
    /// By `--set` for this knob.
    Set(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line: 0, .. } => f.write_str(file),
            Self::File { file, line, column: 0 } => write!(f, "{file}:{line}"),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Set(knob) => write!(f, "--set {knob}"),
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where it was said.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.help)
    }
}

/// Every mistake of a scenario: those of its file from top to bottom, then those of `--set`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the scenario has a mistake:")?,
            n => write!(f, "the scenario has {n} mistakes:")?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// Why a value will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong with it.
    pub what: String,
    /// What to say instead.
    pub help: String,
}

impl Wrong {
    /// A wrong value.
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }

    /// The mistake that this makes at a place.
    pub(super) fn at(self, place: Place) -> Mistake {
        Mistake { place, what: self.what, help: self.help }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl std::error::Error for Wrong {}

/// The candidate that differs least from `word`, if it is near enough to have been meant.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = candidates.into_iter().map(|one| (strsim::damerau_levenshtein(word, one), one));
    near.min().filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(2)).map(|(_, one)| one)
}
