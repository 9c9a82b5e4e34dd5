//! Free addresses of loopback.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use rand::RngExt;

/// The first port that is tried, and the last: below those that the system gives to outgoing connections, of which a run has
/// thousands, and one of them could hold the port of a server that is away.
const PORTS: std::ops::Range<u16> = 12_000..20_000;
/// Ports that are tried before the system may choose.
const TRIES: usize = 64;

/// Loopback addresses on which nobody listens now, all different; no two calls of one process soon give the same.
pub fn free_addresses(count: usize) -> io::Result<Vec<SocketAddr>> {
    /// Counts from a random place, so that processes differ.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let random = rand::rng().random_range(1..=u16::MAX);
    let _ = NEXT.compare_exchange(0, random, Ordering::Relaxed, Ordering::Relaxed);
    let next = || PORTS.start + NEXT.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start);
    // Held until all are found.
    let mut held: Vec<TcpListener> = Vec::with_capacity(count);
    while held.len() < count {
        let own = (0..TRIES).find_map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, next())).ok());
        held.push(own.map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok)?);
    }
    held.iter().map(TcpListener::local_addr).collect()
}

/// One such address.
pub fn free_address() -> io::Result<SocketAddr> {
    free_addresses(1).map(|mut one| one.remove(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_free_and_different() {
        let addresses = free_addresses(8).unwrap();
        let different: std::collections::BTreeSet<_> = addresses.iter().collect();
        assert_eq!(different.len(), 8);
        assert!(addresses.iter().all(|address| TcpListener::bind(address).is_ok()));
    }
}
