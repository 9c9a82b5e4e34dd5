//! Tokens that are no good, on every way in; and the end of good ones.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::http::{Ask, Asking};
use crate::common::socket::{TEXT, frame};
use crate::common::socketio::connect_error;
use crate::common::{Bystanders, Frame, Plain, Socket, TestNode, plain, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_tokens_come_in_nowhere() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut honest = node.user("mallory").await;
    for (name, bad) in token::bad("mallory") {
        let bearer = format!("Bearer {bad}");
        for path in ["/ws", "/socket.io/?EIO=4&transport=websocket", "/api/chat/socket?EIO=4&transport=websocket"] {
            let answer = Socket::open(node.address(), path, &[("authorization", &bearer)]).await.err();
            answer.unwrap_or_else(|| panic!("{path} takes a token: {name}")).expect_problem(401, "unauthorized");
        }
        for (method, path) in [("GET", "/chats"), ("GET", "/chats/calm"), ("PUT", "/admin/orders/x")] {
            Ask::new(method, path).bearer(&bad).to(&node).await.expect_problem(401, "unauthorized");
        }

        let mut first = node.stranger().await;
        let (code, message) = first.refused("authenticate", json!({"token": bad})).await;
        assert_eq!(code, "unauthorized", "{name}");
        assert!(bad.is_empty() || !message.contains(&bad), "the token is repeated: {message}");
        assert_eq!(first.closed().await, 4001, "{name}");

        let mut stock = node.socket_io().await;
        for prefix in ["", "/chat,"] {
            let refused = stock.try_connect(prefix, &bad).await;
            assert_eq!(connect_error(&refused, prefix), "unauthorized", "{name}");
        }

        let code = honest.code("refresh_token", json!({"token": bad})).await;
        assert!(code == "unauthorized" || bad.len() > 8_192 && code == "bad_request", "{name}: {code}");
        honest.quiet(&[]).await;
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_are_no_bearer_token_are_refused_and_queries_are_not_read() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let good = token::of("mallory");
    for value in [good.as_str(), "Basic bWFsbG9yeTp4", "Bearer", "Bearer ", "", "bearer\t"] {
        let answer = Socket::open(node.address(), "/ws", &[("authorization", value)]).await.err();
        answer.unwrap_or_else(|| panic!("taken: {value}")).expect_problem(401, "unauthorized");
    }
    Ask::new("GET", &format!("/chats?token={good}&access_token={good}"))
        .to(&node)
        .await
        .expect_problem(401, "unauthorized");
    let mut client = Plain::over(node.socket(&format!("/ws?token={good}&userId=alice"), &[]).await);
    assert_eq!(client.code("join_app", json!({})).await, "unauthorized");
    assert_eq!(client.closed().await, 4001);
    // The name in the query is nobody: the token says who it is.
    let bearer = format!("Bearer {good}");
    let mut client = Plain::over(node.socket("/ws?userId=alice", &[("authorization", &bearer)]).await);
    assert_eq!(client.done("join_app", json!({})).await["me"]["userId"], json!("mallory"));
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_other_event_first_is_unauthorized_and_the_end() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let calm = json!({"orderId": "calm"});
    for (event, data) in [
        ("ping", json!({})),
        ("join_app", json!({})),
        ("join_order_chat", calm.clone()),
        ("leave_order_chat", calm),
        ("send_message", json!({"orderId": "calm", "content": "hello"})),
        ("refresh_token", json!({"token": token::of("mallory")})),
        ("sync", json!({"cursors": {"calm": 0}})),
        ("dance", json!({})),
        ("send_message", json!({"orderId": 5})),
        ("authenticate", json!({})),
        ("authenticate", json!({"token": 7})),
        ("authenticate", json!({"token": null})),
    ] {
        let mut client = node.stranger().await;
        assert_eq!(client.code(event, data.clone()).await, "unauthorized", "{event} {data}");
        assert_eq!(client.closed().await, 4001, "{event}");
        // Behind the refusal nothing is carried out, not even with a good token.
        let mut client = node.stranger().await;
        let first = json!({"id": 1, "event": event, "data": data}).to_string();
        let then = json!({"id": 2, "event": "authenticate", "data": {"token": token::of("mallory")}}).to_string();
        client.socket.send(&[frame(TEXT, first.as_bytes()), frame(TEXT, then.as_bytes())].concat()).await;
        assert_eq!(plain::refusal(&client.answer().await).unwrap().0, "unauthorized");
        assert!(matches!(client.socket.next().await, Frame::Close(4001, _)), "{event}");
    }
    bystanders.undisturbed().await;
}

pub(crate) async fn who_does_not_sign_in_is_closed_after_ten_seconds() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let began = tokio::time::Instant::now();
    let (mut silent, mut stock, mut refused) = (node.stranger().await, node.socket_io().await, node.socket_io().await);
    let mut half = node.stranger().await;
    half.socket.send(&frame(TEXT, b"{}")[..4]).await;
    assert_eq!(connect_error(&refused.try_connect("", "x").await, ""), "unauthorized");
    // A namespace that was left again does not keep the connection either, though leaving it is no offence.
    let mut left = node.socket_io().await;
    left.connect("", &token::of("mallory")).await;
    left.send("41").await;
    for closed in [silent.closed().await, half.closed().await, stock.closed().await, refused.closed().await] {
        assert_eq!(closed, 4001);
    }
    assert_eq!(left.closed().await, 1000);
    let took = began.elapsed();
    assert!((Duration::from_millis(9_500)..Duration::from_secs(18)).contains(&took), "{took:?}");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_is_announced_and_ends_the_connection_after_its_answers() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut client = node.stranger().await;
    let signed_in = client.done("authenticate", json!({"token": token::lasting("mallory", 3)})).await;
    let expiring = client.push_of("token_expiring").await;
    assert_eq!((&signed_in["userId"], &signed_in["expiresAt"]), (&json!("mallory"), &expiring["expiresAt"]));

    // Sends without pause over the end: what was answered is what is in history.
    let mut acknowledged: Vec<u64> = Vec::new();
    let mut asked = 0_u64;
    let code = loop {
        let send = json!({"orderId": "mine", "content": format!("number {asked}")});
        client.socket.text(&json!({"id": asked, "event": "send_message", "data": send}).to_string()).await;
        asked += 1;
        // A few are always under way.
        if asked < 8 {
            continue;
        }
        match client.socket.next().await {
            Frame::Text(text) => {
                let answer: Value = serde_json::from_str(&text).unwrap();
                acknowledged.push(answer["data"]["seq"].as_u64().unwrap_or_else(|| panic!("{answer}")));
            }
            Frame::Close(code, _) => break code,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 4003);
    let mut eve = node.user("eve").await;
    let head = eve.done("join_order_chat", json!({"orderId": "mine"})).await["head"].as_u64().unwrap();
    assert!(acknowledged.iter().copied().eq(1..=head), "{head} in history, told of {}", acknowledged.len());
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_refreshed_only_by_the_same_person_in_the_same_role() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut client = node.signed_in(&token::lasting("mallory", 4)).await;
    client.push_of("token_expiring").await;
    for other in [token::of("alice"), token::with_role("mallory", "admin"), token::with_role("mallory", "service")] {
        assert_eq!(client.code("refresh_token", json!({"token": other})).await, "forbidden");
        assert_eq!(client.done("join_app", json!({})).await["me"], json!({"userId": "mallory", "role": "client"}));
    }
    let refreshed = client.done("refresh_token", json!({"token": token::of("mallory")})).await;
    assert!(refreshed["expiresAt"].is_string(), "{refreshed}");
    // A second one, whose refreshing fails, is closed when its own token ends; the first lives on.
    let mut other = node.signed_in(&token::lasting("mallory", 3)).await;
    assert_eq!(other.code("refresh_token", json!({"token": token::of("alice")})).await, "forbidden");
    assert_eq!(other.closed().await, 4003);
    let over = client.socket.next_within(Duration::from_millis(2_500)).await;
    assert!(over.is_none(), "a refreshed token ended: {over:?}");
    client.quiet(&[]).await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_socket_io_the_end_of_a_token_is_told_in_words_after_the_answers_of_all_namespaces() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut stock = node.socket_io().await;
    stock.connect("", &token::lasting("mallory", 3)).await;
    assert_eq!(stock.event("").await.0, "token_expiring");
    stock.connect("/chat,", &token::of("mallory")).await;
    // The other namespace, whose own token is good, sends without pause over the end.
    let (mut acknowledged, mut asked) = (0_u64, 0);
    loop {
        stock
            .send(&format!(r#"42/chat,{asked}["send_message",{{"orderId":"mine","content":"number {asked}"}}]"#))
            .await;
        asked += 1;
        if asked < 8 {
            continue;
        }
        let packet = stock.packet().await;
        if packet.starts_with(r#"42["closing",{"closeCode":4003,"#) {
            break;
        }
        // The namespace at "/" is told of them as of another device's.
        if packet.starts_with("43/chat,") {
            acknowledged += 1;
            assert!(packet.contains(&format!(r#""seq":{acknowledged},"#)), "{packet}");
        } else {
            assert!(packet.starts_with(r#"42["message_sent""#), "{packet}");
        }
    }
    assert_eq!(stock.packet().await, "41");
    stock.farewell(4003, &["/chat,"]).await;
    let mut eve = node.user("eve").await;
    assert_eq!(eve.done("join_order_chat", json!({"orderId": "mine"})).await["head"], json!(acknowledged));
    bystanders.undisturbed().await;
}
