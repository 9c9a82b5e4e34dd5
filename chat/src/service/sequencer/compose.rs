//! From jobs to entries: moderation, numbers, counts, owed events.

use std::sync::Arc;

use souk_moderation::{Action, Verdict};

use crate::limits::{BATCH_ENTRIES, EDIT_WINDOW};
use crate::log::{Body, Counts, Entry, EntryKey, Head, NewEntry, Seq};
use crate::message::Message;
use crate::order::{Order, Side};
use crate::owed::{ModerationAction, Owed, Subject};
use crate::ports::{OriginalId, OutboxIntent, Why};
use crate::refusal::Refusal;
use crate::rules::Judge;
use crate::service::Ports;
use crate::time::Timestamp;

use super::parts::{End, Rest, Slot, Unit, Unsealed, covered, decisions, masking_key, moderation, owed};
use super::{Course, Job, Spam, Work};

/// What jobs are composed from.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) ports: &'a Ports,
    /// One set for the whole batch.
    pub(super) rules: &'a dyn Judge,
    pub(super) order: &'a Order,
    pub(super) head: &'a Head,
    pub(super) at: Timestamp,
}

/// What becomes of the jobs after `setting.head`, in order, as many as fit a batch; `said`: what stands before them, rising. Pure: at
/// another head it is done again, so that each text is moderated in the context it will stand in.
pub(super) fn compose(setting: Setting<'_>, said: &[Arc<Message>], jobs: &[Job]) -> Vec<Unit> {
    let slots = said.iter().map(|message| Slot { message: Arc::clone(message), place: None }).collect();
    let (seq, counts) = (setting.head.seq, setting.head.counts);
    let mut composer =
        Composer { setting, seq, counts, slots, units: Vec::with_capacity(jobs.len()), room: BATCH_ENTRIES };
    for job in jobs {
        let fits = match (&job.course, &job.work) {
            (Course::Half(rest), _) => composer.rest(rest),
            (_, Work::Send { .. }) => composer.send(job),
            (_, Work::Edit { seq }) => composer.edit(job, *seq),
        };
        if !fits {
            break;
        }
    }
    composer.units
}

pub(super) struct Composer<'a> {
    pub(super) setting: Setting<'a>,
    /// The last number given.
    seq: Seq,
    counts: Counts,
    /// All that was said, rising, as it will be shown.
    pub(super) slots: Vec<Slot>,
    pub(super) units: Vec<Unit>,
    /// Entries that the batch still takes.
    room: usize,
}

