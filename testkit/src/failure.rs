//! Why a process is not what it should be, and the end of what it said.

use std::fmt;
use std::io;
use std::path::Path;

/// A process that was to start, to run to its end, or to be asked about.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system refused something.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: String,
        /// Why not.
        source: io::Error,
    },
    /// A server ended, or was not ready in time.
    #[error("{name} did not start: {why}{log}")]
    NotReady {
        /// Which.
        name: String,
        /// What it did instead.
        why: String,
        /// The end of what it said.
        log: LogEnd,
    },
    /// A program that was run to its end failed.
    #[error("{command} failed ({status}){log}")]
    Command {
        /// What was run.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        log: LogEnd,
    },
}

impl Failure {
    /// For `map_err`: the system refused while `doing`.
    pub fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::System { doing, source }
    }
}

/// The last lines of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEnd(String);

/// Lines of a log that an error shows.
const LINES: usize = 12;

impl LogEnd {
    /// The end of this text.
    pub fn of(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        Self(lines[lines.len().saturating_sub(LINES)..].join("\n"))
    }

    /// Whether this stands in it.
    pub fn tells(&self, what: &str) -> bool {
        self.0.contains(what)
    }

    /// The end of this file; empty where it cannot be read.
    pub fn of_file(path: &Path) -> Self {
        Self::of(&String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()))
    }
}

impl fmt::Display for LogEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_str() {
            "" => f.write_str("; it said nothing"),
            text => write!(f, "; it said:\n{text}"),
        }
    }
}
