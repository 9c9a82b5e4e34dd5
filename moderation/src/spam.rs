//! Telling that somebody says the same again and again.
//!
//! Pure: [`form`] gives what two variations of a text have in common, [`Repetition`] decides from counts. Who counts is the
//! caller: a node counts in its limiter (over all nodes), [`Replay`](crate::Replay) in memory.

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
pub fn form(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