impl Composer<'_> {
    /// Numbers an entry and gives it to the last unit.
    pub(super) fn push(&mut self, key: EntryKey, body: impl FnOnce(Seq) -> Body, owed: Vec<Owed>) -> &mut NewEntry {
        self.seq = self.seq.next();
        self.room = self.room.saturating_sub(1);
        let (seq, counts) = (self.seq, self.counts);
        let entry = Entry { seq, key, at: self.setting.at, counts, body: body(seq) };
        let unit = self.units.last_mut().expect("an entry is pushed to the unit that was begun before");
        unit.entries.push(NewEntry { entry, fingerprint: None, owed });
        unit.entries.last_mut().expect("it was pushed just now")
    }

    fn send(&mut self, job: &Job) -> bool {
        let Work::Send { id, fingerprint, notify, spam } = &job.work else { return true };
        let Setting { rules, at, .. } = self.setting;
        if *spam == Spam::Refused {
            let repeated = rules.repeated(job.draft.as_str(), &self.context(job, &[]));
            return self.refuse(job, &repeated, &[], Refusal::Spam);
        }
        let window = self.window(&job.actor.user, None, at);
        let mut verdict = self.judge(job, &window);
        if *spam == Spam::Told {
            add(&mut verdict, &rules.repeated(job.draft.as_str(), &self.context(job, &[])));
        }
        if verdict.action == Action::Refuse {
            let flags = verdict.flags;
            return self.refuse(job, &verdict, &window, Refusal::RefusedByModeration { flags });
        }
        if self.room < 1 + usize::from(self.masks(&window, &verdict)) {
            return false;
        }
        let side = self.setting.order.side_of(&job.actor.user).unwrap_or(Side::Client);
        self.counts = self.counts.plus(side);
        let message = |seq| Message {
            order: self.setting.order.id.clone(),
            seq,
            rev: seq,
            version: 1,
            sender: Some(job.actor.user.clone()),
            content: verdict.text.as_ref().into(),
            edited_at: None,
            is_moderated: verdict.action == Action::Mask,
            flags: verdict.shown_flags(),
            created_at: at,
            client_message_id: Some(id.clone()),
        };
        let message = Arc::new(message(self.seq.next()));
        let owed = self.owed_by(job, *notify, &verdict);
        let mut unit = self.unit(job, End::Written, &verdict);
        if message.is_moderated {
            unit.originals.push(self.original(job, None, Why::Masked, 1));
        }
        self.units.push(unit);
        self.push(job.key.clone(), |_| Body::Message(Arc::clone(&message)), owed).fingerprint = Some(*fingerprint);
        self.slots.push(Slot::placed(message, self.units.len() - 1, 0));
        self.mask(&window, &verdict);
        true
    }

    fn edit(&mut self, job: &Job, seq: Seq) -> bool {
        let Setting { at, .. } = self.setting;
        let slot = self.slots.binary_search_by_key(&seq, |slot| slot.message.seq);
        // What this batch makes of that number is not what the author means: the head in use is older than their message.
        let Some(slot) = slot.ok().filter(|_| seq <= self.setting.head.seq) else {
            return self.deny(Refusal::NotFound);
        };
        let target = Arc::clone(&self.slots[slot].message);
        if target.sender.as_ref() != Some(&job.actor.user) {
            return self.deny(Refusal::NotAuthor);
        }
        if at.millis() - target.created_at.millis() > i64::try_from(EDIT_WINDOW.as_millis()).unwrap_or(i64::MAX) {
            return self.deny(Refusal::EditWindowOver);
        }
        let window = self.window(&job.actor.user, Some(seq), target.created_at);
        let verdict = self.judge(job, &window);
        if verdict.action == Action::Refuse {
            let flags = verdict.flags;
            return self.refuse(job, &verdict, &window, Refusal::RefusedByModeration { flags });
        }
        if *verdict.text == *target.content {
            if self.slots[slot].place.is_some() {
                // It does not say so yet: an entry of this batch will make it. The answer waits for that.
                return false;
            }
            let written = super::Written { message: target, repeat: false, masked: Arc::default() };
            self.units.push(Unit::new(End::Stands(written)));
            return true;
        }
        // What stands after it may have to be masked as well.
        if self.room < 2 {
            return false;
        }
        let message = Arc::new(Message {
            rev: self.seq.next(),
            version: target.version + 1,
            content: verdict.text.as_ref().into(),
            edited_at: Some(at),
            is_moderated: verdict.action == Action::Mask,
            flags: verdict.shown_flags(),
            ..(*target).clone()
        });
        let mut unit = self.unit(job, End::Written, &verdict);
        // What it said before is kept already where an edit or a mask made it say so.
        if !target.is_moderated && target.edited_at.is_none() {
            unit.originals.extend(Unsealed::of(&target, &job.key, Why::Replaced));
        }
        unit.originals.push(self.original(job, Some(seq), Why::Edited, message.version));
        self.units.push(unit);
        let owed = owed(&verdict, self.setting.rules.version()).into_iter().collect();
        self.push(job.key.clone(), |_| Body::Edit(Arc::clone(&message)), owed);
        self.slots[slot] = Slot::placed(message, self.units.len() - 1, 0);
        self.mask(&window, &verdict);
        self.mask_after(job, slot);
        true
    }

    /// What a volume's end had cut off: maskings of messages that nobody changed since.
    fn rest(&mut self, rest: &Rest) -> bool {
        if self.room == 0 {
            return false;
        }
        let NewEntry { entry, owed, .. } = &rest.masking;
        let seq = self.seq.next();
        let stands = |masked: &&Arc<Message>| {
            let known = self.slots.iter().find(|slot| slot.message.seq == masked.seq);
            known.is_some_and(|slot| slot.message.version + 1 == masked.version)
        };
        let masked: Vec<Arc<Message>> = entry
            .body
            .messages()
            .iter()
            .filter(stands)
            .map(|message| Arc::new(Message { rev: seq, ..(**message).clone() }))
            .collect();
        let mut unit = Unit::new(End::Stands(rest.written.clone()));
        if masked.is_empty() {
            self.units.push(unit);
            return true;
        }
        let key = masking_key(&masked);
        // They are kept under the name of the entry that masks them, and fewer of them are another entry.
        let before = masked.iter().filter_map(|masked| self.slots.iter().find(|slot| slot.message.seq == masked.seq));
        unit.originals.extend(before.filter_map(|slot| Unsealed::of(&slot.message, &key, Why::MaskedLater)));
        self.units.push(unit);
        let owed = owed.iter().filter(|owed| match owed {
            Owed::Moderation { subject: Subject::Message(seq), .. } => masked.iter().any(|m| m.seq == *seq),
            _ => true,
        });
        let owed = owed.cloned().collect();
        self.push(key, |_| Body::Masking(masked), owed);
        true
    }

    /// Refuses a text. The refusal owes an event, on an empty entry, where it is to be recorded.
    fn refuse(&mut self, job: &Job, verdict: &Verdict<'_>, window: &[usize], refusal: Refusal) -> bool {
        if self.room < 2 {
            return false;
        }
        let mut unit = self.unit(job, End::Refused(refusal), verdict);
        unit.masked = Arc::default();
        let Course::Refused { record, report } = job.course else {
            self.units.push(unit);
            return true;
        };
        if !report {
            unit.decisions.clear();
        }
        let key = refusal_key(self.setting.ports, job);
        if record && self.writes(&key) {
            // The same text over the same message, from two devices: what the first one records is the record of both.
            return false;
        }
        if record {
            let print = self.setting.ports.fingerprints.of(job.draft.as_str());
            let id = OriginalId { key: key.clone(), message: None, why: Why::Refused }.of_text(&print);
            let (sender, text) = (job.actor.user.clone(), job.draft.as_str().into());
            unit.originals.push(Unsealed { id, version: 1, sender, text });
        }
        self.units.push(unit);
        if record {
            let subject = Subject::Refused { sender: job.actor.user.clone(), flags: verdict.flags };
            let owed = moderation(ModerationAction::Refused, verdict, self.setting.rules.version(), subject);
            self.push(key, |_| Body::Empty, vec![owed]);
        }
        self.mask(window, verdict);
        true
    }

    /// Whether an entry of this batch has this name already.
    fn writes(&self, key: &EntryKey) -> bool {
        self.units.iter().flat_map(|unit| &unit.entries).any(|new| new.entry.key == *key)
    }

    /// What asks for a change cannot have it. Not for sends, unless `Batch::must_look` names the refusal: a retry of
    /// what is stored is looked for first.
    fn deny(&mut self, refusal: Refusal) -> bool {
        self.units.push(Unit::new(End::Denied(refusal)));
        true
    }

    fn unit(&self, job: &Job, end: End, verdict: &Verdict<'_>) -> Unit {
        let rules = self.setting.rules;
        let masked = if verdict.action == Action::Mask { covered(rules, &verdict.spans) } else { Arc::default() };
        Unit { masked, decisions: decisions(rules, verdict, job.locale()), ..Unit::new(end) }
    }

    fn original(&self, job: &Job, message: Option<Seq>, why: Why, version: u32) -> Unsealed {
        let mut id = OriginalId { key: job.key.clone(), message, why };
        if let Work::Send { fingerprint, .. } = &job.work {
            id = id.of_text(fingerprint);
        }
        Unsealed { id, version, sender: job.actor.user.clone(), text: job.draft.as_str().into() }
    }

    fn owed_by(&self, job: &Job, notify: bool, verdict: &Verdict<'_>) -> Vec<Owed> {
        let order = self.setting.order;
        let to = order.side_of(&job.actor.user).filter(|_| notify).map(|side| order.party(side.other()).clone());
        let sender_name = job.actor.name.as_deref().map(str::to_owned);
        let notification = to.map(|to| Owed::Notification { to, sender_name });
        notification.into_iter().chain(owed(verdict, self.setting.rules.version())).collect()
    }
}

/// See [`Job::refusal_key`].
pub(super) fn refusal_key(ports: &Ports, job: &Job) -> EntryKey {
    job.refusal_key(|| {
        let print = ports.fingerprints.of(job.draft.as_str());
        print.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

/// Adds what the count of repetitions says to what the rules say of the text itself.
fn add(verdict: &mut Verdict<'_>, repeated: &Verdict<'_>) {
    verdict.flags = super::parts::union(verdict.flags, repeated.flags);
    verdict
        .rules
        .extend(repeated.rules.iter().filter(|rule| !verdict.rules.contains(rule)).copied().collect::<Vec<_>>());
    verdict.decided = verdict.decided.max(repeated.decided);
    // Whether it is refused was decided where repetitions are counted.
    verdict.action = verdict.action.max(repeated.action.min(Action::Flag));
}

/// The intents that must stand before `entries` may be written against `head`.
pub(super) fn intents(ports: &Ports, order: &Order, head: &Head, entries: &[NewEntry]) -> Vec<OutboxIntent> {
    entries
        .iter()
        .filter(|new| !new.owed.is_empty())
        .map(|new| ports.intents.intent(&order.id, &new.entry.key, head.seq))
        .collect()
}
