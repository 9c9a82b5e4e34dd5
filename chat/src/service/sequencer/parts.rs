//! What a batch is made of.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use souk_moderation::{Action, Categories, Category, Locale, Policy, Span, Verdict};

use crate::id::UserId;
use crate::log::{Body, Entry, EntryKey, NewEntry};
use crate::message::Message;
use crate::owed::{ModerationAction, Owed, Subject};
use crate::ports::{Decision, OriginalId, Why};
use crate::refusal::Refusal;
use crate::rules::Judge;

use super::{Job, Work, Written};

/// Where an entry of the batch in the making says what a message will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) unit: usize,
    pub(super) entry: usize,
    pub(super) message: usize,
}

/// A message as it will be shown.
pub(super) struct Slot {
    pub(super) message: Arc<Message>,
    /// `None`: as it is in the log.
    pub(super) place: Option<Place>,
}

impl Slot {
    pub(super) fn placed(message: Arc<Message>, unit: usize, entry: usize) -> Self {
        Self { message, place: Some(Place { unit, entry, message: 0 }) }
    }
}

/// Bytes of a hash that name a masking: none of one order's is named like another.
const MASKING_BYTES: usize = 16;

/// What becomes of one job at one head.
pub(super) struct Unit {
    /// What it writes: its own entry first, then what that masks after the fact. Empty: nothing.
    pub(super) entries: Vec<NewEntry>,
    /// What was masked in the job's text.
    pub(super) masked: Arc<[Span]>,
    /// What is kept before `entries` are written.
    pub(super) originals: Vec<Unsealed>,
    /// What is reported once the job has its answer.
    pub(super) decisions: Vec<Decision>,
    pub(super) end: End,
}

/// The answer to a job, once its entries are in the log.
pub(super) enum End {
    /// The message that its first entry made or edited.
    Written,
    /// The message: nothing had to be written, or it was before.
    Stands(Written),
    /// It cannot be done: no such message, too late.
    Denied(Refusal),
    /// Moderation refuses the text.
    Refused(Refusal),
}

impl Unit {
    pub(super) fn new(end: End) -> Self {
        Self { entries: Vec::new(), masked: Arc::default(), originals: Vec::new(), decisions: Vec::new(), end }
    }

    /// Whether its entries owe events.
    pub(super) fn owes(&self) -> bool {
        self.entries.iter().any(|new| !new.owed.is_empty())
    }

    /// The answer, from entries as they stand in the log.
    pub(super) fn answer(&self) -> Result<Written, Refusal> {
        match &self.end {
            End::Written => {
                let message = self.entries.first().and_then(|new| new.entry.body.messages().first());
                let message = Arc::clone(message.expect("what is written begins with a message"));
                Ok(Written { message, repeat: false, masked: Arc::clone(&self.masked) })
            }
            End::Stands(written) => Ok(written.clone()),
            End::Denied(refusal) | End::Refused(refusal) => Err(refusal.clone()),
        }
    }
}

/// What a volume's end cut off a job's entries: its message stands, the maskings follow.
pub(crate) struct Rest {
    pub(super) written: Written,
    pub(super) masking: NewEntry,
}

/// A text that is kept, before it is sealed.
pub(super) struct Unsealed {
    pub(super) id: OriginalId,
    pub(super) version: u32,
    pub(super) sender: UserId,
    pub(super) text: Arc<str>,
}

impl Unsealed {
    /// What `message` says, or said, at the moment of the entry `key`.
    pub(super) fn of(message: &Message, key: &EntryKey, why: Why) -> Option<Self> {
        let id = OriginalId { key: key.clone(), message: Some(message.seq), why };
        let sender = message.sender.clone()?;
        Some(Self { id, version: message.version, sender, text: Arc::clone(&message.content) })
    }
}

impl Job {
    /// The name of the entry that records the refusal of this text: the same for each repetition of the request. The sender's ids
    /// hold no `~`, so names never meet.
    pub(super) fn refusal_key(&self, print: impl FnOnce() -> String) -> EntryKey {
        let (user, id) = (&self.actor.user, &self.key.id);
        let id = match self.work {
            Work::Send { .. } => format!("refused~{user}~{id}"),
            Work::Edit { seq } => format!("refused~{user}~{seq}~{}", print()),
        };
        EntryKey { owner: None, id: id.into() }
    }

    pub(super) fn locale(&self) -> Locale {
        self.actor.locale.as_deref().map_or_else(Locale::default, Locale::parse)
    }
}

/// The name of the entry that masks these messages after the fact: the changes it makes. While none of them is made its name is
/// free; once one is made, by whatever entry, the condition on that message's version fails. So a masking is never stopped by its
/// name alone, and nobody has to remember who completed what.
pub(super) fn masking_key(messages: &[Arc<Message>]) -> EntryKey {
    let mut hash = Sha256::new();
    for message in messages {
        hash.update(message.seq.0.to_be_bytes());
        hash.update(message.version.to_be_bytes());
    }
    let id: String = hash.finalize().iter().take(MASKING_BYTES).map(|byte| format!("{byte:02x}")).collect();
    EntryKey { owner: None, id: format!("masked~{id}").into() }
}

/// The spans of what the policies cover.
pub(super) fn covered(rules: &dyn Judge, spans: &[Span]) -> Arc<[Span]> {
    let covers = |category| matches!(rules.policy(category), Policy::Mask | Policy::Refuse);
    spans.iter().filter(|span| covers(span.category)).copied().collect()
}

/// What a verdict decided, category by category.
pub(super) fn decisions(rules: &dyn Judge, verdict: &Verdict<'_>, locale: Locale) -> Vec<Decision> {
    let action = |category: Category| match rules.policy(category) {
        Policy::Mask => Action::Mask,
        Policy::Refuse => Action::Refuse,
        Policy::Flag => Action::Flag,
        Policy::Off => Action::Pass,
    };
    let decision = |category| Decision { category, action: action(category), locale, shadow: rules.is_shadow() };
    verdict.flags.iter().map(decision).collect()
}

/// The moderation event of what passed with something found; `None`: nothing was done.
pub(super) fn owed(verdict: &Verdict<'_>, rules_version: &str) -> Option<Owed> {
    let action = match verdict.action {
        Action::Mask => ModerationAction::Masked,
        Action::Flag => ModerationAction::Flagged,
        Action::Pass | Action::Refuse => return None,
    };
    Some(moderation(action, verdict, rules_version, Subject::Entry))
}

/// A moderation event.
pub(super) fn moderation(
    action: ModerationAction,
    verdict: &Verdict<'_>,
    rules_version: &str,
    subject: Subject,
) -> Owed {
    let rules = verdict.rules.iter().map(ToString::to_string).collect();
    Owed::Moderation { action, rules, rules_version: rules_version.to_owned(), subject }
}

/// Both sets.
pub(super) fn union(one: Categories, other: Categories) -> Categories {
    one.iter().chain(other.iter()).collect()
}

/// The places of the messages in an entry's body, to change them.
pub(super) fn messages_mut(entry: &mut Entry) -> &mut [Arc<Message>] {
    match &mut entry.body {
        Body::Message(message) | Body::Edit(message) | Body::System(message) => std::slice::from_mut(message),
        Body::Masking(messages) => messages,
        Body::Closing | Body::Reopening | Body::Empty => &mut [],
    }
}
