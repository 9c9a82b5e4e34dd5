use std::collections::VecDeque;

use parking_lot::Mutex;
use smallvec::SmallVec;
use souk_chat::ports::{Channel, Envelope};

/// Most envelopes that wait in one lane while another thread delivers.
pub(super) const LANE_CAPACITY: usize = 4_096;

/// One envelope on its way to several channels.
pub(super) struct QueuedEnvelope {
    pub(super) channels: SmallVec<[Channel; 3]>,
    pub(super) envelope: Envelope,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<QueuedEnvelope>,
    draining: bool,
}

/// The envelopes of some orders, delivered one after another by whoever publishes first; who publishes meanwhile, from another
/// thread or from inside a delivery, leaves the envelope with them and returns. So nobody waits, nothing runs twice at once, and
/// no lock is held while the receiver works.
#[derive(Default)]
pub(super) struct Lane(Mutex<Queue>);

/// What became of a queued.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Delivered, or left with the thread that delivers now.
    Yes,
    /// The lane was full: dropped.
    Full,
}

impl Lane {
    /// Delivers the envelope with `deliver`, after those before it.
    pub(super) fn pass(
        &self,
        channels: &[Channel],
        envelope: Envelope,
        deliver: &dyn Fn(&[Channel], &Envelope),
    ) -> Taken {
        let mut queue = self.0.lock();
        let idle = !queue.draining && queue.waiting.is_empty();
        if !idle {
            if queue.waiting.len() >= LANE_CAPACITY {
                return Taken::Full;
            }
            queue.waiting.push_back(QueuedEnvelope { channels: channels.into(), envelope });
            if queue.draining {
                return Taken::Yes;
            }
            queue.draining = true;
            drop(queue);
            self.drain(deliver);
            return Taken::Yes;
        }
        queue.draining = true;
        drop(queue);
        let turn = Turn(self);
        deliver(channels, &envelope);
        std::mem::forget(turn);
        self.drain(deliver);
        Taken::Yes
    }

    fn drain(&self, deliver: &dyn Fn(&[Channel], &Envelope)) {
        let turn = Turn(self);
        loop {
            let mut queue = self.0.lock();
            let Some(queued) = queue.waiting.pop_front() else {
                queue.draining = false;
                break;
            };
            drop(queue);
            deliver(&queued.channels, &queued.envelope);
        }
        std::mem::forget(turn);
    }
}

/// Gives the lane free when the receiver panics, so that the next publisher goes on.
struct Turn<'a>(&'a Lane);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.0.lock().draining = false;
    }
}
