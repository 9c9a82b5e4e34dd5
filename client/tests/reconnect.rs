//! Whether, when and with which token a client comes back.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod double;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use double::scenes::*;
use double::{CARRIERS, Double, hello, message, soon};
use serde_json::json;
use souk_client::protocol::dto::ReconnectPolicy;
use souk_client::{
    AccessToken, Client, CloseReason, ConnectError, ConnectOptions, Disconnect, Event, JoinError, SendError,
    StopReason, TokenNeed, Tokens,
};
use tokio::time::Instant;

/// A provider that counts, and what it was asked for.
fn counting() -> (Tokens, Arc<parking_lot::Mutex<Vec<TokenNeed>>>) {
    let needs = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let (noted, count) = (needs.clone(), AtomicU64::new(0));
    let tokens = Tokens::provider(move |need| {
        noted.lock().push(need);
        let token = AccessToken::from(format!("t-{}", count.fetch_add(1, Ordering::Relaxed)));
        async move { Ok(token) }
    });
    (tokens, needs)
}

#[tokio::test]
async fn forty_stays_away_for_good() {
    for number in [1000, 4004, 4008] {
        let mut double = Double::start().await;
        let (client, mut events) = builder(&double, PLAIN).start();
        let peer = double.welcomed().await;
        let waiting = client.send(&order(), "one");
        peer.close(number, "no").await;
        let (_, retry) = disconnected(&mut events).await;
        assert_eq!(retry, None, "{number}");
        let StopReason::Refused(Disconnect::Closed(reason)) = stopped(&mut events).await else { panic!() };
        assert_eq!(reason.number(), Some(number));
        assert!(matches!(soon("the send", waiting).await, Err(SendError::Stopped { .. })));
        assert!(client.is_stopped() && !double.someone_came());
        assert!(matches!(client.send(&order(), "late").await, Err(SendError::Stopped { .. })));
        assert_eq!(client.join(&order(), None).await, Err(JoinError::Stopped));
    }
}

#[tokio::test]
async fn socketio_disconnects_stay_away_and_lost_transports_come_back() {
    let carrier = CARRIERS[3];
    let mut double = Double::start().await;
    let (_client, mut events) = builder(&double, carrier).start();
    let peer = double.welcomed().await;
    peer.end_session(json!({"closeCode": 4101, "code": "slow_consumer", "message": "m"}), false).await;
    let (_, retry) = disconnected(&mut events).await;
    assert!(retry.is_some_and(|wait| wait <= Duration::from_millis(20)), "{retry:?}");
    let peer = double.welcomed().await;
    peer.end_session(json!({"closeCode": 4008, "code": "protocol_misuse", "message": "m"}), true).await;
    let (reason, retry) = disconnected(&mut events).await;
    assert!(matches!(reason, Disconnect::Closed(reason) if reason.number() == Some(4008)));
    assert_eq!(retry, None);
}

#[tokio::test]
async fn forty_two_comes_back_at_once_and_forty_one_after_a_wait_of_the_servers_policy() {
    let mut double = Double::start().await;
    // Without `hello` a wait would be up to an hour.
    let slow = ReconnectPolicy { min_ms: 3_600_000, max_ms: 3_600_000, factor: 1.0 };
    let (_client, mut events) = builder(&double, PLAIN).reconnect(slow).start();
    let mut peer = double.signed_in().await;
    let asked = peer.expect("join_app").await;
    let mut policy = hello();
    policy["reconnect"] = json!({"minMs": 40, "maxMs": 40, "factor": 1.0});
    peer.answer(&asked, policy).await;
    until(&mut events, "hello", |event| matches!(event, Event::Hello(_)).then_some(())).await;
    peer.close(4200, "state lost").await;
    assert_eq!(disconnected(&mut events).await.1, Some(Duration::ZERO));
    let mut waits = Vec::new();
    for _ in 0..6 {
        double.welcomed().await.close(4101, "slow").await;
        waits.push(disconnected(&mut events).await.1.unwrap());
    }
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(40)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait > Duration::from_millis(4)), "no jitter: {waits:?}");
}

#[tokio::test]
async fn an_announced_wait_is_honoured() {
    let mut double = Double::start().await;
    double.refuse(503, Some(1));
    let begin = Instant::now();
    let (_client, mut events) = builder(&double, PLAIN).start();
    let (reason, retry) = disconnected(&mut events).await;
    assert_eq!(
        reason,
        Disconnect::Connect(ConnectError::Http { status: 503, retry_after: Some(Duration::from_secs(1)) })
    );
    assert!(retry.is_some_and(|wait| wait >= Duration::from_secs(1)));
    let mut peer = double.welcomed().await;
    assert!(begin.elapsed() >= Duration::from_secs(1));
    peer.push("server_draining", json!({"reconnectAfterMs": 200})).await;
    peer.close(4102, "draining").await;
    let wait = disconnected(&mut events).await.1.unwrap();
    assert!((200..=220).contains(&wait.as_millis()), "{wait:?}");
}

