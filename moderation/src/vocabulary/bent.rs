//! Names of services that are bent: letters stretched or swapped, digits and signs among them, one slip in a long name.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::{Roles, VOCABULARY, roles};
use crate::slip::{find_shortened, is_slip, shortened};
use crate::text::scripts;

/// Bytes of the shortest and longest bent name, and the letters that names begin with.
const BENT_MIN: usize = 5;
const BENT_MAX: usize = 40;
const FIRST_LETTERS: &str = "wtifmdsvkxlyвтифмдсукю";
/// The fewest letters of a name in which one may have slipped, and of one in which two may be swapped.
const SLIP_MIN: usize = 6;
const SWAP_MIN: usize = 5;

/// Every name of a service.
const SERVICES: Roles = Roles::MESSENGER.and(Roles::SOCIAL).and(Roles::MESSENGER_WORD).and(Roles::SOCIAL_WORD);

/// Names by what they are taken for.
#[derive(Default)]
struct Near {
    /// Without one of their letters, and whole.
    slipped: HashMap<Box<str>, Vec<&'static str>>,
    /// Names and invitations with two neighbours swapped.
    swapped: HashMap<Box<str>, &'static str>,
    /// What names begin with that are nothing else.
    beginnings: HashSet<Box<str>>,
    /// The first letter of each name, and which letters it has.
    letters: Vec<(char, u32)>,
}

impl Near {
    /// Whether the letters of a word are nearly those of some name: one slip takes one away and adds another at most.
    fn may_be_slipped(&self, word: &str) -> bool {
        const CHANGED_MAX: u32 = 2;
        let (first, letters) = (word.chars().next(), letter_set(word));
        self.letters.iter().any(|(begins, name)| Some(*begins) == first && (name ^ letters).count_ones() <= CHANGED_MAX)
    }
}

/// Which letters a word has: a bit each. Two letters may share one.
fn letter_set(word: &str) -> u32 {
    word.chars().fold(0, |set, c| set | 1 << (u32::from(c) % 32))
}

static NEAR: LazyLock<Near> = LazyLock::new(|| {
    let mut near = Near::default();
    for (name, roles) in &VOCABULARY.words {
        let letters = name.chars().count();
        if roles.has(Roles::MESSENGER.and(Roles::SOCIAL)) && letters >= SLIP_MIN {
            let ends = name.char_indices().skip(2).map(|(at, _)| at);
            near.beginnings.extend(ends.map(|end| Box::from(&name[..end])));
        }
        if roles.has(SERVICES) && letters >= SLIP_MIN {
            near.letters.extend(name.chars().next().map(|first| (first, letter_set(name))));
            for less in shortened(name).chain([(*name).into()]) {
                near.slipped.entry(less).or_default().push(name);
            }
        }
        if roles.has(SERVICES.and(Roles::INVITE)) && letters >= SWAP_MIN {
            for swapped in swapped(name).filter(|swapped| !VOCABULARY.words.contains_key(&**swapped)) {
                near.swapped.insert(swapped, name);
            }
        }
    }
    near.slipped.values_mut().for_each(|names| names.sort_unstable());
    near
});

/// The word with two neighbours swapped, each two in turn; the first letter stays.
fn swapped(word: &str) -> impl Iterator<Item = Box<str>> {
    let letters: Vec<char> = word.chars().collect();
    (2..letters.len()).map(move |at| {
        let mut letters = letters.clone();
        letters.swap(at - 1, at);
        letters.into_iter().collect::<String>().into_boxed_str()
    })
}

/// The service that a word is a bent name of: letters stretched ("vvviber"), digits among them ("te1egram"), one slip in a long
/// name ("whastapp"). Nothing for other words.
pub(crate) fn bent(word: &str, digits: bool) -> Roles {
    if !(BENT_MIN..=BENT_MAX).contains(&word.len()) || !(digits || word.starts_with(|c| FIRST_LETTERS.contains(c))) {
        return Roles::default();
    }
    if !digits {
        return one_of(word).unwrap_or_default();
    }
    // More digits than that are a size or a code.
    if word.bytes().filter(u8::is_ascii_digit).count() * 2 > word.chars().count() {
        return Roles::default();
    }
    let letters = [letters(word, false), letters(word, true)];
    letters
        .iter()
        .find_map(|plain| Some(roles(plain)).filter(|roles| roles.has(SERVICES)).or_else(|| one_of(plain)))
        .map_or_else(Roles::default, Roles::sure)
}

/// Whether digits and signs stand in a word for the letters of a service's name: "t3legr@m". Nobody writes so but to hide it.
pub(crate) fn is_signed_service(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit() || SIGNS.contains(c))
        && word.contains(char::is_alphabetic)
        && [false, true].iter().any(|second| {
            let plain = letters(word, *second);
            roles(&plain).has(SERVICES) || stretched(&plain).any(|less| roles(&less).has(SERVICES))
        })
}

