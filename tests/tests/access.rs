//! Who may do what: strangers, admins, services.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::json;
use souk_chat::{OrderId, Seq};
use souk_client::Answer;
use souk_protocol::dto::SyncOutcome;
use souk_protocol::{Code, Request};
use souk_tests::bare::{ask, connect, heard};
use souk_tests::cluster::Cluster;
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::people::{Deal, Person, tail};
use souk_tests::stack::Stack;

const SOON: Duration = Duration::from_secs(15);

fn send(order: &OrderId, content: &'static str) -> Request<'static> {
    Request::SendMessage { order: order.clone(), content: Cow::Borrowed(content), client_message_id: None }
}

fn join(order: &OrderId) -> Request<'static> {
    Request::JoinOrderChat { order: order.clone(), cursor: Some(Seq(0).into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_is_refused_and_hears_nothing() {
    let Some(stack) = Stack::find("access: a stranger") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let missing = OrderId::new(&format!("none-{}", tail())).expect("an id");
    let ann = Spec::new("ann", &deal.client, &deal.order, &[first], PLAIN).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &[second], SOCKET_IO).start();
    ann.live(SOON).await;
    bob.live(SOON).await;

    let stranger = Person::new("eve", "client");
    let mut sockets = [connect(first, PLAIN, &stranger).await, connect(second, SOCKET_IO, &stranger).await];
    for socket in &mut sockets {
        for order in [&deal.order, &missing] {
            for request in [join(order), send(order, "let me in"), Request::Typing { order: order.clone() }] {
                let error = ask(socket, &request).await.expect_err("a stranger is refused");
                let same = ask(socket, &request).await.expect_err("a stranger is refused");
                assert_eq!((error.code, &error.message), (Code::Forbidden, &same.message), "{}", request.name());
            }
        }
        let cursors = vec![(deal.order.clone(), Seq(0).into()), (missing.clone(), Seq(0).into())];
        let Ok(Answer::Synced(synced)) = ask(socket, &Request::Sync { cursors }).await else { panic!("no sync") };
        let errors: Vec<_> = synced
            .orders
            .values()
            .map(|outcome| match outcome {
                SyncOutcome::Refused { error } => error.clone(),
                SyncOutcome::CaughtUp(_) => panic!("a stranger reads"),
            })
            .collect();
        assert_eq!(errors[0], errors[1], "no such order and not yours look the same");
        assert_eq!(errors[0].code, Code::Forbidden);
    }
    let rest = stranger.rest(first);
    for path in ["", "/messages", "/messages?since=0"] {
        let [theirs, none] = [&deal.order, &missing].map(|order| format!("/chats/{order}{path}"));
        let (theirs, none) = (rest.get(&theirs).await, rest.get(&none).await);
        assert_eq!((theirs.status, theirs.code().as_str()), (403, "forbidden"), "{path}");
        assert_eq!((none.status, &none.text), (theirs.status, &theirs.text), "{path}");
        assert_eq!(theirs.header("content-type"), Some("application/problem+json"));
    }
    let sent = rest.send(deal.order.as_str(), "let me in", None).await;
    assert_eq!((sent.status, sent.code().as_str()), (403, "forbidden"));

    for (device, text) in [(&ann, "not for eve"), (&bob, "nor this")] {
        let id = device.send(text);
        device.acknowledged(&id, SOON).await;
    }
    ann.sees("nor this", SOON).await;
    bob.sees("not for eve", SOON).await;
    ann.typing();
    bob.told("typing", SOON).await;
    for socket in &mut sockets {
        let heard = heard(socket).await;
        assert!(heard.is_empty(), "the stranger heard {heard:?}");
    }
    assert_eq!(History::read(&deal, first).await.texts(), ["not for eve", "nor this"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_reads_unseen_and_does_not_write() {
    let Some(stack) = Stack::find("access: an admin") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let ann = Spec::new("ann", &deal.client, &deal.order, &[first], PLAIN).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &[second], PLAIN).start();
    ann.live(SOON).await;
    bob.live(SOON).await;
    let before: Vec<String> = ann.record().lives[0].told.clone();

    let admin = Person::new("mod", "admin");
    let watcher = Spec::new("the admin", &admin, &deal.order, &[second], SOCKET_IO).start();
    watcher.live(SOON).await;
    let mut socket = connect(first, PLAIN, &admin).await;
    ask(&mut socket, &join(&deal.order)).await.expect("an admin joins");
    for request in [send(&deal.order, "an order"), Request::Typing { order: deal.order.clone() }] {
        let error = ask(&mut socket, &request).await.expect_err("an admin does not write");
        assert_eq!(error.code, Code::Forbidden, "{}", request.name());
    }
    assert_eq!(admin.rest(second).send(deal.order.as_str(), "an order", None).await.status, 403);

    let id = ann.send("watched");
    ann.acknowledged(&id, SOON).await;
    watcher.sees("watched", SOON).await;
    bob.sees("watched", SOON).await;
    let pages = admin.rest(first).get(&format!("/chats/{}/messages?since=0", deal.order)).await;
    assert_eq!(pages.json()["messages"][0]["content"], "watched");
    assert!(pages.json()["messages"][0]["clientMessageId"].is_null(), "the sender's id is the sender's");

    // Nobody was told, and nobody can see it.
    assert_eq!(ann.record().lives[0].told, before);
    let chat = deal.client.rest(first).get(&format!("/chats/{}", deal.order)).await;
    assert!(!chat.text.contains(admin.id.as_str()), "{}", chat.text);
    let list = deal.client.rest(first).get("/chats").await;
    assert!(!list.text.contains(admin.id.as_str()), "{}", list.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_made_once() {
    let Some(stack) = Stack::find("access: an order is made once") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let service =
        cluster.nodes.iter().map(|node| Person::new("shop", "service").rest(node.clients)).collect::<Vec<_>>();
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| Person::new(name, "client"));
    let path = format!("/admin/orders/o-{}", tail());
    let pair = |one: &Person, two: &Person| json!({ "client": one.id.as_str(), "contractor": two.id.as_str() });
    let put =
        async |rest: &souk_tests::rest::Rest, body| rest.call("PUT", &path, Some(&body), &[]).await.expect("an answer");

    for person in [&ann, &eve] {
        let reply = put(&person.rest(cluster.nodes[0].clients), pair(&ann, &bob)).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"));
    }
    // Both nodes at once: one makes it, the other finds it.
    let (one, two) = tokio::join!(put(&service[0], pair(&ann, &bob)), put(&service[1], pair(&ann, &bob)));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "{one:?} {two:?}");
    let with_title = json!({ "client": ann.id.as_str(), "contractor": bob.id.as_str(), "title": "A fence" });
    let reply = put(&service[1], with_title).await;
    assert_eq!((reply.status, reply.json()["title"].as_str()), (200, Some("A fence")));
    // An absent field stays.
    let reply = put(&service[0], pair(&ann, &bob)).await;
    assert_eq!((reply.status, reply.json()["title"].as_str()), (200, Some("A fence")));
    for other in [pair(&ann, &eve), pair(&bob, &ann)] {
        assert_eq!(put(&service[0], other).await.status, 409);
    }
    let reply = put(&service[0], pair(&ann, &ann)).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "bad_request"));
}
