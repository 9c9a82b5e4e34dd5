//! Requests over one kept connection to a server, with errors that say which.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::{Answer, Ask};

/// How long a request may take, connecting included: a server answers within 10 seconds.
const REQUEST_TIME: Duration = Duration::from_secs(15);

/// A request without an answer that serves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{request} at {server}: {why}")]
pub struct RestError {
    /// Method and path.
    pub request: String,
    /// Who was asked.
    pub server: SocketAddr,
    /// What happened.
    pub why: Why,
}

/// Why there is no answer that serves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The connection could not be made, or broke twice.
    #[error("{0}")]
    Network(String),
    /// No answer in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// Another status than wanted, and what was said with it, its beginning.
    #[error("{0} {1}")]
    Status(u16, String),
    /// An answer of another form than wanted.
    #[error("the answer cannot be read: {0}")]
    Form(String),
}

impl RestError {
    /// Whether the same request may succeed a little later.
    pub fn heals(&self) -> bool {
        matches!(self.why, Why::Network(_) | Why::TimedOut(_) | Why::Status(429 | 503, _))
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

    /// The answer, whatever its status.
    pub async fn ask(&mut self, ask: &Ask) -> Result<Answer, RestError> {
        let was_kept = self.kept.is_some();
        let mut answer = timeout(self.within, self.try_once(ask)).await;
        if was_kept && matches!(answer, Ok(Err(_))) {
            answer = timeout(self.within, self.try_once(ask)).await;
        }
        answer.unwrap_or(Err(Why::TimedOut(self.within))).map_err(|why| self.error(ask, why))
    }

    /// The answer, if it has one of these statuses.
    pub async fn wanted(&mut self, ask: &Ask, wanted: &[u16]) -> Result<Answer, RestError> {
        let answer = self.ask(ask).await?;
        if wanted.contains(&answer.status) {
            return Ok(answer);
        }
        Err(self.error(ask, Why::Status(answer.status, answer.text.chars().take(300).collect())))
    }

    /// What `ask` came to, where its answer does not serve.
    pub fn error(&self, ask: &Ask, why: Why) -> RestError {
        RestError { request: ask.name().to_owned(), server: self.server, why }
    }

    async fn try_once(&mut self, ask: &Ask) -> Result<Answer, Why> {
        let network = |error: io::Error| Why::Network(error.to_string());
        // It goes back only when the answer was read to its end.
        let mut stream = match self.kept.take() {
            Some(kept) => kept,
            None => TcpStream::connect(self.server).await.map_err(network)?,
        };
        // Without it nothing is wrong, only slower.
        let _ = stream.set_nodelay(true);
        let answer = ask.over(&mut stream).await.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => Why::Form(error.to_string()),
            _ => network(error),
        })?;
        let goes_on = answer.header("content-length").is_some() || answer.header("transfer-encoding").is_some();
        if goes_on && answer.header("connection").is_none_or(|said| !said.contains("close")) {
            self.kept = Some(stream);
        }
        Ok(answer)
    }
}
