//! What one character is read as: compatibility forms, marks, digits of all scripts, what looks like a Latin letter.
//!
//! Folding keeps letter case and never leads from Cyrillic into Latin: which of the two a word is written in is decided for
//! the whole word, in [`scripts`](super::scripts).

use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_security::confusable_detection::skeleton;

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folded {
    /// It stays.
    Same,
    /// It is not read at all: it has no width, or only decorates the one before it. `true`: it belongs to the one before.
    Nothing(bool),
    /// It is read as the characters that [`fold`] pushed.
    Other,
}

/// Reads one character. `previous`: the one before it as it was read; a raised digit behind a letter or number is a power.
pub(super) fn fold(c: char, previous: Option<Previous>, out: &mut Vec<char>) -> Folded {
    match c {
        // Plain letters of both alphabets and the usual punctuation, by far the most frequent.
        ' '..='~' | '\n' | 'А'..='я' => Folded::Same,
        // A tab is white space, a line may end in several ways; other control characters show nothing.
        '\t' | '\u{B}' | '\u{C}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{205F}' | '\u{3000}' => push(out, ' '),
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => push(out, '\n'),
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => Folded::Nothing(false),
        'ё' => push(out, 'е'),
        'Ё' => push(out, 'Е'),
        '\u{306}' if previous.is_some_and(|p| matches!(p.read, 'и' | 'И')) => {
            // й, typed as и and a breve.
            push(out, if previous.is_some_and(|p| p.read == 'и') { 'й' } else { 'Й' })
        }
        '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' if previous.is_some_and(|p| p.read.is_alphanumeric() && !p.odd) => {
            Folded::Same
        }
        c if is_full_stop(c) => push(out, '.'),
        '\u{FE6B}' => push(out, '@'),
        // Dots in the middle of the line, of other scripts as well.
        '\u{387}' | '\u{F0B}' | '\u{1427}' | '\u{16EB}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{25AA}'
        | '\u{25CF}' | '\u{25E6}' | '\u{2981}' | '\u{2E30}' | '\u{2E31}' | '\u{2E33}' | '\u{30FB}' | '\u{A4F8}'
        | '\u{A78F}' | '\u{FF65}' => push(out, '·'),
        '\u{2215}' | '\u{29F8}' => push(out, '/'),
        '\u{2236}' | '\u{A789}' | '\u{2D0}' => push(out, ':'),
        _ if is_invisible(c) => Folded::Nothing(is_selector(c)),
        _ if is_combining_mark(c) => Folded::Nothing(true),
        _ => letter_or_digit(c, out),
    }
}

/// Whether a character is the full stop of another script, or another form of ours.
pub(super) const fn is_full_stop(c: char) -> bool {
    matches!(
        c,
        '\u{6D4}'
            | '\u{701}'
            | '\u{702}'
            | '\u{964}'
            | '\u{1362}'
            | '\u{166E}'
            | '\u{1803}'
            | '\u{1809}'
            | '\u{2024}'
            | '\u{2CF9}'
            | '\u{2CFE}'
            | '\u{2E3C}'
            | '\u{3002}'
            | '\u{A4FF}'
            | '\u{A60E}'
            | '\u{A6F3}'
            | '\u{FE12}'
            | '\u{FE52}'
            | '\u{FF61}'
    )
}

/// The character before, as it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Previous {
    pub(super) read: char,
    /// It was a digit in another form, raised for one: what is raised behind it is a digit as well.
    pub(super) odd: bool,
}

/// Whether a character that was read as another is a digit in another form.
pub(super) const fn is_odd_digit(c: char, read: char) -> bool {
    is_raised(c) || (read.is_ascii_digit() && !c.is_ascii())
}

/// Whether a character is a raised digit.
pub(super) const fn is_raised(c: char) -> bool {
    matches!(c, '²' | '³' | '¹' | '⁰' | '⁴'..='⁹')
}

fn push(out: &mut Vec<char>, c: char) -> Folded {
    out.push(c);
    Folded::Other
}

