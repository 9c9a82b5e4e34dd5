use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use souk_chat::id::UserId;
use tokio::sync::Notify;

use crate::metrics::Metrics;

/// People who left and whose absence is not written yet. Beyond it the node takes a lease of a new name, under which nothing stands.
const ABSENT_MAX: usize = 65_536;
/// People who left and whose end is not dealt with yet. Beyond it nobody answers for who leaves.
const ENDED_MAX: usize = 65_536;

#[derive(Default)]
struct Inner {
    counts: HashMap<UserId, u32>,
    /// Who left and was not released yet: the node still answers for them.
    ended: HashSet<UserId>,
    /// Whose count is to be written, each once, in the order it changed.
    changed: HashSet<UserId>,
    queue: VecDeque<UserId>,
    lease: Arc<str>,
    /// The lease before, when it was given up for a new name and is to be removed.
    former: Option<Arc<str>>,
    has_left: bool,
}

/// Who is connected to this node, and what of it the server was not told yet.
pub(super) struct People {
    node: String,
    inner: Mutex<Inner>,
    metrics: Arc<Metrics>,
    /// There is something to write.
    pub(super) some: Notify,
}

/// What is true of a person on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// They have so many devices.
    Here(u32),
    /// They have none, and the node still answers for them.
    Ended,
    /// Nothing.
    Gone,
}

/// What to write, and the lease it belongs to.
pub(super) struct Changes {
    pub(super) lease: Arc<str>,
    pub(super) states: Vec<(UserId, State)>,
}

/// A name that no other incarnation of the node has: what a crashed one left behind never comes alive again.
fn fresh_lease(node: &str) -> Arc<str> {
    format!("{node}~{:016x}", rand::random::<u64>()).into()
}

impl People {
    pub(super) fn new(node: &str, metrics: Arc<Metrics>) -> Self {
        let inner = Inner { lease: fresh_lease(node), ..Inner::default() };
        Self { node: node.to_owned(), inner: Mutex::new(inner), metrics, some: Notify::new() }
    }

    pub(super) fn set(&self, user: &UserId, devices: u32) {
        let mut inner = self.inner.lock();
        if inner.has_left {
            return;
        }
        let before = match devices {
            0 => inner.counts.remove(user),
            _ => inner.counts.insert(user.clone(), devices),
        };
        if before.unwrap_or(0) == devices {
            return;
        }
        self.metrics.people.set(inner.counts.len() as u64);
        if devices > 0 {
            inner.ended.remove(user);
        } else if inner.ended.len() < ENDED_MAX {
            inner.ended.insert(user.clone());
        }
        inner.change(user);
        if inner.changed.len() > inner.counts.len() + ABSENT_MAX {
            let former = std::mem::replace(&mut inner.lease, fresh_lease(&self.node));
            // Of several given up before one was removed, only the first was ever written.
            inner.former.get_or_insert(former);
            inner.changed.clear();
            inner.queue.clear();
            // Whoever finds the former lease looks after them.
            inner.ended.clear();
            inner.change_all();
        }
        drop(inner);
        self.some.notify_one();
    }

    /// The node does not answer for `user` any more, unless they are here.
    pub(super) fn release(&self, user: &UserId) {
        let mut inner = self.inner.lock();
        if inner.ended.remove(user) {
            inner.change(user);
            drop(inner);
            self.some.notify_one();
        }
    }

    pub(super) fn is_here(&self, user: &UserId) -> bool {
        self.inner.lock().counts.contains_key(user)
    }

    /// Everybody is to be written again.
    pub(super) fn assert_all(&self) {
        self.inner.lock().change_all();
        self.some.notify_one();
    }

    /// The lease's name, and the former one that is to be removed.
    pub(super) fn lease(&self) -> (Arc<str>, Option<Arc<str>>) {
        let inner = self.inner.lock();
        (inner.lease.clone(), inner.former.clone())
    }

    /// The former lease was removed.
    pub(super) fn removed(&self, former: &str) {
        let mut inner = self.inner.lock();
        if inner.former.as_deref() == Some(former) {
            inner.former = None;
        }
    }

