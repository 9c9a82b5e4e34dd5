//! Two nodes, every kind of client, one conversation.

use std::time::Duration;

use serde_json::json;
use souk_tests::checker::check;
use souk_tests::cluster::Cluster;
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::js::Puppet;
use souk_tests::people::Deal;
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
