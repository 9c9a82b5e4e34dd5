//! How often a connection may say what is not its protocol.

use std::time::Duration;

/// Messages that are not this protocol, so many at once, end the connection with 4008.
const MISUSE_MAX: u8 = 10;
/// One of them is forgiven after this time: a page that is open for days and stumbles now and then is no attacker.
const FORGIVEN_EVERY: Duration = Duration::from_secs(10);

/// The count, which time brings down again.
#[derive(Debug, Default)]
pub(super) struct Misuse {
    count: u8,
    /// The second of the node's clock up to which was forgiven.
    since: u32,
}

impl Misuse {
    /// Another one, at this second of the node's clock. Whether it was one too many.
    pub(super) fn again(&mut self, second: u32) -> bool {
        let every = u32::try_from(FORGIVEN_EVERY.as_secs()).unwrap_or(u32::MAX);
        let forgiven = second.saturating_sub(self.since) / every;
        self.count = self.count.saturating_sub(u8::try_from(forgiven).unwrap_or(u8::MAX));
        // What is left of the time counts for the next, except for who had nothing to be forgiven.
        self.since = if self.count == 0 { second } else { self.since + forgiven * every };
        self.count = self.count.saturating_add(1);
        self.count >= MISUSE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many at these seconds it is too much.
    fn too_many(seconds: impl IntoIterator<Item = u32>) -> Option<usize> {
        let mut misuse = Misuse::default();
        seconds.into_iter().position(|second| misuse.again(second)).map(|before| before + 1)
    }

    #[test]
    fn ten_at_once_are_too_many() {
        assert_eq!(too_many([7; 20]), Some(10));
        assert_eq!(too_many(100..200), Some(10), "within ten seconds nothing is forgiven");
    }

    #[test]
    fn one_is_forgiven_every_ten_seconds() {
        assert_eq!(too_many((0..10_000).map(|n| n * 10)), None);
        assert_eq!(too_many((0..10_000).map(|n| n * 9 + 1_000_000)), Some(82), "one in nine seconds adds up");
        // Nine, a pause that forgives two, and then there is room for two and no more.
        let burst = [50; 9].into_iter().chain([50 + 29; 3]);
        assert_eq!(too_many(burst), Some(12));
        let burst = [50; 9].into_iter().chain([50 + 9; 1]);
        assert_eq!(too_many(burst), Some(10));
    }

    #[test]
    fn a_long_pause_forgives_all_and_is_no_credit() {
        assert_eq!(too_many([0; 9].into_iter().chain([3_000; 9])), None);
        assert_eq!(too_many([0; 9].into_iter().chain([3_000; 10])), Some(19));
        assert_eq!(too_many([u32::MAX; 10]), Some(10));
    }
}
