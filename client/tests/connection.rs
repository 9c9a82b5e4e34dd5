//! One connection against the double, over both carriers.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod double;

use std::io::ErrorKind;
use std::time::Duration;

use double::{Asked, CARRIERS, Double, Heard, PATIENCE, Peer, message, soon};
use fastwebsockets::{Frame, OpCode, Payload};
use serde_json::json;
use souk_client::chat::OrderId;
use souk_client::protocol::socketio::Namespace;
use souk_client::protocol::{Code, Request, ServerEvent};
use souk_client::{
    AccessToken, Answer, Carrier, CloseReason, ConnectError, ConnectOptions, Connection, Item, RequestError,
};

const PLAIN: Carrier = Carrier::Plain { batch: false };

fn token() -> AccessToken {
    AccessToken::from("t-1")
}

async fn pair(double: &mut Double, carrier: Carrier) -> (Connection, Peer) {
    let options = ConnectOptions::new(double.address(), carrier);
    let token = token();
    let connecting = Connection::connect(&options, Some(&token));
    let (connection, peer) = tokio::join!(connecting, double.signed_in());
    (connection.unwrap(), peer)
}

fn order() -> OrderId {
    OrderId::new("o-1").unwrap()
}

fn send(text: &'static str) -> Request<'static> {
    Request::SendMessage { order: order(), content: text.into(), client_message_id: None }
}

fn closed(number: u16, text: &str) -> CloseReason {
    CloseReason::Server { number, text: text.into(), reconnect_after: None }
}

async fn end(connection: &mut Connection) -> CloseReason {
    soon("the end", async {
        loop {
            if let Err(reason) = connection.next().await {
                return reason;
            }
        }
    })
    .await
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
            let join = Request::JoinOrderChat { order: order(), since: None };
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
async fn closes_tell_number_reason_and_wait() {
    let mut double = Double::start().await;
    let (mut connection, peer) = pair(&mut double, PLAIN).await;
    let (_, reason) = tokio::join!(peer.close(4008, "too much"), end(&mut connection));
    assert_eq!(reason, closed(4008, "too much"));
    assert!(matches!(connection.send(&Request::Ping), Err(RequestError::Lost(_))));

    let (mut connection, mut peer) = pair(&mut double, PLAIN).await;
    peer.push("server_draining", json!({"reconnectAfterMs": 700})).await;
    let (_, reason) = tokio::join!(peer.close(4102, ""), end(&mut connection));
    assert_eq!(reason.reconnect_after(), Some(Duration::from_millis(700)));

    let (mut connection, peer) = pair(&mut double, PLAIN).await;
    drop(peer);
    assert_eq!(end(&mut connection).await, CloseReason::Lost(ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn socketio_tells_its_close_by_event() {
    let mut double = Double::start().await;
    for namespace in Namespace::ALL {
        let carrier = Carrier::SocketIo(namespace);
        for (number, disconnect) in [(4003, true), (4101, false)] {
            let (mut connection, peer) = pair(&mut double, carrier).await;
            let closing = json!({"closeCode": number, "code": "c", "message": "m", "reconnectAfterMs": 30});
            let (_, reason) = tokio::join!(peer.end_session(closing, disconnect), end(&mut connection));
            let wait = Some(Duration::from_millis(30));
            assert_eq!(reason, CloseReason::Server { number, text: "m".into(), reconnect_after: wait });
        }
        let (mut connection, mut peer) = pair(&mut double, carrier).await;
        peer.raw(if namespace == Namespace::Chat { "41/chat," } else { "41" }).await;
        assert_eq!(end(&mut connection).await, CloseReason::Disconnected);
    }
}

#[tokio::test]
async fn a_polite_end_says_goodbye() {
    for carrier in CARRIERS {
        let mut double = Double::start().await;
        let (connection, mut peer) = pair(&mut double, carrier).await;
        let server = async move {
            if let Carrier::SocketIo(namespace) = carrier {
                let expected = if namespace == Namespace::Chat { "41/chat," } else { "41" };
                assert_eq!(peer.text().await, expected);
            }
            assert_eq!(peer.hear().await, Heard::Close(Some(1000)));
            drop(peer);
        };
        tokio::join!(connection.close(), server);
    }
}

#[tokio::test]
async fn what_is_not_the_protocol_ends_the_connection_with_a_type() {
    let mut double = Double::start().await;
    let socketio = Carrier::SocketIo(Namespace::Chat);
    for (carrier, text) in [
        (PLAIN, "not json"),
        (PLAIN, "{}"),
        (PLAIN, r#"{"event":"new_message","data":{"id":"o-1:1"}}"#),
        (PLAIN, r#"{"id":77,"data":{}}"#),
        (PLAIN, r#"{"id":-1,"data":{}}"#),
        (socketio, "9"),
        (socketio, "42[\"typing\",{}]"),
        (socketio, "42/chat,[\"typing\",{}]"),
        (socketio, "43/chat,77[{}]"),
        (socketio, "451-/chat,[\"x\"]"),
        (socketio, "40/chat,{\"sid\":\"again\"}"),
    ] {
        let (mut connection, mut peer) = pair(&mut double, carrier).await;
        peer.push("typing", json!({"orderId": "o-1", "userId": "bob", "expiresInMs": 1})).await;
        peer.raw(text).await;
        assert!(matches!(soon("what came before", connection.next()).await.unwrap().item, Item::Push(_)));
        let reason = end(&mut connection).await;
        assert!(matches!(reason, CloseReason::Malformed(_)), "{text}: {reason:?}");
        assert_eq!(peer.hear().await, Heard::Close(Some(1002)), "{text}");
    }
    let (mut connection, mut peer) = pair(&mut double, PLAIN).await;
    peer.frame(Frame::binary(Payload::Owned(vec![1]))).await;
    assert!(matches!(end(&mut connection).await, CloseReason::Malformed(_)));
    assert_eq!(peer.hear().await, Heard::Close(Some(1003)));
}

#[tokio::test]
async fn refusals_to_connect_have_their_types() {
    let mut double = Double::start().await;
    let token = token();
    let plain = ConnectOptions::new(double.address(), PLAIN);
    double.refuse(503, Some(7));
    let error = Connection::connect(&plain, Some(&token)).await.unwrap_err();
    assert_eq!(error, ConnectError::Http { status: 503, retry_after: Some(Duration::from_secs(7)) });
    double.refuse(401, None);
    let error = Connection::connect(&plain, Some(&token)).await.unwrap_err();
    assert!(error.is_about_the_token() && !error.heals());

    let server = async {
        let mut peer = double.accept().await;
        let asked = peer.expect("authenticate").await;
        peer.refuse(&asked, json!({"code": "unauthorized", "message": "no"})).await;
    };
    let (error, ()) = tokio::join!(Connection::connect(&plain, Some(&token)), server);
    assert!(matches!(error, Err(ConnectError::Refused(error)) if error.code == Code::Unauthorized));

    let server = async { double.accept().await.close(4001, "sign in").await };
    let (error, ()) = tokio::join!(Connection::connect(&plain, Some(&token)), server);
    assert_eq!(error.unwrap_err(), ConnectError::Closed(closed(4001, "sign in")));

    let socketio = ConnectOptions::new(double.address(), Carrier::SocketIo(Namespace::Chat));
    let server = async {
        let mut peer = double.accept().await;
        peer.connect_packet().await;
        peer.raw(r#"44/chat,{"message":"no","data":{"code":"forbidden"}}"#).await;
    };
    let (error, ()) = tokio::join!(Connection::connect(&socketio, Some(&token)), server);
    assert!(matches!(error, Err(ConnectError::Refused(error)) if error.code == Code::Forbidden));

    let silent = plain.clone().connect_time(Duration::from_millis(50));
    let (error, _peer) = tokio::join!(Connection::connect(&silent, Some(&token)), double.accept());
    assert_eq!(error.unwrap_err(), ConnectError::TimedOut);
}

#[tokio::test]
async fn a_server_that_is_not_there_or_not_ours_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = ConnectOptions::new(format!("ws://{address}").parse().unwrap(), PLAIN);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"SSH-2.0-x\r\n").await.unwrap();
        stream
    };
    let (error, _stream) = tokio::join!(Connection::connect(&options, None), server);
    assert!(matches!(error, Err(ConnectError::NotAServer(_))), "{error:?}");
    drop(listener);
    let error = Connection::connect(&options, None).await.unwrap_err();
    assert_eq!(error, ConnectError::Network(ErrorKind::ConnectionRefused));
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
