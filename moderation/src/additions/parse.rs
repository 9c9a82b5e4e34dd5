//! From TOML to [`Additions`], collecting mistakes instead of stopping at the first.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use regex::RegexBuilder;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{
    ADDITIONS_BYTES_MAX, Additions, AdditionsError, AdditionsMistake, DISABLED_MAX, OWN_RULES_MAX, OwnRule,
    PATTERN_BYTES_MAX, PATTERN_CHARS_MAX, WORD_CHARS_MAX, WORDS_MAX,
};
use crate::{Category, RuleId, lexicon};

/// The categories that are found by words.
const WORDED: [Category; 5] =
    [Category::Profanity, Category::Insult, Category::Threat, Category::Messenger, Category::Social];

/// Longest name of an own rule.
const NAME_CHARS_MAX: usize = 64;

/// Most names of own rules that one process takes: they live as long as it does.
const NAMES_MAX: usize = 4_096;

pub(super) fn additions(text: &str) -> Result<Additions, AdditionsError> {
    let mut parser = Parser { text, additions: Additions::default(), mistakes: Vec::new() };
    if text.len() > ADDITIONS_BYTES_MAX {
        parser.mistake(None, format!("larger than {ADDITIONS_BYTES_MAX} bytes"), "take something out");
    } else {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            parser.mistake(error.span(), format!("is not TOML ({})", error.message()), "correct the line");
        }
        if errors.is_empty() {
            parser.top(table.get_ref());
        }
    }
    parser.mistakes.sort_by_key(|mistake| mistake.line);
    if parser.mistakes.is_empty() { Ok(parser.additions) } else { Err(AdditionsError(parser.mistakes)) }
}

struct Parser<'t> {
    text: &'t str,
    additions: Additions,
    mistakes: Vec<AdditionsMistake>,
}

