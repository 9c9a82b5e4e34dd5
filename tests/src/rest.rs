//! Calling a node over REST, as anybody may.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use souk_testkit::http::{Answer, Ask};
use tokio::time::timeout;

/// How long an answer may take: longer than the node itself waits for anything.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

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
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None, &[]).await.unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Sends a message. Panics when nothing answers.
    pub async fn send(&self, order: &str, content: &str, key: Option<&str>) -> Answer {
        let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        let path = format!("/chats/{order}/messages");
        let answer = self.call("POST", &path, Some(&json!({ "content": content })), &headers).await;
        answer.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// Any request. Errors: nothing answers.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> io::Result<Answer> {
        let mut ask = Ask::new(method, path).bearer(&self.token);
        for (name, value) in headers {
            ask = ask.header(name, value);
        }
        at(self.node, if let Some(body) = body { ask.json(body) } else { ask }).await
    }
}

/// What is answered there. Errors: nothing answers.
pub(crate) async fn at(address: SocketAddr, ask: Ask) -> io::Result<Answer> {
    timeout(ANSWER_WITHIN, ask.at(address)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
