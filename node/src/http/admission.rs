//! Who may come in, and when (D14).
//!
//! Handshakes pass a token bucket. Over its rate they are delayed, since stock Socket.IO clients do not look at announced waits;
//! with more than [`BACKLOG`] of them waiting they are refused with 503 and a random `Retry-After`, which is cheaper than
//! everything after it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Longest time that a handshake is held back.
const BACKLOG: Duration = Duration::from_secs(10);
/// The bucket holds the handshakes of so much time: short bursts are not delayed at all.
const BURST: Duration = Duration::from_secs(1);

/// Bounds; 0: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Handshakes a second.
    pub handshakes_per_second: u32,
    /// Open connections.
    pub connections: usize,
    /// Open connections from one address.
    pub connections_per_ip: usize,
}

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The node has all the connections it may have.
    Full,
    /// This address has.
    FullForAddress,
    /// Too many handshakes wait.
    Backlog,
}

impl Refused {
    /// Its name in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "connections",
            Self::FullForAddress => "connections_per_ip",
            Self::Backlog => "handshakes_per_second",
        }
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub struct AdmissionCounters {
    /// Handshakes let in.
    pub admitted: AtomicU64,
    /// Handshakes held back first.
    pub delayed: AtomicU64,
    /// Refused: the node is full.
    pub full: AtomicU64,
    /// Refused: the address has all it may have.
    pub full_for_address: AtomicU64,
    /// Refused: too many wait.
    pub backlog: AtomicU64,
}

/// Lets connections in.
pub struct Admission {
    limits: Limits,
    /// When the next handshake may pass; in the past while the bucket is not empty.
    next: Mutex<Instant>,
    open: AtomicUsize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    counters: Arc<AdmissionCounters>,
}

/// A connection's place; given back when dropped.
pub struct Place {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Admission {
    /// Nobody is in yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            next: Mutex::new(Instant::now()),
            open: AtomicUsize::new(0),
            addresses: Mutex::default(),
            counters: Arc::default(),
        }
    }

    /// What was counted.
    pub fn counters(&self) -> &Arc<AdmissionCounters> {
        &self.counters
    }

    /// Open connections.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// A place for a connection from `address`; `None`: from a proxy, which brings many people.
    pub fn place(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, Refused> {
        let bound = self.limits.connections;
        if self.open.fetch_add(1, Ordering::Relaxed) >= bound && bound > 0 {
            self.open.fetch_sub(1, Ordering::Relaxed);
            self.counters.full.fetch_add(1, Ordering::Relaxed);
            return Err(Refused::Full);
        }
        let mut place = Place { admission: Arc::clone(self), address: None };
        let bound = self.limits.connections_per_ip;
        if bound > 0
            && let Some(address) = address
        {
            let mut addresses = self.addresses.lock();
            let count = addresses.entry(address).or_default();
            if *count >= bound {
                self.counters.full_for_address.fetch_add(1, Ordering::Relaxed);
                drop(addresses);
                return Err(Refused::FullForAddress);
            }
            *count += 1;
            place.address = Some(address);
        }
        Ok(place)
    }

    /// How long a handshake has to wait for its turn; its turn is taken by asking.
    pub fn turn(&self, now: Instant) -> Result<Duration, Refused> {
        if self.limits.handshakes_per_second == 0 {
            self.counters.admitted.fetch_add(1, Ordering::Relaxed);
            return Ok(Duration::ZERO);
        }
        let each = Duration::from_secs(1) / self.limits.handshakes_per_second;
        let mut next = self.next.lock();
        let full_bucket = now.checked_sub(BURST).unwrap_or(now);
        let mine = (*next).max(full_bucket);
        let wait = mine.saturating_duration_since(now);
        if wait > BACKLOG {
            self.counters.backlog.fetch_add(1, Ordering::Relaxed);
            return Err(Refused::Backlog);
        }
        *next = mine + each;
        self.counters.admitted.fetch_add(1, Ordering::Relaxed);
        if !wait.is_zero() {
            self.counters.delayed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(wait)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address {
            let mut addresses = self.admission.addresses.lock();
            if let Some(count) = addresses.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    addresses.remove(&address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_handshakes_are_spaced_then_refused() {
        let admission = Admission::new(Limits { handshakes_per_second: 10, ..Limits::default() });
        let now = Instant::now() + Duration::from_secs(60);
        for _ in 0..=10 {
            assert_eq!(admission.turn(now), Ok(Duration::ZERO));
        }
        assert_eq!(admission.turn(now), Ok(Duration::from_millis(100)));
        let mut last = Duration::ZERO;
        while let Ok(wait) = admission.turn(now) {
            assert!(wait > last && wait <= BACKLOG);
            last = wait;
        }
        assert_eq!(admission.turn(now), Err(Refused::Backlog));
        assert_eq!(admission.turn(now + BACKLOG), Ok(Duration::from_millis(100)), "time empties the backlog");
    }

    #[test]
    fn places_are_given_back() {
        let limits = Limits { connections: 3, connections_per_ip: 2, ..Limits::default() };
        let admission = Arc::new(Admission::new(limits));
        let (one, other): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let first = admission.place(Some(one)).expect("a place");
        let _second = admission.place(Some(one)).expect("a place");
        assert_eq!(admission.place(Some(one)).err(), Some(Refused::FullForAddress));
        assert!(admission.place(None).is_ok(), "a proxy is no address");
        let _third = admission.place(Some(other)).expect("a place");
        assert_eq!(admission.place(Some(other)).err(), Some(Refused::Full));
        assert_eq!(admission.place(None).err(), Some(Refused::Full), "a proxy counts as a connection");
        drop(first);
        assert!(admission.place(Some(one)).is_ok());
        assert_eq!(admission.open(), 2);
    }
}
