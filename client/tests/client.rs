//! A client that stays, against the double: joining again, sending again, what the user sees.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod double;

use std::collections::BTreeMap;
use std::time::Duration;

use double::scenes::*;
use double::{CARRIERS, Double, Heard, Peer, changed, joined, message, soon};
use serde_json::{Value, json};
use souk_client::chat::{ClientMessageId, MessageId, Seq};
use souk_client::protocol::{Code, Request};
use souk_client::{Answer, Change, CloseReason, Disconnect, Event, JoinError, RequestError, SendError, StopReason};

/// The end of a client that closes: what it says last.
async fn goodbye(mut peer: Peer) -> Heard {
    loop {
        match peer.hear().await {
            // DISCONNECT, on Socket.IO.
            Heard::Text(text) => assert!(text.starts_with("41"), "{text}"),
            other => return other,
        }
    }
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
        let (heard, ()) = tokio::join!(goodbye(peer), client.close());
        assert_eq!(heard, Heard::Close(Some(1000)));
        assert_eq!(stopped(&mut events).await, StopReason::Closed);
        assert_eq!(events.next().await, None);
    }
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
async fn an_edit_is_answered_with_the_message_and_with_what_was_masked() {
    for carrier in CARRIERS {
        let mut double = Double::start().await;
        let (client, mut events) = builder(&double, carrier).start();
        let mut peer = double.welcomed().await;
        join_empty(&client, &mut peer).await;
        peer.push("message_sent", message("o-1", 1, "call 555")).await;
        let mut answered = changed("o-1", 1, 2, 2, "call ***");
        answered["masked"] = json!([{"start": 5, "end": 8, "category": "phone", "rule": "phone.nanp"}]);
        let id = MessageId { order: order(), seq: Seq(1) };
        let (edited, ()) = tokio::join!(client.edit(&id, "call 777"), async {
            let asked = peer.expect("edit_message").await;
            assert_eq!(asked.data, json!({"messageId": "o-1:1", "content": "call 777"}));
            // Here the edit's place in the order comes first.
            peer.push("message_edited", changed("o-1", 1, 2, 2, "call ***")).await;
            peer.answer(&asked, answered).await;
        });
        let edited = edited.unwrap();
        assert_eq!((&*edited.content, edited.version, edited.masked.len()), ("call ***", 2, 1));
        assert_eq!((edited.masked[0].start, &*edited.masked[0].category), (5, "phone"));
        assert_eq!(client.cursor(&order()), Some(Seq(2)), "moved by the push, not by the answer");
        let refused = client.edit(&id, "x");
        let (refused, ()) = tokio::join!(refused, async {
            let asked = peer.expect("edit_message").await;
            peer.refuse(&asked, json!({"code": "edit_window_over", "message": "late"})).await;
        });
        assert!(matches!(refused, Err(RequestError::Refused(error)) if error.code == Code::EditWindowOver));

        // Masked after the fact.
        let masked = changed("o-1", 1, 3, 3, "***");
        peer.push("messages_masked", json!({"orderId": "o-1", "messages": [masked]})).await;
        let mut told = Vec::new();
        until(&mut events, "the masking", |event| {
            let Event::Message { message, change } = event else { return None };
            told.push((message.content.to_string(), change));
            (&*message.content == "***").then_some(())
        })
        .await;
        let expected = [("call 555", Change::New), ("call ***", Change::Changed), ("***", Change::Changed)]
            .map(|(t, c)| (t.to_owned(), c));
        assert_eq!(told, expected, "{carrier:?}");
    }
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
    let cursors = BTreeMap::from([(order(), Seq(1).into())]);
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
