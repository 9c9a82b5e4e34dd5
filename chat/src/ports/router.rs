use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::id::{OrderId, UserId};
use crate::log::Seq;
use crate::time::Timestamp;

/// Where an envelope goes: everybody who looks at an order, or every device of a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Connections that joined this order.
    Order(OrderId),
    /// Connections of this person.
    User(UserId),
}

/// What an envelope carries. Unknown kinds from a newer node are dropped by the router's decoder and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EnvelopeKind {
    /// An entry of the order's log; `seq` is its number.
    Entry = 1,
    /// Somebody types; `seq` is 0.
    Typing = 2,
    /// A person got further; `seq` is 0.
    Status = 3,
}

impl EnvelopeKind {
    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Entry, Self::Typing, Self::Status].into_iter().find(|kind| *kind as u8 == number)
    }
}

/// The connection that caused an envelope, so that it can be told apart from the person's other devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Origin {
    /// A random number of the node's incarnation.
    pub node: u64,
    /// The connection on that node; 0: none (REST, souk itself).
    pub connection: u64,
}

/// What travels between nodes: a small header that decides without looking inside, and a body that was encoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the body is.
    pub kind: EnvelopeKind,
    /// The order it is about.
    pub order: OrderId,
    /// The entry's number, or 0.
    pub seq: Seq,
    /// Who caused it.
    pub origin: Origin,
    /// When it was published.
    pub published_at: Timestamp,
    /// The body; opaque here.
    pub body: Bytes,
}

/// What may have been lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Anything, in every channel: the connection to the server was interrupted. Told when subscriptions stand again.
    All,
    /// Something in these channels: a bounded queue overflowed.
    Channels(Vec<Channel>),
}

/// The router did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the router is not reachable: {0}")]
pub struct RouterError(pub String);

/// Who receives what the router brings. Both calls return at once.
pub trait Inbox: Send + Sync {
    /// An envelope arrived in `channel`. Envelopes of one order arrive one after another, in the order the server gave them.
    fn deliver(&self, channel: &Channel, envelope: &Envelope);
    /// Envelopes may have been lost.
    fn gap(&self, gap: Gap);
}

/// Channels between nodes. At most once: what is lost shows as a [`Gap`], or not at all (the gate compares with the store).
#[async_trait]
pub trait Router: Send + Sync {
    /// Names the receiver. Called once, before anything is subscribed.
    fn attach(&self, inbox: Arc<dyn Inbox>);
    /// One more subscriber of `channel` on this node: the first makes the subscription. Returns at once; see [`Router::confirmed`].
    fn subscribe(&self, channel: &Channel);
    /// One subscriber of `channel` less: after the last the subscription ends, with a delay and a second look.
    fn unsubscribe(&self, channel: &Channel);
    /// Waits until the server confirmed the subscription of `channel`, within the engine's bound: ready at once where it stands already, and
    /// always in process. Errors: not confirmed in time;
    /// the subscription is still wanted and will be made, its coming is told as a [`Gap`] of that channel. Cancel-safe.
    async fn confirmed(&self, channel: &Channel) -> Result<(), RouterError>;
    /// Sends one envelope to several channels in one write, in the order of the calls. The future tells whether the server took
    /// it; dropping it does not take the envelope back. Errors: it may not have arrived.
    fn publish(&self, channels: &[Channel], envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>>;
    /// Whether the server answers now. For readiness.
    fn is_connected(&self) -> bool;
    /// Whether others than this node may hear what it publishes.
    fn is_shared(&self) -> bool {
        true
    }
}

/// A counted subscription that ends when dropped.
pub struct Subscription {
    router: Arc<dyn Router>,
    channel: Channel,
}

impl Subscription {
    /// Subscribes; see [`Router::subscribe`].
    pub fn new(router: Arc<dyn Router>, channel: Channel) -> Self {
        router.subscribe(&channel);
        Self { router, channel }
    }

    /// Waits for the server's word; see [`Router::confirmed`].
    pub async fn confirmed(&self) -> Result<(), RouterError> {
        self.router.confirmed(&self.channel).await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.router.unsubscribe(&self.channel);
    }
}
