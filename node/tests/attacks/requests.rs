//! Requests that make no sense, or that somebody else may make.

use serde_json::{Value, json};

use crate::common::socket::{BINARY, TEXT, frame};
use crate::common::{Bystanders, TestNode, plain, token};

const CONTENT_CHARS: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_a_bad_request_under_its_id() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut client = node.user("mallory").await;
    let long_id = "o".repeat(265);
    let deep: Value = (0..6).fold(json!(1), |inner, _| json!([inner]));
    let cursors: serde_json::Map<String, Value> = (0..101).map(|n| (format!("o{n}"), json!(0))).collect();
    let cases = [
        ("dance", json!({})),
        ("", json!({})),
        (&*"x".repeat(10_000), json!({})),
        ("constructor", json!({})),
        ("new_message", json!({})),
        ("ping", json!([])),
        ("ping", json!("text")),
        ("ping", json!(7)),
        ("ping", json!(false)),
        ("send_message", json!(null)),
        ("send_message", json!({})),
        ("send_message", json!({"orderId": "mine"})),
        ("send_message", json!({"content": "x"})),
        ("send_message", json!({"orderId": "mine", "content": null})),
        ("send_message", json!({"orderId": "mine", "content": 5})),
        ("send_message", json!({"orderId": "mine", "content": ["x"]})),
        ("send_message", json!({"orderId": 5, "content": "x"})),
        ("send_message", json!({"orderId": "", "content": "x"})),
        ("send_message", json!({"orderId": "..", "content": "x"})),
        ("send_message", json!({"orderId": "a/b", "content": "x"})),
        ("send_message", json!({"orderId": "a:1", "content": "x"})),
        ("send_message", json!({"orderId": "*", "content": "x"})),
        ("send_message", json!({"orderId": "заказ", "content": "x"})),
        ("send_message", json!({"orderId": long_id, "content": "x"})),
        ("send_message", json!({"orderId": "mine", "content": "x", "clientMessageId": 5})),
        ("send_message", json!({"orderId": "mine", "content": "x", "clientMessageId": ""})),
        ("send_message", json!({"orderId": "mine", "content": "x", "clientMessageId": "a~b"})),
        ("send_message", json!({"orderId": "mine", "content": "x", "clientMessageId": "a".repeat(65)})),
        ("send_message", json!({"orderId": "mine", "content": "x", "clientMessageId": {"$gt": ""}})),
        ("edit_message", json!({})),
        ("edit_message", json!({"messageId": "mine:1"})),
        ("edit_message", json!({"messageId": "mine", "content": "x"})),
        ("edit_message", json!({"messageId": "mine:0", "content": "x"})),
        ("edit_message", json!({"messageId": 1, "content": "x"})),
        ("edit_message", json!({"messageId": "mine:1", "content": null})),
        ("join_order_chat", json!({"orderId": "mine", "since": -1})),
        ("join_order_chat", json!({"orderId": "mine", "since": 0.5})),
        ("join_order_chat", json!({"orderId": "mine", "since": 1e3})),
        ("join_order_chat", json!({"orderId": "mine", "since": "0"})),
        ("join_order_chat", json!({"orderId": "mine", "since": 1})),
        ("join_order_chat", json!({"orderId": "mine", "since": (1_u64 << 53) - 1})),
        ("join_order_chat", json!({"orderId": "mine", "since": 1_u64 << 53})),
        ("join_order_chat", json!({"orderId": "mine", "since": u64::MAX})),
        ("leave_order_chat", json!({"orderId": null})),
        ("typing", json!({"orderId": deep})),
        ("list_chats", json!({"limit": 0})),
        ("list_chats", json!({"limit": 201})),
        ("list_chats", json!({"limit": "10"})),
        ("list_chats", json!({"cursor": 7})),
        ("list_chats", json!({"cursor": "made up"})),
        ("list_chats", json!({"cursor": "x".repeat(513)})),
        ("sync", json!({})),
        ("sync", json!({"cursors": []})),
        ("sync", json!({"cursors": {"mine": "0"}})),
        ("sync", json!({"cursors": {"mine": -1}})),
        ("sync", json!({"cursors": {"a b": 0}})),
        ("sync", json!({"cursors": cursors})),
        ("refresh_token", json!({})),
        ("refresh_token", json!({"token": 7})),
        ("refresh_token", json!({"token": "x".repeat(8_193)})),
        ("authenticate", json!({"token": token::of("mallory")})),
    ];
    for (event, data) in cases {
        assert_eq!(client.code(event, data.clone()).await, "bad_request", "{event} {data}");
    }
    let doubled = r#"{"id":90,"event":"typing","data":{"orderId":"mine","orderId":"calm"}}"#;
    assert_eq!(plain::refusal(&client.raw(doubled).await).unwrap().0, "bad_request");
    client.quiet(&[]).await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_have_one_to_two_thousand_characters() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut client = node.user("mallory").await;
    let send = |content: String| json!({"orderId": "mine", "content": content});
    for empty in ["", " ", "\n\t\r", "\u{a0}\u{2003}\u{3000}"] {
        assert_eq!(client.code("send_message", send(empty.into())).await, "empty", "{empty:?}");
    }
    for long in ["a".repeat(CONTENT_CHARS + 1), "😀".repeat(CONTENT_CHARS + 1), "ж".repeat(30_000)] {
        assert_eq!(client.code("send_message", send(long)).await, "too_long");
    }
    let whole = format!(" \u{3000}{}\n", "😀".repeat(CONTENT_CHARS));
    let sent = client.done("send_message", send(whole.clone())).await;
    assert_eq!((&sent["seq"], sent["content"].as_str()), (&json!(1), Some(whole.trim())));
    // Nothing that was refused left anything behind.
    let joined = client.done("join_order_chat", json!({"orderId": "mine"})).await;
    assert_eq!((&joined["head"], joined["messages"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{joined}");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_and_missing_orders_look_the_same() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut stranger = node.user("mallory").await;
    for (event, more) in [
        ("join_order_chat", json!({})),
        ("join_order_chat", json!({"since": 0})),
        ("join_order_chat", json!({"since": 999})),
        ("send_message", json!({"content": "let me in"})),
        ("send_message", json!({"content": "let me in", "clientMessageId": "m-1"})),
        ("typing", json!({})),
    ] {
        let mut told = Vec::new();
        for order in ["calm", "no-such-order", "dm~alice~bob", "dm~mallory~mallory"] {
            let mut data = more.clone();
            data["orderId"] = json!(order);
            told.push(stranger.refused(event, data).await);
        }
        assert_eq!(told[0].0, "forbidden", "{event}");
        assert!(told.iter().all(|other| *other == told[0]), "{event}: {told:?}");
    }
    let synced = stranger.done("sync", json!({"cursors": {"calm": 0, "no-such-order": 0, "calm2": 999}})).await;
    let foreign = &synced["orders"]["calm"];
    assert_eq!(foreign["error"]["code"], json!("forbidden"), "{synced}");
    assert!(["no-such-order", "calm2"].iter().all(|order| synced["orders"][order] == *foreign), "{synced}");
    assert_eq!(synced["chats"], json!([]));
    // Leaving what was never joined says nothing either.
    for order in ["calm", "no-such-order"] {
        assert_eq!(stranger.done("leave_order_chat", json!({"orderId": order})).await, json!({}));
    }
    assert_eq!(stranger.done("list_chats", json!({})).await["chats"], json!([]));
    bystanders.undisturbed().await;
    stranger.quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_party_by_role_cannot_speak() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    // Also not when the order names them: an admin or a service is nobody's party.
    node.order("theirs", "root", "market").await;
    for (user, role) in [("root", "admin"), ("market", "service")] {
        let mut client = node.signed_in(&token::with_role(user, role)).await;
        for order in ["calm", "theirs", "no-such-order"] {
            let code = client.code("send_message", json!({"orderId": order, "content": "hello"})).await;
            assert_eq!(code, "forbidden", "{role} in {order}");
            let code =
                client.code("edit_message", json!({"messageId": format!("{order}:1"), "content": "hello"})).await;
            assert_eq!(code, "forbidden", "{role} in {order}");
        }
    }
    let mut admin = node.signed_in(&token::with_role("root", "admin")).await;
    assert_eq!(admin.code("typing", json!({"orderId": "calm"})).await, "forbidden");
    assert_eq!(admin.done("join_order_chat", json!({"orderId": "calm"})).await["head"], json!(0));
    bystanders.undisturbed().await;
    let (event, message) = admin.push().await;
    assert_eq!((event.as_str(), &message["seq"]), ("new_message", &json!(1)), "an admin reads, unseen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_whole_numbers_below_two_to_the_53() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut client = node.user("mallory").await;
    for good in ["0", "9007199254740991"] {
        let answer = client.raw(&format!(r#"{{"id":{good},"event":"ping"}}"#)).await;
        assert_eq!(answer.to_string(), format!(r#"{{"data":{{}},"id":{good}}}"#));
    }
    for bad in ["9007199254740992", "18446744073709551616", "-1", "1.5", "1e2", "\"1\"", "[1]", "true", "{}"] {
        let answer = client.raw(&format!(r#"{{"id":{bad},"event":"ping"}}"#)).await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(null), &json!("bad_request")), "{bad}: {answer}");
    }
    client.quiet(&[]).await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_nested_too_deep_is_refused_under_its_id_and_does_not_count() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut client = node.user("mallory").await;
    for depth in [8, 9, 200, 30_000].into_iter().cycle().take(20) {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for frame in [
            format!(r#"{{"id":7,"event":"ping","data":{deep}}}"#),
            format!(r#"{{"data":{deep},"event":"ping","id":7}}"#),
        ] {
            let answer = client.raw(&frame).await;
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!("bad_request")), "{answer}");
        }
    }
    client.quiet(&[]).await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_messages_that_are_no_protocol_end_it() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let nine = format!(r#"{{"event":"ping","data":{}{}}}"#, "[".repeat(8), "]".repeat(8));
    let bottomless = "[".repeat(60_000);
    let noise = ["", "hello", "{", "[]", "null", "7", r#"{"event":"ping"} {}"#, r#"{"id":1,"id":2,"event":"ping"}"#];
    let texts = noise.into_iter().chain([nine.as_str(), bottomless.as_str()]);
    for signed_in in [true, false] {
        let mut client = if signed_in { node.user("mallory").await } else { node.stranger().await };
        for text in texts.clone() {
            let answer = client.raw(text).await;
            assert_eq!(answer["id"], json!(null), "{text}: {answer}");
            assert_eq!(answer["error"]["code"], json!("bad_request"), "{text}: {answer}");
        }
        assert_eq!(client.closed().await, 4008);
    }
    // Binary frames count alike, honest requests in between do not heal, and nine are not ten.
    let mut client = node.user("mallory").await;
    for n in 0..9 {
        let bytes = if n % 2 == 0 { frame(BINARY, b"{}") } else { frame(TEXT, b"x") };
        client.socket.send(&bytes).await;
        assert_eq!(client.answer().await["error"]["code"], json!("bad_request"));
        client.quiet(&[]).await;
    }
    client.socket.text("x").await;
    assert_eq!(client.closed().await, 4008);
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_belongs_to_its_text_for_ever() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    node.order("mine-2", "mallory", "eve").await;
    let (mut client, mut eve) = (node.user("mallory").await, node.user("eve").await);
    let send = |content: &str| json!({"orderId": "mine", "content": content, "clientMessageId": "m-1"});
    let first = client.done("send_message", send("one")).await;
    assert_eq!(client.done("send_message", send("  one \n")).await, first, "a repeat is the message");
    for other in ["two", "One", "one."] {
        assert_eq!(client.code("send_message", send(other)).await, "idempotency_conflict", "{other}");
    }
    // The same over a second connection and while joined; another person's and another order's id is another id.
    client.done("join_order_chat", json!({"orderId": "mine"})).await;
    assert_eq!(client.code("send_message", send("two")).await, "idempotency_conflict");
    assert_eq!(client.done("send_message", send("one")).await, first);
    let mut second = node.user("mallory").await;
    assert_eq!(second.code("send_message", send("two")).await, "idempotency_conflict");
    assert_eq!(eve.done("send_message", send("two")).await["seq"], json!(2));
    let elsewhere = json!({"orderId": "mine-2", "content": "two", "clientMessageId": "m-1"});
    assert_eq!(client.done("send_message", elsewhere).await["seq"], json!(1));
    let history = client.done("join_order_chat", json!({"orderId": "mine", "since": 0})).await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(2), "{history}");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_texts_under_one_id_at_the_same_moment_leave_one_message() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(node.user("mallory").await);
    }
    let sends = clients.iter_mut().enumerate().map(|(n, client)| {
        let data = json!({"orderId": "mine", "content": format!("text {n}"), "clientMessageId": "m-1"});
        client.ask("send_message", data)
    });
    let answers = futures_util::future::join_all(sends).await;
    let sent: Vec<_> = answers.iter().filter(|answer| answer.get("data").is_some()).collect();
    assert_eq!(sent.len(), 1, "{answers:?}");
    let refused = answers.iter().filter_map(plain::refusal);
    assert!(refused.map(|(code, _)| code).eq(std::iter::repeat_n("idempotency_conflict", 7)), "{answers:?}");
    let mut eve = node.user("eve").await;
    let history = eve.done("join_order_chat", json!({"orderId": "mine", "since": 0})).await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(1), "{history}");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_nobody_waits_for_is_an_exception_that_names_its_request() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut client = node.user("mallory").await;
    for (event, data, code, id) in [
        (
            "send_message",
            json!({"orderId": "calm", "content": "x", "clientMessageId": "m-1"}),
            "forbidden",
            Some("m-1"),
        ),
        ("send_message", json!({"orderId": "calm", "content": " ", "clientMessageId": "m-2"}), "empty", Some("m-2")),
        (
            "send_message",
            json!({"orderId": "calm", "content": 5, "clientMessageId": "m-3"}),
            "bad_request",
            Some("m-3"),
        ),
        ("send_message", json!({"orderId": "calm", "content": "x"}), "forbidden", None),
        ("join_order_chat", json!({"orderId": "calm"}), "forbidden", None),
        ("typing", json!({}), "bad_request", None),
        ("dance", json!({}), "bad_request", None),
    ] {
        client.socket.text(&json!({"event": event, "data": data}).to_string()).await;
        let exception = client.push_of("exception").await;
        assert_eq!(exception["event"], json!(event), "{exception}");
        assert_eq!(exception["error"]["code"], json!(code), "{exception}");
        assert_eq!(exception.get("clientMessageId").and_then(Value::as_str), id, "{exception}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_in_one_piece_are_all_answered() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    // Far more than are carried out at the same time: the rest must wait, and none may be forgotten.
    for round in 0..40 {
        let mut client = node.user("mallory").await;
        let bytes: Vec<u8> = (0..100)
            .flat_map(|id| frame(TEXT, json!({"id": id, "event": "join_app"}).to_string().as_bytes()))
            .collect();
        client.socket.send(&bytes).await;
        let mut answered = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let answer = client.answer().await;
            assert!(answer.get("data").is_some(), "{answer}");
            answered.insert(answer["id"].as_u64().unwrap());
        }
        assert!(answered.into_iter().eq(0..100), "in round {round}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_is_answered_also_when_its_chat_is_left_or_joined_meanwhile() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let mut client = node.user("mallory").await;
    let order = json!({"orderId": "mine"});
    for round in 0..60 {
        client.done("join_order_chat", order.clone()).await;
        let send = |n: u32| ("send_message", json!({"orderId": "mine", "content": format!("round {round}, {n}")}));
        let join = ("join_order_chat", order.clone());
        let leave = ("leave_order_chat", order.clone());
        let requests = [send(1), leave, send(2), join.clone(), send(3), join];
        for (id, (event, data)) in requests.iter().enumerate() {
            client.socket.text(&json!({"id": 1_000 + id, "event": event, "data": data}).to_string()).await;
            // The next one meets the send at another point of its way in every round.
            let until = tokio::time::Instant::now() + std::time::Duration::from_micros(80 * round);
            while tokio::time::Instant::now() < until {
                tokio::task::yield_now().await;
            }
        }
        let mut answered = std::collections::BTreeMap::new();
        for _ in &requests {
            let answer = client.answer().await;
            answered.insert(answer["id"].as_u64().unwrap(), answer["data"]["seq"].clone());
        }
        assert!(answered.keys().copied().eq(1_000..1_006), "{answered:?}");
        let numbers = [1_000, 1_002, 1_004].map(|id| answered[&id].as_u64().unwrap());
        assert_eq!(numbers, [1, 2, 3].map(|n| 3 * round + n), "sends of one connection keep their order");
        client.done("leave_order_chat", order.clone()).await;
    }
    bystanders.undisturbed().await;
}

/// Two hundred of the longest messages are more than waits for any connection, and still nobody is closed for asking for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_an_answer_holds_comes_in_several() {
    const MESSAGES: u64 = 200;
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("long", "mallory", "eve").await;
    let mut mallory = node.user("mallory").await;
    for n in 1..=MESSAGES {
        let content = format!("{n} {}", "\u{1F529}".repeat(1_900));
        mallory.done("send_message", json!({"orderId": "long", "content": content})).await;
    }
    let mut eve = node.user("eve").await;
    let (mut since, mut seen) = (0, Vec::new());
    loop {
        let joined = eve.done("join_order_chat", json!({"orderId": "long", "since": since})).await;
        let messages = joined["messages"].as_array().unwrap();
        seen.extend(messages.iter().map(|message| message["seq"].as_u64().unwrap()));
        assert!(joined["upTo"].as_u64().unwrap() > since, "{}", joined["upTo"]);
        since = joined["upTo"].as_u64().unwrap();
        if joined["more"] == json!(false) {
            break;
        }
    }
    assert!(seen.iter().copied().eq(1..=MESSAGES));
    // A single answer that is longer than what waits for a connection is no slowness either.
    let mut cursors = serde_json::Map::new();
    for n in 0..100 {
        let order = format!("o-{n}");
        node.order(&order, "mallory", "eve").await;
        let content = format!("{n} {}", "\u{1F529}".repeat(1_900));
        mallory.done("send_message", json!({"orderId": order, "content": content})).await;
        cursors.insert(order, json!(0));
    }
    let asked = cursors.len();
    let mut answers = 0;
    while !cursors.is_empty() {
        let synced = eve.done("sync", json!({"cursors": cursors})).await;
        for (order, missed) in synced["orders"].as_object().unwrap() {
            if missed["more"] == json!(false) {
                assert_eq!(missed["messages"].as_array().unwrap().len(), 1, "{order}");
                cursors.remove(order);
            }
        }
        answers += 1;
    }
    assert!(answers > 1 && answers < asked, "{answers}");
    bystanders.undisturbed().await;
}
