//! The sliding window of sends per person, in the memory of one node.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;

use parking_lot::Mutex;
use souk_chat::id::UserId;
use souk_chat::limits::Quota;
use souk_chat::ports::Admission;
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::spread::place;

/// Independent parts of the table, so that few sends meet at one lock.
const SHARDS: usize = 16;
/// Most people whose sends one shard remembers. Beyond it sends are let through uncounted, and that is counted.
const PEOPLE_PER_SHARD: usize = 8_192;
/// A shard is swept when it has grown to this, and then to twice what was left.
const FIRST_SWEEP: usize = 64;
/// A shard that stays full is swept this often in a window, not for every new person.
const FULL_SWEEPS: u32 = 16;

/// The admitted sends of one person, oldest first: when, and a hash of the send's name. Two names of one person that meet in 64
/// bits within a window would count as one send, which harms nobody.
type Sends = VecDeque<(Instant, u64)>;

struct Shard {
    people: HashMap<UserId, Sends>,
    sweep_at: usize,
    /// No sweep before this.
    rest_until: Option<Instant>,
}

/// The windows of all people of a node.
pub(crate) struct Windows {
    quota: Quota,
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    metrics: Arc<Metrics>,
}

impl Windows {
    pub(crate) fn new(quota: Quota, metrics: Arc<Metrics>) -> Self {
        let shard = || Mutex::new(Shard { people: HashMap::new(), sweep_at: FIRST_SWEEP, rest_until: None });
        let shards = std::iter::repeat_with(shard).take(SHARDS).collect();
        Self { quota, shards, hasher: RandomState::new(), metrics }
    }

    /// Counts the send if the window has room; a counted name is let through again.
    pub(crate) fn admit(&self, user: &UserId, key: &str) -> Admission {
        let name = self.hasher.hash_one(key);
        let now = Instant::now();
        self.with_sends(user, now, |sends| {
            if sends.iter().any(|(_, known)| *known == name) {
                return Admission::Allowed { counted: false, repeated: false };
            }
            let quota = self.quota.messages as usize;
            if sends.len() < quota {
                sends.push_back((now, name));
                return Admission::Allowed { counted: true, repeated: false };
            }
            // The send that must leave before there is room: the oldest, unless more than the quota stand there.
            let (at, _) = sends[sends.len() - quota];
            Admission::Limited { retry_after: (at + self.quota.window).duration_since(now) }
        })
        .unwrap_or(Admission::Allowed { counted: false, repeated: false })
    }

    /// Remembers a send that somebody else admitted, so that a later decision here knows of it.
    pub(crate) fn note(&self, user: &UserId, key: &str) {
        let name = self.hasher.hash_one(key);
        let now = Instant::now();
        self.with_sends(user, now, |sends| {
            if sends.iter().any(|(_, known)| *known == name) {
                return;
            }
            if sends.len() >= self.quota.messages as usize {
                sends.pop_front();
            }
            sends.push_back((now, name));
        });
    }

    pub(crate) fn forgive(&self, user: &UserId, key: &str) {
        let name = self.hasher.hash_one(key);
        let mut shard = self.shard(user).lock();
        if let Some(sends) = shard.people.get_mut(user) {
            sends.retain(|(_, known)| *known != name);
        }
    }

    fn shard(&self, user: &UserId) -> &Mutex<Shard> {
        &self.shards[place(self.hasher.hash_one(user), SHARDS)]
    }

    /// Runs `f` on the person's sends of the last window; `None` when the table is full of other people.
    fn with_sends<T>(&self, user: &UserId, now: Instant, f: impl FnOnce(&mut Sends) -> T) -> Option<T> {
        let mut shard = self.shard(user).lock();
        if !shard.people.contains_key(user) {
            self.sweep_if_due(&mut shard, now);
            if shard.people.len() >= PEOPLE_PER_SHARD {
                self.metrics.limiter_overflowed.one();
                return None;
            }
        }
        let sends = shard.people.entry(user.clone()).or_default();
        while sends.front().is_some_and(|(at, _)| self.is_over(*at, now)) {
            sends.pop_front();
        }
        Some(f(sends))
    }

    /// Forgets people whose sends have all left the window. Each sweep is paid for by the people that came since the last.
    fn sweep_if_due(&self, shard: &mut Shard, now: Instant) {
        if shard.people.len() < shard.sweep_at || shard.rest_until.is_some_and(|until| now < until) {
            return;
        }
        shard.people.retain(|_, sends| sends.back().is_some_and(|(at, _)| !self.is_over(*at, now)));
        shard.sweep_at = (shard.people.len() * 2).clamp(FIRST_SWEEP, PEOPLE_PER_SHARD);
        let is_crowded = shard.people.len() * 2 > PEOPLE_PER_SHARD;
        shard.rest_until = is_crowded.then(|| now + self.quota.window / FULL_SWEEPS);
    }

    fn is_over(&self, at: Instant, now: Instant) -> bool {
        now.duration_since(at) >= self.quota.window
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn windows(messages: u32) -> Windows {
        Windows::new(Quota { messages, window: Duration::from_secs(60) }, Arc::default())
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn people_who_fell_silent_are_forgotten() {
        let windows = windows(3);
        for n in 0..20_000 {
            windows.admit(&user(&format!("u{n}")), "k");
        }
        tokio::time::advance(Duration::from_secs(61)).await;
        for n in 0..20_000 {
            windows.admit(&user(&format!("v{n}")), "k");
        }
        let known: usize = windows.shards.iter().map(|shard| shard.lock().people.len()).sum();
        assert!(known <= 20_000, "{known} people remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn more_people_than_the_table_holds_are_let_through_and_counted() {
        let windows = windows(1);
        for n in 0..SHARDS * PEOPLE_PER_SHARD * 2 {
            windows.admit(&user(&format!("u{n}")), "k");
        }
        assert!(windows.metrics.limiter_overflowed.get() > 0);
        let known: usize = windows.shards.iter().map(|shard| shard.lock().people.len()).sum();
        assert!(known <= SHARDS * PEOPLE_PER_SHARD);
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_admitted_counts_here() {
        let windows = windows(2);
        let ann = user("ann");
        for key in ["a", "b", "c"] {
            windows.note(&ann, key);
        }
        assert_eq!(windows.admit(&ann, "c"), Admission::Allowed { counted: false, repeated: false });
        assert_eq!(windows.admit(&ann, "d"), Admission::Limited { retry_after: Duration::from_secs(60) });
    }
}
