//! Accepting, and finding a server for who was accepted.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::carry::carry;
use super::{BACKLOG, CONNECT_WITHIN, Fault, Wire};
use crate::socket::connect_from;

/// Pause after the system refused to listen or to accept, so that a lack of descriptors is not a busy loop.
const PAUSE: Duration = Duration::from_millis(10);

/// Listens. A port that a listener had just before can be had again.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts until dropped; then every connection ends, too.
pub(super) async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    wire: Arc<Wire>,
    mut fault: watch::Receiver<Fault>,
) {
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
            None => match bind(address) {
                Ok(bound) => listener.insert(bound),
                Err(_) => {
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        tokio::select! {
            changed = fault.changed() => if changed.is_err() { return },
            accepted = open.accept() => match accepted {
                Ok((stream, from)) => {
                    connections.spawn(connect(stream, from, Arc::clone(&wire), fault.clone()));
                }
                Err(_) => sleep(PAUSE).await,
            },
        }
    }
}

/// One connection's life.
pub(super) async fn connect(client: TcpStream, from: SocketAddr, wire: Arc<Wire>, fault: watch::Receiver<Fault>) {
    for _ in 0..wire.servers.len() {
        let server = wire.servers[wire.next.fetch_add(1, Ordering::Relaxed) % wire.servers.len()];
        let Ok(Ok(server)) = timeout(CONNECT_WITHIN, reach(server, from)).await else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let tamper = wire.tampers.lock().as_ref().map(|tamper| tamper());
        let open = Open::new(&wire);
        carry(&client, &server, &wire, fault, tamper).await;
        drop(open);
        return;
    }
    let _ = SockRef::from(&client).set_linger(Some(Duration::ZERO));
}

/// Connects from the address of loopback that the client has, so that a server that counts connections by address counts as it
/// would without a proxy, and ports do not run out. What comes from 127.0.0.1 leaves the choice to the system.
async fn reach(server: SocketAddr, from: SocketAddr) -> io::Result<TcpStream> {
    let usual = SocketAddr::from(([127, 0, 0, 1], 0)).ip();
    if !server.is_ipv4() || !server.ip().is_loopback() || !from.ip().is_loopback() || from.ip() == usual {
        return TcpStream::connect(server).await;
    }
    connect_from(from.ip(), server).await
}

/// Counts a connection while it lives, however it ends.
struct Open<'a>(&'a Wire);

impl<'a> Open<'a> {
    fn new(wire: &'a Wire) -> Self {
        wire.open.fetch_add(1, Ordering::Relaxed);
        Self(wire)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
