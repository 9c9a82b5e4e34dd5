//! What is wrong with a configuration: where it was said, what is wrong, what to do.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: the table's own value.
    Default,
    /// In the file.
    File {
        /// As it was named.
        path: PathBuf,
        /// Counted from 1; 0: the file as a whole.
        line: usize,
    },
    /// By this variable.
    Environment(String),
    /// By this flag, dashes included.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0 } => write!(f, "{}", path.display()),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One mistake. None of its texts holds a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it was said.
    pub place: Place,
    /// The setting, where one is meant: `node.listen`.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.key) {
            (Place::Default, Some(key)) => write!(f, "{key} (default)")?,
            (Place::File { .. }, Some(key)) => write!(f, "{}: {key}", self.place)?,
            (place, _) => write!(f, "{place}")?,
        }
        write!(f, ": {}; {}", self.what, self.help)
    }
}

/// Every mistake of a configuration, in the order found: file, environment, flags, then what does not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a mistake:")?,
            n => write!(f, "the configuration has {n} mistakes:")?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}