impl Parser<'_> {
    fn mistake(&mut self, at: Option<Range<usize>>, what: impl Into<String>, help: impl Into<String>) {
        let lines = |at: Range<usize>| self.text.bytes().take(at.start).filter(|byte| *byte == b'\n').count();
        let line = at.map_or(0, |at| 1 + lines(at));
        self.mistakes.push(AdditionsMistake { line, what: what.into(), help: help.into() });
    }

    fn top(&mut self, table: &DeTable<'_>) {
        let mut known: Vec<&str> = WORDED.map(Category::as_str).to_vec();
        known.extend(["rule", "disable"]);
        for (key, value) in table {
            let name: &str = key.get_ref();
            match (name, value.get_ref()) {
                ("disable", _) => self.disable(value),
                ("rule", DeValue::Array(rules)) => self.rules(rules),
                ("rule", _) => self.mistake(Some(key.span()), "rule is not a list", "write [[rule]] before each rule"),
                (name, DeValue::Table(lists)) if known.contains(&name) => {
                    if let Some(category) = Category::parse(name) {
                        self.lists(category, lists);
                    }
                }
                (name, _) if known.contains(&name) => {
                    let help = format!("write [{name}], then add = [\"…\"] or remove = [\"…\"]");
                    self.mistake(Some(key.span()), format!("{name} is not a section"), help);
                }
                _ => self.mistake(Some(key.span()), format!("{name} is not known here"), nearest(name, &known)),
            }
        }
    }

    fn lists(&mut self, category: Category, lists: &DeTable<'_>) {
        for (key, value) in lists {
            let name: &str = key.get_ref();
            if !matches!(name, "add" | "remove") {
                let what = format!("{category}.{name} is not known here");
                self.mistake(Some(key.span()), what, nearest(name, &["add", "remove"]));
                continue;
            }
            let words = self.texts(&format!("{category}.{name}"), value, WORDS_MAX);
            let mut good = Vec::with_capacity(words.len());
            for (word, at) in words {
                match check(category, &word) {
                    Ok(()) => good.push(word),
                    Err(what) => {
                        let help = match category {
                            Category::Messenger | Category::Social => "write the name as people write it: \"imo\"",
                            _ => "write a word, a stem*, or a phrase; docs/moderation.md shows how",
                        };
                        self.mistake(Some(at), format!("{category}.{name}: {word:?} {what}"), help);
                    }
                }
            }
            let words = &mut self.additions.words[category.index()];
            *(if name == "add" { &mut words.add } else { &mut words.remove }) = good;
        }
    }

    fn disable(&mut self, value: &Spanned<DeValue<'_>>) {
        for (id, at) in self.texts("disable", value, DISABLED_MAX) {
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
            if id.contains('.') && id.len() > 1 && id.chars().all(allowed) {
                self.additions.disabled.push(id);
            } else {
                let help = "write an id such as \"phone.nanp\", or its start with the dot: \"phone.\"";
                self.mistake(Some(at), format!("disable: {id:?} is no rule's id"), help);
            }
        }
    }

    fn rules(&mut self, rules: &[Spanned<DeValue<'_>>]) {
        let mut names = BTreeSet::new();
        for (index, rule) in rules.iter().enumerate() {
            if index == OWN_RULES_MAX {
                let what = format!("more than {OWN_RULES_MAX} rules");
                self.mistake(Some(rule.span()), what, "join patterns with | or take some out");
            }
            let DeValue::Table(table) = rule.get_ref() else {
                self.mistake(
                    Some(rule.span()),
                    "a rule is not a table",
                    "write [[rule]], then name, category, pattern",
                );
                continue;
            };
            if let Some(rule) = self.rule(table, rule.span()).filter(|_| index < OWN_RULES_MAX) {
                if names.insert(rule.id) {
                    self.additions.rules.push(rule);
                } else {
                    self.mistake(
                        Some(rules[index].span()),
                        format!("{} is there twice", rule.id),
                        "give it a name of its own",
                    );
                }
            }
        }
    }

    fn rule(&mut self, table: &DeTable<'_>, at: Range<usize>) -> Option<OwnRule> {
        let mut parts: [Option<(String, Range<usize>)>; 3] = [const { None }; 3];
        const KEYS: [&str; 3] = ["name", "category", "pattern"];
        let mut unread = false;
        for (key, value) in table {
            let name: &str = key.get_ref();
            match (KEYS.iter().position(|known| *known == name), value.get_ref()) {
                (Some(index), DeValue::String(text)) => parts[index] = Some((text.to_string(), value.span())),
                (Some(_), _) => {
                    unread = true;
                    self.mistake(Some(value.span()), format!("rule: {name} is not a text"), "put it into quotes");
                }
                (None, _) => {
                    self.mistake(Some(key.span()), format!("rule: {name} is not known here"), nearest(name, &KEYS));
                }
            }
        }
        for (name, _) in KEYS.iter().zip(&parts).filter(|(_, part)| part.is_none() && !unread) {
            self.mistake(Some(at.clone()), format!("rule: {name} is missing"), format!("add {name} = \"…\""));
        }
        let [name, category, pattern] = parts;
        let id = name.and_then(|(name, at)| self.id(&name, at));
        let category = category.and_then(|(name, at)| {
            let category = Category::parse(&name).filter(|category| *category != Category::Spam);
            if category.is_none() {
                let known: Vec<_> =
                    Category::ALL.into_iter().filter(|one| *one != Category::Spam).map(Category::as_str).collect();
                self.mistake(Some(at), format!("rule: {name:?} is no category"), nearest(&name, &known));
            }
            category
        });
        let pattern = pattern.and_then(|(pattern, at)| self.pattern(&pattern, at));
        Some(OwnRule { id: id?, category: category?, pattern: pattern? })
    }

    fn id(&mut self, name: &str, at: Range<usize>) -> Option<RuleId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(allowed) {
            let help = format!("use 1 to {NAME_CHARS_MAX} of a–z 0–9 _ -");
            self.mistake(Some(at), format!("rule: {name:?} is no name"), help);
            return None;
        }
        let id = interned(&format!("custom.{name}"));
        if id.is_none() {
            let what = format!("this process has seen {NAMES_MAX} names of rules");
            self.mistake(Some(at), what, "keep the names of rules, or restart");
        }
        id
    }

    fn pattern(&mut self, pattern: &str, at: Range<usize>) -> Option<regex::Regex> {
        if pattern.chars().count() > PATTERN_CHARS_MAX {
            let what = format!("rule: the pattern is longer than {PATTERN_CHARS_MAX} characters");
            self.mistake(Some(at), what, "make two rules of it");
            return None;
        }
        let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX).build();
        match built {
            Ok(built) if built.is_match("") => {
                self.mistake(
                    Some(at),
                    "rule: the pattern matches nothing at all",
                    "let it need at least one character",
                );
                None
            }
            Ok(built) => Some(built),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let help = "write it as the regex crate wants it: no look-around, no back-references";
                self.mistake(Some(at), format!("rule: the pattern cannot be used ({reason})"), help);
                None
            }
        }
    }

    /// The texts of a list, with their places.
    fn texts(&mut self, name: &str, value: &Spanned<DeValue<'_>>, most: usize) -> Vec<(String, Range<usize>)> {
        let DeValue::Array(items) = value.get_ref() else {
            self.mistake(Some(value.span()), format!("{name} is not a list"), format!("write {name} = [\"…\", \"…\"]"));
            return Vec::new();
        };
        if items.len() > most {
            self.mistake(Some(value.span()), format!("{name} has more than {most} entries"), "take some out");
            return Vec::new();
        }
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => texts.push((text.trim().to_owned(), item.span())),
                _ => self.mistake(Some(item.span()), format!("{name}: not a text"), "put it into quotes"),
            }
        }
        texts
    }
}

/// What is wrong with a word, to be read after it.
fn check(category: Category, word: &str) -> Result<(), String> {
    if word.chars().count() > WORD_CHARS_MAX {
        return Err(format!("is longer than {WORD_CHARS_MAX} characters"));
    }
    match category {
        Category::Messenger | Category::Social => {
            let fine = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '_');
            let letters = word.chars().filter(|c| c.is_alphabetic()).count();
            if letters >= 2 && word.chars().all(fine) { Ok(()) } else { Err("is no name".to_owned()) }
        }
        _ => lexicon::check(word),
    }
}

fn nearest(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|one| (strsim::damerau_levenshtein(name, one), one)).min();
    match near.filter(|(distance, _)| *distance <= 2) {
        Some((_, near)) => format!("did you mean {near}?"),
        None => format!("known are {}", known.join(", ")),
    }
}

/// The same text for as long as the process lives: rule ids go into verdicts that outlive the rules. Reading a file again
/// with the names it had takes nothing.
fn interned(id: &str) -> Option<RuleId> {
    static NAMES: Mutex<BTreeSet<RuleId>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(id) {
        return Some(known);
    }
    if names.len() >= NAMES_MAX {
        return None;
    }
    let kept: RuleId = Box::leak(id.to_owned().into_boxed_str());
    names.insert(kept);
    Some(kept)
}
