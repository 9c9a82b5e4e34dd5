//! A thousand messages while connections break at random.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::RngExt;
use souk_client::{Client, ConnectOptions, Tokens};
use souk_tests::cluster::Cluster;
use souk_tests::conversation::{Conversation, SETTLED_WITHIN};
use souk_tests::device::{PLAIN, SOCKET_IO};
use souk_tests::history::History;
use souk_tests::people::Deal;
use souk_tests::proxy::{Fault, Proxy};
use souk_tests::stack::Stack;
use souk_tests::wait;
use tokio::time::sleep;

const NO_LIMIT: &[(&str, &str)] = &[("SOUK_LIMITS_MESSAGES", "0")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_and_random_cuts() {
    let Some(stack) = Stack::find("thousand: random cuts") else { return };
    let cluster = Cluster::start(&stack, 2, NO_LIMIT).await;
    let talk = Conversation::start(&cluster.clients()).await;
    let stream = talk.stream(250, Duration::from_millis(30));
    while !stream.is_finished() {
        let (victim, wait) = {
            let mut dice = rand::rng();
            (dice.random_range(0..talk.devices.len()), dice.random_range(50..400))
        };
        sleep(Duration::from_millis(wait)).await;
        talk.devices[victim].cut();
    }
    stream.await.expect("the stream does not panic");
    talk.all_acknowledged(Duration::from_secs(90)).await;
    let history = talk.settles(cluster.clients()[1], SETTLED_WITHIN).await;
    assert_eq!((history.messages.len(), history.empty_entries()), (1_000, 0));
    assert!(talk.connections() > 12, "the cuts did not bite: {} connections", talk.connections());
}

/// The client that people use, behind a wire that is slow, cuts frames into slices and breaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_client_loses_nothing_behind_a_failing_wire() {
    const EACH: usize = 100;
    let Some(stack) = Stack::find("thousand: failing wire") else { return };
    let cluster = Cluster::start(&stack, 2, NO_LIMIT).await;
    let deal = Deal::make(cluster.clients()[0]).await;
    let wire = Proxy::start(cluster.clients()).await.expect("loopback has a free port");
    let people = [(&deal.client, "ann", PLAIN), (&deal.contractor, "bob", SOCKET_IO)];
    let clients = people.map(|(person, _, carrier)| {
        let address = format!("ws://{}", wire.address()).parse().expect("an address");
        let tokens = Tokens::fixed(person.token.as_str());
        Client::builder(ConnectOptions::new(address, carrier), tokens).seed(7).start()
    });
    for (client, _) in &clients {
        client.join(&deal.order, None).await.expect("a party may join");
    }
    let mut sending = tokio::task::JoinSet::new();
    for ((client, _), (_, name, _)) in clients.iter().zip(people) {
        let (client, order) = (client.clone(), deal.order.clone());
        sending.spawn(async move {
            let mut sends = tokio::task::JoinSet::new();
            for number in 1..=EACH {
                sends.spawn(client.send(&order, format!("{number} of {name}")));
                sleep(Duration::from_millis(40)).await;
            }
            sends.join_all().await.into_iter().map(|sent| sent.expect("it is acknowledged").seq).collect::<Vec<_>>()
        });
    }
    let faults =
        [Fault::Latency(Duration::from_millis(60)), Fault::Slice(7), Fault::Reset, Fault::Slice(1), Fault::Reset];
    for fault in faults {
        wire.set(fault);
        wait::until_true("the fault bites", Duration::from_secs(20), || wire.bites() > 0).await;
        sleep(Duration::from_millis(300)).await;
        wire.heal();
    }
    let acknowledged: Vec<_> =
        wait::within("all sends are answered", Duration::from_secs(60), sending.join_all()).await.concat();
    let history = History::read(&deal, cluster.clients()[0]).await;
    assert_eq!((history.messages.len(), history.empty_entries()), (2 * EACH, 0));
    assert_eq!(acknowledged.into_iter().collect::<BTreeSet<_>>(), history.messages.keys().copied().collect());
    // With one send of an order under way at a time, as is the default, the order of numbers is the order of sending.
    for (person, name, _) in people {
        let mine = history.messages.values().filter(|message| message.sender_id.as_ref() == Some(&person.id));
        let texts: Vec<_> = mine.map(|message| message.content.to_string()).collect();
        let wanted: Vec<_> = (1..=EACH).map(|number| format!("{number} of {name}")).collect();
        assert_eq!(texts, wanted);
    }
    for (client, _) in &clients {
        wait::until_true("the client's view equals history", SETTLED_WITHIN, || {
            let view = client.view(&deal.order);
            view.len() == history.messages.len()
                && view.iter().all(|(seq, message)| history.messages[seq].content == message.content)
        })
        .await;
    }
}
