//! The second port: `/metrics`, `/livez` and `/readyz`, for operators and their machines.
//!
//! It shares nothing with the first but the process: a node full of clients still answers here. Its connections are few, short and
//! bounded: at most [`CONNECTIONS_MAX`], a head within [`HEAD_WITHIN`], none longer than [`CONNECTION_LIVES`]. Nobody waits for a
//! place: where all are taken the connection that has been open longest gives its own up. So whoever opens them all and says nothing
//! keeps no probe from its answer, which takes milliseconds.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use souk_chat::{Tasks, guarded};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::{self, Metrics};
use crate::readiness::Readiness;

/// Most connections at once; the next takes the place of the oldest.
pub const CONNECTIONS_MAX: usize = 64;
/// How long the head of a request may take, from the opening of the connection or the end of the request before.
pub const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Longest life of a connection.
pub const CONNECTION_LIVES: Duration = Duration::from_secs(60);
/// How long connections get to finish when the node leaves.
pub const FINISH_WITHIN: Duration = Duration::from_secs(2);
/// Pause after a failed accept, so that a lack of descriptors is not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// The server of the second port.
pub struct Operator {
    listener: TcpListener,
    metrics: Arc<Metrics>,
    readiness: Readiness,
    tasks: Tasks,
}

impl Operator {
    /// Listens on `address`. Errors: it is taken, or not ours.
    pub async fn bind(
        address: SocketAddr,
        metrics: Arc<Metrics>,
        readiness: Readiness,
        tasks: Tasks,
    ) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, metrics, readiness, tasks })
    }

    /// Where it listens: the real port, if any free one was asked for. Errors: the system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop`, then takes no more connections and gives the open ones [`FINISH_WITHIN`]. Dropping the future cuts off
    /// nothing but new connections.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let (running, mut open) = (TaskTracker::new(), Open::default());
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let serving = serve(stream, Arc::clone(&self), stop.clone());
                    open.enter(running.spawn(guarded(&self.tasks, "operator connection", serving)).abort_handle());
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the operators' port was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self);
        running.close();
        if tokio::time::timeout(FINISH_WITHIN, running.wait()).await.is_err() {
            tracing::info!("connections to the operators' port were still open");
        }
    }
}

/// Connections that may be open, the oldest first; at most [`CONNECTIONS_MAX`].
#[derive(Default)]
struct Open(VecDeque<AbortHandle>);

impl Open {
    fn enter(&mut self, connection: AbortHandle) {
        if self.0.len() == CONNECTIONS_MAX {
            self.0.retain(|connection| !connection.is_finished());
        }
        if self.0.len() == CONNECTIONS_MAX
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.abort();
        }
        self.0.push_back(connection);
    }
}

async fn serve(stream: TcpStream, operator: Arc<Operator>, stop: CancellationToken) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&request, &operator.metrics, &operator.readiness);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let life = async {
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.as_mut().await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection to the operators' port broke");
        }
    };
    if tokio::time::timeout(CONNECTION_LIVES, life).await.is_err() {
        tracing::debug!("a connection to the operators' port lived too long");
    }
}

