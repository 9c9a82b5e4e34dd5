//! Whether clients should be sent here, and what does not work here just now (see ADR 11).
//!
//! | away | readiness | why |
//! |---|---|---|
//! | the router's server | degraded | chat works, a second late between nodes; taking every node out would end it |
//! | the store, for [`STORE_MAY_BE_AWAY`] | not ready | nothing works here: another node may reach the store |
//! | what events go to, for [`EVENTS_MAY_WAIT`] | degraded | chat works; notifications wait |

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use souk_chat::OrderId;
use souk_chat::ports::{Router, Store};
use souk_events::Relay;
use tokio::time::Instant;

use crate::readiness::Readiness;

/// How often the parts are looked at.
const EVERY: Duration = Duration::from_millis(500);
/// How long the store may take to answer.
const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// A store that was there may be away for so long before clients are sent elsewhere: a blip is seen by all nodes at once.
const STORE_MAY_BE_AWAY: Duration = Duration::from_secs(5);
/// How old the oldest event on its way may be.
const EVENTS_MAY_WAIT: Duration = Duration::from_secs(60);

/// How a node is before its parts were looked at: without the store's word nobody is sent here, however well the others are.
pub(super) fn at_first() -> Readiness {
    let readiness = Readiness::default();
    readiness.not_ready("store", "the store was not asked yet");
    readiness
}

/// Looks at the parts of a node.
pub(super) struct Probe {
    router: Arc<dyn Router>,
    store: Arc<dyn Store>,
    relay: Arc<Relay>,
    readiness: Readiness,
}

impl Probe {
    pub(super) fn new(router: Arc<dyn Router>, store: Arc<dyn Store>, relay: Arc<Relay>, readiness: Readiness) -> Self {
        Self { router, store, relay, readiness }
    }

    /// Says of the parts how they are, for ever. May be dropped at any time.
    pub(super) async fn watch(self: Arc<Self>) {
        static PROBE: OnceLock<OrderId> = OnceLock::new();
        let probe = PROBE.get_or_init(|| OrderId::new("souk.readiness").expect("it keeps to the alphabet"));
        let mut answered: Option<Instant> = None;
        loop {
            match self.router.is_connected() {
                true => self.readiness.ready("router"),
                false => self.readiness.degraded(
                    "router",
                    "the router's server does not answer: between nodes messages are seconds late, presence is not known",
                ),
            }
            let asked = Instant::now();
            if let Ok(Ok(_)) = tokio::time::timeout(STORE_ANSWERS_WITHIN, self.store.head(probe)).await {
                answered = Some(asked);
                self.readiness.ready("store");
            } else if answered.is_some_and(|at| at.elapsed() < STORE_MAY_BE_AWAY) {
                self.readiness.degraded("store", "the store does not answer");
            } else {
                self.readiness.not_ready("store", "the store does not answer");
            }
            match self.relay.oldest_owed() {
                waiting if waiting < EVENTS_MAY_WAIT => self.readiness.ready("events"),
                _ => self.readiness.degraded("events", "events do not go out; they wait"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_not_ready_before_its_store_has_answered_once() {
        let readiness = at_first();
        assert!(!readiness.is_ready());
        for other in ["router", "disk", "events"] {
            readiness.ready(other);
        }
        assert!(!readiness.is_ready(), "the others say nothing of the store");
        readiness.ready("store");
        assert!(readiness.is_ready());
    }
}
