//! The task of one connection: reads, writes, and nothing else.
//!
//! It holds no buffer while nothing is under way: it waits until the socket is readable, reads into a scratch buffer of its
//! thread, and keeps only what is left of a frame that is not whole. Frames that wait together are written together.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::future::{Either, select};
use souk_protocol::Close;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::hub::{ConnectionHandle, Notice, Outgoing};

use super::context::SocketContext;
use super::driver::{Driver, Ended, Opening};
use super::frame::{self, FrameError, FrameReader, HEADER_BYTES_MAX, Incoming, MESSAGE_BYTES_MAX};

/// Bytes that a thread reads at once: a whole largest frame always fits behind what was kept.
const SCRATCH_BYTES: usize = MESSAGE_BYTES_MAX + HEADER_BYTES_MAX + 16 * 1024;
/// Frames handed to the system in one write.
const FRAMES_PER_WRITE: usize = 64;
/// How long the last frames may take to leave.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);
/// How long the other side may take to close after it was told.
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);
/// Reads in a row before other connections of the thread get their turn.
const READS_IN_A_ROW: usize = 8;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// Why the loop ended.
enum End {
    /// The other side closed, with this code if it said one.
    Theirs(Option<u16>),
    /// We do.
    Ours(Box<Ended>),
    /// The transport failed: nothing can be said any more.
    Broken,
}

/// A handle's place in the census. However the connection ends, it is given back, and nothing is pushed to the handle any more.
struct Entered {
    handle: Arc<ConnectionHandle>,
    context: Arc<SocketContext>,
    place: usize,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.handle.close();
        self.context.census.leave(self.place);
    }
}

struct Connection {
    stream: TcpStream,
    handle: Arc<ConnectionHandle>,
    driver: Driver,
    entered: Entered,
    context: Arc<SocketContext>,
    reader: FrameReader,
    /// Bytes of a frame that is not whole, or of frames not taken because the session was busy.
    kept: Vec<u8>,
    /// Of the latter kind: they are taken as soon as the session is not busy, whether or not more comes.
    held: bool,
    /// Frames being written; the first may be partly out.
    writing: VecDeque<Bytes>,
    /// The peer has closed its side, or said so.
    theirs: Option<Option<u16>>,
}

/// Runs a connection to its end. `early`: bytes that came right behind the handshake. `keeps` is dropped at the end.
///
/// The connection is entered at once, the rest happens when the future is polled. This is no `async fn`, because that keeps all it was
/// given for as long as it runs: here the handshake's buffer behind `early`, and room for a second copy of everything.
pub fn run(
    stream: TcpStream,
    early: Bytes,
    opening: Opening,
    context: Arc<SocketContext>,
    keeps: impl Send + 'static,
) -> impl Future<Output = ()> + Send {
    let socket_io = matches!(opening, Opening::SocketIo(_));
    let handle = Arc::new(ConnectionHandle::new(context.census.number(), context.seconds()));
    let place = context.census.enter(Arc::clone(&handle), socket_io);
    let entered = Entered { handle: Arc::clone(&handle), context: Arc::clone(&context), place };
    let driver = Driver::open(opening, Arc::clone(&handle), Arc::clone(&context));
    let mut connection = Connection {
        stream,
        handle,
        driver,
        entered,
        context,
        reader: FrameReader::default(),
        held: !early.is_empty(),
        kept: early.to_vec(),
        writing: VecDeque::new(),
        theirs: None,
    };
    async move {
        let end = connection.live().await;
        // Nothing is pushed to it any more, and nobody counts on it, before the goodbye, which may take a moment.
        let last = connection.last_words(&end);
        drop(connection.entered);
        drop(connection.driver);
        if !matches!(end, End::Broken) {
            Box::pin(farewell(connection.stream, last)).await;
        }
        drop(keeps);
    }
}

impl Connection {
    async fn live(&mut self) -> End {
        loop {
            if self.held
                && !self.driver.is_busy()
                && let Err(error) = self.take_kept()
            {
                return self.breach(error);
            }
            if let Some(ended) = self.driver.ended() {
                return End::Ours(Box::new(ended.clone()));
            }
            if let Some(code) = self.theirs {
                return End::Theirs(code);
            }
            let (readable, outgoing) = self.wake().await;
            if let Some(outgoing) = outgoing {
                self.take_outgoing(outgoing);
            }
            if readable {
                match self.read() {
                    Ok(true) => {}
                    Ok(false) => return End::Broken,
                    Err(error) => return self.breach(error),
                }
                // What was just answered goes out in this round, with whatever else waits.
                if let Poll::Ready(outgoing) = poll_once(&self.handle, self.writing.is_empty()).await {
                    self.take_outgoing(outgoing);
                }
            }
            if !self.writing.is_empty() && self.write().is_err() {
                return End::Broken;
            }
        }
    }

