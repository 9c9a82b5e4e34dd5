use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use souk_chat::ports::{Channel, Envelope, Inbox, Router, RouterError};

use super::bus::{LocalBus, Node};
use crate::metrics::Metrics;

/// Rooms inside one process: publishing calls the receivers at once, on the caller's thread or on that of whoever delivers for the
/// same orders at that moment. A receiver may publish from inside a delivery.
pub struct LocalRouter {
    bus: Arc<LocalBus>,
    node: Arc<Node>,
}

impl LocalRouter {
    /// A node on the bus. Subscriptions end when it is dropped.
    pub fn new(bus: Arc<LocalBus>, metrics: Arc<Metrics>) -> Self {
        bus.joined();
        let node = Arc::new(Node { number: bus.next_number(), inbox: OnceLock::new(), metrics });
        Self { bus, node }
    }
}

#[async_trait]
impl Router for LocalRouter {
    fn attach(&self, inbox: Arc<dyn Inbox>) {
        if self.node.inbox.set(inbox).is_err() {
            tracing::error!("a second receiver was attached to the router and is not used");
        }
    }

    fn subscribe(&self, channel: &Channel) {
        self.bus.subscribe(&self.node, channel);
    }

    fn unsubscribe(&self, channel: &Channel) {
        self.bus.unsubscribe(&self.node, channel);
    }

    async fn confirmed(&self, _room: &Channel) -> Result<(), RouterError> {
        Ok(())
    }

    fn publish(&self, channels: &[Channel], envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>> {
        if self.bus.publish(channels, envelope) {
            self.node.metrics.published.one();
            return ready(Ok(())).boxed();
        }
        self.node.metrics.publish_overflowed.one();
        self.node.metrics.publish_failed.one();
        ready(Err(RouterError("the delivery queue of this process is full".into()))).boxed()
    }

    fn is_connected(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        self.bus.is_shared()
    }
}

impl Drop for LocalRouter {
    fn drop(&mut self) {
        self.bus.forget(&self.node);
    }
}
