//! A proxy in front of a CQL cluster that counts requests and, when told to, passes one batch on and cuts its answer off, lets
//! nobody through, or swallows everything.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
#![allow(unreachable_pub, reason = "a module of a test program is reached by that program alone")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Bytes of a frame's header in version 4 of the protocol: version, flags, stream, opcode, length.
const HEADER: usize = 9;
const EXECUTE: u8 = 0x0A;
const BATCH: u8 = 0x0D;
/// No stream has this number.
const NOTHING: i32 = i32::MIN;

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They go on.
    Open,
    /// They are ended, and new ones refused.
    Refused,
    /// Nothing that is sent arrives, and nothing ends.
    Hole,
}

struct Fault {
    way: watch::Sender<Way>,
    armed: AtomicBool,
    cut: AtomicUsize,
    executed: AtomicUsize,
}

/// The proxy; it ends when dropped.
pub struct Proxy {
    /// Where it listens, in the place of each server.
    pub addresses: Vec<SocketAddr>,
    fault: Arc<Fault>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens at one port on the address of every server: a driver finds the others at the port it used for the first.
    pub async fn before(servers: &[SocketAddr]) -> Self {
        let fault = Arc::new(Fault {
            way: watch::Sender::new(Way::Open),
            armed: AtomicBool::default(),
            cut: AtomicUsize::default(),
            executed: AtomicUsize::default(),
        });
        let mut tasks = JoinSet::new();
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for server in servers {
            let port = addresses.first().map_or(0, SocketAddr::port);
            let listener = TcpListener::bind(SocketAddr::new(server.ip(), port)).await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            tasks.spawn(accept(listener, *server, fault.clone()));
        }
        Self { addresses, fault, _tasks: tasks }
    }

    /// From now on connections fare like this.
    pub fn set(&self, way: Way) {
        self.fault.way.send_replace(way);
    }

    /// The answer to the next batch is lost, and its connection with it.
    pub fn lose_the_next_answer(&self) {
        self.fault.armed.store(true, Ordering::SeqCst);
    }

    /// How many answers were lost.
    pub fn lost(&self) -> usize {
        self.fault.cut.load(Ordering::SeqCst)
    }

    /// How many prepared statements were sent, outside of batches.
    pub fn executed(&self) -> usize {
        self.fault.executed.load(Ordering::SeqCst)
    }
}

async fn accept(mut listener: TcpListener, server: SocketAddr, fault: Arc<Fault>) {
    let (address, mut way) = (listener.local_addr().unwrap(), fault.way.subscribe());
    let mut connections = JoinSet::new();
    loop {
        let client = tokio::select! {
            accepted = listener.accept() => accepted.unwrap().0,
            () = until(&mut way, |way| way == Way::Refused) => {
                drop(listener);
                connections = JoinSet::new();
                until(&mut way, |way| way != Way::Refused).await;
                listener = TcpListener::bind(address).await.unwrap();
                continue;
            }
        };
        let server = TcpStream::connect(server).await.unwrap();
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let doomed = Arc::new(AtomicI32::new(NOTHING));
        let (fault, there) = (fault.clone(), doomed.clone());
        connections.spawn(async move {
            // Whichever side ends first, both are closed.
            tokio::select! {
                () = requests(from_client, to_server, &fault, &there) => {}
                () = answers(from_server, to_client, &fault, &doomed) => {}
            }
        });
    }
}

async fn until(way: &mut watch::Receiver<Way>, wanted: impl Fn(Way) -> bool) {
    way.wait_for(|way| wanted(*way)).await.map(drop).unwrap();
}

impl Fault {
    /// Waits where everything is swallowed, for ever: what fell into a hole does not come back.
    async fn pass(&self) {
        if *self.way.borrow() == Way::Hole {
            std::future::pending::<()>().await;
        }
    }
}

async fn frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut frame = vec![0; HEADER];
    from.read_exact(&mut frame).await.ok()?;
    let length = u32::from_be_bytes(frame[5..HEADER].try_into().unwrap());
    frame.resize(HEADER + usize::try_from(length).unwrap(), 0);
    from.read_exact(&mut frame[HEADER..]).await.ok()?;
    Some(frame)
}

fn stream(frame: &[u8]) -> i32 {
    i32::from(i16::from_be_bytes([frame[2], frame[3]]))
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, fault: &Fault, doomed: &AtomicI32) {
    while let Some(frame) = frame(&mut from).await {
        if frame[4] == BATCH && fault.armed.swap(false, Ordering::SeqCst) {
            doomed.store(stream(&frame), Ordering::SeqCst);
        }
        if frame[4] == EXECUTE {
            fault.executed.fetch_add(1, Ordering::SeqCst);
        }
        fault.pass().await;
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, fault: &Fault, doomed: &AtomicI32) {
    while let Some(frame) = frame(&mut from).await {
        if stream(&frame) == doomed.load(Ordering::SeqCst) {
            fault.cut.fetch_add(1, Ordering::SeqCst);
            return;
        }
        fault.pass().await;
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}
