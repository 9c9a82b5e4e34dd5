//! Looking for what is in the log already.

use std::sync::Arc;

use crate::fingerprint::Fingerprints;
use crate::log::{Body, EntryKey, Head, Seq};
use crate::order::Order;
use crate::ports::{Committed, Known};
use crate::refusal::Refusal;

use super::batch::Batch;
use super::compose::refusal_key;
use super::{Course, Job, Sequencer, Written};

impl Job {
    /// The name of the entry that this job waits for.
    fn awaited_key(&self) -> EntryKey {
        match &self.course {
            Course::Half(rest) => rest.masking.entry.key.clone(),
            Course::New | Course::Refused { .. } => self.key.clone(),
        }
    }

    /// Whether what stands under the job's key may be what it wants to say: it was sent under this id, or edited by itself.
    fn may_be(&self, known: &Known, fingerprints: &Fingerprints) -> bool {
        known.fingerprint.is_none_or(|print| fingerprints.matches(&print, self.draft.as_str()))
    }
}

impl Batch<'_> {
    /// Reads head and keys at SERIAL and answers the jobs that are in the log already.
    pub(super) async fn look(&mut self) -> Option<Head> {
        let keys: Vec<EntryKey> = self.jobs.iter().map(Job::awaited_key).collect();
        let records = self.jobs.iter().filter(|job| matches!(job.course, Course::Refused { record: true, .. }));
        let record_keys: Vec<EntryKey> = records.map(|job| refusal_key(&self.sequencer.ports, job)).collect();
        let asked: Vec<EntryKey> = keys.into_iter().chain(record_keys).collect();
        match self.sequencer.ports.store.look(&self.order.id, &asked).await {
            Ok(Some(look)) => {
                let mut known = look.known;
                let mut recorded = known.split_off(self.jobs.len()).into_iter();
                for (mut job, known) in std::mem::take(&mut self.jobs).into_iter().zip(known) {
                    if matches!(job.course, Course::Refused { record: true, .. }) && recorded.next().flatten().is_some()
                    {
                        // By an attempt of this batch, or by an earlier request: that one was reported then.
                        job.course = Course::Refused { record: false, report: self.tried };
                    }
                    match (known, job.course) {
                        (None, course) => self.jobs.push(Job { course, ..job }),
                        (Some(_), Course::Half(rest)) => drop(job.done.send(Ok(rest.written))),
                        (Some(known), course) => {
                            let job = Job { course, ..job };
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
        if !job.may_be(&known, &self.ports.fingerprints) {
            return Err(Refusal::IdempotencyConflict);
        }
        let store = &self.ports.store;
        let found = store.entries(&order.id, Seq(known.seq.0 - 1), 1).await.map_err(|_| Refusal::unavailable())?;
        let entry = found.into_iter().next().filter(|entry| entry.seq == known.seq).ok_or_else(Refusal::unavailable)?;
        let (Body::Message(message) | Body::Edit(message)) = &entry.body else {
            return Err(Refusal::IdempotencyConflict);
        };
        let message = Arc::clone(message);
        store.advance(order, &head, entry.at).await.map_err(|_| Refusal::unavailable())?;
        self.ports.feed.committed(&Committed {
            order: Arc::clone(order),
            entries: vec![Arc::new(entry)],
            origins: vec![job.origin],
            masked: vec![Arc::default()],
            head,
            repeat: true,
            owes: true,
        });
        Ok(Written { message, repeat: true, masked: Arc::default() })
    }
}
