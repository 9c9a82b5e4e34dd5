//! Names of what goes wrong, few enough to be counted by.

use souk_client::{CloseReason, ConnectError};
use souk_protocol::Close;

/// Why a connection did not come about.
pub(crate) fn connect_failure(error: &ConnectError) -> String {
    match error {
        ConnectError::Network(kind) => format!("network: {kind}"),
        ConnectError::Http { status, .. } => format!("http {status}"),
        ConnectError::Refused(error) => format!("refused: {}", error.code.as_str()),
        ConnectError::Closed(reason) => format!("closed: {}", cut(reason)),
        ConnectError::TimedOut => "timed out".to_owned(),
        ConnectError::Unresolved => "unresolved".to_owned(),
        ConnectError::NotAServer(what) => format!("not a server: {what}"),
        ConnectError::Header => "header".to_owned(),
    }
}

/// Why a connection ended.
pub(crate) fn cut(reason: &CloseReason) -> String {
    match reason {
        CloseReason::Server { number, .. } => match Close::ALL.iter().find(|close| close.number() == *number) {
            Some(close) => format!("{number} {}", close.code()),
            None => number.to_string(),
        },
        CloseReason::Lost(kind) => format!("lost: {kind}"),
        CloseReason::Silent => "silent".to_owned(),
        CloseReason::Unanswered => "unanswered".to_owned(),
        CloseReason::Malformed(what) => format!("malformed: {what}"),
        CloseReason::Disconnected => "disconnected".to_owned(),
        CloseReason::Local => "local".to_owned(),
    }
}
