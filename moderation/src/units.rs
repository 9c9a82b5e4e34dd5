//! Words as somebody who spells addresses and names means them: letters written apart are one word, and each word has its roles.

use std::borrow::Cow;

use crate::text::{BOUNDARY, Holds, Text, Token};
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
    /// It is a service whose name is written as nobody writes it but to hide it.
    pub(crate) disguised: bool,
}

/// The fewest letters apart that make a word.
const SPELLED_MIN: usize = 3;
/// The fewest letters of a word with signs between them that is the name of a service, though it is a word as well.
const SIGNED_MIN: usize = 5;
/// The most: longer rows of letters are no names.
const SPELLED_MAX: usize = 40;

/// The most words of one letter before letters that are one word.
const BEFORE_MAX: usize = 2;

/// Signs that a name is cut by, and those among them that also part honest words; the most between two parts, and the most parts.
const CUTTING: &str = "$@!|€-.'*_~/:\\+= ";
const PARTING: &str = "-.' ";
const SIGNS_MAX: usize = 3;
/// The fewest letters of a name that only spaces cut.
const SPACED_MIN: usize = 6;
const CUT_MAX: usize = 3;

/// The words of a text. Letters with one and the same sign between each make one word: "g m a i l", "t-e-l-e-g-r-a-m".
pub(crate) fn units<'t>(text: &'t Text<'_>, names: &Names) -> Vec<Unit<'t>> {
    let tokens = text.tokens();
    let mut units = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let apart = letters_of_their_own(text, at, names);
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
            let mut roles = known(&word, letters[0].holds, names);
            // "S I G N A L" may be loud; with signs between, it is the name.
            let signs = text.gap_before(at + apart - 1).trim();
            if letters.len() >= SIGNED_MIN && !matches!(signs, "" | "-" | ".") {
                roles = roles.sure();
            }
            let disguised = roles.has(Roles::MESSENGER.and(Roles::SOCIAL));
            units.push(Unit {
                start: letters[0].start,
                end: letters[letters.len() - 1].end,
                word: word.into(),
                roles,
                apart: true,
                disguised,
            });
            at += apart;
            continue;
        }
        if let Some((unit, past)) = over_signs(text, at).or_else(|| over_spaces(text, at)) {
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
    let services = Roles::MESSENGER.and(Roles::SOCIAL);
    let bent = || token.holds.has(Holds::MIXED) || (!token.holds.is_word() && vocabulary::is_signed_service(word));
    let disguised = roles.has(services) && bent();
    Unit { start: token.start, end: token.end, word: word.into(), roles, apart: false, disguised }
}

/// A service whose name is cut by signs, or has one for its first or last letter: "what$@pp", "messe-nger", "$kype", "телег@". And
/// the first word behind it.
fn over_signs<'t>(text: &'t Text<'_>, at: usize) -> Option<(Unit<'t>, usize)> {
    let tokens = text.tokens();
    let gap = |next: usize| if next < tokens.len() { text.gap_before(next) } else { "" };
    let cuts = |gap: &str| !gap.trim().is_empty() && gap.len() <= SIGNS_MAX && gap.chars().all(|c| CUTTING.contains(c));
    // "$100" is money.
    let led = text.gap_before(at).ends_with('$') && !text.gap_before(at).ends_with("$$");
    let word = text.word(&tokens[at]);
    let trails = |past: usize| text.gap_before(past).starts_with('@');
    if tokens[at].holds.is_number() || !(cuts(gap(at + 1)) || led || trails(at + 1)) {
        return None;
    }
    if !(led || vocabulary::may_begin_service(word)) {
        return None;
    }
    // The longest first: "в@тс@п" is more than "в@тс".
    let most = (1..=CUT_MAX).take_while(|count| *count == 1 || cuts(gap(at + count - 1))).last().unwrap_or(1);
    (1..=most).rev().find_map(|count| {
        let last = &tokens[at + count - 1];
        let trail = trails(at + count) && !text.folded()[last.end + 1..].starts_with(char::is_alphanumeric);
        if count == 1 && !led && !trail {
            return None;
        }
        // "telegram.me" is a host.
        let host = count > 1 && gap(at + count - 1).contains('.') && tld::class(text.word(last)).is_some();
        let signs = |i: usize| {
            if i + 1 < at + count {
                gap(i + 1)
            } else if trail {
                "@"
            } else {
                ""
            }
        };
        let first = ("", if led { "$" } else { "" });
        let parts = || std::iter::once(first).chain((at..at + count).map(|i| (text.word(&tokens[i]), signs(i))));
        let roles = vocabulary::with_signs(parts());
        let joined = || (at..at + count).map(|i| text.word(&tokens[i])).collect::<String>();
        // With a space the name must be exact: "telegram - I".
        let spaced = (at + 1..at + count).any(|i| gap(i).contains(' '));
        let exact = || !vocabulary::roles(&joined()).is_empty();
        let disguised = led
            || trail
            || (at + 1..at + count).any(|i| gap(i).contains("--") || !gap(i).chars().all(|c| PARTING.contains(c)));
        let (start, end) = (tokens[at].start - usize::from(led), last.end + usize::from(trail));
        (!host && !roles.is_empty() && (!spaced || exact()))
            .then(|| (Unit { start, end, word: joined().into(), roles, apart: false, disguised }, at + count))
    })
}

