//! Who did what that must be accounted for.

use std::sync::Arc;

use async_trait::async_trait;

use crate::actor::Role;
use crate::id::{OrderId, UserId};
use crate::time::Timestamp;

use super::store_error::StoreError;

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// Read what was really written in an order.
    OriginalsRead,
}

impl AuditAction {
    const ALL: [Self; 1] = [Self::OriginalsRead];

    /// The name on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OriginalsRead => "originals_read",
        }
    }

    /// The action of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// A row's place in the log: rows stand by time, then by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId {
    /// When, on the clock of the node that wrote it.
    pub at: Timestamp,
    /// A random number that tells rows of one millisecond apart.
    pub number: u64,
}

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place.
    pub id: AuditId,
    /// Who.
    pub actor: UserId,
    /// In which role.
    pub role: Role,
    /// What.
    pub action: AuditAction,
    /// In which order; `None`: in none.
    pub order: Option<OrderId>,
    /// More, in a few words; never a text that somebody wrote in a chat. At most 512 bytes.
    pub details: Arc<str>,
}

/// The audit log: rows are added, never changed.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Adds a row. `Ok`: it survives what history survives. Repeating it with the same [`AuditId`] adds none.
    async fn record(&self, row: &AuditRow) -> Result<(), StoreError>;
    /// Rows below `before` (`None`: the newest), newest first, at most `limit`. Fewer than `limit`: there were no more.
    async fn audit(&self, before: Option<AuditId>, limit: usize) -> Result<Vec<AuditRow>, StoreError>;
}
