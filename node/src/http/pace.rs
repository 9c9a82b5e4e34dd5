//! How long a connection may take for what it does, until it is a socket or ends.
//!
//! A new connection, or one on which a request began to arrive, has [`HEAD_WITHIN`] for the head; an answer, from the head to its last
//! byte, has [`ANSWER_WITHIN`]; between requests a connection may be idle for as long as the operator says. hyper has one limit for the
//! first and the last of these, so this watches the stream instead: the first bytes after an answer begin the next head.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
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
                Phase::Answering => ANSWER_WITHIN,
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

/// A stream that tells its pace when a head begins.
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
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

/// The body of an answer. Once it is gone, written or given up, the connection is idle.
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
        self.pace.enter(Phase::Idle);
    }
}
