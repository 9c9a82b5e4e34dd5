//! Socket.IO, spoken wrongly.

use std::time::Duration;

use serde_json::{Value, json};

use crate::common::http::{Ask, Asking};
use crate::common::socket::{BINARY, frame};
use crate::common::socketio::connect_error;
use crate::common::{Bystanders, Frame, Socket, SocketIo, TestNode, token};

const PATHS: [&str; 4] = ["/socket.io", "/socket.io/", "/api/chat/socket", "/api/chat/socket/"];
const WEBSOCKET: &str = "EIO=4&transport=websocket";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transports_and_versions_that_are_not_here_get_the_stock_refusals() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    for path in PATHS {
        for (query, code) in [
            ("?EIO=4&transport=polling", 0),
            ("?EIO=4&transport=polling&t=abc&sid=x", 0),
            ("?EIO=4&transport=webtransport", 0),
            ("?EIO=4", 0),
            ("", 0),
            ("?EIO=4&transport=websocket&sid=a-1", 1),
            ("?EIO=4&transport=websocket&sid=", 1),
            ("?EIO=3&transport=websocket", 5),
            ("?EIO=44&transport=websocket", 5),
            ("?transport=websocket", 5),
        ] {
            let plain = Ask::new("GET", &format!("{path}{query}")).to(&node).await;
            let upgrade = Socket::open(node.address(), &format!("{path}{query}"), &[]).await.err();
            for answer in [plain, upgrade.unwrap_or_else(|| panic!("upgraded: {path}{query}"))] {
                assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(code)), "{path}{query}: {answer:?}");
                assert!(code != 0 || answer.json()["message"] == json!("Transport unknown"), "{answer:?}");
            }
        }
        let answer = Ask::new("GET", &format!("{path}?{WEBSOCKET}")).to(&node).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(3)), "not an upgrade: {answer:?}");
        let opened = SocketIo::over(node.socket(&format!("{path}?{WEBSOCKET}"), &[]).await).await.open;
        assert!(opened["sid"].is_string(), "{opened}");
        let told = ["pingInterval", "pingTimeout", "maxPayload", "upgrades"].map(|name| opened[name].clone());
        assert_eq!(told, [json!(25_000), json!(20_000), json!(65_536), json!([])], "{opened}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn namespaces_of_one_connection_are_one_persons() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut stock = node.socket_io().await;
    stock.connect("/chat,", &token::of("mallory")).await;
    assert_eq!(connect_error(&stock.try_connect("", &token::of("alice")).await, ""), "forbidden");
    stock.send("40/admin,{}").await;
    connect_error(&stock.packet().await, "/admin,");
    // The one that is open goes on, and the other opens with the right token.
    assert_eq!(stock.ask("/chat,", "join_app", json!({})).await["me"]["userId"], json!("mallory"));
    stock.connect("", &token::of("mallory")).await;
    assert_eq!(stock.ask("", "join_app", json!({})).await["me"]["userId"], json!("mallory"));
    assert_eq!(node.figure("souk_people_here").await, 3);

    // After both are left, anybody may come; what was left is no longer there.
    stock.send("41").await;
    stock.send("41/chat,").await;
    stock.connect("", &token::of("eve")).await;
    assert_eq!(stock.ask("", "join_app", json!({})).await["me"]["userId"], json!("eve"));
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_auth_wins_over_the_header() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let bearer = format!("Bearer {}", token::of("mallory"));
    let open = async || {
        let path = format!("/socket.io/?{WEBSOCKET}");
        SocketIo::over(node.socket(&path, &[("authorization", &bearer)]).await).await
    };
    let mut stock = open().await;
    assert_eq!(connect_error(&stock.try_connect("", "forged").await, ""), "unauthorized");
    for auth in [r#"{"token":7}"#, r#"{"token":["x"]}"#, r#"{"token":"a","token":"b"}"#] {
        stock.send(&format!("40{auth}")).await;
        assert_eq!(connect_error(&stock.packet().await, ""), "unauthorized", "{auth}");
    }
    stock.connect("", &token::of("eve")).await;
    assert_eq!(stock.ask("", "join_app", json!({})).await["me"]["userId"], json!("eve"));
    for auth in ["", "{}", r#"{"token":null}"#] {
        let mut stock = open().await;
        stock.send(&format!("40{auth}")).await;
        assert!(stock.packet().await.starts_with("40{"), "{auth}");
        assert_eq!(stock.ask("", "join_app", json!({})).await["me"]["userId"], json!("mallory"));
    }
    for auth in ["", "null"] {
        let mut bare = node.socket_io().await;
        bare.send(&format!("40{auth}")).await;
        assert_eq!(connect_error(&bare.packet().await, ""), "unauthorized");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auth_that_is_no_object_with_a_token_is_a_connect_error_that_says_so() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let token = token::of("mallory");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(8), "]".repeat(8));
    let cases = [
        (json!(token).to_string(), "auth must be an object"),
        ("[]".to_owned(), "auth must be an object"),
        (json!([token]).to_string(), "auth must be an object"),
        ("7".to_owned(), "auth must be an object"),
        ("true".to_owned(), "auth must be an object"),
        ("\"".to_owned(), "auth must be an object"),
        (token.clone(), "auth must be an object"),
        ("{bad".to_owned(), "auth cannot be read"),
        ("{".to_owned(), "auth cannot be read"),
        (format!("{{\"token\":\"{token}\"}}x"), "auth cannot be read"),
        (deep, "levels deep"),
        (r#"{"token":{"token":"x"}}"#.to_owned(), "auth.token must be a text"),
        (r#"{"jwt":"x"}"#.to_owned(), "give a token as auth.token"),
    ];
    for prefix in ["", "/chat,"] {
        let mut stock = node.socket_io().await;
        for (auth, message) in &cases {
            stock.send(&format!("40{prefix}{auth}")).await;
            let refused = stock.packet().await;
            assert_eq!(connect_error(&refused, prefix), "unauthorized", "{auth}: {refused}");
            assert!(refused.contains(message) && !refused.contains(&token), "{auth}: {refused}");
        }
        // None of it was held against the connection.
        stock.connect(prefix, &token).await;
        assert!(stock.ask(prefix, "ping", json!({})).await.is_object());
    }
    // A namespace that is not there is a CONNECT_ERROR, however long its name and whatever its auth.
    let mut stock = node.socket_io().await;
    for prefix in ["/admin,".to_owned(), format!("/{},", "n".repeat(5_000)), "/chat/,".to_owned()] {
        stock.send(&format!("40{prefix}{{bad")).await;
        assert_eq!(connect_error(&stock.packet().await, &prefix), "bad_request");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_packet_ends_the_connection_at_once_and_says_why() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let cases = [
        ("", "begins with a digit"),
        ("abc", "begins with a digit"),
        ("é", "begins with a digit"),
        ("9", "begins with a digit"),
        ("b64", "begins with a digit"),
        ("4", "digit of its kind"),
        ("4abc", "digit of its kind"),
        ("47", "digit of its kind"),
        ("0{}", "missing field"),
        (r#"0{"sid":"s","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}"#, "only the server opens"),
        ("42/nowhere,[\"ping\"]", "no such namespace"),
        ("41/nowhere,", "no such namespace"),
        ("45-[]", "attachments"),
        ("4511-[]", "attachments"),
        ("42/chat,[\"ping\",{}]", "connect to the namespace"),
        ("42/chat,7[\"send_message\",{\"orderId\":\"calm\",\"content\":\"x\"}]", "connect to the namespace"),
        ("42/chat,{}", "is a JSON array"),
        ("43/chat,7[]", "no acknowledgements"),
        ("44/chat,{}", "only the server refuses"),
        ("451-/chat,[\"ping\",{\"_placeholder\":true,\"num\":0}]", "binary attachments"),
    ];
    for (n, (packet, why)) in cases.into_iter().enumerate() {
        // Before a namespace is open there is nobody to tell but whoever reads close frames …
        let mut bare = node.socket_io().await;
        bare.send(packet).await;
        let Frame::Close(code, reason) = bare.socket.next().await else { panic!("{packet}: no close frame") };
        assert_eq!(code, 4008, "{packet}");
        assert!(reason.contains(why), "{packet}: {reason}");
        assert_eq!(bare.socket.next().await, Frame::End, "{packet}");
        // … and one that is open is told, and does not make stock clients come back.
        let (token, mut stock) = (token::of(&format!("mallory-{n}")), node.socket_io().await);
        stock.connect("", &token).await;
        stock.send(packet).await;
        let (name, closing) = stock.event("").await;
        assert_eq!((name.as_str(), &closing["closeCode"]), ("closing", &json!(4008)), "{packet}: {closing}");
        assert!(closing["message"].as_str().is_some_and(|message| message.contains(why)), "{packet}: {closing}");
        assert_eq!(stock.packet().await, "41", "{packet}");
        assert_eq!(stock.closed().await, 4008, "{packet}");
        assert_eq!(connect_error(&node.socket_io().await.try_connect("", &token).await, ""), "forbidden", "{packet}");
    }
    let mut bare = node.socket_io().await;
    bare.socket.send(&frame(BINARY, b"\x00")).await;
    assert_eq!(bare.closed().await, 4008);
    // The token of the handshake is remembered like those of namespaces.
    let token = token::of("eve");
    let path = format!("/socket.io/?{WEBSOCKET}");
    let mut bare = SocketIo::over(node.socket(&path, &[("authorization", &format!("Bearer {token}"))]).await).await;
    bare.send("abc").await;
    assert_eq!(bare.closed().await, 4008);
    assert_eq!(connect_error(&node.socket_io().await.try_connect("", &token).await, ""), "forbidden");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_packets_that_are_no_protocol_end_it_and_the_token_is_refused_afterwards() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let noise = [
        "42",
        "42{}",
        "42[]",
        "42[7]",
        "42[\"ping\"",
        "43[]",
        "43",
        "431[{}]",
        "44{}",
        "40{}",
        "41{}",
        "42[[[[[[[[[[[[",
        "429007199254740992[\"ping\"]",
    ];
    for (n, packet) in noise.into_iter().enumerate() {
        let (user, mut stock) = (format!("mallory-{n}"), node.socket_io().await);
        stock.connect("", &token::of(&user)).await;
        for _ in 0..9 {
            stock.send(packet).await;
            let (name, exception) = stock.event("").await;
            assert_eq!((name.as_str(), &exception["error"]["code"]), ("exception", &json!("bad_request")), "{packet}");
        }
        // Nine are not ten: an honest request is still answered.
        assert!(stock.ask("", "ping", json!({})).await.is_object(), "{packet}");
        stock.send(packet).await;
        assert_eq!(stock.event("").await.0, "exception", "{packet}");
        stock.farewell(4008, &[""]).await;
    }
    // The very token is refused for a while, on every namespace; the person's other tokens are not.
    let (bad, good) = (token::lasting("mallory", 1_000), token::lasting("mallory", 2_000));
    let mut stock = node.socket_io().await;
    stock.connect("", &bad).await;
    stock.connect("/chat,", &bad).await;
    stock.send("x").await;
    stock.farewell(4008, &["", "/chat,"]).await;
    for prefix in ["", "/chat,"] {
        let mut stock = node.socket_io().await;
        assert_eq!(connect_error(&stock.try_connect(prefix, &bad).await, prefix), "forbidden");
        stock.connect(prefix, &good).await;
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn misuse_is_not_washed_off_a_token() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    // A refresh that is refused does not replace the token that answers for the connection.
    let washed = token::lasting("mallory", 1_000);
    let mut stock = node.socket_io().await;
    stock.connect("", &washed).await;
    let refused = stock.ask("", "refresh_token", json!({"token": token::of("alice")})).await;
    assert_eq!(refused["error"]["code"], json!("forbidden"));
    stock.send("x").await;
    stock.farewell(4008, &[""]).await;
    assert_eq!(connect_error(&node.socket_io().await.try_connect("", &washed).await, ""), "forbidden");
    node.socket_io().await.connect("", &token::of("alice")).await;

    // Nor does leaving the namespace just before the last misuse.
    let left = token::lasting("eve", 1_000);
    let mut stock = node.socket_io().await;
    stock.connect("/chat,", &left).await;
    for _ in 0..9 {
        stock.send("42/chat,{}").await;
    }
    stock.send("41/chat,").await;
    stock.send("42/chat,{}").await;
    assert_eq!(stock.closed().await, 4008);
    assert_eq!(connect_error(&node.socket_io().await.try_connect("", &left).await, ""), "forbidden");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn binary_attachments_are_refused_and_swallowed() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut stock = node.socket_io().await;
    stock.connect("", &token::of("mallory")).await;
    for round in 0..20 {
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        stock.send(&format!(r#"452-{round}["send_message",{placeholder}]"#)).await;
        let refused = stock.packet().await;
        assert!(refused.starts_with(&format!(r#"43{round}[{{"error":{{"code":"bad_request""#)), "{refused}");
        for _ in 0..2 {
            stock.socket.send(&frame(BINARY, b"\x00\xff")).await;
        }
        assert!(stock.ask("", "ping", json!({})).await.is_object(), "after round {round}");
    }
    stock.send(r#"451-["send_message",{"_placeholder":true,"num":0}]"#).await;
    let (event, exception) = stock.event("").await;
    assert_eq!((event.as_str(), &exception["error"]["code"]), ("exception", &json!("bad_request")), "{exception}");
    stock.socket.send(&frame(BINARY, b"announced")).await;
    // One that was not announced is told, and counts.
    stock.socket.send(&frame(BINARY, b"not announced")).await;
    assert_eq!(stock.event("").await.0, "exception");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_make_no_sense_are_refused_in_their_acknowledgement() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut stock = node.socket_io().await;
    stock.connect("/chat,", &token::of("mallory")).await;
    let deep: Value = (0..7).fold(json!(1), |inner, _| json!([inner]));
    for (event, data, code) in [
        ("dance", json!({}), "bad_request"),
        ("authenticate", json!({"token": token::of("alice")}), "bad_request"),
        ("send_message", json!("alice"), "bad_request"),
        ("send_message", json!({"orderId": "calm", "content": "x"}), "forbidden"),
        ("send_message", json!({"orderId": "calm", "content": " "}), "empty"),
        ("send_message", json!({"orderId": "calm", "content": "x".repeat(2_001)}), "too_long"),
        ("join_order_chat", json!({"orderId": "no-such-order"}), "forbidden"),
        ("ping", deep, "bad_request"),
    ] {
        let answer = stock.ask("/chat,", event, data.clone()).await;
        assert_eq!(answer["error"]["code"], json!(code), "{event} {data}: {answer}");
    }
    stock.send(r#"42/chat,["send_message",{"orderId":"calm","content":7,"clientMessageId":"m-1"}]"#).await;
    let (event, exception) = stock.event("/chat,").await;
    assert_eq!(event, "exception");
    assert_eq!(exception["event"], json!("send_message"), "{exception}");
    assert_eq!(exception["clientMessageId"], json!("m-1"), "{exception}");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_left_a_namespace_hears_nothing_more_in_it() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let (mut eve, mut stock) = (node.user("eve").await, node.socket_io().await);
    stock.connect("/chat,", &token::of("mallory")).await;
    for round in 0..30 {
        stock.connect("", &token::of("mallory")).await;
        // Joins are under way when the namespace is left; those that were not answered before that never are.
        let (mut bytes, join) = (Vec::new(), r#"["join_order_chat",{"orderId":"mine"}]"#);
        for id in 0..5 {
            bytes.extend(frame(0x81, format!("42{id}{join}").as_bytes()));
        }
        bytes.extend(frame(0x81, b"41"));
        bytes.extend(frame(0x81, br#"42/chat,9["ping"]"#));
        stock.socket.send(&bytes).await;
        loop {
            let packet = stock.packet().await;
            if packet.starts_with("43/chat,9[") {
                break;
            }
            assert!(packet.starts_with("43"), "{packet}");
        }
        let text = format!("in round {round}");
        eve.done("send_message", json!({"orderId": "mine", "content": text})).await;
        let packet = stock.packet().await;
        assert!(packet.starts_with("42/chat,[\"new_message\"") && packet.contains(&text), "{packet}");
    }
    eve.done("send_message", json!({"orderId": "mine", "content": "the last"})).await;
    let packet = stock.packet().await;
    assert!(packet.starts_with("42/chat,[\"new_message\"") && packet.contains("the last"), "{packet}");
    crate::common::soon("the rooms of left namespaces are given up", async {
        while node.figure("souk_rooms").await != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_is_left_and_opened_again_does_not_inherit_answers() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut stock = node.socket_io().await;
    let connect = format!("40{}", json!({"token": token::of("mallory")}));
    for _ in 0..30 {
        let texts = [connect.as_str(), r#"427["join_app"]"#, r#"428["list_chats"]"#, "41", connect.as_str()];
        let bytes: Vec<u8> = texts.iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
        stock.socket.send(&bytes).await;
        let mut connected = 0;
        while connected < 2 {
            let packet = stock.packet().await;
            let answered = packet.starts_with("437[") || packet.starts_with("438[");
            assert!(packet.starts_with("40{") || connected == 1 && answered, "{packet}");
            connected += u32::from(packet.starts_with("40{"));
        }
        assert!(stock.ask("", "ping", json!({})).await.is_object());
        stock.send("41").await;
    }
    bystanders.undisturbed().await;
}

pub(crate) async fn leaving_what_is_not_open_wins_no_time() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let (never, mut left) = (node.socket_io().await, node.socket_io().await);
    left.connect("", &token::of("mallory")).await;
    // Again and again, until it ends: the time to open a namespace does not begin anew.
    let leave = async |mut stock: SocketIo| loop {
        stock.send("41").await;
        match stock.socket.next_within(Duration::from_millis(500)).await {
            Some(Frame::Close(code, _)) => return code,
            Some(other) => panic!("{other:?}"),
            None => {}
        }
    };
    let ended = async { tokio::join!(leave(never), leave(left)) };
    assert_eq!(crate::common::soon("they end", ended).await, (4001, 1000));
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_probes_and_goodbyes() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut stock = node.socket_io().await;
    for (ping, pong) in [("2", "3"), ("2probe", "3probe")] {
        stock.send(ping).await;
        assert_eq!(stock.packet().await, pong);
    }
    for ignored in ["3", "3nobody asked", "5", "6"] {
        stock.send(ignored).await;
    }
    stock.connect("", &token::of("mallory")).await;
    // The client's DISCONNECT is answered by nothing, as often as it comes; its Engine.IO close ends the transport without a word in
    // between.
    for left in ["41", "41", "41/chat,"] {
        stock.send(left).await;
    }
    stock.connect("", &token::of("mallory")).await;
    stock.send("1").await;
    assert!(matches!(stock.socket.next().await, Frame::Close(1000, _)));
    assert_eq!(stock.socket.next().await, Frame::End);
    crate::common::soon("mallory is gone", async {
        while node.figure("souk_people_here").await != 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_leaves_says_so_and_lets_stock_clients_come_back() {
    let node = TestNode::start().await;
    let (mut stock, mut client) = (node.socket_io().await, node.user("mallory").await);
    stock.connect("", &token::of("mallory")).await;
    stock.connect("/chat,", &token::of("mallory")).await;
    let leaving = tokio::spawn(node.leave());
    let told = [stock.event("").await, stock.event("/chat,").await, client.push().await];
    for (name, data) in told {
        assert_eq!((name.as_str(), data["reconnectAfterMs"].is_u64()), ("server_draining", true), "{data}");
    }
    stock.farewell(4102, &["", "/chat,"]).await;
    assert_eq!(client.closed().await, 4102);
    tokio::time::timeout(Duration::from_secs(20), leaving).await.expect("a node leaves in time").unwrap();
}
