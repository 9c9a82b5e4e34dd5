//! What may stand between two parts of a number: signs, and words that people say while they dictate.

use std::sync::LazyLock;

use rustc_hash::FxHashSet as HashSet;

use crate::phone::words;
use crate::text::{BOUNDARY, Text, Token};
use crate::vocabulary::roles;

/// The most characters between two groups.
const GAP_MAX: usize = 12;
/// The most words such as "then" or "dash" between two groups.
pub(super) const FILLERS_MAX: usize = 4;

/// What stands between two groups: a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Gap(u16);

impl Gap {
    pub(super) const NONE: Self = Self(0);
    pub(super) const SPACE: Self = Self(1);
    pub(super) const DASH: Self = Self(2);
    pub(super) const DOT: Self = Self(4);
    pub(super) const BRACKET: Self = Self(8);
    pub(super) const COMMA: Self = Self(16);
    pub(super) const SLASH: Self = Self(32);
    pub(super) const NEWLINE: Self = Self(64);
    /// Anything that does not stand inside a number as people write them.
    pub(super) const ODD: Self = Self(128);
    pub(super) const FILLER: Self = Self(256);
    /// Words that say nothing about numbers.
    pub(super) const TALK: Self = Self(512);
    /// The end of a message.
    pub(super) const BOUNDARY: Self = Self(1024);
    /// More words than [`FILLERS_MAX`], before or behind the end of a message.
    pub(super) const FAR: Self = Self(2048);

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Nothing stands here that does not stand there.
    pub(super) const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub(super) const fn without_talk(self) -> Self {
        Self(self.0 & !Self::TALK.0)
    }

    /// Reads what stands between two words. `None`: a number does not go on behind it.
    pub(super) fn read(between: &str) -> Option<Self> {
        let mut gap = Self::default();
        let mut stars = 0;
        for (count, c) in between.chars().enumerate() {
            if count == GAP_MAX {
                return None;
            }
            stars = if c == '*' { stars + 1 } else { 0 };
            gap = gap.and(match c {
                '\n' => Self::NEWLINE,
                BOUNDARY => Self::NEWLINE.and(Self::BOUNDARY),
                c if c.is_whitespace() => Self::SPACE,
                '-' | '\u{2010}'..='\u{2015}' | '−' => Self::DASH,
                '.' | '…' => Self::DOT,
                '(' | ')' => Self::BRACKET,
                ',' | ';' => Self::COMMA,
                '/' | '\\' | '|' | ':' => Self::SLASH,
                '$' | '€' | '£' | '₽' | '¥' | '%' | '°' | '×' | '№' | '@' => return None,
                '*' if stars > 2 => return None,
                _ => Self::ODD,
            });
        }
        // Sums: "5 + 7 = 12"; but a message may begin with a plus.
        let is_sum = between.contains(['+', '=', '<', '>']) && gap.has(Self::SPACE) && !gap.has(Self::BOUNDARY);
        (!is_sum).then_some(gap)
    }
}

/// The bottom of a fraction: "2 1/2", not one of many slashes.
pub(super) fn is_fraction(text: &Text<'_>, at: usize) -> bool {
    let short = |token: &Token| token.end - token.start <= 2;
    let lone = at < 2 || text.gap_before(at - 1) != "/";
    lone && text.gap_before(at + 1) != "/" && at > 0 && short(&text.tokens()[at - 1]) && short(&text.tokens()[at])
}

/// "2) …" at the beginning of a line or message.
pub(super) fn is_enumerator(text: &Text<'_>, token: &Token, left: &str) -> bool {
    let begins = token.start == left.len() || left.ends_with([BOUNDARY, '\n']);
    let behind = text.folded()[token.end..].strip_prefix([')', '.']);
    begins && token.end - token.start == 1 && behind.is_some_and(|behind| behind.starts_with(' '))
}

/// "one sec", "one by one": no digit.
pub(super) fn is_counting_talk(text: &Text<'_>, token: &Token) -> bool {
    if !ONE.contains(&text.word(token)) {
        return false;
    }
    let next = text.tokens().get(text.token_from(token.end)).map_or("", |next| text.word(next));
    COUNTED.contains(&next)
}

/// Says nothing between two parts of a number.
pub(super) fn is_neutral(word: &str) -> bool {
    WORDS.neutral.contains(word)
}