fn letter_or_digit(c: char, out: &mut Vec<char>) -> Folded {
    if let Some(digit) = digit(c) {
        return push(out, digit);
    }
    if let Some(letter) = enclosed_letter(c).or_else(|| like_latin(c)) {
        return push(out, letter);
    }
    if !(c.is_alphanumeric() || is_form(c)) || c == '№' {
        return Folded::Same;
    }
    let from = out.len();
    decompose_compatible(c, |part| {
        if !is_combining_mark(part) {
            match part {
                'œ' => out.extend(['o', 'e']),
                'Œ' => out.extend(['O', 'E']),
                'æ' => out.extend(['a', 'e']),
                'Æ' => out.extend(['A', 'E']),
                'ß' => out.extend(['s', 's']),
                'ẞ' => out.extend(['S', 'S']),
                part => out.push(like_latin(part).unwrap_or(part)),
            }
        }
    });
    // A fraction is one number, not two.
    if out[from..].contains(&'\u{2044}') {
        out.truncate(from);
        return Folded::Same;
    }
    if matches!(c, '\u{2460}'..='\u{249B}' | '\u{3200}'..='\u{33FF}' | '\u{1F100}'..='\u{1F12F}') {
        // Circled and bracketed: what is inside.
        let mut at = 0;
        out.retain(|part| {
            at += 1;
            at <= from || part.is_alphanumeric()
        });
    }
    if out.len() == from + 1 && out[from] == c {
        out.truncate(from);
        if !c.is_alphabetic() || is_latin(c) || is_cyrillic(c) || is_ideographic(c) {
            return Folded::Same;
        }
        // Another script: what Unicode's table of confusables takes it for, when that is a plain letter or digit.
        let mut buffer = [0; 4];
        let mut looks = skeleton(c.encode_utf8(&mut buffer));
        return match (looks.next(), looks.next()) {
            (Some(looks), None) if looks.is_ascii_alphanumeric() => push(out, looks),
            _ => Folded::Same,
        };
    }
    Folded::Other
}

/// Nothing is seen of it: joiners, direction marks, fillers, tags, variation selectors.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{E0000}'..='\u{E0FFF}')
        || is_selector(c)
}

/// Chooses how the character before it is drawn.
const fn is_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Blocks of letters and digits in another form that are no letters or digits to Unicode.
const fn is_form(c: char) -> bool {
    matches!(c, '\u{2460}'..='\u{24FF}' | '\u{2070}'..='\u{209F}' | '\u{2100}'..='\u{214F}' | '\u{FF01}'..='\u{FFEF}'
        | '\u{1F100}'..='\u{1F16F}' | '\u{1F51F}')
        && !matches!(c, '\u{2116}' | '\u{2120}' | '\u{2122}' | '\u{2105}' | '\u{2103}' | '\u{2109}')
}

/// The value of a decimal digit of any living script, or of a circled one without a compatibility form.
fn digit(c: char) -> Option<char> {
    /// The zero of each run of ten digits.
    const ZEROS: &[u32] = &[
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
        0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
        0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x1FBF0,
    ];
    let code = u32::from(c);
    let value = match code {
        0x24FF | 0x1F10B | 0x1F10C => 0,
        0x24F5..=0x24FD => code - 0x24F4,
        0x2776..=0x277E => code - 0x2775,
        0x2780..=0x2788 => code - 0x277F,
        0x278A..=0x2792 => code - 0x2789,
        0x1D7CE..=0x1D7FF => (code - 0x1D7CE) % 10,
        _ => {
            let at = ZEROS.partition_point(|zero| *zero <= code);
            let zero = *ZEROS.get(at.checked_sub(1)?)?;
            code.checked_sub(zero).filter(|value| *value < 10)?
        }
    };
    char::from_digit(value, 10)
}

/// Whether a character is an `a` in a ring or box, or raised or sunk: between two words it passes for an `@`, as do the signs of
/// rights.
pub(super) const fn is_ringed_a(c: char) -> bool {
    matches!(c, 'ⓐ' | 'Ⓐ' | '⒜' | '🄐' | '🄰' | '🅐' | '🅰' | 'ₐ' | 'ᵃ' | '©' | '®')
}

