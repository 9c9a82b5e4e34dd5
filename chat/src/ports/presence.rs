use std::sync::Arc;

use async_trait::async_trait;

use crate::id::UserId;
use crate::time::Timestamp;

/// The engine could not say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("presence is unknown: {0}")]
pub struct PresenceError(pub String);

/// Somebody for whom a node answered that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Orphan {
    /// That run of the node; opaque.
    pub node: Arc<str>,
    /// When it was last known to live, on its own clock.
    pub alive_at: Timestamp,
    /// Who was connected to it, or whose end it had not dealt with yet.
    pub user: UserId,
}

/// Who is connected, anywhere. A device counts only while its node's lease lives.
///
/// A node *answers* for a person from their first device on until it [releases](Presence::release) them: who left may have to be
/// notified, and a node that dies before it did so leaves that to the others, who find its people as [orphans](Presence::orphans).
///
/// The engine renews this node's lease by itself, and after a lost lease or a server that came back empty asserts all its people
/// again, paced.
#[async_trait]
pub trait Presence: Send + Sync {
    /// This node now holds `devices` connections of `user`: an absolute count, 0 takes the person away. Returns at once; the
    /// latest count per person is what gets written, in the background.
    fn set(&self, user: &UserId, devices: u32);
    /// This node answers for `user` no longer: they left, and that was dealt with. Nothing happens while they have a device here.
    /// Returns at once, written in the background.
    fn release(&self, user: &UserId);
    /// Whether each of `users` has a device on any node with a living lease, in the order asked, answered within 100 ms.
    /// What [`Presence::set`] said on this node counts at once.
    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>, PresenceError>;
    /// At most `limit` people for whom a node answered whose lease is gone. The same are named again, also to other nodes, until
    /// they are [adopted](Presence::adopted). An engine whose nodes end together with it has none.
    async fn orphans(&self, limit: usize) -> Result<Vec<Orphan>, PresenceError>;
    /// These orphans were dealt with. Safe to repeat.
    async fn adopted(&self, orphans: &[Orphan]) -> Result<(), PresenceError>;
    /// Gives up the lease: this node's people are gone for everyone at once. For a node that leaves; whom it still answers for is
    /// an orphan then.
    async fn leave(&self);
}
