//! The few HTTP requests that a run needs, over one kept connection.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use souk_chat::{OrderId, Seq, UserId};
use souk_protocol::dto::CatchUp;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

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
    #[error("{request} at {server}: no answer within {REQUEST_TIME:?}")]
    TimedOut {
        /// Method and path.
        request: String,
        /// Who was asked.
        server: SocketAddr,
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

/// An answer's status and body.
pub type Answer = (StatusCode, Bytes);

/// A client of one server's REST interface. Connects when it is first used, keeps the connection, and makes it anew when it broke.
/// Not cancel-safe in one way: a request whose future was dropped costs the connection.
#[derive(Debug)]
pub struct Rest {
    server: SocketAddr,
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// What is asked.
struct Ask<'a> {
    method: Method,
    path: &'a str,
    token: Option<&'a str>,
    body: Bytes,
}

impl Rest {
    /// Of this server. Nothing is sent yet.
    pub fn new(server: SocketAddr) -> Self {
        Self { server, kept: None }
    }

    /// Who is asked.
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// The answer to `GET path`, whatever its status.
    pub async fn get(&mut self, path: &str, token: Option<&str>) -> Result<Answer, RestError> {
        self.ask(&Ask { method: Method::GET, path, token, body: Bytes::new() }).await
    }

    /// Makes an order between two people. Making it again is fine. `token`: a service's or an admin's.
    pub async fn put_order(
        &mut self,
        token: &str,
        order: &OrderId,
        client: &UserId,
        contractor: &UserId,
    ) -> Result<(), RestError> {
        let path = format!("/admin/orders/{order}");
        let body = serde_json::json!({ "client": client.as_str(), "contractor": contractor.as_str() });
        let body = Bytes::from(body.to_string());
        let ask = Ask { method: Method::PUT, path: &path, token: Some(token), body };
        let answer = self.ask(&ask).await?;
        self.wanted(&ask, answer, &[StatusCode::OK, StatusCode::CREATED]).map(|_| ())
    }

    /// A page of an order's history: what the entries above `since` made or changed, at most `limit` of them (1 to 200).
    pub async fn history(
        &mut self,
        token: &str,
        order: &OrderId,
        since: Seq,
        limit: usize,
    ) -> Result<CatchUp, RestError> {
        let path = format!("/chats/{order}/messages?since={}&limit={limit}", since.0);
        let ask = Ask { method: Method::GET, path: &path, token: Some(token), body: Bytes::new() };
        let answer = self.ask(&ask).await?;
        let body = self.wanted(&ask, answer, &[StatusCode::OK])?;
        serde_json::from_slice(&body).map_err(|error| self.form(&ask, error.to_string()))
    }

    /// Asks, over a new connection where the kept one turns out to be broken: every request here may be repeated.
    async fn ask(&mut self, ask: &Ask<'_>) -> Result<Answer, RestError> {
        let was_kept = self.kept.is_some();
        match timeout(REQUEST_TIME, self.try_once(ask)).await {
            Ok(Err(_)) if was_kept => match timeout(REQUEST_TIME, self.try_once(ask)).await {
                Ok(answer) => answer,
                Err(_) => Err(self.timed_out(ask)),
            },
            Ok(answer) => answer,
            Err(_) => Err(self.timed_out(ask)),
        }
    }

    async fn try_once(&mut self, ask: &Ask<'_>) -> Result<Answer, RestError> {
        // It goes back only when the answer was read to its end.
        let mut kept = match self.kept.take() {
            Some(kept) => kept,
            None => self.connect(ask).await?,
        };
        let mut request = Request::builder().method(&ask.method).uri(ask.path).header(HOST, self.server.to_string());
        if let Some(token) = ask.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if !ask.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(ask.body.clone())).map_err(|error| self.form(ask, error.to_string()))?;
        let broke = |error: hyper::Error| self.network(ask, error.to_string());
        let answer = kept.sender.send_request(request).await.map_err(broke)?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(broke)?.to_bytes();
        if kept.sender.ready().await.is_ok() {
            self.kept = Some(kept);
        }
        Ok((status, body))
    }

    async fn connect(&self, ask: &Ask<'_>) -> Result<Kept, RestError> {
        let stream = TcpStream::connect(self.server).await.map_err(|error| self.network(ask, error.to_string()))?;
        // Without it nothing is wrong, only slower.
        let _ = stream.set_nodelay(true);
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| self.network(ask, error.to_string()))?;
        let connection = tokio::spawn(async move {
            // Whoever sends the next request is told.
            let _ = connection.await;
        });
        Ok(Kept { sender, connection })
    }

    fn wanted(&self, ask: &Ask<'_>, (status, body): Answer, wanted: &[StatusCode]) -> Result<Bytes, RestError> {
        if wanted.contains(&status) {
            return Ok(body);
        }
        let body = String::from_utf8_lossy(&body).chars().take(300).collect();
        Err(RestError::Status { request: ask.name(), server: self.server, status: status.as_u16(), body })
    }

    fn network(&self, ask: &Ask<'_>, why: String) -> RestError {
        RestError::Network { request: ask.name(), server: self.server, why }
    }

    fn timed_out(&self, ask: &Ask<'_>) -> RestError {
        RestError::TimedOut { request: ask.name(), server: self.server }
    }

    fn form(&self, ask: &Ask<'_>, why: String) -> RestError {
        RestError::Form { request: ask.name(), server: self.server, why }
    }
}

impl Ask<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
