//! Frames written by the stock parsers: npm `socket.io-parser` 4.2.7 inside `engine.io-parser` 5.2.3, as a WebSocket carries them.
//! They are read as what they are, and where this crate writes the same thing it writes the same bytes.

use souk_chat::Seq;
use souk_protocol::request::Request;
use souk_protocol::socketio::{self, Frame, Namespace, Packet};
use souk_protocol::{Code, Error, json};

use crate::things::order;

fn event<'a>(namespace: Namespace, id: Option<u64>, event: &'a str, data: Option<&'a str>) -> Frame<'a> {
    Frame::Packet(Packet::Event { namespace, id, event: event.into(), data })
}

#[test]
fn what_the_stock_parsers_write_is_read() {
    use Namespace::{Chat, Root};
    let send = r#"{"orderId":"o-1","content":"a \"quote\" 😀 é\n"}"#;
    let placeholders = r#"452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let vectors = [
        ("40", Frame::Packet(Packet::Connect { namespace: Root, payload: None })),
        (
            r#"40/chat,{"token":"a.b.c"}"#,
            Frame::Packet(Packet::Connect { namespace: Chat, payload: Some(r#"{"token":"a.b.c"}"#) }),
        ),
        (
            r#"40/chat,{"sid":"CjdVH4TQvovi1VvgAC5Z"}"#,
            Frame::Packet(Packet::Connect { namespace: Chat, payload: Some(r#"{"sid":"CjdVH4TQvovi1VvgAC5Z"}"#) }),
        ),
        ("41", Frame::Packet(Packet::Disconnect { namespace: Root })),
        ("41/chat,", Frame::Packet(Packet::Disconnect { namespace: Chat })),
        (r#"42["ping",{}]"#, event(Root, None, "ping", Some("{}"))),
        (r#"42/chat,13["typing",{"orderId":"o-1"}]"#, event(Chat, Some(13), "typing", Some(r#"{"orderId":"o-1"}"#))),
        (r#"420["join_app",null]"#, event(Root, Some(0), "join_app", None)),
        (
            r#"42456["send_message",{"orderId":"o-1","content":"a \"quote\" 😀 é\n"}]"#,
            event(Root, Some(456), "send_message", Some(send)),
        ),
        ("43/chat,13[{}]", Frame::Packet(Packet::Ack { namespace: Chat, id: 13, data: Some("{}") })),
        ("43456[]", Frame::Packet(Packet::Ack { namespace: Root, id: 456, data: None })),
        (
            r#"44/chat,{"message":"no","data":{"code":"unauthorized"}}"#,
            Frame::Packet(Packet::ConnectError {
                namespace: Chat,
                payload: r#"{"message":"no","data":{"code":"unauthorized"}}"#,
            }),
        ),
        (
            r#"451-/chat,5["send_message",{"content":{"_placeholder":true,"num":0}}]"#,
            Frame::Packet(Packet::Binary { namespace: Chat, id: Some(5), attachments: 1 }),
        ),
        (placeholders, Frame::Packet(Packet::Binary { namespace: Root, id: None, attachments: 2 })),
        (
            r#"461-7[{"_placeholder":true,"num":0}]"#,
            Frame::Packet(Packet::Binary { namespace: Root, id: None, attachments: 1 }),
        ),
        ("1", Frame::Close),
        ("2", Frame::Ping("")),
        ("3", Frame::Pong("")),
        ("2probe", Frame::Ping("probe")),
        ("3probe", Frame::Pong("probe")),
        ("5", Frame::Upgrade),
        ("6", Frame::Noop),
    ];
    for (frame, expected) in vectors {
        assert_eq!(socketio::decode(frame).as_ref(), Ok(&expected), "{frame}");
    }
    let open = r#"0{"sid":"s","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    let Ok(Frame::Open(open)) = socketio::decode(open) else { panic!("not an open packet") };
    assert_eq!((open.ping_interval, open.max_payload, open.upgrades.len()), (25_000, 1_000_000, 1));
}

#[test]
fn what_is_written_is_what_the_stock_parsers_write() {
    let typing = Request::Typing { order: order() };
    let refused = Error::new(Code::Unauthorized, "no");
    for (ours, stock) in [
        (socketio::connect_request(Namespace::Root, None), "40"),
        (socketio::connect_request(Namespace::Chat, Some("a.b.c")), r#"40/chat,{"token":"a.b.c"}"#),
        (
            socketio::connect_packet(Namespace::Chat, "CjdVH4TQvovi1VvgAC5Z"),
            r#"40/chat,{"sid":"CjdVH4TQvovi1VvgAC5Z"}"#,
        ),
        (socketio::disconnect_packet(Namespace::Root), "41"),
        (socketio::disconnect_packet(Namespace::Chat), "41/chat,"),
        (socketio::request_packet(Namespace::Root, None, &Request::Ping), r#"42["ping",{}]"#),
        (socketio::request_packet(Namespace::Chat, Some(13), &typing), r#"42/chat,13["typing",{"orderId":"o-1"}]"#),
        (socketio::ack_packet(Namespace::Chat, 13, b"{}"), "43/chat,13[{}]"),
        (socketio::connect_error("/chat", &refused), r#"44/chat,{"message":"no","data":{"code":"unauthorized"}}"#),
    ] {
        assert_eq!(json::text(&ours), stock);
    }
}

#[test]
fn tokens_and_refusals_come_out_of_connect_packets() {
    let token = |payload| socketio::connect_token(payload).map(|token| token.map(|token| token.0.into_owned()));
    assert_eq!(token(None), Ok(None));
    assert_eq!(token(Some("{}")), Ok(None));
    assert_eq!(token(Some(r#"{"token":null,"userId":"ann"}"#)), Ok(None));
    assert_eq!(token(Some(r#"{"token":"a.b.c"}"#)), Ok(Some("a.b.c".into())));
    assert_eq!(token(Some("null")), Ok(None));
    for wrong in [r#"{"token":5}"#, "\"a.b.c\"", "[]", "{bad", "a.b.c", "5", r#"{"a":[[[[[[[[]]]]]]]]}"#] {
        assert_eq!(token(Some(wrong)).unwrap_err().code, Code::Unauthorized, "{wrong}");
    }
    let long = format!(r#"{{"token":"{}"}}"#, "t".repeat(souk_protocol::limits::TOKEN_BYTES + 1));
    assert_eq!(token(Some(&long)).unwrap_err().code, Code::Unauthorized);

    let refusal = socketio::connect_refusal(r#"{"message":"no","data":{"code":"forbidden"}}"#);
    assert_eq!((refusal.code, refusal.message.as_ref()), (Code::Forbidden, "no"));
    assert_eq!(socketio::connect_refusal(r#"{"message":"Invalid namespace"}"#).code, Code::Other);
    let joined = Request::JoinOrderChat { order: order(), cursor: Some(Seq(3).into()) };
    assert_eq!(json::text(&joined.data()), r#"{"orderId":"o-1","since":3}"#);
}
