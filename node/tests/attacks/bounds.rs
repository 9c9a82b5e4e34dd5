//! Too much of what is allowed.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::common::http::{Ask, Asking};
use crate::common::{Bystanders, Frame, Socket, SocketIo, TestNode, token};

/// A signed-in socket of a host with hardly any room for what comes.
pub(crate) async fn narrow(node: &TestNode, user: &str) -> Socket {
    let bearer = format!("Bearer {}", token::of(user));
    Socket::open_narrow(node.address(), "/ws", &[("authorization", &bearer)]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_live_in_two_hundred_orders_and_no_more() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let names: Vec<String> = (0..=200).map(|n| format!("o-{n}")).collect();
    for names in names.chunks(40) {
        futures_util::future::join_all(names.iter().map(|name| node.order(name, "mallory", "eve"))).await;
    }
    let (mut client, mut eve) = (node.user("mallory").await, node.user("eve").await);
    for name in &names[..200] {
        client.done("join_order_chat", json!({"orderId": name})).await;
    }
    assert_eq!(client.code("join_order_chat", json!({"orderId": "o-200"})).await, "too_many_rooms");
    // Joining again what is joined is allowed; leaving one makes room for one.
    client.done("join_order_chat", json!({"orderId": "o-7"})).await;
    client.done("leave_order_chat", json!({"orderId": "o-3"})).await;
    client.done("join_order_chat", json!({"orderId": "o-200"})).await;
    assert_eq!(client.code("join_order_chat", json!({"orderId": "o-3"})).await, "too_many_rooms");
    // The refused join made no room, and what is said there still arrives, as everywhere.
    assert_eq!(node.figure("souk_rooms").await, 201);
    eve.done("send_message", json!({"orderId": "o-3", "content": "hello"})).await;
    assert_eq!(client.push_of("new_message").await["orderId"], json!("o-3"));
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_has_as_many_devices_as_allowed() {
    let node = TestNode::with("", "messages = 0\nconnections_per_user = 3").await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut first = node.user("mallory").await;
    let mut stock = node.socket_io().await;
    stock.connect("", &token::of("mallory")).await;
    stock.connect("/chat,", &token::of("mallory")).await;
    // Three sessions; the fourth is told on every way in.
    assert_eq!(node.user("mallory").await.closed().await, 4004);
    let mut late = node.stranger().await;
    let request = json!({"id": 1, "event": "authenticate", "data": {"token": token::of("mallory")}});
    late.socket.text(&request.to_string()).await;
    assert_eq!(late.closed().await, 4004);
    let mut fourth = node.socket_io().await;
    fourth.connect("", &token::of("mallory")).await;
    fourth.farewell(4004, &[""]).await;
    // Those who were there first stay; a place that is given up is free.
    first.quiet(&[]).await;
    assert!(stock.ask("/chat,", "ping", json!({})).await.is_object());
    stock.send("41").await;
    assert!(stock.ask("/chat,", "ping", json!({})).await.is_object());
    node.user("mallory").await.quiet(&[]).await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rate_limit_counts_over_all_carriers_and_forgives_repeats_and_refusals() {
    let node = TestNode::with("", "messages = 4").await;
    for order in ["mine", "also-mine"] {
        node.order(order, "mallory", "eve").await;
    }
    let (mut client, mut stock) = (node.user("mallory").await, node.socket_io().await);
    stock.connect("", &token::of("mallory")).await;
    let send = |order: &str, id: &str| json!({"orderId": order, "content": "hello", "clientMessageId": id});
    let rest = |id: &str| {
        let ask = Ask::new("POST", "/chats/mine/messages").user("mallory").header("idempotency-key", id);
        ask.json(r#"{"content":"hello"}"#)
    };
    client.done("send_message", send("mine", "m-1")).await;
    for _ in 0..5 {
        client.done("send_message", send("mine", "m-1")).await;
        assert_eq!(client.code("send_message", send("foreign", "m-x")).await, "forbidden");
        let empty = json!({"orderId": "mine", "content": " "});
        assert_eq!(client.code("send_message", empty).await, "empty");
        let other = json!({"orderId": "mine", "content": "other", "clientMessageId": "m-1"});
        assert_eq!(client.code("send_message", other).await, "idempotency_conflict");
    }
    assert!(stock.ask("", "send_message", send("also-mine", "m-2")).await["seq"].is_u64());
    assert_eq!(rest("m-3").to(&node).await.status, 201);
    client.done("send_message", send("mine", "m-4")).await;

    let refused = client.ask("send_message", send("mine", "m-5")).await;
    assert_eq!(refused["error"]["code"], json!("rate_limited"), "{refused}");
    let wait = refused["error"]["retryAfterMs"].as_u64().expect("a wait");
    assert!((1..=60_000).contains(&wait), "{wait}");
    let refused = stock.ask("", "send_message", send("also-mine", "m-6")).await;
    assert_eq!(refused["error"]["code"], json!("rate_limited"), "{refused}");
    let answer = rest("m-7").to(&node).await;
    answer.expect_problem(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a Retry-After");
    assert!((1..=60).contains(&wait), "{wait}");
    // Over the limit a repeat is still answered, and a second text under its id still refused for what it is.
    client.done("send_message", send("mine", "m-1")).await;
    assert_eq!(rest("m-3").to(&node).await.status, 200);
    let other = json!({"orderId": "mine", "content": "other", "clientMessageId": "m-4"});
    assert_eq!(client.code("send_message", other).await, "idempotency_conflict");
    // The other party has a limit of their own.
    let mut eve = node.user("eve").await;
    eve.done("send_message", send("mine", "m-1")).await;
}

/// Sends until the node has given up on a slow consumer. Eve reads everything, and how long her slowest answer took is returned.
async fn flood(node: &TestNode, count: usize) -> Duration {
    let mut eve = node.user("eve").await;
    let content = "x".repeat(1_990);
    let mut slowest = Duration::ZERO;
    for _ in 0..count {
        let began = Instant::now();
        eve.done("send_message", json!({"orderId": "mine", "content": content})).await;
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_reads_is_closed_and_others_get_everything() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut sleeper = narrow(&node, "mallory").await;
    let mut reader = node.user("mallory").await;
    reader.done("join_order_chat", json!({"orderId": "mine"})).await;
    let reading = tokio::spawn(async move {
        for seq in 1..=2_000 {
            let (event, message) = reader.push().await;
            assert_eq!((event.as_str(), &message["seq"]), ("new_message", &json!(seq)), "{message}");
        }
    });
    let slowest = flood(&node, 2_000).await;
    assert!(slowest < Duration::from_secs(5), "a sender waited {slowest:?}");
    reading.await.unwrap();
    assert_eq!(node.figure("souk_slow_consumers_total").await, 1);
    crate::common::soon("the sleeper's connection is given up", async {
        while node.figure("souk_connections").await != 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    sleeper.ended().await;
    bystanders.undisturbed().await;
}

/// Reads a frame now and then, so that the socket takes more again and again; everything once told to. The last frames.
async fn read_slowly(mut slow: Socket, mut hurry: tokio::sync::oneshot::Receiver<()>) -> (Vec<Frame>, u64) {
    let (mut last, mut count) = (Vec::new(), 0);
    loop {
        let frame = slow.next().await;
        count += 1;
        // The beginning of a text says which it is.
        last.push(match &frame {
            Frame::Text(text) => Frame::Text(text.chars().take(60).collect()),
            other => other.clone(),
        });
        if last.len() > 4 {
            last.remove(0);
        }
        if matches!(frame, Frame::Close(..) | Frame::End) {
            return (last, count);
        }
        if hurry.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_too_slowly_is_told_so() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let plain = narrow(&node, "mallory").await;
    let path = "/socket.io/?EIO=4&transport=websocket";
    let mut stock = SocketIo::over(Socket::open_narrow(node.address(), path, &[]).await.unwrap()).await;
    stock.connect("", &token::of("mallory")).await;
    let (hurry, reading): (Vec<_>, Vec<_>) = [plain, stock.socket]
        .into_iter()
        .map(|socket| {
            let (hurry, told) = tokio::sync::oneshot::channel();
            (hurry, tokio::spawn(read_slowly(socket, told)))
        })
        .unzip();
    let mut eve = node.user("eve").await;
    let content = "x".repeat(1_990);
    let mut sent = 0_u64;
    while node.figure("souk_slow_consumers_total").await < 2 {
        for _ in 0..50 {
            eve.done("send_message", json!({"orderId": "mine", "content": content})).await;
        }
        sent += 50;
        // What waits in the node is bounded whatever the socket still takes: two outboxes of half a mebibyte, and the system's.
        assert!(sent < 10_000, "twenty megabytes wait for one connection");
    }
    hurry.into_iter().for_each(|hurry| hurry.send(()).unwrap());
    for (reading, words) in reading.into_iter().zip([false, true]) {
        let (last, received) = reading.await.unwrap();
        assert!(matches!(last.last(), Some(Frame::Close(4101, _))), "{last:?}");
        assert!(received < sent, "{received} of {sent}");
        let told = last
            .iter()
            .any(|frame| matches!(frame, Frame::Text(text) if text.starts_with("42[\"closing\",{\"closeCode\":4101,")));
        assert_eq!(told, words, "{last:?}");
        assert!(
            !last.iter().any(|frame| matches!(frame, Frame::Text(text) if text == "41")),
            "stock clients come back"
        );
    }
    bystanders.undisturbed().await;
}
