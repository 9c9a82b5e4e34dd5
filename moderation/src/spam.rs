//! Telling that somebody says the same again and again.
//!
//! Pure: [`form`] gives what two variations of a text have in common, [`Repetition`] decides from counts. Who counts is the
//! caller: a node counts in its limiter (over all nodes), [`Replay`](crate::Replay) in memory.

use crate::text::Text;
use crate::text::scripts::{as_latin, leet_latin};

/// The window of repetitions, in milliseconds.
pub const WINDOW_MS: i64 = 10 * 60 * 1000;
/// The same text for so many times in one order within the window is spam.
pub const TIMES: usize = 3;
/// The same text in so many orders within the window is spam.
pub const ORDERS: usize = 5;

/// What a sender said before with the same [`form`], within [`WINDOW_MS`]; refused messages and retries do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repetition {
    /// Other messages of this form in this order.
    pub in_order: usize,
    /// Other orders that have a message of this form.
    pub other_orders: usize,
}

impl Repetition {
    /// Whether one more is spam.
    pub const fn is_spam(self) -> bool {
        self.in_order + 1 >= TIMES || self.other_orders + 1 >= ORDERS
    }
}

/// What is left of a text when case, white space, punctuation, emoji, marks and look-alikes are taken away: equal for
/// variations of one text. Empty for a text without letters and digits.
///
/// Letters of both alphabets that look alike are one, and a digit inside a word is the letter it passes for; a letter repeated is
/// said once. Digits of numbers stay: two prices are two texts.
pub fn form(text: &str) -> String {
    let text = Text::read(text);
    let mut form = String::with_capacity(text.lower().len());
    for token in text.tokens() {
        let word = text.word(token);
        if token.holds.is_number() {
            form.push_str(word);
            continue;
        }
        let mut last = None;
        for c in word.chars() {
            let letter = leet_latin(c).filter(|_| c.is_ascii_digit()).or_else(|| as_latin(c)).unwrap_or(c);
            let letter = letter.to_lowercase().next().unwrap_or(letter);
            if last.replace(letter) != Some(letter) {
                form.push(letter);
            }
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variations_have_one_form() {
        for (one, other) in [
            ("Buy my cheap tiles!!!", "buy... MY cheap    tiles 🙂"),
            ("Дёшево, звоните сейчас", "д е ш е в о звоните  СЕЙЧАС!"),
            ("Two for one", "Тwо fоr оnе"),
            ("free offer", "fr33 0ffer"),
            ("Besoin d'un ménage", "besoin dun menage"),
            ("hurry up", "𝗵𝘂𝗿𝗿𝘆 𝘂𝗽"),
            ("sale", "saaaale"),
        ] {
            assert_eq!(form(one), form(other), "{one:?} {other:?}");
        }
        assert_ne!(form("price 100"), form("price 1000"));
        assert_ne!(form("at 10"), form("at 11"));
        assert_eq!(form("🙂 ..."), "");
    }

    #[test]
    fn the_third_time_and_the_fifth_order() {
        let repetition = |in_order, other_orders| Repetition { in_order, other_orders }.is_spam();
        assert!(!repetition(1, 0) && repetition(2, 0));
        assert!(!repetition(0, 3) && repetition(0, 4));
    }
}
