//! What a text of a person may hold, before anybody reads what it says: one rule for messages, edits and titles, and a forgiving one
//! for names.
//!
//! * Control characters other than line feed and tab are refused: they draw nothing, and terminals and logs obey them.
//! * The nine characters that order the direction of what stands around them (embeddings, overrides, isolates) are dropped. With them
//!   a text shows others something else than it holds, a number backwards for instance, and reorders what a page shows behind it.
//!   Text in Hebrew or Arabic does not need them: its letters have their direction, and the marks U+200E, U+200F and U+061C stay.
//! * White space at both ends is trimmed.
//! * A text in which nothing can be seen is none.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::refusal::Refusal;

/// A character that draws something by itself. White space, marks, selectors, joiners and fillers do not, and two symbols are drawn as
/// nothing: the Braille pattern without dots, and the note without a head. Arabic number signs are format characters, and yet are seen.
static VISIBLE: LazyLock<Regex> = LazyLock::new(|| {
    let visible = r"[^\p{White_Space}\p{Cc}\p{M}\p{Default_Ignorable_Code_Point}\x{2800}\x{1D159}[\p{Cf}--\p{Prepended_Concatenation_Mark}]]";
    Regex::new(visible).expect("a pattern that the tests compile")
});

/// Why a text is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegible {
    /// It holds a control character.
    #[error("character {at} is U+{:04X}, a control character; a text may hold none of them but line feed and tab", code(.control))]
    Control {
        /// Which.
        control: char,
        /// Where: from 1, in Unicode scalar values of the trimmed text.
        at: usize,
    },
    /// Nothing of it can be seen.
    #[error("nothing in it can be seen")]
    Invisible,
}

fn code(character: &char) -> u32 {
    u32::from(*character)
}

impl From<Illegible> for Refusal {
    fn from(illegible: Illegible) -> Self {
        match illegible {
            Illegible::Control { .. } => Self::BadRequest(illegible.to_string()),
            Illegible::Invisible => Self::Empty,
        }
    }
}

/// The text as it is kept and shown: trimmed, and without what reorders. Cleaning it again changes nothing.
pub fn clean(text: &str) -> Result<Cow<'_, str>, Illegible> {
    let text = text.trim();
    let controls = |(_, c): &(usize, char)| c.is_control() && !matches!(c, '\n' | '\t');
    if let Some((before, control)) = text.chars().enumerate().find(controls) {
        return Err(Illegible::Control { control, at: before + 1 });
    }
    let text = match text.contains(reorders) {
        true => Cow::Owned(text.replace(reorders, "").trim().to_owned()),
        false => Cow::Borrowed(text),
    };
    if is_visible(&text) { Ok(text) } else { Err(Illegible::Invisible) }
}

/// What can be shown of a name: without control characters, what reorders, and what is beyond `most` Unicode scalar values. `None`: there is
/// nothing to show. A name only decorates: what cannot be used is left out rather than the person.
pub fn name(text: &str, most: usize) -> Option<String> {
    let kept: String = text.trim().chars().filter(|c| !c.is_control() && !reorders(*c)).take(most).collect();
    let kept = kept.trim();
    is_visible(kept).then(|| kept.to_owned())
}

/// Whether something of `text` can be seen.
pub fn is_visible(text: &str) -> bool {
    // Nearly every text ends here.
    text.bytes().any(|byte| byte.is_ascii_graphic()) || VISIBLE.is_match(text)
}

