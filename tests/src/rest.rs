//! REST, by a client that knows nothing of souk.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// How long an answer may take: longer than the node itself waits for anything.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub text: String,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `Content-Type`.
    pub content_type: String,
}

impl Reply {
    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The error's code; empty where there is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Somebody who calls a node.
#[derive(Clone, Debug)]
pub struct Rest {
    /// The node.
    pub node: SocketAddr,
    /// Their token.
    pub token: String,
}

impl Rest {
    /// A caller.
    pub fn new(node: SocketAddr, token: impl Into<String>) -> Self {
        Self { node, token: token.into() }
    }

    /// `GET`. Panics when nothing answers.
    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None, &[]).await.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Sends a message. Panics when nothing answers.
    pub async fn send(&self, order: &str, content: &str, key: Option<&str>) -> Reply {
        let headers: Vec<_> = key.map(|key| ("Idempotency-Key", key)).into_iter().collect();
        let path = format!("/chats/{order}/messages");
        let body = serde_json::json!({ "content": content });
        self.call("POST", &path, Some(&body), &headers).await.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Any request. Errors: nothing answers.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> std::io::Result<Reply> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("Host", self.node.to_string())
            .header("Authorization", format!("Bearer {}", self.token));
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        ask(self.node, request.body(Full::new(body)).map_err(std::io::Error::other)?).await
    }
}

/// `GET` without a token. Errors: nothing answers.
pub async fn get(address: SocketAddr, path: &str) -> std::io::Result<Reply> {
    let request = Request::builder().uri(path).header("Host", address.to_string()).body(Full::new(Bytes::new()));
    ask(address, request.map_err(std::io::Error::other)?).await
}

async fn ask(address: SocketAddr, request: Request<Full<Bytes>>) -> std::io::Result<Reply> {
    let asking = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        let driver = tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(std::io::Error::other)?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (retry_after, content_type) = (header("retry-after"), header("content-type").unwrap_or_default());
        let body = response.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
        driver.abort();
        Ok(Reply { status, text: String::from_utf8_lossy(&body).into_owned(), retry_after, content_type })
    };
    tokio::time::timeout(ANSWER_WITHIN, asking).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}
