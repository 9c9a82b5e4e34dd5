//! Somebody is away: what they are told of, what they find on return, and what must be found nowhere.

use std::time::Duration;

use souk_tests::checker::check;
use souk_tests::cluster::Cluster;
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::kafka::Consumer;
use souk_tests::left_out::program;
use souk_tests::people::Deal;
use souk_tests::stack::Stack;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(15);
/// A JVM starts, joins a group and finds topics.
const EVENTS_WITHIN: Duration = Duration::from_secs(40);
const NOTIFICATION: &str = "chat.notification.v1";
const MODERATION: &str = "chat.moderation.v1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_away_is_notified_and_catches_up_once_in_order() {
    let test = "offline: notified";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let order = deal.order.as_str();
    let consumer = Consumer::start(&stack.kafka, &stack.kafka_tools);
    let ann = Spec::new("ann", &deal.client, &deal.order, &[first], PLAIN).start();
    ann.live(SOON).await;

    // Bob is there: no notification.
    let bob = Spec::new("bob, before", &deal.contractor, &deal.order, &[second], SOCKET_IO).start();
    bob.live(SOON).await;
    let id = ann.send("bob is there");
    ann.acknowledged(&id, SOON).await;
    bob.sees("bob is there", SOON).await;
    let before = bob.record();
    drop(bob);
    // The end of his socket takes a moment to get around.
    let asking = deal.client.rest(first);
    wait::until("bob is gone", SOON, || async {
        let chat = asking.get(&format!("/chats/{order}")).await.json();
        let people = chat["participants"].as_array().cloned().unwrap_or_default();
        let bob = people.into_iter().find(|person| person["userId"] == deal.contractor.id.as_str())?;
        (bob["online"] == false).then_some(())
    })
    .await;

    let long = format!("{} the end", "a long message ".repeat(5));
    for text in ["bob is away", &long, "and a third"] {
        let id = ann.send(text);
        ann.acknowledged(&id, SOON).await;
    }
    let events = consumer.wait_for(order, NOTIFICATION, 3, EVENTS_WITHIN).await;
    let told: Vec<_> =
        events.iter().map(|event| event.data["messageId"].as_str().expect("a text").to_owned()).collect();
    assert_eq!(told, [2, 3, 4].map(|seq| format!("{order}:{seq}")), "in order, and none for what bob saw");
    assert!(events.windows(2).all(|pair| pair[0].partition == pair[1].partition && pair[0].offset < pair[1].offset));
    for (event, seq) in events.iter().zip(2..) {
        let header = |name: &str| event.headers.get(name).map(String::as_str);
        assert_eq!(header("ce_specversion"), Some("1.0"), "{event:?}");
        assert_eq!(header("ce_type"), Some(NOTIFICATION));
        let id = format!("{order}:{seq}#{NOTIFICATION}#{}", deal.contractor.id);
        assert_eq!(header("ce_id"), Some(id.as_str()));
        assert!(header("ce_source").is_some_and(|source| source.starts_with("/souk")), "{event:?}");
        assert!(header("ce_time").is_some_and(|time| time.ends_with('Z')), "{event:?}");
        assert_eq!(header("content-type"), Some("application/json"));
        assert_eq!(event.data["userId"], deal.contractor.id.as_str());
        assert_eq!((&event.data["kind"], &event.data["title"]), (&"message".into(), &"A fence".into()));
    }
    let body = events[1].data["body"].as_str().expect("a text");
    let shown: String = long.chars().take(50).collect();
    assert!(body.contains(&shown) && !body.contains("the end"), "the first 50 characters: {body:?}");

    // Back on the other node: what was missed, once, in order.
    let bob = Spec::new("bob, after", &deal.contractor, &deal.order, &[first], PLAIN).start();
    bob.live(SOON).await;
    let history = History::read(&deal, second).await;
    assert_eq!(bob.record().view().len(), history.messages.len());
    check(&history, &[&ann.record(), &before, &bob.record()], false);
    check(&history, &[&ann.record(), &bob.record()], true);
}

