//! Sent, delivered, read: how far people got, on every device of both, over two nodes.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::json;
use souk_chat::{MessageId, OrderId, Seq};
use souk_client::{Answer, Connection};
use souk_protocol::dto::ReadUpTo;
use souk_protocol::push::MessageStatus;
use souk_protocol::{Code, Request, ServerEvent};
use souk_tests::bare::{ask, connect, heard, told};
use souk_tests::cluster::Cluster;
use souk_tests::device::{PLAIN, SOCKET_IO};
use souk_tests::people::{Deal, Person};
use souk_tests::stack::Stack;

fn join(order: &OrderId) -> Request<'static> {
    Request::JoinOrderChat { order: order.clone(), cursor: Some(Seq(0).into()) }
}

async fn joined(node: std::net::SocketAddr, carrier: souk_client::Carrier, who: &Person, deal: &Deal) -> Connection {
    let mut connection = connect(node, carrier, who).await;
    ask(&mut connection, &join(&deal.order)).await.expect("a party joins");
    connection
}

async fn say(connection: &mut Connection, order: &OrderId, content: &str) -> Seq {
    let request =
        Request::SendMessage { order: order.clone(), content: Cow::Owned(content.into()), client_message_id: None };
    match ask(connection, &request).await {
        Ok(Answer::Message(message)) => message.seq,
        other => panic!("no message: {other:?}"),
    }
}

fn id(deal: &Deal, seq: Seq) -> MessageId {
    MessageId { order: deal.order.clone(), seq }
}

/// Reads until this person is told to have got at least so far.
async fn status(connection: &mut Connection, who: &Person, delivered: Seq, read: Seq) -> MessageStatus {
    let what = format!("{} at {delivered:?} and {read:?}", who.id);
    let wanted = |event: &ServerEvent| match event {
        ServerEvent::MessageStatus(status)
            if status.user_id == who.id && status.delivered >= delivered && status.read >= read =>
        {
            Some(status.clone())
        }
        _ => None,
    };
    told(connection, &what, wanted).await
}

