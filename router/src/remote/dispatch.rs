use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value};
use souk_chat::ports::Room;
use tokio::sync::{Mutex, mpsc};

use super::gaps::Gaps;
use super::rooms::Rooms;
use crate::Background;
use crate::envelope::{self, DecodeError};
use crate::metrics::Metrics;
use crate::spread::place;

/// Most workers.
const LANES_MAX: usize = 8;
/// Envelopes that wait for one worker; the next is dropped and its room told as a gap.
const LANE_CAPACITY: usize = 8_192;
/// Envelopes a worker takes at once.
const LANE_BATCH: usize = 64;

struct Parcel {
    channel: Vec<u8>,
    payload: Bytes,
}

/// Takes what the server pushes, on the connection's task, and hands it to a worker chosen by order: the socket is emptied at once
/// whatever the receivers do, and envelopes of one order stay in order.
pub(super) struct Dispatch {
    rooms: Arc<Rooms>,
    gaps: Arc<Gaps>,
    lanes: Box<[mpsc::Sender<Parcel>]>,
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
        rooms: Arc<Rooms>,
        gaps: Arc<Gaps>,
        metrics: Arc<Metrics>,
        background: &mut Background,
    ) -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(LANES_MAX);
        let lanes = (0..count).map(|_| {
            let (sender, receiver) = mpsc::channel(LANE_CAPACITY);
            let worker = Arc::new(Worker {
                lane: Mutex::new(receiver),
                rooms: rooms.clone(),
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
        Self { lanes: lanes.collect(), rooms, gaps, hasher: RandomState::new(), metrics }
    }

    /// What the server pushed on the connection `generation`. Returns at once.
    pub(super) fn take(&self, generation: u64, push: PushInfo) {
        let mut data = push.data.into_iter();
        let Some(Value::BulkString(channel)) = data.next() else { return };
        match push.kind {
            PushKind::Message => {
                if let Some(Value::BulkString(payload)) = data.next() {
                    self.hand_over(Parcel { channel, payload: payload.into() });
                }
            }
            PushKind::Subscribe => {
                let late = str::from_utf8(&channel).ok().and_then(|channel| self.rooms.confirm(channel, generation));
                if let Some(room) = late {
                    self.gaps.room(room);
                }
            }
            _ => {}
        }
    }

    fn hand_over(&self, parcel: Parcel) {
        // What is no envelope of this version has no order here; any worker may find that out.
        let order = envelope::order_of(&parcel.payload).unwrap_or_default();
        let lane = place(self.hasher.hash_one(order), self.lanes.len());
        if let Err(refused) = self.lanes[lane].try_send(parcel) {
            let parcel = refused.into_inner();
            self.metrics.overflowed.one();
            if let Some(room) = wanted(&self.rooms, &parcel) {
                self.gaps.room(room);
            }
        }
    }
}

/// The parcel's room, if somebody here wants it still.
fn wanted(rooms: &Rooms, parcel: &Parcel) -> Option<Room> {
    rooms.wanted_room(str::from_utf8(&parcel.channel).ok()?)
}

struct Worker {
    /// Locked for as long as the task runs; another run finds what waits.
    lane: Mutex<mpsc::Receiver<Parcel>>,
    rooms: Arc<Rooms>,
    gaps: Arc<Gaps>,
    metrics: Arc<Metrics>,
}

impl Worker {
    async fn work(self: Arc<Self>) {
        let mut lane = self.lane.lock().await;
        let mut batch = Vec::with_capacity(LANE_BATCH);
        while lane.recv_many(&mut batch, LANE_BATCH).await > 0 {
            for parcel in batch.drain(..) {
                if let Some(room) = wanted(&self.rooms, &parcel) {
                    self.deliver(room, &parcel);
                }
            }
            // A busy lane leaves its thread to others now and then.
            tokio::task::yield_now().await;
        }
    }

    fn deliver(&self, room: Room, parcel: &Parcel) {
        let (gaps, metrics) = (&self.gaps, &self.metrics);
        let likely = match &room {
            Room::Order(order) => Some(order),
            Room::User(_) => None,
        };
        let envelope = match envelope::decode(&parcel.payload, likely) {
            Ok(envelope) => envelope,
            Err(DecodeError::UnknownKind(_)) => return metrics.dropped_unknown.one(),
            Err(error) => {
                match error {
                    DecodeError::UnknownVersion(_) => metrics.dropped_unknown.one(),
                    DecodeError::Corrupt => metrics.dropped_corrupt.one(),
                    _ => metrics.dropped_malformed.one(),
                }
                // There was an envelope, and what was in it is not known here: who looks at the room asks the store.
                return gaps.room(room);
            }
        };
        let Some(inbox) = gaps.inbox.get() else { return };
        metrics.received.one();
        if !shielded(metrics, || inbox.deliver(&room, &envelope)) {
            gaps.room(room);
        }
    }
}