/// What was masked is nowhere: not in sockets, history, events, logs or figures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_masked_number_is_found_nowhere() {
    let test = "offline: canary";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    // Everything is logged: what is not in these logs is in none.
    let cluster =
        Cluster::start(&stack, 2, &[("SOUK_LOG_FILTER", "info,souk_node=trace,souk_chat=trace,souk_events=trace")])
            .await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let order = deal.order.as_str();
    let consumer = Consumer::start(&stack.kafka, &stack.kafka_tools);
    let ann = Spec::new("ann", &deal.client, &deal.order, &[first], PLAIN).start();
    let other = Spec::new("ann's other", &deal.client, &deal.order, &[second], SOCKET_IO).start();
    ann.live(SOON).await;
    other.live(SOON).await;

    let tail = rand::random_range(1_000_u32..10_000);
    let written = format!("+1 416 555 {tail}");
    let mail = format!("canary{tail}@example.org");
    let id = ann.send(format!("call me: {written}"));
    let acknowledged = ann.acknowledged(&id, SOON).await;
    assert_eq!((&*acknowledged.content, acknowledged.is_moderated), ("call me: ***", true));
    assert_eq!(acknowledged.moderation_flags, ["phone"]);
    let reply = deal.client.rest(second).send(order, &format!("or write to {mail}"), Some("canary")).await;
    assert_eq!(reply.json()["content"], "or write to ***");
    // A retry is the same message, and is not judged again.
    let again = deal.client.rest(first).send(order, &format!("or write to {mail}"), Some("canary")).await;
    assert_eq!((again.status, again.json()["id"].clone()), (200, reply.json()["id"].clone()));
    // Refused or broken, it must not be shown either.
    let broken = format!("{{\"content\": \"{written}\", ");
    let headers = [("Content-Type", "application/json")];
    let _ = deal.client.rest(first).call("POST", &format!("/chats/{order}/messages?{tail}"), None, &headers).await;
    let conflict = deal.client.rest(second).send(order, &broken, Some("canary")).await;
    assert_eq!(conflict.code(), "idempotency_conflict");
    other.sees("or write to ***", SOON).await;

    let moderated = consumer.wait_for(order, MODERATION, 2, EVENTS_WITHIN).await;
    for (event, flag) in moderated.iter().zip(["phone", "email"]) {
        assert_eq!((&event.data["action"], &event.data["flags"][0]), (&"masked".into(), &flag.into()), "{event:?}");
        assert_eq!(event.data["senderId"], deal.client.id.as_str());
        assert_eq!(
            event.headers["ce_id"],
            format!("{}#{MODERATION}#", event.data["messageId"].as_str().expect("a text"))
        );
    }
    let notified = consumer.wait_for(order, NOTIFICATION, 2, EVENTS_WITHIN).await;
    assert!(
        notified.iter().any(|event| event.data["body"].as_str().is_some_and(|body| body.contains("***"))),
        "{notified:?}"
    );

    let mut places = vec![
        ("sockets".to_owned(), format!("{:?} {:?}", ann.record().lives, other.record().lives)),
        ("history".to_owned(), format!("{:?}", History::read(&deal, second).await)),
        ("Kafka".to_owned(), format!("{:?}", consumer.all())),
        ("answers".to_owned(), format!("{reply:?} {again:?} {conflict:?}")),
    ];
    for node in &cluster.nodes {
        let figures = node.operator("/metrics").await.expect("an answer").text;
        assert!(figures.contains("souk_"), "no figures");
        places.push((format!("figures of {}", node.name), figures));
        assert!(!node.log().is_empty());
        places.push((format!("log of {}", node.name), node.log()));
    }
    let without_spaces = written.replace([' ', '+'], "");
    for (place, text) in places {
        for canary in [&written, &without_spaces, &mail, &format!("555 {tail}")] {
            assert!(!text.contains(canary.as_str()), "{canary:?} is in {place}");
        }
    }
}
