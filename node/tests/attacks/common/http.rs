//! HTTP in its rawest form.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{TestNode, soon, token};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Reads what a server said until it closed.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        Self {
            status: status.unwrap_or_else(|| panic!("no answer of HTTP: {text:?}")),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Holds that this is a problem with this status, also inside, and this code.
    pub(crate) fn expect_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(
            (problem["code"].as_str(), problem["status"].as_u64()),
            (Some(code), Some(status.into())),
            "{problem}"
        );
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    }
}

/// A request, one to a connection.
pub(crate) struct Ask {
    head: String,
    body: String,
}

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            head: format!("{method} {path} HTTP/1.1\r\nhost: souk.test\r\nconnection: close\r\n"),
            body: String::new(),
        }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    #[must_use]
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Signs in as this person.
    #[must_use]
    pub(crate) fn user(self, user: &str) -> Self {
        self.bearer(&token::of(user))
    }

    #[must_use]
    pub(crate) fn body(mut self, kind: &str, body: &str) -> Self {
        self.body = body.to_owned();
        let length = body.len().to_string();
        self.header("content-type", kind).header("content-length", &length)
    }

    #[must_use]
    pub(crate) fn json(self, body: &str) -> Self {
        self.body("application/json", body)
    }

    /// Goes to another host than the node's usual name.
    #[must_use]
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.head = self.head.replace("host: souk.test", &format!("host: {host}"));
        self
    }

    pub(crate) async fn to(self, node: &TestNode) -> Answer {
        self.at(node.address()).await
    }

    /// Asks on a connection that stays open.
    pub(crate) async fn over(self, stream: &mut TcpStream) -> Answer {
        let text = format!("{}\r\n{}", self.head.replace("connection: close\r\n", ""), self.body);
        stream.write_all(text.as_bytes()).await.unwrap();
        answer(stream).await.0
    }

    pub(crate) async fn at(self, address: SocketAddr) -> Answer {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // A refusal may come before all of a large body went out; it is then read all the same.
        let _ = stream.write_all(format!("{}\r\n{}", self.head, self.body).as_bytes()).await;
        Answer::parse(&rest(&mut stream).await)
    }
}

/// The answer to one request, and the bytes behind it; the connection stays open.
pub(crate) async fn answer(stream: &mut TcpStream) -> (Answer, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4) {
            let answer = Answer::parse(&bytes[..head]);
            let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            if answer.status == 101 {
                return (answer, bytes.split_off(head));
            }
            if bytes.len() >= head + length {
                let rest = bytes.split_off(head + length);
                return (Answer::parse(&bytes), rest);
            }
        }
        let count = soon("an answer", stream.read_buf(&mut bytes)).await.unwrap();
        assert!(count > 0, "the server closed without an answer: {:?}", String::from_utf8_lossy(&bytes));
    }
}

/// Everything until the server closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = soon("the server closes", stream.read_to_end(&mut bytes)).await;
    bytes
}
