//! What is wrong with settings: where it was said, what is wrong, what to do.

use std::fmt;
use std::path::PathBuf;

/// Where something was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: it is the table's own value.
    Default,
    /// In a file.
    File {
        /// As it was named.
        path: PathBuf,
        /// Counted from 1; 0: the file as a whole.
        line: usize,
        /// In characters, counted from 1; 0: the line as a whole.
        column: usize,
    },
    /// By this variable.
    Environment(String),
    /// By this flag, dashes included.
    Flag(String),
}

impl Place {
    /// A file as a whole.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::line(path, 0)
    }

    /// A line of a file.
    pub fn line(path: impl Into<PathBuf>, line: usize) -> Self {
        Self::File { path: path.into(), line, column: 0 }
    }

    /// The place of an offset in the text of a file.
    pub fn within(path: impl Into<PathBuf>, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Self::File { path: path.into(), line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0, .. } => write!(f, "{}", path.display()),
            Self::File { path, line, column: 0 } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One mistake. None of its texts holds a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it was said.
    pub place: Place,
    /// The key, where one is meant that the text does not name.
    pub key: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_named = match (&self.place, &self.key) {
            (Place::Default, Some(key)) => write!(f, "{key} (default)").map(|()| true)?,
            (Place::File { .. }, Some(key)) => write!(f, "{}: {key}", self.place).map(|()| true)?,
            // Variables and flags name their key themselves.
            (place, _) => write!(f, "{place}").map(|()| false)?,
        };
        let colon = if is_named && self.what.starts_with("is ") { "" } else { ":" };
        write!(f, "{colon} {}; {}", self.what, self.help)
    }
}

/// Every mistake: those of files from top to bottom, of the environment, of the command line, then those of defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// What has them: `configuration`.
    pub subject: &'static str,
    /// At least one.
    pub list: Vec<Mistake>,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list.len() {
            1 => write!(f, "the {} has a mistake:", self.subject)?,
            n => write!(f, "the {} has {n} mistakes:", self.subject)?,
        }
        self.list.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// Why a value will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong with it, with the value where that is no secret.
    pub what: String,
    /// What to say instead.
    pub help: String,
}

impl Wrong {
    /// A wrong value.
    pub fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }

    /// The mistake that this makes at a place.
    pub fn at(self, place: Place) -> Mistake {
        Mistake { place, key: None, what: self.what, help: self.help }
    }

    /// The mistake that this makes of a key at a place.
    pub fn of(self, key: &str, place: Place) -> Mistake {
        Mistake { key: Some(key.to_owned()), ..self.at(place) }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl std::error::Error for Wrong {}

/// What is wrong with a value, and where, if not where the value as a whole is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<(Option<Place>, Wrong)>);

impl From<Wrong> for Faults {
    fn from(wrong: Wrong) -> Self {
        Self(vec![(None, wrong)])
    }
}

/// The candidate that differs least from `word`, if it is near enough to have been meant.
pub fn nearest<T: AsRef<str> + Ord>(word: &str, candidates: impl IntoIterator<Item = T>) -> Option<T> {
    let near = candidates.into_iter().map(|one| (strsim::damerau_levenshtein(word, one.as_ref()), one));
    near.min().filter(|(distance, _)| *distance <= (word.chars().count() / 3).max(2)).map(|(_, one)| one)
}

/// The help that names what was meant, or says something else where nothing is near.
pub fn did_you_mean(near: Option<impl fmt::Display>, otherwise: impl Into<String>) -> String {
    near.map_or_else(|| otherwise.into(), |near| format!("did you mean {near}?"))
}
