//! Somebody is taken for connected and is not: they are notified all the same, once.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use souk_tests::cluster::Cluster;
use souk_tests::device::{Device, PLAIN, SOCKET_IO, Spec};
use souk_tests::kafka::{Consumer, Event};
use souk_tests::left_out::program;
use souk_tests::node::{Node, Settings};
use souk_tests::people::Deal;
use souk_tests::proxy::{Fault, Proxy};
use souk_tests::stack::Stack;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(15);
/// From the send on.
const NOTIFIED_WITHIN: Duration = Duration::from_secs(60);
/// Nothing more is expected from a device within this, and it is then ended.
const HALF_OPEN_FOR: Duration = Duration::from_secs(45);
const NOTIFICATION: &str = "chat.notification.v1";

/// The message is acknowledged, and no notification is owed for it by itself: its recipient counts as there.
async fn sends_unnoticed(from: &Device, text: &str, owed: &impl AsyncFn() -> usize) -> String {
    let before = owed().await;
    let id = from.send(text);
    let message = from.acknowledged(&id, SOON).await;
    assert_eq!(owed().await, before, "somebody noticed: this shows nothing");
    format!("{}:{}", message.order_id, message.seq)
}

fn about(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.data["messageId"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn sum(nodes: &[Node], metric: &str) -> f64 {
    let mut sum = 0.0;
    for node in nodes {
        sum += node.metric(metric).await;
    }
    sum
}

/// Kill the recipient's node, send within the lease, nobody comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_node_died_is_notified_once() {
    let test = "absent: node died";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    let mut cluster = Cluster::start(&stack, 3, &[]).await;
    let [first, second, third] = [0, 1, 2].map(|number: usize| cluster.nodes[number].clients);
    let (deal, quiet) = (Deal::make(first).await, Deal::make(first).await);
    let consumer = Consumer::start(&stack.kafka, &stack.kafka_tools);
    let ann = Spec::new("ann", &deal.client, &deal.order, &[second], PLAIN).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &[first], SOCKET_IO).start();
    // Both are on the node that dies; the one who writes goes on elsewhere.
    let cat = Spec::new("cat", &quiet.client, &quiet.order, &[first, third], PLAIN).start();
    let dan = Spec::new("dan", &quiet.contractor, &quiet.order, &[first], PLAIN).aside().start();
    for device in [&ann, &bob, &cat] {
        device.live(SOON).await;
    }
    for (from, to, text) in [(&ann, &bob, "bob sees this"), (&cat, &dan, "and dan this")] {
        let id = from.send(text);
        from.acknowledged(&id, SOON).await;
        to.sees(text, SOON).await;
    }

    let mut dead = cluster.nodes.remove(0);
    dead.kill();
    let owed = async || consumer.of(deal.order.as_str()).len() + consumer.of(quiet.order.as_str()).len();
    let missed = sends_unnoticed(&ann, "are you there?", &owed).await;
    cat.live(SOON).await;
    let also_missed = sends_unnoticed(&cat, "and you?", &owed).await;

    for (deal, missed) in [(&deal, &missed), (&quiet, &also_missed)] {
        let events = consumer.wait_for(deal.order.as_str(), NOTIFICATION, 1, NOTIFIED_WITHIN).await;
        assert_eq!(about(&events), [missed.as_str()]);
        assert_eq!(events[0].data["userId"], deal.contractor.id.as_str());
        assert_eq!(events[0].data["unreadTotal"], 2);
    }
    // All three of the dead node were looked at, by one of the living nodes or by both, and one entry came of it for each of the two.
    wait::until("the dead node's people were looked at", SOON, || async {
        (sum(&cluster.nodes, "souk_absences_orphans_total").await >= 3.0).then_some(())
    })
    .await;
    let notified = async || sum(&cluster.nodes, "souk_absences_notified_total").await;
    // The event is there before its node counts it.
    wait::until("both were counted", SOON, || async { (notified().await >= 2.0).then_some(()) }).await;
    let id = ann.send("still away?");
    let last = ann.acknowledged(&id, SOON).await;
    let told = consumer.wait_for(deal.order.as_str(), NOTIFICATION, 2, SOON).await;
    assert_eq!(about(&told), [missed, format!("{}:{}", last.order_id, last.seq)]);
    assert_eq!(consumer.of(deal.order.as_str()).len(), 2, "each once");
    assert_eq!(consumer.of(quiet.order.as_str()).len(), 1, "and here");
    assert!((notified().await - 2.0).abs() < 0.1, "once for each of the two");
}

