//! Who hears what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;

/// Most pushes that wait for one connection. More are dropped, and whoever counts what arrived sees it.
const MAILBOX: usize = 1_024;

/// All rooms, by order id.
#[derive(Default)]
pub(crate) struct Rooms(Mutex<HashMap<Box<[u8]>, Arc<Room>>>);

/// The people in one order, and its last number.
#[derive(Default)]
pub(crate) struct Room(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    head: u64,
    members: Vec<Mailbox>,
}

/// Where pushes for a connection are put.
#[derive(Clone)]
pub(crate) struct Mailbox(mpsc::Sender<Bytes>);

impl Mailbox {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Bytes>) {
        let (sender, receiver) = mpsc::channel(MAILBOX);
        (Self(sender), receiver)
    }
}

impl Rooms {
    pub(crate) fn of(&self, order: &[u8]) -> Arc<Room> {
        let mut rooms = lock(&self.0);
        match rooms.get(order) {
            Some(room) => Arc::clone(room),
            None => Arc::clone(rooms.entry(order.into()).or_default()),
        }
    }
}

impl Room {
    /// Lets `who` in, if they are not in yet; the last number.
    pub(crate) fn join(&self, who: &Mailbox) -> u64 {
        let mut inside = lock(&self.0);
        if !inside.members.iter().any(|member| member.0.same_channel(&who.0)) {
            inside.members.push(who.clone());
        }
        inside.head
    }

    pub(crate) fn leave(&self, who: &Mailbox) {
        lock(&self.0).members.retain(|member| !member.0.same_channel(&who.0));
    }

    /// Takes a number for a message of `from` and gives what `frame` makes of it to all others. Under the lock, so that everybody
    /// sees numbers rise.
    pub(crate) fn send(&self, from: &Mailbox, frame: impl FnOnce(u64) -> Bytes) -> u64 {
        let mut inside = lock(&self.0);
        inside.head += 1;
        let head = inside.head;
        if inside.members.iter().any(|member| !member.0.same_channel(&from.0)) {
            give(&inside.members, from, &frame(head));
        }
        head
    }

    /// Gives `frame` to all others.
    pub(crate) fn tell(&self, from: &Mailbox, frame: &Bytes) {
        give(&lock(&self.0).members, from, frame);
    }
}

fn give(members: &[Mailbox], from: &Mailbox, frame: &Bytes) {
    for member in members.iter().filter(|member| !member.0.same_channel(&from.0)) {
        // Full, or gone: see `MAILBOX`.
        let _ = member.0.try_send(frame.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
