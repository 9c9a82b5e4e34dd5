//! One batch, from its jobs to their answers.
//!
//! ```text
//!           ┌────────────────────────────────────────────────┐
//!           ▼                                                │ refused, unknown, unavailable
//! know head ─► answer known keys ─► compose ─► intents ─► append ─► list rows ─► feed ─► answers
//! (a hint,     (only after a look)
//!  or a look)
//! ```
//! A batch whose outcome is unknown is looked for at SERIAL; while it is absent it is written again under the same keys, which
//! cannot make a second entry. Nothing is refused before a look showed that the key is not there.

use std::sync::Arc;
use std::time::Duration;

use crate::log::{Entry, Head, NewEntry, Seq};
use crate::order::{ChatState, Order};
use crate::ports::{Appended, Committed, Known, StoreError};
use crate::refusal::Refusal;
use crate::time::Timestamp;

use super::compose::{compose, intents, written_at};
use super::{Job, Sequencer, Written};

/// First wait after something failed; doubles with each failure up to [`PAUSE_MAX`], with jitter.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// Longest wait between attempts.
const PAUSE_MAX: Duration = Duration::from_millis(500);

pub(super) struct Batch<'a> {
    sequencer: &'a Sequencer,
    order: &'a Arc<Order>,
    jobs: Vec<Job>,
    /// The keys of all jobs were looked for, at or after the reading of the head in use.
    looked: bool,
    deadline: Duration,
    failures: u32,
}

impl<'a> Batch<'a> {
    pub(super) fn new(sequencer: &'a Sequencer, order: &'a Arc<Order>, jobs: Vec<Job>) -> Self {
        let deadline = jobs.iter().map(|job| job.deadline).min().unwrap_or_default();
        Self { sequencer, order, jobs, looked: false, deadline, failures: 0 }
    }

    pub(super) async fn run(mut self) {
        let mut known_head = self.sequencer.memory.head(&self.order.id);
        while !self.jobs.is_empty() {
            let head = match known_head.take() {
                Some(head) if self.looked || head.volume == 0 => head,
                _ => match self.look().await {
                    Some(head) => head,
                    None => continue,
                },
            };
            // The look may have answered all of them: they were there.
            if self.jobs.is_empty() {
                return;
            }
            known_head = self.attempt(head).await;
        }
    }

    /// Writes what the jobs say against `head`. Returns the head to go on with, if it is known.
    async fn attempt(&mut self, head: Head) -> Option<Head> {
        if head.state == ChatState::Closed {
            if self.looked {
                self.answer_all(&Refusal::ChatClosed);
            }
            return None;
        }
        let composed = compose(&self.sequencer.ports, self.order, &head, &self.jobs);
        if !composed.refused.is_empty() {
            if self.looked {
                for (place, flags) in composed.refused.into_iter().rev() {
                    let _ = self.jobs.remove(place).done.send(Err(Refusal::RefusedByModeration { flags }));
                }
                return Some(head);
            }
            return None;
        }
        let entries = composed.entries;
        let intents = intents(&self.sequencer.ports, self.order, &head, &entries);
        let store = &self.sequencer.ports.store;
        if !intents.is_empty() {
            if let Err(error) = store.intend(&intents).await {
                self.failed(&error).await;
                return None;
            }
            if !self.sequencer.ports.promises.standing() {
                // This process may have been taken for dead; it may write again after its next sign of life.
                self.pause().await;
                return None;
            }
        }
        match store.append(&self.order.id, &head, &entries).await {
            Ok(Appended::Applied(new_head)) => {
                self.applied(&head, new_head, entries).await;
                Some(new_head)
            }
            Ok(Appended::Refused) => {
                self.sequencer.memory.forget_head(&self.order.id);
                // One refusal is the common end of an old hint; more of them are a fight that jitter settles.
                if self.looked {
                    self.pause().await;
                }
                self.looked = false;
                None
            }
            Err(error) => {
                self.sequencer.memory.forget_head(&self.order.id);
                self.looked = false;
                self.failed(&error).await;
                None
            }
        }
    }

    /// Reads head and keys at SERIAL and answers the jobs that are in the log already.
    async fn look(&mut self) -> Option<Head> {
        let keys: Vec<_> = self.jobs.iter().map(|job| job.key.clone()).collect();
        match self.sequencer.ports.store.look(&self.order.id, &keys).await {
            Ok(Some(look)) => {
                let jobs = std::mem::take(&mut self.jobs);
                for (job, known) in jobs.into_iter().zip(look.known) {
                    match known {
                        None => self.jobs.push(job),
                        Some(known) => {
                            let answer = self.sequencer.repeat(self.order, &job, known, look.head).await;
                            let _ = job.done.send(answer);
                        }
                    }
                }
                self.sequencer.memory.remember_head(&self.order.id, look.head);
                self.looked = true;
                Some(look.head)
            }
            Ok(None) => {
                self.answer_all(&Refusal::Forbidden);
                None
            }
            Err(error) => {
                self.failed(&error).await;
                None
            }
        }
    }