#[tokio::test]
async fn what_will_not_heal_is_not_tried_again() {
    for status in [400, 401, 403] {
        let double = Double::start().await;
        double.refuse(status, None);
        let (_client, mut events) = builder(&double, PLAIN).start();
        assert_eq!(disconnected(&mut events).await.1, None, "{status}");
        assert!(matches!(stopped(&mut events).await, StopReason::Refused(_)));
    }
}

#[tokio::test]
async fn malformed_frames_end_the_connection_and_the_client_comes_back() {
    for carrier in CARRIERS {
        let mut double = Double::start().await;
        let (client, mut events) = builder(&double, carrier).start();
        let mut peer = double.welcomed().await;
        join_empty(&client, &mut peer).await;
        peer.raw("}{").await;
        let (reason, retry) = disconnected(&mut events).await;
        assert!(matches!(reason, Disconnect::Closed(CloseReason::Malformed(_))) && retry.is_some(), "{reason:?}");
        let mut peer = double.welcomed().await;
        peer.expect("join_order_chat").await;
    }
}

#[tokio::test]
async fn tokens_are_renewed_in_time_on_reconnect_and_when_refused() {
    let mut double = Double::start().await;
    let (tokens, needs) = counting();
    let options = ConnectOptions::new(double.address(), PLAIN);
    let (_client, mut events) = Client::builder(options, tokens).reconnect(POLICY).start();
    let mut peer = double.accept().await;
    assert_eq!(peer.sign_in().await, "t-0");
    let asked = peer.expect("join_app").await;
    peer.answer(&asked, hello()).await;
    peer.push("token_expiring", json!({"expiresAt": "2026-01-02T03:04:05.678Z"})).await;
    let asked = peer.expect("refresh_token").await;
    assert_eq!(asked.data["token"], "t-1");
    peer.refuse(&asked, json!({"code": "forbidden", "message": "not yours"})).await;
    until(&mut events, "the refusal", |event| matches!(event, Event::TokenNotRenewed(_)).then_some(())).await;
    // 4003 keeps away with this token, not with another.
    peer.close(4003, "expired").await;
    assert!(disconnected(&mut events).await.1.is_some());
    let mut peer = double.accept().await;
    assert_eq!(peer.sign_in().await, "t-2");
    drop(peer);
    assert_eq!(double.accept().await.sign_in().await, "t-3");
    assert_eq!(*needs.lock(), [TokenNeed::Connect, TokenNeed::Expiring, TokenNeed::Rejected, TokenNeed::Connect]);
}

#[tokio::test]
async fn a_refused_token_is_not_shown_again() {
    let mut double = Double::start().await;
    // The same one three times, then another.
    let count = AtomicU64::new(0);
    let tokens = Tokens::provider(move |_| {
        let token = if count.fetch_add(1, Ordering::Relaxed) < 3 { "old" } else { "new" };
        async move { Ok(AccessToken::from(token)) }
    });
    let options = ConnectOptions::new(double.address(), PLAIN);
    let (_client, mut events) = Client::builder(options, tokens).reconnect(POLICY).start();
    let mut peer = double.accept().await;
    let asked = peer.expect("authenticate").await;
    peer.refuse(&asked, json!({"code": "unauthorized", "message": "no"})).await;
    assert!(matches!(disconnected(&mut events).await.0, Disconnect::Connect(ConnectError::Refused(_))));
    assert!(matches!(disconnected(&mut events).await.0, Disconnect::Token(_)));
    assert_eq!(double.accept().await.sign_in().await, "new");
    // With a token that cannot change, a refusal is the end.
    let (_client, mut events) = builder(&double, PLAIN).start();
    double.welcomed().await.close(4001, "no").await;
    assert!(matches!(stopped(&mut events).await, StopReason::Refused(_)));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_left() {
    let mut double = Double::start().await;
    let (client, mut events) = builder(&double, PLAIN).answer_time(Duration::from_millis(50)).start();
    let mut peer = double.welcomed().await;
    let one = client.send(&order(), "one");
    peer.expect("send_message").await;
    let (reason, _) = disconnected(&mut events).await;
    assert_eq!(reason, Disconnect::Closed(CloseReason::Unanswered));
    let mut peer = double.welcomed().await;
    let asked = peer.expect("send_message").await;
    peer.answer(&asked, message("o-1", 1, "one")).await;
    soon("one", one).await.unwrap();
}

#[tokio::test]
async fn a_silent_server_is_left() {
    let mut double = Double::start().await;
    let (_client, mut events) = builder(&double, PLAIN).start();
    let mut peer = double.signed_in().await;
    let asked = peer.expect("join_app").await;
    let mut short = hello();
    (short["pingIntervalMs"], short["pingTimeoutMs"]) = (json!(30), json!(20));
    peer.answer(&asked, short).await;
    let (reason, retry) = disconnected(&mut events).await;
    assert_eq!((reason, retry.is_some()), (Disconnect::Closed(CloseReason::Silent), true));
    double.welcomed().await;
}
