//! Which of an order's newest entries were dealt with: the anti-replay window of IPsec (RFC 4303, section 3.4.3).

use crate::log::Seq;

/// Remembers, of an order's numbers, which of the newest [`ReplayWindow::WIDTH`] were marked. Numbers may come in any order; one
/// that is further behind than that counts as marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReplayWindow {
    highest: u64,
    /// Bit `n`: the number `highest - n` was marked.
    marked: u64,
}

impl ReplayWindow {
    /// How many numbers are told apart.
    pub const WIDTH: u64 = 64;

    /// Whether this number was marked, or is too far behind to tell.
    pub fn has(&self, seq: Seq) -> bool {
        match self.highest.checked_sub(seq.0) {
            None => false,
            Some(age) => age >= Self::WIDTH || (self.marked >> age) & 1 == 1,
        }
    }

    /// Marks this number. Returns whether that is news.
    pub fn mark(&mut self, seq: Seq) -> bool {
        if self.has(seq) {
            return false;
        }
        if let Some(rise) = seq.0.checked_sub(self.highest).filter(|rise| *rise > 0) {
            self.marked = if rise < Self::WIDTH { self.marked << rise } else { 0 };
            self.highest = seq.0;
        }
        self.marked |= 1 << (self.highest - seq.0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_news_once_in_any_order() {
        let mut window = ReplayWindow::default();
        let mut mark = |seq| window.mark(Seq(seq));
        assert!(mark(3) && !mark(3));
        assert!(mark(1) && mark(2) && !mark(1));
        assert!(mark(70) && mark(8) && !mark(70));
        // The window begins at 7.
        assert!(mark(7) && !mark(6), "what is too far behind is no news");
        assert!(mark(1_000) && !mark(70) && mark(999));
        assert!(mark(u64::MAX) && !mark(u64::MAX - 64) && mark(u64::MAX - 63));
    }

    #[test]
    fn nothing_is_marked_at_first() {
        let window = ReplayWindow::default();
        assert!(!window.has(Seq(1)) && !window.has(Seq(u64::MAX)));
    }
}
