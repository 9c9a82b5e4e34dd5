//! Many connections of one address, and somebody else who wants to sign in.
//!
//! Nothing here measures time: what holds is told by who is answered before whom, and by what the node counted.

use std::net::Ipv4Addr;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::common::http::{answer, rest};
use crate::common::socket::connect_from;
use crate::common::{Bystanders, Plain, Socket, TestNode, soon, token};

const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nhost: souk.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Connects from the attacker's address and says this.
async fn say(node: &TestNode, text: &str) -> TcpStream {
    let mut stream = connect_from(ATTACKER, node.address()).await.unwrap();
    // The node may have closed already.
    let _ = stream.write_all(text.as_bytes()).await;
    stream
}

/// The same, then cuts the connection as a process does that is killed.
async fn say_and_reset(node: &TestNode, text: &str) {
    let stream = say(node, text).await;
    stream.set_zero_linger().unwrap();
}

/// Signs in from another address, and says something to see that it works.
async fn sign_in(node: &TestNode) {
    let bearer = format!("Bearer {}", token::of("mallory"));
    let opened = Socket::open_from(HONEST, node.address(), "/ws", &[("authorization", &bearer)]).await;
    let socket = opened.unwrap_or_else(|answer| panic!("an honest client was refused: {answer:?}"));
    Plain::over(socket).done("ping", json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_become_no_socket_spends_no_turn() {
    let node = TestNode::with("", "messages = 0\nhandshakes_per_second = 20\nhandshakes_per_second_per_ip = 0").await;
    let mut bystanders = Bystanders::of(&node).await;
    let before = node.figure("souk_handshakes_admitted_total").await;
    for junk in [
        "GET /ws HTTP/1.1\r\nhost: souk.test\r\n\r\n".to_owned(),
        "POST /ws HTTP/1.1\r\nhost: souk.test\r\n\r\n".to_owned(),
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: souk.test\r\n\r\n".to_owned(),
        format!("{}\r\n", UPGRADE.replace("13", "12")),
        format!("{}\r\n", UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")),
        format!("{UPGRADE}sec-websocket-protocol: other\r\n\r\n"),
        format!("{UPGRADE}origin: https://evil.example\r\n\r\n"),
        format!("{UPGRADE}authorization: Bearer no.token\r\n\r\n"),
        format!("{UPGRADE}authorization: Basic YTpi\r\n\r\n"),
    ] {
        for _ in 0..60 {
            say_and_reset(&node, &junk).await;
        }
        let mut answered = say(&node, &junk.replacen("\r\n", "\r\nconnection: close\r\n", 1)).await;
        assert!(!rest(&mut answered).await.is_empty(), "{junk:?} is answered at once");
    }
    for _ in 0..3 {
        sign_in(&node).await;
    }
    assert_eq!(node.figure("souk_handshakes_admitted_total").await - before, 3, "turns are for who can use them");
    assert_eq!(node.figure("souk_handshakes_delayed_total").await, 0);
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_one_address_waits_for_itself() {
    let node = TestNode::with("", "messages = 0\nhandshakes_per_second = 5\nhandshakes_per_second_per_ip = 0").await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut flood = JoinSet::new();
    for _ in 0..100 {
        let mut stream = say(&node, &format!("{UPGRADE}\r\n")).await;
        flood.spawn(async move {
            let mut first = [0; 12];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.map(|_| (first, stream))
        });
    }
    soon("the flood is over the rate", async {
        while node.figure("souk_handshakes_refused_backlog_total").await < 40 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..3 {
        sign_in(&node).await;
    }
    let waiting = node.figure("souk_handshakes_waiting").await;
    assert!(waiting >= 10, "the flood still waits for its turns when others have had theirs: {waiting}");
    bystanders.undisturbed().await;
    flood.abort_all();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_a_rate_of_its_own() {
    let node = TestNode::with("", "messages = 0\nhandshakes_per_second = 0\nhandshakes_per_second_per_ip = 5").await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(say(&node, &format!("{UPGRADE}\r\n")).await);
    }
    soon("the flood is over its rate", async {
        while node.figure("souk_handshakes_refused_address_backlog_total").await < 20 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..3 {
        sign_in(&node).await;
    }
    assert_eq!(node.figure("souk_handshakes_refused_backlog_total").await, 0);
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_gives_the_turn_back() {
    for limits in [
        "handshakes_per_second = 2\nhandshakes_per_second_per_ip = 0",
        "handshakes_per_second = 0\nhandshakes_per_second_per_ip = 2",
    ] {
        let node = TestNode::with("", &format!("messages = 0\n{limits}")).await;
        let mut bystanders = Bystanders::of(&node).await;
        let before = node.figure("souk_handshakes_admitted_total").await;
        // More than have a turn within ten seconds, all of whom go before it is theirs.
        for _ in 0..5 {
            let mut waiting = Vec::new();
            for _ in 0..8 {
                waiting.push(say(&node, &format!("{UPGRADE}\r\n")).await);
            }
            waits(&node, 5..=8).await;
            waiting.iter().for_each(|stream| stream.set_zero_linger().unwrap());
            drop(waiting);
            waits(&node, 0..=0).await;
        }
        assert!(node.figure("souk_handshakes_left_total").await >= 20);
        let bearer = format!("Bearer {}", token::of("mallory"));
        let opened = Socket::open_from(ATTACKER, node.address(), "/ws", &[("authorization", &bearer)]).await;
        assert!(opened.is_ok(), "the turns that nobody took are there for who comes next");
        let admitted = node.figure("souk_handshakes_admitted_total").await - before;
        assert!(admitted <= 15, "{admitted} of them had a turn");
        bystanders.undisturbed().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_on_a_node_that_leaves_is_sent_elsewhere() {
    let limits = "messages = 0\nhandshakes_per_second = 1\nhandshakes_per_second_per_ip = 0";
    let node = TestNode::with("", limits).await;
    let mut asked = Vec::new();
    for _ in 0..7 {
        asked.push(say(&node, &format!("{UPGRADE}\r\n")).await);
    }
    waits(&node, 3..=6).await;
    let leaving = tokio::spawn(node.leave());
    let mut elsewhere = 0;
    for stream in &mut asked {
        let (answer, _) = answer(stream).await;
        // The others had a turn before.
        if answer.status != 101 {
            answer.expect_problem(503, "unavailable");
            elsewhere += usize::from(answer.text.contains("leaving"));
        }
    }
    assert!(elsewhere > 0, "all were let in by a node that leaves");
    soon("the node leaves", leaving).await.unwrap();
}

/// Until so many handshakes wait.
async fn waits(node: &TestNode, count: std::ops::RangeInclusive<u64>) {
    soon("handshakes wait, or no longer do", async {
        while !count.contains(&node.figure("souk_handshakes_waiting").await) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_place_are_told_or_cut_off_and_end_soon() {
    let node = TestNode::with("", "messages = 0\nconnections = 5").await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut silent = JoinSet::new();
    for _ in 0..400 {
        let mut stream = connect_from(ATTACKER, node.address()).await.unwrap();
        silent.spawn(async move { rest(&mut stream).await });
    }
    soon("the node does not wait for those that it refuses", async {
        // Three have a place, and a place has ten seconds; all others have none.
        for _ in 0..397 {
            let said = silent.join_next().await.expect("a connection").unwrap();
            assert!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
        }
    })
    .await;
    assert!(node.figure("souk_connections_cut_off_total").await >= 100);
    bystanders.undisturbed().await;
}
