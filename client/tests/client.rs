//! A client that stays, against the double: reconnecting, joining again, sending again.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod double;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use double::{CARRIERS, Double, Heard, Peer, changed, hello, joined, message, soon};
use serde_json::{Value, json};
use souk_client::chat::{ClientMessageId, OrderId, Seq};
use souk_client::protocol::dto::ReconnectPolicy;
use souk_client::protocol::{Code, Request};
use souk_client::{
    AccessToken, Answer, Carrier, Change, Client, ClientBuilder, CloseReason, ConnectError, ConnectOptions, Disconnect,
    Event, Events, JoinError, RequestError, SendError, StopReason, TokenNeed, Tokens,
};
use tokio::time::Instant;

const PLAIN: Carrier = Carrier::Plain { batch: false };
/// Short waits until `hello`.
const POLICY: ReconnectPolicy = ReconnectPolicy { min_ms: 1, max_ms: 20, factor: 2.0 };

fn builder(double: &Double, carrier: Carrier) -> ClientBuilder {
    let options = ConnectOptions::new(double.address(), carrier);
    Client::builder(options, Tokens::fixed("t-1")).reconnect(POLICY).seed(1)
}

fn order() -> OrderId {
    OrderId::new("o-1").unwrap()
}

/// Reads events up to the first that `pick` takes.
async fn until<T>(events: &mut Events, what: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    soon(what, async {
        loop {
            let event = events.next().await.unwrap_or_else(|| panic!("{what}: the events ended"));
            if let Some(found) = pick(event) {
                return found;
            }
        }
    })
    .await
}

async fn disconnected(events: &mut Events) -> (Disconnect, Option<Duration>) {
    until(events, "a disconnect", |event| match event {
        Event::Disconnected { reason, retry_in } => Some(((*reason).clone(), retry_in)),
        _ => None,
    })
    .await
}

async fn stopped(events: &mut Events) -> StopReason {
    until(events, "the stop", |event| if let Event::Stopped(why) = event { Some(why) } else { None }).await
}

/// Joins, the server answering with nothing in history.
async fn join_empty(client: &Client, peer: &mut Peer) {
    let order = order();
    let server = async {
        let asked = peer.expect("join_order_chat").await;
        peer.answer(&asked, joined("o-1", &[], 0, 0)).await;
    };
    let (outcome, ()) = tokio::join!(client.join(&order, None), server);
    assert_eq!(outcome.unwrap().up_to, Seq(0));
}