    /// Waits until something can be read, written, or taken from the handle.
    async fn wake(&mut self) -> (bool, Option<Outgoing>) {
        let reads = !self.driver.is_busy();
        let writes = !self.writing.is_empty();
        poll_fn(|context| {
            // While frames wait for the socket the rest stays in the handle, where it is bounded; notices come all the same.
            let outgoing = match self.handle.poll_take(context, !writes) {
                Poll::Ready(outgoing) => Some(outgoing),
                Poll::Pending => None,
            };
            let readable = reads && self.stream.poll_read_ready(context).is_ready();
            let writable = writes && self.stream.poll_write_ready(context).is_ready();
            if readable || writable || outgoing.is_some() { Poll::Ready((readable, outgoing)) } else { Poll::Pending }
        })
        .await
    }

    fn take_outgoing(&mut self, outgoing: Outgoing) {
        if self.writing.is_empty() {
            self.writing = outgoing.frames;
        } else {
            self.writing.extend(outgoing.frames);
        }
        for notice in outgoing.notices {
            self.driver.notice(notice);
        }
    }

    /// Reads what is there. `false`: the other side is gone.
    fn read(&mut self) -> Result<bool, FrameError> {
        for _ in 0..READS_IN_A_ROW {
            let more = SCRATCH.with_borrow_mut(|scratch| {
                let kept = self.kept.len();
                scratch[..kept].copy_from_slice(&self.kept);
                match self.stream.try_read(&mut scratch[kept..]) {
                    Ok(0) => {
                        // A proxy may have closed it for a client that is long gone: a client that closes says so in a frame before.
                        self.handle.heard(self.context.seconds(), false);
                        self.theirs = Some(None);
                        Ok(None)
                    }
                    Ok(count) => {
                        self.handle.heard(self.context.seconds(), self.writing.is_empty());
                        self.take(&mut scratch[..kept + count])?;
                        // A read that did not fill the buffer emptied the socket.
                        Ok(Some(kept + count == SCRATCH_BYTES))
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Some(false)),
                    Err(_) => {
                        self.theirs = Some(None);
                        Ok(None)
                    }
                }
            })?;
            match more {
                None => return Ok(false),
                Some(true) if !self.driver.is_busy() => {}
                Some(_) => break,
            }
        }
        Ok(true)
    }

    /// The peer broke the rules of framing: on Socket.IO that is told in words too.
    fn breach(&mut self, error: FrameError) -> End {
        let close = match error {
            FrameError::Protocol(_) => Close::ProtocolError,
            FrameError::TooBig => Close::TooBig,
            FrameError::Utf8 => Close::BadUtf8,
        };
        self.driver.notice(Notice::Close(close));
        let ended = self.driver.ended().cloned();
        End::Ours(Box::new(ended.unwrap_or(Ended { close, why: close.text().into() })))
    }

    fn take_kept(&mut self) -> Result<(), FrameError> {
        let mut kept = std::mem::take(&mut self.kept);
        self.take(&mut kept)
    }

    /// Hands whole frames to the driver, keeps the rest.
    fn take(&mut self, bytes: &mut [u8]) -> Result<(), FrameError> {
        let (driver, theirs) = (&mut self.driver, &mut self.theirs);
        let mut texts = 0;
        let used = self.reader.read(bytes, |incoming| {
            match incoming {
                Incoming::Text(text) => {
                    texts += 1;
                    driver.text(text);
                }
                Incoming::Binary => driver.binary(),
                Incoming::Ping(payload) => driver.ping(payload),
                Incoming::Pong(payload) => driver.pong(payload),
                Incoming::Close(code) => *theirs = Some(code),
            }
            theirs.is_none() && driver.ended().is_none() && !driver.is_busy()
        });
        self.context.counters.frames_in.fetch_add(texts, Ordering::Relaxed);
        let used = used?;
        self.held = used < bytes.len() && self.driver.is_busy();
        if used < bytes.len() {
            self.kept = bytes[used..].to_vec();
        } else if self.kept.capacity() > 0 {
            self.kept = Vec::new();
        }
        Ok(())
    }

