//! Texts that show nothing, or something else than they hold; and second names of one message.

use serde_json::{Value, json};

use crate::common::http::{Ask, Asking};
use crate::common::socketio::connect_error;
use crate::common::{Bystanders, TestNode, token};

/// Texts in which nothing can be seen.
const NOTHING: [&str; 8] = [
    "\u{200B}",
    "\u{2800}\u{2800}",
    "\u{3164}",
    "\u{FEFF}",
    "\u{200E}\u{200F}\u{061C}",
    "\u{202E}\u{202C}",
    "\u{FE0F}",
    " \u{0301}\u{20DD} ",
];
/// Texts with control characters.
const CONTROL: [&str; 5] = ["a\0b", "\u{1b}[2Jgone", "one\r\ntwo", "a\u{8}b", "a\u{9b}b"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_show_nothing_or_hold_controls_are_refused_on_every_way_in() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let (mut client, mut stock) = (node.user("mallory").await, node.socket_io().await);
    stock.connect("", &token::of("mallory")).await;
    let first = client.done("send_message", json!({"orderId": "mine", "content": "honest"})).await;
    assert_eq!(stock.event("").await.0, "message_sent");
    let cases = NOTHING.map(|text| (text, "empty")).into_iter().chain(CONTROL.map(|text| (text, "bad_request")));
    let bearer = token::of("mallory");
    for (text, code) in cases {
        let send = json!({"orderId": "mine", "content": text});
        let edit = json!({"messageId": first["id"], "content": text});
        assert_eq!(client.code("send_message", send.clone()).await, code, "{text:?}");
        assert_eq!(client.code("edit_message", edit.clone()).await, code, "{text:?}");
        for (event, data) in [("send_message", send), ("edit_message", edit)] {
            let answer = stock.ask("", event, data).await;
            assert_eq!(answer["error"]["code"], json!(code), "{text:?}: {answer}");
        }
        let body = json!({"content": text}).to_string();
        for (method, path) in [("POST", "/chats/mine/messages"), ("PATCH", "/chats/mine/messages/1")] {
            Ask::new(method, path).bearer(&bearer).json(&body).to(&node).await.expect_problem(400, code);
        }
        let title = json!({"client": "mallory", "contractor": "eve", "title": text}).to_string();
        let service = token::with_role("market", "service");
        let put = Ask::new("PUT", "/admin/orders/mine").bearer(&service).json(&title).to(&node).await;
        put.expect_problem(400, "bad_request");
    }
    let (_, message) = client.refused("send_message", json!({"orderId": "mine", "content": "a\u{1b}b"})).await;
    assert!(message.contains("character 2 is U+001B"), "{message}");
    let history = client.done("join_order_chat", json!({"orderId": "mine", "since": 0})).await;
    assert_eq!((&history["head"], &history["messages"][0]["content"]), (&json!(1), &json!("honest")), "{history}");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reorders_is_dropped_from_texts_titles_and_names() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut client = node.user("mallory").await;
    let hebrew = "שלום, המחיר 1,500\u{200F} ש\"ח!";
    for (text, kept) in [
        ("\u{202E}8810 555 614\u{202C}", "8810 555 614"),
        ("a\u{2067}b\u{2066}c", "abc"),
        (hebrew, hebrew),
        ("می\u{200C}خواهم", "می\u{200C}خواهم"),
        ("👨\u{200D}👩\u{200D}👧 ❤\u{FE0F}", "👨\u{200D}👩\u{200D}👧 ❤\u{FE0F}"),
        ("one\n\ttwo", "one\n\ttwo"),
    ] {
        let sent = client.done("send_message", json!({"orderId": "mine", "content": text})).await;
        assert_eq!(sent["content"], json!(kept), "{text:?}");
    }
    // A repeat with or without what is dropped is the same text.
    let send = |content: &str| json!({"orderId": "mine", "content": content, "clientMessageId": "m-1"});
    let first = client.done("send_message", send("\u{202E}x")).await;
    assert_eq!(client.done("send_message", send("\u{202E}x")).await, first);
    let title = json!({"client": "mallory", "contractor": "eve", "title": " \u{202E}Fence\u{202C} "}).to_string();
    let service = token::with_role("market", "service");
    let put = Ask::new("PUT", "/admin/orders/mine").bearer(&service).json(&title).to(&node).await;
    assert_eq!((put.status, &put.json()["title"]), (200, &json!("Fence")), "{put:?}");
    for (name, shown) in [("\u{202E}nnA\0\u{1b}", json!("nnA")), ("\u{2800}\u{200B}", Value::Null)] {
        let named = token::with(&json!({"sub": "mallory", "name": name, "exp": token::now() + 60}));
        let hello = node.signed_in(&named).await.done("join_app", json!({})).await;
        assert_eq!(hello["me"]["name"], shown, "{hello}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_has_one_id() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut client = node.user("mallory").await;
    client.done("send_message", json!({"orderId": "mine", "content": "one"})).await;
    for other in ["01", "+1", "1.0", "001", " 1", "1 ", "1e0", "0x1", "-1", "١"] {
        let edit = json!({"messageId": format!("mine:{other}"), "content": "two"});
        assert_eq!(client.code("edit_message", edit).await, "bad_request", "{other}");
    }
    let (body, bearer) = (json!({"content": "two"}).to_string(), token::of("mallory"));
    for other in ["01", "+1", "%2B1", "mine:01", "mine:+1", "mine:%2b1", "001", "1.0"] {
        let path = format!("/chats/mine/messages/{other}");
        Ask::new("PATCH", &path).bearer(&bearer).json(&body).to(&node).await.expect_problem(400, "bad_request");
    }
    for (name, text) in [("1", "two"), ("mine:1", "three")] {
        let body = json!({"content": text}).to_string();
        let path = format!("/chats/mine/messages/{name}");
        let edited = Ask::new("PATCH", &path).bearer(&bearer).json(&body).to(&node).await;
        assert_eq!((edited.status, &edited.json()["id"]), (200, &json!("mine:1")), "{edited:?}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_say_what_is_wrong_and_what_to_do() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut client = node.user("mallory").await;
    let half = r#"{"id":1,"event":"send_message","data":{"orderId":"calm","content":"\ud83d"}}"#;
    let answer = client.raw(half).await;
    let told = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(told.contains("content holds half a character"), "{answer}");

    let hour = token::now() + 3_600;
    for (claims, words) in [
        (json!({"sub": "mallory", "exp": hour, "role": ["client"]}), "role must be one text"),
        (json!({"sub": "mallory", "exp": hour * 1_000}), "exp is in seconds"),
        (json!({"sub": "mallory"}), "has no exp"),
        (json!({"exp": hour}), "has no sub"),
    ] {
        let bad = token::with(&claims);
        let (_, message) = node.stranger().await.refused("authenticate", json!({"token": bad})).await;
        assert!(message.contains(words), "{claims}: {message}");
        let refused = node.socket_io().await.try_connect("/chat,", &bad).await;
        assert_eq!(connect_error(&refused, "/chat,"), "unauthorized");
        assert!(refused.contains(words), "{claims}: {refused}");
        let answer = Ask::new("GET", "/chats").bearer(&bad).to(&node).await;
        assert!(answer.status == 401 && answer.text.contains(words), "{claims}: {answer:?}");
    }
    bystanders.undisturbed().await;
}