fn respond(request: &Request<Incoming>, metrics: &Metrics, readiness: &Readiness) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "only GET\n".into());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match request.uri().path() {
        "/metrics" => answer(StatusCode::OK, metrics::CONTENT_TYPE, metrics.render()),
        "/livez" => answer(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".into()),
        "/readyz" => {
            let (ready, body) = readiness.to_json();
            let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            answer(status, "application/json", body)
        }
        _ => answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "/metrics, /livez, /readyz\n".into()),
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    struct Running {
        address: SocketAddr,
        readiness: Readiness,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    async fn start() -> Running {
        let (readiness, stop) = (Readiness::default(), CancellationToken::new());
        let any = "127.0.0.1:0".parse().unwrap();
        let metrics = Arc::new(Metrics::default());
        metrics.attach_readiness(readiness.clone());
        let operator = Operator::bind(any, metrics, readiness.clone(), Tasks::default()).await.unwrap();
        let address = operator.local_addr().unwrap();
        Running { address, readiness, task: tokio::spawn(Arc::new(operator).run(stop.clone())), stop }
    }

    /// Status line, head and body of one request on a connection of its own.
    async fn ask(address: SocketAddr, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(SOON, stream.read_to_string(&mut answer)).await.expect("an answer in time").unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    #[tokio::test]
    async fn operators_get_what_they_ask_for() {
        let node = start().await;
        let (head, body) = ask(node.address, "GET /livez").await;
        assert!(head.starts_with("HTTP/1.1 200") && body == "ok\n", "{head}");
        let (head, body) = ask(node.address, "GET /metrics").await;
        assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
        assert!(body.ends_with("# EOF\n"), "{body}");
        let (head, body) = ask(node.address, "HEAD /metrics").await;
        assert!(head.starts_with("HTTP/1.1 200") && body.is_empty(), "{head}");
        assert!(ask(node.address, "GET /").await.0.starts_with("HTTP/1.1 404"));
        let (head, _) = ask(node.address, "POST /livez").await;
        assert!(head.starts_with("HTTP/1.1 405") && head.contains("allow: GET, HEAD"), "{head}");
    }

    #[tokio::test]
    async fn a_node_is_ready_when_no_part_keeps_clients_away() {
        let node = start().await;
        let readyz = || ask(node.address, "GET /readyz");
        let (head, body) = readyz().await;
        assert!(head.starts_with("HTTP/1.1 503"), "{head}");
        assert_eq!(body, r#"{"degraded":false,"parts":{},"ready":false}"#);
        node.readiness.ready("store");
        node.readiness.not_ready("router", "connecting");
        let (head, body) = readyz().await;
        assert!(head.starts_with("HTTP/1.1 503") && !node.readiness.is_ready(), "{head}");
        assert_eq!(body, r#"{"degraded":true,"parts":{"router":"connecting","store":"ok"},"ready":false}"#);
        node.readiness.ready("router");
        let (head, body) = readyz().await;
        assert!(head.starts_with("HTTP/1.1 200") && node.readiness.is_ready(), "{head}");
        assert_eq!(body, r#"{"degraded":false,"parts":{"router":"ok","store":"ok"},"ready":true}"#);
        node.readiness.not_ready("node", "draining");
        assert!(readyz().await.0.starts_with("HTTP/1.1 503"));
    }

    #[tokio::test]
    async fn a_degraded_node_is_still_sent_clients_and_says_what_is_wrong() {
        let node = start().await;
        node.readiness.ready("store");
        node.readiness.degraded("router", "no answer");
        let (head, body) = ask(node.address, "GET /readyz").await;
        assert!(head.starts_with("HTTP/1.1 200") && node.readiness.is_ready(), "{head}");
        assert_eq!(body, r#"{"degraded":true,"parts":{"router":"no answer","store":"ok"},"ready":true}"#);
        let (_, figures) = ask(node.address, "GET /metrics").await;
        for line in [r#"souk_degraded{part="router"} 1"#, r#"souk_degraded{part="store"} 0"#, "souk_ready 1"] {
            assert!(figures.lines().any(|figure| figure == line), "{line} is not in {figures}");
        }
    }

    /// Connections that say half a word, as many as there are places.
    async fn dawdlers(address: SocketAddr) -> Vec<TcpStream> {
        let mut slow = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /li").await.unwrap();
            slow.push(stream);
        }
        slow
    }

    #[tokio::test]
    async fn who_dawdles_keeps_nobody_waiting_however_many_they_are() {
        let node = start().await;
        let mut slow = dawdlers(node.address).await;
        for _ in 0..3 {
            let (head, _) =
                timeout(HEAD_WITHIN / 2, ask(node.address, "GET /livez")).await.expect("no wait for a place");
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            slow.extend(dawdlers(node.address).await);
        }
        for mut stream in slow {
            let mut rest = Vec::new();
            timeout(SOON, stream.read_to_end(&mut rest)).await.expect("the connection stays open").ok();
        }
    }

    #[tokio::test]
    async fn who_does_not_dawdle_keeps_its_place_among_those_that_left() {
        let node = start().await;
        let mut scraper = TcpStream::connect(node.address).await.unwrap();
        for _ in 0..2 * CONNECTIONS_MAX {
            assert!(ask(node.address, "GET /livez").await.0.starts_with("HTTP/1.1 200"));
        }
        scraper.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        timeout(SOON, scraper.read_to_string(&mut answer)).await.expect("an answer").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_without_end_is_refused() {
        let node = start().await;
        let (head, _) = ask(node.address, &format!("GET /{}", "x".repeat(HEAD_BYTES * 2))).await;
        assert!(head.starts_with("HTTP/1.1 4"), "{head}");
    }

    #[tokio::test]
    async fn stopping_ends_idle_connections_and_frees_the_port() {
        let node = start().await;
        let mut idle = TcpStream::connect(node.address).await.unwrap();
        idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut byte = [0];
        timeout(SOON, idle.read_exact(&mut byte)).await.expect("an answer").unwrap();
        node.stop.cancel();
        timeout(FINISH_WITHIN, node.task).await.expect("the server stops").unwrap();
        timeout(SOON, idle.read_to_end(&mut Vec::new())).await.expect("the idle connection ends").unwrap();
        assert!(TcpStream::connect(node.address).await.is_err());
    }
}
