//! Where connections come from, and how fast from each place.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{BACKLOG, BURST};

/// Sources whose rate is remembered. The one that was heard of longest ago is forgotten first, and with it at most a second's worth of
/// handshakes: nobody wins by making a node forget them, since that takes so many other sources with as much to spend each.
const SOURCES_REMEMBERED: usize = 65_536;
/// Bits of an IPv6 address that tell one network of a customer from another.
const IPV6_BITS: u32 = 64;

/// Whom a bound per address is about: an IPv4 address, or the /64 of an IPv6 address, since a host may use all of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let mask = u128::MAX << (Ipv6Addr::BITS - IPV6_BITS);
                Ipv6Addr::from_bits(address.to_bits() & mask).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/{IPV6_BITS}"),
        }
    }
}

/// A token bucket, kept as the moment at which its next token is there: in the past while it is not empty. It holds the tokens of
/// [`BURST`], so short bursts are not delayed at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    next: Instant,
}

impl Bucket {
    /// A bucket that is full at `now`.
    pub(super) fn full(now: Instant) -> Self {
        Self { next: now.checked_sub(BURST).unwrap_or(now) }
    }

    /// How long until the next token is there.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// Takes the next token, there already or not. `each`: the time in which a token comes.
    pub(super) fn take(&mut self, now: Instant, each: Duration) {
        self.next = self.next.max(Self::full(now).next) + each;
    }

    /// Puts a token back that was taken and not used.
    pub(super) fn give_back(&mut self, each: Duration) {
        self.next = self.next.checked_sub(each).unwrap_or(self.next);
    }
}

/// A rate for each source.
#[derive(Debug)]
pub(super) struct Pacer {
    each: Duration,
    buckets: Mutex<LruCache<Source, Bucket>>,
}

/// A token of a source, put back when dropped before it was [used](Token::used).
pub(super) struct Token<'a> {
    pacer: &'a Pacer,
    source: Source,
    used: bool,
}

impl Pacer {
    /// So many a second from each source; `None` for 0: no limit.
    pub(super) fn new(per_second: u32) -> Option<Self> {
        let remembered = NonZeroUsize::new(SOURCES_REMEMBERED).expect("the bound is a number above zero");
        let each = Duration::from_secs(1).checked_div(per_second)?;
        Some(Self { each, buckets: Mutex::new(LruCache::new(remembered)) })
    }

    /// Takes a token of `source`, and how long it is until it is there. `None`: that is longer than [`BACKLOG`], and nothing was
    /// taken.
    pub(super) fn take(&self, source: Source, now: Instant) -> Option<(Token<'_>, Duration)> {
        let mut buckets = self.buckets.lock();
        let bucket = buckets.get_or_insert_mut(source, || Bucket::full(now));
        let wait = bucket.wait(now);
        if wait > BACKLOG {
            return None;
        }
        bucket.take(now, self.each);
        Some((Token { pacer: self, source, used: false }, wait))
    }
}

impl Token<'_> {
    /// It is not put back.
    pub(super) fn used(mut self) {
        self.used = true;
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        if !self.used
            && let Some(bucket) = self.pacer.buckets.lock().get_mut(&self.source)
        {
            bucket.give_back(self.pacer.each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn an_ipv6_host_is_its_network_and_a_mapped_one_is_ipv4() {
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.7"), source("192.0.2.7"));
        assert_ne!(source("192.0.2.7"), source("192.0.2.8"));
        assert_eq!(source("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn each_source_has_a_burst_then_a_pace_then_nothing() {
        let pacer = Pacer::new(10).unwrap();
        let now = Instant::now() + Duration::from_secs(60);
        let take = |from: &str| pacer.take(source(from), now).map(|(token, wait)| (token.used(), wait).1);
        for _ in 0..=10 {
            assert_eq!(take("192.0.2.1"), Some(Duration::ZERO));
        }
        assert_eq!(take("192.0.2.1"), Some(Duration::from_millis(100)));
        assert_eq!(take("192.0.2.2"), Some(Duration::ZERO), "another source has a bucket of its own");
        let mut last = Duration::ZERO;
        while let Some(wait) = take("192.0.2.1") {
            assert!(wait > last && wait <= BACKLOG);
            last = wait;
        }
        assert!(Pacer::new(0).is_none());
    }

    #[test]
    fn a_token_that_was_not_used_is_there_for_the_next() {
        let pacer = Pacer::new(1).unwrap();
        let now = Instant::now() + Duration::from_secs(60);
        for _ in 0..1_000 {
            let (left, wait) = pacer.take(source("192.0.2.1"), now).unwrap();
            assert_eq!(wait, Duration::ZERO);
            drop(left);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_who_is_busy_is_not_forgotten() {
        let pacer = Pacer::new(1).unwrap();
        let now = Instant::now() + Duration::from_secs(60);
        let busy = source("192.0.2.1");
        let exhaust = |count: u32| (0..count).filter_map(|_| pacer.take(busy, now)).for_each(|(token, _)| token.used());
        exhaust(20);
        assert!(pacer.take(busy, now).is_none());
        for number in 0..2 * u32::try_from(SOURCES_REMEMBERED).unwrap() {
            let other = Source::from(IpAddr::from((10 << 24 | number).to_be_bytes()));
            pacer.take(other, now).unwrap().0.used();
            if number % 10_000 == 0 {
                assert!(pacer.take(busy, now).is_none(), "asking again and again keeps the count");
            }
        }
        assert_eq!(pacer.buckets.lock().len(), SOURCES_REMEMBERED);
        assert!(pacer.take(busy, now).is_none());
    }
}
