//! Servers and nodes that fail in the middle of conversations. Every test checks all intents afterwards, and that its fault bit.

use std::time::Duration;

use souk_client::CloseReason;
use souk_tests::cluster::{Cluster, settings};
use souk_tests::conversation::{Conversation, SETTLED_WITHIN};
use souk_tests::device::{PLAIN, Spec};
use souk_tests::kafka::Consumer;
use souk_tests::left_out::program;
use souk_tests::people::Deal;
use souk_tests::proxy::{Fault, Proxy};
use souk_tests::redis::Redis;
use souk_tests::server::Server;
use souk_tests::stack::Stack;
use souk_tests::wait;
use tokio::time::sleep;

/// Faults have nothing to do with the limit.
const NO_LIMIT: (&str, &str) = ("SOUK_LIMITS_MESSAGES", "0");
const PACE: Duration = Duration::from_millis(50);
const SOON: Duration = Duration::from_secs(15);
/// Everything that waited during a fault.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_of_a_node() {
    let Some(stack) = Stack::find("faults: kill -9") else { return };
    let mut cluster = Cluster::start(&stack, 2, &[NO_LIMIT]).await;
    let talk = Conversation::start(&cluster.clients()).await;
    let stream = talk.stream(100, PACE);
    sleep(Duration::from_secs(2)).await;
    let waiting = talk.records().iter().any(|record| record.acknowledged() < record.attempts.len());
    cluster.nodes[0].kill();
    sleep(Duration::from_secs(1)).await;
    cluster.nodes[0].restart().await;
    stream.await.expect("the stream does not panic");
    talk.all_acknowledged(ACKNOWLEDGED_WITHIN).await;
    talk.works().await;
    let history = talk.settles(cluster.clients()[0], SETTLED_WITHIN).await;
    assert_eq!(history.messages.len(), 404);
    let moved = talk.records().iter().filter(|record| record.lives.len() > 1).count();
    assert_eq!(moved, 2, "half of the devices were on the node that died (sends were under way: {waiting})");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_told_to_leave() {
    let Some(stack) = Stack::find("faults: drain") else { return };
    let mut cluster = Cluster::start(&stack, 2, &[NO_LIMIT]).await;
    let talk = Conversation::start(&cluster.clients()).await;
    let stream = talk.stream(60, PACE);
    sleep(Duration::from_secs(1)).await;
    let leaving = cluster.nodes[0].clients;
    cluster.nodes[0].signal("TERM");
    let status = cluster.nodes[0].ended(Duration::from_secs(30)).await;
    assert!(status.success(), "{status}");
    stream.await.expect("the stream does not panic");
    talk.all_acknowledged(ACKNOWLEDGED_WITHIN).await;
    let history = talk.settles(cluster.clients()[1], SETTLED_WITHIN).await;
    assert_eq!((history.messages.len(), history.empty_entries()), (240, 0));
    let mut told = 0;
    for life in talk.records().iter().flat_map(|record| &record.lives).filter(|life| life.node == leaving) {
        assert_eq!(life.end.as_ref().and_then(CloseReason::number), Some(4102), "{:?}", life.end);
        assert!(life.told.iter().any(|event| event == "server_draining"), "{:?}", life.told);
        told += 1;
    }
    assert_eq!(told, 2, "half of the devices were on the node that left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_comes_back_empty() {
    let test = "faults: Redis restarted empty";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "redis-server", "apt-get install redis-server") else { return };
    let mut redis = Redis::start(&[]).await.expect("redis-server can be run");
    let cluster = Cluster::start_with(2, &settings(&stack, &[NO_LIMIT, ("SOUK_ROUTER_URL", &redis.url())])).await;
    let talk = Conversation::start(&cluster.clients()).await;
    let stream = talk.stream(80, PACE);
    for _ in 0..2 {
        sleep(Duration::from_secs(1)).await;
        redis.kill();
        redis.restart().await;
    }
    stream.await.expect("the stream does not panic");
    talk.all_acknowledged(ACKNOWLEDGED_WITHIN).await;
    talk.works().await;
    let history = talk.settles(cluster.clients()[1], SETTLED_WITHIN).await;
    assert_eq!((history.messages.len(), history.empty_entries()), (324, 0));
    for node in &cluster.nodes {
        assert!(node.metric("souk_router_reconnects_total").await > 0.0, "{} never lost Redis", node.name);
        assert!(node.metric("souk_router_gaps_total").await > 0.0, "{} was told of no gap", node.name);
    }
    assert_eq!(talk.connections(), 4, "a Redis that fails costs no client its connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_vanishes() {
    const LIMIT: usize = 30;
    let test = "faults: Redis vanishes";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "redis-server", "apt-get install redis-server") else { return };
    let redis = Redis::start(&[]).await.expect("redis-server can be run");
    let wire = Proxy::start(vec![redis.url().trim_start_matches("redis://").parse().expect("an address")])
        .await
        .expect("loopback has a free port");
    let url = format!("redis://{}", wire.address());
    let more = [("SOUK_LIMITS_MESSAGES", "30"), ("SOUK_LIMITS_WINDOW", "600s"), ("SOUK_ROUTER_URL", url.as_str())];
    let cluster = Cluster::start_with(2, &settings(&stack, &more)).await;
    let talk = Conversation::start(&cluster.clients()).await;

    // Hung, then gone: sending goes on, and the other node's devices learn of it from the store.
    for fault in [Fault::BlackHole, Fault::Down] {
        wire.set(fault);
        let text = format!("while the wire is {fault:?}");
        let id = talk.devices[0].send(&text);
        talk.devices[0].acknowledged(&id, Duration::from_secs(3)).await;
        for device in talk.devices.iter() {
            device.sees(&text, SETTLED_WITHIN).await;
        }
        wait::until_true("the fault bites", SOON, || wire.bites() > 0 || fault == Fault::Down).await;
    }
    // Without Redis each node still limits: a person who stays on one node gets no more than the limit there.
    let greedy = &talk.devices[1];
    let sends: Vec<_> = (1..=LIMIT + 5).map(|number| greedy.send(format!("{number} of the greedy one"))).collect();
    wait::until_true("every send is answered", SOON, || {
        let record = greedy.record();
        let decided = |id| record.attempts[id].acknowledged.is_some() || !record.attempts[id].refusals.is_empty();
        sends.iter().all(decided)
    })
    .await;
    assert_eq!(greedy.record().acknowledged(), LIMIT);
    let fallbacks: f64 = cluster.nodes[1].metric("souk_router_limiter_fallbacks_total").await;
    assert!(fallbacks > 0.0, "the limiter did not notice");
    // Chat works, so clients may come; what does not work is said.
    for node in &cluster.nodes {
        let readiness = node.operator("/readyz").await.expect("an answer");
        assert_eq!(readiness.status, 200, "{} without Redis", node.name);
        assert!(readiness.text.contains(r#""degraded":true"#), "{}", readiness.text);
        assert!(node.metric("souk_degraded").await > 0.0, "{} without Redis", node.name);
    }

    wire.set(Fault::None);
    for node in &cluster.nodes {
        wait::until("the node is whole again", SOON, || async {
            let readiness = node.operator("/readyz").await.ok()?;
            readiness.text.contains(r#""degraded":false"#).then_some(())
        })
        .await;
    }
    let id = talk.devices[2].send("and after");
    talk.devices[2].acknowledged(&id, souk_tests::conversation::WORKS_WITHIN).await;
    talk.settles(cluster.clients()[0], SETTLED_WITHIN).await;
    assert_eq!(talk.connections(), 4, "a Redis that fails costs no client its connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_answers_late_or_not_at_all() {
    let Some(stack) = Stack::find("faults: store late") else { return };
    let cql = stack.cql.split(',').next().and_then(|first| first.parse().ok()).expect("host:port");
    // Three servers tell the driver of each other, and it goes around a proxy in front of one.
    if stack.cql.contains(',') {
        return souk_tests::left_out::leave_out(
            "faults: store late",
            "a CQL cluster of one server",
            "deploy/stack reset --cql-nodes 1",
        );
    }
    let wire = Proxy::start(vec![cql]).await.expect("loopback has a free port");
    let store = stack.store_url(&wire.address().to_string());
    let cluster = Cluster::start_with(2, &settings(&stack, &[NO_LIMIT, ("SOUK_STORE_URL", &store)])).await;
    let talk = Conversation::start(&cluster.clients()).await;
    let stream = talk.stream(100, PACE);

    wire.set(Fault::Latency(Duration::from_millis(150)));
    sleep(Duration::from_secs(2)).await;
    wire.heal();
    // Work is done and the answers are late: what is unknown must be found out, not done again.
    wire.set(Fault::Mute);
    sleep(Duration::from_secs(4)).await;
    wire.heal();
    wire.set(Fault::Reset);
    sleep(Duration::from_secs(1)).await;
    wire.heal();
    stream.await.expect("the stream does not panic");
    let refused = |code: &str| {
        let records = talk.records();
        let attempts = records.iter().flat_map(|record| record.attempts.values());
        attempts.flat_map(|attempt| attempt.refusals.iter()).filter(|seen| *seen == code).count()
    };
    // The faults before may have had somebody told so already.
    let before = refused("unavailable");
    // Long enough that the nodes give up.
    wire.set(Fault::BlackHole);
    for device in talk.devices.iter() {
        device.send("into the hole");
    }
    wait::until_true("somebody is told that the store is away", Duration::from_secs(30), || {
        wire.bites() > 0 && refused("unavailable") > before
    })
    .await;
    wire.heal();

    talk.works().await;
    talk.all_acknowledged(ACKNOWLEDGED_WITHIN).await;
    let history = talk.settles(cluster.clients()[0], SETTLED_WITHIN).await;
    assert_eq!(history.messages.len(), 408);
    // The outage has a cause that its operator finds.
    let mut failed = 0.0;
    for node in &cluster.nodes {
        failed += node.metric("souk_store_failures_total").await;
        assert!(node.metric("souk_store_seconds_count").await > 0.0);
    }
    assert!(failed > 0.0, "no node counted that its store failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_is_down_for_a_while() {
    const EACH: usize = 10;
    let test = "faults: Kafka down";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    let broker = Server::kafka().await;
    let url = format!("kafka://{}", broker.address);
    let cluster = Cluster::start_with(2, &settings(&stack, &[NO_LIMIT, ("SOUK_EVENTS_URL", &url)])).await;
    let deal = Deal::make(cluster.clients()[0]).await;
    // Bob never comes: each message owes a notification. Ann talks on both nodes at once.
    let devices = [0, 1]
        .map(|node: usize| Spec::new("ann", &deal.client, &deal.order, &[cluster.clients()[node]], PLAIN).start());
    let round = async |name: &str| {
        for number in 1..=EACH {
            for (device, side) in devices.iter().zip(["left", "right"]) {
                let id = device.send(format!("{number} {side} {name}"));
                device.acknowledged(&id, SOON).await;
            }
        }
    };
    round("before").await;
    broker.kill().await;
    round("meanwhile").await;
    for node in &cluster.nodes {
        assert_eq!(node.operator("/readyz").await.expect("an answer").status, 200, "chat goes on without Kafka");
    }
    wait::until("events are owed", SOON, || async {
        let [first, second] = [0, 1].map(|node: usize| cluster.nodes[node].metric("souk_events_oldest_owed_seconds"));
        (first.await.max(second.await) >= 1.0).then_some(())
    })
    .await;
    broker.start_again().await;
    round("after").await;

    let consumer = Consumer::start(&broker.address, &stack.kafka_tools);
    let kind = "chat.notification.v1";
    let events = consumer.wait_for(deal.order.as_str(), kind, 6 * EACH, Duration::from_secs(60)).await;
    let told: Vec<_> =
        events.iter().map(|event| event.data["messageId"].as_str().unwrap_or_default().to_owned()).collect();
    let wanted: Vec<_> = (1..=6 * EACH).map(|seq| format!("{}:{seq}", deal.order)).collect();
    assert_eq!(told, wanted, "each once at its first occurrence, in order");
}
