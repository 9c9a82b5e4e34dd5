//! What the time of an answer tells.

use std::time::{Duration, Instant};

use rand::RngExt;
use serde_json::json;
use tokio::net::TcpStream;

use crate::common::http::{Ask, Asking};
use crate::common::{Bystanders, TestNode};

/// Questions of each kind.
const SAMPLES: usize = 300;
/// How far from a coin's the odds may be of whoever hears one answer of each kind and says which is which by its time. With so many
/// samples of the same thing they are within 0.025 in two of three runs: this is six times as far.
const ODDS: f64 = 0.15;

/// The share of pairs in which the first is the slower one: 0.5 where time tells nothing.
fn odds(ones: &[Duration], others: &[Duration]) -> f64 {
    let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| one.cmp(other)));
    let score: f64 = pairs.map(|order| 0.5 + f64::from(order as i8) / 2.0).sum();
    score / (ones.len() * others.len()) as f64
}

fn hold(way: &str, foreign: &[Duration], missing: &[Duration]) {
    let odds = odds(foreign, missing);
    assert!((odds - 0.5).abs() < ODDS, "{way}: a foreign order takes longer than a missing one in {odds:.3} of pairs");
}

/// Both kinds of questions in a random order, so that whatever else the machine does falls on both.
fn questions() -> Vec<bool> {
    let mut order: Vec<bool> = (0..2 * SAMPLES).map(|number| number % 2 == 0).collect();
    let mut random = rand::rng();
    for place in (1..order.len()).rev() {
        order.swap(place, random.random_range(0..=place));
    }
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_takes_no_longer_for_an_order_that_is_there() {
    let node = TestNode::start().await;
    let mut bystanders = Bystanders::of(&node).await;
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let mut client = node.user("mallory").await;
    let mut rest = [Vec::new(), Vec::new()];
    let mut socket = [Vec::new(), Vec::new()];
    for (number, foreign) in questions().into_iter().enumerate() {
        if number % 50 == 0 {
            // The node knows the foreign order: its people are busy in it.
            bystanders.undisturbed().await;
        }
        let order = if foreign { "calm" } else { "lost" };
        let began = Instant::now();
        let answer = Ask::new("GET", &format!("/chats/{order}")).user("mallory").on(&mut stream).await;
        rest[usize::from(foreign)].push(began.elapsed());
        answer.expect_problem(403, "forbidden");
        let began = Instant::now();
        let code = client.code("join_order_chat", json!({"orderId": order})).await;
        socket[usize::from(foreign)].push(began.elapsed());
        assert_eq!(code, "forbidden");
    }
    hold("REST", &rest[1], &rest[0]);
    hold("a socket", &socket[1], &socket[0]);
    bystanders.undisturbed().await;
}

#[test]
fn odds_tell_what_differs() {
    let millis = |range: std::ops::Range<u64>| range.map(Duration::from_millis).collect::<Vec<_>>();
    assert!((odds(&millis(0..100), &millis(0..100)) - 0.5).abs() < 1e-9);
    assert!(odds(&millis(0..100), &millis(100..200)) < 0.01 && odds(&millis(100..200), &millis(0..100)) > 0.99);
    assert!(odds(&millis(20..120), &millis(0..100)) > 0.5 + ODDS);
}
