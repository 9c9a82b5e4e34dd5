//! Events that an entry owes to the world outside.

use std::borrow::Cow;

use souk_moderation::{Categories, Category};

use crate::id::{OrderId, UserId};
use crate::seq::Seq;

/// The type of an event, as CloudEvents names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// Somebody who is not connected should hear of it.
    Notification,
    /// Moderators should hear of it.
    Moderation,
}

impl EventType {
    /// The type's name, also the topic's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notification => "chat.notification.v1",
            Self::Moderation => "chat.moderation.v1",
        }
    }

    /// The type of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Notification, Self::Moderation].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What moderation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModerationAction {
    /// Changed the text.
    Masked,
    /// Did not let it pass.
    Refused,
    /// Let it pass and tells.
    Flagged,
    /// A party complained.
    Reported,
}

impl ModerationAction {
    /// The action's name on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Masked => "masked",
            Self::Refused => "refused",
            Self::Flagged => "flagged",
            Self::Reported => "reported",
        }
    }

    /// The action of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Masked, Self::Refused, Self::Flagged, Self::Reported].into_iter().find(|action| action.as_str() == name)
    }
}

/// What a moderation event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The message that the owing entry made or edited.
    Entry,
    /// One of the messages that the owing entry masked after the fact.
    Message(Seq),
    /// A text that was refused: no message shows it, and the owing entry is empty.
    Refused {
        /// Who wrote it.
        sender: UserId,
        /// What was found in it.
        flags: Categories,
    },
}

/// An event that an entry owes. What the entry itself says (message, order, sender) is read from the log when the event goes
/// out; only what is not there is kept here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Tell this person, who had no device connected.
    Notification {
        /// To whom.
        to: UserId,
        /// What the sender is called, from their token.
        sender_name: Option<String>,
    },
    /// Tell the moderators.
    Moderation {
        /// What was done.
        action: ModerationAction,
        /// Which rules hit.
        rules: Vec<String>,
        /// The version of the rules.
        rules_version: String,
        /// About what.
        subject: Subject,
    },
}

impl Owed {
    /// The type of the event.
    pub fn event_type(&self) -> EventType {
        match self {
            Self::Notification { .. } => EventType::Notification,
            Self::Moderation { .. } => EventType::Moderation,
        }
    }

    /// What tells it from other events of its type and entry: the last part of its `ce_id`, and of its row's key. The person
    /// it is about; of a masking the message's number; else empty.
    pub fn about(&self) -> Cow<'_, str> {
        match self {
            Self::Notification { to, .. } => Cow::Borrowed(to.as_str()),
            Self::Moderation { subject: Subject::Message(seq), .. } => Cow::Owned(seq.to_string()),
            Self::Moderation { .. } => Cow::Borrowed(""),
        }
    }

    /// The fields beside type and person, as pairs of text for a store to keep. [`Owed::from_facts`] reads them back.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Notification { sender_name, .. } => {
                sender_name.iter().map(|name| ("sender_name", name.clone())).collect()
            }
            Self::Moderation { action, rules, rules_version, subject } => {
                let mut facts = vec![
                    ("action", action.as_str().to_owned()),
                    ("rules", rules.join(" ")),
                    ("rules_version", rules_version.clone()),
                ];
                if let Subject::Refused { sender, flags } = subject {
                    let flags: Vec<_> = flags.iter().map(Category::as_str).collect();
                    facts.extend([("sender", sender.to_string()), ("flags", flags.join(" "))]);
                }
                facts
            }
        }
    }

    /// Puts together what [`Owed::facts`] took apart. `None`: the row is not one that souk wrote.
    pub fn from_facts(kind: EventType, about: &str, facts: &[(String, String)]) -> Option<Self> {
        let fact = |name: &str| facts.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Some(match kind {
            EventType::Notification => {
                Self::Notification { to: UserId::new(about).ok()?, sender_name: fact("sender_name") }
            }
            EventType::Moderation => Self::Moderation {
                action: ModerationAction::parse(&fact("action")?)?,
                rules: fact("rules")?.split_whitespace().map(str::to_owned).collect(),
                rules_version: fact("rules_version")?,
                subject: match fact("sender") {
                    Some(sender) => Subject::Refused {
                        sender: UserId::new(&sender).ok()?,
                        flags: fact("flags")?.split_whitespace().filter_map(Category::parse).collect(),
                    },
                    None if about.is_empty() => Subject::Entry,
                    None => Subject::Message(Seq(about.parse().ok()?)),
                },
            },
        })
    }
}

/// An owed event in the store: which entry of which order owes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedRow {
    /// The order, and key of the event.
    pub order: OrderId,
    /// The owing entry.
    pub seq: Seq,
    /// What it owes.
    pub owed: Owed,
}

impl OwedRow {
    /// The event's id: the same however often it goes out.
    pub fn event_id(&self) -> String {
        format!("{}:{}#{}#{}", self.order, self.seq, self.owed.event_type().as_str(), self.owed.about())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moderation(action: ModerationAction, subject: Subject) -> Owed {
        let rules = vec!["phone.na".into(), "email".into()];
        Owed::Moderation { action, rules, rules_version: "1".into(), subject }
    }

    #[test]
    fn facts_come_back_as_they_went() {
        for owed in [
            Owed::Notification { to: UserId::new("ann").unwrap(), sender_name: Some("Bob B.".into()) },
            Owed::Notification { to: UserId::new("ann").unwrap(), sender_name: None },
            moderation(ModerationAction::Masked, Subject::Entry),
            moderation(ModerationAction::Masked, Subject::Message(Seq(7))),
            moderation(
                ModerationAction::Refused,
                Subject::Refused {
                    sender: UserId::new("ann").unwrap(),
                    flags: [Category::Phone, Category::Spam].into_iter().collect(),
                },
            ),
        ] {
            let facts: Vec<_> = owed.facts().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            assert_eq!(Owed::from_facts(owed.event_type(), &owed.about(), &facts), Some(owed));
        }
    }
}
