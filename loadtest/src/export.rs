//! `--prometheus`: the harness's own figures, while it runs, for whoever scrapes them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::recorder::Glance;
use crate::report::Quantiles;

/// Most connections at once; more wait in the system's backlog.
const CONNECTIONS_MAX: usize = 16;
/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Longest life of a connection.
const CONNECTION_LIVES: Duration = Duration::from_secs(60);
/// Pause after the system refused to accept.
const PAUSE: Duration = Duration::from_millis(100);
/// What is served.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Why nothing can be scraped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
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

/// The figures, as they are when somebody asks.
struct Figures<F>(F);

impl<F> fmt::Debug for Figures<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Figures")
    }
}

impl<F: Fn() -> Glance + Send + Sync + 'static> Collector for Figures<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Glance { totals, connected, second } = (self.0)();
        let all = |counts: &BTreeMap<String, u64>| counts.values().sum();
        for (name, help, count) in [
            ("messages_intended", "Messages whose moment came", totals.intended),
            ("messages_sent", "Messages written to a connection", totals.sent),
            ("messages_acknowledged", "Messages that were acknowledged", totals.acknowledged),
            ("messages_refused", "Messages that were refused", all(&totals.refused)),
            ("messages_received", "Messages that reached other devices", totals.received + totals.caught_up),
            ("sign_ins", "Connections that were signed in", totals.sign_ins),
            ("cuts", "Connections that ended without the harness's wish", all(&totals.cuts)),
            ("connect_failures", "Connections that did not come about", all(&totals.connect_failures)),
        ] {
            ConstCounter::new(count).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let help = "Devices that are connected and live";
        ConstGauge::new(connected).encode(encoder.encode_descriptor("connected", help, None, MetricType::Gauge)?)?;
        for (name, help, quantiles) in [
            ("ack", "From the planned moment to the acknowledgement, of late", second.ack),
            ("receive", "From the planned moment to another device, of late", second.receive),
        ] {
            let Some(Quantiles { p50, p99, max }) = quantiles else { continue };
            let mut family = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
            for (quantile, milliseconds) in [("0.5", p50), ("0.99", p99), ("1", max)] {
                let labels = [("quantile", quantile)];
                ConstGauge::new(milliseconds / 1_000.0).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// The endpoint. Ends when dropped.
pub(crate) struct Exporter {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Exporter {
    /// Serves `figures` at `/metrics` on `address`, on loopback only unless `outside` says that it is meant otherwise. Errors: it is
    /// not loopback, it is taken, the system refuses.
    pub(crate) async fn start(
        address: SocketAddr,
        outside: bool,
        figures: impl Fn() -> Glance + Send + Sync + 'static,
    ) -> Result<Self, ExportError> {
        if !address.ip().is_loopback() && !outside {
            return Err(ExportError::NotLoopback(address));
        }
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ExportError::Taken(address),
            _ => ExportError::Listen(address, error),
        };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let mut registry = Registry::with_prefix("souk_loadtest");
        registry.register_collector(Box::new(Figures(figures)));
        Ok(Self { address, task: tokio::spawn(accept(listener, Arc::new(registry))) })
    }

    /// Where it listens: the real port, if any free one was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, registry: Arc<Registry>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(timeout(CONNECTION_LIVES, serve(stream, Arc::clone(&registry))));
                }
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, registry: Arc<Registry>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(&request, &registry);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever scrapes comes again.
    let _ = connection.await;
}

fn respond(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    let answer = |status, kind: &'static str, body: String| {
        let response = Response::builder().status(status).header(CONTENT_TYPE, kind);
        response.body(Full::new(Bytes::from(body))).expect("the parts are constants")
    };
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/metrics") => {
            let mut text = String::new();
            encode(&mut text, registry).expect("a String takes everything");
            answer(StatusCode::OK, OPEN_METRICS, text)
        }
        (&Method::GET | &Method::HEAD, _) => answer(StatusCode::NOT_FOUND, "text/plain", "/metrics\n".into()),
        _ => answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use souk_testkit::metrics::scrape;

    const ANY: &str = "127.0.0.1:0";

    #[tokio::test]
    async fn the_figures_of_the_moment_are_served() {
        let now = Arc::new(Mutex::new(Glance::default()));
        let seen = Arc::clone(&now);
        let exporter = Exporter::start(ANY.parse().unwrap(), false, move || seen.lock().clone()).await.unwrap();
        {
            let mut now = now.lock();
            now.totals.intended = 7;
            now.totals.cuts = [("closed".to_owned(), 1), ("timeout".to_owned(), 2)].into();
            now.connected = 12;
            now.second.ack = Some(Quantiles { p50: 1.5, p99: 20.0, max: 300.0 });
        }
        let scraped = scrape(exporter.address()).await.unwrap();
        assert_eq!(scraped.sum("souk_loadtest_messages_intended_total"), Some(7.0));
        assert_eq!(scraped.sum("souk_loadtest_cuts_total"), Some(3.0));
        assert_eq!(scraped.sum("souk_loadtest_connected"), Some(12.0));
        assert!((scraped.sum("souk_loadtest_ack_seconds").unwrap() - 0.3215).abs() < 1e-9);
        assert_eq!(scraped.sum("souk_loadtest_receive_seconds"), None);
        let ask = souk_testkit::http::Ask::new("GET", "/metrics").header("connection", "close");
        let answer = souk_testkit::rest::Rest::new(exporter.address()).wanted(&ask, &[200]).await.unwrap();
        assert!(answer.text.contains("souk_loadtest_ack_seconds{quantile=\"0.99\"} 0.02\n"), "{}", answer.text);
    }

    #[tokio::test]
    async fn a_port_that_is_taken_and_an_open_door_are_refused() {
        let first = Exporter::start(ANY.parse().unwrap(), false, Glance::default).await.unwrap();
        let again = Exporter::start(first.address(), false, Glance::default).await;
        assert!(matches!(again, Err(ExportError::Taken(address)) if address == first.address()));
        let open = "0.0.0.0:0".parse().unwrap();
        assert!(matches!(Exporter::start(open, false, Glance::default).await, Err(ExportError::NotLoopback(_))));
        assert!(Exporter::start(open, true, Glance::default).await.is_ok());
        let address = first.address();
        drop(first);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_ok() {
            assert!(tokio::time::Instant::now() < deadline, "it still listens");
        }
    }
}
