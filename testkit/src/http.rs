//! HTTP/1.1 over any stream: a request is sent as it is written, and an answer is taken as it comes. Nothing here waits with a
//! deadline of its own.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most bytes of an answer's head.
pub const HEAD_MAX: usize = 16 * 1024;
/// Most bytes of its body.
pub const BODY_MAX: usize = 16 * 1024 * 1024;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Reads what a server said until it closed: a body is all that comes behind the head. Errors: it is no HTTP.
    pub fn parse(bytes: &[u8]) -> io::Result<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        Ok(Self {
            status: status.ok_or_else(|| invalid("no answer of HTTP"))?,
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect(),
            text: body.to_owned(),
        })
    }

    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The code of a problem; empty where there is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Holds that this is a problem with this status, also inside, and this code.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let said = (problem["code"].as_str(), problem["status"].as_u64());
        assert_eq!(said, (Some(code), Some(status.into())), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    }

    /// Reads an answer to its end, and what came behind it: after an upgrade that is the other protocol. Errors: the stream ended
    /// before, what came is no HTTP, or more than [`HEAD_MAX`] and [`BODY_MAX`].
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Self, Vec<u8>)> {
        Self::read_to("", stream).await
    }

    async fn read_to(method: &str, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Self, Vec<u8>)> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if bytes.len() > HEAD_MAX {
                return Err(invalid("an endless head"));
            }
            more(stream, &mut bytes).await?;
        };
        let mut answer = Self::parse(&bytes[..head])?;
        let mut body = bytes.split_off(head);
        if method == "HEAD" || matches!(answer.status, 100..=199 | 204 | 304) {
            return Ok((answer, body));
        }
        let length = answer.header("content-length").map(|length| length.parse().map_err(|_| invalid("no length")));
        let behind = if answer.header("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
            let (whole, behind) = chunked(stream, body).await?;
            body = whole;
            behind
        } else if let Some(length) = length.transpose()? {
            while body.len() < length {
                more(stream, &mut body).await?;
            }
            body.split_off(length)
        } else {
            loop {
                match more(stream, &mut body).await {
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => break Vec::new(),
                    read => read?,
                }
            }
        };
        answer.text = String::from_utf8_lossy(&body).into_owned();
        Ok((answer, behind))
    }
}

/// What the chunks hold that begin with `bytes`, and what came behind them. Trailers are not for us: there must be none.
async fn chunked(stream: &mut (impl AsyncRead + Unpin), mut bytes: Vec<u8>) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            match bytes.windows(2).position(|two| two == b"\r\n") {
                Some(end) => break end,
                None => more(stream, &mut bytes).await?,
            }
        };
        let size = str::from_utf8(&bytes[..line]).ok().and_then(|line| line.split(';').next());
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()).filter(|size| *size <= BODY_MAX);
        let (from, to) = (line + 2, line + 2 + size.ok_or_else(|| invalid("no chunk"))?);
        while bytes.len() < to + 2 {
            more(stream, &mut bytes).await?;
        }
        body.extend_from_slice(&bytes[from..to]);
        bytes.drain(..to + 2);
        if from == to {
            return Ok((body, bytes));
        }
        if body.len() > BODY_MAX {
            return Err(invalid("an endless body"));
        }
    }
}

/// Reads at least a byte more.
async fn more(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> io::Result<()> {
    if bytes.len() > BODY_MAX {
        return Err(invalid("an endless body"));
    }
    match stream.read_buf(bytes).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// A request. Lines and body go out as they were given; where no line says `host`, the address does.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Method and path.
    name: String,
    head: String,
    body: String,
}

impl Ask {
    /// Asks for this path.
    pub fn new(method: &str, path: &str) -> Self {
        let name = format!("{method} {path}");
        Self { head: format!("{name} HTTP/1.1\r\n"), name, body: String::new() }
    }

    /// Makes an order between two people; making it again is fine. `token`: a service's or an admin's.
    pub fn order(token: &str, order: &str, client: &str, contractor: &str, title: Option<&str>) -> Self {
        let mut body = json!({ "client": client, "contractor": contractor });
        if let Some(title) = title {
            body["title"] = title.into();
        }
        Self::new("PUT", &format!("/admin/orders/{order}")).bearer(token).json(body)
    }

    /// One line more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Signs in with this token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A body of this type.
    #[must_use]
    pub fn body(mut self, kind: &str, body: &str) -> Self {
        self.body = body.to_owned();
        let length = body.len().to_string();
        self.header("content-type", kind).header("content-length", &length)
    }

    /// A body of JSON.
    #[must_use]
    pub fn json(self, body: impl Display) -> Self {
        self.body("application/json", &body.to_string())
    }

    /// Method and path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks over a connection of its own, which ends with the answer. Errors: as [`over`](Self::over).
    pub async fn at(self, address: SocketAddr) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(address).await?;
        self.header("connection", "close").over(&mut stream).await
    }

    /// Asks on a connection that stays open. A refusal may come before all of a large body went out: it is read all the same.
    /// Errors: the connection broke, or what came is no answer.
    pub async fn over(&self, stream: &mut TcpStream) -> io::Result<Answer> {
        self.through(stream).await.map(|(answer, _)| answer)
    }

    /// The same, with the bytes behind the answer.
    pub async fn through(&self, stream: &mut TcpStream) -> io::Result<(Answer, Vec<u8>)> {
        let mut text = self.head.clone();
        if !text.contains("\r\nhost: ") {
            text.push_str(&format!("host: {}\r\n", stream.peer_addr()?));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        let written = stream.write_all(text.as_bytes()).await;
        let method = self.name.split(' ').next().unwrap_or_default();
        match (Answer::read_to(method, stream).await, written) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Err(error)) | (Err(error), Ok(())) => Err(error),
        }
    }
}

/// Everything until the server closes, or breaks off.
pub async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> io::Result<(u16, String, Vec<u8>)> {
        Answer::read(&mut bytes).await.map(|(answer, behind)| (answer.status, answer.text, behind))
    }

    #[tokio::test]
    async fn an_answer_ends_where_it_says() {
        let told = |status, text: &str, behind: &[u8]| (status, text.to_owned(), behind.to_vec());
        let length = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}HTTP";
        assert_eq!(read(length).await.unwrap(), told(201, "{}", b"HTTP"));
        let chunked =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\nmore";
        assert_eq!(read(chunked).await.unwrap(), told(200, "abc0123456789", b"more"));
        assert_eq!(read(b"HTTP/1.0 200 OK\r\n\r\nall of it").await.unwrap(), told(200, "all of it", b""));
        assert_eq!(read(b"HTTP/1.1 101 Switching\r\n\r\n\x81\0").await.unwrap(), told(101, "", b"\x81\0"));
        for broken in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"SSH-2.0\r\n\r\n",
            &[b'x'; HEAD_MAX + 1],
        ] {
            assert!(read(broken).await.is_err(), "{}", String::from_utf8_lossy(broken));
        }
    }
}
