//! Before there is a socket: pages, heads, methods, rates.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::common::http::{self, Answer, Ask, Asking, rest};
use crate::common::{Bystanders, Socket, TestNode, token};

const SOCKETS: [&str; 3] =
    ["/ws", "/socket.io/?EIO=4&transport=websocket", "/api/chat/socket/?EIO=4&transport=websocket"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pages_on_the_list_connect() {
    let node = TestNode::with("origins = ['https://market.example']", "messages = 0").await;
    let mut bystanders = Bystanders::of(&node).await;
    let foreign = [
        "https://evil.example",
        "http://market.example",
        "https://market.example.evil",
        "https://market.example:8443",
        "https://MARKET.example",
        "https://market.example/",
        "null",
        "*",
        "",
        "http://souk.test",
    ];
    for origin in foreign {
        for path in SOCKETS {
            let answer = Socket::open(node.address(), path, &[("origin", origin)]).await.err();
            let answer = answer.unwrap_or_else(|| panic!("{origin:?} came in on {path}"));
            answer.expect_problem(403, "forbidden");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
        for method in ["GET", "POST", "OPTIONS"] {
            let answer = Ask::new(method, "/chats").user("alice").header("origin", origin).to(&node).await;
            answer.expect_problem(403, "forbidden");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
    for path in SOCKETS {
        node.socket(path, &[("origin", "https://market.example")]).await;
        node.socket(path, &[]).await;
    }
    let answer = Ask::new("GET", "/chats").user("alice").header("origin", "https://market.example").to(&node).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://market.example"));
    assert_eq!(answer.header("vary").map(str::to_lowercase).as_deref(), Some("origin"));
    // What is refused for its head may be read by the page all the same: it would see an error of the network else.
    let ask = || Ask::new("POST", "/chats/calm/messages").user("alice");
    for (name, value, status) in [("content-length", "1000000", 413), ("idempotency-key", "k", 400)] {
        for origin in ["https://market.example", "https://evil.example"] {
            let answer =
                ask().header(name, value).header("idempotency-key", "k").header("origin", origin).to(&node).await;
            let is_allowed = origin == "https://market.example";
            assert_eq!(answer.status, if is_allowed { status } else { 403 }, "{answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), is_allowed.then_some(origin), "{answer:?}");
        }
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_list_only_the_nodes_own_page_connects() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    for path in SOCKETS {
        node.socket(path, &[("origin", "http://souk.test")]).await;
        node.socket(path, &[("origin", "http://souk.test:80")]).await;
        let answer = Socket::open(node.address(), path, &[("origin", "http://evil.example")]).await.err();
        answer.expect("refused").expect_problem(403, "forbidden");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_the_nodes_own_at_its_default_port_and_behind_a_proxy() {
    let node = TestNode::with("trusted_networks = ['127.0.0.7']", "messages = 0").await;
    let mut bystanders = Bystanders::of(&node).await;
    for (host, origin, status) in [
        ("shop.example:443", "https://shop.example", 200),
        ("shop.example", "https://shop.example", 200),
        ("shop.example:80", "http://shop.example", 200),
        ("shop.example:80", "https://shop.example", 403),
        ("shop.example", "https://shop.example:8443", 403),
        ("evil.example", "https://shop.example", 403),
    ] {
        let answer =
            Ask::new("GET", "/chats").header("host", host).user("alice").header("origin", origin).to(&node).await;
        assert_eq!(answer.status, status, "{origin} to {host}");
    }
    let forwarded = [("x-forwarded-host", "shop.example"), ("x-forwarded-proto", "https")];
    for (source, origin, admitted) in [
        ([127, 0, 0, 7], "https://shop.example", true),
        ([127, 0, 0, 7], "https://shop.example:443", true),
        ([127, 0, 0, 7], "http://shop.example", false),
        ([127, 0, 0, 7], "http://souk.test", false),
        ([127, 0, 0, 8], "https://shop.example", false),
        ([127, 0, 0, 8], "http://souk.test", true),
    ] {
        let headers = [("origin", origin), forwarded[0], forwarded[1]];
        let opened = Socket::open_from(source.into(), node.address(), "/ws", &headers).await;
        assert_eq!(opened.is_ok(), admitted, "{origin} by {source:?}");
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preflight_is_told_what_pages_may_send() {
    let node = TestNode::with("origins = ['https://market.example']", "").await;
    for path in ["/chats", "/chats/calm/messages", "/admin/orders/calm"] {
        let ask = Ask::new("OPTIONS", path)
            .header("origin", "https://market.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,idempotency-key");
        let answer = ask.to(&node).await;
        assert!(matches!(answer.status, 200 | 204), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://market.example"));
        let list = |name: &str| answer.header(name).unwrap_or_else(|| panic!("{name}: {answer:?}")).to_lowercase();
        let headers = list("access-control-allow-headers");
        assert!(headers.contains("authorization") && headers.contains("idempotency-key"), "{headers}");
        assert!(list("access-control-allow-methods").contains("post"));
        assert_eq!(answer.header("access-control-allow-credentials"), None, "tokens are no cookies");
    }
}

/// What is answered to these bytes, until the server closes. Nothing: an answer with status 0.
async fn told(node: &TestNode, bytes: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let answer = rest(&mut stream).await;
    if answer.is_empty() { 0 } else { Answer::parse(&answer).unwrap().status }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_have_bounds() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let head = |more: &str| format!("GET /chats HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n");
    assert_eq!(told(&node, head("").as_bytes()).await, 401);
    // What would be two answers to one question is none.
    for twice in
        ["host: x", "authorization: Bearer a.b.c", "idempotency-key: k", "origin: http://x", "content-type: text/plain"]
    {
        let twice = if twice.starts_with("host") { format!("{twice}\r\n") } else { format!("{twice}\r\n{twice}\r\n") };
        assert_eq!(told(&node, head(&twice).as_bytes()).await, 400, "{twice}");
    }
    assert_eq!(told(&node, b"GET /chats HTTP/1.1\r\nconnection: close\r\n\r\n").await, 400, "1.1 has a Host");
    assert_eq!(told(&node, b"GET /chats HTTP/1.0\r\n\r\n").await, 401, "1.0 need not");
    let long = format!("x-long: {}\r\n", "x".repeat(32 * 1024));
    let many: String = (0..100).map(|n| format!("x-{n}: y\r\n")).collect();
    let path = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(70_000));
    assert_eq!(told(&node, head(&long).as_bytes()).await, 431);
    assert_eq!(told(&node, head(&many).as_bytes()).await, 431);
    assert!(matches!(told(&node, path.as_bytes()).await, 414 | 431));
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"hello\r\n\r\n",
        b"GET /chats HTTP/1.1\r\nhost: x\r\nno colon here\r\n\r\n",
        b"GET /chats HTTP/1.1\r\nhost: x\r\nbad\x00name: x\r\n\r\n",
        b"POST /chats HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /chats HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let status = told(&node, nonsense).await;
        assert!(matches!(status, 0 | 400 | 505), "{:?}: {status}", String::from_utf8_lossy(nonsense));
    }
    bystanders.undisturbed().await;
}

pub(crate) async fn who_dawdles_over_a_head_is_cut_off() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let began = Instant::now();
    // Says nothing; says half a head; drips byte after byte, which must not win time.
    let silent = TcpStream::connect(node.address()).await.unwrap();
    let mut half = TcpStream::connect(node.address()).await.unwrap();
    half.write_all(b"GET /ws HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    // Has asked before: is idle; begins a second head.
    let mut idle = TcpStream::connect(node.address()).await.unwrap();
    let mut second = TcpStream::connect(node.address()).await.unwrap();
    for stream in [&mut idle, &mut second] {
        let answer = Ask::new("GET", "/chats").user("alice").on(stream).await;
        assert_eq!((answer.status, answer.header("keep-alive")), (200, Some("timeout=75")), "{answer:?}");
    }
    second.write_all(b"GET /chats HTTP/1.1\r\n").await.unwrap();
    let (mut reader, mut writer) = TcpStream::connect(node.address()).await.unwrap().into_split();
    let drip = tokio::spawn(async move {
        for byte in b"GET /ws HTTP/1.1\r\nx: ".iter().chain(std::iter::repeat(&b'y')) {
            if writer.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    for mut stream in [silent, half, second] {
        rest(&mut stream).await;
    }
    let mut bytes = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut bytes);
    let _ = crate::common::soon("the dripping connection ends", read).await;
    let took = began.elapsed();
    assert!((Duration::from_millis(9_500)..Duration::from_secs(18)).contains(&took), "{took:?}");
    drip.abort();
    let answer = Ask::new("GET", "/chats").user("alice").on(&mut idle).await;
    assert_eq!(answer.status, 200, "who is idle stays");
    drop(idle);
    crate::common::soon("their places are given back", async {
        while node.figure("souk_connections").await != 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_idle_for_longer_than_the_setting_says_is_let_go() {
    let node = TestNode::with("keep_alive = '1s'", "messages = 0").await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut idle = TcpStream::connect(node.address()).await.unwrap();
    for _ in 0..3 {
        let answer = Ask::new("GET", "/chats").user("alice").on(&mut idle).await;
        assert_eq!((answer.status, answer.header("keep-alive")), (200, Some("timeout=1")), "{answer:?}");
    }
    assert_eq!(rest(&mut idle).await, b"");
    let answer = Ask::new("GET", "/chats").user("alice").to(&node).await;
    assert_eq!((answer.status, answer.header("keep-alive")), (200, None), "who does not want it is told nothing of it");
    let node = TestNode::with("keep_alive = '0s'", "messages = 0").await;
    let mut once = TcpStream::connect(node.address()).await.unwrap();
    let answer = Ask::new("GET", "/chats").user("alice").on(&mut once).await;
    assert_eq!((answer.header("connection"), answer.header("keep-alive")), (Some("close"), None), "{answer:?}");
    assert_eq!(rest(&mut once).await, b"");
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_that_are_none() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let answer = Ask::new("GET", "/ws").to(&node).await;
    answer.expect_problem(426, "bad_request");
    assert_eq!(
        (answer.header("upgrade"), answer.header("connection")),
        (Some("websocket"), Some("upgrade, close")),
        "{answer:?}"
    );
    let answer = Ask::new("HEAD", "/ws").to(&node).await;
    assert_eq!((answer.status, answer.text.as_str()), (426, ""));
    for path in ["/ws", "/ws/", "/socket.io/?EIO=4&transport=websocket", "/socket.io?EIO=4&transport=websocket"] {
        let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        for (version, lines, status) in [
            ("1.1", format!("sec-websocket-version: 12\r\n{key}"), 426),
            ("1.1", format!("sec-websocket-version: 13, 8\r\n{key}"), 426),
            ("1.1", format!("sec-websocket-version: \r\n{key}"), 426),
            ("1.1", key.to_owned(), 400),
            ("1.1", "sec-websocket-version: 13\r\n".to_owned(), 400),
            ("1.1", "sec-websocket-version: 13\r\nsec-websocket-key: short\r\n".to_owned(), 400),
            ("1.1", "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZWE=\r\n".to_owned(), 400),
            ("1.1", format!("sec-websocket-version: 13\r\n{key}{key}"), 400),
            ("1.1", format!("sec-websocket-version: 13\r\nsec-websocket-version: 8\r\n{key}"), 400),
            ("1.0", format!("sec-websocket-version: 13\r\n{key}"), 400),
        ] {
            let head = format!(
                "GET {path} HTTP/{version}\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n{lines}\r\n"
            );
            let mut stream = TcpStream::connect(node.address()).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let (answer, _) = http::answer(&mut stream).await;
            answer.expect_problem(status, "bad_request");
            let known = (status == 426).then_some("13");
            assert_eq!(answer.header("sec-websocket-version"), known, "{lines:?} on {path}: {answer:?}");
            let upgrade = (status == 426).then_some("websocket");
            assert_eq!(answer.header("upgrade"), upgrade, "{lines:?} on {path}: {answer:?}");
            assert!(status != 426 || answer.header("connection") == Some("upgrade"), "{answer:?}");
        }
        node.socket(path, &[]).await;
    }
    for protocols in ["graphql-ws", "souk.v2", "souk.v11, souk"] {
        let answer = Socket::open(node.address(), "/ws", &[("sec-websocket-protocol", protocols)]).await.err();
        answer.unwrap_or_else(|| panic!("{protocols} was taken")).expect_problem(400, "bad_request");
    }
    let chosen = node.socket("/ws", &[("sec-websocket-protocol", "graphql-ws, souk.v1")]).await;
    assert_eq!(chosen.handshake.header("sec-websocket-protocol"), Some("souk.v1"));
    // Compression is off, whatever is offered.
    let offered = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")];
    assert_eq!(node.socket("/ws", &offered).await.handshake.header("sec-websocket-extensions"), None);
    bystanders.undisturbed().await;
}

pub(crate) async fn handshakes_over_the_rate_wait_and_then_are_refused() {
    let node = TestNode::with("", "messages = 0\nhandshakes_per_second = 2").await;
    let mut bystanders = Bystanders::of(&node).await;
    let began = Instant::now();
    let mut asked = Vec::new();
    for _ in 0..60 {
        let address = node.address();
        asked.push(tokio::spawn(async move { (Socket::open(address, "/ws", &[]).await, began.elapsed()) }));
    }
    let (mut delayed, mut refused) = (0, 0);
    for one in asked {
        match one.await.unwrap() {
            (Ok(_), took) => {
                delayed += usize::from(took > Duration::from_millis(400));
                assert!(took < Duration::from_secs(18), "{took:?}");
            }
            (Err(answer), took) => {
                answer.expect_problem(503, "unavailable");
                let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a Retry-After");
                assert!((1..=10).contains(&wait) && took < Duration::from_secs(5), "{wait} s, told after {took:?}");
                refused += 1;
            }
        }
    }
    // One address fills half of the room there is: ten seconds' worth.
    assert!((8..=16).contains(&delayed) && refused >= 40, "{delayed} delayed, {refused} refused");
    assert_eq!(node.figure("souk_handshakes_refused_backlog_total").await, refused);
    // Requests that are no handshakes, and those who are in, are not held up by it.
    assert_eq!(Ask::new("GET", "/chats").user("alice").to(&node).await.status, 200);
    bystanders.undisturbed().await;
}

/// Opens sockets until one is refused; how many were let in, and the refusal. Those let in are closed again.
async fn until_refused(node: &TestNode, headers: &[(&str, &str)]) -> (usize, Answer) {
    let mut open = Vec::new();
    loop {
        match Socket::open(node.address(), "/ws", headers).await {
            Ok(socket) => open.push(socket),
            Err(answer) => return (open.len(), answer),
        }
        assert!(open.len() < 100, "there is no end to it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_one_address_are_bounded_and_places_are_given_back() {
    let node = TestNode::with("", "messages = 0\nconnections_per_ip = 6").await;
    let mut bystanders = Bystanders::of(&node).await;
    for _ in 0..3 {
        // Somebody who is not trusted cannot be somebody else by saying so.
        let (admitted, answer) = until_refused(&node, &[("x-forwarded-for", "198.51.100.7")]).await;
        answer.expect_problem(503, "unavailable");
        assert!(answer.header("retry-after").is_some() && admitted == 4, "{admitted}: {answer:?}");
        crate::common::soon("the places are given back", async {
            while node.figure("souk_connections").await != 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_trusted_proxy_the_clients_address_counts() {
    let node = TestNode::with("trusted_networks = ['127.0.0.0/8']", "messages = 0\nconnections_per_ip = 3").await;
    let mut bystanders = Bystanders::of(&node).await;
    // More connections than one address may have come from the proxy, for different people; idle ones of its own too.
    let mut idle = Vec::new();
    for _ in 0..5 {
        idle.push(TcpStream::connect(node.address()).await.unwrap());
    }
    let mut open = Vec::new();
    for n in 0..10 {
        let forwarded = format!("203.0.113.{n}");
        open.push(node.socket("/ws", &[("x-forwarded-for", &forwarded)]).await);
    }
    // What the client itself wrote at the front of the list is not believed: the proxy's own word is the last.
    let mut in_all = 0;
    for made_up in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"] {
        let forwarded = format!("{made_up}, 198.51.100.7");
        match Socket::open(node.address(), "/ws", &[("x-forwarded-for", &forwarded)]).await {
            Ok(socket) => open.push(socket),
            Err(answer) => {
                answer.expect_problem(503, "unavailable");
                continue;
            }
        }
        in_all += 1;
    }
    assert_eq!(in_all, 3);
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_proxy_writes_there_is_a_limit() {
    let node = TestNode::with("trusted_networks = ['127.0.0.0/8']", "messages = 0\nconnections_per_ip = 3").await;
    let mut bystanders = Bystanders::of(&node).await;
    let unreadable = node.figure("souk_forwarded_unreadable_total").await;
    for (source, written) in [
        (21, ["203.0.113.9:4711", "203.0.113.9:4712", "203.0.113.9", "\"203.0.113.9:1\""]),
        (22, ["[2001:db8::1]:4711", "[2001:db8::2]", "2001:db8::3", "[2001:db8:0:0:ffff::4]:80"]),
        (23, ["unknown", "_hidden", "203.0.113.9:port", "1.2.3"]),
        (24, ["", ",", "garbage, unknown", "203.0.113.10, ?"]),
        (25, ["127.0.0.25", "127.0.0.25:80", "127.0.0.25, 127.0.0.25", "127.0.0.25, 127.0.0.26"]),
    ] {
        let mut open = Vec::new();
        for written in written {
            let headers = [("x-forwarded-for", written)];
            open.push(Socket::open_from([127, 0, 0, source].into(), node.address(), "/ws", &headers).await);
        }
        let last = open.pop().expect("four of them").err().unwrap_or_else(|| panic!("{written:?} has no limit"));
        last.expect_problem(503, "unavailable");
        assert!(open.iter().all(Result::is_ok), "{written:?}");
    }
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(Socket::open_from([127, 0, 0, 26].into(), node.address(), "/ws", &[]).await);
    }
    let last = open.pop().expect("four of them").err().expect("a proxy that says nothing has a limit");
    last.expect_problem(503, "unavailable");
    assert_eq!(node.figure("souk_forwarded_unreadable_total").await - unreadable, 12);
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_node_refuses_and_keeps_those_it_has() {
    let node = TestNode::with("", "messages = 0\nconnections = 5").await;
    let mut bystanders = Bystanders::of(&node).await;
    let (admitted, answer) = until_refused(&node, &[]).await;
    answer.expect_problem(503, "unavailable");
    assert_eq!(admitted, 3);
    let token = format!("Bearer {}", token::of("mallory"));
    crate::common::soon("a place is free again", async {
        while Socket::open(node.address(), "/ws", &[("authorization", &token)]).await.is_err() {}
    })
    .await;
    bystanders.undisturbed().await;
}
