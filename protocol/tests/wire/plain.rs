//! The plain carrier: every frame kind in both directions.

use souk_protocol::push::{self, ServerEvent};
use souk_protocol::request::Request;
use souk_protocol::{Error, json, plain};

use crate::golden::Golden;
use crate::samples::{answers, errors, pushes, requests};
use crate::things::*;

#[test]
fn plain_client_frames() {
    let mut golden = Golden::new("plain-client.txt", "Plain carrier: what clients send.");
    for (number, request) in requests().into_iter().enumerate() {
        let frame = plain::request_frame(Some(number as u64), &request);
        let text = json::text(&frame);
        let read = plain::decode(text).unwrap();
        assert_eq!(read.request(), Ok(request.clone()), "{text}");
        golden.read(request.name(), text, &read.request().unwrap());
    }
    golden.frame("an event that wants no answer", &plain::request_frame(None, &Request::Typing { order: order() }));
    golden.check();
}

#[test]
fn plain_server_frames() {
    let mut golden = Golden::new("plain-server.txt", "Plain carrier: what the server sends.");
    let mut frames = Vec::new();
    for event in pushes() {
        let push = event.encode();
        let frame = plain::push_frame(push.kind, &push.body);
        golden.frame(&format!("push {}", push.kind.name()), &frame);
        let read = plain::decode_server(json::text(&frame)).next();
        let Some(Ok(plain::ServerFrame::Push { event: name, data })) = read else { panic!("not a push") };
        let kind = push::PushKind::parse(&name).unwrap();
        assert_eq!(ServerEvent::parse(kind, data), Ok(event));
        frames.push(frame.clone());
    }
    golden.frame("two pushes in one frame", &plain::batch(&frames[5..7]));
    assert_eq!(plain::decode_server(json::text(&plain::batch(&frames))).filter(Result::is_ok).count(), frames.len());
    for (event, body) in answers() {
        golden.frame(&format!("answer to {event}"), &plain::answer(7, &body));
    }
    golden.frame("answer to the last number", &plain::answer(souk_protocol::limits::ID_MAX, b"{}"));
    for error in errors() {
        let frame = plain::error(Some(7), &error);
        golden.frame(&format!("refusal {}", error.code.as_str()), &frame);
        let read = plain::decode_server(json::text(&frame)).next().unwrap().unwrap();
        assert_eq!(read, plain::ServerFrame::Refused { id: Some(7), error });
    }
    golden.frame("refusal of what has no number", &plain::error(None, &Error::bad_request("not JSON")));
    golden.check();
}

#[test]
fn plain_frames_that_are_refused() {
    let mut golden =
        Golden::new("plain-refused.txt", "Plain carrier: frames that are no request, and what is answered.");
    let deep = format!(r#"{{"id":1,"event":"ping","data":{}{}}}"#, "[".repeat(8), "]".repeat(8));
    for frame in [
        "",
        "hello",
        "{",
        "[]",
        "null",
        r#"{"id":1,"event":"ping"}{}"#,
        "[1,\"ping\",{}]",
        "{}",
        r#"{"id":1}"#,
        r#"{"id":1,"event":5}"#,
        r#"{"id":1,"id":2,"event":"ping"}"#,
        r#"{"id":-1,"event":"ping"}"#,
        r#"{"id":1.5,"event":"ping"}"#,
        r#"{"id":"1","event":"ping"}"#,
        r#"{"id":9007199254740992,"event":"ping"}"#,
        r#"{"id":1,"event":"\ud800"}"#,
        &deep,
    ] {
        let malformed = plain::decode(frame).unwrap_err();
        assert_eq!(malformed.is_misuse(), malformed.id.is_none());
        let answer = plain::error(malformed.id, &malformed.error);
        golden.case("refused", &[frame, &format!("-> {}", json::text(&answer))]);
    }
    for frame in [
        r#" { "data" : null , "event" : "ping" , "id" : 0 , "more" : [ 1 ] } "#,
        r#"{"event":"\u0070ing","id":null,"data":{}}"#,
        r#"{"id":9007199254740991,"event":"dance","data":5}"#,
    ] {
        golden.read("taken", frame, &plain::decode(frame).unwrap());
    }
    golden.check();
}
