//! REST, asked wrongly.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::common::http::{self, Answer, Ask, Asking, rest};
use crate::common::{Bystanders, TestNode, token};

const BODY_BYTES: usize = 65_536;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_and_methods_that_are_not_here() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    for path in [
        "/",
        "/chat",
        "//chats",
        "/chats/calm/members",
        "/admin/orders",
        "/admin/chats/calm",
        "/admin/audit/1",
        "/metrics",
        "/readyz",
        "/.env",
        "/ws/x",
        "/chats/calm/messages/1/",
        "/%63hats/x/y/z",
        "/admin/reports",
        "/socket.io/x",
    ] {
        let status = if path.ends_with("1/") { (405, "method_not_allowed") } else { (404, "not_found") };
        let answer = Ask::new("GET", path).user("alice").to(&node).await;
        answer.expect_problem(status.0, status.1);
        assert!(!answer.text.contains("chat for you"), "{path}: {answer:?}");
    }
    for file in ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js.map"] {
        let answer = Ask::new("GET", &format!("/socket.io/{file}")).to(&node).await;
        answer.expect_problem(404, "not_found");
        assert!(answer.text.contains("socket.io-client"), "it says where to get the client: {answer:?}");
    }
    let operators = Ask::new("GET", "/metrics").to(&node).await;
    assert!(operators.text.contains("node.operator_listen"), "{operators:?}");
    // A last slash changes nothing, and HEAD is GET without the body.
    for path in ["/chats", "/chats/calm", "/chats/calm/messages?limit=3"] {
        let (path, query) =
            path.split_once('?').map_or((path, String::new()), |(path, query)| (path, format!("?{query}")));
        let get = Ask::new("GET", &format!("{path}{query}")).user("alice").to(&node).await;
        let slash = Ask::new("GET", &format!("{path}/{query}")).user("alice").to(&node).await;
        let head = Ask::new("HEAD", &format!("{path}{query}")).user("alice").to(&node).await;
        assert_eq!((get.status, &slash.text), (200, &get.text), "{path}");
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        let length = get.text.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()), "{path}");
    }
    for (method, path, allow) in [
        ("DELETE", "/chats", "GET, HEAD"),
        ("PUT", "/chats/calm/", "GET, HEAD"),
        ("DELETE", "/chats/calm/messages", "GET, HEAD, POST"),
        ("TRACE", "/chats/calm/messages", "GET, HEAD, POST"),
        ("BREW", "/chats", "GET, HEAD"),
        ("GET", "/admin/orders/calm", "PUT"),
        ("POST", "/admin/orders/calm", "PUT"),
        ("GET", "/chats/calm/messages/1", "PATCH"),
        ("HEAD", "/chats/calm/messages/1", "PATCH"),
        ("POST", "/admin/chats/calm/originals", "GET, HEAD"),
        ("DELETE", "/admin/audit", "GET, HEAD"),
        ("POST", "/ws", "GET, HEAD"),
        ("PUT", "/socket.io/", "GET, HEAD"),
        ("POST", "/api/chat/socket?EIO=4&transport=polling", "GET, HEAD"),
    ] {
        let answer = Ask::new(method, path).user("alice").to(&node).await;
        if method == "HEAD" {
            assert_eq!((answer.status, answer.text.as_str()), (405, ""));
        } else {
            answer.expect_problem(405, "method_not_allowed");
        }
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_and_queries_that_make_no_sense() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let long = format!("/chats/{}", "o".repeat(265));
    for path in [
        "/chats//",
        "/chats/%zz",
        "/chats/%",
        "/chats/%ff%fe",
        "/chats/%00",
        "/chats/a%2Fb",
        "/chats/..",
        "/chats/%2e%2e/messages",
        "/chats/a%20b/messages",
        "/chats//messages",
        &long,
        "/chats?limit=0",
        "/chats?limit=201",
        "/chats?limit=ten",
        "/chats?limit=-1",
        "/chats?limit=9007199254740992",
        "/chats?cursor=made-up",
        "/chats?cursor=%zz",
        "/chats?cursor=",
        "/chats?limit",
        "/chats/calm/messages?since=",
        "/chats/calm/messages?since",
        "/chats/calm/messages?since=0&since=1",
        "/chats/calm/messages?since=-1",
        "/chats/calm/messages?since=1.5",
        "/chats/calm/messages?since=%31%",
        "/chats/calm/messages?since=1000",
        "/chats/calm/messages?since=2026-01-01T00:00:00Z",
        "/chats/calm/messages?since=9007199254740991",
        "/chats/calm/messages?since=0&before=5",
        "/chats/calm/messages?before=9007199254740992",
        "/chats/calm/messages?limit=0",
        "/chats/calm/messages?limit=201",
    ] {
        Ask::new("GET", path).user("alice").to(&node).await.expect_problem(400, "bad_request");
    }
    for path in [
        "/chats/%63alm",
        "/chats/",
        "/chats/calm/messages?%73ince=0",
        "/chats/calm/messages?before=9007199254740991",
        "/chats/calm/messages?before=0",
        "/chats?nonsense=%zz",
    ] {
        let answer = Ask::new("GET", path).user("alice").to(&node).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_and_missing_orders_are_the_same_answer() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    for (method, rest) in [("GET", ""), ("GET", "/messages"), ("GET", "/messages?since=7"), ("POST", "/messages")] {
        let mut bodies = Vec::new();
        for order in ["calm", "no-such-order"] {
            let ask = Ask::new(method, &format!("/chats/{order}{rest}")).user("mallory");
            let answer = ask.json(r#"{"content":"let me in"}"#).to(&node).await;
            answer.expect_problem(403, "forbidden");
            bodies.push(answer.text);
        }
        assert_eq!(bodies[0], bodies[1], "{method} {rest}");
    }
    let list = Ask::new("GET", "/chats").user("mallory").to(&node).await;
    assert_eq!((list.status, list.json()), (200, json!({"chats": []})));
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_admins_see_originals_and_the_audit_log() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    for path in
        ["/admin/chats/calm/originals", "/admin/chats/no-such-order/originals", "/admin/audit", "/admin/audit?limit=0"]
    {
        let answer = Ask::new("GET", path).to(&node).await;
        answer.expect_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        let answer = Ask::new("GET", path).bearer("a.b.c").to(&node).await;
        answer.expect_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    let admin = || token::with_role("root", "admin");
    for path in ["/admin/chats/calm/originals", "/admin/chats/no-such-order/originals", "/admin/audit"] {
        for token in [token::of("alice"), token::of("mallory"), token::with_role("market", "service")] {
            let answer = Ask::new("GET", path).bearer(&token).to(&node).await;
            answer.expect_problem(403, "forbidden");
            assert!(answer.text.contains("role admin"), "it is not about a chat: {answer:?}");
        }
    }
    let empty = Ask::new("GET", "/admin/chats/calm/originals").bearer(&admin()).to(&node).await;
    assert_eq!((empty.status, empty.json()), (200, json!({"originals": []})));
    for path in [
        "/admin/chats/calm/originals?limit=101",
        "/admin/chats/calm/originals?cursor=made-up",
        "/admin/chats/a%2Fb/originals",
        "/admin/audit?limit=0",
        "/admin/audit?cursor=1/2",
    ] {
        Ask::new("GET", path).bearer(&admin()).to(&node).await.expect_problem(400, "bad_request");
    }
    let audit = Ask::new("GET", "/admin/audit").bearer(&admin()).to(&node).await.json();
    let entries = audit["entries"].as_array().unwrap();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry["userId"] == "root"), "{audit}");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_of_what_is_not_mine_changes_nothing() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    assert_eq!(send(&node, Some("a"), "write to m@example.org").await.json()["masked"][0]["category"], "email");
    let edit = |user: &'static str, message: &'static str, body: &'static str| {
        let ask = Ask::new("PATCH", &format!("/chats/mine/messages/{message}")).user(user).json(body);
        async { ask.to(&node).await }
    };
    let text = r#"{"content":"x"}"#;
    edit("eve", "1", text).await.expect_problem(403, "not_author");
    edit("alice", "1", text).await.expect_problem(403, "forbidden");
    edit("mallory", "2", text).await.expect_problem(404, "not_found");
    for message in ["0", "-1", "x", "calm:1", "9007199254740992", "%31%"] {
        edit("mallory", message, text).await.expect_problem(400, "bad_request");
    }
    for (body, status, code) in [
        ("{}", 400, "bad_request"),
        (r#"{"content":7}"#, 400, "bad_request"),
        (r#"{"content":" "}"#, 400, "empty"),
        ("[", 400, "bad_request"),
    ] {
        edit("mallory", "1", body).await.expect_problem(status, code);
    }
    let history = Ask::new("GET", "/chats/mine/messages").user("eve").to(&node).await.json();
    assert_eq!(
        (&history["messages"][0]["content"], &history["head"]),
        (&json!("write to ***"), &json!(1)),
        "{history}"
    );
    assert!(history["messages"][0].get("masked").is_none(), "{history}");
    let edited = edit("mallory", "mine:1", r#"{"content":" call me later "}"#).await;
    assert_eq!((edited.status, &edited.json()["content"]), (200, &json!("call me later")), "{edited:?}");
    bystanders.undisturbed().await;
}

async fn send(node: &TestNode, key: Option<&str>, content: &str) -> Answer {
    let mut ask = Ask::new("POST", "/chats/mine/messages").user("mallory");
    if let Some(key) = key {
        ask = ask.header("idempotency-key", key);
    }
    ask.json(json!({"content": content})).to(node).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_belongs_to_its_text_for_ever() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let first = send(&node, Some("k-1"), "one").await;
    assert_eq!((first.status, &first.json()["seq"], &first.json()["clientMessageId"]), (201, &json!(1), &json!("k-1")));
    let repeat = send(&node, Some("k-1"), " one ").await;
    assert_eq!((repeat.status, repeat.json()), (200, first.json()));
    send(&node, Some("k-1"), "two").await.expect_problem(409, "idempotency_conflict");
    // A socket's id and a request's key are the same thing.
    let mut client = node.user("mallory").await;
    let data = |content: &str| json!({"orderId": "mine", "content": content, "clientMessageId": "k-1"});
    assert_eq!(client.done("send_message", data("one")).await, first.json());
    assert_eq!(client.code("send_message", data("two")).await, "idempotency_conflict");
    for key in ["", "a b", "a~b", "..", &"k".repeat(65), "k\u{e9}"] {
        send(&node, Some(key), "three").await.expect_problem(400, "bad_request");
    }
    // The body's id is the same thing once more.
    let post = |key: Option<&str>, body: Value| {
        let ask = Ask::new("POST", "/chats/mine/messages").user("mallory");
        let ask = match key {
            Some(key) => ask.header("idempotency-key", key),
            None => ask,
        };
        ask.json(body).to(&node)
    };
    let named = |id: &str| json!({"content": "one", "clientMessageId": id});
    for key in [None, Some("k-1")] {
        let repeat = post(key, named("k-1")).await;
        assert_eq!((repeat.status, repeat.json()), (200, first.json()));
    }
    post(Some("k-2"), named("k-1")).await.expect_problem(400, "bad_request");
    post(None, json!({"content": "two", "clientMessageId": "k-1"})).await.expect_problem(409, "idempotency_conflict");
    for id in [json!(7), json!(""), json!("a b"), json!(["k-1"]), json!({})] {
        post(None, json!({"content": "three", "clientMessageId": id})).await.expect_problem(400, "bad_request");
    }
    assert_eq!(send(&node, None, "one").await.json()["seq"], json!(2), "without a key each is its own message");
    let null = post(None, json!({"content": "one", "clientMessageId": null})).await;
    assert_eq!(null.json()["seq"], json!(3), "null is none");
    client.quiet(&["message_sent"]).await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_message() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let post = || Ask::new("POST", "/chats/mine/messages").user("mallory");
    let deep = format!(r#"{{"content":"x","more":{}{}}}"#, "[".repeat(8), "]".repeat(8));
    let large = format!(r#"{{"content":"x","more":"{}"}}"#, "x".repeat(BODY_BYTES));
    for (body, code) in [
        ("", "bad_request"),
        ("null", "bad_request"),
        ("[]", "bad_request"),
        (r#""text""#, "bad_request"),
        ("{}", "bad_request"),
        (r#"{"content":7}"#, "bad_request"),
        (r#"{"content":null}"#, "bad_request"),
        (r#"{"content":"x"} x"#, "bad_request"),
        (r#"{"content":"x","content":"y"}"#, "bad_request"),
        (r#"{"content":"\ud800"}"#, "bad_request"),
        (deep.as_str(), "bad_request"),
        (r#"{"content":" \n "}"#, "empty"),
        (&json!({"content": "x".repeat(2_001)}).to_string(), "too_long"),
    ] {
        post().json(body).to(&node).await.expect_problem(400, code);
    }
    post().json(&large).to(&node).await.expect_problem(413, "bad_request");
    for coding in ["gzip", "br", "identity, gzip"] {
        let packed = post().header("content-encoding", coding).json(r#"{"content":"x"}"#).to(&node).await;
        packed.expect_problem(415, "media_not_allowed");
        assert!(packed.text.contains("Content-Encoding") && packed.header("accept-encoding") == Some("identity"));
    }
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""]
    {
        post().body(kind, r#"{"content":"x"}"#).to(&node).await.expect_problem(415, "media_not_allowed");
    }
    let answer = post().body("Application/JSON; charset=utf-8", r#"{"content":"x"}"#).to(&node).await;
    assert_eq!((answer.status, &answer.json()["seq"]), (201, &json!(1)), "nothing before it was kept");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_before_the_body_was_read_is_the_last_and_says_so() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let (body, bearer) = (r#"{"content":"x"}"#, format!("authorization: Bearer {}\r\n", token::of("mallory")));
    let json = "content-type: application/json\r\n";
    for (line, more, status) in [
        ("POST /chats/mine/messages", String::new(), 401),
        ("POST /chats/mine/messages", format!("{bearer}origin: http://evil.example\r\n"), 403),
        ("POST /chats/mine/messages", format!("{bearer}host: twice\r\n"), 400),
        ("POST /nowhere", bearer.clone(), 404),
        ("PUT /chats", bearer.clone(), 405),
        ("POST /ws", bearer.clone(), 405),
        ("GET /ws", bearer.clone(), 426),
        ("POST /chats/mine/messages", format!("{bearer}content-type: text/plain\r\n"), 415),
        ("POST /chats/m:n/messages", format!("{bearer}{json}"), 400),
    ] {
        for framing in ["content-length: 15", "transfer-encoding: chunked"] {
            let mut stream = TcpStream::connect(node.address()).await.unwrap();
            let head = format!("{line} HTTP/1.1\r\nhost: souk.test\r\n{framing}\r\n{more}\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let (answer, behind) = http::answer(&mut stream).await;
            let connection = answer.header("connection").unwrap_or_default();
            assert_eq!((answer.status, connection.rsplit(", ").next()), (status, Some("close")), "{line}: {answer:?}");
            assert_eq!((answer.header("keep-alive"), behind.len()), (None, 0), "{line}: {answer:?}");
            // What comes now is taken for no request.
            let _ = stream.write_all(body.as_bytes()).await;
            assert_eq!(rest(&mut stream).await, b"", "{line}");
        }
    }
    // A refusal of what was read whole, and of what has no body, is not the last.
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    for ask in [
        Ask::new("POST", "/chats/mine/messages").user("mallory").json("{}"),
        Ask::new("POST", "/chats/calm/messages").user("mallory").json(body),
        Ask::new("POST", "/chats/mine/messages"),
        Ask::new("DELETE", "/chats").user("mallory").header("content-length", "0"),
        Ask::new("POST", "/chats/mine/messages").user("mallory").json(body),
    ] {
        let answer = ask.on(&mut stream).await;
        assert_eq!(
            (answer.header("connection"), answer.header("keep-alive")),
            (None, Some("timeout=75")),
            "{answer:?}"
        );
    }
    bystanders.undisturbed().await;
}

/// Sends a head, then the body in this way.
async fn post_slowly(node: &TestNode, framing: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let head = format!(
        "POST /chats/mine/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n{framing}\r\n\r\n",
        token::of("mallory"),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let _ = stream.write_all(body).await;
    Answer::parse(&rest(&mut stream).await).unwrap()
}

pub(crate) async fn bodies_have_bounds_of_size_and_time() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    node.order("mine", "mallory", "eve").await;
    let began = tokio::time::Instant::now();
    // What is announced to be too large is refused at once; what turns out to be, then; what does not come is given up.
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000)).repeat(3);
    let announced = "content-length: 1000000000000";
    let large = vec![b'x'; BODY_BYTES + 1];
    let (chunked, unended, unsent, never) = tokio::join!(
        post_slowly(&node, "transfer-encoding: chunked", chunk.as_bytes()),
        post_slowly(&node, announced, &large),
        post_slowly(&node, announced, b""),
        post_slowly(&node, "content-length: 15", br#"{"content":"#),
    );
    for answer in [chunked, unended, unsent] {
        answer.expect_problem(413, "bad_request");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    never.expect_problem(408, "bad_request");
    let took = began.elapsed().as_millis();
    assert!((9_500..18_000).contains(&took), "a body has ten seconds, not {took} ms");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_made_by_the_market_alone() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let put = |order: &str, token: &str, body: &str| {
        Ask::new("PUT", &format!("/admin/orders/{order}")).bearer(token).json(body)
    };
    let good = r#"{"client":"mallory","contractor":"eve"}"#;
    for token in
        [token::of("mallory"), token::with_role("mallory", "client"), token::with_role("mallory", "contractor")]
    {
        for order in ["calm", "mine"] {
            put(order, &token, good).to(&node).await.expect_problem(403, "forbidden");
        }
    }
    let market = token::with_role("market", "service");
    for body in [
        r#"{"client":"mallory","contractor":"mallory"}"#,
        r#"{"client":"mallory"}"#,
        r#"{"client":"mallory","contractor":7}"#,
        r#"{"client":"mallory","contractor":"a b"}"#,
        r#"{"client":"mallory","contractor":"eve","status":"stolen"}"#,
        &json!({"client": "mallory", "contractor": "eve", "title": "t".repeat(201)}).to_string(),
    ] {
        put("mine", &market, body).to(&node).await.expect_problem(400, "bad_request");
    }
    put("dm~eve~mallory", &market, good).to(&node).await.expect_problem(400, "bad_request");
    put("calm", &market, good).to(&node).await.expect_problem(409, "idempotency_conflict");
    put("calm", &market, r#"{"client":"bob","contractor":"alice"}"#)
        .to(&node)
        .await
        .expect_problem(409, "idempotency_conflict");
    assert_eq!(put("mine", &market, good).to(&node).await.status, 201);
    assert_eq!(put("mine", &market, good).to(&node).await.status, 200);
    for role in ["service", "admin"] {
        let ask = Ask::new("POST", "/chats/mine/messages").bearer(&token::with_role("mallory", role));
        ask.json(r#"{"content":"x"}"#).to(&node).await.expect_problem(403, "forbidden");
    }
    bystanders.undisturbed().await;
}
