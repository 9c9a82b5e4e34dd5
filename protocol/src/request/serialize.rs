//! From a request to its data, as clients send it.

use serde::Serialize;
use serde::ser::SerializeMap;
use souk_chat::{ClientMessageId, Cursor, Epoch, OrderId};

use super::Request;

/// Only the data: `{…}` with the event's fields, absent ones left out.
impl Serialize for Request<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::JoinApp | Self::Ping => {}
            Self::Authenticate { token } | Self::RefreshToken { token } => map.serialize_entry("token", &token.0)?,
            Self::ListChats { cursor, limit } => {
                optional(&mut map, "cursor", cursor)?;
                optional(&mut map, "limit", limit)?;
            }
            Self::JoinOrderChat { order, cursor } => {
                map.serialize_entry("orderId", order.as_str())?;
                optional(&mut map, "since", &cursor.as_ref().map(|cursor| cursor.since.0))?;
                let epoch = cursor.as_ref().and_then(|cursor| cursor.epoch.as_ref());
                optional(&mut map, "epoch", &epoch.map(Epoch::as_str))?;
            }
            Self::LeaveOrderChat { order } | Self::Typing { order } => {
                map.serialize_entry("orderId", order.as_str())?
            }
            Self::SendMessage { order, content, client_message_id } => {
                map.serialize_entry("orderId", order.as_str())?;
                map.serialize_entry("content", content)?;
                optional(&mut map, "clientMessageId", &client_message_id.as_ref().map(ClientMessageId::as_str))?;
            }
            Self::EditMessage { message, content } => {
                map.serialize_entry("messageId", &format_args!("{message}"))?;
                map.serialize_entry("content", content)?;
            }
            Self::MessageDelivered { message } | Self::MessageRead { message } => {
                map.serialize_entry("messageId", &format_args!("{message}"))?;
            }
            Self::SetVisible { order, visible } => {
                map.serialize_entry("orderId", order.as_str())?;
                map.serialize_entry("visible", visible)?;
            }
            Self::ReportMessage { message, reason, comment } => {
                map.serialize_entry("messageId", &format_args!("{message}"))?;
                map.serialize_entry("reason", reason)?;
                optional(&mut map, "comment", comment)?;
            }
            Self::Sync { cursors } => {
                map.serialize_entry("cursors", &Cursors(cursors))?;
                if cursors.iter().any(|(_, cursor)| cursor.epoch.is_some()) {
                    map.serialize_entry("epochs", &Epochs(cursors))?;
                }
            }
        }
        map.end()
    }
}

fn optional<M: SerializeMap, T: Serialize>(map: &mut M, name: &'static str, value: &Option<T>) -> Result<(), M::Error> {
    value.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value))
}

struct Cursors<'a>(&'a [(OrderId, Cursor)]);

impl Serialize for Cursors<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(order, cursor)| (order.as_str(), cursor.since.0)))
    }
}

struct Epochs<'a>(&'a [(OrderId, Cursor)]);

impl Serialize for Epochs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let epochs =
            self.0.iter().filter_map(|(order, cursor)| Some((order.as_str(), cursor.epoch.as_ref()?.as_str())));
        serializer.collect_map(epochs)
    }
}