#[tokio::test]
async fn a_cut_is_healed_joins_and_sends_included() {
    for carrier in CARRIERS {
        let mut double = Double::start().await;
        let (client, mut events) = builder(&double, carrier).start();
        let mut peer = double.welcomed().await;
        join_empty(&client, &mut peer).await;
        peer.push("new_message", message("o-1", 1, "first")).await;
        let first = until(&mut events, "the first", |event| match event {
            Event::Message { message, .. } => Some(message),
            _ => None,
        });
        assert_eq!(&*first.await.content, "first");

        let (one, two) = (client.send(&order(), "one"), client.send(&order(), "two"));
        let asked = peer.expect("send_message").await;
        assert_eq!(asked.data["clientMessageId"], one.id().as_str());
        drop(peer);
        let (reason, _) = disconnected(&mut events).await;
        assert!(matches!(reason, Disconnect::Closed(CloseReason::Lost(_))), "{reason:?}");

        let mut peer = double.welcomed().await;
        let asked = peer.expect("join_order_chat").await;
        assert_eq!(asked.data, json!({"orderId": "o-1", "since": 1}));
        let again = peer.expect("send_message").await;
        assert_eq!(again.data["clientMessageId"], one.id().as_str());
        // What was missed, and what was seen already.
        peer.answer(&asked, joined("o-1", &[message("o-1", 1, "first"), message("o-1", 2, "missed")], 2, 2)).await;
        peer.answer(&again, message("o-1", 3, "one")).await;
        assert_eq!(soon("one", one).await.unwrap().seq, Seq(3));
        let next = peer.expect("send_message").await;
        assert_eq!(next.data["content"], "two");
        peer.answer(&next, message("o-1", 4, "two")).await;
        soon("two", two).await.unwrap();

        let mut told = Vec::new();
        while told.len() < 3 {
            told.push(
                until(&mut events, "a message", |event| match event {
                    Event::Message { message, change: Change::New } => Some(message.seq.0),
                    _ => None,
                })
                .await,
            );
        }
        assert_eq!(told, [2, 3, 4], "{carrier:?}");
        assert_eq!(client.view(&order()).keys().map(|seq| seq.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(client.cursor(&order()), Some(Seq(2)));
        let (heard, ()) = tokio::join!(
            async {
                loop {
                    match peer.hear().await {
                        Heard::Text(text) => assert!(text.starts_with("41"), "{text}"),
                        other => {
                            drop(peer);
                            return other;
                        }
                    }
                }
            },
            client.close()
        );
        assert_eq!(heard, Heard::Close(Some(1000)));
        assert_eq!(stopped(&mut events).await, StopReason::Closed);
        assert_eq!(events.next().await, None);
    }
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
async fn versions_and_repeats_are_told_once() {
    let mut double = Double::start().await;
    let (client, mut events) = builder(&double, PLAIN).start();
    let mut peer = double.welcomed().await;
    join_empty(&client, &mut peer).await;
    for push in [
        ("new_message", message("o-1", 1, "a")),
        ("new_message", message("o-1", 1, "a")),
        ("message_edited", changed("o-1", 1, 3, 3, "c")),
        ("message_edited", changed("o-1", 1, 2, 2, "b")),
        ("new_message", message("o-1", 4, "end")),
    ] {
        peer.push(push.0, push.1).await;
    }
    let mut told = Vec::new();
    until(&mut events, "the end", |event| {
        let Event::Message { message, change } = event else { return None };
        told.push((message.content.to_string(), change));
        (&*message.content == "end").then_some(())
    })
    .await;
    let expected = [("a", Change::New), ("c", Change::Changed), ("end", Change::New)];
    assert_eq!(told, expected.map(|(text, change)| (text.to_owned(), change)));
    assert_eq!(&*client.view(&order())[&Seq(1)].content, "c");
    assert_eq!(client.cursor(&order()), Some(Seq(4)));
}

#[tokio::test]
async fn sends_are_bounded_time_out_and_keep_their_id() {
    let double = Double::start().await;
    let (client, _events) = builder(&double, PLAIN).outbox(2).send_time(Duration::from_millis(50)).start();
    let id = ClientMessageId::new("mine").unwrap();
    let (one, two) = (client.send_as(&order(), "one", id.clone()), client.send(&order(), "two"));
    assert!(matches!(client.send_as(&order(), "one", id.clone()).await, Err(SendError::Waiting)));
    assert!(matches!(client.send(&order(), "three").await, Err(SendError::OutboxFull { max: 2 })));
    assert_eq!(soon("one", one).await, Err(SendError::TimedOut { client_message_id: id }));
    assert!(matches!(soon("two", two).await, Err(SendError::TimedOut { .. })));
    assert_eq!(client.unsent(), 0);
}

#[tokio::test]
async fn refusals_and_sizes_have_their_types() {
    let mut double = Double::start().await;
    let (client, mut events) = builder(&double, PLAIN).start();
    let mut peer = double.welcomed().await;
    let spam = client.send(&order(), "spam");
    let asked = peer.expect("send_message").await;
    peer.refuse(&asked, json!({"code": "spam", "message": "again"})).await;
    assert!(matches!(soon("spam", spam).await, Err(SendError::Refused(error)) if error.code == Code::Spam));
    assert_eq!(soon("large", client.send(&order(), "x".repeat(70_000))).await, Err(SendError::TooLarge));
    let order = order();
    let (outcome, ()) = tokio::join!(client.join(&order, None), async {
        let asked = peer.expect("join_order_chat").await;
        peer.refuse(&asked, json!({"code": "forbidden", "message": "no"})).await;
    });
    assert!(matches!(outcome, Err(JoinError::Refused(error)) if error.code == Code::Forbidden));
    until(&mut events, "the refusal", |event| matches!(event, Event::JoinRefused { .. }).then_some(())).await;
    client.typing(&order);
    assert_eq!(peer.expect("typing").await.id, None);
}

#[tokio::test]
async fn a_message_that_could_not_be_stored_is_sent_again() {
    let mut double = Double::start().await;
    let (client, _events) = builder(&double, PLAIN).start();
    let mut peer = double.welcomed().await;
    let one = client.send(&order(), "one");
    let asked = peer.expect("send_message").await;
    peer.refuse(&asked, json!({"code": "unavailable", "message": "wait", "retryAfterMs": 20})).await;
    let again = peer.expect("send_message").await;
    assert_eq!(again.data, asked.data);
    peer.answer(&again, message("o-1", 1, "one")).await;
    soon("one", one).await.unwrap();
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

#[tokio::test]
async fn an_app_that_restarts_goes_on_from_its_cursors() {
    let mut double = Double::start().await;
    let (client, _events) = builder(&double, PLAIN).start();
    let mut peer = double.welcomed().await;
    join_empty(&client, &mut peer).await;
    peer.push("new_message", message("o-1", 7, "x")).await;
    soon("the cursor", async {
        while client.cursor(&order()) != Some(Seq(7)) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let kept = client.cursors();
    drop((client, peer));

    let (client, _events) = builder(&double, PLAIN).cursors(kept).start();
    let mut peer = double.welcomed().await;
    let order = order();
    let server = async {
        let asked = peer.expect("join_order_chat").await;
        assert_eq!(asked.data["since"], 7);
        peer.answer(&asked, joined("o-1", &[message("o-1", 8, "a")], 8, 9)).await;
        let asked = peer.expect("join_order_chat").await;
        assert_eq!(asked.data["since"], 8);
        peer.answer(&asked, joined("o-1", &[message("o-1", 9, "b")], 9, 9)).await;
    };
    let (outcome, ()) = tokio::join!(client.join(&order, None), server);
    assert_eq!(outcome.unwrap().up_to, Seq(9));
    assert!(client.is_live(&order));
}

#[tokio::test]
async fn sync_fills_the_view_and_calls_fail_with_their_connection() {
    let mut double = Double::start().await;
    let (client, mut events) = builder(&double, PLAIN).start();
    let mut peer = double.welcomed().await;
    let cursors = BTreeMap::from([(order(), Seq(1))]);
    let caught_up: Value = json!({"messages": [message("o-1", 2, "missed")], "upTo": 2, "head": 2, "more": false});
    let (synced, ()) = tokio::join!(client.sync(cursors), async {
        let asked = peer.expect("sync").await;
        assert_eq!(asked.data, json!({"cursors": {"o-1": 1}}));
        peer.answer(&asked, json!({"orders": {"o-1": caught_up}, "chats": []})).await;
    });
    assert_eq!(synced.unwrap().orders.len(), 1);
    assert_eq!((client.view(&order()).len(), client.cursor(&order())), (1, Some(Seq(2))));
    let (pong, ()) = tokio::join!(client.request(Request::Ping), async {
        let asked = peer.expect("ping").await;
        peer.answer(&asked, json!({})).await;
    });
    assert_eq!(pong, Ok(Answer::Done));
    let (lost, ()) = tokio::join!(client.request(Request::Ping), async {
        peer.expect("ping").await;
        drop(peer);
    });
    assert!(matches!(lost, Err(RequestError::Lost(_))), "{lost:?}");
    disconnected(&mut events).await;
}

#[tokio::test]
async fn events_that_nobody_reads_are_counted_and_the_view_is_complete() {
    let mut double = Double::start().await;
    let (client, mut events) = builder(&double, PLAIN).events(4).start();
    let mut peer = double.welcomed().await;
    join_empty(&client, &mut peer).await;
    for seq in 1..=50 {
        peer.push("new_message", message("o-1", seq, "x")).await;
    }
    soon("the last one", async {
        while client.view(&order()).len() < 50 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let lagged = until(&mut events, "the gap", |event| match event {
        Event::Lagged(missed) => Some(missed),
        _ => None,
    });
    // Connected, hello, joined and one message were kept.
    assert_eq!(lagged.await, 49);
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_client_politely() {
    let mut double = Double::start().await;
    let (client, mut events) = builder(&double, PLAIN).start();
    let mut peer = double.welcomed().await;
    let other = client.clone();
    drop(client);
    assert!(!other.is_stopped());
    drop(other);
    assert_eq!(peer.hear().await, Heard::Close(Some(1000)));
    drop(peer);
    assert_eq!(stopped(&mut events).await, StopReason::Closed);
}
