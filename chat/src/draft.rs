//! What somebody wants to say, before it has a number.

use crate::limits::CONTENT_CHARS;
use crate::refusal::Refusal;
use crate::text;

/// A [clean](text::clean) text of 1 to [`CONTENT_CHARS`] Unicode scalar values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft(Box<str>);

impl Draft {
    /// Cleans and measures `text`. Errors: [`Refusal::Empty`], [`Refusal::TooLong`], [`Refusal::BadRequest`] for control characters.
    pub fn new(text: &str) -> Result<Self, Refusal> {
        let text = text::clean(text)?;
        // A scalar value has one to four bytes: short texts need no counting, very long ones neither.
        if text.len() > CONTENT_CHARS && (text.len() > 4 * CONTENT_CHARS || text.chars().count() > CONTENT_CHARS) {
            return Err(Refusal::TooLong { max: CONTENT_CHARS });
        }
        Ok(Self(text.into_owned().into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_trimmed_and_between_one_and_two_thousand_characters() {
        assert_eq!(Draft::new(" \u{a0}hé\n ho\u{2003}").unwrap().as_str(), "hé\n ho");
        assert_eq!(Draft::new(" \u{3000}\n"), Err(Refusal::Empty));
        assert_eq!(Draft::new("\u{2800}\u{200B}"), Err(Refusal::Empty));
        assert!(matches!(Draft::new("a\0"), Err(Refusal::BadRequest(_))));
        assert_eq!(Draft::new("\u{202E} a").unwrap().as_str(), "a");
        assert!(Draft::new(&"😀".repeat(2_000)).is_ok());
        assert_eq!(Draft::new(&"é".repeat(2_001)), Err(Refusal::TooLong { max: 2_000 }));
        assert_eq!(Draft::new(&"😀".repeat(2_001)), Err(Refusal::TooLong { max: 2_000 }));
        assert!(Draft::new(&format!("{}{}", " ".repeat(9_000), "a".repeat(2_000))).is_ok());
    }
}
