//! A wire that can be made to fail: a TCP proxy with faults, in front of one server or of several that stand in for each other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// Chunks that wait in one direction of one connection.
const CHUNKS: usize = 1_024;
/// Largest chunk, in bytes.
const CHUNK: usize = 16 * 1024;
/// Most bytes that a listening proxy keeps; a test that brings more has shown nothing and fails.
const HEARD_MAX: usize = 64 * 1024 * 1024;

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

/// A proxy. Ends when dropped, with all its connections.
pub struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    wire: Arc<Wire>,
    task: tokio::task::JoinHandle<()>,
}

struct Wire {
    servers: Vec<SocketAddr>,
    next: AtomicUsize,
    bites: AtomicU64,
    /// What came from the servers; `None`: nobody listens.
    heard: Option<Mutex<Vec<u8>>>,
}

impl Proxy {
    /// A proxy on a free port in front of `servers`. Connections go to them in turn; one that does not accept is passed over.
    pub async fn start(servers: Vec<SocketAddr>) -> Self {
        Self::start_with(servers, None).await
    }

    /// The same in front of one server, keeping every byte that comes from it: of a WebSocket, frames as they are.
    pub async fn listening(server: SocketAddr) -> Self {
        Self::start_with(vec![server], Some(Mutex::default())).await
    }

    async fn start_with(servers: Vec<SocketAddr>, heard: Option<Mutex<Vec<u8>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (fault, seen) = watch::channel(Fault::None);
        let wire = Arc::new(Wire { servers, next: AtomicUsize::new(0), bites: AtomicU64::new(0), heard });
        let task = tokio::spawn(accept(listener, address, Arc::clone(&wire), seen));
        Self { address, fault, wire, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What came from the server so far, over all connections. Panics where nobody listened.
    pub fn heard(&self) -> String {
        let heard = self.wire.heard.as_ref().expect("the proxy listens").lock();
        assert!(heard.len() < HEARD_MAX, "more came than was kept");
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// From now on this happens, also to connections that are open. The count of bites starts anew.
    pub fn set(&self, fault: Fault) {
        self.wire.bites.store(0, Ordering::SeqCst);
        self.fault.send_replace(fault);
    }

    /// How many chunks and connections the present fault has touched. A test asserts that its fault bit.
    pub fn bites(&self) -> u64 {
        self.wire.bites.load(Ordering::SeqCst)
    }

    /// Ends the present fault. Panics if it did nothing, for then the test has shown nothing.
    pub fn heal(&self) {
        let (bites, fault) = (self.bites(), *self.fault.borrow());
        assert!(bites > 0, "{fault:?} did not bite");
        self.set(Fault::None);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, address: SocketAddr, wire: Arc<Wire>, mut fault: watch::Receiver<Fault>) {
    let mut listener = Some(listener);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if *fault.borrow_and_update() == Fault::Down {
            listener = None;
            if fault.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = match &listener {
            Some(open) => open,
            None => match TcpListener::bind(address).await {
                Ok(bound) => listener.insert(bound),
                Err(_) => {
                    sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
        };
        tokio::select! {
            changed = fault.changed() => if changed.is_err() { return },
            accepted = open.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(connect(stream, Arc::clone(&wire), fault.clone()));
            },
        }
    }
}

async fn connect(client: TcpStream, wire: Arc<Wire>, fault: watch::Receiver<Fault>) {
    for _ in 0..wire.servers.len() {
        let server = wire.servers[wire.next.fetch_add(1, Ordering::Relaxed) % wire.servers.len()];
        let Ok(server) = TcpStream::connect(server).await else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        return carry(client, server, &wire, fault).await;
    }
    reset(&client);
}

/// Carries both ways until either end, or a fault, ends it.
async fn carry(client: TcpStream, server: TcpStream, wire: &Wire, fault: watch::Receiver<Fault>) {
    let resets = [SockRef::from(&client).try_clone(), SockRef::from(&server).try_clone()];
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let cut = tokio::select! {
        cut = direction(from_client, to_server, wire, fault.clone(), false) => cut,
        cut = direction(from_server, to_client, wire, fault.clone(), true) => cut,
        () = down(fault) => true,
    };
    if cut {
        wire.bites.fetch_add(1, Ordering::SeqCst);
        for socket in resets.into_iter().flatten() {
            let _ = socket.set_linger(Some(Duration::ZERO));
        }
    }
}

async fn down(mut fault: watch::Receiver<Fault>) {
    if fault.wait_for(|fault| *fault == Fault::Down).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// One direction; `true`: a fault cut it.
async fn direction(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    wire: &Wire,
    fault: watch::Receiver<Fault>,
    answers: bool,
) -> bool {
    let (chunks, queue) = mpsc::channel(CHUNKS);
    let read = async {
        let mut buffer = vec![0; CHUNK];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            if let Some(heard) = wire.heard.as_ref().filter(|_| answers) {
                let mut heard = heard.lock();
                let room = HEARD_MAX - heard.len();
                heard.extend_from_slice(&buffer[..count.min(room)]);
            }
            if chunks.send((Instant::now(), buffer[..count].to_vec())).await.is_err() {
                break;
            }
        }
        drop(chunks);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = read => false,
        cut = write(queue, to, wire, fault, answers) => cut,
    }
}

async fn write(
    mut queue: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut to: OwnedWriteHalf,
    wire: &Wire,
    mut fault: watch::Receiver<Fault>,
    answers: bool,
) -> bool {
    while let Some((at, chunk)) = queue.recv().await {
        loop {
            let now = *fault.borrow_and_update();
            // To a server that is mute everything goes.
            let now = if now == Fault::Mute && !answers { Fault::None } else { now };
            if now != Fault::None {
                wire.bites.fetch_add(1, Ordering::SeqCst);
            }
            let outcome = match now {
                Fault::BlackHole | Fault::Mute => {
                    // Kept until the fault changes.
                    if fault.changed().await.is_err() {
                        return true;
                    }
                    continue;
                }
                Fault::Reset | Fault::Down => return true,
                Fault::Latency(wait) => {
                    sleep_until(at + wait).await;
                    to.write_all(&chunk).await
                }
                Fault::Slice(size) => sliced(&mut to, &chunk, size).await,
                Fault::None => to.write_all(&chunk).await,
            };
            if outcome.is_err() {
                return false;
            }
            break;
        }
    }
    let _ = to.shutdown().await;
    false
}

async fn sliced(to: &mut OwnedWriteHalf, chunk: &[u8], size: usize) -> io::Result<()> {
    for slice in chunk.chunks(size.max(1)) {
        to.write_all(slice).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
