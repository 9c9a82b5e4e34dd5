//! What looks like a handle.

use std::ops::Range;

use super::{Talk, name};
use crate::numbers;
use crate::text::BOUNDARY;
use crate::tld;
use crate::units::Unit;
use crate::vocabulary::Roles;

/// The fewest letters of a handle that looks like a word.
pub(super) const NAME_MIN: usize = 5;

/// A handle: its units, and bytes with the `@` before.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) range: Range<usize>,
}

impl Talk<'_, '_> {
    /// The handle that begins with a unit: joined by `_`, `.`, `-` without spaces, with an `@` before.
    pub(super) fn handle_at(&self, first: usize) -> Handle {
        let mut last = first;
        while let Some(next) = self.units.get(last + 1) {
            if !self.is_joint(last + 1, next) {
                break;
            }
            last += 1;
        }
        self.handle(first, last)
    }

    /// The handle that ends with a unit.
    pub(super) fn handle_ending(&self, last: usize) -> Handle {
        let mut first = last;
        while first > 0 && self.is_joint(first, &self.units[first]) {
            first -= 1;
        }
        self.handle(first, last)
    }

    pub(super) fn is_joint(&self, at: usize, unit: &Unit<'_>) -> bool {
        let between = self.before(at);
        let spaced = (unit.apart || self.units[at - 1].apart) && matches!(between, " . " | " _ " | " - ");
        let sentence = between == "." && self.text.folded()[unit.start..].starts_with(char::is_uppercase);
        (matches!(between, "_" | "." | "-" | "__" | "#") && !sentence) || spaced
    }

    pub(super) fn handle(&self, first: usize, last: usize) -> Handle {
        let (start, end) = (self.units[first].start, self.units[last].end);
        let before = self.before(first);
        let signs =
            before.trim_end().ends_with('@').then(|| before[before.trim_end_matches([' ', '@']).len()..].trim_start());
        // "собака ivan_77": the sign, spelled.
        let spelled = first.checked_sub(1).filter(|at| before == " " && self.roles(*at).has(Roles::AT));
        let start = spelled.map_or(start - signs.map_or(0, str::len), |at| self.units[at].start);
        Handle { first, last, range: start..end }
    }

    pub(super) fn text_of(&self, handle: &Handle) -> &str {
        &self.text.lower()[self.units[handle.first].start..handle.range.end]
    }

    /// What only handles look like: an underscore, letters and then digits, two names with a dot, letters apart.
    pub(super) fn is_marked(&self, handle: &Handle) -> bool {
        let text = self.text_of(handle);
        let units = &self.units[handle.first..=handle.last];
        if !text.is_ascii() || text.len() < 4 || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return false;
        }
        let last = &*units[units.len() - 1].word;
        if units.len() > 1 && (tld::is_file_ending(last) || text.starts_with("e-mail")) {
            return false;
        }
        if units.iter().any(|unit| unit.apart && unit.word.chars().count() > 4) {
            return !self.units[handle.first].roles.has(Roles::MESSENGER.and(Roles::SOCIAL));
        }
        let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let one = units.len() == 1;
        let named = one && letters >= 3 && digits > 0 && letters + digits == text.len() && self.is_small(handle);
        let dotted =
            text.contains('.') && units.iter().all(|unit| unit.word.len() > 1 && !unit.roles.has(Roles::COMMON));
        let tagged = text.contains('#') && digits >= 3;
        text.contains('_') || named || dotted || tagged
    }

    /// Only a dot makes it a handle: a missing space after a full stop looks the same.
    pub(super) fn is_dotted(&self, handle: &Handle) -> bool {
        let text = self.text_of(handle);
        text.contains('.') && !text.contains('_') && !text.bytes().any(|b| b.is_ascii_digit())
    }

    /// Handles are written small, models of goods large.
    pub(super) fn is_small(&self, handle: &Handle) -> bool {
        !self.text.folded()[handle.range.clone()].contains(char::is_uppercase)
    }

    /// A word that nothing else is known of.
    pub(super) fn is_name(&self, handle: &Handle) -> bool {
        let text = self.text_of(handle);
        let plain = text.len() >= NAME_MIN && text.is_ascii() && text.starts_with(|c: char| c.is_ascii_alphabetic());
        plain
            && self.units[handle.first..=handle.last]
                .iter()
                .all(|unit| unit.roles.is_empty() && numbers::meaning(&unit.word).is_none())
    }

    /// What is made of names of people: "jmartin", "audrey.gauthier".
    pub(super) fn is_personal(&self, handle: &Handle) -> bool {
        let units = &self.units[handle.first..=handle.last];
        units.iter().any(|unit| name::is_personal(&unit.word))
            || (units.len() > 1 && units.iter().any(|unit| name::is_given(&unit.word)))
    }

    /// A given name and a surname, each with its capital.
    pub(super) fn full_name(&self, at: usize) -> Option<Handle> {
        let capital = |at: usize| self.text.folded()[self.units[at].start..].starts_with(char::is_uppercase);
        let both = at + 1 < self.units.len() && self.before(at + 1) == " " && capital(at) && capital(at + 1);
        let surname = |unit: &Unit<'_>| unit.word.chars().nth(2).is_some() && !unit.roles.has(Roles::COMMON);
        (both && name::is_given(&self.units[at].word) && surname(&self.units[at + 1])).then(|| self.handle(at, at + 1))
    }

    /// Whether the units are all that a message says.
    pub(super) fn is_message(&self, first: usize, last: usize) -> bool {
        let behind = self.before(last + 1);
        self.before(first).contains(BOUNDARY) && (behind.contains(BOUNDARY) || last + 1 == self.units.len())
    }
}
