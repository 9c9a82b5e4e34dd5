//! `--prometheus`: the harness's own figures, while it runs, for whoever scrapes them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::report::Quantiles;

/// Most connections at once; more wait in the system's backlog.
pub const CONNECTIONS_MAX: usize = 16;
/// How long the head of a request may take.
pub const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Longest life of a connection.
pub const CONNECTION_LIVES: Duration = Duration::from_secs(60);
/// Pause after the system refused to accept.
const PAUSE: Duration = Duration::from_millis(100);
/// What is served.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the harness has counted since it began, and the latencies of late, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    /// Messages whose moment came.
    pub intended: u64,
    /// Messages written to a connection.
    pub sent: u64,
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Messages refused.
    pub refused: u64,
    /// Messages that reached other devices.
    pub received: u64,
    /// Connections signed in.
    pub sign_ins: u64,
    /// Connections that ended without our wish.
    pub cuts: u64,
    /// Connections that did not come about.
    pub connect_failures: u64,
    /// Devices connected and live now.
    pub connected: u64,
    /// From the planned moment to the acknowledgement; `None`: there was none of late.
    pub ack: Option<Quantiles>,
    /// From the planned moment to another device; `None`: there was none of late.
    pub receive: Option<Quantiles>,
}

/// Why nothing can be scraped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Others could read along.
    #[error("{0} can be reached from other machines: name an address of loopback, or say that it is meant")]
    NotLoopback(SocketAddr),
    /// Somebody listens there.
    #[error("{0} is taken by another program: name another port, or 0 for a free one")]
    Taken(SocketAddr),
    /// The system refused.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
}

/// The figures as they are served.
pub struct Exported {
    registry: Registry,
    counters: [Counter; 8],
    connected: Gauge,
    latencies: [Latencies; 2],
}

type Latencies = Family<[(&'static str, &'static str); 1], Gauge<f64, AtomicU64>>;

impl Default for Exported {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("souk_loadtest");
        let mut counter = |name, help| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let counters = [
            counter("messages_intended", "Messages whose moment came"),
            counter("messages_sent", "Messages written to a connection"),
            counter("messages_acknowledged", "Messages that were acknowledged"),
            counter("messages_refused", "Messages that were refused"),
            counter("messages_received", "Messages that reached other devices"),
            counter("sign_ins", "Connections that were signed in"),
            counter("cuts", "Connections that ended without the harness's wish"),
            counter("connect_failures", "Connections that did not come about"),
        ];
        let connected = Gauge::default();
        registry.register("connected", "Devices that are connected and live", connected.clone());
        let mut latency = |name, help| {
            let family = Latencies::default();
            registry.register_with_unit(name, help, Unit::Seconds, family.clone());
            family
        };
        let latencies = [
            latency("ack", "From the planned moment to the acknowledgement, of late"),
            latency("receive", "From the planned moment to another device, of late"),
        ];
        Self { registry, counters, connected, latencies }
    }
}

impl Exported {
    /// From now on this is served.
    pub fn update(&self, now: &Snapshot) {
        let counts = [
            now.intended,
            now.sent,
            now.acknowledged,
            now.refused,
            now.received,
            now.sign_ins,
            now.cuts,
            now.connect_failures,
        ];
        for (counter, count) in self.counters.iter().zip(counts) {
            counter.inner().store(count, Ordering::Relaxed);
        }
        self.connected.set(i64::try_from(now.connected).unwrap_or(i64::MAX));
        for (family, quantiles) in self.latencies.iter().zip([now.ack, now.receive]) {
            let Some(Quantiles { p50, p99, max }) = quantiles else {
                family.clear();
                continue;
            };
            for (name, milliseconds) in [("0.5", p50), ("0.99", p99), ("1", max)] {
                family.get_or_create(&[("quantile", name)]).set(milliseconds / 1_000.0);
            }
        }
    }

    /// The text form of OpenMetrics.
    pub fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a String takes everything");
        text
    }
}

