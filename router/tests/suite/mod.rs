//! The one suite that every engine passes, and what its tests share.
#![allow(dead_code, reason = "each test program uses its part of this")]

pub(crate) mod limiter;
pub(crate) mod presence;
pub(crate) mod router;
pub(crate) mod server;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use souk_chat::id::{OrderId, UserId};
use souk_chat::limits::Quota;
use souk_chat::log::Seq;
use souk_chat::ports::{Attempt, Channel, Envelope, EnvelopeKind, Gap, Inbox, Origin};
use souk_chat::time::Timestamp;
use souk_router::Parts;
use tokio::time::Instant;

/// How long a condition may take to come true.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Nodes that belong together.
pub(crate) trait World {
    /// One more node.
    fn node(&self, name: &str) -> Parts;
}

/// A node whose server answers: before that a publish fails and the node's own limit decides.
pub(crate) async fn ready(world: &impl World, name: &str) -> Parts {
    let parts = world.node(name);
    eventually("connected", async || parts.router.is_connected()).await;
    parts
}

/// The quota that the limiter's tests count with.
pub(crate) fn quota() -> Quota {
    Quota { messages: 3, window: Duration::from_millis(1_500) }
}

/// Waits until the condition holds; fails the test when it does not within [`PATIENCE`].
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A receiver that remembers everything.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) received: Mutex<Vec<(Channel, Envelope)>>,
    pub(crate) gaps: Mutex<Vec<Gap>>,
}

impl Inbox for Recorder {
    fn deliver(&self, channel: &Channel, envelope: &Envelope) {
        self.received.lock().push((channel.clone(), envelope.clone()));
    }

    fn gap(&self, gap: Gap) {
        self.gaps.lock().push(gap);
    }
}

impl Recorder {
    pub(crate) fn attached(parts: &Parts) -> Arc<Self> {
        let recorder = Arc::new(Self::default());
        parts.router.attach(recorder.clone());
        recorder
    }

    /// Numbers received in a channel, in the order they came.
    pub(crate) fn seqs(&self, channel: &Channel) -> Vec<u64> {
        self.received.lock().iter().filter(|(at, _)| at == channel).map(|(_, envelope)| envelope.seq.0).collect()
    }

    pub(crate) fn has_gap(&self, wanted: &Gap) -> bool {
        self.gaps.lock().contains(wanted)
    }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn order(name: &str) -> OrderId {
    OrderId::new(name).unwrap()
}

pub(crate) fn order_channel(name: &str) -> Channel {
    Channel::Order(order(name))
}

pub(crate) fn user_channel(name: &str) -> Channel {
    Channel::User(user(name))
}

pub(crate) fn envelope(name: &str, seq: u64) -> Envelope {
    Envelope {
        kind: EnvelopeKind::Entry,
        order: order(name),
        seq: Seq(seq),
        origin: Origin { node: 7, connection: seq },
        published_at: Timestamp(1_700_000_000_000),
        body: Bytes::from_static(b"{\"a\":1}"),
    }
}

/// The suite as tests of one engine. `$world` makes the nodes' world, or `None` where it cannot be had.
#[macro_export]
macro_rules! conformance {
    ($world:path; $($area:ident: [$($case:ident),* $(,)?]),* $(,)?) => {
        $(mod $area {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(world) = $world().await {
                    $crate::suite::$area::$case(&world).await;
                }
            })*
        })*
    };
    ($world:path) => {
        $crate::conformance! { $world;
            router: [
                envelopes_of_an_order_come_in_order,
                an_envelope_arrives_as_it_was_sent,
                every_room_gets_its_copy,
                subscriptions_are_counted,
                nothing_comes_after_the_last_left,
                who_comes_back_at_once_hears_again,
                a_room_hears_only_its_own,
            ],
            limiter: [
                the_quota_holds_over_nodes,
                a_repeat_is_allowed_and_not_counted,
                the_window_slides,
                a_forgiven_send_makes_room,
                people_do_not_share_a_limit,
                the_third_repetition_in_an_order_is_refused,
                the_fifth_order_is_refused,
                a_retry_is_no_repetition,
                a_repetition_that_is_told_goes_on_and_counts,
                a_forgiven_send_was_never_said,
                people_and_texts_do_not_share_repetitions,
            ],
            presence: [
                a_person_is_online_for_every_node,
                the_count_is_absolute,
                a_person_on_two_nodes_is_online_until_both_say_gone,
                a_node_that_leaves_takes_its_people,
                what_this_node_said_counts_at_once,
            ],
        }
    };
}

/// A send of which nobody asks what it says.
pub(crate) fn attempt<'a>(user: &'a UserId, key: &'a str) -> Attempt<'a> {
    Attempt { user, key, said: None }
}
