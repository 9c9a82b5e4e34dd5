//! How a connection ends, or does not come about.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod double;

use std::io::ErrorKind;
use std::time::Duration;

use double::scenes::{PLAIN, pair, token};
use double::{CARRIERS, Double, Heard, soon};
use fastwebsockets::{Frame, Payload};
use serde_json::json;
use souk_client::protocol::socketio::Namespace;
use souk_client::protocol::{Code, Request};
use souk_client::{Carrier, CloseReason, ConnectError, ConnectOptions, Connection, Item, RequestError};

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
