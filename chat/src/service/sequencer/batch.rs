//! One batch, from its jobs to their answers.
//!
//! ```text
//!           ┌──────────────────────────────────────────────────────────────────────────────┐
//!           ▼                                                                              │ refused, unknown, unavailable
//! know head ─► answer known keys ─► what was said ─► compose ─► originals, intents ─► append ─► list rows ─► feed ─► answers
//! (a hint,     (only after a look)  (remembered, or a read)
//!  or a look)
//! ```
//! A batch whose outcome is unknown is looked for at SERIAL; while it is absent it is written again under the same keys, which
//! cannot make a second entry. Nothing is refused before a look showed that the key is not there.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join;

use crate::log::{Body, Entry, Head, NewEntry};
use crate::message::Message;
use crate::order::{ChatState, Order};
use crate::ports::{Appended, Committed, Origin, OriginalRow, StoreError};
use crate::refusal::Refusal;
use crate::rules::Judge;
use crate::time::Timestamp;

use super::compose::{Setting, compose, intents};
use super::parts::{End, Rest, Unit};
use super::{Course, Job, Sequencer, Work, scene};

/// First wait after something failed; doubles with each failure up to [`PAUSE_MAX`], with jitter.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// Longest wait between attempts.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// What was said before, as of one head.
struct Said {
    head: Head,
    messages: Vec<Arc<Message>>,
}

pub(super) struct Batch<'a> {
    pub(super) sequencer: &'a Sequencer,
    pub(super) order: &'a Arc<Order>,
    pub(super) jobs: Vec<Job>,
    rules: Arc<dyn Judge>,
    /// The keys of all jobs were looked for, at or after the reading of the head in use.
    pub(super) looked: bool,
    /// A batch with these jobs was sent to the store, and may be in the log.
    pub(super) tried: bool,
    said: Option<Said>,
    deadline: Duration,
    failures: u32,
}

