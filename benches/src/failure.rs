//! Why a figure could not be measured.

use std::io;

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
    /// A process of ours did not start.
    #[error(transparent)]
    Process(#[from] souk_testkit::failure::Failure),
    /// A request over HTTP.
    #[error(transparent)]
    Rest(#[from] souk_testkit::rest::RestError),
    /// A node answered something else than what the measurement needs.
    #[error("{doing}: {answer}")]
    Answer {
        /// What was being done.
        doing: String,
        /// What it said.
        answer: String,
    },
    /// There is no node to measure.
    #[error("{0}")]
    Node(String),
    /// The environment lacks an address that the measurement needs.
    #[error("{0} is not set: run `deploy/stack up` and take what `deploy/stack env` prints")]
    NotSet(&'static str),
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
