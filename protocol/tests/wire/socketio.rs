//! Socket.IO: every frame kind in both directions.

use souk_protocol::push::{self, ServerEvent};
use souk_protocol::socketio::{self, Namespace};
use souk_protocol::{Error, json};

use crate::golden::Golden;
use crate::samples::{answers, errors, pushes, requests};

#[test]
fn socketio_client_frames() {
    let mut golden = Golden::new("socketio-client.txt", "Socket.IO: what clients send.");
    for (number, request) in requests().into_iter().enumerate() {
        let namespace = Namespace::ALL[number % 2];
        let id = (number % 3 != 0).then_some(number as u64);
        let frame = socketio::request_packet(namespace, id, &request);
        let read = socketio::decode(json::text(&frame)).unwrap();
        let socketio::Frame::Packet(packet) = &read else { panic!("not a packet") };
        assert_eq!(packet.request(), Some(Ok(request.clone())));
        golden.read(request.name(), json::text(&frame), packet);
    }
    for (name, frame) in [
        ("connect without a token", socketio::connect_request(Namespace::Root, None)),
        ("connect with a token", socketio::connect_request(Namespace::Chat, Some("eyJ.e30.c2ln"))),
        ("disconnect", socketio::disconnect_packet(Namespace::Root)),
        ("disconnect", socketio::disconnect_packet(Namespace::Chat)),
    ] {
        golden.read(name, json::text(&frame), &socketio::decode(json::text(&frame)).unwrap());
    }
    for (name, frame) in [
        ("pong", socketio::PONG),
        ("pong of a probe", "3probe"),
        ("ping of a probe", "2probe"),
        ("upgrade", "5"),
        ("close", socketio::CLOSE),
        ("noop", socketio::NOOP),
        ("connect as the stock client writes it", "40/chat,"),
        ("connect to a namespace without comma", "40/chat"),
        ("connect with a query part", "40/chat?token=ignored,{}"),
        ("connect to a namespace that is not there", "40/admin,{\"token\":\"x\"}"),
        ("connect with an auth that is no object", "40/chat,\"tok\""),
        ("connect with an auth that is no object", "40[]"),
        ("connect with an auth that is not JSON", "40/chat,{bad"),
        ("event without data", "42[\"ping\"]"),
        ("event with several arguments", "42/chat,12[\"typing\",{\"orderId\":\"o-1\"},5,[]]"),
        ("acknowledgement", "43/chat,3[]"),
        ("binary event", "451-/chat,12[\"send_message\",{\"_placeholder\":true,\"num\":0}]"),
        ("binary acknowledgement", "462-3[{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]"),
    ] {
        golden.read(name, frame, &socketio::decode(frame).unwrap());
    }
    golden.check();
}

#[test]
fn socketio_server_frames() {
    let mut golden = Golden::new("socketio-server.txt", "Socket.IO: what the server sends.");
    golden.frame("open", &socketio::open_packet("lv_VI97HAXpY6yYWAAAC"));
    golden.case("ping", &[socketio::PING]);
    golden.frame("connected", &socketio::connect_packet(Namespace::Root, "oSO0OpakMV_3jnilAAAA"));
    golden.frame("connected", &socketio::connect_packet(Namespace::Chat, "oSO0OpakMV_3jnilAAAA"));
    let expired = Error::unauthorized("the token has expired");
    golden.frame("connect error", &socketio::connect_error("/chat", &expired));
    golden.frame("connect error", &socketio::connect_error("/", &expired));
    golden.frame("no such namespace", &socketio::connect_error("/admin", &Error::unknown_namespace()));
    for (number, event) in pushes().into_iter().enumerate() {
        let push = event.encode();
        let frame = socketio::event_packet(Namespace::ALL[number % 2], push.kind, &push.body);
        golden.frame(&format!("push {}", push.kind.name()), &frame);
        let Ok(socketio::Frame::Packet(socketio::Packet::Event { event: name, data, id: None, .. })) =
            socketio::decode(json::text(&frame))
        else {
            panic!("not an event")
        };
        assert_eq!(ServerEvent::parse(push::PushKind::parse(&name).unwrap(), data.unwrap()), Ok(event));
    }
    for (event, body) in answers() {
        let frame = socketio::ack_packet(Namespace::Chat, 7, &body);
        golden.frame(&format!("acknowledgement of {event}"), &frame);
        let Ok(socketio::Frame::Packet(socketio::Packet::Ack { id: 7, data, .. })) =
            socketio::decode(json::text(&frame))
        else {
            panic!("not an acknowledgement")
        };
        assert_eq!(socketio::ack_result(data), Ok(json::text(&body)));
    }
    for error in errors() {
        let frame = socketio::ack_error(Namespace::Root, 7, &error);
        golden.frame(&format!("refusal {}", error.code.as_str()), &frame);
        let Ok(socketio::Frame::Packet(socketio::Packet::Ack { data, .. })) = socketio::decode(json::text(&frame))
        else {
            panic!("not an acknowledgement")
        };
        assert_eq!(socketio::ack_result(data), Err(error));
    }
    golden.check();
}

#[test]
fn socketio_frames_that_are_refused() {
    let mut golden =
        Golden::new("socketio-refused.txt", "Socket.IO: frames that are no packet, and how far they were understood.");
    let deep = format!("42/chat,7[\"ping\",{}{}]", "[".repeat(8), "]".repeat(8));
    for frame in [
        "",
        "7",
        "é",
        "b64",
        "0",
        "0{}",
        "4",
        "47",
        "4é",
        "41{}",
        "42",
        "42{}",
        "42[",
        "427[]",
        "427[5]",
        "427[\"ping\",]",
        "427[\"ping\"]x",
        "429007199254740992[\"ping\"]",
        "42/admin,[\"ping\"]",
        "43[]",
        "437{}",
        "44",
        "44\"no\"",
        "45",
        "45-[]",
        "450-[]",
        "4511-[]",
        "45x-[]",
        &deep,
    ] {
        let malformed = socketio::decode(frame).unwrap_err();
        golden.read("refused", frame, &malformed);
    }
    golden.check();
}
