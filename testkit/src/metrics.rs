//! What a node says of itself at `/metrics`, on its operators' port.

use std::net::SocketAddr;
use std::time::Duration;

use crate::http::Ask;
use crate::rest::{Rest, RestError};

/// How long a scrape may take, from connecting to the last byte.
pub const SCRAPE_WITHIN: Duration = Duration::from_secs(1);

/// The figures of a node at one moment.
#[derive(Clone, Debug)]
pub struct Scraped(String);

/// Reads the figures of the node with this operators' address, over a connection of its own.
pub async fn scrape(address: SocketAddr) -> Result<Scraped, RestError> {
    scrape_within(address, SCRAPE_WITHIN).await
}

/// The same for who can wait longer.
pub async fn scrape_within(address: SocketAddr, within: Duration) -> Result<Scraped, RestError> {
    let ask = Ask::new("GET", "/metrics").header("connection", "close");
    Rest::new(address).within(within).wanted(&ask, &[200]).await.map(|answer| Scraped(answer.text))
}

impl Scraped {
    /// The figure of this name, as it stands there (counters end in `_total`), summed over its labels. `None`: there is none.
    pub fn sum(&self, name: &str) -> Option<f64> {
        self.0.lines().filter_map(|line| value(line, name)).reduce(|sum, value| sum + value)
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
    use crate::http::BODY_MAX;
    use crate::rest::Why;

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
            // Nobody reads to the end of what is too large.
            let _ = stream.write_all(&answer).await;
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
        assert_eq!(scraped.sum("souk_connections"), Some(12.0));
    }

    #[tokio::test]
    async fn a_node_is_scraped() {
        let node = server(format!("HTTP/1.1 200 OK\r\n\r\n{TEXT}").into_bytes()).await;
        assert_eq!(scrape(node).await.unwrap().sum("souk_connections"), Some(12.0));
    }

    #[tokio::test]
    async fn what_is_no_node_is_told() {
        let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(matches!(scrape(away).await, Err(RestError { why: Why::Network(_), .. })));
        let other = server(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
        assert!(matches!(scrape(other).await, Err(RestError { why: Why::Status(404, _), .. })));
        let large = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 2 * BODY_MAX).into_bytes();
        let large = server([large, vec![b'x'; 2 * BODY_MAX]].concat()).await;
        let read = scrape_within(large, Duration::from_secs(20)).await;
        assert!(matches!(read, Err(RestError { why: Why::Form(_), .. })), "{read:?}");
        let silent = server(Vec::new()).await;
        assert!(matches!(scrape(silent).await, Err(RestError { why: Why::TimedOut(_), .. })));
    }
}
