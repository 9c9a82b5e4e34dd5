//! Words and phrases: profanity, insults, threats, invitations to places that are not named. The data is in `moderation/lexicon/`, with its grammar and its sources.
//!
//! All lists are one automaton over the words of a message, each written as one byte a letter with spaces between
//! ([`sentence`]). Behind the words stand other readings of those that are disguised ([`disguise`], [`respell`]). A phrase is looked at where
//! the automaton sees its rarest word ([`phrase`]); a frame, which joins phrases in any order, where all of its phrases were seen
//! ([`frame`]).
//!
//! The built-in lists are compiled once in a process; an operator's words are an automaton of their own.

mod classes;
mod data;
mod disguise;
mod entry;
mod frame;
mod letters;
mod name;
mod phrase;
mod pieces;
mod resolve;
mod respell;
mod sentence;
mod set;

use entry::{Entry, Kind};
use sentence::Sentence;
use set::{Builder, Set};

use crate::find::Found;
use crate::text::Text;
use crate::{Additions, Category, RuleId};

/// The categories that an operator adds words to.
const CATEGORIES: [Category; 3] = [Category::Profanity, Category::Threat, Category::Insult];

/// Whether a rule finds invitations to a place that is not named. Nothing in them leads anywhere: they are never masked, at most
/// flagged.
pub(crate) fn leads_nowhere(rule: RuleId) -> bool {
    rule.starts_with("messenger.elsewhere")
}

/// A list of words and phrases of one category.
#[derive(Debug, Clone, Copy)]
struct List {
    category: Category,
    rule: RuleId,
    /// Whether what it finds counts.
    on: bool,
}

/// Something that a list says about a range of the folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    list: u16,
    except: bool,
    start: usize,
    end: usize,
}

/// Every list, with an operator's words.
#[derive(Debug)]
pub(crate) struct Lexicon {
    lists: Vec<List>,
    /// An operator's words.
    own: Option<Set>,
}

impl Lexicon {
    /// The built-in lists, compiled at the first use, and the operator's words.
    pub(crate) fn new(additions: &Additions) -> Self {
        let mut lists = data::lists();
        for list in &mut lists {
            list.on = !additions.is_disabled(list.rule);
        }
        let mut own = Builder::default();
        for category in CATEGORIES {
            let number = index(lists.len());
            let rule = data::added_rule(category);
            lists.push(List { category, rule, on: !additions.is_disabled(rule) });
            let entries = |words: &'_ [String]| -> Vec<Entry> {
                words.iter().filter_map(|word| Entry::parse(word).ok()).collect()
            };
            for mut entry in entries(additions.added(category)) {
                let whole = entry.words().is_some_and(|mut words| words.all(|word| !word.open_start && !word.open_end));
                if whole {
                    entry.kind = Kind::Maskable;
                }
                own.add(number, entry, false);
            }
            for mut entry in entries(additions.removed(category)) {
                entry.kind = Kind::Except;
                own.add(number, entry, false);
            }
        }
        // What additions hold is bounded far below what an automaton can hold.
        let own = if own.is_empty() { None } else { own.build().ok() };
        Self { lists, own }
    }

    /// Adds what is found to `out`, which holds by place what others claimed: only what they left is added, and `out` is in order
    /// again. Places are those of the folded text. Linear in the length of the text.
    ///
    /// What is found never holds three stars in a row: they may be a mask, and a mask is not masked again.
    pub(crate) fn find(&self, text: &Text<'_>, out: &mut Vec<Found>) {
        let built_in = data::built_in();
        let mut candidates = Vec::new();
        let mut sentence = Sentence::new(text);
        let sets = || [Some(built_in), self.own.as_ref()].into_iter().flatten();
        let masked: Vec<_> = sets().map(|set| &set.masked).collect();
        let words: Vec<_> = sets().map(|set| &set.words).collect();
        disguise::read(&mut sentence, &masked, &words);
        sentence.settle();
        built_in.find(&sentence, &mut candidates);
        if let Some(own) = &self.own {
            own.find(&sentence, &mut candidates);
        }
        if candidates.iter().any(|candidate| !candidate.except) {
            resolve::resolve(text.folded(), &self.lists, candidates, out);
        }
    }
}

fn index(i: usize) -> u16 {
    u16::try_from(i).unwrap_or(u16::MAX)
}

/// Whether an operator may add this word or phrase.
///
/// # Errors
/// What is wrong with it, to be read after it.
pub(crate) fn check(word: &str) -> Result<(), String> {
    let entry = Entry::parse(word)?;
    match entry.kind {
        Kind::Plain => {}
        Kind::Except => return Err("is an exception, which belongs into remove".to_owned()),
        Kind::Maskable | Kind::Famous | Kind::Part => {
            return Err("begins with a sign, which words of your own need not".to_owned());
        }
    }
    if entry.words().is_some_and(|mut words| words.any(|word| word.letters.len() < 2)) {
        return Err("would match nearly everything".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
