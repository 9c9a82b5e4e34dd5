//! What a connection is told when it has signed in.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use souk_chat::{Role, UserId};

use super::{Time, chat::role, ids};
use crate::limits::FRAME_BYTES;

/// `hello`: the answer of `join_app`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Who the token says I am.
    pub me: Me,
    /// The name of this connection, for support and logs.
    pub session_id: Box<str>,
    /// The server's clock.
    pub server_time: Time,
    /// What I may do.
    pub limits: Limits,
    /// How to come back after a cut.
    pub reconnect: ReconnectPolicy,
    /// How often the server pings, in milliseconds.
    pub ping_interval_ms: u64,
    /// How long it waits for a pong, in milliseconds.
    pub ping_timeout_ms: u64,
    /// Those of my chat partners who are online.
    #[serde(with = "ids::list")]
    pub online: Vec<UserId>,
    /// My unread messages in all chats.
    pub unread_total: u64,
}

/// The person of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The token's `sub`.
    #[serde(with = "ids")]
    pub user_id: UserId,
    /// The token's `role`.
    #[serde(with = "role")]
    pub role: Role,
    /// The token's `name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
}

/// The bounds that a client meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Messages in any stretch of `windowMs`; 0: no limit.
    pub messages: u32,
    /// The window's length in milliseconds.
    pub window_ms: u64,
    /// Longest message in characters (Unicode scalar values).
    pub content_chars: usize,
    /// Most chats joined on one connection.
    pub rooms: usize,
    /// Longest frame in bytes.
    pub frame_bytes: usize,
}

impl Limits {
    /// The limits under `quota`, with at most `rooms` joined chats.
    pub fn new(quota: souk_chat::limits::Quota, rooms: usize) -> Self {
        Self {
            messages: quota.messages,
            window_ms: millis(quota.window),
            content_chars: souk_chat::limits::CONTENT_CHARS,
            rooms,
            frame_bytes: FRAME_BYTES,
        }
    }
}

/// How to come back after a cut: full jitter. Before try `n` = 0, 1, 2 … wait a random time between 0 and
/// `min(maxMs, minMs × factorⁿ)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReconnectPolicy {
    /// The first bound, in milliseconds.
    pub min_ms: u64,
    /// The last bound, in milliseconds.
    pub max_ms: u64,
    /// How the bound grows.
    pub factor: f64,
}

/// Whole milliseconds of a duration, for wire forms; what does not fit is as long as can be said.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
