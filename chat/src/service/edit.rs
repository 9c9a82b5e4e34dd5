//! Editing a message.

use std::sync::Arc;

use futures_channel::oneshot;

use crate::actor::{Actor, Role};
use crate::draft::Draft;
use crate::id::OrderId;
use crate::limits::SEND_PATIENCE;
use crate::log::{EntryKey, Seq};
use crate::ports::{Admission, Attempt, Origin};
use crate::refusal::Refusal;

use super::Chats;
use super::send::{Sent, sent};
use super::sequencer::{Course, Job, Work};

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
    /// Errors: [`Refusal::WrongRole`], [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::NotAuthor`], [`Refusal::EditWindowOver`],
    /// [`Refusal::RateLimited`], [`Refusal::ChatClosed`], [`Refusal::RefusedByModeration`], [`Refusal::Unavailable`]; after the
    /// last one the message may be edited.
    pub async fn edit(&self, actor: &Actor, edit: Edit) -> Result<Sent, Refusal> {
        if matches!(actor.role, Role::Admin | Role::Service) {
            return Err(Refusal::WrongRole("client or contractor"));
        }
        let order = self.accessible(actor, &edit.order).await?;
        let runtime = &self.ports.runtime;
        let id = format!("edit~{:016x}{:016x}", runtime.random(), runtime.random());
        let limit_key = format!("{}/{id}", edit.order);
        let attempt = Attempt { user: &actor.user, key: &limit_key, said: None };
        let admission = self.ports.limiter.admit(&attempt).await;
        if let Admission::Limited { retry_after } = admission {
            return Err(Refusal::RateLimited { retry_after });
        }
        let (done, answer) = oneshot::channel();
        let job = Job {
            key: EntryKey { owner: None, id: id.into() },
            work: Work::Edit { seq: edit.seq },
            origin: edit.origin,
            actor: actor.clone(),
            draft: edit.draft,
            deadline: runtime.monotonic() + SEND_PATIENCE,
            done: Some(done),
            course: Course::New,
        };
        self.sequencer.submit(Arc::clone(&order), job);
        let result = answer.await.unwrap_or_else(|_| Err(Refusal::unavailable()));
        let stands = matches!(result, Ok(_) | Err(Refusal::Unavailable { .. }));
        if !stands && matches!(admission, Admission::Allowed { counted: true, .. }) {
            self.ports.limiter.forgive(&attempt);
        }
        Ok(sent(order, result?))
    }
}
