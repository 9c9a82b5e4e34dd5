//! The sliding windows of sends and repetitions per person, in the memory of one node.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;

use parking_lot::Mutex;
use souk_chat::id::UserId;
use souk_chat::limits::{Quota, SPAM_ORDERS, SPAM_REMEMBERED, SPAM_TIMES, SPAM_WINDOW};
use souk_chat::ports::{Admission, Attempt, Said};
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::spread::{number, place};

/// Independent parts of the table, so that few sends meet at one lock.
const SHARDS: usize = 16;
/// Most people whose sends one shard remembers. Beyond it sends are let through uncounted, and that is counted.
const PEOPLE_PER_SHARD: usize = 8_192;
/// A shard is swept when it has grown to this, and then to twice what was left.
const FIRST_SWEEP: usize = 64;
/// A shard that stays full is swept this often in a window, not for every new person.
const FULL_SWEEPS: u32 = 16;

/// What one person did, oldest first.
#[derive(Default)]
struct Person {
    /// When, and a hash of the send's name. Two names of one person that meet in 64 bits within a window would count as one
    /// send, which harms nobody.
    sends: VecDeque<(Instant, u64)>,
    said: VecDeque<Text>,
}

/// Something that was said.
#[derive(Clone, Copy)]
struct Text {
    at: Instant,
    form: u64,
    order: u64,
    name: u64,
}

impl Person {
    /// Whether `said` is one repetition too many, and whether it was counted before.
    fn repeats(&self, said: &Said<'_>) -> (bool, bool) {
        let order = number(said.order.as_str());
        let of_form = || self.said.iter().filter(|text| text.form == said.form);
        let is_known = of_form().any(|text| text.name == said.name && text.order == order);
        let here = of_form().filter(|text| text.order == order && text.name != said.name).count();
        let mut elsewhere: Vec<u64> = of_form().map(|text| text.order).filter(|other| *other != order).collect();
        elsewhere.sort_unstable();
        elsewhere.dedup();
        (here + 1 >= SPAM_TIMES || elsewhere.len() + 1 >= SPAM_ORDERS, is_known)
    }

    fn say(&mut self, said: &Said<'_>, at: Instant) {
        if self.said.len() >= SPAM_REMEMBERED {
            self.said.pop_front();
        }
        self.said.push_back(Text { at, form: said.form, order: number(said.order.as_str()), name: said.name });
    }
}

struct Shard {
    people: HashMap<UserId, Person>,
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

    /// Whether sends are limited.
    pub(crate) fn has_quota(&self) -> bool {
        self.quota.messages > 0
    }

    /// Counts the send if the window has room; a counted name is let through again.
    pub(crate) fn admit(&self, attempt: &Attempt<'_>) -> Admission {
        let name = self.hasher.hash_one(attempt.key);
        let now = Instant::now();
        self.with_person(attempt.user, now, |person| {
            let (repeats, is_known) = attempt.said.map_or((false, false), |said| person.repeats(&said));
            let refuses = attempt.said.is_some_and(|said| said.refuse);
            let repeated = repeats && !refuses;
            let quota = self.quota.messages as usize;
            if quota > 0 {
                if person.sends.iter().any(|(_, known)| *known == name) {
                    return Admission::Allowed { counted: false, repeated };
                }
                if person.sends.len() >= quota {
                    // The send that must leave before there is room: the oldest, unless more than the quota stand there.
                    let (at, _) = person.sends[person.sends.len() - quota];
                    return Admission::Limited { retry_after: (at + self.quota.window).duration_since(now) };
                }
            }
            if repeats && refuses && !is_known {
                return Admission::Repeated;
            }
            let new = attempt.said.filter(|_| !is_known);
            if let Some(said) = new {
                person.say(&said, now);
            }
            if quota > 0 {
                person.sends.push_back((now, name));
            }
            Admission::Allowed { counted: quota > 0 || new.is_some(), repeated }
        })
        .unwrap_or(Admission::Allowed { counted: false, repeated: false })
    }

    /// Remembers a send that somebody else admitted, so that a later decision here knows of it.
    pub(crate) fn note(&self, attempt: &Attempt<'_>) {
        let name = self.hasher.hash_one(attempt.key);
        let now = Instant::now();
        let quota = self.quota.messages as usize;
        self.with_person(attempt.user, now, |person| {
            if let Some(said) = attempt.said.filter(|said| !person.repeats(said).1) {
                person.say(&said, now);
            }
            if quota == 0 || person.sends.iter().any(|(_, known)| *known == name) {
                return;
            }
            if person.sends.len() >= quota {
                person.sends.pop_front();
            }
            person.sends.push_back((now, name));
        });
    }

    pub(crate) fn forgive(&self, attempt: &Attempt<'_>) {
        let name = self.hasher.hash_one(attempt.key);
        let mut shard = self.shard(attempt.user).lock();
        if let Some(person) = shard.people.get_mut(attempt.user) {
            person.sends.retain(|(_, known)| *known != name);
            if let Some(said) = attempt.said {
                person.said.retain(|text| (text.form, text.name) != (said.form, said.name));
            }
        }
    }

    fn shard(&self, user: &UserId) -> &Mutex<Shard> {
        &self.shards[place(self.hasher.hash_one(user), SHARDS)]
    }

