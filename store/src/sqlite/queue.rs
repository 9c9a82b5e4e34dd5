//! A bounded queue from async callers to the threads that hold SQLite's connections.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};
use souk_chat::ports::StoreError;

/// Work waiting for a thread.
pub(crate) struct Queue<T> {
    name: &'static str,
    bound: usize,
    state: Mutex<State<T>>,
    ready: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    /// An empty queue that holds at most `bound` jobs; `name` is what an overflow is called.
    pub(crate) fn new(name: &'static str, bound: usize) -> Self {
        let state = State { waiting: VecDeque::new(), closed: false };
        Self { name, bound, state: Mutex::new(state), ready: Condvar::new() }
    }

    /// Puts a job in. Never waits. Errors: [`StoreError::Unavailable`] where the queue is full or closed; the job was not taken.
    pub(crate) fn push(&self, job: T) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(StoreError::Unavailable("the store is closed".into()));
        }
        if state.waiting.len() >= self.bound {
            return Err(StoreError::Unavailable(format!("the queue of {} is full ({})", self.name, self.bound)));
        }
        state.waiting.push_back(job);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// How many jobs wait.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Waits for work, then moves up to `most` jobs into `into`, in order. False: closed, and nothing is left.
    pub(crate) fn take(&self, most: usize, into: &mut Vec<T>) -> bool {
        let mut state = self.state.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return false;
            }
            self.ready.wait(&mut state);
        }
        let count = most.min(state.waiting.len());
        into.extend(state.waiting.drain(..count));
        true
    }

    /// Takes no more jobs; those waiting are still done.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.ready.notify_all();
    }

    /// Closes and forgets what waits: whoever waits for an answer learns that none will come.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let forgotten = std::mem::take(&mut state.waiting);
        drop(state);
        drop(forgotten);
        self.ready.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_a_closed_one_is_emptied_first() {
        let queue = Queue::new("tests", 2);
        queue.push(1).unwrap();
        queue.push(2).unwrap();
        assert!(matches!(queue.push(3), Err(StoreError::Unavailable(why)) if why.contains("tests")));
        queue.close();
        let mut taken = Vec::new();
        assert!(queue.take(1, &mut taken) && queue.take(9, &mut taken));
        assert_eq!(taken, [1, 2]);
        assert!(!queue.take(9, &mut taken));
        assert!(queue.push(4).is_err());
    }
}
