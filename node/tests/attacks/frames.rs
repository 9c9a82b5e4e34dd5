//! Frames that break the rules of WebSocket.

use serde_json::json;

use crate::common::socket::{BINARY, CLOSE, PING, PONG, TEXT, frame, unmasked};
use crate::common::{Bystanders, Frame, TestNode};

const MESSAGE_BYTES: usize = 65_536;
/// First bytes of a text that goes on, of a frame in its middle, and of its last one.
const BEGIN: u8 = 0x01;
const MORE: u8 = 0x00;
const LAST: u8 = 0x80;

/// A `ping` request cut into so many fragments.
fn in_fragments(count: usize) -> Vec<u8> {
    let text = br#"{"id":1,"event":"ping","data":{}}"#;
    let mut bytes = frame(BEGIN, &text[..1]);
    for _ in 2..count {
        bytes.extend(frame(MORE, b""));
    }
    bytes.extend(frame(LAST, &text[1..]));
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_breach_closes_with_its_code_and_nobody_else_notices() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let fragment = frame(BEGIN, &vec![b'x'; 40_000]);
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("unmasked text", unmasked(TEXT, b"{}"), 1002),
        ("unmasked ping", unmasked(PING, b""), 1002),
        ("first reserved bit, as if compressed", frame(TEXT | 0x40, b"{}"), 1002),
        ("second reserved bit", frame(TEXT | 0x20, b"{}"), 1002),
        ("third reserved bit on a ping", frame(PING | 0x10, b"{}"), 1002),
        ("a data opcode that is not there", frame(0x83, b"{}"), 1002),
        ("a control opcode that is not there", frame(0x8b, b""), 1002),
        ("a ping in fragments", frame(0x09, b""), 1002),
        ("a close in fragments", frame(0x08, b""), 1002),
        ("a ping too long", frame(PING, &[b'x'; 126]), 1002),
        ("a pong too long", frame(PONG, &[b'x'; 126]), 1002),
        ("a close too long", frame(CLOSE, &[b'x'; 126]), 1002),
        ("a close code of one byte", frame(CLOSE, &[3]), 1002),
        ("a close code that is never sent", frame(CLOSE, &1006_u16.to_be_bytes()), 1002),
        ("a close code below all", frame(CLOSE, &999_u16.to_be_bytes()), 1002),
        ("a continuation of nothing", frame(LAST, b"{}"), 1002),
        ("a text inside a text", [frame(BEGIN, b"{"), frame(TEXT, b"{}")].concat(), 1002),
        ("a binary inside a text", [frame(BEGIN, b"{"), frame(BINARY, b"{}")].concat(), 1002),
        ("65 fragments", in_fragments(65), 1002),
        ("a short length in its long form", vec![TEXT, 0xfe, 0, 1, 0, 0, 0, 0, b'x'], 1002),
        ("a short length in its longest form", vec![TEXT, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, b'x'], 1002),
        ("a text too big", frame(TEXT, &vec![b' '; MESSAGE_BYTES + 1]), 1009),
        ("a binary too big", frame(BINARY, &vec![b' '; MESSAGE_BYTES + 1]), 1009),
        ("a text too big in two parts", [fragment.clone(), frame(LAST, &[b'x'; 40_000])].concat(), 1009),
        ("a text too big that never ends", [fragment, frame(MORE, &[b'x'; 40_000])].concat(), 1009),
        ("a terabyte, announced", [&[TEXT, 0xff][..], &(1_u64 << 40).to_be_bytes()].concat(), 1009),
        ("all the bytes there can be", [&[TEXT, 0xff][..], &u64::MAX.to_be_bytes()].concat(), 1009),
        ("no UTF-8", frame(TEXT, &[b'{', 0xc3, 0x28, b'}']), 1007),
        ("half a surrogate pair", frame(TEXT, &[b'"', 0xed, 0xa0, 0x80, b'"']), 1007),
        ("no UTF-8 over two fragments", [frame(BEGIN, &[b'"', 0xe2, 0x82]), frame(LAST, b"\"")].concat(), 1007),
        ("no UTF-8 in a close", frame(CLOSE, &[0x03, 0xe8, 0xff]), 1007),
    ];
    for (name, bytes, code) in cases {
        for signed_in in [true, false] {
            let mut client = if signed_in { node.user("mallory").await } else { node.stranger().await };
            client.socket.send(&bytes).await;
            assert_eq!(client.closed().await, code, "{name}, signed in: {signed_in}");
        }
    }
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_allowed_is_taken_however_it_is_cut() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut client = node.user("mallory").await;
    client.socket.send(&in_fragments(64)).await;
    assert_eq!(client.answer().await, json!({"id": 1, "data": {}}));

    // A ping between two fragments is answered at once, with its payload.
    client.socket.send(&frame(BEGIN, br#"{"id":2,"#)).await;
    client.socket.send(&frame(PING, &[7; 125])).await;
    assert_eq!(client.socket.next().await, Frame::Pong(vec![7; 125]));
    client.socket.send(&frame(PONG, b"nobody asked")).await;
    client.socket.send(&frame(LAST, br#""event":"ping"}"#)).await;
    assert_eq!(client.answer().await, json!({"id": 2, "data": {}}));

    // Byte by byte, and the largest message there may be.
    for byte in frame(TEXT, br#"{"id":3,"event":"ping"}"#) {
        client.socket.send(&[byte]).await;
    }
    assert_eq!(client.answer().await, json!({"id": 3, "data": {}}));
    let mut largest = br#"{"id":4,"event":"ping"}"#.to_vec();
    largest.resize(MESSAGE_BYTES, b' ');
    client.socket.send(&frame(TEXT, &largest)).await;
    assert_eq!(client.answer().await, json!({"id": 4, "data": {}}));
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_is_answered_with_its_code_and_then_the_stream_ends() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    for (payload, code) in [
        (&b""[..], 1000),
        (&[0x03, 0xe8][..], 1000),
        (b"\x03\xe9going away", 1001),
        (b"\x0f\xa0own code", 4000),
        (b"\x13\x87last of the own codes", 4999),
    ] {
        let mut client = node.user("mallory").await;
        client.socket.send(&frame(CLOSE, payload)).await;
        assert!(matches!(client.socket.next().await, Frame::Close(echo, _) if echo == code), "{code}");
        assert_eq!(client.socket.next().await, Frame::End);
    }
    // What comes behind a close frame is not listened to.
    let mut client = node.user("bob").await;
    let send = br#"{"id":1,"event":"send_message","data":{"orderId":"calm","content":"after the end"}}"#;
    client.socket.send(&[frame(CLOSE, &[0x03, 0xe8]), frame(TEXT, send)].concat()).await;
    assert_eq!(client.closed().await, 1000);
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_without_a_word_in_the_middle_of_a_frame_is_forgotten() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    for bytes in [&frame(TEXT, &[b'x'; 60_000])[..30_000], &frame(BEGIN, b"{"), &[TEXT], &[]] {
        let mut client = node.user("mallory").await;
        client.socket.send(bytes).await;
    }
    crate::common::soon("only the two others are left", async {
        while node.figure("souk_connections").await != 2 || node.figure("souk_people_here").await != 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bystanders.undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_pings_costs_no_more_than_an_outbox() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut client = crate::bounds::narrow(&node, "mallory").await;
    let chunk = frame(PING, &[b'x'; 125]).repeat(200);
    // Never reads: the pongs fill the system's buffers, then the outbox, and that is the end of it.
    let mut sent = 0;
    while node.figure("souk_slow_consumers_total").await == 0 {
        client.send(&chunk).await;
        sent += chunk.len();
        assert!(sent < 100 << 20, "a hundred megabytes of pings and no end");
    }
    client.ended().await;
    bystanders.undisturbed().await;
}
