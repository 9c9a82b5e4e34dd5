//! Two nodes, every kind of client, one conversation.

use std::time::Duration;

use serde_json::json;
use souk_chat::ClientMessageId;
use souk_tests::checker::check;
use souk_tests::cluster::Cluster;
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::js::Puppet;
use souk_tests::people::Deal;
use souk_tests::record::Attempt;
use souk_tests::stack::Stack;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_talks_to_every_other_across_nodes() {
    let test = "two_nodes: every client";
    let Some(stack) = Stack::find(test) else { return };
    let Some(puppet) = Puppet::start(test) else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;

    let plain = Spec::new("ann, plain", &deal.client, &deal.order, &[first], PLAIN).start();
    let socket_io = Spec::new("bob, socket.io", &deal.contractor, &deal.order, &[second], SOCKET_IO).start();
    let stock = puppet.connect("bob, stock in /chat", first, "/chat", &deal.contractor).await;
    let stock_root = puppet.connect("ann, stock in /", second, "/", &deal.client).await;
    for device in [&plain, &socket_io] {
        device.live(SOON).await;
    }
    for socket in [&stock, &stock_root] {
        let joined = socket.emit("join_order_chat", json!({ "orderId": deal.order.as_str(), "since": 0 })).await;
        assert_eq!(joined["chat"]["orderId"], deal.order.as_str(), "{joined}");
    }

    let id = plain.send("from plain");
    plain.acknowledged(&id, SOON).await;
    let id = socket_io.send("from the other carrier");
    socket_io.acknowledged(&id, SOON).await;
    stock.send(&deal.order, "from stock in /chat").await;
    stock_root.send(&deal.order, "from stock in /").await;
    for text in ["from plain", "from the other carrier", "from stock in /chat", "from stock in /"] {
        plain.sees(text, SOON).await;
        socket_io.sees(text, SOON).await;
    }
    // Mine from another device come as `message_sent`, the other party's as `new_message`.
    let pushed = stock.sees("from the other carrier").await;
    assert_eq!(pushed["senderId"], deal.contractor.id.as_str());
    stock.line("its own other device", |line| line["event"] == "message_sent").await;
    stock_root.sees("from stock in /chat").await;
    stock_root.sees("from plain").await;

    let history = History::read(&deal, second).await;
    assert_eq!((history.messages.len(), history.empty_entries()), (4, 0), "{history:?}");
    let records = [plain.record(), socket_io.record(), stock.record(), stock_root.record()];
    check(&history, &records.each_ref(), true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_devices_of_a_person_are_in_step() {
    let Some(stack) = Stack::find("two_nodes: several devices") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let phone = Spec::new("ann's phone", &deal.client, &deal.order, &[first], PLAIN).start();
    let laptop = Spec::new("ann's laptop", &deal.client, &deal.order, &[second], SOCKET_IO).start();
    let watch = Spec::new("ann's watch, not joined", &deal.client, &deal.order, &[second], PLAIN).aside().start();
    let other = Spec::new("bob's phone", &deal.contractor, &deal.order, &[second], PLAIN).start();
    let aside =
        Spec::new("bob's tablet, not joined", &deal.contractor, &deal.order, &[first], SOCKET_IO).aside().start();
    let devices = [&phone, &laptop, &watch, &other, &aside];
    for device in devices {
        device.live(SOON).await;
    }

    let id = phone.send("from the phone");
    phone.acknowledged(&id, SOON).await;
    let reply = deal.client.rest(second).send(deal.order.as_str(), "over REST", Some("rest-1")).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.json()["clientMessageId"], "rest-1");
    let id = watch.send("from the watch");
    watch.acknowledged(&id, SOON).await;
    for device in devices {
        for text in ["from the phone", "over REST", "from the watch"] {
            let seen = device.sees(text, SOON).await;
            let is_ann = device.name.starts_with("ann");
            assert_eq!(seen.client_message_id.is_some(), is_ann, "clientMessageId is for the sender: {}", device.name);
        }
    }

    // Typing is shown to the other party, on its joined devices, and to nobody of the typist's.
    phone.typing();
    other.told("typing", SOON).await;
    let id = phone.send("typed");
    phone.acknowledged(&id, SOON).await;
    laptop.sees("typed", SOON).await;
    assert_eq!([&phone, &laptop].map(|device| device.record().told("typing")), [0, 0]);

    let history = History::read(&deal, first).await;
    assert_eq!(history.empty_entries(), 0);
    let mut records = devices.map(|device| device.record());
    // What REST sent, nobody of these sent: the checker is told.
    let rest =
        Attempt { content: "over REST".into(), first_sent: None, sent: 1, acknowledged: None, refusals: Vec::new() };
    records[0].attempts.insert(ClientMessageId::new("rest-1").expect("an id"), rest);
    check(&history, &records.each_ref(), true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_is_one_message_whatever_happens() {
    let Some(stack) = Stack::find("two_nodes: one id") else { return };
    let cluster = Cluster::start(&stack, 2, &[("SOUK_LIMITS_MESSAGES", "0")]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let devices = [(first, PLAIN), (second, SOCKET_IO)]
        .map(|(node, carrier)| Spec::new("ann", &deal.client, &deal.order, &[node], carrier).start());
    for device in &devices {
        device.live(SOON).await;
    }
    // The same message from two devices at once, on two nodes.
    for round in 0..20 {
        let id = ClientMessageId::new(&format!("both-{round}")).expect("an id");
        let sent = devices.each_ref().map(|device| device.send_as(id.clone(), format!("round {round}")));
        let first = devices[0].acknowledged(&sent[0], SOON).await;
        let second = devices[1].acknowledged(&sent[1], SOON).await;
        assert_eq!((first.seq, &first.content), (second.seq, &second.content));
    }
    let history = History::read(&deal, second).await;
    assert_eq!((history.messages.len(), history.empty_entries()), (20, 0));

    let order = deal.order.as_str();
    let [here, there] = [first, second].map(|node| deal.client.rest(node));
    assert_eq!(here.send(order, "  once \n", Some("mine")).await.status, 201);
    let again = there.send(order, "once", Some("mine")).await;
    assert_eq!((again.status, again.json()["content"].as_str()), (200, Some("once")), "the same text after trimming");
    let other = there.send(order, "another", Some("mine")).await;
    assert_eq!((other.status, other.code().as_str()), (409, "idempotency_conflict"));
    // Ids are per sender.
    let theirs = deal.contractor.rest(second).send(order, "the other party's", Some("mine")).await;
    assert_eq!(theirs.status, 201, "{theirs:?}");
    let refused = devices[0].send_as(ClientMessageId::new("mine").expect("an id"), "another");
    assert_eq!(devices[0].refused(&refused, SOON).await, "idempotency_conflict");
}
