//! Looking for what is in the log already.

use std::collections::HashSet;
use std::sync::Arc;

use crate::fingerprint::Fingerprints;
use crate::log::{Body, EntryKey, Head, Seq};
use crate::order::Order;
use crate::ports::{Known, StoreError};
use crate::refusal::Refusal;

use super::batch::Batch;
use super::compose::refusal_key;
use super::doubt::{Fate, Found};
use super::{Course, Job, Sequencer, Written};

impl Job {
    /// Whether what stands under the job's key may be what it wants to say: it was sent under this id, or edited by itself.
    fn may_be(&self, known: &Known, fingerprints: &Fingerprints) -> bool {
        known.fingerprint.is_none_or(|print| fingerprints.matches(&print, self.draft.as_str()))
    }
}

impl Batch<'_> {
    /// Reads head and names at SERIAL, settles what became of an attempt of unknown outcome, and answers the jobs that are in
    /// the log already.
    pub(super) async fn look(&mut self) -> Option<Head> {
        let asked = self.asked();
        let reached = self.sequencer.memory.reached(&self.order.id);
        let look = match self.sequencer.ports.store.look(&self.order.id, &asked).await {
            Ok(Some(look)) => look,
            Ok(None) => {
                self.answer_all(&Refusal::Forbidden);
                return None;
            }
            Err(error) => {
                self.failed(&error).await;
                return None;
            }
        };
        if let Some(loss) = self.sequencer.memory.went_back(&self.order.id, reached, &look.head) {
            // What was said before it was said in a history that is gone.
            self.said = None;
            self.sequencer.ports.feed.went_back(loss);
        }
        let found: Found = asked.into_iter().zip(look.known).filter_map(|(key, known)| Some((key, known?))).collect();
        if let Err(error) = self.settle_doubt(&look.head, &found).await {
            self.failed(&error).await;
            return None;
        }
        if self.doubt.is_none() {
            self.answer_known(&found, look.head.seq).await;
            self.note_records(|key| found.contains_key(key));
        }
        self.sequencer.remember_head(self.order, look.head);
        self.looked = true;
        Some(look.head)
    }

    /// All names that these jobs have written, or may write under: those of the last attempt as well, whatever it was made of.
    fn asked(&self) -> Vec<EntryKey> {
        let mut seen: HashSet<&EntryKey> = HashSet::new();
        let keys = self.jobs.iter().map(|job| &job.key).chain(&self.names).filter(|key| seen.insert(*key));
        let mut asked: Vec<EntryKey> = keys.cloned().collect();
        for record in self.jobs.iter().filter_map(|job| self.record_of(job)) {
            if !asked.contains(&record) {
                asked.push(record);
            }
        }
        asked
    }

    /// The name of the refusal that the job is to record.
    fn record_of(&self, job: &Job) -> Option<EntryKey> {
        matches!(job.course, Course::Refused { record: true, .. }).then(|| refusal_key(&self.sequencer.ports, job))
    }

    /// What a look says of the attempt whose outcome is unknown. Errors: it cannot be said yet.
    async fn settle_doubt(&mut self, head: &Head, found: &Found) -> Result<(), StoreError> {
        let Some(doubt) = self.doubt.take() else { return Ok(()) };
        match doubt.fate(head, found) {
            Fate::Open => self.doubt = Some(doubt),
            Fate::Void => self.forget_answered(),
            Fate::Applied(new_head) => {
                let store = &self.sequencer.ports.store;
                match store.entries(&self.order.id, doubt.head.seq, 1).await.map(|entries| entries.into_iter().next()) {
                    Ok(Some(first)) if doubt.begins_with(&first) => self.applied(doubt, new_head).await,
                    Ok(Some(_)) => self.forget_answered(),
                    Ok(None) => {
                        self.doubt = Some(doubt);
                        return Err(StoreError::Unavailable("a known entry cannot be read".into()));
                    }
                    Err(error) => {
                        self.doubt = Some(doubt);
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// Answers the jobs whose own entries were found. What masks an earlier message goes by what that message says now.
    async fn answer_known(&mut self, found: &Found, newest: Seq) {
        for mut job in std::mem::take(&mut self.jobs) {
            match (found.get(&job.key), &job.course) {
                (Some(known), Course::New | Course::Refused { .. }) => {
                    let answer = self.sequencer.repeat(self.order, &job, known, newest).await;
                    job.answer(answer);
                }
                _ => self.jobs.push(job),
            }
        }
    }

    /// Refusals that stand in the log are not recorded again. They were reported by whoever recorded them.
    pub(super) fn note_records(&mut self, stands: impl Fn(&EntryKey) -> bool) {
        let recorded: Vec<bool> =
            self.jobs.iter().map(|job| self.record_of(job).is_some_and(|record| stands(&record))).collect();
        for (job, _) in self.jobs.iter_mut().zip(recorded).filter(|(_, recorded)| *recorded) {
            job.course = Course::Refused { record: false, report: false };
        }
    }
}

impl Sequencer {
    /// What stands under the job's key, looked up before a refusal; `None`: nothing does.
    pub(in crate::service) async fn known(&self, order: &Arc<Order>, job: &Job) -> Result<Option<Written>, Refusal> {
        let look = self.ports.store.look(&order.id, std::slice::from_ref(&job.key)).await;
        let look = look?.ok_or(Refusal::Forbidden)?;
        match look.known.into_iter().next().flatten() {
            Some(known) => self.repeat(order, job, &known, look.head.seq).await.map(Some),
            None => Ok(None),
        }
    }

    /// The answer to a job whose key is in the log, which goes up to `newest`.
    async fn repeat(&self, order: &Arc<Order>, job: &Job, known: &Known, newest: Seq) -> Result<Written, Refusal> {
        if !job.may_be(known, &self.ports.fingerprints) {
            return Err(Refusal::IdempotencyConflict);
        }
        let store = &self.ports.store;
        let found = store.entries(&order.id, Seq(known.seq.0 - 1), 1).await?;
        let entry = found.into_iter().next().filter(|entry| entry.seq == known.seq).ok_or_else(Refusal::unavailable)?;
        let (Body::Message(message) | Body::Edit(message)) = &entry.body else {
            return Err(Refusal::IdempotencyConflict);
        };
        let message = Arc::clone(message);
        self.follow_up(order, job, entry, newest).await?;
        Ok(Written { message, repeat: true, masked: Arc::default() })
    }
}
