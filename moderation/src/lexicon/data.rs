//! The built-in lists.

use std::sync::LazyLock;

use super::classes::Classes;
use super::entry::Entry;
use super::set::{Builder, Set};
use super::{List, index};
use crate::{Category, RuleId};

/// Category, rule, text.
type Source = (Category, RuleId, &'static str);

macro_rules! lexicon {
    ($file:literal) => {
        include_str!(concat!("../../lexicon/", $file, ".txt"))
    };
}

/// The lists in the order of their numbers.
pub(super) const SOURCES: [Source; 17] = [
    (Category::Profanity, "profanity.ru", lexicon!("ru.profanity")),
    (Category::Profanity, "profanity.ru.latin", lexicon!("ru.latin.profanity")),
    (Category::Profanity, "profanity.en", lexicon!("en.profanity")),
    (Category::Profanity, "profanity.fr", lexicon!("fr.profanity")),
    (Category::Profanity, "profanity.fr.quebec", lexicon!("fr.quebec.profanity")),
    (Category::Threat, "threat.ru", lexicon!("ru.threat")),
    (Category::Threat, "threat.ru.latin", lexicon!("ru.latin.threat")),
    (Category::Threat, "threat.en", lexicon!("en.threat")),
    (Category::Threat, "threat.fr", lexicon!("fr.threat")),
    (Category::Insult, "insult.ru", lexicon!("ru.insult")),
    (Category::Insult, "insult.ru.latin", lexicon!("ru.latin.insult")),
    (Category::Insult, "insult.en", lexicon!("en.insult")),
    (Category::Insult, "insult.fr", lexicon!("fr.insult")),
    (Category::Insult, "insult.fr.quebec", lexicon!("fr.quebec.insult")),
    (Category::Messenger, "messenger.elsewhere.ru", lexicon!("ru.elsewhere")),
    (Category::Messenger, "messenger.elsewhere.en", lexicon!("en.elsewhere")),
    (Category::Messenger, "messenger.elsewhere.fr", lexicon!("fr.elsewhere")),
];

/// The rule of an operator's words.
pub(super) const fn added_rule(category: Category) -> RuleId {
    match category {
        Category::Threat => "threat.added",
        Category::Insult => "insult.added",
        _ => "profanity.added",
    }
}

/// Every list, switched on.
pub(super) fn lists() -> Vec<List> {
    SOURCES.iter().map(|(category, rule, _)| List { category: *category, rule, on: true }).collect()
}

/// The lines of a list that say something, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let said = |line: &str| !line.trim().is_empty() && !line.starts_with('#');
    text.lines().enumerate().map(|(i, line)| (i + 1, line)).filter(move |(_, line)| said(line))
}

/// The entries of a list with the numbers of their lines, and what is wrong with lines that are not understood.
pub(super) fn entries(text: &str) -> impl Iterator<Item = (usize, Result<Entry, String>)> {
    let mut classes = Classes::default();
    lines(text).filter_map(move |(number, line)| Some((number, classes.read(line).transpose()?)))
}

/// The lists, compiled.
pub(super) fn built_in() -> &'static Set {
    static SET: LazyLock<Set> = LazyLock::new(|| {
        let mut builder = Builder::default();
        for (list, (category, _, text)) in SOURCES.iter().enumerate() {
            // A test holds that every line is understood.
            for entry in entries(text).filter_map(|(_, entry)| entry.ok()) {
                builder.add(index(list), entry, !matches!(category, Category::Threat | Category::Messenger));
            }
        }
        builder.build().expect("the lists are far smaller than what an automaton can hold")
    });
    &SET
}
