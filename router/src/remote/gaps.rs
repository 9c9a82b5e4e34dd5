use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::ports::{Channel, Gap, Inbox};
use tokio::sync::Notify;

use crate::metrics::Metrics;

/// Subscriptions that are remembered one by one; beyond it the gap is everywhere.
const CHANNELS_MAX: usize = 16_384;
/// Gaps are told together that come within this time: an overflow comes as a burst.
const GATHER: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Missed {
    channels: HashSet<Channel>,
    all: bool,
}

/// Where envelopes may have been lost, until the receiver was told.
pub(super) struct Gaps {
    missed: Mutex<Missed>,
    some: Notify,
    pub(super) inbox: OnceLock<Arc<dyn Inbox>>,
    metrics: Arc<Metrics>,
}

impl Gaps {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { missed: Mutex::default(), some: Notify::new(), inbox: OnceLock::new(), metrics }
    }

    pub(super) fn channel(&self, channel: Channel) {
        let mut missed = self.missed.lock();
        if missed.channels.len() < CHANNELS_MAX {
            missed.channels.insert(channel);
        } else {
            missed.all = true;
        }
        drop(missed);
        self.some.notify_one();
    }

    pub(super) fn all(&self) {
        self.missed.lock().all = true;
        self.some.notify_one();
    }

    /// Tells the receiver, until dropped.
    pub(super) async fn tell(self: Arc<Self>) {
        // The run before may have ended between being woken and telling.
        self.some.notify_one();
        loop {
            self.some.notified().await;
            tokio::time::sleep(GATHER).await;
            let missed = std::mem::take(&mut *self.missed.lock());
            let gap = match (missed.all, missed.channels.is_empty()) {
                (true, _) => Gap::All,
                (false, false) => Gap::Channels(missed.channels.into_iter().collect()),
                (false, true) => continue,
            };
            self.metrics.gaps.one();
            if let Some(inbox) = self.inbox.get() {
                super::dispatch::shielded(&self.metrics, || inbox.gap(gap));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use souk_chat::id::UserId;
    use souk_chat::ports::Envelope;

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<Gap>>);

    impl Inbox for Told {
        fn deliver(&self, _room: &Channel, _envelope: &Envelope) {}

        fn gap(&self, gap: Gap) {
            self.0.lock().push(gap);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_told_once_and_too_many_rooms_are_all() {
        let told = Arc::new(Told::default());
        let gaps = Arc::new(Gaps::new(Arc::default()));
        assert!(gaps.inbox.set(told.clone()).is_ok());
        let task = tokio::spawn(gaps.clone().tell());
        let channel = |n: usize| Channel::User(UserId::new(&format!("u{n}")).unwrap());
        gaps.channel(channel(1));
        gaps.channel(channel(1));
        tokio::time::sleep(GATHER * 2).await;
        assert_eq!(*told.0.lock(), [Gap::Channels(vec![channel(1)])]);
        for n in 0..=CHANNELS_MAX {
            gaps.channel(channel(n));
        }
        tokio::time::sleep(GATHER * 2).await;
        assert_eq!(told.0.lock()[1..], [Gap::All]);
        task.abort();
    }
}