    /// Runs `f` on what the person did within the windows; `None` when the table is full of other people.
    fn with_person<T>(&self, user: &UserId, now: Instant, f: impl FnOnce(&mut Person) -> T) -> Option<T> {
        let mut shard = self.shard(user).lock();
        if !shard.people.contains_key(user) {
            self.sweep_if_due(&mut shard, now);
            if shard.people.len() >= PEOPLE_PER_SHARD {
                self.metrics.limiter_overflowed.one();
                return None;
            }
        }
        let person = shard.people.entry(user.clone()).or_default();
        while person.sends.front().is_some_and(|(at, _)| self.is_over(*at, now)) {
            person.sends.pop_front();
        }
        while person.said.front().is_some_and(|text| is_forgotten(text.at, now)) {
            person.said.pop_front();
        }
        Some(f(person))
    }

    /// Forgets people whose sends have all left their windows; where it is crowded, also what those said who did not send within
    /// the quota's window. Each sweep is paid for by the people that came since the last.
    fn sweep_if_due(&self, shard: &mut Shard, now: Instant) {
        if shard.people.len() < shard.sweep_at || shard.rest_until.is_some_and(|until| now < until) {
            return;
        }
        let sends = |person: &Person| person.sends.back().is_some_and(|(at, _)| !self.is_over(*at, now));
        let speaks = |person: &Person| person.said.back().is_some_and(|text| !is_forgotten(text.at, now));
        shard.people.retain(|_, person| sends(person) || speaks(person));
        if shard.people.len() * 2 > PEOPLE_PER_SHARD {
            let spoke = |person: &Person| person.said.back().is_some_and(|text| !self.is_over(text.at, now));
            shard.people.retain(|_, person| sends(person) || spoke(person));
        }
        shard.sweep_at = (shard.people.len() * 2).clamp(FIRST_SWEEP, PEOPLE_PER_SHARD);
        let is_crowded = shard.people.len() * 2 > PEOPLE_PER_SHARD;
        shard.rest_until = is_crowded.then(|| now + self.quota.window / FULL_SWEEPS);
    }

    fn is_over(&self, at: Instant, now: Instant) -> bool {
        now.duration_since(at) >= self.quota.window
    }
}

fn is_forgotten(at: Instant, now: Instant) -> bool {
    now.duration_since(at) >= SPAM_WINDOW
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use souk_chat::id::OrderId;

    use super::*;

    fn windows(messages: u32) -> Windows {
        Windows::new(Quota { messages, window: Duration::from_secs(60) }, Arc::default())
    }

    fn attempt<'a>(user: &'a UserId, key: &'a str) -> Attempt<'a> {
        Attempt { user, key, said: None }
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn people_who_fell_silent_are_forgotten() {
        let windows = windows(3);
        for n in 0..20_000 {
            windows.admit(&attempt(&user(&format!("u{n}")), "k"));
        }
        tokio::time::advance(Duration::from_secs(61)).await;
        for n in 0..20_000 {
            windows.admit(&attempt(&user(&format!("v{n}")), "k"));
        }
        let known: usize = windows.shards.iter().map(|shard| shard.lock().people.len()).sum();
        assert!(known <= 20_000, "{known} people remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn more_people_than_the_table_holds_are_let_through_and_counted() {
        let windows = windows(1);
        for n in 0..SHARDS * PEOPLE_PER_SHARD * 2 {
            windows.admit(&attempt(&user(&format!("u{n}")), "k"));
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
            windows.note(&attempt(&ann, key));
        }
        assert_eq!(windows.admit(&attempt(&ann, "c")), Admission::Allowed { counted: false, repeated: false });
        assert_eq!(windows.admit(&attempt(&ann, "d")), Admission::Limited { retry_after: Duration::from_secs(60) });
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_said_is_forgotten_after_ten_minutes_and_bounded() {
        let windows = windows(0);
        let (ann, order) = (user("ann"), OrderId::new("o").unwrap());
        let say = |form, name| {
            let said = Said { order: &order, form, name, refuse: true };
            windows.admit(&Attempt { user: &ann, key: "k", said: Some(said) })
        };
        let counted = Admission::Allowed { counted: true, repeated: false };
        assert_eq!((say(1, 1), say(1, 2), say(1, 3)), (counted, counted, Admission::Repeated));
        tokio::time::advance(SPAM_WINDOW - Duration::from_millis(1)).await;
        assert_eq!(say(1, 3), Admission::Repeated);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!((say(1, 3), say(1, 4), say(1, 5)), (counted, counted, Admission::Repeated));
        for form in 0..10_000 {
            say(form, 9);
        }
        let said: usize =
            windows.shards.iter().map(|shard| shard.lock().people.values().map(|p| p.said.len()).sum::<usize>()).sum();
        assert_eq!(said, SPAM_REMEMBERED);
    }

    #[tokio::test(start_paused = true)]
    async fn where_it_is_crowded_the_silent_go_first() {
        let windows = windows(1);
        let order = OrderId::new("o").unwrap();
        let said = Some(Said { order: &order, form: 1, name: 1, refuse: true });
        for n in 0..SHARDS * PEOPLE_PER_SHARD / 2 {
            windows.admit(&Attempt { user: &user(&format!("u{n}")), key: "k", said });
        }
        tokio::time::advance(Duration::from_secs(120)).await;
        for n in 0..SHARDS * PEOPLE_PER_SHARD * 3 / 4 {
            windows.admit(&Attempt { user: &user(&format!("v{n}")), key: "k", said });
        }
        assert_eq!(windows.metrics.limiter_overflowed.get(), 0);
    }
}
