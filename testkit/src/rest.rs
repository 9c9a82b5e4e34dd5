//! Requests over one kept connection to a server, with errors that say which.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::{Answer, Ask};

/// How long a request may take, connecting included: a server answers within 10 seconds.
const REQUEST_TIME: Duration = Duration::from_secs(15);

/// Why a request has no answer that serves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// The connection could not be made, or broke twice.
    #[error("{request} at {server}: {why}")]
    Network {
        /// Method and path.
        request: String,
        /// Who was asked.
        server: SocketAddr,
        /// What happened.
        why: String,
    },
    /// No answer in time.
    #[error("{request} at {server}: no answer within {within:?}")]
    TimedOut {
        /// Method and path.
        request: String,
        /// Who was asked.
        server: SocketAddr,
        /// The time for it.
        within: Duration,
    },
    /// Another status than wanted.
    #[error("{request} at {server}: {status} {body}")]
    Status {
        /// Method and path.
        request: String,
        /// Who was asked.
        server: SocketAddr,
        /// The status.
        status: u16,
        /// What was said with it, its beginning.
        body: String,
    },
    /// An answer of another form than wanted.
    #[error("{request} at {server}: the answer cannot be read: {why}")]
    Form {
        /// Method and path.
        request: String,
        /// Who was asked.
        server: SocketAddr,
        /// What is wrong with it.
        why: String,
    },
}

impl RestError {
    /// Whether the same request may succeed a little later.
    pub fn heals(&self) -> bool {
        match self {
            Self::Network { .. } | Self::TimedOut { .. } => true,
            Self::Status { status, .. } => matches!(status, 429 | 503),
            Self::Form { .. } => false,
        }
    }
}

/// A client of one server's REST interface. Connects when it is first used, keeps the connection, and makes it anew when it broke:
/// so every request must bear to be repeated. A request whose future was dropped costs the connection.
#[derive(Debug)]
pub struct Rest {
    server: SocketAddr,
    kept: Option<TcpStream>,
    within: Duration,
}

impl Rest {
    /// Of this server. Nothing is sent yet.
    pub fn new(server: SocketAddr) -> Self {
        Self { server, kept: None, within: REQUEST_TIME }
    }

    /// So long may a request take.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Who is asked.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// The answer, whatever its status.
    pub async fn ask(&mut self, ask: &Ask) -> Result<Answer, RestError> {
        let was_kept = self.kept.is_some();
        let mut answer = timeout(self.within, self.try_once(ask)).await;
        if was_kept && matches!(answer, Ok(Err(_))) {
            answer = timeout(self.within, self.try_once(ask)).await;
        }
        let (request, server) = (ask.name().to_owned(), self.server);
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Err(RestError::Form { request, server, why: error.to_string() })
            }
            Ok(Err(error)) => Err(RestError::Network { request, server, why: error.to_string() }),
            Err(_) => Err(RestError::TimedOut { request, server, within: self.within }),
        }
    }

    /// The answer, if it has one of these statuses.
    pub async fn wanted(&mut self, ask: &Ask, wanted: &[u16]) -> Result<Answer, RestError> {
        let answer = self.ask(ask).await?;
        if wanted.contains(&answer.status) {
            return Ok(answer);
        }
        let body = answer.text.chars().take(300).collect();
        Err(RestError::Status { request: ask.name().to_owned(), server: self.server, status: answer.status, body })
    }

    async fn try_once(&mut self, ask: &Ask) -> io::Result<Answer> {
        // It goes back only when the answer was read to its end.
        let mut stream = match self.kept.take() {
            Some(kept) => kept,
            None => TcpStream::connect(self.server).await?,
        };
        // Without it nothing is wrong, only slower.
        let _ = stream.set_nodelay(true);
        let answer = ask.over(&mut stream).await?;
        let goes_on = answer.header("content-length").is_some() || answer.header("transfer-encoding").is_some();
        if goes_on && answer.header("connection").is_none_or(|said| !said.contains("close")) {
            self.kept = Some(stream);
        }
        Ok(answer)
    }
}