    /// Writes what waits, as far as the socket takes it.
    fn write(&mut self) -> io::Result<()> {
        while !self.writing.is_empty() {
            match self.write_once() {
                Ok(written) => {
                    let counters = &self.context.counters;
                    counters.writes.fetch_add(1, Ordering::Relaxed);
                    counters.bytes_out.fetch_add(written as u64, Ordering::Relaxed);
                    counters.frames_out.fetch_add(advance(&mut self.writing, written), Ordering::Relaxed);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        // An idle connection holds no buffer.
        self.writing = VecDeque::new();
        Ok(())
    }

    /// One write of what waits; a single frame, the common case, goes without a list.
    fn write_once(&self) -> io::Result<usize> {
        if let (Some(frame), 1) = (self.writing.front(), self.writing.len()) {
            return self.stream.try_write(frame);
        }
        let mut slices = [IoSlice::new(&[]); FRAMES_PER_WRITE];
        for (slice, frame) in slices.iter_mut().zip(&self.writing) {
            *slice = IoSlice::new(frame);
        }
        self.stream.try_write_vectored(&slices[..self.writing.len().min(FRAMES_PER_WRITE)])
    }

    /// Everything that is still to be said, in one piece: what waits, then the close frame.
    fn last_words(&mut self, end: &End) -> VecDeque<Bytes> {
        let mut last = std::mem::take(&mut self.writing);
        if let Poll::Ready(outgoing) =
            self.handle.poll_take(&std::task::Context::from_waker(std::task::Waker::noop()), true)
        {
            last.extend(outgoing.frames);
        }
        match end {
            End::Ours(ended) => {
                if ended.close == Close::SlowConsumer {
                    self.context.counters.slow_consumers.fetch_add(1, Ordering::Relaxed);
                }
                last.push_back(frame::encode_close(ended.close.number(), &ended.why).into());
            }
            End::Theirs(code) => last.push_back(frame::encode_close(code.unwrap_or(1000), "").into()),
            End::Broken => {}
        }
        last
    }
}

async fn poll_once(handle: &ConnectionHandle, frames: bool) -> Poll<Outgoing> {
    poll_fn(|context| Poll::Ready(handle.poll_take(context, frames))).await
}

/// Takes `written` bytes off the front. Returns how many frames are out whole by it.
fn advance(writing: &mut VecDeque<Bytes>, mut written: usize) -> u64 {
    let mut whole = 0;
    while let Some(frame) = writing.front_mut() {
        if frame.len() > written {
            frame.advance(written);
            break;
        }
        written -= frame.len();
        writing.pop_front();
        whole += 1;
    }
    whole
}

/// Says the last words, then waits a moment for the other side to close: a socket closed with unread bytes takes back what it said.
async fn farewell(mut stream: TcpStream, last: VecDeque<Bytes>) {
    let said = async {
        for frame in last {
            stream.write_all(&frame).await?;
        }
        stream.shutdown().await
    };
    let said = select(Box::pin(said), Box::pin(tokio::time::sleep(LAST_WORDS_WITHIN))).await;
    if !matches!(said, Either::Left((Ok(()), _))) {
        return;
    }
    drop(said);
    let drained = async {
        loop {
            if stream.readable().await.is_err() {
                return;
            }
            let ended = SCRATCH.with_borrow_mut(|scratch| match stream.try_read(scratch) {
                Ok(0) => true,
                Ok(_) => false,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            });
            if ended {
                return;
            }
        }
    };
    select(Box::pin(drained), Box::pin(tokio::time::sleep(FAREWELL_WITHIN))).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use souk_chat::limits::Quota;
    use souk_chat::{Actor, Role, Timestamp};
    use souk_protocol::{Error, dto};
    use tokio::net::TcpListener;

    use super::*;
    use crate::commands::{Announced, Commands};
    use crate::hub::rig::{Rig, user};
    use crate::session::{SignedIn, Verify};

    struct Nobody;

    impl Verify for Nobody {
        fn verify(&self, _: &str, _: Timestamp) -> Result<SignedIn, Error> {
            Err(Error::bad_request("no"))
        }
    }

    fn context(rig: &Rig) -> Arc<SocketContext> {
        let announced = Announced {
            quota: Quota::default(),
            reconnect: dto::ReconnectPolicy { min_ms: 1, max_ms: 2, factor: 2.0 },
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
        };
        let (chats, hub, delivery) = (Arc::clone(&rig.chats), Arc::clone(&rig.hub), Arc::clone(&rig.delivery));
        let runtime = Arc::clone(&rig.clock) as Arc<dyn souk_chat::ports::Runtime>;
        let commands = Arc::new(Commands::new(chats, Arc::clone(&hub), delivery, Arc::clone(&runtime), announced));
        Arc::new(SocketContext::new(hub, commands, Arc::new(Nobody), runtime, Arc::default(), 1))
    }

    /// How long after the start ann's device counts as having seen everything, when it says `last` ten seconds after it and closes.
    async fn seen_after(last: &[u8]) -> Duration {
        let rig = Rig::new().await;
        let start = souk_chat::ports::Runtime::monotonic(&*rig.clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let actor = Actor { user: user("ann"), role: Role::Client, name: None, locale: None };
        let signed_in = SignedIn { actor, expires_at: Timestamp(i64::MAX), good_until: Timestamp(i64::MAX) };
        let opening = Opening::Plain(Some((signed_in, "token".into())));
        let connection = run(stream, Bytes::new(), opening, context(&rig), ());
        rig.clock.pass(Duration::from_secs(10));
        client.write_all(last).await.unwrap();
        drop(client);
        connection.await;
        let (ends, _) = rig.hub.take_ends();
        assert_eq!(ends.len(), 1);
        Duration::from_secs(ends[0].sight.until.into()) - start
    }

    #[tokio::test]
    async fn a_stream_that_ends_without_a_word_shows_nothing_of_what_was_seen() {
        assert_eq!(seen_after(b"").await, Duration::ZERO, "a proxy may have ended it");
        assert_eq!(seen_after(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]).await, Duration::from_secs(10), "a close frame");
    }
}
