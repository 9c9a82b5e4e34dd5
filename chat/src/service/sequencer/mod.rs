//! Giving entries their numbers, by compare-and-set on the head of the order's log (docs/design.md, "The order's log and its numbers").
//!
//! Each order has at most one *lane* on a node: a queue and one task that takes from it. The task puts together what waits, at
//! most [`BATCH_ENTRIES`] and never one key twice, and writes it as one batch conditional on the head. While the
//! outcome of a batch is unknown its lane waits, so nothing of that order leaves the node.

mod batch;
mod compose;
mod doubt;
mod follow;
mod judge;
mod look;
mod parts;
mod scene;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use parking_lot::Mutex;
use souk_moderation::Span;

use crate::actor::Actor;
use crate::draft::Draft;
use crate::fingerprint::Fingerprint;
use crate::id::{ClientMessageId, OrderId};
use crate::limits::{BATCH_ENTRIES, ORDER_QUEUE};
use crate::log::{EntryKey, Head, Seq};
use crate::message::Message;
use crate::order::Order;
use crate::ports::Origin;
use crate::refusal::Refusal;
use crate::tasks::guarded;

use super::Ports;
use super::memory::Memory;

/// What became of a job: the message as the entry under its key left it.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) message: Arc<Message>,
    /// It was there before this job came.
    pub(super) repeat: bool,
    /// What was masked in the text as it was written.
    pub(super) masked: Arc<[Span]>,
}

/// What a job wants to do with its text.
pub(super) enum Work {
    /// Make a message of it.
    Send {
        id: ClientMessageId,
        fingerprint: Fingerprint,
        /// The other party has no device connected, as far as anybody knows: they are owed a notification.
        notify: bool,
        spam: Spam,
    },
    /// Put it in place of what this message says.
    Edit { seq: Seq },
}

/// What the count of repetitions said of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spam {
    /// Nothing.
    No,
    /// It is one repetition too many, and goes on.
    Told,
    /// It is one repetition too many, and is refused.
    Refused,
}

/// A text that wants a number.
pub(super) struct Job {
    /// The name of the entry that it wants to make.
    pub(super) key: EntryKey,
    pub(super) work: Work,
    pub(super) origin: Origin,
    pub(super) actor: Actor,
    pub(super) draft: Draft,
    /// When to stop trying, on the monotonic clock.
    pub(super) deadline: Duration,
    /// Who waits for the outcome; `None`: they were told.
    pub(super) done: Option<oneshot::Sender<Result<Written, Refusal>>>,
    pub(super) course: Course,
}

impl Job {
    /// Tells who waits. Only the first answer counts.
    pub(super) fn answer(&mut self, outcome: Result<Written, Refusal>) {
        if let Some(done) = self.done.take() {
            let _ = done.send(outcome);
        }
    }

    /// Whether nobody was told yet what became of it.
    pub(super) fn is_open(&self) -> bool {
        self.done.is_some()
    }
}

/// How far a job has got.
#[derive(Default)]
pub(super) enum Course {
    /// It wants its entry.
    #[default]
    New,
    /// Moderation refuses it.
    Refused {
        /// The refusal is recorded by an entry of its own.
        record: bool,
        /// Nobody heard of it yet.
        report: bool,
    },
    /// Its message is in the log. What it masks in earlier ones did not fit the volume and follows.
    Half(parts::Rest),
}

/// The name of a lane's task.
const LANE: &str = "lane";

/// The lanes of a node.
pub struct Sequencer {
    ports: Ports,
    memory: Arc<Memory>,
    lanes: Mutex<HashMap<OrderId, VecDeque<Job>>>,
}

impl Sequencer {
    pub(super) fn new(ports: Ports, memory: Arc<Memory>) -> Self {
        Self { ports, memory, lanes: Mutex::default() }
    }

    /// Puts a job at the end of its order's lane. The answer comes through the job's `done`; a full lane answers at once. A
    /// job that was taken runs to its end even when nobody waits for it any more.
    pub(super) fn submit(self: &Arc<Self>, order: Arc<Order>, mut job: Job) {
        let mut lanes = self.lanes.lock();
        match lanes.get_mut(&order.id) {
            Some(queue) if queue.len() >= ORDER_QUEUE => {
                job.answer(Err(Refusal::unavailable()));
            }
            Some(queue) => queue.push_back(job),
            None => {
                lanes.insert(order.id.clone(), VecDeque::from([job]));
                drop(lanes);
                let sequencer = Arc::clone(self);
                self.ports.runtime.spawn(LANE, Box::pin(async move { sequencer.work(order).await }));
            }
        }
    }

    /// Whether no job waits or is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.lanes.lock().is_empty()
    }

    fn remember_head(&self, order: &Order, head: Head) {
        self.memory.remember_head(&order.id, head, self.ports.runtime.monotonic());
    }

    async fn work(&self, order: Arc<Order>) {
        while let Some(jobs) = self.next_batch(&order.id) {
            let batch = async { batch::Batch::new(self, &order, jobs).run().await };
            if guarded(self.ports.runtime.tasks(), LANE, batch).await.is_err() {
                self.recover(&order.id);
            }
        }
    }

    /// A batch panicked. Its jobs are gone, which tells who waits for them that the outcome is unknown; what it wrote, if it did,
    /// was fed to nobody. The lane goes on with what it reads of the log.
    fn recover(&self, order: &OrderId) {
        self.memory.forget_head(order);
        self.ports.feed.suspect(order);
    }

    /// What waits, up to a batch; ends the lane when nothing does.
    fn next_batch(&self, order: &OrderId) -> Option<Vec<Job>> {
        let mut lanes = self.lanes.lock();
        let queue = lanes.get_mut(order)?;
        let jobs = take_batch(queue);
        if jobs.is_empty() {
            lanes.remove(order);
            return None;
        }
        Some(jobs)
    }
}

/// Takes jobs from the front until the batch is full or a key comes again: the second of a pair waits for the first's outcome.
fn take_batch(queue: &mut VecDeque<Job>) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    while let Some(job) = queue.front() {
        if jobs.len() == BATCH_ENTRIES || jobs.iter().any(|taken| taken.key == job.key) {
            break;
        }
        jobs.extend(queue.pop_front());
    }
    jobs
}
