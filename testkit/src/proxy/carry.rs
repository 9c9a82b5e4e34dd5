//! Carrying the bytes of one connection.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{CHUNK, CHUNKS, Fault, Tamper, Wire};

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// One of the two sides ended it.
    Closed,
    /// A fault did.
    Cut,
}

/// Carries both ways until either end, or a fault, ends it.
pub(super) async fn carry(
    client: &TcpStream,
    server: &TcpStream,
    wire: &Wire,
    faults: watch::Receiver<Fault>,
    tamper: Option<Box<dyn Tamper>>,
) {
    let up = Direction::new(client, server, wire, faults.clone(), false, None);
    let down = Direction::new(server, client, wire, faults, true, tamper);
    let end = tokio::select! {
        end = up.run() => end,
        end = down.run() => end,
    };
    if end == End::Cut {
        wire.bite();
        for socket in [client, server] {
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
    }
}

/// Bytes that could not be written on at once.
struct Chunk {
    /// When they came.
    at: Instant,
    bytes: Vec<u8>,
    /// How many of them are written.
    written: usize,
}

/// One direction of one connection.
struct Direction<'a> {
    from: &'a TcpStream,
    to: &'a TcpStream,
    wire: &'a Wire,
    faults: watch::Receiver<Fault>,
    /// Whether it comes from the server.
    answers: bool,
    tamper: Option<Box<dyn Tamper>>,
    queue: VecDeque<Chunk>,
    /// Nothing more will come.
    ended: bool,
}

impl<'a> Direction<'a> {
    fn new(
        from: &'a TcpStream,
        to: &'a TcpStream,
        wire: &'a Wire,
        faults: watch::Receiver<Fault>,
        answers: bool,
        tamper: Option<Box<dyn Tamper>>,
    ) -> Self {
        Self { from, to, wire, faults, answers, tamper, queue: VecDeque::new(), ended: false }
    }

    async fn run(mut self) -> End {
        let mut before = Fault::None;
        loop {
            let fault = self.fault();
            let waits = !self.queue.is_empty();
            if fault != before && fault != Fault::None && (waits || self.ended) {
                // What came before the fault and is still here is touched by it.
                self.wire.bite();
            }
            before = fault;
            let held = fault == Fault::BlackHole;
            match fault {
                Fault::Down => return End::Cut,
                Fault::Reset if waits => return End::Cut,
                _ if self.ended && !waits && !held => {
                    let _ = SockRef::from(self.to).shutdown(Shutdown::Write);
                    return End::Closed;
                }
                _ => {}
            }
            let (from, to) = (self.from, self.to);
            let release = self.tamper.as_ref().and_then(|tamper| tamper.due());
            let step = tokio::select! {
                changed = self.faults.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return End::Cut,
                },
                _ = from.readable(), if !self.ended && has_room(fault, self.queue.len()) => self.read(),
                () = until(release), if release.is_some() => self.release(),
                () = writable(to, due(fault, self.queue.front())), if waits && !held => self.write(fault),
            };
            if step.is_err() {
                return End::Closed;
            }
            if matches!(fault, Fault::Slice(_)) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// What happens to this direction now. To a server that is mute everything goes; what comes from it is as in a black hole.
    fn fault(&mut self) -> Fault {
        match *self.faults.borrow_and_update() {
            Fault::Mute if self.answers => Fault::BlackHole,
            Fault::Mute => Fault::None,
            fault => fault,
        }
    }

    /// Takes what is there and writes it on, as far as it may and can be. Errors: the other side is gone.
    fn read(&mut self) -> io::Result<()> {
        // A fault that was set before these bytes were sent touches them, whichever of the two woke this task.
        let fault = self.fault();
        let mut scratch = [0; CHUNK];
        let bytes = match self.from.try_read(&mut scratch) {
            Ok(count @ 1..) => &scratch[..count],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Ok(_) | Err(_) => {
                self.ended = true;
                if fault == Fault::BlackHole {
                    self.wire.bite();
                }
                return self.release();
            }
        };
        if self.answers {
            self.wire.hear(bytes);
        }
        if fault != Fault::None {
            self.wire.bite();
        }
        let bytes = match &mut self.tamper {
            Some(tamper) => Cow::Owned(tamper.take(bytes)),
            None => Cow::Borrowed(bytes),
        };
        self.pass(fault, &bytes)
    }

    /// Writes at once what nothing holds back, and keeps the rest.
    fn pass(&mut self, fault: Fault, bytes: &[u8]) -> io::Result<()> {
        let mut written = 0;
        if fault == Fault::None && self.queue.is_empty() && !bytes.is_empty() {
            written = try_write(self.to, bytes)?;
        }
        if written < bytes.len() {
            self.queue.push_back(Chunk { at: Instant::now(), bytes: bytes[written..].to_vec(), written: 0 });
        }
        Ok(())
    }

    /// Lets go what is held back.
    fn release(&mut self) -> io::Result<()> {
        let Some(tamper) = &mut self.tamper else { return Ok(()) };
        let bytes = tamper.release();
        // Behind what waits; if nothing does, the loop writes it as it would anything that had to wait.
        if !bytes.is_empty() {
            self.queue.push_back(Chunk { at: Instant::now(), bytes, written: 0 });
        }
        Ok(())
    }

    /// Writes what has waited longest.
    fn write(&mut self, fault: Fault) -> io::Result<()> {
        if self.fault() != fault {
            return Ok(());
        }
        let Some(chunk) = self.queue.front_mut() else { return Ok(()) };
        let rest = &chunk.bytes[chunk.written..];
        let slice = if let Fault::Slice(size) = fault { size.max(1).min(rest.len()) } else { rest.len() };
        chunk.written += try_write(self.to, &rest[..slice])?;
        if chunk.written == chunk.bytes.len() {
            self.queue.pop_front();
            if self.queue.is_empty() {
                // Thousands of connections had a bad moment each; none keeps memory for it.
                self.queue = VecDeque::new();
            }
        }
        Ok(())
    }
}

/// Whether more may be read. A fault that holds bytes back swallows many, as a network would; without one, the reader's own pace
/// is the server's.
fn has_room(fault: Fault, waiting: usize) -> bool {
    match fault {
        Fault::Latency(_) | Fault::BlackHole => waiting < CHUNKS,
        _ => waiting == 0,
    }
}

fn due(fault: Fault, chunk: Option<&Chunk>) -> Option<Instant> {
    match (fault, chunk) {
        (Fault::Latency(wait), Some(chunk)) => Some(chunk.at + wait),
        _ => None,
    }
}

async fn until(moment: Option<Instant>) {
    if let Some(moment) = moment {
        sleep_until(moment).await;
    }
}

async fn writable(to: &TcpStream, due: Option<Instant>) {
    until(due).await;
    // An error shows when writing is tried.
    let _ = to.writable().await;
}

/// As much as the system takes, perhaps nothing.
fn try_write(to: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match to.try_write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}
