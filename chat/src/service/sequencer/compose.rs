//! From jobs to entries: moderation, numbers, counts, owed events.

use std::sync::Arc;

use souk_moderation::{Action, Categories, Context, Earlier, Locale, Verdict};

use crate::log::{Body, Entry, Head, NewEntry};
use crate::message::Message;
use crate::order::{Order, Side};
use crate::owed::{ModerationAction, Owed, Subject};
use crate::ports::Intent;
use crate::service::Ports;
use crate::time::Timestamp;

use super::Job;

/// Entries for the jobs that pass, in order, and the jobs (by place) that moderation refuses.
pub(super) struct Composed {
    pub(super) entries: Vec<NewEntry>,
    pub(super) refused: Vec<(usize, Categories)>,
}

/// Numbers the jobs after `head`. Pure but for the clock: at another head it is done again, so that each text is moderated in
/// the context it will stand in.
pub(super) fn compose(ports: &Ports, order: &Order, head: &Head, jobs: &[Job]) -> Composed {
    let at = ports.runtime.now();
    let rules = ports.rules.load();
    let mut composed = Composed { entries: Vec::with_capacity(jobs.len()), refused: Vec::new() };
    let mut seq = head.seq;
    let mut counts = head.counts;
    for (place, job) in jobs.iter().enumerate() {
        let earlier: Vec<Earlier<'_>> = jobs[..place]
            .iter()
            .filter(|other| other.key.owner == job.key.owner)
            .map(|other| Earlier { text: other.draft.as_str(), at_ms: at.millis() })
            .collect();
        let locale = job.actor.locale.as_deref().map_or_else(Locale::default, Locale::parse);
        let context = Context { locale, order: order.id.as_str(), earlier: &earlier };
        let verdict = rules.moderate(job.draft.as_str(), &context);
        if verdict.action == Action::Refuse {
            composed.refused.push((place, verdict.flags));
            continue;
        }
        seq = seq.next();
        counts = counts.plus(order.side_of(&job.actor.user).unwrap_or(Side::Client));
        let message = Message {
            order: order.id.clone(),
            seq,
            rev: seq,
            version: 1,
            sender: Some(job.actor.user.clone()),
            content: verdict.text.as_ref().into(),
            edited_at: None,
            is_moderated: verdict.action == Action::Mask,
            flags: verdict.shown_flags(),
            created_at: at,
            client_message_id: Some(job.id.clone()),
        };
        let owed = owed(order, job, &verdict, rules.version());
        let entry = Entry { seq, key: job.key.clone(), at, counts, body: Body::Message(Arc::new(message)) };
        composed.entries.push(NewEntry { entry, fingerprint: Some(job.fingerprint), owed });
    }
    composed
}

fn owed(order: &Order, job: &Job, verdict: &Verdict<'_>, rules_version: &str) -> Vec<Owed> {
    let mut owed = Vec::new();
    if job.notify
        && let Some(side) = order.side_of(&job.actor.user)
    {
        owed.push(Owed::Notification {
            to: order.party(side.other()).clone(),
            sender_name: job.actor.name.as_deref().map(str::to_owned),
        });
    }
    let action = match verdict.action {
        Action::Mask => Some(ModerationAction::Masked),
        Action::Flag => Some(ModerationAction::Flagged),
        Action::Pass | Action::Refuse => None,
    };
    if let Some(action) = action {
        let rules = verdict.rules.iter().map(ToString::to_string).collect();
        owed.push(Owed::Moderation { action, rules, rules_version: rules_version.to_owned(), subject: Subject::Entry });
    }
    owed
}

/// The promises that must stand before `entries` may be written against `head`.
pub(super) fn intents(ports: &Ports, order: &Order, head: &Head, entries: &[NewEntry]) -> Vec<Intent> {
    entries
        .iter()
        .filter(|new| !new.owed.is_empty())
        .map(|new| ports.promises.promise(&order.id, &new.entry.key, head.seq))
        .collect()
}

/// The time of the last entry.
pub(super) fn written_at(entries: &[NewEntry]) -> Timestamp {
    entries.last().map_or(Timestamp::default(), |new| new.entry.at)
}
