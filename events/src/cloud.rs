//! CloudEvents 1.0: the attributes, the data, and the structured JSON form.

use serde::Serialize;
use souk_chat::Timestamp;
use souk_chat::ports::{Event, EventData};
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};

/// The version of CloudEvents that is written.
pub(crate) const SPEC_VERSION: &str = "1.0";
/// The media type of the data.
pub(crate) const DATA_CONTENT_TYPE: &str = "application/json";

/// RFC 3339 with three digits of a second, always.
const MILLISECONDS: EncodedConfig =
    Config::DEFAULT.set_time_precision(TimePrecision::Second { decimal_digits: std::num::NonZeroU8::new(3) }).encode();

/// The moment as RFC 3339, UTC, milliseconds. What lies outside the years 0–9999 is shown as the epoch.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.millis()) * 1_000_000)
        .ok()
        .filter(|moment| (0..=9999).contains(&moment.year()))
        .and_then(|moment| moment.format(&Iso8601::<MILLISECONDS>).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00.000Z".to_owned())
}

/// The data of an event, as it is named on the wire.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Data<'a> {
    Notification {
        user_id: &'a str,
        order_id: &'a str,
        message_id: String,
        kind: &'static str,
        title: &'a str,
        body: &'a str,
        locale: &'a str,
        unread_total: u64,
    },
    Moderation {
        order_id: &'a str,
        message_id: String,
        sender_id: &'a str,
        flags: &'a [&'static str],
        action: &'static str,
        rules: &'a [String],
        rules_version: &'a str,
    },
}

impl<'a> Data<'a> {
    fn of(event: &'a Event) -> Self {
        let order_id = event.order.as_str();
        match &event.data {
            EventData::Notification { user, message, title, body, locale, unread_total } => Self::Notification {
                user_id: user.as_str(),
                order_id,
                message_id: message.to_string(),
                kind: "message",
                title,
                body,
                locale,
                unread_total: *unread_total,
            },
            EventData::Moderation { message, sender, flags, action, rules, rules_version } => Self::Moderation {
                order_id,
                message_id: message.to_string(),
                sender_id: sender.as_str(),
                flags,
                action: action.as_str(),
                rules,
                rules_version,
            },
        }
    }
}

/// An event with its attributes: the structured form.
#[derive(Serialize)]
struct Structured<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    time: String,
    subject: &'a str,
    datacontenttype: &'static str,
    data: Data<'a>,
}

/// The data as JSON: the value of the binary mode.
#[cfg(feature = "kafka")]
pub(crate) fn data(event: &Event) -> Vec<u8> {
    serde_json::to_vec(&Data::of(event)).expect("text, numbers and lists of text always serialise")
}

/// Appends the event's structured form and a line feed. JSON escapes line feeds, so an event is one line.
pub(crate) fn write_line(event: &Event, source: &str, out: &mut Vec<u8>) {
    let structured = Structured {
        specversion: SPEC_VERSION,
        id: &event.id,
        source,
        kind: event.data.event_type().as_str(),
        time: rfc3339(event.at),
        subject: event.order.as_str(),
        datacontenttype: DATA_CONTENT_TYPE,
        data: Data::of(event),
    };
    serde_json::to_writer(&mut *out, &structured).expect("text, numbers and lists of text always serialise");
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use souk_chat::{MessageId, ModerationAction, OrderId, Seq, UserId};

    use super::*;

    #[test]
    fn an_event_is_one_line_of_structured_cloudevent() {
        let order = OrderId::new("o-1").unwrap();
        let message = MessageId { order: order.clone(), seq: Seq(7) };
        let mut out = Vec::new();
        write_line(
            &Event {
                id: "o-1:7#chat.notification.v1#ann".into(),
                order: order.clone(),
                at: Timestamp(1_700_000_000_005),
                data: EventData::Notification {
                    user: UserId::new("ann").unwrap(),
                    message: message.clone(),
                    title: "Roof".into(),
                    body: "Bob: two\nlines".into(),
                    locale: "en".into(),
                    unread_total: 3,
                },
            },
            "/souk",
            &mut out,
        );
        write_line(
            &Event {
                id: "o-1:7#chat.moderation.v1#".into(),
                order,
                at: Timestamp(0),
                data: EventData::Moderation {
                    message,
                    sender: UserId::new("bob").unwrap(),
                    flags: vec!["phone"],
                    action: ModerationAction::Masked,
                    rules: vec!["phone.na".into()],
                    rules_version: "1".into(),
                },
            },
            "/souk",
            &mut out,
        );
        let expected = concat!(
            r#"{"specversion":"1.0","id":"o-1:7#chat.notification.v1#ann","source":"/souk","type":"chat.notification.v1","#,
            r#""time":"2023-11-14T22:13:20.005Z","subject":"o-1","datacontenttype":"application/json","data":"#,
            r#"{"userId":"ann","orderId":"o-1","messageId":"o-1:7","kind":"message","title":"Roof","#,
            r#""body":"Bob: two\nlines","locale":"en","unreadTotal":3}}"#,
            "\n",
            r#"{"specversion":"1.0","id":"o-1:7#chat.moderation.v1#","source":"/souk","type":"chat.moderation.v1","#,
            r#""time":"1970-01-01T00:00:00.000Z","subject":"o-1","datacontenttype":"application/json","data":"#,
            r#"{"orderId":"o-1","messageId":"o-1:7","senderId":"bob","flags":["phone"],"action":"masked","#,
            r#""rules":["phone.na"],"rulesVersion":"1"}}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_time_outside_the_calendar_does_not_panic() {
        assert_eq!(rfc3339(Timestamp(i64::MAX)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Timestamp(i64::MIN)), "1970-01-01T00:00:00.000Z");
    }
}
