//! Judging texts in their context, and masking what they complete.

use std::sync::Arc;

use souk_moderation::{Action, Categories, Context, Earlier, Span, Verdict};

use crate::id::UserId;
use crate::log::{Body, NewEntry, Seq};
use crate::message::Message;
use crate::owed::{ModerationAction, Owed, Subject};
use crate::ports::Why;
use crate::service::recent;
use crate::time::Timestamp;

use super::Job;
use super::compose::Composer;
use super::parts::{Place, Slot, Unit, Unsealed, covered, masking_key, messages_mut, moderation, union};

/// What becomes of a message that another completed something with.
struct Change {
    slot: usize,
    text: String,
    flags: Categories,
    spans: Vec<Span>,
}

impl Composer<'_> {
    /// The places of the sender's messages that stand in the window of a text written at `at`, below `before` if that is given.
    pub(super) fn window(&self, sender: &UserId, before: Option<Seq>, at: Timestamp) -> Vec<usize> {
        let end =
            before.map_or(self.slots.len(), |before| self.slots.partition_point(|slot| slot.message.seq < before));
        let messages = self.slots[..end].iter().map(|slot| &slot.message);
        let place = |message: &Arc<Message>| self.slots[..end].partition_point(|slot| slot.message.seq < message.seq);
        recent::window(messages, sender, at).into_iter().map(place).collect()
    }

    pub(super) fn context<'c>(&'c self, job: &Job, earlier: &'c [Earlier<'c>]) -> Context<'c> {
        Context { locale: job.locale(), order: self.setting.order.id.as_str(), earlier }
    }

    fn earlier(&self, window: &[usize]) -> Vec<Earlier<'_>> {
        let messages = window.iter().map(|slot| &self.slots[*slot].message);
        messages.map(|message| Earlier { text: &message.content, at_ms: message.created_at.millis() }).collect()
    }

    /// What the rules say of the job's text, said after the messages of `window`.
    pub(super) fn judge<'j>(&self, job: &'j Job, window: &[usize]) -> Verdict<'j> {
        let earlier = self.earlier(window);
        self.setting.rules.moderate(job.draft.as_str(), &self.context(job, &earlier))
    }

    /// Whether masking what the verdict says takes an entry of its own.
    pub(super) fn masks(&self, window: &[usize], verdict: &Verdict<'_>) -> bool {
        verdict.earlier.iter().any(|masked| self.slots[window[masked.index]].place.is_none())
    }

    /// Masks what the verdict, on a text of the last unit, says of the messages of `window`.
    pub(super) fn mask(&mut self, window: &[usize], verdict: &Verdict<'_>) {
        for change in changes(window, verdict) {
            self.change(change, verdict);
        }
    }

    /// Looks again at what the author of the message in `edited` wrote after it: the new text may be the beginning of something
    /// that they complete.
    pub(super) fn mask_after(&mut self, job: &Job, edited: usize) {
        for slot in edited + 1..self.slots.len() {
            let message = Arc::clone(&self.slots[slot].message);
            if message.sender.as_ref() != Some(&job.actor.user) {
                continue;
            }
            let window = self.window(&job.actor.user, Some(message.seq), message.created_at);
            if !window.contains(&edited) {
                return;
            }
            let earlier = self.earlier(&window);
            let verdict = self.setting.rules.moderate(&message.content, &self.context(job, &earlier));
            if verdict.action < Action::Mask {
                continue;
            }
            let completing =
                Change { slot, text: verdict.text.to_string(), flags: verdict.flags, spans: verdict.spans.clone() };
            for change in changes(&window, &verdict).into_iter().chain([completing]) {
                self.change(change, &verdict);
            }
        }
    }

    fn change(&mut self, change: Change, verdict: &Verdict<'_>) {
        match self.slots[change.slot].place {
            Some(place) => self.change_in_place(place, change, verdict),
            None => self.change_after_the_fact(change, verdict),
        }
    }

    /// The message is in the log: an entry of this unit changes it.
    fn change_after_the_fact(&mut self, change: Change, verdict: &Verdict<'_>) {
        let before = Arc::clone(&self.slots[change.slot].message);
        let unit = self.units.len() - 1;
        let is_masking = |new: &NewEntry| matches!(new.entry.body, Body::Masking(_));
        let entry = match self.units[unit].entries.iter().position(is_masking) {
            Some(entry) => entry,
            None => {
                self.push(masking_key(&[]), |_| Body::Masking(Vec::new()), Vec::new());
                self.units[unit].entries.len() - 1
            }
        };
        let event =
            moderation(ModerationAction::Masked, verdict, self.setting.rules.version(), Subject::Message(before.seq));
        let Unit { entries, originals, .. } = &mut self.units[unit];
        let NewEntry { entry: masking, owed, .. } = &mut entries[entry];
        owed.push(event);
        let message = Arc::new(Message {
            rev: masking.seq,
            version: before.version + 1,
            ..masked(&before, change.text, change.flags)
        });
        let Body::Masking(messages) = &mut masking.body else { return };
        messages.push(Arc::clone(&message));
        // The name grows with what it names.
        masking.key = masking_key(messages);
        originals.extend(Unsealed::of(&before, &masking.key, Why::MaskedLater));
        for original in originals.iter_mut().filter(|original| original.id.why == Why::MaskedLater) {
            original.id.key = masking.key.clone();
        }
        let place = Place { unit, entry, message: messages.len() - 1 };
        self.slots[change.slot] = Slot { message, place: Some(place) };
    }

    /// An entry of this batch makes or changes the message: it says so at once.
    fn change_in_place(&mut self, place: Place, change: Change, verdict: &Verdict<'_>) {
        let rules = self.setting.rules;
        let before = Arc::clone(&self.slots[change.slot].message);
        let message = Arc::new(masked(&before, change.text, change.flags));
        let unit = &mut self.units[place.unit];
        let NewEntry { entry, owed, .. } = &mut unit.entries[place.entry];
        messages_mut(entry)[place.message] = Arc::clone(&message);
        let makes = matches!(entry.body, Body::Message(_));
        if makes && !before.is_moderated {
            unit.originals.extend(Unsealed::of(&before, &entry.key, Why::Masked).map(|mut original| {
                original.id.message = None;
                original
            }));
        }
        if !matches!(entry.body, Body::Masking(_)) {
            if !before.is_moderated {
                unit.masked = covered(rules, &change.spans);
            }
            let event = moderation(ModerationAction::Masked, verdict, rules.version(), Subject::Entry);
            owe_masked(owed, event);
        }
        self.slots[change.slot].message = message;
    }
}

fn changes(window: &[usize], verdict: &Verdict<'_>) -> Vec<Change> {
    let change = |masked: &souk_moderation::EarlierMasked| Change {
        slot: window[masked.index],
        text: masked.text.clone(),
        flags: masked.flags,
        spans: masked.spans.clone(),
    };
    verdict.earlier.iter().map(change).collect()
}

fn masked(before: &Message, text: String, flags: Categories) -> Message {
    Message { content: text.into(), is_moderated: true, flags: union(before.flags, flags), ..before.clone() }
}

/// An entry owes one moderation event about its message: the strongest, with all rules.
fn owe_masked(owed: &mut Vec<Owed>, event: Owed) {
    let Owed::Moderation { rules: more, .. } = &event else { return };
    for known in owed.iter_mut() {
        if let Owed::Moderation { action, rules, subject: Subject::Entry, .. } = known {
            *action = ModerationAction::Masked;
            let new: Vec<String> = more.iter().filter(|rule| !rules.contains(rule)).cloned().collect();
            rules.extend(new);
            return;
        }
    }
    owed.push(event);
}
