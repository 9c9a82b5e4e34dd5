//! Whether a window ever held more than the limit lets through.

use std::time::Duration;

use crate::ledger::Micros;

/// How much clocks in milliseconds, and their rounding, may hide.
const ROUNDING: Duration = Duration::from_millis(5);

/// An accepted message: it left then, and its acknowledgement came then. The server judged it in between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted {
    pub(super) left: Micros,
    pub(super) acknowledged: Micros,
}

/// The most messages that one window certainly held: from the first one's leaving to the last one's acknowledgement.
pub(super) fn most_in_window(accepted: &[Accepted], window: Duration) -> usize {
    let window = micros(window.saturating_sub(ROUNDING));
    let mut most = 0;
    for (place, first) in accepted.iter().enumerate() {
        let held = accepted[place..].iter().take_while(|last| last.acknowledged.saturating_sub(first.left) < window);
        most = most.max(held.count());
    }
    most
}

/// How many messages at most may have counted for a try that left at `left`: those acknowledged no longer than a window before it.
pub(super) fn may_count(accepted: &[Accepted], left: Micros, window: Duration) -> usize {
    let window = micros(window + ROUNDING);
    accepted.iter().rev().take_while(|message| left.saturating_sub(message.acknowledged) <= window).count()
}

fn micros(time: Duration) -> Micros {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Accepted {
        Accepted { left: millis * 1_000, acknowledged: millis * 1_000 + 500 }
    }

    #[test]
    fn a_window_is_judged_by_what_is_certain() {
        let second = Duration::from_secs(1);
        let calm: Vec<_> = (0..10).map(|number| at(number * 500)).collect();
        assert_eq!(most_in_window(&calm, second), 2);
        let burst: Vec<_> = [0, 100, 200, 994, 1_000].into_iter().map(at).collect();
        assert_eq!(most_in_window(&burst, second), 4);
        assert_eq!(most_in_window(&[], second), 0);
        // Slow acknowledgements prove less.
        let slow = [Accepted { left: 0, acknowledged: 900_000 }, Accepted { left: 1, acknowledged: 1_200_000 }];
        assert_eq!(most_in_window(&slow, second), 1);
        assert_eq!(may_count(&burst, 1_050_000, second), 4);
        assert_eq!(may_count(&burst, 1_150_000, second), 3);
    }
}
