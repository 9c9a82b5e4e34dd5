//! Whatever arrives, decoders answer and do not panic, and what they take is what a full JSON parser would take.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use souk_protocol::depth::is_shallow;
use souk_protocol::limits::JSON_DEPTH;
use souk_protocol::push::{PushKind, ServerEvent};
use souk_protocol::socketio::{self, Frame, Packet};
use souk_protocol::{Request, plain, rest};

use crate::golden::frames;

/// Gives `text` to every decoder of text.
fn decode_all(text: &str) {
    if let Ok(frame) = plain::decode(text) {
        let _ = frame.request();
        let _ = frame.client_message_id();
    }
    plain::decode_server(text).for_each(drop);
    match socketio::decode(text) {
        Ok(Frame::Packet(packet)) => {
            let _ = packet.request();
            let _ = packet.client_message_id();
            match packet {
                Packet::Connect { payload, .. } => drop(socketio::connect_token(payload)),
                Packet::Ack { data, .. } => drop(socketio::ack_result(data)),
                Packet::ConnectError { payload, .. } => drop(socketio::connect_refusal(payload)),
                _ => {}
            }
        }
        Ok(_) => {}
        Err(malformed) => assert!(malformed.id.is_none() || malformed.namespace.is_some(), "{malformed:?}"),
    }
    let _ = socketio::check_query(text);
    let _ = rest::history_query(text);
    let _ = rest::list_query(text);
    let _ = rest::content(text.as_bytes());
    let _ = rest::message_to_send(text.as_bytes());
    let _ = rest::order_spec(text.as_bytes());
    for kind in PushKind::ALL {
        let _ = ServerEvent::parse(*kind, text);
    }
    for name in ["send_message", "sync", "list_chats", "report_message", "authenticate", "join_app", text] {
        let _ = Request::parse(name, Some(text));
    }
}

fn golden_frames() -> Vec<String> {
    ["plain-client.txt", "plain-server.txt", "plain-refused.txt"]
        .into_iter()
        .chain(["socketio-client.txt", "socketio-server.txt", "socketio-refused.txt"])
        .flat_map(frames)
        .collect()
}

/// How deep a value is nested, the slow way.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        r#"[\[\]{}"\\a,:é]{0,12}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(12, 64, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(r#"[\[\]{}"\\a]{0,6}"#, inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_answered(text: String) {
        decode_all(&text);
    }

    #[test]
    fn text_of_the_right_letters_is_answered(text in r#"[0-6]{0,2}[-/,0-9a-z?]{0,8}[\[\]{}":,\\a-z0-9 ]{0,40}"#) {
        decode_all(&text);
    }

    #[test]
    fn golden_frames_with_a_wound_are_answered(which: Index, at: Index, cut in 0..4_usize, insert in "\\PC{0,3}") {
        let frames = golden_frames();
        let frame = which.get(&frames);
        let mut letters: Vec<char> = frame.chars().collect();
        let from = at.index(letters.len() + 1);
        let to = (from + cut).min(letters.len());
        letters.splice(from..to, insert.chars());
        decode_all(&letters.into_iter().collect::<String>());
    }

    #[test]
    fn depth_is_what_a_parser_sees(value in json()) {
        prop_assert_eq!(is_shallow(&value.to_string()), depth(&value) <= JSON_DEPTH);
    }

    #[test]
    fn a_plain_frame_is_taken_when_it_is_json_of_its_form(id in prop::option::of(json()), event in json(), data in json()) {
        let mut frame = serde_json::json!({ "event": event, "data": data });
        if let Some(id) = &id {
            frame["id"] = id.clone();
        }
        let id = id.unwrap_or(Value::Null);
        let good_id = id.is_null() || id.as_u64().is_some_and(|id| id <= souk_protocol::limits::ID_MAX);
        let text = frame.to_string();
        let good = good_id && event.is_string() && depth(&frame) <= JSON_DEPTH;
        let read = plain::decode(&text);
        prop_assert_eq!(read.is_ok(), good, "{}", text);
        if let Ok(read) = read {
            prop_assert_eq!(Some(read.event.as_ref()), event.as_str());
            let seen: Value = read.data.map_or(Value::Null, |data| serde_json::from_str(data).unwrap());
            prop_assert_eq!(seen, data);
        }
    }
}

#[test]
fn golden_frames_are_there_to_be_wounded() {
    assert!(golden_frames().len() > 100);
    golden_frames().iter().for_each(|frame| decode_all(frame));
}
