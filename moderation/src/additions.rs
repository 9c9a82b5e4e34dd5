//! The operator's own words and rules: a TOML file that is read again without a restart. `docs/moderation.md` describes it.

mod parse;

use std::fmt;

use regex::Regex;

use crate::{Category, RuleId};

/// Largest text of additions, in bytes.
pub const ADDITIONS_BYTES_MAX: usize = 1024 * 1024;

/// Most words and phrases in one list.
pub const WORDS_MAX: usize = 5_000;

/// Longest word or phrase, in characters.
pub const WORD_CHARS_MAX: usize = 128;

/// Most rules of an operator's own.
pub const OWN_RULES_MAX: usize = 64;

/// Longest pattern of an own rule, in characters.
pub const PATTERN_CHARS_MAX: usize = 512;

/// Most memory that one compiled pattern may take, in bytes.
pub const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// Most built-in rules that can be switched off.
pub const DISABLED_MAX: usize = 256;

/// What an operator adds to the built-in rules and takes from them. The default is nothing.
#[derive(Debug, Clone, Default)]
pub struct Additions {
    /// In the order of [`Category::ALL`]; only categories with words are filled.
    words: [Words; Category::ALL.len()],
    rules: Vec<OwnRule>,
    disabled: Vec<String>,
}

/// Words of one category.
#[derive(Debug, Clone, Default)]
struct Words {
    add: Vec<String>,
    remove: Vec<String>,
}

/// A rule of an operator's own.
#[derive(Debug, Clone)]
pub(crate) struct OwnRule {
    /// `custom.<name>`.
    pub(crate) id: RuleId,
    pub(crate) category: Category,
    /// Over the folded text; never matches nothing.
    pub(crate) pattern: Regex,
}

/// Additions that cannot be used: every mistake at once, by rising line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionsError(pub Vec<AdditionsMistake>);

/// One mistake in a text of additions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionsMistake {
    /// Its line, counted from 1; 0: the text as a whole.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for AdditionsMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}; {}", self.what, self.help)
    }
}

impl fmt::Display for AdditionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the additions have a mistake:")?,
            n => write!(f, "the additions have {n} mistakes:")?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for AdditionsError {}

impl Additions {
    /// Understands a text of additions.
    ///
    /// # Errors
    /// [`AdditionsError`] names every mistake with its line and what to do about it.
    pub fn parse(text: &str) -> Result<Self, AdditionsError> {
        parse::additions(text)
    }

    /// Whether nothing is added and nothing taken away.
    pub fn is_empty(&self) -> bool {
        self.parts().next().is_none()
    }

    /// Words, phrases or names that belong to the category in addition, as written.
    pub(crate) fn added(&self, category: Category) -> &[String] {
        &self.words[category.index()].add
    }

    /// Words, phrases or names that the category must leave alone, as written.
    pub(crate) fn removed(&self, category: Category) -> &[String] {
        &self.words[category.index()].remove
    }

    /// The own rules, in the order of the file.
    pub(crate) fn rules(&self) -> &[OwnRule] {
        &self.rules
    }

    /// Whether this built-in rule is switched off: by its id, or by the start of it up to a dot.
    pub(crate) fn is_disabled(&self, rule: &str) -> bool {
        self.disabled
            .iter()
            .any(|off| rule.strip_prefix(off.as_str()).is_some_and(|rest| rest.is_empty() || off.ends_with('.')))
    }

    /// Everything that decides, one text after the other, for a fingerprint. Nothing when empty.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        let words = Category::ALL.iter().zip(&self.words).flat_map(|(category, words)| {
            let list = |name, list: &'_ [String]| (!list.is_empty()).then_some(name);
            let add = list("add", &words.add).into_iter().chain(words.add.iter().map(String::as_str));
            let remove = list("remove", &words.remove).into_iter().chain(words.remove.iter().map(String::as_str));
            let any = !words.add.is_empty() || !words.remove.is_empty();
            any.then_some(category.as_str()).into_iter().chain(add).chain(remove)
        });
        let rules = self.rules.iter().flat_map(|rule| [rule.id, rule.category.as_str(), rule.pattern.as_str()]);
        let off = (!self.disabled.is_empty()).then_some("disable").into_iter();
        words.chain(rules).chain(off.chain(self.disabled.iter().map(String::as_str)))
    }
}

#[cfg(test)]
mod tests;
