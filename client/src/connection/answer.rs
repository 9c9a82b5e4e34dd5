//! Answers, typed by their requests.

use serde::de::DeserializeOwned;
use souk_protocol::dto::{ChatList, Hello, Joined, Message, ReadUpTo, Reported, SignedIn, Synced, TokenAccepted};
use souk_protocol::{Error, Request, ServerEvent};

/// What a request was answered with.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// `authenticate`
    SignedIn(SignedIn),
    /// `join_app`
    Hello(Box<Hello>),
    /// `list_chats`
    Chats(ChatList),
    /// `join_order_chat`
    Joined(Box<Joined>),
    /// `send_message` and `edit_message`
    Message(Box<Message>),
    /// `message_read`
    Read(ReadUpTo),
    /// `report_message`
    Reported(Reported),
    /// `sync`
    Synced(Synced),
    /// `refresh_token`
    Token(TokenAccepted),
    /// All others: done, nothing to say.
    Done,
}

/// Which form an answer will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    SignedIn,
    Hello,
    Chats,
    Joined,
    Message,
    Read,
    Reported,
    Synced,
    Token,
    Done,
}

impl AnswerKind {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        match request {
            Request::Authenticate { .. } => Self::SignedIn,
            Request::JoinApp => Self::Hello,
            Request::ListChats { .. } => Self::Chats,
            Request::JoinOrderChat { .. } => Self::Joined,
            Request::SendMessage { .. } | Request::EditMessage { .. } => Self::Message,
            Request::MessageRead { .. } => Self::Read,
            Request::ReportMessage { .. } => Self::Reported,
            Request::Sync { .. } => Self::Synced,
            Request::RefreshToken { .. } => Self::Token,
            Request::LeaveOrderChat { .. }
            | Request::MessageDelivered { .. }
            | Request::SetVisible { .. }
            | Request::Typing { .. }
            | Request::Ping => Self::Done,
        }
    }

    /// Reads an answer's data. Errors: it has not this form.
    pub(crate) fn read(self, data: &str) -> Result<Answer, serde_json::Error> {
        fn json<T: DeserializeOwned>(data: &str) -> Result<T, serde_json::Error> {
            serde_json::from_str(data)
        }
        Ok(match self {
            Self::SignedIn => Answer::SignedIn(json(data)?),
            Self::Hello => Answer::Hello(json(data)?),
            Self::Chats => Answer::Chats(json(data)?),
            Self::Joined => Answer::Joined(json(data)?),
            Self::Message => Answer::Message(json(data)?),
            Self::Read => Answer::Read(json(data)?),
            Self::Reported => Answer::Reported(json(data)?),
            Self::Synced => Answer::Synced(json(data)?),
            Self::Token => Answer::Token(json(data)?),
            Self::Done => Answer::Done,
        })
    }
}

/// One thing that the server said, and its place among all that it said on this connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// 1, 2, 3 … in the order of the wire, pushes and answers together, without holes.
    pub position: u64,
    /// What.
    pub item: Item,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The answer to the request of this number.
    Answer {
        /// What [`Connection::send`](crate::Connection::send) gave.
        id: u64,
        /// The answer or the refusal.
        result: Result<Answer, Error>,
    },
    /// Something unasked.
    Push(Box<ServerEvent>),
    /// A push that this build does not know, by its name.
    Unknown(Box<str>),
}

/// An answer, and its place among all that the server said on this connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// As [`Incoming::position`].
    pub position: u64,
    /// The answer.
    pub answer: Answer,
}