/// Whether a character is a regional indicator: a letter of which two make a flag.
pub(super) const fn is_indicator(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// The letter of a regional indicator.
pub(super) fn indicated(c: char) -> char {
    char::from_u32(u32::from('a') + u32::from(c) - 0x1F1E6).unwrap_or(c)
}

/// Negative circled and squared letters: Unicode gives them no compatibility form.
fn enclosed_letter(c: char) -> Option<char> {
    let code = u32::from(c);
    let place = match code {
        0x1F150..=0x1F169 => code - 0x1F150,
        0x1F170..=0x1F189 => code - 0x1F170,
        _ => return None,
    };
    char::from_u32(u32::from('A') + place)
}

/// Small capitals, phonetic signs and Greek letters that pass for Latin ones.
const fn like_latin(c: char) -> Option<char> {
    Some(match c {
        'ᴀ' | 'ɑ' | 'α' => 'a',
        'Α' => 'A',
        'ʙ' | 'β' => 'b',
        'Β' => 'B',
        'ᴄ' | 'ϲ' => 'c',
        'ᴅ' | 'đ' | 'ɗ' => 'd',
        'ᴇ' | 'ε' | 'ɛ' | 'ǝ' | 'ə' => 'e',
        'Ε' => 'E',
        'ꜰ' | 'ғ' | 'ƒ' => 'f',
        'ɢ' | 'ɡ' => 'g',
        'ʜ' | 'ħ' => 'h',
        'Η' => 'H',
        'ɪ' | 'ı' | 'ι' => 'i',
        'Ι' => 'I',
        'ᴊ' => 'j',
        'ᴋ' | 'κ' => 'k',
        'Κ' => 'K',
        'ʟ' | 'ł' => 'l',
        'ᴍ' => 'm',
        'Μ' => 'M',
        'ɴ' | 'η' => 'n',
        'Ν' => 'N',
        'ᴏ' | 'ο' | 'ø' | 'σ' => 'o',
        'Ο' | 'Ø' => 'O',
        'ᴘ' | 'ρ' => 'p',
        'Ρ' => 'P',
        'ǫ' => 'q',
        'ʀ' => 'r',
        'ꜱ' => 's',
        'ᴛ' | 'τ' => 't',
        'Τ' => 'T',
        'ᴜ' | 'υ' => 'u',
        'Υ' => 'Y',
        'ᴠ' | 'ν' => 'v',
        'ᴡ' | 'ω' => 'w',
        'χ' => 'x',
        'Χ' => 'X',
        'ʏ' | 'γ' => 'y',
        'ᴢ' => 'z',
        'Ζ' => 'Z',
        _ => return None,
    })
}

/// Letters of the Latin script, as far as they are used.
pub(super) fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || (matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') && c.is_alphabetic())
}

/// Letters of the Cyrillic script.
pub(super) const fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52F}')
}

const fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut out = String::new();
        let mut chars = Vec::new();
        let mut previous: Option<Previous> = None;
        for c in text.chars() {
            chars.clear();
            match fold(c, previous, &mut chars) {
                Folded::Same => chars.push(c),
                Folded::Nothing(_) => continue,
                Folded::Other if c == '\u{306}' => {
                    out.pop();
                }
                Folded::Other => {}
            }
            out.extend(&chars);
            previous = out.chars().next_back().map(|read| Previous { read, odd: is_odd_digit(c, read) });
        }
        out
    }

    #[test]
    fn forms_of_digits_and_letters() {
        for (text, folded) in [
            ("plain 514", "plain 514"),
            ("５１４", "514"),
            ("①④⑩ ❺ ➊ ⓪ ⓿", "1410 5 1 0 0"),
            ("𝟓𝟏𝟒 𝓮𝓶𝓪𝓲𝓵", "514 email"),
            ("5️⃣1️⃣4️⃣", "514"),
            ("٥١٤ ५१४", "514 514"),
            ("⁵¹⁴", "514"),
            ("⓷³⁹⁵²⓽⁹", "3395299"),
            ("12 м² и 3 m³, 10⁶", "12 м² и 3 m³, 10⁶"),
            ("5\u{200B}1\u{2060}4\u{AD}", "514"),
            ("\u{202E}514\u{202C}", "514"),
            ("h\u{336}i\u{336}", "hi"),
            ("Ёж, йод, и\u{306}", "Еж, йод, й"),
            ("Québec œuvre façade", "Quebec oeuvre facade"),
            ("½ № ™ 5°", "½ № ™ 5°"),
            ("ⓔⓜⓐⓘⓛ 🅐🅑 ᴄᴀʟʟ", "email AB call"),
            ("αbc ΤΕΧΤ", "abc TEXT"),
            ("日本 🙂 ✓", "日本 🙂 ✓"),
        ] {
            assert_eq!(read(text), folded, "{text:?}");
        }
    }
}
