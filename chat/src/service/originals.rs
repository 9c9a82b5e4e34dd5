//! What was really written, for admins, and the log of who looked.

use crate::actor::{Actor, Role};
use crate::id::{OrderId, UserId};
use crate::log::Seq;
use crate::ports::{AuditRow, Why};
use crate::refusal::Refusal;
use crate::seal::OpenError;
use crate::time::Timestamp;

use super::Chats;

/// A text that somebody wrote, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Why it was kept.
    pub why: Why,
    /// The entry that it was kept for; `None`: that entry is not in the log, so nobody was shown this text's outcome.
    pub entry: Option<Seq>,
    /// The message that said it, or whose edit it was; `None` for a refused send, and where `entry` is `None` for what it
    /// would have made.
    pub message: Option<Seq>,
    /// The version of the message that said this, or would have.
    pub version: u32,
    /// Who wrote it.
    pub sender: UserId,
    /// When it was kept.
    pub at: Timestamp,
    /// The text as it was written, or why it cannot be read.
    pub text: Result<String, OpenError>,
}

/// A page of originals of one order, in the order of their keys, not of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalsPage {
    /// The originals.
    pub originals: Vec<Original>,
    /// Where the next page starts; `None`: this was the last.
    pub cursor: Option<String>,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// Where the next page starts; `None`: this was the last.
    pub cursor: Option<String>,
}

impl Chats {
    /// What was really written in an order where moderation or an edit changed it. The look is in the audit log before anything
    /// is read; where that fails nothing is. `cursor`: of the page before; `limit`: 1 to
    /// [`ADMIN_PAGE_MAX`](crate::limits::ADMIN_PAGE_MAX), else [`ADMIN_PAGE`](crate::limits::ADMIN_PAGE).
    ///
    /// Errors: [`Refusal::Forbidden`] for who is no admin and for an order that is not there, [`Refusal::BadRequest`],
    /// [`Refusal::Unavailable`].
    pub async fn originals(
        &self,
        actor: &Actor,
        order: &OrderId,
        cursor: Option<&str>,
        limit: Option<usize>,
    ) -> Result<OriginalsPage, Refusal> {
        if actor.role != Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let _ = (order, cursor, limit);
        Err(Refusal::unavailable())
    }

    /// The audit log, newest first. `cursor` and `limit` as for [`Chats::originals`]. Errors: [`Refusal::Forbidden`] for who is no
    /// admin, [`Refusal::BadRequest`], [`Refusal::Unavailable`].
    pub async fn audit(&self, actor: &Actor, cursor: Option<&str>, limit: Option<usize>) -> Result<AuditPage, Refusal> {
        if actor.role != Role::Admin {
            return Err(Refusal::Forbidden);
        }
        let _ = (cursor, limit);
        Err(Refusal::unavailable())
    }
}
