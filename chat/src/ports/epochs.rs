use async_trait::async_trait;

use crate::id::{Epoch, OrderId};
use crate::log::Seq;
use crate::time::Timestamp;

use super::store_error::StoreError;

/// Which history this is.
///
/// A log only grows, until its store loses what it had answered for, or an older copy of it is put back. Then numbers that were
/// given are given again, to other entries, and a cursor from before says nothing. An epoch is what tells: clients keep its name
/// beside their cursors.
#[async_trait]
pub trait Epochs: Send + Sync {
    /// The epoch that the store is in. Cheap: where another process may begin one, what this one knows may be some seconds old.
    /// Errors only where it was never known.
    async fn epoch(&self) -> Result<Epoch, StoreError>;
    /// Whether who had seen all entries of the order up to `since` in `epoch` has seen those that stand there now, if the log
    /// reaches as far: that is the caller's to look at. An epoch of which nothing is known: no.
    async fn is_ours(&self, order: &OrderId, epoch: &Epoch, since: Seq) -> Result<bool, StoreError>;
    /// When the epoch began, by the clock of whoever began it; `None`: an engine that finds its losses by itself.
    fn began(&self, epoch: &Epoch) -> Option<Timestamp>;
    /// Begins an epoch in which no cursor of an older one is good, unless the store has left the epoch `from` already. Returns the
    /// one that it is in then. Safe to repeat.
    async fn begin_epoch(&self, from: &Epoch) -> Result<Epoch, StoreError>;
}