/// Whether a longer name of a service begins with a word.
pub(crate) fn begins_service(word: &str) -> bool {
    NEAR.beginnings.contains(word)
}

/// Whether a word is an invitation with two of its letters swapped.
pub(crate) fn invites_swapped(word: &str) -> bool {
    let invitation = NEAR.swapped.get(word).and_then(|name| VOCABULARY.words.get(name));
    invitation.is_some_and(|roles| roles.has(Roles::INVITE))
}

/// The service that a word of letters is a bent name of.
fn one_of(word: &str) -> Option<Roles> {
    let sure = Roles::MESSENGER.and(Roles::SOCIAL);
    let service = |word: &str| Some(roles(word)).filter(|roles| roles.has(sure));
    let doubled = word.chars().zip(word.chars().skip(1)).any(|(a, b)| a == b);
    let stretched = |word| stretched(word).filter(|_| doubled);
    service(word)
        .or_else(|| stretched(word).find_map(|less| service(&less)))
        .or_else(|| slipped(word))
        .or_else(|| stretched(word).next().filter(|less| less.len() < word.len()).and_then(|less| slipped(&less)))
        .or_else(|| without_ending(word).and_then(slipped))
}

/// Digits and signs among letters, as the letters they pass for. `second`: the other one that some of them pass for.
fn letters(word: &str, second: bool) -> String {
    let cyrillic = word.chars().any(|c| matches!(c, '\u{400}'..='\u{4FF}'));
    let leet = if cyrillic { scripts::leet_cyrillic } else { scripts::leet_latin };
    let letter = |c: char| match (c, cyrillic, second) {
        ('3', true, false) => 'е',
        ('1' | '!' | '|', true, true) => 'л',
        ('1' | '!' | '|', false, true) => 'l',
        ('4', true, true) => 'а',
        ('6', false, true) => 'b',
        _ => leet(c).unwrap_or(c),
    };
    word.chars().map(letter).collect()
}

/// The word with runs of one letter cut down to one, and to two.
fn stretched(word: &str) -> impl Iterator<Item = String> {
    let cut = |most: usize| {
        let (mut cut, mut last, mut run) = (String::with_capacity(word.len()), None, 0);
        for c in word.chars() {
            run = if last == Some(c) { run + 1 } else { 1 };
            last = Some(c);
            if run <= most {
                cut.push(c);
            }
        }
        cut
    };
    [cut(1), cut(2)].into_iter()
}

/// A Russian word without the ending of its case.
fn without_ending(word: &str) -> Option<&str> {
    if word.is_ascii() {
        return None;
    }
    ["ом", "е", "у", "а"].iter().find_map(|ending| word.strip_suffix(ending))
}

/// A name from which the word differs by one letter, missing, added or changed, or two swapped; both begin alike.
fn slipped(word: &str) -> Option<Roles> {
    let near = &*NEAR;
    let swapped =
        near.swapped.get(word).and_then(|name| VOCABULARY.words.get(name)).filter(|roles| roles.has(SERVICES));
    if let Some(roles) = swapped {
        return Some(*roles);
    }
    if word.chars().count() + 1 < SLIP_MIN || !near.may_be_slipped(word) {
        return None;
    }
    let name_of = |less: &str| near.slipped.get(less).into_iter().flatten().find(|name| is_slip(word, name)).copied();
    let name = name_of(word).or_else(|| find_shortened(word, name_of))?;
    VOCABULARY.words.get(name).copied()
}

/// Whether a name of a service may begin with a word.
pub(crate) fn may_begin_service(word: &str) -> bool {
    word.starts_with(|c| FIRST_LETTERS.contains(c))
}

/// Signs that pass for letters.
const SIGNS: &str = "$@!|€";

/// The service that words with signs between them are together: "what$@pp", "messe-nger". `parts`: the words, each with the signs
/// behind it.
pub(crate) fn with_signs<'p>(parts: impl Iterator<Item = (&'p str, &'p str)>) -> Roles {
    let mut signed = String::new();
    for (word, signs) in parts {
        signed.push_str(word);
        signed.extend(signs.chars().filter(|sign| SIGNS.contains(*sign)));
    }
    bent(&signed, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bent_names() {
        for word in ["whastapp", "vvviber", "viebr", "te1egram", "т3л3га", "те1еграме", "вэтсапе", "singal"]
        {
            let digits = word.bytes().any(|b| b.is_ascii_digit());
            assert!(bent(word, digits).has(SERVICES), "{word}");
        }
        assert!(with_signs([("what", "$@"), ("pp", "")].into_iter()).has(Roles::MESSENGER));
        assert!(with_signs([("messe", "-"), ("nger", "")].into_iter()).has(Roles::MESSENGER));
        for word in ["vibre", "single", "fiber", "выбери", "settle"] {
            assert!(bent(word, false).is_empty(), "{word}");
        }
        assert!(invites_swapped("anwser") && !invites_swapped("answer"));
    }
}
