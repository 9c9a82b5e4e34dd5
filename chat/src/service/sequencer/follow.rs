//! What follows a write: both list rows, delivery, the next batch's memory, and the answers.
//!
//! Whoever writes does it, at once. It is done again for a repeat, but only what this node does not know to be done: its writer
//! may have ended in between, or was another node. So a message whose publisher died still arrives, and whoever sends one id
//! three hundred times pushes nothing.

use std::sync::Arc;

use crate::limits::{LIST_ROWS_MAX, SEND_PATIENCE};
use crate::log::{Body, Entry, Head, Seq};
use crate::order::Order;
use crate::ports::{Committed, Origin, StoreError};
use crate::refusal::Refusal;
use crate::replay::ReplayWindow;
use crate::service::absence::Absence;

use super::batch::{Batch, Said};
use super::doubt::Attempt;
use super::parts::{Rest, Unit};
use super::{Course, Job, Sequencer, Work, scene};

impl Batch<'_> {
    /// The entries of `attempt` up to `new_head` are in the log: what follows a write, then the answers.
    pub(super) async fn applied(&mut self, attempt: Attempt, new_head: Head) {
        let Attempt { head, mut units, .. } = attempt;
        self.sequencer.remember_head(self.order, new_head);
        let mut left = usize::try_from(new_head.seq.0 - head.seq.0).unwrap_or(usize::MAX);
        // What the volume's end cut off, by unit: nothing of it, or the second of two entries.
        let mut cut = Vec::new();
        for unit in &mut units {
            let count = left.min(unit.entries.len());
            left -= count;
            cut.push((count > 0, unit.entries.split_off(count)));
        }
        let listed = self.spread(&head, new_head, &units).await;
        let mut outcomes = units.iter().zip(cut);
        for mut job in std::mem::take(&mut self.jobs) {
            let Some((unit, (true, cut))) = outcomes.next() else {
                self.jobs.push(job);
                continue;
            };
            match (cut.into_iter().next(), unit.answer()) {
                (Some(masking), Ok(written)) => {
                    // The message is shown already: what it masks has a time of its own.
                    let deadline = self.sequencer.ports.runtime.monotonic() + SEND_PATIENCE;
                    self.jobs.push(Job { course: Course::Half(Rest { written, masking }), deadline, ..job });
                }
                // A refusal that is recorded needs nothing more: what it completed was not shown.
                (Some(_), Err(_)) | (None, _) => self.answer(&mut job, unit, listed),
            }
        }
        let written = |key: &_| units.iter().flat_map(|unit| &unit.entries).any(|new| new.entry.key == *key);
        self.note_records(written);
    }

    /// List rows, delivery, and the next batch's memory. Returns whether the list rows stand.
    async fn spread(&mut self, before: &Head, head: Head, units: &[Unit]) -> bool {
        let mut committed = Committed {
            order: Arc::clone(self.order),
            entries: Vec::new(),
            origins: Vec::new(),
            masked: Vec::new(),
            head,
            repeat: false,
            owes: units.iter().any(Unit::owes),
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
        // What was said before is known no more where the batch was found by a look: then it is read again.
        self.said = self.said.take().filter(|said| said.head.seq == before.seq).map(|said| {
            let changed = committed.entries.iter().flat_map(|entry| entry.body.messages());
            Said { head, messages: scene::after(said.messages, changed) }
        });
        let listed = self.advance_lists(&head, &committed.entries, units.len()).await;
        let Sequencer { ports, memory, .. } = self.sequencer;
        ports.feed.committed(&committed);
        memory.fed(&self.order.id, committed.entries.iter().map(|entry| entry.seq));
        listed
    }

    pub(super) fn answer(&self, job: &mut Job, unit: &Unit, listed: bool) {
        let answer = if listed { unit.answer() } else { unit.answer().and(Err(Refusal::unavailable())) };
        let moderations = &self.sequencer.ports.moderations;
        unit.decisions.iter().for_each(|decision| moderations.decided(decision));
        job.answer(answer);
    }

    /// Both parties' list rows, where a message was made. A row that cannot be raised in the time of the first `count` jobs, who
    /// wrote, is raised by the sender's repeat: they are told to.
    async fn advance_lists(&mut self, head: &Head, entries: &[Arc<Entry>], count: usize) -> bool {
        let made = entries.iter().rev().find(|entry| matches!(entry.body, Body::Message(_) | Body::System(_)));
        let Some(at) = made.map(|entry| entry.at) else { return true };
        while self.sequencer.ports.store.advance(self.order, head, at).await.is_err() {
            self.answer_overdue();
            if !self.jobs.iter().take(count).any(Job::is_open) {
                return false;
            }
            self.wait().await;
        }
        self.sequencer.memory.listed(&self.order.id, head.seq);
        true
    }
}

impl Sequencer {
    /// Does again what follows the write of `entry`, which `job` repeats, as far as this node does not know it to be done. `newest`:
    /// the log's last entry. What is acknowledged is in both lists, always; it is fed again for so many repeats of a sender and
    /// no more, and only while it is one of the newest. Errors: [`Refusal::Unavailable`] where the list rows cannot be raised.
    pub(super) async fn follow_up(
        &self,
        order: &Arc<Order>,
        job: &Job,
        entry: Entry,
        newest: Seq,
    ) -> Result<(), Refusal> {
        let (id, seq) = (&order.id, entry.seq);
        // As of the entry and no later: a row that was raised higher stays where it is.
        let head = Head { seq, counts: entry.counts, ..Head::default() };
        if matches!(entry.body, Body::Message(_)) && !self.memory.is_listed(id, seq) {
            self.list_again(order, job, &entry, &head).await?;
            self.memory.listed(id, seq);
        }
        let is_old = newest.0.saturating_sub(seq.0) >= ReplayWindow::WIDTH;
        let now = self.ports.runtime.monotonic();
        if !is_old && !self.memory.is_fed(id, seq) && self.memory.redone.may(id, &job.actor.user, now) {
            // What was changed since is no new message any more; whoever missed it hears of the change, or reads it.
            let is_new = entry.body.messages().iter().all(|message| message.rev == seq);
            let entries = if is_new { vec![Arc::new(entry)] } else { Vec::new() };
            self.ports.feed.committed(&Committed {
                order: Arc::clone(order),
                origins: vec![job.origin; entries.len()],
                masked: vec![Arc::default(); entries.len()],
                entries,
                head,
                repeat: true,
                owes: true,
            });
            self.memory.fed(id, [seq]);
        }
        Ok(())
    }

    /// Raises both list rows to a message that is repeated. A recipient whose row did not know of it, and who went away since, was
    /// looked for by that row: nobody found what they missed. So they are notified now, before the row shows it.
    async fn list_again(&self, order: &Order, job: &Job, entry: &Entry, head: &Head) -> Result<(), StoreError> {
        let store = &self.ports.store;
        let is_gone = matches!(job.work, Work::Send { notify: true, .. });
        let recipient = order.side_of(&job.actor.user).map(|side| order.party(side.other())).filter(|_| is_gone);
        if let Some(user) = recipient {
            let rows = store.list(user, LIST_ROWS_MAX).await?;
            if !rows.iter().any(|row| row.order == order.id && row.head >= entry.seq) {
                let absence = Absence { ports: &self.ports, memory: &self.memory, user };
                absence.notify_of(&order.id, entry.at, Seq::ZERO).await?;
            }
        }
        store.advance(order, head, entry.at).await
    }
}