    /// The next states to write, at most `most`.
    pub(super) fn take(&self, most: usize) -> Changes {
        let mut inner = self.inner.lock();
        let Inner { counts, ended, changed, queue, .. } = &mut *inner;
        let state = |user: &UserId| match counts.get(user) {
            Some(devices) => State::Here(*devices),
            None if ended.contains(user) => State::Ended,
            None => State::Gone,
        };
        let next = queue.drain(..most.min(queue.len()));
        let states: Vec<(UserId, State)> = next.map(|user| (user.clone(), state(&user))).collect();
        for (user, _) in &states {
            changed.remove(user);
        }
        Changes { lease: inner.lease.clone(), states }
    }

    /// These were not written.
    pub(super) fn put_back(&self, changes: Changes) {
        let mut inner = self.inner.lock();
        if inner.lease != changes.lease {
            return;
        }
        for (user, _) in &changes.states {
            inner.change(user);
        }
    }

    /// Nothing is set any more.
    pub(super) fn leave(&self) {
        let mut inner = self.inner.lock();
        *inner = Inner { lease: inner.lease.clone(), former: inner.former.take(), has_left: true, ..Inner::default() };
        self.metrics.people.set(0);
    }

    pub(super) fn has_left(&self) -> bool {
        self.inner.lock().has_left
    }
}

impl Inner {
    fn change(&mut self, user: &UserId) {
        if self.changed.insert(user.clone()) {
            self.queue.push_back(user.clone());
        }
    }

    /// Everybody whom the node answers for counts as changed, beside what changed already.
    fn change_all(&mut self) {
        let Self { counts, ended, changed, queue, .. } = self;
        for user in counts.keys().chain(ended.iter()) {
            if changed.insert(user.clone()) {
                queue.push_back(user.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn people() -> People {
        People::new("n", Arc::default())
    }

    #[test]
    fn only_the_latest_count_of_a_person_is_written() {
        let people = people();
        for devices in [1, 2, 3, 2] {
            people.set(&user("a"), devices);
        }
        people.set(&user("b"), 1);
        people.set(&user("b"), 0);
        assert_eq!(people.take(9).states, [(user("a"), State::Here(2)), (user("b"), State::Ended)]);
        people.set(&user("a"), 2);
        assert!(people.take(9).states.is_empty(), "nothing changed");
    }

    #[test]
    fn who_left_is_answered_for_until_they_are_released() {
        let people = people();
        let take = || people.take(9).states;
        people.set(&user("a"), 1);
        people.release(&user("a"));
        assert_eq!(take(), [(user("a"), State::Here(1))], "they are here");
        people.set(&user("a"), 0);
        assert_eq!(take(), [(user("a"), State::Ended)]);
        people.assert_all();
        assert_eq!(take(), [(user("a"), State::Ended)], "a server that came back empty is told again");
        people.release(&user("a"));
        people.release(&user("a"));
        assert_eq!(take(), [(user("a"), State::Gone)]);
        people.set(&user("a"), 1);
        people.set(&user("a"), 0);
        people.set(&user("a"), 2);
        people.release(&user("a"));
        assert_eq!(take(), [(user("a"), State::Here(2))], "they came back");
    }

    #[test]
    fn what_was_not_written_comes_again_with_the_count_of_then() {
        let people = people();
        people.set(&user("a"), 1);
        let changes = people.take(9);
        people.set(&user("a"), 4);
        people.put_back(changes);
        assert_eq!(people.take(9).states, [(user("a"), State::Here(4))]);
    }

    #[test]
    fn too_many_absences_become_a_new_lease() {
        let people = people();
        people.set(&user("stays"), 1);
        let (first, _) = people.lease();
        for n in 0..=ABSENT_MAX + 1 {
            people.set(&user(&format!("u{n}")), 1);
            people.set(&user(&format!("u{n}")), 0);
        }
        let (second, former) = people.lease();
        assert_ne!(first, second);
        assert_eq!(former, Some(first.clone()));
        assert!(people.inner.lock().queue.len() < 10);
        assert!(people.take(99).states.contains(&(user("stays"), State::Here(1))));
        people.removed(&first);
        assert_eq!(people.lease(), (second, None));
    }

    #[test]
    fn after_leaving_nothing_is_set() {
        let people = people();
        people.set(&user("a"), 1);
        people.leave();
        people.set(&user("b"), 1);
        assert!(people.take(9).states.is_empty() && !people.is_here(&user("a")));
    }
}
