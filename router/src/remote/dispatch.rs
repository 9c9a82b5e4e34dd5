use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};
use souk_chat::ports::Channel;
use tokio::sync::{Mutex, mpsc};

use super::gaps::Gaps;
use super::subscriptions::Subscriptions;
use crate::Background;
use crate::envelope::{self, DecodeError};
use crate::metrics::Metrics;
use crate::spread::place;

/// Most workers.
const LANES_MAX: usize = 8;
/// Envelopes that wait for one worker; the next is dropped and its channel told as a gap.
const LANE_CAPACITY: usize = 8_192;
/// Envelopes a worker takes at once.
const LANE_BATCH: usize = 64;

struct QueuedEnvelope {
    name: Vec<u8>,
    payload: Bytes,
}

/// Takes what the server pushes, on the connection's task, and hands it to a worker chosen by order: the socket is emptied at once
/// whatever the receivers do, and envelopes of one order stay in order.
pub(super) struct Dispatch {
    subscriptions: Arc<Subscriptions>,
    gaps: Arc<Gaps>,
    lanes: Box<[mpsc::Sender<QueuedEnvelope>]>,
    hasher: RandomState,
    metrics: Arc<Metrics>,
}

/// Calls the receiver; its panic is counted and goes no further, so that a worker lives on.
pub(super) fn shielded(metrics: &Metrics, call: impl FnOnce()) -> bool {
    let outcome = catch_unwind(AssertUnwindSafe(call));
    if outcome.is_err() {
        metrics.receiver_panics.one();
        tracing::error!("the receiver of the router panicked");
    }
    outcome.is_ok()
}

impl Dispatch {
    /// With its workers, in `background`.
    pub(super) fn start(
        subscriptions: Arc<Subscriptions>,
        gaps: Arc<Gaps>,
        metrics: Arc<Metrics>,
        background: &mut Background,
    ) -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(LANES_MAX);
        let lanes = (0..count).map(|_| {
            let (sender, receiver) = mpsc::channel(LANE_CAPACITY);
            let worker = Arc::new(Worker {
                lane: Mutex::new(receiver),
                subscriptions: subscriptions.clone(),
                gaps: gaps.clone(),
                metrics: metrics.clone(),
            });
            let mut is_again = false;
            background.keep("router worker", move || {
                // What the run before had taken is lost.
                if std::mem::replace(&mut is_again, true) {
                    worker.gaps.all();
                }
                worker.clone().work()
            });
            sender
        });
        Self { lanes: lanes.collect(), subscriptions, gaps, hasher: RandomState::new(), metrics }
    }

    /// What the server pushed on the connection `generation`. Returns at once.
    pub(super) fn take(&self, generation: u64, push: PushInfo) {
        let mut data = push.data.into_iter();
        let Some(Value::BulkString(name)) = data.next() else { return };
        match push.kind {
            PushKind::Message => {
                if let Some(Value::BulkString(payload)) = data.next() {
                    self.hand_over(QueuedEnvelope { name, payload: payload.into() });
                }
            }
            PushKind::Subscribe => {
                let late = str::from_utf8(&name).ok().and_then(|name| self.subscriptions.confirm(name, generation));
                if let Some(channel) = late {
                    self.gaps.channel(channel);
                }
            }
            _ => {}
        }
    }

    fn hand_over(&self, queued: QueuedEnvelope) {
        // What is no envelope of this version has no order here; any worker may find that out.
        let order = envelope::order_of(&queued.payload).unwrap_or_default();
        let lane = place(self.hasher.hash_one(order), self.lanes.len());
        if let Err(refused) = self.lanes[lane].try_send(queued) {
            let queued = refused.into_inner();
            self.metrics.overflowed.one();
            if let Some(channel) = wanted(&self.subscriptions, &queued) {
                self.gaps.channel(channel);
            }
        }
    }
}

/// The queued's channel, if somebody here wants it still.
fn wanted(subscriptions: &Subscriptions, queued: &QueuedEnvelope) -> Option<Channel> {
    subscriptions.wanted_channel(str::from_utf8(&queued.name).ok()?)
}

struct Worker {
    /// Locked for as long as the task runs; another run finds what waits.
    lane: Mutex<mpsc::Receiver<QueuedEnvelope>>,
    subscriptions: Arc<Subscriptions>,
    gaps: Arc<Gaps>,
    metrics: Arc<Metrics>,
}

impl Worker {
    async fn work(self: Arc<Self>) {
        let mut lane = self.lane.lock().await;
        let mut batch = Vec::with_capacity(LANE_BATCH);
        while lane.recv_many(&mut batch, LANE_BATCH).await > 0 {
            for queued in batch.drain(..) {
                if let Some(channel) = wanted(&self.subscriptions, &queued) {
                    self.deliver(channel, &queued);
                }
            }
            // A busy lane leaves its thread to others now and then.
            tokio::task::yield_now().await;
        }
    }

    fn deliver(&self, channel: Channel, queued: &QueuedEnvelope) {
        let (gaps, metrics) = (&self.gaps, &self.metrics);
        let likely = match &channel {
            Channel::Order(order) => Some(order),
            Channel::User(_) => None,
        };
        let envelope = match envelope::decode(&queued.payload, likely) {
            Ok(envelope) => envelope,
            Err(DecodeError::UnknownKind(_)) => return metrics.dropped_unknown.one(),
            Err(error) => {
                match error {
                    DecodeError::UnknownVersion(_) => metrics.dropped_unknown.one(),
                    DecodeError::Corrupt => metrics.dropped_corrupt.one(),
                    _ => metrics.dropped_malformed.one(),
                }
                // There was an envelope, and what was in it is not known here: who looks at the channel asks the store.
                return gaps.channel(channel);
            }
        };
        let Some(inbox) = gaps.inbox.get() else { return };
        metrics.received.one();
        if !shielded(metrics, || inbox.deliver(&channel, &envelope)) {
            gaps.channel(channel);
        }
    }
}
