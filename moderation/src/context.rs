//! What the rules know beside the text.

/// The window of [`Context::earlier`]: at most so many messages of one sender in one order. With the judged one they are the
/// fifteen digits of the longest number (ITU-T E.164), one in each …
pub const WINDOW_MESSAGES: usize = 14;
/// … none older than this before the judged text, in milliseconds.
pub const WINDOW_MS: i64 = 5 * 60 * 1000;
/// Of these the newest so many are read whatever their length …
pub const WINDOW_LONG: usize = 6;
/// … and those before only where they are as short as the parts of a number: so many bytes.
pub const WINDOW_SHORT_BYTES: usize = 32;

/// What the rules know beside the text. Borrowed: building one costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The chat's language: it chooses the words of a mask, never what is found.
    pub locale: Locale,
    /// This order's real id: where the text holds it whole, it is never masked. Empty: there is none.
    pub order: &'a str,
    /// The sender's recent messages in this order, oldest first, with earlier sends of the same batch, cut by the caller
    /// to [`WINDOW_MESSAGES`] and [`WINDOW_MS`]. As they are shown now: what was masked in them stays masked. They serve
    /// the rules that look across messages.
    pub earlier: &'a [Earlier<'a>],
}

/// A message that the same person sent before, in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier<'a> {
    /// What is shown of it.
    pub text: &'a str,
    /// When: milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// The language of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// English, and everything that is none of the others.
    #[default]
    En,
    /// French.
    Fr,
    /// Russian.
    Ru,
}

impl Locale {
    /// The language of a BCP 47 tag (`fr`, `fr-CA`, `ru_RU`, in any case). Unknown, empty or malformed: English.
    pub fn parse(tag: &str) -> Self {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        match language {
            l if l.eq_ignore_ascii_case("fr") => Self::Fr,
            l if l.eq_ignore_ascii_case("ru") => Self::Ru,
            _ => Self::En,
        }
    }

    /// What stands in place of a link.
    pub(crate) const fn link_removed(self) -> &'static str {
        match self {
            Self::En => "[link removed]",
            Self::Fr => "[lien supprimé]",
            Self::Ru => "[ссылка удалена]",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        for (tag, locale) in [
            ("en", Locale::En),
            ("fr", Locale::Fr),
            ("fr-CA", Locale::Fr),
            ("FR_ca", Locale::Fr),
            ("ru-RU", Locale::Ru),
            ("ru-Cyrl-RU", Locale::Ru),
            ("", Locale::En),
            ("frr", Locale::En),
            ("-ru", Locale::En),
            ("de-CH", Locale::En),
        ] {
            assert_eq!(Locale::parse(tag), locale, "{tag:?}");
        }
    }
}
