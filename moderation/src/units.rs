//! Words as somebody who spells addresses and names means them: letters written apart are one word, and each word has its roles.

use std::borrow::Cow;

use crate::text::{Holds, Text, Token};
use crate::tld;
use crate::vocabulary::{self, Names, Roles, roles};

/// A word, or letters that together are one.
#[derive(Debug)]
pub(crate) struct Unit<'t> {
    /// Bytes of the folded text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Small letters.
    pub(crate) word: Cow<'t, str>,
    pub(crate) roles: Roles,
    /// Its letters are written apart.
    pub(crate) apart: bool,
}

/// The fewest letters apart that make a word.
const SPELLED_MIN: usize = 3;
/// The most: longer rows of letters are no names.
const SPELLED_MAX: usize = 40;

/// The most words of one letter before letters that are one word.
const BEFORE_MAX: usize = 2;

/// Signs that a name is cut by, the most between two parts of it, and the most parts.
const CUTTING: &str = "$@!|€-.'*_~";
const SIGNS_MAX: usize = 3;
const CUT_MAX: usize = 3;

/// The words of a text. Letters with one and the same sign between each make one word: "g m a i l", "t-e-l-e-g-r-a-m".
pub(crate) fn units<'t>(text: &'t Text<'_>, names: &Names) -> Vec<Unit<'t>> {
    let tokens = text.tokens();
    let mut units = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let apart = letters_apart(text, at);
        let goes_on = || {
            units.last().is_some_and(|last: &Unit<'_>| last.apart)
                && matches!(text.gap_before(at).trim(), "." | "_" | "-")
        };
        if apart >= SPELLED_MIN || (apart == 2 && (is_short_top(text, at) || goes_on())) {
            let letters = &tokens[at..at + apart];
            let join = |letters: &[Token]| letters.iter().map(|token| text.word(token)).collect::<String>();
            // "я в т е л е г е": words of one letter may stand before.
            let skipped = (0..=BEFORE_MAX.min(apart.saturating_sub(SPELLED_MIN)))
                .find(|skip| !roles(&join(&letters[*skip..])).is_empty());
            let (before, letters) = letters.split_at(skipped.unwrap_or_default());
            units.extend(before.iter().map(|token| single(text, token, names)));
            let word = join(letters);
            let roles = known(&word, letters[0].holds, names);
            units.push(Unit {
                start: letters[0].start,
                end: letters[letters.len() - 1].end,
                word: word.into(),
                roles,
                apart: true,
            });
            at += apart;
            continue;
        }
        if let Some((unit, past)) = over_signs(text, at) {
            units.push(unit);
            at = past;
            continue;
        }
        units.push(single(text, &tokens[at], names));
        at += 1;
    }
    units
}

/// One word.
fn single<'t>(text: &'t Text<'_>, token: &Token, names: &Names) -> Unit<'t> {
    let word = text.word(token);
    let roles = known(word, token.holds, names);
    Unit { start: token.start, end: token.end, word: word.into(), roles, apart: false }
}

/// A service whose name is cut by signs: "what$@pp", "messe-nger". And the first word behind it.
fn over_signs<'t>(text: &'t Text<'_>, at: usize) -> Option<(Unit<'t>, usize)> {
    let tokens = text.tokens();
    let gap = |next: usize| if next < tokens.len() { text.gap_before(next) } else { "" };
    let cuts = |gap: &str| !gap.is_empty() && gap.len() <= SIGNS_MAX && gap.chars().all(|c| CUTTING.contains(c));
    if tokens[at].holds.is_number() || !cuts(gap(at + 1)) || !vocabulary::may_begin_service(text.word(&tokens[at])) {
        return None;
    }
    (2..=CUT_MAX).take_while(|count| cuts(gap(at + count - 1))).find_map(|count| {
        let parts = (at..at + count).map(|i| (text.word(&tokens[i]), gap(i + 1)));
        let last = &tokens[at + count - 1];
        // "telegram.me" is a host.
        let host = gap(at + count - 1).contains('.') && tld::class(text.word(last)).is_some();
        let signs = parts.enumerate().map(|(i, (word, signs))| (word, if i + 1 < count { signs } else { "" }));
        let roles = vocabulary::with_signs(signs);
        let word = || (at..at + count).map(|i| text.word(&tokens[i])).collect::<String>().into();
        let unit = |roles| Unit { start: tokens[at].start, end: last.end, word: word(), roles, apart: false };
        (!host && !roles.is_empty()).then(|| (unit(roles), at + count))
    })
}

/// What a word can be, also bent: "whaaatsapp", "te1egram", "instagarm".
fn known(word: &str, holds: Holds, names: &Names) -> Roles {
    if let Some(roles) = names.roles(word) {
        return roles;
    }
    let roles = roles(word);
    if holds.has(Holds::MIXED) {
        return roles.sure();
    }
    if roles.is_empty() { vocabulary::bent(word, holds.has(Holds::DIGIT) && !holds.is_number()) } else { roles }
}

/// Two letters apart that end a host: ". c a".
fn is_short_top(text: &Text<'_>, at: usize) -> bool {
    let (a, b) = (text.word(&text.tokens()[at]), text.word(&text.tokens()[at + 1]));
    text.gap_before(at).contains('.') && tld::class(&format!("{a}{b}")).is_some()
}

/// How many single letters follow each other from a word on, with the same short gap between.
fn letters_apart(text: &Text<'_>, from: usize) -> usize {
    let tokens = text.tokens();
    let cyrillic = tokens[from].holds.has(Holds::CYRILLIC);
    let is_letter = |at: usize| {
        tokens.get(at).is_some_and(|token| {
            let one = text.word(token).chars().nth(1).is_none();
            let digit = token.holds.is_number() && at > from;
            one && (digit || (token.holds.is_word() && token.holds.has(Holds::CYRILLIC) == cyrillic))
        })
    };
    if !is_letter(from) || !is_letter(from + 1) {
        return 0;
    }
    let gap = text.gap_before(from + 1);
    if !matches!(gap, " " | "-" | "_" | "*" | "·" | "  " | "." | "/" | "|" | "~") {
        return 0;
    }
    let mut count = 1;
    while count < SPELLED_MAX && is_letter(from + count) && text.gap_before(from + count) == gap {
        count += 1;
    }
    count
}
