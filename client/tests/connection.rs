//! One connection against the double, over both carriers.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod double;

use std::time::Duration;

use double::scenes::{PLAIN, order, pair, token};
use double::{Asked, CARRIERS, Double, Heard, PATIENCE, message, soon};
use fastwebsockets::{Frame, OpCode, Payload};
use serde_json::json;
use souk_client::protocol::socketio::Namespace;
use souk_client::protocol::{Code, Request, ServerEvent};
use souk_client::{Answer, Carrier, ConnectOptions, Connection, Item, RequestError};

fn send(text: &'static str) -> Request<'static> {
    Request::SendMessage { order: order(), content: text.into(), client_message_id: None }
}

#[tokio::test]
async fn the_handshake_says_what_the_carrier_and_the_options_want() {
    let mut double = Double::start().await;
    let options = |carrier| {
        ConnectOptions::new(double.address(), carrier)
            .local_ip([127, 0, 0, 9].into())
            .host("shop.example")
            .origin("https://shop.example")
            .header("x-trace", "1")
    };
    let plain = options(Carrier::Plain { batch: true }).token_in_header(true);
    let socketio = options(Carrier::SocketIo(Namespace::Chat));
    let token = token();

    let (connection, peer) = tokio::join!(Connection::connect(&plain, Some(&token)), double.accept());
    assert_eq!(connection.unwrap().local_addr().unwrap().ip().to_string(), "127.0.0.9");
    assert_eq!(peer.uri, "/ws?batch=1");
    for (name, value) in [
        ("host", "shop.example"),
        ("origin", "https://shop.example"),
        ("x-trace", "1"),
        ("authorization", "Bearer t-1"),
        ("sec-websocket-protocol", "souk.v1"),
    ] {
        assert_eq!(peer.headers.get(name).map(|value| value.to_str().unwrap()), Some(value), "{name}");
    }

    let accept = async {
        let mut peer = double.accept().await;
        (peer.sign_in().await, peer)
    };
    let (connection, (seen, peer)) = tokio::join!(Connection::connect(&socketio, Some(&token)), accept);
    connection.unwrap();
    assert_eq!((seen.as_str(), peer.uri.to_string().as_str()), ("t-1", "/socket.io/?EIO=4&transport=websocket"));
    assert!(!peer.headers.contains_key("authorization") && !peer.headers.contains_key("sec-websocket-protocol"));
}

#[tokio::test]
async fn pushes_and_answers_come_in_the_order_of_the_wire() {
    for carrier in CARRIERS {
        let mut double = Double::start().await;
        let (mut connection, mut peer) = pair(&mut double, carrier).await;
        let first = connection.send(&send("one")).unwrap();
        let second = connection.send(&send("two")).unwrap();
        let server = async {
            let (one, two) = (peer.expect("send_message").await, peer.expect("send_message").await);
            assert_eq!((one.data["content"].as_str(), two.data["content"].as_str()), (Some("one"), Some("two")));
            peer.push("new_message", message("o-1", 1, "before")).await;
            peer.answer(&two, message("o-1", 2, "two")).await;
            peer.push("typing", json!({"orderId": "o-1", "userId": "bob", "expiresInMs": 1})).await;
            peer.push("from_the_future", json!({"deep": 1})).await;
            peer.answer(&one, message("o-1", 3, "one")).await;
            peer
        };
        let client = async {
            let mut seen = Vec::new();
            for _ in 0..5 {
                seen.push(soon("an item", connection.next()).await.unwrap());
            }
            seen
        };
        let (_peer, seen) = tokio::join!(server, client);
        let start = seen[0].position;
        let positions: Vec<_> = seen.iter().map(|incoming| incoming.position - start).collect();
        assert_eq!(positions, [0, 1, 2, 3, 4]);
        let items: Vec<_> = seen.into_iter().map(|incoming| incoming.item).collect();
        let seq = |item: &Item| match item {
            Item::Answer { id, result: Ok(Answer::Message(message)) } => (Some(*id), message.seq.0),
            Item::Push(push) => match &**push {
                ServerEvent::NewMessage(message) => (None, message.seq.0),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!((seq(&items[0]), seq(&items[1]), seq(&items[4])), ((None, 1), (Some(second), 2), (Some(first), 3)));
        assert!(matches!(&items[2], Item::Push(push) if matches!(**push, ServerEvent::Typing(_))));
        assert_eq!(items[3], Item::Unknown("from_the_future".into()));
    }
}

#[tokio::test]
async fn a_request_waits_for_its_own_answer_and_keeps_the_rest() {
    for carrier in CARRIERS {
        let mut double = Double::start().await;
        let (mut connection, mut peer) = pair(&mut double, carrier).await;
        let server = async {
            let asked = peer.expect("send_message").await;
            peer.push("new_message", message("o-1", 1, "before")).await;
            peer.answer(&asked, message("o-1", 2, "mine")).await;
            let asked = peer.expect("join_order_chat").await;
            peer.refuse(&asked, json!({"code": "forbidden", "message": "no", "retryAfterMs": 5})).await;
            peer.expect("ping").await;
            peer
        };
        let client = async {
            let reply = connection.request(&send("mine"), PATIENCE).await.unwrap();
            let push = connection.next().await.unwrap();
            assert_eq!(push.position + 1, reply.position);
            assert!(matches!(push.item, Item::Push(_)));
            let join = Request::JoinOrderChat { order: order(), cursor: None };
            let Err(RequestError::Refused(error)) = connection.request(&join, PATIENCE).await else { panic!() };
            assert_eq!((error.code, error.retry_after_ms), (Code::Forbidden, Some(5)));
            let late = connection.request(&Request::Ping, Duration::from_millis(20)).await;
            assert_eq!(late, Err(RequestError::TimedOut));
        };
        let (mut peer, ()) = tokio::join!(server, client);
        // The late answer is not lost: it comes as an item.
        peer.answer(&Asked { id: Some(late_id(carrier)), event: String::new(), data: json!({}) }, json!({})).await;
        let item = soon("the late answer", connection.next()).await.unwrap().item;
        assert!(matches!(item, Item::Answer { result: Ok(Answer::Done), .. }), "{item:?}");
    }
}

/// `authenticate` takes a number on the plain carrier.
fn late_id(carrier: Carrier) -> u64 {
    if matches!(carrier, Carrier::Plain { .. }) { 4 } else { 3 }
}

#[tokio::test]
async fn a_batch_is_read_line_by_line_and_large_answers_arrive_in_fragments() {
    let mut double = Double::start().await;
    let (mut connection, mut peer) = pair(&mut double, Carrier::Plain { batch: true }).await;
    let lines: Vec<_> =
        (1..=3).map(|n| json!({"event": "new_message", "data": message("o-1", n, "x")}).to_string()).collect();
    peer.raw(&lines.join("\n")).await;
    let long = json!({"event": "new_message", "data": message("o-1", 4, &"я".repeat(60_000))}).to_string();
    let (head, tail) = long.as_bytes().split_at(100_001);
    peer.frame(Frame::new(false, OpCode::Text, None, Payload::Owned(head.to_vec()))).await;
    peer.frame(Frame::new(true, OpCode::Ping, None, Payload::Owned(b"beat".to_vec()))).await;
    let rest = async {
        peer.frame(Frame::new(true, OpCode::Continuation, None, Payload::Owned(tail.to_vec()))).await;
        assert_eq!(peer.hear().await, Heard::Pong(b"beat".to_vec()));
    };
    let client = async {
        for expected in 1..=4 {
            let Item::Push(push) = soon("a push", connection.next()).await.unwrap().item else { panic!() };
            let ServerEvent::NewMessage(message) = *push else { panic!() };
            assert_eq!(message.seq.0, expected);
        }
        // Goes on reading, so that the pong is written.
        assert!(tokio::time::timeout(Duration::from_millis(20), connection.next()).await.is_err());
    };
    tokio::join!(rest, client);
}

#[tokio::test]
async fn heartbeats_of_socketio_are_answered() {
    let mut double = Double::start().await;
    let (mut connection, mut peer) = pair(&mut double, Carrier::SocketIo(Namespace::Chat)).await;
    assert_eq!(connection.silence(), Duration::from_secs(45));
    peer.raw("2").await;
    tokio::select! {
        other = connection.next() => panic!("{other:?}"),
        text = peer.text() => assert_eq!(text, "3"),
    }
}

#[tokio::test]
async fn waiting_may_be_given_up_anywhere() {
    let mut double = Double::start().await;
    let (mut connection, mut peer) = pair(&mut double, PLAIN).await;
    let server = tokio::spawn(async move {
        for n in 1..=200 {
            let text = json!({"event": "new_message", "data": message("o-1", n, &"x".repeat(3_000))}).to_string();
            let (head, tail) = text.as_bytes().split_at(700);
            peer.frame(Frame::new(false, OpCode::Text, None, Payload::Owned(head.to_vec()))).await;
            tokio::task::yield_now().await;
            peer.frame(Frame::new(true, OpCode::Continuation, None, Payload::Owned(tail.to_vec()))).await;
        }
        peer
    });
    let mut expected = 1;
    let mut given_up = 0;
    while expected <= 200 {
        tokio::select! {
            biased;
            incoming = connection.next() => {
                let Item::Push(push) = incoming.unwrap().item else { panic!() };
                let ServerEvent::NewMessage(message) = *push else { panic!() };
                assert_eq!(message.seq.0, expected);
                expected += 1;
            }
            () = tokio::task::yield_now() => given_up += 1,
        }
    }
    assert!(given_up > 0, "nothing was given up: the test shows nothing");
    drop(server.await);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_it_is_sent() {
    let mut double = Double::start().await;
    let (mut connection, _peer) = pair(&mut double, PLAIN).await;
    let long = Request::SendMessage { order: order(), content: "x".repeat(70_000).into(), client_message_id: None };
    assert_eq!(connection.send(&long), Err(RequestError::TooLarge));
    let most = souk_client::limits::PENDING_REQUESTS;
    for _ in 0..most {
        connection.send(&Request::Ping).unwrap();
    }
    assert_eq!(connection.send(&Request::Ping), Err(RequestError::Full));
}
