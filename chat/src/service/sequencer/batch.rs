//! One batch, from its jobs to their answers.
//!
//! ```text
//!           ┌──────────────────────────────────────────────────────────────────────────────┐
//!           ▼                                                                              │ refused, unknown, unavailable
//! know head ─► answer known keys ─► what was said ─► compose ─► originals, intents ─► append ─► list rows ─► feed ─► answers
//! (a hint,     (only after a look)  (remembered, or a read)
//!  or a look)
//! ```
//! A batch whose outcome is unknown is looked for at SERIAL; while it is absent the very same batch is sent again, which cannot
//! make a second entry (see [`doubt`](super::doubt)). Nothing is refused before a look showed that the key is not there.
//!
//! One job never costs the others more than a few tries: each job gives up at its own deadline, and a batch that the store calls
//! invalid, or refuses again and again at the head it was written against, is taken apart: its jobs go one by one, and the
//! one that cannot get in is told so.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join;

use crate::log::{EntryKey, Head};
use crate::message::Message;
use crate::order::{ChatState, Order};
use crate::ports::{Appended, OriginalRow, StoreError};
use crate::refusal::Refusal;
use crate::rules::Judge;
use crate::time::Timestamp;

use super::compose::{Setting, compose, intents};
use super::doubt::Attempt;
use super::parts::{End, Unit, Unsealed};
use super::{Course, Job, Sequencer, Work, scene};

/// First wait after something failed; doubles with each failure up to [`PAUSE_MAX`], with jitter.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// Longest wait between attempts.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// How often a batch may be refused at a head that a look then finds unchanged. A name that stands already, or a message that was
/// changed meanwhile, costs one such refusal; what is refused more often will be for ever.
const REFUSALS_AT_ONE_HEAD: u32 = 4;

/// What was said before, as of one head.
pub(super) struct Said {
    pub(super) head: Head,
    pub(super) messages: Vec<Arc<Message>>,
}

pub(super) struct Batch<'a> {
    pub(super) sequencer: &'a Sequencer,
    pub(super) order: &'a Arc<Order>,
    /// Those that are under way first, in the order of their [`Attempt`].
    pub(super) jobs: Vec<Job>,
    rules: Arc<dyn Judge>,
    /// The keys of all jobs were looked for, at or after the reading of the head in use.
    pub(super) looked: bool,
    /// Something of these jobs was sent to the store.
    tried: bool,
    /// What was sent and may be in the log, or get there.
    pub(super) doubt: Option<Attempt>,
    /// All names of the last attempt: a look asks for what was to be written, whatever it was.
    pub(super) names: Vec<EntryKey>,
    pub(super) said: Option<Said>,
    /// The head that an attempt was refused at last, and how often in a row.
    refused: Option<(Head, u32)>,
    /// Jobs go one by one.
    apart: bool,
    failures: u32,
}

