//! Words with signs between them, written or spelled.

use std::ops::Range;

use crate::text::{BOUNDARY, Text};
use crate::units::Unit;
use crate::vocabulary::Roles;

/// The most bytes between two labels.
pub(super) const BETWEEN_MAX: usize = 12;

/// A sign between two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Dot,
    /// A comma in place of a dot.
    Comma,
    At,
    /// An English "at" without brackets.
    AtWord,
    Joint,
}

/// How a sign is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// As usual.
    Tight,
    /// With spaces around.
    Apart,
    /// In brackets.
    Bracketed,
    /// As a word.
    Spelled,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) sign: Sign,
    pub(super) form: Form,
    /// The unit it leads to.
    pub(super) next: usize,
}

/// The chains of one range of a text.
pub(super) struct Chains<'a, 't> {
    pub(super) text: &'a Text<'t>,
    pub(super) units: &'a [Unit<'a>],
    /// From each unit onwards.
    pub(super) links: Vec<Option<Link>>,
    /// The unit that leads to each.
    pub(super) back: Vec<Option<usize>>,
}

impl<'a, 't> Chains<'a, 't> {
    pub(super) fn read(text: &'a Text<'t>, units: &'a [Unit<'a>], gap: Range<usize>) -> Self {
        let first = units.partition_point(|unit| unit.start < gap.start);
        let past = units.partition_point(|unit| unit.end <= gap.end).max(first);
        let units = &units[first..past];
        let mut chains = Self { text, units, links: Vec::new(), back: vec![None; units.len()] };
        chains.links = (0..units.len()).map(|at| chains.link(at)).collect();
        for (at, link) in chains.links.iter().enumerate() {
            if let Some(link) = link {
                // A word that spells a sign leads nowhere itself.
                chains.back[link.next].get_or_insert(at);
            }
        }
        chains
    }

    pub(super) fn between(&self, at: usize) -> Option<&'a str> {
        let (here, next) = (self.units.get(at)?, self.units.get(at + 1)?);
        let between = self.text.folded().get(here.end..next.start)?;
        (between.len() <= BETWEEN_MAX).then_some(between)
    }

    /// The sign behind a unit.
    pub(super) fn link(&self, at: usize) -> Option<Link> {
        let between = self.between(at)?;
        if self.is_odd_dot(at, between) {
            return Some(Link { sign: Sign::Comma, form: Form::Tight, next: at + 1 });
        }
        let apart = self.units[at].apart && matches!(between, " _ " | " - ");
        if (matches!(between, "_" | "-" | "+" | "–" | "__") && !self.is_sign_word(at + 1)) || apart {
            return Some(Link { sign: Sign::Joint, form: Form::Tight, next: at + 1 });
        }
        let inner = between.trim_matches(is_around_sign);
        let form = match (between.len() == inner.len(), between.contains(['(', '[', '{', '<'])) {
            (true, _) => Form::Tight,
            (_, true) => Form::Bracketed,
            _ => Form::Apart,
        };
        let sign = match inner {
            "." | ".." => Some((Sign::Dot, if inner.len() > 1 { Form::Bracketed } else { form })),
            "·" | "•" | "∙" => Some((Sign::Dot, Form::Bracketed)),
            "@" => Some((Sign::At, form)),
            "@@" => Some((Sign::At, Form::Bracketed)),
            "," if form == Form::Tight => Some((Sign::Comma, form)),
            _ => None,
        };
        if let Some((sign, form)) = sign {
            return Some(Link { sign, form, next: at + 1 });
        }
        inner.is_empty().then(|| self.spelled(at, form)).flatten()
    }

    /// A sign that is no dot, behind "www" or before "com": "www/example/ca", "example|com".
    fn is_odd_dot(&self, at: usize, between: &str) -> bool {
        let is = |at: Option<usize>, word: &str| at.is_some_and(|at| *self.units[at].word == *word);
        let led = is(Some(at), "www") || is(at.checked_sub(1), "www");
        (led && matches!(between, "/" | "|" | "*" | "\\" | ":" | ";" | "~" | "=" | "-" | "_" | "+"))
            || (matches!(between, "|" | "*" | "\\" | ":" | ";" | "~" | "=") && is(Some(at + 1), "com"))
    }

    /// Whether a unit spells a sign that can stand between hyphens or underscores: "_at_", "-dot-".
    pub(super) fn is_sign_word(&self, at: usize) -> bool {
        let signs = Roles::DOT.and(Roles::AT).and(Roles::AT_WORD);
        self.units[at].roles.has(signs) && self.between(at).is_some_and(|behind| matches!(behind, "_" | "-" | "+"))
    }

    /// A sign spelled as a word, between two units.
    pub(super) fn spelled(&self, at: usize, form: Form) -> Option<Link> {
        let mut word = at + 1;
        let roles = self.units[word].roles;
        let bracketed = form == Form::Bracketed;
        let apart = self.units[word].word == "a" && self.units.get(word + 1).is_some_and(|next| next.word == "t");
        let tied = self.is_sign_word(word);
        let sign = match roles {
            _ if roles.has(Roles::DOT) => Sign::Dot,
            _ if apart => {
                word += 1;
                Sign::At
            }
            _ if self.units[word].word == "a" && bracketed => Sign::At,
            // "nom à gmail point com", "nom a commercial gmail".
            _ if self.units[word].word == "a"
                && self.units.get(word + 1).is_some_and(|next| next.word == "commercial") =>
            {
                word += 1;
                Sign::At
            }
            _ if self.units[word].word == "a"
                && self.units.get(word + 1).is_some_and(|next| next.roles.has(Roles::PROVIDER)) =>
            {
                Sign::AtWord
            }
            _ if roles.has(Roles::AT) => Sign::At,
            _ if roles.has(Roles::AT_WORD) && (bracketed || tied) => Sign::At,
            _ if roles.has(Roles::AT_WORD) => Sign::AtWord,
            _ if matches!(&*self.units[word].word, "on" | "sur" | "на")
                && self.units.get(word + 1).is_some_and(|next| next.roles.has(Roles::PROVIDER)) =>
            {
                Sign::AtWord
            }
            _ if roles.has(Roles::JOINT) => Sign::Joint,
            _ => return None,
        };
        // "a commercial", "нижнее подчёркивание", "tiret bas".
        let more = |word: usize| self.units.get(word + 1).map(|unit| unit.roles).unwrap_or_default();
        if sign == Sign::Joint {
            while more(word).has(Roles::JOINT) && word - at < 3 {
                word += 1;
            }
        }
        let behind = self.between(word)?;
        behind.trim_matches(is_around_sign).is_empty().then_some(Link { sign, form: Form::Spelled, next: word + 1 })
    }
}

/// What may stand around a sign without meaning anything.
pub(super) fn is_around_sign(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            BOUNDARY
                | '_'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
                | '"'
                | '\''
                | '«'
                | '»'
                | '*'
                | '|'
                | '~'
                | '/'
                | '-'
        )
}
