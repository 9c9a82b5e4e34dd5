use souk_moderation::{Action, Category, Locale};

/// What was decided about one category in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What was found.
    pub category: Category,
    /// What the policy of the category says: in shadow, what it would have been.
    pub action: Action,
    /// The language of the sender.
    pub locale: Locale,
    /// Nothing was done about it: the rules run in shadow.
    pub shadow: bool,
}

/// Who hears of decisions: figures and logs. Never told a text.
pub trait Moderations: Send + Sync {
    /// Called once for each category found in a text that was taken or refused; again only where a sender repeats a refused
    /// text whose refusal was not recorded. Must return at once.
    fn decided(&self, decision: &Decision);
}
