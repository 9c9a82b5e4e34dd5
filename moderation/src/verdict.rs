//! What the rules answer.

use std::borrow::Cow;

use crate::{Categories, Category};

/// The stable name of a rule, such as `phone.nanp`. Stored with decisions: never reused for another rule.
pub type RuleId = &'static str;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// It goes on as written.
    Pass,
    /// It goes on as written, and moderators hear of it.
    Flag,
    /// It goes on with something masked.
    Mask,
    /// It is not taken.
    Refuse,
}

impl Action {
    /// Its name in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Flag => "flag",
            Self::Mask => "mask",
            Self::Refuse => "refuse",
        }
    }
}

/// Something that a rule found, in the text as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first Unicode scalar value of it, counted from 0.
    pub start: usize,
    /// One past its last; greater than `start`.
    pub end: usize,
    /// What it is about.
    pub category: Category,
    /// The rule that found it.
    pub rule: RuleId,
}

/// What the rules say about one text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict<'t> {
    /// What may be shown. Borrowed when it is the text as written. When the action is [`Action::Refuse`], what was
    /// refused is masked here as well, so that a caller who overlooks the action shows nothing. A mask can be longer than
    /// what it hides: the text may hold up to four times as many characters as were written.
    pub text: Cow<'t, str>,
    /// What was found. In shadow these are recorded though nothing is done: see [`shown_flags`](Self::shown_flags).
    pub flags: Categories,
    /// What to do: the strongest of what the policies say of each find. Always [`Action::Pass`] in shadow.
    pub action: Action,
    /// What the policies say: differs from `action` only in shadow.
    pub decided: Action,
    /// Everything found, by rising `start`, never overlapping, of every policy but `off`.
    pub spans: Vec<Span>,
    /// The rules that found something, each once, in the order of their first find.
    pub rules: Vec<RuleId>,
    /// Earlier messages of the context that this text completed something with: what must become of them. By rising
    /// `index`. Empty in shadow.
    pub earlier: Vec<EarlierMasked>,
}

/// An earlier message that has to be masked after the fact: part of what it said went on in the judged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierMasked {
    /// Its place in [`Context::earlier`](crate::Context::earlier).
    pub index: usize,
    /// What may be shown of it from now on.
    pub text: String,
    /// What was found in it.
    pub flags: Categories,
    /// Where, in the earlier text as it was given.
    pub spans: Vec<Span>,
}

impl<'t> Verdict<'t> {
    /// Nothing found.
    pub(crate) const fn clean(text: &'t str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            flags: Categories::EMPTY,
            action: Action::Pass,
            decided: Action::Pass,
            spans: Vec::new(),
            rules: Vec::new(),
            earlier: Vec::new(),
        }
    }

    /// The flags that a message carries for people to see: none when the action is [`Action::Pass`], so that shadow
    /// changes nothing that anybody sees.
    pub fn shown_flags(&self) -> Categories {
        if self.action == Action::Pass { Categories::EMPTY } else { self.flags }
    }
}
