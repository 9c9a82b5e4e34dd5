//! How long a connection may take for what it does, until it is a socket or ends.
//!
//! A new connection, or one on which a request began to arrive, has [`HEAD_WITHIN`] for the head; an answer, from the head to the
//! moment the system has taken its last byte, has [`ANSWER_WITHIN`]; between requests a connection may be idle for as long as the operator says. hyper has one limit for the
//! first and the last of these, so this watches the stream instead: the first bytes after an answer begin the next head.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// How long the head of a request may take.
pub(super) const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long an answer may take, with the wait for a turn and the body of the request before it.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long what a client still sends is read after its request was answered without being read whole: a client that is cut off in
/// the middle of sending often does not read the answer.
const LINGER_WITHIN: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing came since the last answer.
    Idle,
    /// A head is on its way; the first one from the beginning.
    Head,
    /// A request is answered.
    Answering,
    /// The answer is whole, and some of it may wait for the client to take what came before it.
    Flushing,
    /// Everything was said.
    Lingering,
}

/// What a connection is doing, and since when.
#[derive(Debug)]
pub(super) struct Pace {
    now: Mutex<(Phase, Instant)>,
    keep_alive: Duration,
}

impl Pace {
    /// A connection that was just accepted. `keep_alive`: how long it may be idle.
    pub(super) fn new(keep_alive: Duration) -> Arc<Self> {
        Arc::new(Self { now: Mutex::new((Phase::Head, Instant::now())), keep_alive })
    }

    /// A head is whole.
    pub(super) fn answering(&self) {
        self.enter(Phase::Answering);
    }

    fn enter(&self, phase: Phase) {
        *self.now.lock() = (phase, Instant::now());
    }

    /// Nothing more is added to the answer.
    fn said(&self) {
        // Its time is counted from its request on.
        self.now.lock().0 = Phase::Flushing;
    }

    /// Nothing of what was written waits any more.
    fn flushed(&self) {
        if self.is(Phase::Flushing) {
            self.enter(Phase::Idle);
        }
    }

    fn is(&self, phase: Phase) -> bool {
        self.now.lock().0 == phase
    }

    /// Until when it may go on so.
    fn deadline(&self) -> Instant {
        let (phase, since) = *self.now.lock();
        since
            + match phase {
                Phase::Idle => self.keep_alive,
                Phase::Head => HEAD_WITHIN,
                Phase::Answering | Phase::Flushing => ANSWER_WITHIN,
                Phase::Lingering => LINGER_WITHIN,
            }
    }

    /// Drives a connection whose stream is [`Paced`] by this until it ends, or takes too long for what it does.
    pub(super) async fn hold(&self, connection: impl Future) {
        let mut connection = pin!(connection);
        let mut sleep = pin!(sleep_until(self.deadline()));
        poll_fn(|cx| {
            // What it does changes only while it is polled.
            if connection.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let deadline = self.deadline();
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            sleep.as_mut().poll(cx)
        })
        .await;
    }
}

/// A stream that tells its pace when a head begins, and when an answer is out.
#[derive(Debug)]
pub(super) struct Paced {
    stream: TcpStream,
    pace: Arc<Pace>,
}

impl Paced {
    pub(super) fn new(stream: TcpStream, pace: Arc<Pace>) -> Self {
        Self { stream, pace }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && self.pace.is(Phase::Idle) {
            self.pace.enter(Phase::Head);
        }
        read
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper asks for this once it has written all that it holds.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.pace.flushed();
        Poll::Ready(Ok(()))
    }

    /// Closes this side, then reads what the client still sends until it closes its own: closing with something unread would cut off
    /// the answer.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.pace.is(Phase::Lingering) {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.pace.enter(Phase::Lingering);
        }
        let mut scratch = [0; 4 * 1024];
        loop {
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// The body of a request, which tells whether all of it was read: what was not may be on its way, and is no next request.
#[derive(Debug)]
pub(super) struct Heard {
    body: Incoming,
    is_whole: Arc<AtomicBool>,
}

impl Heard {
    /// The body, and what tells whether it was read to its end: one that is empty was.
    pub(super) fn new(body: Incoming) -> (Self, Arc<AtomicBool>) {
        let is_whole = Arc::new(AtomicBool::new(body.is_end_stream()));
        (Self { body, is_whole: Arc::clone(&is_whole) }, is_whole)
    }
}

impl Body for Heard {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.is_whole.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. hyper lets go of it once it holds all of it: the connection is idle only after the client has taken it.
#[derive(Debug)]
pub(super) struct Said {
    body: Full<Bytes>,
    pace: Arc<Pace>,
}

impl Said {
    pub(super) fn new(body: Full<Bytes>, pace: Arc<Pace>) -> Self {
        Self { body, pace }
    }
}

impl Body for Said {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        self.pace.said();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use hyper::Response;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// More than the system takes in for both sides.
    const LARGE: usize = 32 * 1024 * 1024;
    /// Deadline of what should happen at once. Only a failing test waits for it.
    const SOON: Duration = Duration::from_secs(20);

    /// Waits, without time passing, until what else there is to do has led to this phase, or the connection has ended.
    async fn until(pace: &Pace, phase: Phase, connection: &tokio::task::JoinHandle<()>) {
        let reached = async {
            while !pace.is(phase) && !connection.is_finished() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, reached).await.expect("it comes to that");
    }

    #[tokio::test]
    async fn a_large_answer_is_not_cut_off_however_short_a_connection_may_be_idle() {
        for keep_alive in [Duration::ZERO, Duration::from_secs(75)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            let pace = Pace::new(keep_alive);
            let served = Arc::clone(&pace);
            let connection = tokio::spawn(async move {
                let answering = Arc::clone(&served);
                let service = service_fn(move |_| {
                    answering.answering();
                    let body = Said::new(Full::new(Bytes::from(vec![b'x'; LARGE])), Arc::clone(&answering));
                    async move { Ok::<_, Infallible>(Response::new(body)) }
                });
                let stream = TokioIo::new(Paced::new(stream, Arc::clone(&served)));
                let connection =
                    http1::Builder::new().header_read_timeout(None).keep_alive(false).serve_connection(stream, service);
                served.hold(connection).await;
            });
            client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            // Whatever is done before the client reads is done by now: its task waits for the client, or has given up.
            until(&pace, Phase::Flushing, &connection).await;
            let mut answer = Vec::new();
            tokio::time::timeout(SOON, client.read_to_end(&mut answer)).await.expect("it ends").unwrap();
            let head = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
            assert_eq!(answer.len() - head, LARGE, "idle for {keep_alive:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_its_time_until_its_last_byte_is_out_and_then_the_connection_is_idle() {
        let keep_alive = Duration::from_secs(5);
        let pace = Pace::new(keep_alive);
        let began = Instant::now();
        pace.answering();
        tokio::time::advance(Duration::from_secs(20)).await;
        drop(Said::new(Full::default(), Arc::clone(&pace)));
        assert_eq!(pace.deadline(), began + ANSWER_WITHIN, "it counts from the request on");
        pace.flushed();
        assert_eq!(pace.deadline(), Instant::now() + keep_alive);
        pace.answering();
        pace.flushed();
        assert_eq!(pace.deadline(), Instant::now() + ANSWER_WITHIN, "a part of it is out");
    }
}