impl<'a> Batch<'a> {
    pub(super) fn new(sequencer: &'a Sequencer, order: &'a Arc<Order>, jobs: Vec<Job>) -> Self {
        Self {
            sequencer,
            order,
            jobs,
            rules: sequencer.ports.rules.load(),
            looked: false,
            tried: false,
            doubt: None,
            names: Vec::new(),
            said: None,
            refused: None,
            apart: false,
            failures: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let mut known_head = self.sequencer.memory.head(&self.order.id);
        loop {
            self.answer_overdue();
            self.forget_answered();
            if !self.jobs.iter().any(Job::is_open) {
                break;
            }
            known_head = match known_head.take() {
                Some(head) if self.looked || head.volume == 0 => self.attempt(head).await,
                _ => self.look().await,
            };
        }
        if self.doubt.is_some() {
            // It may be in the log, or get there, and nobody tells of it.
            self.sequencer.ports.feed.suspect(&self.order.id);
        }
        if let Some(Said { head, messages }) = self.said {
            let now = self.sequencer.ports.runtime.now();
            self.sequencer.memory.recent.put(&self.order.id, head.seq, &messages, now);
        }
    }

    /// Writes what the jobs say against `head`. Returns the head to go on with, if it is known.
    async fn attempt(&mut self, head: Head) -> Option<Head> {
        if let Some(doubt) = self.doubt.take() {
            return self.append(doubt).await;
        }
        let is_half = |job: &Job| matches!(job.course, Course::Half(_));
        if head.state == ChatState::Closed && !self.jobs.iter().all(is_half) {
            return self.closed(head);
        }
        if let Err(error) = self.know_said(&head).await {
            self.failed(&error).await;
            return None;
        }
        let said = self.said.as_ref().map_or(&[][..], |said| &said.messages);
        // Not before the entry that it follows, whatever this node's clock shows.
        let newest = said.last().map(|message| message.created_at).unwrap_or_default();
        let at = self.sequencer.ports.runtime.now().max(head.at).max(newest);
        let setting = Setting { ports: &self.sequencer.ports, rules: &*self.rules, order: self.order, head: &head, at };
        let units = compose(setting, said, self.next_jobs());
        if self.must_look(&units) {
            self.looked = false;
            return None;
        }
        if units.iter().any(|unit| unit.entries.is_empty()) {
            self.answer_without_writing(units);
            return Some(head);
        }
        if !self.sequencer.ports.intents.standing() && units.iter().any(Unit::owes) {
            // This process may have been taken for dead: what it intends now, nobody may keep. It writes again after its next sign
            // of life.
            self.pause().await;
            return Some(head);
        }
        if let Err(error) = self.prepare(&head, &units, at).await {
            self.failed(&error).await;
            return None;
        }
        self.append(Attempt::new(head, units)).await
    }

    /// The jobs that go together.
    fn next_jobs(&self) -> &[Job] {
        let most = if self.apart { 1 } else { self.jobs.len() };
        &self.jobs[..most.min(self.jobs.len())]
    }

    async fn append(&mut self, mut attempt: Attempt) -> Option<Head> {
        if !self.sequencer.ports.intents.standing() && attempt.owes() {
            // It stood when its intents were made.
            self.doubt = Some(attempt).filter(|attempt| attempt.is_unknown);
            self.looked = false;
            self.pause().await;
            return None;
        }
        let entries: Vec<_> = attempt.entries().cloned().collect();
        self.names = entries.iter().map(|new| new.entry.key.clone()).collect();
        self.tried = true;
        let outcome = self.sequencer.ports.store.append(&self.order.id, &attempt.head, &entries).await;
        if let Ok(Appended::Applied(new_head)) = outcome {
            self.applied(attempt, new_head).await;
            return Some(new_head);
        }
        self.sequencer.memory.forget_head(&self.order.id);
        self.said = None;
        // One refusal is the common end of an old hint; more of them are a fight that jitter settles.
        let is_hint = !self.looked;
        self.looked = false;
        attempt.is_unknown |= matches!(outcome, Err(StoreError::Unknown(_)));
        let head = attempt.head;
        // A refusal may be due to the same batch that arrived before.
        self.doubt = Some(attempt).filter(|attempt| attempt.is_unknown);
        match outcome {
            Ok(_) if !self.is_stuck(head) && is_hint => {}
            Ok(_) => self.pause().await,
            Err(error) => self.failed(&error).await,
        }
        None
    }

    /// A batch was refused at `head`. Takes it apart, or gives one job up, where that happens again and again; not while something
    /// that was sent may still get there, whose jobs have their own time.
    fn is_stuck(&mut self, head: Head) -> bool {
        let before = self.refused.take().filter(|(at, _)| *at == head).map_or(0, |(_, times)| times);
        let stuck = before + 1 >= REFUSALS_AT_ONE_HEAD && self.doubt.is_none();
        if stuck {
            self.isolate();
        } else {
            self.refused = Some((head, before + 1));
        }
        stuck
    }

    /// What goes together does not get in: from now on the jobs go one by one. The one that does not get in alone is given up.
    fn isolate(&mut self) {
        self.doubt = None;
        if self.next_jobs().len() > 1 {
            self.apart = true;
        } else if let Some(job) = self.jobs.first_mut() {
            job.answer(Err(Refusal::unavailable()));
        }
    }

    /// Closing refuses sends and edits; what masks an earlier message goes on.
    fn closed(&mut self, head: Head) -> Option<Head> {
        if !self.looked {
            return None;
        }
        self.jobs.retain_mut(|job| {
            let is_half = matches!(job.course, Course::Half(_));
            if !is_half {
                job.answer(Err(Refusal::ChatClosed));
            }
            is_half
        });
        Some(head)
    }

    /// Makes sure that `self.said` is of this head.
    async fn know_said(&mut self, head: &Head) -> Result<(), StoreError> {
        let known = self.said.take_if(|said| said.head.seq == head.seq).map(|said| said.messages);
        // What was read for one of many jobs that go one by one is not what the next one needs.
        let complete = known.is_some() && !self.apart;
        let Sequencer { ports, memory, .. } = self.sequencer;
        let known = known.or_else(|| memory.recent.take(&self.order.id, head.seq));
        let at = ports.runtime.now();
        let needs = |job: &Job| matches!(job.work, Work::Edit { .. }) || matches!(job.course, Course::Half(_));
        let messages = match known {
            Some(messages) if complete || !self.next_jobs().iter().any(needs) => messages,
            known => scene::read(&*ports.store, self.order, head, self.next_jobs(), known, at).await?,
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
                    let record = memory.refusals.may(&self.order.id, &job.actor.user, now);
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
        for mut job in std::mem::take(&mut self.jobs) {
            match units.next() {
                Some(unit) if unit.entries.is_empty() => self.answer(&mut job, &unit, true),
                _ => rest.push(job),
            }
        }
        self.jobs = rest;
    }

    /// What must stand before the batch: sealed originals, and intents of owed events.
    async fn prepare(&self, head: &Head, units: &[Unit], at: Timestamp) -> Result<(), StoreError> {
        let ports = &self.sequencer.ports;
        let seal = |original: &Unsealed| OriginalRow {
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

    /// Waits before the next attempt. What the store calls invalid will not heal by waiting: it is taken apart.
    pub(super) async fn failed(&mut self, error: &StoreError) {
        match error {
            StoreError::Invalid(_) => self.isolate(),
            StoreError::Unavailable(_) | StoreError::Unknown(_) => self.pause().await,
        }
    }

    async fn pause(&mut self) {
        self.answer_overdue();
        if self.jobs.iter().any(Job::is_open) {
            self.wait().await;
        }
    }

    pub(super) async fn wait(&mut self) {
        let runtime = &self.sequencer.ports.runtime;
        let longest = PAUSE_MIN.saturating_mul(1 << self.failures.min(10)).min(PAUSE_MAX);
        self.failures += 1;
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX).max(1);
        runtime.sleep(Duration::from_nanos(runtime.random() % nanos)).await;
    }

    /// Gives up the jobs whose time is over, each at its own. They stay in their places while they may be in the log.
    pub(super) fn answer_overdue(&mut self) {
        let now = self.sequencer.ports.runtime.monotonic();
        for job in self.jobs.iter_mut().filter(|job| job.deadline <= now) {
            job.answer(Err(Refusal::unavailable()));
        }
    }

    /// Takes out who was answered, but for those under way.
    pub(super) fn forget_answered(&mut self) {
        let mut under_way = self.doubt.as_ref().map_or(0, |doubt| doubt.units.len());
        self.jobs.retain(|job| {
            let is_under_way = under_way > 0;
            under_way = under_way.saturating_sub(1);
            is_under_way || job.is_open()
        });
    }

    pub(super) fn answer_all(&mut self, refusal: &Refusal) {
        self.doubt = None;
        for mut job in self.jobs.drain(..) {
            job.answer(Err(refusal.clone()));
        }
    }
}