/// "104 ok?": the last word of a message says nothing of its number.
pub(super) fn is_asking(text: &Text<'_>, at: usize) -> bool {
    ASKING.contains(&text.word(&text.tokens()[at])) && text.gap_before(at + 1).contains(BOUNDARY)
}

/// Leads from one part of a number to the next.
pub(super) fn leads_on(word: &str) -> bool {
    WORDS.fillers.contains(word)
}

/// Not one of the words that every text is full of.
pub(super) fn is_unknown(word: &str) -> bool {
    !leads_on(word) && !is_neutral(word) && roles(word).is_empty()
}

/// The lists that every word between numbers is looked for in.
struct Words {
    neutral: HashSet<&'static str>,
    fillers: HashSet<&'static str>,
}

static WORDS: LazyLock<Words> =
    LazyLock::new(|| Words { neutral: NEUTRAL.iter().copied().collect(), fillers: FILLERS.iter().copied().collect() });

/// Between two sizes or two choices.
const ALTERNATIVES: &[&str] = &["x", "х", "sur", "or", "ou", "или"];

/// Behind a word that leads on: "followed by".
const LEADING: &[&str] = &["by", "par", "на", "в"];

const ONE: &[&str] = &["one", "un", "une", "раз", "один", "одна", "одну"];

/// What stands behind "one" where nothing is dictated.
#[rustfmt::skip]
const COUNTED: &[&str] = &[
    "sec", "second", "moment", "minute", "min", "time", "more", "thing", "by", "instant", "peu", "момент", "секунду", "сек", "минуту",
];

/// Words that say nothing between the parts of a number.
#[rustfmt::skip]
const NEUTRAL: &[&str] = &[
    "and", "that", "the", "with", "is", "it", "d", "n", "te", "во", "ть", "et", "de", "les", "pour", "se", "la", "le", "и", "а", "для", "вот",
];

/// What asks at the end of a message whether the other has it.
const ASKING: &[&str] =
    &["ok", "okay", "k", "ready", "got", "yes", "ок", "окей", "готов", "готовы", "да", "понял", "oui", "pret"];

/// Words that people put between the parts of a number they dictate.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "then", "next", "dash", "hyphen", "space", "dot", "minus", "slash", "star", "hash", "pound", "finally", "plus", "followed",
    "after", "these", "middle", "final", "um", "uh", "uhm", "er", "lastly", "digits",
    "puis", "pis", "ensuite", "tiret", "espace", "point", "enfin", "trait", "suivi", "apres", "euh", "ben", "derniers", "chiffres",
    "потом", "затем", "дальше", "далее", "еще", "тире", "дефис", "минус", "точка", "пробел", "плюс", "скобка", "наконец", "там", "ну", "эм",
    "first", "begin", "begins", "start", "starts", "now", "continue", "continues", "ending", "ends", "end", "rest", "second", "part", "last", "done",
    "commence", "commencer", "abord", "maintenant", "suite", "fin", "fini", "termine", "finit", "dernier", "reste", "partie",
    "сначала", "начало", "начала", "начинается", "теперь", "продолжение", "часть", "вторая", "первая", "конец", "заканчивается", "остальное", "всё", "все", "готово",
    "ээ", "эээ", "конце", "последние", "цифры", "после",
];

/// What a word between the parts of a number is. `None`: a number does not go on behind it.
pub(super) fn filler(word: &str, token: &Token, so_far: Gap) -> Option<Gap> {
    /// Bytes of the longest of [`FILLERS`].
    const LONGEST: usize = 26;
    let same_line = !so_far.has(Gap::NEWLINE);
    if !token.holds.is_word() || (same_line && words::is_amount(word)) {
        return None;
    }
    let among = so_far.has(Gap::FILLER) || so_far.has(Gap::BOUNDARY);
    match word {
        // "300 by 135": a size; but "followed by", "se termine par", "сначала на".
        "by" | "par" | "на" if !among => return None,
        word if ALTERNATIVES.contains(&word) => return None,
        word if is_neutral(word) || LEADING.contains(&word) => return Some(Gap::SPACE),
        _ => {}
    }
    if word.len() <= LONGEST && leads_on(word) {
        return Some(Gap::FILLER);
    }
    Some(Gap::TALK)
}
