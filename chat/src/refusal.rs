//! Why something was not done.

use std::time::Duration;

use crate::ports::StoreError;

/// Why the service did not do what it was asked. Each has one code on the wire; the protocol crate gives it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request makes no sense; the text says what to do.
    #[error("{0}")]
    BadRequest(String),
    /// Nothing in it can be seen.
    #[error("a message needs at least one character that can be seen")]
    Empty,
    /// Too many characters.
    #[error("a message has at most {max} characters")]
    TooLong {
        /// Most Unicode scalar values.
        max: usize,
    },
    /// No such order, or not one of yours: the two look the same.
    #[error("there is no such chat for you")]
    Forbidden,
    /// Not for tokens of this role, whatever the chat: the text names those it is for.
    #[error("this is for tokens of the role {0}")]
    WrongRole(&'static str),
    /// No such thing inside a chat of yours.
    #[error("there is no such message in this chat")]
    NotFound,
    /// Only the author may edit.
    #[error("only its author may edit a message")]
    NotAuthor,
    /// Too late to edit.
    #[error("a message may be edited for {} minutes after it was sent", crate::limits::EDIT_WINDOW.as_secs() / 60)]
    EditWindowOver,
    /// The chat is read-only.
    #[error("this chat is closed; its history stays readable")]
    ChatClosed,
    /// The id was used for another text.
    #[error("this clientMessageId was used for another text; give the new message a new id")]
    IdempotencyConflict,
    /// The order exists with other parties.
    #[error("this order exists with other participants, and participants are fixed at creation")]
    OtherParticipants,
    /// Moderation refused the text.
    #[error("the message was refused: it holds what this marketplace does not allow in chats")]
    RefusedByModeration {
        /// What was found.
        flags: souk_moderation::Categories,
    },
    /// The same text again and again.
    #[error("the same text was sent too often; write something else, or wait ten minutes")]
    Spam,
    /// Too many messages.
    #[error("too many messages; wait before sending the next")]
    RateLimited {
        /// How long until the next would pass.
        retry_after: Duration,
    },
    /// A part that souk needs does not answer. Nothing is known to have been done; the same request may be repeated.
    #[error("not available right now; repeat the request with the same clientMessageId")]
    Unavailable {
        /// How long to wait.
        retry_after: Duration,
    },
}

impl Refusal {
    /// [`Refusal::Unavailable`] with the usual wait of one second.
    pub fn unavailable() -> Self {
        Self::Unavailable { retry_after: Duration::from_secs(1) }
    }
}

/// What a store's failure is for the person who asked. Its cause is no business of theirs: whoever opens the store watches it, and
/// counts and logs what fails there.
impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Self::unavailable()
    }
}