/// Embeddings, overrides and isolates, and what ends them.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_in_which_nothing_is_seen_is_none() {
        for nothing in [
            "",
            " \u{a0}\n\t\u{3000}",
            "\u{200B}",
            "\u{2800}\u{2800}",
            "\u{3164}",
            "\u{FFA0}\u{115F}\u{1160}",
            "\u{FEFF}",
            "\u{200E}\u{200F}\u{061C}",
            "\u{202E}\u{202C}\u{2066}\u{2069}",
            "\u{FE0F}\u{FE0E}\u{E0100}",
            "\u{0301}\u{20DD}\u{0903}",
            "\u{00AD}\u{034F}\u{180E}\u{2060}\u{2063}\u{206A}",
            "\u{E0067}\u{E007F}",
            "\u{FFF9}\u{FFFB}\u{1D159}",
            " \u{200D} \u{200C} ",
        ] {
            assert_eq!(clean(nothing), Err(Illegible::Invisible), "{nothing:?}");
            assert_eq!(name(nothing, 100), None, "{nothing:?}");
        }
        for something in [
            ".",
            "·",
            "1",
            "я",
            "字",
            "👍🏽",
            "❤\u{FE0F}",
            "👨\u{200D}👩\u{200D}👧",
            "🏴\u{E0067}\u{E007F}",
            "🇺🇦",
            "e\u{301}",
            "\u{0600}",
            "ﷺ",
            "\u{FFFD}",
            "क\u{94d}ष",
            "\u{3164}한",
        ] {
            assert_eq!(clean(something).as_deref(), Ok(something), "{something:?}");
        }
    }

    #[test]
    fn control_characters_are_refused_where_they_stand() {
        assert_eq!(clean(" a\tb\nc\r\n").as_deref(), Ok("a\tb\nc"));
        for (text, control, at) in [
            ("a\0b", '\0', 2),
            ("\0", '\0', 1),
            (" \u{1b}[31mred", '\u{1b}', 1),
            ("é\r\nb", '\r', 2),
            ("a\u{7f}", '\u{7f}', 2),
            ("a\u{85}b", '\u{85}', 2),
            ("\u{202E}\u{9b}", '\u{9b}', 2),
        ] {
            assert_eq!(clean(text), Err(Illegible::Control { control, at }), "{text:?}");
        }
        let told = Refusal::from(Illegible::Control { control: '\u{1b}', at: 3 }).to_string();
        assert!(told.starts_with("character 3 is U+001B, a control character"), "{told}");
        assert_eq!(name(" A\0n\n\u{1b}n ", 100).as_deref(), Some("Ann"));
    }

    #[test]
    fn what_reorders_is_dropped_and_honest_text_from_right_to_left_is_not_touched() {
        assert_eq!(clean("\u{202E}8810 555 614\u{202C}").as_deref(), Ok("8810 555 614"));
        assert_eq!(clean("\u{2067} a \u{2066}b").as_deref(), Ok("a b"));
        assert_eq!(name("\u{202E}nnA\u{202C}", 100).as_deref(), Some("nnA"));
        for honest in [
            "שלום, המחיר 1,500\u{200F} ש\"ח (סופי)\u{200F}!",
            "مرحبا\u{061C} 50\u{066A} خصم\u{200E}",
            "می\u{200C}خواهم",
        ] {
            assert_eq!(clean(honest).as_deref(), Ok(honest));
        }
        assert_eq!(name(&format!("  {}", "é".repeat(9)), 3).as_deref(), Some("ééé"));
    }

    /// What the standard library knows of characters, held against the pattern's own tables, for every character there is.
    #[test]
    fn the_tables_agree_with_those_of_the_standard_library() {
        let fillers = "\u{115F}\u{1160}\u{3164}\u{FFA0}";
        let marks = Regex::new(r"\p{M}").unwrap();
        for c in '\0'..=char::MAX {
            let text = c.encode_utf8(&mut [0; 4]).to_owned();
            if c.is_whitespace() || c.is_control() || reorders(c) {
                assert!(!is_visible(&text), "{c:?}");
            } else if c.is_alphanumeric() && !fillers.contains(c) && !marks.is_match(&text) {
                assert!(is_visible(&text), "{c:?}");
            }
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let odd = prop::sample::select(vec![
            '\0', '\u{1b}', '\r', '\n', '\t', ' ', '\u{200B}', '\u{202E}', '\u{2066}', '\u{2069}', '\u{301}',
            '\u{FE0F}', 'a', 'ש',
        ]);
        let one = prop_oneof![4 => odd, 1 => any::<char>()];
        prop::collection::vec(one, 0..12).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_clean_text_is_visible_trimmed_and_clean(text in text()) {
            match clean(&text) {
                Ok(kept) => {
                    prop_assert!(is_visible(&kept));
                    prop_assert_eq!(kept.trim(), &*kept);
                    prop_assert!(!kept.chars().any(|c| reorders(c) || c.is_control() && c != '\n' && c != '\t'));
                    prop_assert_eq!(clean(&kept), Ok(Cow::Borrowed(&*kept)));
                    let left = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !reorders(*c)).collect::<String>();
                    prop_assert_eq!(left(&kept), left(&text), "nothing else is taken away");
                }
                Err(Illegible::Invisible) => prop_assert!(!is_visible(&text)),
                Err(Illegible::Control { control, at }) => prop_assert_eq!(text.trim().chars().nth(at - 1), Some(control)),
            }
        }

        #[test]
        fn a_name_is_what_a_clean_text_would_be(text in text(), most in 1..12_usize) {
            if let Some(name) = name(&text, most) {
                prop_assert!(name.chars().count() <= most);
                prop_assert_eq!(clean(&name), Ok(Cow::Borrowed(&*name)));
            }
        }
    }
}
