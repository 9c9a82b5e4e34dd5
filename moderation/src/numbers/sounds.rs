//! What sounds like a French digit, however it is spelled: "zéreau", "ouitte", "sainque", "quattreu".
//!
//! A word is read as its sounds: each spelling of a sound becomes one letter, what is mute goes. Two words that are read alike sound
//! alike, so a list of spellings needs no end.

use super::{Meaning, Number, Tongue};

/// The longest word that is read, and the shortest, in bytes.
const LONGEST: usize = 10;
const SHORTEST: usize = 3;

/// The digits by their sounds: `1` is the vowel of "un", `2` that of "deux", `w` the glide of "oui" and "huit".
const DIGITS: &[(&str, u8)] = &[
    ("zero", 0),
    ("ero", 0),
    ("1", 1),
    ("d2", 2),
    ("trwa", 3),
    ("katr", 4),
    ("kat", 4),
    ("s1k", 5),
    ("s1", 5),
    ("sis", 6),
    ("si", 6),
    ("set", 7),
    ("wit", 8),
    ("wi", 8),
    ("witr", 8),
    ("n2f", 9),
    ("n2v", 9),
    ("2f", 9),
];

/// Spellings and their sounds, the longer before what they begin with. A `+` stands for a vowel that follows and is read by itself, a
/// `-` for none that follows.
#[rustfmt::skip]
const SPELLINGS: &[(&str, &str)] = &[
    ("eau", "o"), ("oeu", "2"), ("ain-", "1"), ("ein-", "1"), ("aim-", "1"), ("inq", "1k"), ("in-", "1"), ("un-", "1"), ("yn-", "1"),
    ("oua", "wa"), ("oui", "wi"), ("ou+", "w"), ("oi", "wa"), ("oy", "wa"), ("au", "o"), ("eu", "2"), ("ui", "wi"), ("uy", "wi"), ("wh", "w"),
    ("ee", "i"), ("ie", "i"), ("ai", "e"), ("ei", "e"), ("ss", "s"),
    ("ch", "C"), ("ck", "k"), ("cqu", "k"), ("qu", "k"), ("q", "k"), ("cc", "k"), ("c", "k"), ("kk", "k"), ("ph", "f"), ("ff", "f"),
    ("tt", "t"), ("pt", "t"), ("rr", "r"), ("y", "i"), ("h", ""), ("x", "s"),
];

/// The digit that a word (small letters, folded) sounds like.
pub(crate) fn sounding(word: &str) -> Option<Meaning> {
    if !(SHORTEST..=LONGEST).contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let sounds = sounds(word);
    let read = &*sounds;
    let plain = read.strip_suffix(['s', 'z']).unwrap_or(read);
    let short = plain.strip_suffix('e').or_else(|| plain.strip_suffix('2').filter(|rest| rest.ends_with(['r', 't'])));
    let short = short.unwrap_or(plain);
    let mute = short.strip_suffix(['t', 'd', 'p', 's', 'z']).filter(|rest| rest.ends_with(['1', '2', 'a', 'o']));
    let mute = mute.unwrap_or(short);
    let digit = [read, plain, short, mute].iter().find_map(|read| DIGITS.iter().find(|(digit, _)| digit == read));
    digit.map(|(_, digit)| {
        let number = Number::Digit(*digit);
        Meaning { number, piece: None, tongue: Tongue::French, weak: true }
    })
}

/// A word as its sounds.
fn sounds(word: &str) -> String {
    let mut sounds = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        // "ceint", "scie": the vowel is read by itself.
        let soft = rest.strip_prefix('s').unwrap_or(rest);
        if let Some(behind) = soft.strip_prefix('c').filter(|behind| behind.starts_with(['e', 'i', 'y'])) {
            sounds.push('s');
            rest = behind;
            continue;
        }
        let spelled = SPELLINGS.iter().find_map(|(spelling, sound)| {
            let plain = spelling.trim_end_matches(['+', '-']);
            let behind = rest.strip_prefix(plain)?;
            let vowel = behind.starts_with(['a', 'e', 'i', 'o', 'u', 'y', 'n', 'm']);
            let fits = if spelling.ends_with('-') { !vowel } else { !spelling.ends_with('+') || vowel };
            fits.then_some((plain.len(), *sound))
        });
        match spelled {
            Some((len, sound)) => {
                sounds.push_str(sound);
                rest = &rest[len..];
            }
            None => {
                sounds.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    sounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_digits() {
        for (words, digit) in [
            (&["zereau", "zeraut", "heros", "zerot"][..], 0),
            (&["hun", "hein", "ain", "hin"], 1),
            (&["deuh", "deus", "deuze"], 2),
            (&["troie", "troit", "trwah", "troua", "troyes"], 3),
            (&["katre", "quattre", "catr", "quatreu", "qatre"], 4),
            (&["sein", "ceint", "sainque", "cinck", "sinq", "saints"], 5),
            (&["scie", "cisse", "sisse", "cys", "sice"], 6),
            (&["cette", "sete", "sept", "cet"], 7),
            (&["ouitte", "uite", "huitre", "wit", "weet"], 8),
            (&["neuve", "noeuf", "oeufs", "neuffe"], 9),
        ] {
            for word in words {
                assert_eq!(sounding(word).map(|m| m.number), Some(Number::Digit(digit)), "{word}: {}", sounds(word));
            }
        }
    }

    #[test]
    fn other_words() {
        for word in [
            "suite", "cuit", "nuit", "vite", "site", "quart", "soin", "sinon", "ses", "des", "carte", "kit", "nous",
            "tout", "trop", "facture", "encore", "merci", "demain", "dix", "onze", "cent", "avec", "vingt", "sixieme",
            "neufdeux", "zerosix", "septante",
        ] {
            assert_eq!(sounding(word).map(|m| m.number), None, "{word}: {}", sounds(word));
        }
    }
}