    /// The first `new_head.seq - head.seq` entries are in the log: what follows a write, then the answers.
    async fn applied(&mut self, head: &Head, new_head: Head, mut entries: Vec<NewEntry>) {
        self.sequencer.memory.remember_head(&self.order.id, new_head);
        let count = usize::try_from(new_head.seq.0 - head.seq.0).unwrap_or(usize::MAX).min(entries.len());
        entries.truncate(count);
        let owes = entries.iter().any(|new| !new.owed.is_empty());
        let at = written_at(&entries);
        let entries: Vec<Arc<Entry>> = entries.into_iter().map(|new| Arc::new(new.entry)).collect();
        let listed = self.advance_lists(&new_head, at).await;
        self.sequencer.ports.feed.committed(&Committed {
            order: Arc::clone(self.order),
            entries: entries.clone(),
            origins: self.jobs[..count].iter().map(|job| job.origin).collect(),
            masked: vec![Arc::default(); count],
            head: new_head,
            repeat: false,
            owes,
        });
        for (job, entry) in self.jobs.drain(..count).zip(entries) {
            let answer = if listed {
                Ok(Written { entry, repeat: false, masked: Arc::default() })
            } else {
                Err(Refusal::unavailable())
            };
            let _ = job.done.send(answer);
        }
    }

    /// Both parties' list rows. A row that cannot be raised in time is raised by the sender's repeat: they are told to.
    async fn advance_lists(&mut self, head: &Head, at: Timestamp) -> bool {
        while self.sequencer.ports.store.advance(self.order, head, at).await.is_err() {
            if self.sequencer.ports.runtime.monotonic() >= self.deadline {
                return false;
            }
            self.pause().await;
        }
        true
    }

    /// Waits before the next attempt, or gives up: `Invalid` will not heal, and patience ends.
    async fn failed(&mut self, error: &StoreError) {
        let out_of_time = self.sequencer.ports.runtime.monotonic() >= self.deadline;
        if out_of_time || matches!(error, StoreError::Invalid(_)) {
            self.answer_all(&Refusal::unavailable());
        } else {
            self.pause().await;
        }
    }

    async fn pause(&mut self) {
        let runtime = &self.sequencer.ports.runtime;
        if runtime.monotonic() >= self.deadline {
            self.answer_all(&Refusal::unavailable());
            return;
        }
        let longest = PAUSE_MIN.saturating_mul(1 << self.failures.min(10)).min(PAUSE_MAX);
        self.failures += 1;
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX).max(1);
        runtime.sleep(Duration::from_nanos(runtime.random() % nanos)).await;
    }

    fn answer_all(&mut self, refusal: &Refusal) {
        for job in self.jobs.drain(..) {
            let _ = job.done.send(Err(refusal.clone()));
        }
    }
}

impl Sequencer {
    /// What stands under the job's key, looked up before a refusal; `None`: nothing does.
    pub(in crate::service) async fn known(&self, order: &Arc<Order>, job: &Job) -> Result<Option<Written>, Refusal> {
        let look = self.ports.store.look(&order.id, std::slice::from_ref(&job.key)).await;
        let look = look.map_err(|_| Refusal::unavailable())?.ok_or(Refusal::Forbidden)?;
        match look.known.into_iter().next().flatten() {
            Some(known) => self.repeat(order, job, known, look.head).await.map(Some),
            None => Ok(None),
        }
    }

    /// The answer to a job whose key is in the log. What follows a write is done again, in case it never was done.
    async fn repeat(&self, order: &Arc<Order>, job: &Job, known: Known, head: Head) -> Result<Written, Refusal> {
        let fingerprints = &self.ports.fingerprints;
        if known.fingerprint.is_some_and(|print| !fingerprints.matches(&print, job.draft.as_str())) {
            return Err(Refusal::IdempotencyConflict);
        }
        let store = &self.ports.store;
        let found = store.entries(&order.id, Seq(known.seq.0 - 1), 1).await.map_err(|_| Refusal::unavailable())?;
        let entry = found.into_iter().next().filter(|entry| entry.seq == known.seq).ok_or_else(Refusal::unavailable)?;
        store.advance(order, &head, entry.at).await.map_err(|_| Refusal::unavailable())?;
        let entry = Arc::new(entry);
        self.ports.feed.committed(&Committed {
            order: Arc::clone(order),
            entries: vec![Arc::clone(&entry)],
            origins: vec![job.origin],
            masked: vec![Arc::default()],
            head,
            repeat: true,
            owes: true,
        });
        Ok(Written { entry, repeat: true, masked: Arc::default() })
    }
}
