//! What a node says of itself at `/metrics`, on its operators' port.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a scrape may take, from connecting to the last byte.
pub const SCRAPE_WITHIN: Duration = Duration::from_secs(1);
/// Most bytes of an answer.
pub const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// Sockets that are open on a node.
pub const CONNECTIONS: &str = "souk_connections";

/// Why a node's figures could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ScrapeError {
    /// Nobody is there.
    #[error("connecting to {0}: {1}")]
    Connect(SocketAddr, io::Error),
    /// The exchange broke.
    #[error("asking {0} for its figures: {1}")]
    Http(SocketAddr, hyper::Error),
    /// Another answer than figures.
    #[error("{0} answered {1} instead of its figures")]
    Status(SocketAddr, StatusCode),
    /// The answer broke off, is larger than [`ANSWER_MAX`], or is no text.
    #[error("the figures of {0} cannot be read: {1}")]
    Answer(SocketAddr, Box<dyn std::error::Error + Send + Sync>),
    /// Not within [`SCRAPE_WITHIN`].
    #[error("{0} did not give its figures within {SCRAPE_WITHIN:?}")]
    Late(SocketAddr),
}

/// The figures of a node at one moment.
#[derive(Clone, Debug)]
pub struct Scraped(String);

/// Reads the figures of the node with this operators' address, over a connection of its own.
pub async fn scrape(address: SocketAddr) -> Result<Scraped, ScrapeError> {
    timeout(SCRAPE_WITHIN, exchange(address)).await.unwrap_or(Err(ScrapeError::Late(address)))
}

async fn exchange(address: SocketAddr) -> Result<Scraped, ScrapeError> {
    let stream = TcpStream::connect(address).await.map_err(|error| ScrapeError::Connect(address, error))?;
    let broke = |error| ScrapeError::Http(address, error);
    let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
    let request = Request::get("/metrics").header(HOST, address.to_string()).header(CONNECTION, "close");
    let request = request.body(Empty::<Bytes>::new()).expect("the parts are constants and an address");
    let answer = async {
        let response = requests.send_request(request).await.map_err(broke)?;
        if response.status() != StatusCode::OK {
            return Err(ScrapeError::Status(address, response.status()));
        }
        let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|error| ScrapeError::Answer(address, error))?.to_bytes().to_vec();
        String::from_utf8(body).map(Scraped).map_err(|error| ScrapeError::Answer(address, error.into()))
    };
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // Its end is no answer yet: the last bytes may be with the reader.
        _ = &mut connection => answer.await,
    }
}

impl Scraped {
    /// The figure of this name, as it stands there (counters end in `_total`), summed over its labels. `None`: there is none.
    pub fn sum(&self, name: &str) -> Option<f64> {
        self.0.lines().filter_map(|line| value(line, name)).reduce(|sum, value| sum + value)
    }

    /// Open sockets, as [`Sample`](crate::report::Sample) has them.
    pub fn connections(&self) -> Option<u64> {
        // A gauge of whole numbers far below 2⁵³; what is below 0 is 0.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        self.sum(CONNECTIONS).map(|count| count as u64)
    }
}

/// The value of a line of the text form, if it is of this figure: `name{label="…"} value [time] [# exemplar]`.
fn value(line: &str, name: &str) -> Option<f64> {
    let rest = line.strip_prefix(name)?;
    let rest = if let Some(labels) = rest.strip_prefix('{') { behind_labels(labels)? } else { rest };
    rest.strip_prefix(' ')?.split_ascii_whitespace().next()?.parse().ok()
}

/// What comes after the bracket that ends the labels; one within a label's value ends nothing.
fn behind_labels(labels: &str) -> Option<&str> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in labels.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(&labels[at + 1..]),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const TEXT: &str = concat!(
        "# HELP souk_connections Sockets that are open.\n",
        "# TYPE souk_connections gauge\n",
        "souk_connections 12\n",
        "souk_connections_more 99\n",
        "souk_closes_total{code=\"4100\"} 3\n",
        "souk_closes_total{code=\"a } \\\" b\",other=\"c\"} 4.5 1700000000\n",
        "souk_send_seconds_bucket{le=\"0.5\"} 8 # {id=\"x\"} 0.3\n",
        "# EOF\n",
    );

    /// A server that gives one answer to whoever asks.
    async fn server(answer: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0);
            }
            assert!(request.starts_with(b"GET /metrics HTTP/1.1\r\n"));
            stream.write_all(&answer).await.unwrap();
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
        });
        address
    }

    #[test]
    fn figures_are_summed_over_their_labels() {
        let scraped = Scraped(TEXT.into());
        assert_eq!(scraped.sum("souk_closes_total"), Some(7.5));
        assert_eq!(scraped.sum("souk_send_seconds_bucket"), Some(8.0));
        assert_eq!(scraped.sum("souk_closes"), None);
        assert_eq!(scraped.connections(), Some(12));
    }

    #[tokio::test]
    async fn a_node_is_scraped() {
        let node = server(format!("HTTP/1.1 200 OK\r\n\r\n{TEXT}").into_bytes()).await;
        assert_eq!(scrape(node).await.unwrap().connections(), Some(12));
    }

    #[tokio::test]
    async fn what_is_no_node_is_told() {
        let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(matches!(scrape(away).await, Err(ScrapeError::Connect(..))));
        let other = server(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
        assert!(matches!(scrape(other).await, Err(ScrapeError::Status(_, StatusCode::NOT_FOUND))));
        let large = server([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; ANSWER_MAX + 1]].concat()).await;
        assert!(matches!(scrape(large).await, Err(ScrapeError::Answer(..))));
        let silent = server(Vec::new()).await;
        assert!(matches!(scrape(silent).await, Err(ScrapeError::Late(_))));
    }
}