/// A service whose name is cut by spaces: "what  sapp", "mes sen ger". One of the parts is no word.
fn over_spaces<'t>(text: &'t Text<'_>, at: usize) -> Option<(Unit<'t>, usize)> {
    let tokens = text.tokens();
    if !tokens[at].holds.is_word() || !vocabulary::begins_service(text.word(&tokens[at])) {
        return None;
    }
    let spaces = |next: usize| next < tokens.len() && matches!(text.gap_before(next), " " | "  " | "\u{A0}");
    (2..=CUT_MAX).take_while(|count| spaces(at + count - 1)).find_map(|count| {
        let parts = || tokens[at..at + count].iter().map(|token| text.word(token));
        let word: String = parts().collect();
        let roles = roles(&word);
        let strange = parts().filter(|part| vocabulary::roles(part).is_empty()).count();
        // "The house next door".
        let named = word != "nextdoor"
            && roles.has(Roles::MESSENGER.and(Roles::SOCIAL))
            && word.chars().count() >= SPACED_MIN
            && strange > 0;
        let (start, end) = (tokens[at].start, tokens[at + count - 1].end);
        named.then(|| {
            (Unit { start, end, word: word.into(), roles, apart: false, disguised: strange == count }, at + count)
        })
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

/// How many single letters follow each other from a word on, without the last one when it begins a longer row of its own:
/// "и в с~и~г~н~а~л".
fn letters_of_their_own(text: &Text<'_>, from: usize, names: &Names) -> usize {
    let apart = letters_apart(text, from, names);
    if apart < 2 || text.gap_before(from + apart) == text.gap_before(from + 1) {
        return apart;
    }
    let own = letters_apart(text, from + apart - 1, names);
    if own >= SPELLED_MIN && own > apart { apart - 1 } else { apart }
}

/// How many single letters follow each other from a word on, with the same short gap between. With a gap that also parts the items of
/// a list they must be the name of a service.
fn letters_apart(text: &Text<'_>, from: usize, names: &Names) -> usize {
    /// The most characters between two letters.
    const GAP_MAX: usize = 3;
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
    let usual = matches!(gap, " " | "-" | "_" | "*" | "·" | "  " | "." | "/" | "|" | "~");
    if !usual && (gap.chars().count() > GAP_MAX || gap.contains([BOUNDARY, '$', '%', '№', '#'])) {
        return 0;
    }
    let mut count = 1;
    while count < SPELLED_MAX && is_letter(from + count) && text.gap_before(from + count) == gap {
        count += 1;
    }
    let is_service = || {
        let word: String = tokens[from..from + count].iter().map(|token| text.word(token)).collect();
        let services = Roles::MESSENGER.and(Roles::MESSENGER_WORD).and(Roles::SOCIAL).and(Roles::SOCIAL_WORD);
        word.chars().count() > SPELLED_MIN && known(&word, tokens[from].holds, names).has(services)
    };
    if usual || is_service() { count } else { 0 }
}