impl<'a> Batch<'a> {
    pub(super) fn new(sequencer: &'a Sequencer, order: &'a Arc<Order>, jobs: Vec<Job>) -> Self {
        let deadline = jobs.iter().map(|job| job.deadline).min().unwrap_or_default();
        let rules = sequencer.ports.rules.load();
        Self { sequencer, order, jobs, rules, looked: false, tried: false, said: None, deadline, failures: 0 }
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
                break;
            }
            known_head = self.attempt(head).await;
        }
        if let Some(Said { head, messages }) = self.said {
            let now = self.sequencer.ports.runtime.now();
            self.sequencer.memory.recent.put(&self.order.id, head.seq, &messages, now);
        }
    }

    /// Writes what the jobs say against `head`. Returns the head to go on with, if it is known.
    async fn attempt(&mut self, head: Head) -> Option<Head> {
        let is_half = |job: &Job| matches!(job.course, Course::Half(_));
        if head.state == ChatState::Closed && !self.jobs.iter().all(is_half) {
            return self.closed(head);
        }
        if let Err(error) = self.know_said(&head).await {
            self.failed(&error).await;
            return None;
        }
        let at = self.sequencer.ports.runtime.now();
        let said = self.said.as_ref().map_or(&[][..], |said| &said.messages);
        let setting = Setting { ports: &self.sequencer.ports, rules: &*self.rules, order: self.order, head: &head, at };
        let units = compose(setting, said, &self.jobs);
        if self.must_look(&units) {
            self.looked = false;
            return None;
        }
        if units.iter().any(|unit| unit.entries.is_empty()) {
            self.answer_without_writing(units);
            return Some(head);
        }
        if let Err(error) = self.prepare(&head, &units, at).await {
            self.failed(&error).await;
            return None;
        }
        if !self.sequencer.ports.promises.standing() && owes(&units) {
            // This process may have been taken for dead; it may write again after its next sign of life.
            self.pause().await;
            return None;
        }
        self.append(head, units).await
    }

    async fn append(&mut self, head: Head, units: Vec<Unit>) -> Option<Head> {
        let entries: Vec<NewEntry> = units.iter().flat_map(|unit| unit.entries.iter().cloned()).collect();
        self.tried = true;
        match self.sequencer.ports.store.append(&self.order.id, &head, &entries).await {
            Ok(Appended::Applied(new_head)) => {
                self.applied(&head, new_head, units).await;
                Some(new_head)
            }
            Ok(Appended::Refused) => {
                self.forget();
                // One refusal is the common end of an old hint; more of them are a fight that jitter settles.
                if self.looked {
                    self.pause().await;
                }
                self.looked = false;
                None
            }
            Err(error) => {
                self.forget();
                self.looked = false;
                self.failed(&error).await;
                None
            }
        }
    }

    fn forget(&mut self) {
        self.sequencer.memory.forget_head(&self.order.id);
        self.said = None;
    }

    /// Closing refuses sends and edits; what masks an earlier message goes on.
    fn closed(&mut self, head: Head) -> Option<Head> {
        if !self.looked {
            return None;
        }
        let (rest, refused) =
            std::mem::take(&mut self.jobs).into_iter().partition(|job| matches!(job.course, Course::Half(_)));
        self.jobs = refused;
        self.answer_all(&Refusal::ChatClosed);
        self.jobs = rest;
        Some(head)
    }

    /// Makes sure that `self.said` is of this head.
    async fn know_said(&mut self, head: &Head) -> Result<(), StoreError> {
        let known = self.said.take_if(|said| said.head.seq == head.seq).map(|said| said.messages);
        let complete = known.is_some();
        let Sequencer { ports, memory, .. } = self.sequencer;
        let known = known.or_else(|| memory.recent.take(&self.order.id, head.seq));
        let at = ports.runtime.now();
        let needs = |job: &Job| matches!(job.work, Work::Edit { .. }) || matches!(job.course, Course::Half(_));
        let messages = match known {
            Some(messages) if complete || !self.jobs.iter().any(needs) => messages,
            known => scene::read(&*ports.store, self.order, head, &self.jobs, known, at).await?,
        };
        self.said = Some(Said { head: *head, messages });
        Ok(())
    }

    /// Whether something is to be refused that nobody looked for yet: the sender's key, and that of the refusal's record.
    fn must_look(&mut self, units: &[Unit]) -> bool {
        let Sequencer { ports, memory, .. } = self.sequencer;
        let now = ports.runtime.monotonic();
        let mut must = false;
        for (job, unit) in self.jobs.iter_mut().zip(units) {
            match (&unit.end, &job.course) {
                (End::Refused(_), Course::New) => {
                    let record = memory.refusals.may_record(&self.order.id, &job.actor.user, now);
                    job.course = Course::Refused { record, report: true };
                    must = true;
                }
                // The head in use may be older than the message.
                (End::Denied(Refusal::NotFound), _) => must |= !self.looked,
                // The key of an edit is its own: without an attempt it cannot be there.
                (End::Denied(_), _) => must |= self.tried && !self.looked,
                _ => {}
            }
        }
        must
    }

    /// Answers the jobs that write nothing.
    fn answer_without_writing(&mut self, units: Vec<Unit>) {
        let mut rest = Vec::with_capacity(self.jobs.len());
        let mut units = units.into_iter();
        for job in std::mem::take(&mut self.jobs) {
            match units.next() {
                Some(unit) if unit.entries.is_empty() => self.answer(job, &unit, true),
                _ => rest.push(job),
            }
        }
        self.jobs = rest;
    }

    /// What must stand before the batch: sealed originals, and promises of owed events.
    async fn prepare(&self, head: &Head, units: &[Unit], at: Timestamp) -> Result<(), StoreError> {
        let ports = &self.sequencer.ports;
        let seal = |original: &super::parts::Unsealed| OriginalRow {
            order: self.order.id.clone(),
            id: original.id.clone(),
            version: original.version,
            sender: original.sender.clone(),
            at,
            sealed: ports.sealer.seal(&*ports.runtime, &self.order.id, &original.id, original.version, &original.text),
        };
        let originals: Vec<OriginalRow> = units.iter().flat_map(|unit| unit.originals.iter().map(seal)).collect();
        let intents: Vec<_> = units.iter().flat_map(|unit| intents(ports, self.order, head, &unit.entries)).collect();
        let keep = async { if originals.is_empty() { Ok(()) } else { ports.store.keep(&originals).await } };
        let intend = async { if intents.is_empty() { Ok(()) } else { ports.store.intend(&intents).await } };
        try_join(keep, intend).await.map(|_| ())
    }

    /// The first `new_head.seq - head.seq` entries are in the log: what follows a write, then the answers.
    async fn applied(&mut self, head: &Head, new_head: Head, mut units: Vec<Unit>) {
        self.sequencer.memory.remember_head(&self.order.id, new_head);
        let mut left = usize::try_from(new_head.seq.0 - head.seq.0).unwrap_or(usize::MAX);
        // What the volume's end cut off, by unit: nothing of it, or the second of two entries.
        let mut cut = Vec::new();
        for unit in &mut units {
            let count = left.min(unit.entries.len());
            left -= count;
            cut.push((count > 0, unit.entries.split_off(count)));
        }
        let listed = self.spread(new_head, &units).await;
        let mut outcomes = units.iter().zip(cut);
        for job in std::mem::take(&mut self.jobs) {
            let Some((unit, (true, cut))) = outcomes.next() else {
                self.jobs.push(job);
                continue;
            };
            match (cut.into_iter().next(), unit.answer()) {
                (Some(masking), Ok(written)) => {
                    self.jobs.push(Job { course: Course::Half(Rest { written, masking }), ..job });
                }
                // A refusal that is recorded needs nothing more: what it completed was not shown.
                (Some(_), Err(_)) | (None, _) => self.answer(job, unit, listed),
            }
        }
    }

    /// List rows, delivery, and the next batch's memory. Returns whether the list rows stand.
    async fn spread(&mut self, head: Head, units: &[Unit]) -> bool {
        let mut committed = Committed {
            order: Arc::clone(self.order),
            entries: Vec::new(),
            origins: Vec::new(),
            masked: Vec::new(),
            head,
            repeat: false,
            owes: owes(units),
        };
        for (job, unit) in self.jobs.iter().zip(units) {
            for new in &unit.entries {
                // What souk adds of itself is nobody's answer.
                let is_own = matches!(new.entry.body, Body::Message(_) | Body::Edit(_));
                committed.origins.push(if is_own { job.origin } else { Origin::default() });
                committed.masked.push(if is_own { Arc::clone(&unit.masked) } else { Arc::default() });
                committed.entries.push(Arc::new(new.entry.clone()));
            }
        }
        let said = self.said.take().map(|said| said.messages).unwrap_or_default();
        let changed = committed.entries.iter().flat_map(|entry| entry.body.messages());
        self.said = Some(Said { head, messages: scene::after(said, changed) });
        let listed = self.advance_lists(&head, &committed.entries).await;
        self.sequencer.ports.feed.committed(&committed);
        listed
    }

    fn answer(&self, job: Job, unit: &Unit, listed: bool) {
        let answer = if listed { unit.answer() } else { unit.answer().and(Err(Refusal::unavailable())) };
        let moderations = &self.sequencer.ports.moderations;
        unit.decisions.iter().for_each(|decision| moderations.decided(decision));
        let _ = job.done.send(answer);
    }

    /// Both parties' list rows, where a message was made. A row that cannot be raised in time is raised by the sender's repeat: they
    /// are told to.
    async fn advance_lists(&mut self, head: &Head, entries: &[Arc<Entry>]) -> bool {
        let made = entries.iter().rev().find(|entry| matches!(entry.body, Body::Message(_) | Body::System(_)));
        let Some(at) = made.map(|entry| entry.at) else { return true };
        while self.sequencer.ports.store.advance(self.order, head, at).await.is_err() {
            if self.sequencer.ports.runtime.monotonic() >= self.deadline {
                return false;
            }
            self.wait().await;
        }
        true
    }

    /// Waits before the next attempt, or gives up: `Invalid` will not heal, and patience ends.
    pub(super) async fn failed(&mut self, error: &StoreError) {
        let out_of_time = self.sequencer.ports.runtime.monotonic() >= self.deadline;
        if out_of_time || matches!(error, StoreError::Invalid(_)) {
            self.answer_all(&Refusal::unavailable());
        } else {
            self.pause().await;
        }
    }

    async fn pause(&mut self) {
        if self.sequencer.ports.runtime.monotonic() >= self.deadline {
            self.answer_all(&Refusal::unavailable());
            return;
        }
        self.wait().await;
    }

    async fn wait(&mut self) {
        let runtime = &self.sequencer.ports.runtime;
        let longest = PAUSE_MIN.saturating_mul(1 << self.failures.min(10)).min(PAUSE_MAX);
        self.failures += 1;
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX).max(1);
        runtime.sleep(Duration::from_nanos(runtime.random() % nanos)).await;
    }

    pub(super) fn answer_all(&mut self, refusal: &Refusal) {
        for job in self.jobs.drain(..) {
            let _ = job.done.send(Err(refusal.clone()));
        }
    }
}

fn owes(units: &[Unit]) -> bool {
    units.iter().flat_map(|unit| &unit.entries).any(|new| !new.owed.is_empty())
}
