use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use souk_chat::id::UserId;
use tokio::sync::Notify;

use crate::metrics::Metrics;

/// People who left and whose absence is not written yet. Beyond it the node takes a lease of a new name, under which nothing stands.
const ABSENT_MAX: usize = 65_536;

#[derive(Default)]
struct Inner {
    counts: HashMap<UserId, u32>,
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

/// Counts to write, and the lease they belong to.
pub(super) struct Changes {
    pub(super) lease: Arc<str>,
    pub(super) counts: Vec<(UserId, u32)>,
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
        if inner.changed.insert(user.clone()) {
            inner.queue.push_back(user.clone());
        }
        if inner.changed.len() > inner.counts.len() + ABSENT_MAX {
            let former = std::mem::replace(&mut inner.lease, fresh_lease(&self.node));
            // Of several given up before one was removed, only the first was ever written.
            inner.former.get_or_insert(former);
            inner.changed.clear();
            inner.queue.clear();
            change_all(&mut inner);
        }
        drop(inner);
        self.some.notify_one();
    }

    pub(super) fn is_here(&self, user: &UserId) -> bool {
        self.inner.lock().counts.contains_key(user)
    }

    /// Everybody is to be written again.
    pub(super) fn assert_all(&self) {
        change_all(&mut self.inner.lock());
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

    /// The next counts to write, at most `most`.
    pub(super) fn take(&self, most: usize) -> Changes {
        let mut inner = self.inner.lock();
        let Inner { counts, changed, queue, .. } = &mut *inner;
        let next = queue.drain(..most.min(queue.len()));
        let taken: Vec<(UserId, u32)> =
            next.map(|user| (user.clone(), counts.get(&user).copied().unwrap_or(0))).collect();
        for (user, _) in &taken {
            changed.remove(user);
        }
        Changes { lease: inner.lease.clone(), counts: taken }
    }

    /// These were not written.
    pub(super) fn put_back(&self, changes: Changes) {
        let mut inner = self.inner.lock();
        if inner.lease != changes.lease {
            return;
        }
        for (user, _) in changes.counts {
            if inner.changed.insert(user.clone()) {
                inner.queue.push_back(user);
            }
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

/// Everybody who is here counts as changed, beside what changed already.
fn change_all(inner: &mut Inner) {
    let Inner { counts, changed, queue, .. } = inner;
    for user in counts.keys() {
        if changed.insert(user.clone()) {
            queue.push_back(user.clone());
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
        assert_eq!(people.take(9).counts, [(user("a"), 2), (user("b"), 0)]);
        people.set(&user("a"), 2);
        assert!(people.take(9).counts.is_empty(), "nothing changed");
    }

    #[test]
    fn what_was_not_written_comes_again_with_the_count_of_then() {
        let people = people();
        people.set(&user("a"), 1);
        let changes = people.take(9);
        people.set(&user("a"), 4);
        people.put_back(changes);
        assert_eq!(people.take(9).counts, [(user("a"), 4)]);
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
        assert!(people.take(99).counts.contains(&(user("stays"), 1)));
        people.removed(&first);
        assert_eq!(people.lease(), (second, None));
    }

    #[test]
    fn after_leaving_nothing_is_set() {
        let people = people();
        people.set(&user("a"), 1);
        people.leave();
        people.set(&user("b"), 1);
        assert!(people.take(9).counts.is_empty() && !people.is_here(&user("a")));
    }
}
