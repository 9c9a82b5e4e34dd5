//! Errors as they go over the wire.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use souk_chat::{IdError, Refusal};

use crate::code::Code;
use crate::json::{self, Unreadable};

/// The media type of [`Error::problem`].
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// A refusal: `{code, message, retryAfterMs?, details?}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{}: {message}", code.as_str())]
pub struct Error {
    /// For programs.
    pub code: Code,
    /// For people who write programs: one sentence, says what to do.
    pub message: Cow<'static, str>,
    /// How long to wait before trying again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// More for programs; its form depends on the code. `too_long`: `{max}`. `refused_by_moderation`: `{flags}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Value>>,
}

impl Error {
    /// An error without details or a wait.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after_ms: None, details: None }
    }

    /// A request that makes no sense.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// A token that is missing or no good. The message must not say more than the bearer may know.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Unauthorized, message)
    }

    /// A Socket.IO namespace that is not there, in the words of the stock server.
    pub fn unknown_namespace() -> Self {
        Self::bad_request("Invalid namespace")
    }

    /// Says how long to wait. Rounded up to a whole millisecond: who waits that long is not told to wait again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after_ms = Some(u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX));
        self
    }

    /// Adds details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// The wait in whole seconds, rounded up: the value of a `Retry-After` header.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_ms.map(|ms| ms.div_ceil(1_000))
    }

    /// The body of a REST answer, of type [`PROBLEM_MEDIA_TYPE`] (RFC 9457): the usual members, and `code`, `retryAfterMs`,
    /// `details` as everywhere.
    pub fn problem(&self) -> Bytes {
        self.problem_as(self.code.http_status())
    }

    /// The same for an answer with another status than the code's usual one.
    pub fn problem_as(&self, status: u16) -> Bytes {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Problem<'a> {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            detail: &'a str,
            code: Code,
            #[serde(skip_serializing_if = "Option::is_none")]
            retry_after_ms: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            details: Option<&'a Value>,
        }
        json::encode(&Problem {
            r#type: "about:blank",
            title: self.code.title(),
            status,
            detail: &self.message,
            code: self.code,
            retry_after_ms: self.retry_after_ms,
            details: self.details.as_deref(),
        })
    }
}

/// `{"error":{…}}`: how a carrier without a place of its own for errors tells one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: Error,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::BadRequest(_) => Self::new(Code::BadRequest, message),
            Refusal::Empty => Self::new(Code::Empty, message),
            Refusal::TooLong { max } => Self::new(Code::TooLong, message).with_details(json!({ "max": max })),
            Refusal::Forbidden | Refusal::WrongRole(_) => Self::new(Code::Forbidden, message),
            Refusal::NotFound => Self::new(Code::NotFound, message),
            Refusal::NotAuthor => Self::new(Code::NotAuthor, message),
            Refusal::EditWindowOver => Self::new(Code::EditWindowOver, message),
            Refusal::Spam => Self::new(Code::Spam, message),
            Refusal::ChatClosed => Self::new(Code::ChatClosed, message),
            // Both say: what is there under this id is something else.
            Refusal::IdempotencyConflict | Refusal::OtherParticipants => Self::new(Code::IdempotencyConflict, message),
            Refusal::RefusedByModeration { flags } => Self::new(Code::RefusedByModeration, message)
                .with_details(json!({ "flags": flags.iter().map(|flag| flag.as_str()).collect::<Vec<_>>() })),
            Refusal::RateLimited { retry_after } => Self::new(Code::RateLimited, message).retry_after(retry_after),
            Refusal::Unavailable { retry_after } => Self::new(Code::Unavailable, message).retry_after(retry_after),
        }
    }
}

impl From<IdError> for Error {
    fn from(error: IdError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<Unreadable> for Error {
    fn from(error: Unreadable) -> Self {
        Self::bad_request(error.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code_and_status() {
        let wait = Duration::from_micros(1_500);
        for (refusal, code, status) in [
            (Refusal::BadRequest("no".into()), "bad_request", 400),
            (Refusal::Empty, "empty", 400),
            (Refusal::TooLong { max: 3 }, "too_long", 400),
            (Refusal::Forbidden, "forbidden", 403),
            (Refusal::WrongRole("admin"), "forbidden", 403),
            (Refusal::NotFound, "not_found", 404),
            (Refusal::ChatClosed, "chat_closed", 409),
            (Refusal::NotAuthor, "not_author", 403),
            (Refusal::EditWindowOver, "edit_window_over", 409),
            (Refusal::Spam, "spam", 422),
            (Refusal::RefusedByModeration { flags: souk_chat::Categories::EMPTY }, "refused_by_moderation", 422),
            (Refusal::IdempotencyConflict, "idempotency_conflict", 409),
            (Refusal::OtherParticipants, "idempotency_conflict", 409),
            (Refusal::RateLimited { retry_after: wait }, "rate_limited", 429),
            (Refusal::Unavailable { retry_after: wait }, "unavailable", 503),
        ] {
            let error = Error::from(refusal);
            assert_eq!((error.code.as_str(), error.code.http_status()), (code, status));
        }
    }

    #[test]
    fn waits_are_rounded_up() {
        let error = Error::new(Code::RateLimited, "wait").retry_after(Duration::from_micros(1_500));
        assert_eq!((error.retry_after_ms, error.retry_after_seconds()), (Some(2), Some(1)));
    }

    #[test]
    fn a_code_from_a_newer_server_is_read() {
        let error: Error = serde_json::from_str(r#"{"code":"too_late","message":"m","new":1}"#).unwrap();
        assert_eq!(error.code, Code::Other);
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), *code);
        }
    }
}