/// The endpoint. Ends when dropped.
pub struct Exporter {
    address: SocketAddr,
    exported: Arc<Exported>,
    task: tokio::task::JoinHandle<()>,
}

impl Exporter {
    /// Serves `/metrics` on `address`, on loopback only unless `outside` says that it is meant otherwise. Errors: it is not
    /// loopback, it is taken, the system refuses.
    pub async fn start(address: SocketAddr, outside: bool) -> Result<Self, ExportError> {
        if !address.ip().is_loopback() && !outside {
            return Err(ExportError::NotLoopback(address));
        }
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ExportError::Taken(address),
            _ => ExportError::Listen(address, error),
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let exported = Arc::new(Exported::default());
        let task = tokio::spawn(accept(listener, Arc::clone(&exported)));
        Ok(Self { address, exported, task })
    }

    /// Where it listens: the real port, if any free one was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this is served. Cheap; once a second is enough.
    pub fn update(&self, now: &Snapshot) {
        self.exported.update(now);
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, exported: Arc<Exported>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(timeout(CONNECTION_LIVES, serve(stream, Arc::clone(&exported))));
                }
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, exported: Arc<Exported>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&request, &exported);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever scrapes comes again.
    let _ = connection.await;
}

fn respond(request: &Request<Incoming>, exported: &Exported) -> Response<Full<Bytes>> {
    let answer = |status, kind: &'static str, body: String| {
        let response = Response::builder().status(status).header(CONTENT_TYPE, kind);
        response.body(Full::new(Bytes::from(body))).expect("the parts are constants")
    };
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => answer(StatusCode::OK, OPEN_METRICS, exported.render()),
        (&Method::GET | &Method::HEAD, _) => answer(StatusCode::NOT_FOUND, "text/plain", "/metrics\n".into()),
        _ => answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use souk_testkit::metrics::scrape;

    const ANY: &str = "127.0.0.1:0";

    #[tokio::test]
    async fn the_figures_of_the_last_snapshot_are_served() {
        let exporter = Exporter::start(ANY.parse().unwrap(), false).await.unwrap();
        let ack = Some(Quantiles { p50: 1.5, p99: 20.0, max: 300.0 });
        let first = Snapshot { intended: 7, sent: 6, cuts: 1, connected: 12, ack, ..Snapshot::default() };
        exporter.update(&first);
        let scraped = scrape(exporter.address()).await.unwrap();
        assert_eq!(scraped.sum("souk_loadtest_messages_intended_total"), Some(7.0));
        assert_eq!(scraped.sum("souk_loadtest_cuts_total"), Some(1.0));
        assert_eq!(scraped.sum("souk_loadtest_connected"), Some(12.0));
        let p99 = |text: &str| text.contains("souk_loadtest_ack_seconds{quantile=\"0.99\"} 0.02\n");
        assert!(p99(&exporter.exported.render()), "{}", exporter.exported.render());
        assert_eq!(scraped.sum("souk_loadtest_receive_seconds"), None);
        exporter.update(&Snapshot { intended: 9, ack: None, ..first });
        let scraped = scrape(exporter.address()).await.unwrap();
        assert_eq!(scraped.sum("souk_loadtest_messages_intended_total"), Some(9.0));
        assert_eq!(scraped.sum("souk_loadtest_ack_seconds"), None);
    }

    #[tokio::test]
    async fn a_port_that_is_taken_and_an_open_door_are_refused() {
        let first = Exporter::start(ANY.parse().unwrap(), false).await.unwrap();
        let again = Exporter::start(first.address(), false).await;
        assert!(matches!(again, Err(ExportError::Taken(address)) if address == first.address()));
        let open = "0.0.0.0:0".parse().unwrap();
        assert!(matches!(Exporter::start(open, false).await, Err(ExportError::NotLoopback(_))));
        assert!(Exporter::start(open, true).await.is_ok());
        let address = first.address();
        drop(first);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_ok() {
            assert!(tokio::time::Instant::now() < deadline, "it still listens");
        }
    }
}
