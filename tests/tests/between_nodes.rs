//! What travels between nodes, read with a Redis client that souk does not use.

use std::time::Duration;

use fred::prelude::{Builder, ClientLike, Config, EventInterface, KeysInterface, PubsubInterface, ServerInterface};
use souk_tests::cluster::{Cluster, settings};
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::left_out::program;
use souk_tests::people::Deal;
use souk_tests::redis::Redis;
use souk_tests::stack::Stack;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(15);
/// The header of version 2: version, kind, length of the order id, `seq`, origin node and connection, time, checksum.
const HEADER: usize = 1 + 1 + 2 + 8 + 8 + 8 + 8 + 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_published_once_to_the_order_and_to_both_parties() {
    let test = "between_nodes: published once";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "redis-server", "apt-get install redis-server") else { return };
    // A Redis of its own: everything in it is this test's.
    let redis = Redis::start(&[]).await.expect("redis-server can be run");
    let cluster = Cluster::start_with(2, &settings(&stack, &[("SOUK_ROUTER_URL", &redis.url())])).await;
    let deal = Deal::make(cluster.clients()[0]).await;
    let channels = [
        format!("souk:order:{{{}}}", deal.order),
        format!("souk:user:{{{}}}", deal.client.id),
        format!("souk:user:{{{}}}", deal.contractor.id),
    ];
    let builder = Builder::from_config(Config::from_url(&redis.url()).expect("an address"));
    let observer = builder.build_subscriber_client().expect("a client");
    observer.init().await.expect("Redis answers");
    let mut messages = observer.message_rx();
    observer.subscribe(channels.to_vec()).await.expect("subscribed");

    let ann = Spec::new("ann", &deal.client, &deal.order, &cluster.clients()[..1], PLAIN).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &cluster.clients()[1..], SOCKET_IO).start();
    ann.live(SOON).await;
    bob.live(SOON).await;
    let canary = format!("+1 416 555 {}", rand::random_range(1_000_u32..10_000));
    for (device, text) in [(&ann, format!("one: {canary}")), (&bob, "two".to_owned()), (&ann, "three".to_owned())] {
        let id = device.send(text);
        device.acknowledged(&id, SOON).await;
    }

    let mut heard = Vec::new();
    while heard.len() < 3 * channels.len() {
        let message = wait::within("an envelope", SOON, messages.recv()).await.expect("few enough to be kept");
        let bytes = message.value.as_bytes().expect("bytes").to_vec();
        let seq = u64::from_be_bytes(bytes[4..12].try_into().expect("eight bytes"));
        assert_eq!((bytes[0], bytes[1]), (2, 1), "version 2, kind entry");
        let order = deal.order.as_str().as_bytes();
        assert_eq!(usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), order.len());
        assert_eq!(&bytes[HEADER..HEADER + order.len()], order);
        let body = String::from_utf8_lossy(&bytes[HEADER + order.len()..]).into_owned();
        assert!(!body.contains(&canary), "an original left the node: {body}");
        assert!(body.contains(["one: ***", "two", "three"][usize::try_from(seq).expect("small") - 1]), "{seq}: {body}");
        heard.push((message.channel.to_string(), seq));
    }
    heard.sort();
    let mut wanted: Vec<_> = channels.iter().flat_map(|channel| (1..=3).map(|seq| (channel.clone(), seq))).collect();
    wanted.sort();
    assert_eq!(heard, wanted);
    // Nothing came twice: what is published after a round through all nodes is the next thing to be heard.
    let id = bob.send("four");
    bob.acknowledged(&id, SOON).await;
    ann.sees("four", SOON).await;
    let next = wait::within("an envelope", SOON, messages.recv()).await.expect("few enough to be kept");
    assert_eq!(next.value.as_bytes().map(|bytes| bytes[11]), Some(4));

    // What is kept in Redis besides: presence and limits, under its prefix, with an end. The nodes, and whom each answers for, must outlast
    // them: a living node ends that when it has looked after those people. Here all are alive.
    let client = builder.build().expect("a client");
    client.init().await.expect("Redis answers");
    let size: usize = client.dbsize().await.expect("Redis answers");
    assert!(size > 0);
    let (_, keys): (String, Vec<String>) = client.scan_page("0", "*", Some(10_000), None).await.expect("Redis answers");
    assert_eq!(keys.len(), size);
    let lives = |lease: &str| keys.contains(&format!("souk:node:{lease}"));
    for key in &keys {
        assert!(key.starts_with("souk:"), "{key}");
        if key == "souk:nodes" || key.strip_prefix("souk:answers:").is_some_and(lives) {
            continue;
        }
        let ends_in: i64 = client.ttl(key).await.expect("Redis answers");
        assert!(ends_in > 0, "{key} stays for ever");
    }
}
