//! The forms of what is said.

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

pub(crate) const CONTENT_CHARS: usize = 2_000;

/// `join_order_chat`, `leave_order_chat`, `typing`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfOrder {
    pub(crate) order_id: String,
}

/// `send_message`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Send {
    pub(crate) order_id: String,
    pub(crate) content: String,
    pub(crate) client_message_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message<'a> {
    pub(crate) id: String,
    pub(crate) order_id: &'a str,
    pub(crate) seq: u64,
    pub(crate) rev: u64,
    pub(crate) version: u32,
    pub(crate) sender_id: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) content: &'a str,
    pub(crate) status: &'static str,
    pub(crate) is_edited: bool,
    pub(crate) is_moderated: bool,
    pub(crate) moderation_flags: [&'static str; 0],
    pub(crate) created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_message_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Joined<'a> {
    pub(crate) chat: Chat<'a>,
    pub(crate) messages: [(); 0],
    pub(crate) up_to: u64,
    pub(crate) head: u64,
    pub(crate) more: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chat<'a> {
    pub(crate) order_id: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) participants: [(); 0],
    pub(crate) state: &'static str,
    pub(crate) head: u64,
    pub(crate) unread: u64,
    pub(crate) created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Typing<'a> {
    pub(crate) order_id: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) expires_in_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hello<'a> {
    pub(crate) me: Me<'a>,
    pub(crate) session_id: String,
    pub(crate) server_time: String,
    pub(crate) limits: Limits,
    pub(crate) reconnect: Reconnect,
    pub(crate) ping_interval_ms: u64,
    pub(crate) ping_timeout_ms: u64,
    pub(crate) online: [(); 0],
    pub(crate) unread_total: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) role: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    pub(crate) messages: u32,
    pub(crate) window_ms: u64,
    pub(crate) content_chars: usize,
    pub(crate) rooms: usize,
    pub(crate) frame_bytes: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reconnect {
    pub(crate) min_ms: u64,
    pub(crate) max_ms: u64,
    pub(crate) factor: f64,
}

/// `message_read`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReadUpTo {
    pub(crate) unread: u64,
    pub(crate) unread_total: u64,
}

#[derive(Serialize)]
pub(crate) struct Done {}

/// `{"error": …}`
#[derive(Serialize)]
pub(crate) struct Refused {
    pub(crate) error: Refusal,
}

#[derive(Serialize)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Most>,
}

#[derive(Serialize)]
pub(crate) struct Most {
    pub(crate) max: usize,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None }
    }

    pub(crate) fn too_long() -> Self {
        let message = format!("a message has at most {CONTENT_CHARS} characters");
        Self { code: "too_long", message, details: Some(Most { max: CONTENT_CHARS }) }
    }
}

/// `2026-01-02T03:04:05.678Z`
pub(crate) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}