/// A phone in a tunnel: its node ends the device, and nobody hears of anything before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_phone_is_half_open_is_notified_once_and_who_saw_it_is_not() {
    let test = "absent: half open";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [0, 1].map(|number: usize| cluster.nodes[number].clients);
    let tunnel = Proxy::start(vec![first]).await.expect("loopback has a free port");
    let (deal, seen) = (Deal::make(first).await, Deal::make(first).await);
    let consumer = Consumer::start(&stack.kafka, &stack.kafka_tools);
    let ann = Spec::new("ann", &deal.client, &deal.order, &[second], PLAIN).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &[tunnel.address()], PLAIN).start();
    let cat = Spec::new("cat", &seen.client, &seen.order, &[second], PLAIN).start();
    let dan = Spec::new("dan", &seen.contractor, &seen.order, &[first], PLAIN).start();
    for device in [&ann, &bob, &cat, &dan] {
        device.live(SOON).await;
    }
    let id = cat.send("dan sees this, and goes");
    cat.acknowledged(&id, SOON).await;
    dan.sees("dan sees this, and goes", SOON).await;

    tunnel.set(Fault::BlackHole);
    let owed = async || consumer.of(deal.order.as_str()).len();
    let missed = sends_unnoticed(&ann, "into the tunnel", &owed).await;
    // In a later second than the message was pushed in.
    tokio::time::sleep(Duration::from_secs(3)).await;
    dan.typing();
    cat.told("typing", SOON).await;
    drop(dan);
    let events = consumer.wait_for(deal.order.as_str(), NOTIFICATION, 1, HALF_OPEN_FOR + NOTIFIED_WITHIN).await;
    assert_eq!(about(&events), [missed.as_str()]);
    wait::until("dan's end was looked at", SOON, || async {
        (sum(&cluster.nodes, "souk_people_here").await < 2.5).then_some(())
    })
    .await;
    let id = cat.send("dan is away");
    let away = cat.acknowledged(&id, SOON).await;
    let told = consumer.wait_for(seen.order.as_str(), NOTIFICATION, 1, SOON).await;
    assert_eq!(about(&told), [format!("{}:{}", away.order_id, away.seq)], "what dan saw is not told again");
    assert_eq!((consumer.of(deal.order.as_str()).len(), consumer.of(seen.order.as_str()).len()), (1, 1));
    assert!(tunnel.set(Fault::None) > 0, "the tunnel bit");
}

/// Notifications in the local log, as `(order, message)`.
fn logged(data: &Path) -> Vec<String> {
    let files = fs::read_dir(data.join("events")).expect("the node's log of events");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let text: String = paths.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let notifications = events.filter(|event| event["type"] == NOTIFICATION);
    notifications.map(|event| event["data"]["messageId"].as_str().unwrap_or_default().to_owned()).collect()
}

/// One process: its presence and its store know nothing of others, and a restart nothing of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alone_a_half_open_phone_and_a_crash_are_made_good() {
    let mut node = Node::start("alone", Settings::default()).await;
    let Deal { order, client: alice, contractor: bob } = Deal::offered(&node);
    let data = node.data_dir();
    let tunnel = Proxy::start(vec![node.clients]).await.expect("loopback has a free port");
    let phone = Spec::new("bob", &bob, &order, &[tunnel.address()], PLAIN).start();
    let sender = Spec::new("alice", &alice, &order, &[node.clients], PLAIN).start();
    phone.live(SOON).await;
    sender.live(SOON).await;
    let owed = async || logged(&data).len();

    tunnel.set(Fault::BlackHole);
    let first = sends_unnoticed(&sender, "into the tunnel", &owed).await;
    wait::until_true("the first is told", HALF_OPEN_FOR + NOTIFIED_WITHIN, || logged(&data) == [first.as_str()]).await;

    // Back, and into the tunnel again; this time the node does not live to notice.
    tunnel.set(Fault::None);
    // It has yet to hear that its connection was ended.
    wait::until_true("the phone is back", SOON, || phone.record().lives.len() == 2 && phone.is_live()).await;
    phone.sees("into the tunnel", SOON).await;
    tunnel.set(Fault::BlackHole);
    let second = sends_unnoticed(&sender, "into the tunnel again", &owed).await;
    node.kill();
    drop((phone, sender));
    node.restart().await;
    wait::until_true("the second is told", NOTIFIED_WITHIN, || logged(&data) == [first.as_str(), second.as_str()])
        .await;
}
