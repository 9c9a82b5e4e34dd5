//! How long to stay away: full jitter, in bounds that grow.

use std::time::Duration;

use souk_protocol::Reconnect;
use souk_protocol::dto::ReconnectPolicy;

use crate::error::ConnectError;
use crate::event::Disconnect;
use crate::limits::ANNOUNCED_WAIT;

/// What a client does until `hello` told the server's policy: up to 0.5 s, 1 s, 2 s … 30 s.
pub(crate) const POLICY: ReconnectPolicy = ReconnectPolicy { min_ms: 500, max_ms: 30_000, factor: 2.0 };

/// Random numbers that need not be secret, from a seed: splitmix64.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Any time from nothing to `most`, both included.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        // The high half of the product spreads evenly without a division.
        let share = (u128::from(self.next()) * (u128::from(nanos) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(share).unwrap_or(nanos))
    }
}

/// The waits between tries to connect: before try `n` = 0, 1, 2 … a random time between nothing and `min(maxMs, minMs × factorⁿ)`.
#[derive(Clone, Debug)]
pub struct Backoff {
    policy: ReconnectPolicy,
    tries: u32,
    dice: Dice,
}

impl Backoff {
    /// Waits by `policy`; the same seed gives the same waits.
    pub fn new(policy: ReconnectPolicy, seed: u64) -> Self {
        Self { policy, tries: 0, dice: Dice::new(seed) }
    }

    /// From now on by this policy.
    pub(crate) fn follow(&mut self, policy: ReconnectPolicy) {
        self.policy = policy;
    }

    /// The last connection was a good one: start with the shortest wait again.
    pub fn forget(&mut self) {
        self.tries = 0;
    }

    /// The bound of the next wait. A policy that makes no sense is bent to one that does.
    fn bound(&self) -> Duration {
        let ReconnectPolicy { min_ms, max_ms, factor } = self.policy;
        let longest = Duration::from_millis(max_ms.max(1)).min(ANNOUNCED_WAIT);
        let factor = if factor.is_finite() && factor >= 1.0 { factor } else { POLICY.factor };
        let grown = Duration::from_millis(min_ms.max(1)).as_secs_f64() * factor.powf(f64::from(self.tries));
        Duration::try_from_secs_f64(grown).unwrap_or(longest).min(longest)
    }

    /// How long to stay away after this; `None`: for good, with the same token and behaviour.
    pub fn after(&mut self, why: &Disconnect) -> Option<Duration> {
        let (class, announced) = match why {
            Disconnect::Token(_) => (Reconnect::AfterWait, None),
            Disconnect::Connect(ConnectError::Closed(reason)) | Disconnect::Closed(reason) => {
                (reason.reconnect(), reason.reconnect_after())
            }
            Disconnect::Connect(error) if error.heals() => (Reconnect::AfterWait, error.retry_after()),
            Disconnect::Connect(_) => (Reconnect::Never, None),
        };
        (class != Reconnect::Never).then(|| self.wait(class, announced))
    }

    /// How long to wait before the next try after an end of this class. An announced wait is kept in full, and the random one is
    /// added: others were told the same. Who may come back at once does so once; when that did not help, it waits as well.
    pub(crate) fn wait(&mut self, class: Reconnect, announced: Option<Duration>) -> Duration {
        let bound = self.bound();
        let first = self.tries == 0;
        self.tries = self.tries.saturating_add(1);
        match announced {
            Some(announced) => announced.min(ANNOUNCED_WAIT) + self.dice.up_to(bound),
            None if class == Reconnect::AtOnce && first => Duration::ZERO,
            None => self.dice.up_to(bound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(seed: u64) -> Backoff {
        Backoff::new(ReconnectPolicy { min_ms: 100, max_ms: 1_000, factor: 2.0 }, seed)
    }

    #[test]
    fn waits_fill_their_growing_bounds_and_no_more() {
        let mut most = [Duration::ZERO; 7];
        let mut least = [Duration::MAX; 7];
        for seed in 0..2_000 {
            let mut backoff = backoff(seed);
            for n in 0..most.len() {
                let wait = backoff.wait(Reconnect::AfterWait, None);
                (most[n], least[n]) = (most[n].max(wait), least[n].min(wait));
            }
        }
        for (n, bound) in [100, 200, 400, 800, 1_000, 1_000, 1_000].into_iter().enumerate() {
            let bound = Duration::from_millis(bound);
            assert!(most[n] <= bound && most[n] > bound.mul_f64(0.99), "try {n}: {:?} of {bound:?}", most[n]);
            assert!(least[n] < bound.mul_f64(0.01), "try {n}: {:?}", least[n]);
        }
    }

    #[test]
    fn one_seed_gives_one_sequence() {
        let waits = |seed| {
            let mut backoff = backoff(seed);
            (0..20).map(|_| backoff.wait(Reconnect::AfterWait, None)).collect::<Vec<_>>()
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    #[test]
    fn at_once_is_at_once_only_once() {
        let mut tries = backoff(1);
        assert_eq!(tries.wait(Reconnect::AtOnce, None), Duration::ZERO);
        assert!((0..20).any(|_| tries.wait(Reconnect::AtOnce, None) > Duration::ZERO));
        tries.forget();
        assert_eq!(tries.wait(Reconnect::AtOnce, None), Duration::ZERO);
    }

    #[test]
    fn an_announced_wait_is_kept() {
        for seed in 0..200 {
            let wait = backoff(seed).wait(Reconnect::AfterWait, Some(Duration::from_secs(3)));
            assert!((3_000..=3_100).contains(&wait.as_millis()), "{wait:?}");
        }
        let forever = backoff(1).wait(Reconnect::AfterWait, Some(Duration::MAX));
        assert!(forever <= ANNOUNCED_WAIT + Duration::from_secs(1));
    }

    #[test]
    fn a_mad_policy_is_bent() {
        for (min_ms, max_ms, factor) in [(0, 0, 0.0), (u64::MAX, 5, f64::NAN), (1, u64::MAX, f64::INFINITY)] {
            let mut backoff = Backoff::new(ReconnectPolicy { min_ms, max_ms, factor }, 3);
            for _ in 0..1_000 {
                assert!(backoff.wait(Reconnect::AfterWait, None) <= ANNOUNCED_WAIT);
            }
        }
    }
}
