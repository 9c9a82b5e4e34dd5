//! A wire that can be made to fail: a TCP proxy with faults, in front of one server or of several that stand in for each other.
//! What servers say may be [tampered](Tamper) with.
//!
//! Thousands of connections fit through it: an idle one costs some 4 KiB, none of it a buffer, and two descriptors. Bytes are read
//! when they are there and written on at once; only what the other side does not take, or a fault holds back, is kept. Without a
//! fault no more than one chunk waits in a direction, so that a reader who stops reading is felt by the server. While a fault
//! holds a direction back, at most [`CHUNKS`] of at most [`CHUNK`] bytes wait in it.

mod carry;
mod listen;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// Chunks that wait in one direction of one connection while a fault holds them back; then no more is read.
pub const CHUNKS: usize = 1_024;
/// Largest chunk, in bytes.
pub const CHUNK: usize = 16 * 1024;
/// Most bytes that a listening proxy keeps.
pub const HEARD_MAX: usize = 64 * 1024 * 1024;
/// How long a server may take to accept a connection before the next one is tried.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Connections that may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).
pub const BACKLOG: u32 = 4_096;

/// What the wire does to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Every chunk arrives this much later; order and throughput stay.
    Latency(Duration),
    /// Nothing arrives and nothing ends. What was swallowed arrives when the fault is over, as retransmissions would.
    BlackHole,
    /// What comes from the server is held back, what goes to it arrives: answers of work that was done are late.
    Mute,
    /// Connections are reset at their next bytes.
    Reset,
    /// Bytes arrive in slices of this size.
    Slice(usize),
    /// Connections are reset at once, and new ones refused.
    Down,
}

/// What a proxy cannot do.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// There is no server to stand in front of.
    #[error("the proxy has no server behind it")]
    NoServers,
    /// No place to listen.
    #[error("the proxy cannot listen on {address}: {source}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it cannot.
        source: io::Error,
    },
    /// It was not started as one that listens.
    #[error("the proxy keeps nothing of what passes through it")]
    Deaf,
    /// More than [`HEARD_MAX`] came, so that what was kept is not everything.
    #[error("more came than a listening proxy keeps ({HEARD_MAX} bytes)")]
    HeardTooMuch,
}

/// Changes what a server says on one connection.
pub trait Tamper: Send {
    /// What is to be passed on of what came.
    fn take(&mut self, bytes: &[u8]) -> Vec<u8>;

    /// When to call [`release`](Self::release), where something is held back.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// What was held back and is to be passed on now; also asked for when nothing more comes. Empty: nothing, or not yet.
    fn release(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// Makes one for a new connection.
type Tampers = Box<dyn Fn() -> Box<dyn Tamper> + Send + Sync>;

/// A proxy. Ends when dropped, with all its connections.
pub struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    wire: Arc<Wire>,
    task: tokio::task::JoinHandle<()>,
}

/// What all connections share.
struct Wire {
    servers: Vec<SocketAddr>,
    next: AtomicUsize,
    bites: AtomicU64,
    open: AtomicUsize,
    tampers: Mutex<Option<Tampers>>,
    heard: Option<Mutex<Heard>>,
}

/// What came from the servers.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    too_much: bool,
}

impl Proxy {
    /// A proxy on a free port of 127.0.0.1 in front of `servers`. Connections go to them in turn; one that does not accept is
    /// passed over. Errors: no servers, no port.
    pub async fn start(servers: Vec<SocketAddr>) -> Result<Self, ProxyError> {
        Self::start_with(servers, None)
    }

    /// The same in front of one server, keeping every byte that comes from it: of a WebSocket, frames as they are.
    pub async fn listening(server: SocketAddr) -> Result<Self, ProxyError> {
        Self::start_with(vec![server], Some(Mutex::default()))
    }

    fn start_with(servers: Vec<SocketAddr>, heard: Option<Mutex<Heard>>) -> Result<Self, ProxyError> {
        if servers.is_empty() {
            return Err(ProxyError::NoServers);
        }
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let bound = listen::bind(any).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|source| ProxyError::Listen { address: any, source })?;
        let (fault, seen) = watch::channel(Fault::None);
        let wire = Arc::new(Wire {
            servers,
            next: AtomicUsize::new(0),
            bites: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            tampers: Mutex::new(None),
            heard,
        });
        let task = tokio::spawn(listen::accept(listener, address, Arc::clone(&wire), seen));
        Ok(Self { address, fault, wire, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that it carries now.
    pub fn open(&self) -> usize {
        self.wire.open.load(Ordering::Relaxed)
    }

    /// What came from the server so far, over all connections. Errors: it does not listen, or more came than it keeps.
    pub fn heard(&self) -> Result<Vec<u8>, ProxyError> {
        let heard = self.wire.heard.as_ref().ok_or(ProxyError::Deaf)?.lock();
        if heard.too_much { Err(ProxyError::HeardTooMuch) } else { Ok(heard.bytes.clone()) }
    }

    /// The present fault.
    pub fn fault(&self) -> Fault {
        *self.fault.borrow()
    }

    /// From now on this happens, also to connections that are open. The count of bites starts anew; the one of the fault before
    /// is returned.
    pub fn set(&self, fault: Fault) -> u64 {
        let bites = self.wire.bites.swap(0, Ordering::SeqCst);
        self.fault.send_replace(fault);
        bites
    }

    /// Ends the present fault. Panics if it did nothing, for then a test has shown nothing.
    pub fn heal(&self) {
        let fault = self.fault();
        assert!(self.set(Fault::None) > 0, "{fault:?} did not bite");
    }

    /// How many chunks and connections the present fault has touched. A fault that did not bite has shown nothing.
    pub fn bites(&self) -> u64 {
        self.wire.bites.load(Ordering::SeqCst)
    }

    /// From now on what servers say on a connection goes through what `tamper` makes. Connections that are open already stay as they
    /// are: nobody knows where in a frame they are.
    pub fn tamper(&self, tamper: impl Fn() -> Box<dyn Tamper> + Send + Sync + 'static) {
        *self.wire.tampers.lock() = Some(Box::new(tamper));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    fn bite(&self) {
        self.bites.fetch_add(1, Ordering::SeqCst);
    }

    fn hear(&self, bytes: &[u8]) {
        if let Some(heard) = &self.heard {
            let mut heard = heard.lock();
            let room = HEARD_MAX - heard.bytes.len();
            heard.too_much |= bytes.len() > room;
            heard.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

#[cfg(test)]
mod tests;
