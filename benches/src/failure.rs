//! Why a figure could not be measured.

use std::io;

use souk_loadtest::measure::observer::ObserverError;
use souk_loadtest::target::TargetError;
use souk_testkit::rest::RestError;

/// A measurement that came to nothing. The text says what was being done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why not.
        source: io::Error,
    },
    /// The nodes, or the servers that they run on.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// What Redis says of itself.
    #[error(transparent)]
    Redis(#[from] ObserverError),
    /// A request over HTTP.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// A node answered something else than what the measurement needs.
    #[error("{doing}: {answer}")]
    Answer {
        /// What was being done.
        doing: String,
        /// What it said.
        answer: String,
    },
    /// It was ended, or its server does not answer.
    #[error("{0}")]
    Ended(String),
}

impl Failure {
    /// For `map_err`: the system refused while `doing`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// An answer that does not serve.
    pub(crate) fn answer(doing: impl Into<String>, answer: impl Into<String>) -> Self {
        Self::Answer { doing: doing.into(), answer: answer.into() }
    }
}
