use async_trait::async_trait;

use crate::id::UserId;

/// The engine could not say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("presence is unknown: {0}")]
pub struct PresenceError(pub String);

/// Who is connected, anywhere. A device counts only while its node's lease lives.
///
/// The engine renews this node's lease by itself, and after a lost lease or a server that came back empty asserts all its people
/// again, paced.
#[async_trait]
pub trait Presence: Send + Sync {
    /// This node now holds `devices` connections of `user`: an absolute count, 0 takes the person away. Returns at once; the
    /// latest count per person is what gets written, in the background.
    fn set(&self, user: &UserId, devices: u32);
    /// Whether each of `users` has a device on any node with a living lease, in the order asked, answered within 100 ms.
    /// What [`Presence::set`] said on this node counts at once.
    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>, PresenceError>;
    /// Gives up the lease: this node's people are gone for everyone at once. For a node that leaves.
    async fn leave(&self);
}