async fn read(connection: &mut Connection, deal: &Deal, seq: Seq) -> ReadUpTo {
    match ask(connection, &Request::MessageRead { message: id(deal, seq) }).await {
        Ok(Answer::Read(read)) => read,
        other => panic!("no answer to message_read: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ticks_come_to_every_device_and_stay() {
    let Some(stack) = Stack::find("status: ticks") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let mut ann = joined(first, PLAIN, &deal.client, &deal).await;
    let mut laptop = joined(second, SOCKET_IO, &deal.client, &deal).await;
    let one = say(&mut ann, &deal.order, "is anybody there").await;
    let two = say(&mut ann, &deal.order, "hello").await;

    // What a join is answered with has arrived when the heartbeat behind it is answered: he reads first.
    let mut bob = joined(second, SOCKET_IO, &deal.contractor, &deal).await;
    let mut tablet = connect(first, PLAIN, &deal.contractor).await;
    for device in [&mut bob, &mut tablet, &mut ann, &mut laptop] {
        let arrived = status(device, &deal.contractor, two, Seq(0)).await;
        assert_eq!((arrived.delivered, arrived.read, &arrived.order_id), (two, Seq(0), &deal.order));
    }
    assert_eq!(read(&mut bob, &deal, one).await, ReadUpTo { unread: 1, unread_total: 1 });
    assert_eq!(read(&mut bob, &deal, Seq(999)).await, ReadUpTo { unread: 0, unread_total: 0 }, "as far as there is");
    assert_eq!(read(&mut bob, &deal, one).await, ReadUpTo { unread: 0, unread_total: 0 }, "marks do not go back");
    for device in [&mut bob, &mut tablet, &mut ann, &mut laptop] {
        let seen = status(device, &deal.contractor, two, two).await;
        assert_eq!((seen.delivered, seen.read), (two, two), "never above the head");
    }

    // Everything that is read later says the same, on both nodes.
    let order = deal.order.as_str();
    for node in [first, second] {
        let chat = deal.client.rest(node).get(&format!("/chats/{order}")).await.json();
        assert_eq!((&chat["participants"][1]["read"], &chat["participants"][0]["read"]), (&json!(two.0), &json!(0)));
        let page = deal.contractor.rest(node).get(&format!("/chats/{order}/messages")).await.json();
        let states: Vec<_> = page["messages"].as_array().expect("a page").iter().map(|one| &one["status"]).collect();
        assert_eq!(states, [&json!("read"), &json!("read")]);
    }
    let again = deal.client.rest(first).send(order, "over REST", Some("once")).await;
    assert_eq!((again.status, &again.json()["status"]), (201, &json!("sent")));
    let three = again.json()["seq"].as_u64().map(Seq).expect("a number");
    let path = format!("/chats/{order}/read");
    let answer = deal
        .contractor
        .rest(first)
        .call("POST", &path, Some(&json!({ "seq": three.0 })), &[])
        .await
        .expect("an answer");
    assert_eq!((answer.status, answer.json()), (200, json!({ "unread": 0, "unreadTotal": 0 })));
    status(&mut laptop, &deal.contractor, three, three).await;
    let repeat = deal.client.rest(second).send(order, "over REST", Some("once")).await;
    assert_eq!((repeat.status, &repeat.json()["status"]), (200, &json!("read")), "a repeat says how far it got");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_front_end_that_says_nothing_still_shows_two_ticks() {
    let Some(stack) = Stack::find("status: silent front ends") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let mut ann = joined(first, PLAIN, &deal.client, &deal).await;
    for (carrier, joins) in [(PLAIN, true), (SOCKET_IO, true), (SOCKET_IO, false)] {
        let mut bob = connect(second, carrier, &deal.contractor).await;
        if joins {
            ask(&mut bob, &join(&deal.order)).await.expect("a party joins");
        }
        let seq = say(&mut ann, &deal.order, &format!("{carrier:?} {joins}")).await;
        let is_it = |event: &ServerEvent| matches!(event, ServerEvent::NewMessage(new) if new.seq == seq).then_some(());
        told(&mut bob, "the message", is_it).await;
        // It was shown before a second that passes now; whatever comes back says so.
        let mut ticked = std::pin::pin!(status(&mut ann, &deal.contractor, seq, Seq(0)));
        let status = loop {
            tokio::select! {
                status = &mut ticked => break status,
                () = tokio::time::sleep(Duration::from_millis(500)) => {
                    heard(&mut bob).await;
                }
            }
        };
        assert_eq!(status.read, Seq(0), "arrived is not read");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_where_somebody_looks_is_read_at_once() {
    let Some(stack) = Stack::find("status: visible") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let mut ann = joined(first, PLAIN, &deal.client, &deal).await;
    let order = &deal.order;
    for carrier in [PLAIN, SOCKET_IO] {
        let before = say(&mut ann, order, &format!("before {carrier:?}")).await;
        let mut bob = joined(second, carrier, &deal.contractor, &deal).await;
        let look = |visible| Request::SetVisible { order: order.clone(), visible };
        ask(&mut bob, &look(true)).await.expect("a party looks");
        // He answers heartbeats, and says nothing else.
        let looking = tokio::spawn(async move { while bob.next().await.is_ok() {} });
        status(&mut ann, &deal.contractor, before, before).await;
        for text in ["one", "two", "three"] {
            let seq = say(&mut ann, order, &format!("{text}, {carrier:?}")).await;
            status(&mut ann, &deal.contractor, seq, seq).await;
        }
        looking.abort();
    }

    // Who looks away has not read; who hides it twice is told nothing.
    let mut bob = joined(second, PLAIN, &deal.contractor, &deal).await;
    for visible in [true, false, false] {
        ask(&mut bob, &Request::SetVisible { order: order.clone(), visible }).await.expect("a party looks");
    }
    let last = say(&mut ann, order, "unread").await;
    ask(&mut bob, &Request::MessageDelivered { message: id(&deal, last) }).await.expect("it is said");
    assert_eq!(status(&mut ann, &deal.contractor, last, Seq(0)).await.read, Seq(last.0 - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_of_others_are_refused() {
    let Some(stack) = Stack::find("status: refused") else { return };
    let cluster = Cluster::start(&stack, 1, &[]).await;
    let node = cluster.nodes[0].clients;
    let deal = Deal::make(node).await;
    let mut ann = joined(node, PLAIN, &deal.client, &deal).await;
    let seq = say(&mut ann, &deal.order, "hello").await;
    for person in [Person::new("eve", "client"), Person::named("root", "admin")] {
        for carrier in [PLAIN, SOCKET_IO] {
            let mut connection = connect(node, carrier, &person).await;
            for request in [
                Request::MessageDelivered { message: id(&deal, seq) },
                Request::MessageRead { message: id(&deal, seq) },
                Request::SetVisible { order: deal.order.clone(), visible: true },
            ] {
                let error = ask(&mut connection, &request).await.expect_err("these are not theirs");
                assert_eq!(error.code, Code::Forbidden, "{}", request.name());
            }
        }
        let path = format!("/chats/{}/read", deal.order);
        assert_eq!(
            person.rest(node).call("POST", &path, Some(&json!({ "seq": 1 })), &[]).await.expect("an answer").status,
            403
        );
    }
    for body in [json!({}), json!({ "seq": -1 }), json!({ "seq": "1" }), json!({ "seq": 1.5 })] {
        let path = format!("/chats/{}/read", deal.order);
        let answer = deal.contractor.rest(node).call("POST", &path, Some(&body), &[]).await.expect("an answer");
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{body}");
    }
    let page = deal.client.rest(node).get(&format!("/chats/{}/messages", deal.order)).await.json();
    assert_eq!(page["messages"][0]["status"], "sent", "nobody raised anything");
}
