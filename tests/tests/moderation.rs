//! Moderation on real servers: pieces that make a whole, edits, repetitions, and rules that change while messages come.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use souk_chat::{MessageId, Seq};
use souk_protocol::Code;
use souk_tests::checker::check;
use souk_tests::cluster::Cluster;
use souk_tests::device::{Device, PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::kafka::Consumer;
use souk_tests::left_out::program;
use souk_tests::node::{Node, SECRET, Settings};
use souk_tests::people::{Deal, Person};
use souk_tests::record::How;
use souk_tests::stack::Stack;
use souk_tests::wait;

const SOON: Duration = Duration::from_secs(15);
/// A JVM starts, joins a group and finds topics.
const EVENTS_WITHIN: Duration = Duration::from_secs(40);
const MODERATION: &str = "chat.moderation.v1";

/// Two devices of each party, one of each carrier, one joined and one not, on both nodes.
async fn devices(deal: &Deal, cluster: &Cluster) -> [Device; 4] {
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let spec = |name, person, node, carrier| Spec::new(name, person, &deal.order, &[node], carrier);
    let devices = [
        spec("ann", &deal.client, first, PLAIN).start(),
        spec("ann's phone", &deal.client, second, SOCKET_IO).aside().start(),
        spec("bob", &deal.contractor, second, SOCKET_IO).start(),
        spec("bob's phone", &deal.contractor, first, PLAIN).aside().start(),
    ];
    for device in &devices {
        device.live(SOON).await;
    }
    devices
}

/// What was masked is told in answers and in nothing else.
fn only_answers_tell_what_was_masked(devices: &[Device]) {
    for device in devices {
        for seen in device.record().lives.iter().flat_map(|life| &life.seen) {
            let is_answer = matches!(seen.how, How::Ack | How::Repeat);
            assert!(is_answer || seen.message.masked.is_empty(), "{} was told in a push: {seen:?}", device.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_in_pieces_is_masked_everywhere_once_it_is_whole() {
    let test = "moderation: pieces";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let deal = Deal::make(cluster.nodes[0].clients).await;
    let order = deal.order.as_str();
    let consumer = Consumer::start(&stack.kafka, &stack.kafka_tools);
    let devices = devices(&deal, &cluster).await;
    let [ann, _, bob, _] = &devices;

    let pieces = ["you can reach me at 416", "555", "0142"];
    let mut last = None;
    for (number, piece) in pieces.iter().enumerate() {
        let id = ann.send(*piece);
        let acknowledged = ann.acknowledged(&id, SOON).await;
        if number < 2 {
            assert_eq!(&*acknowledged.content, *piece, "harmless until there is more of it");
        }
        last = Some(acknowledged);
    }
    let last = last.expect("three were sent");
    assert!(last.is_moderated && last.moderation_flags == ["phone"], "{last:?}");
    assert!(last.masked.iter().all(|masked| masked.category == "phone" && masked.end == 4), "{last:?}");
    assert!(!last.masked.is_empty());

    let hidden = |text: &str| text.chars().filter(char::is_ascii_digit).count() == 0;
    for device in &devices {
        device.told("messages_masked", SOON).await;
        wait::until_true(&format!("{} shows no piece", device.name), SOON, || {
            let record = device.record();
            let view = record.view();
            view.len() == 3 && view.values().all(|message| hidden(&message.content) && message.is_moderated)
        })
        .await;
    }
    for node in &cluster.nodes {
        let history = History::read(&deal, node.clients).await;
        assert!(history.texts().iter().all(|text| hidden(text)), "{:?}", history.texts());
        assert_eq!(history.texts()[0], "you can reach me at ***");
        check(&history, &[&ann.record(), &bob.record()], true);
    }
    only_answers_tell_what_was_masked(&devices);
    let admin = Person::new("root", "admin").rest(cluster.nodes[1].clients);
    let kept = admin.get(&format!("/admin/chats/{order}/originals")).await.json();
    let later = kept["originals"].as_array().expect("a list").iter().filter(|row| row["reason"] == "masked_later");
    let mut later: Vec<_> = later.map(|row| (&row["messageId"], &row["entry"], &row["content"])).collect();
    later.sort_by_key(|(message, ..)| message.to_string());
    let [first, second] = [1, 2].map(|seq| json!(format!("{order}:{seq}")));
    let [reach, middle] = [pieces[0], pieces[1]].map(|piece| json!(piece));
    assert_eq!(later, [(&first, &json!(4), &reach), (&second, &json!(4), &middle)], "{kept}");

    let events = consumer.wait_for(order, MODERATION, 3, EVENTS_WITHIN).await;
    let mut about: Vec<&str> = events.iter().filter_map(|event| event.data["messageId"].as_str()).collect();
    about.sort_unstable();
    assert_eq!(about, [1, 2, 3].map(|seq| format!("{order}:{seq}")));
    for event in &events {
        assert_eq!((&event.data["action"], &event.data["flags"]), (&"masked".into(), &json!(["phone"])), "{event:?}");
        assert_eq!(event.data["senderId"], deal.client.id.as_str());
        assert!(!event.text.contains("reach me"), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_judged_again_and_shown_to_all() {
    let test = "moderation: edits";
    let Some(stack) = Stack::find(test) else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let order = deal.order.as_str();
    let devices = devices(&deal, &cluster).await;
    let [ann, phone, bob, _] = &devices;
    let message = ann.acknowledged(&ann.send("see you at noon"), SOON).await;
    bob.sees("see you at noon", SOON).await;

    let edited = ann.edit(&message.id, "  see you, call +1 416 555 0142", SOON).await.expect("the author may");
    assert_eq!((&*edited.content, edited.version, edited.is_edited), ("see you, call ***", 2, true));
    assert_eq!(edited.masked.len(), 1, "{edited:?}");
    let masked = &edited.masked[0];
    assert_eq!((masked.start, masked.end, &*masked.category), (14, 29, "phone"), "of the trimmed text");
    for device in &devices {
        let seen = device.sees("see you, call ***", SOON).await;
        assert!(seen.is_edited && seen.is_moderated && seen.edited_at.is_some(), "{}: {seen:?}", device.name);
    }
    // The other carrier, from a device that did not join.
    let edited = phone.edit(&message.id, "see you at one", SOON).await.expect("the author may");
    assert!(edited.version == 3 && edited.masked.is_empty() && !edited.is_moderated, "{edited:?}");

    let refused = bob.edit(&message.id, "never mind", SOON).await.expect_err("not his");
    assert_eq!(refused.code, Code::NotAuthor);
    let nothing = MessageId { order: deal.order.clone(), seq: Seq(99) };
    assert_eq!(ann.edit(&nothing, "x", SOON).await.expect_err("not there").code, Code::NotFound);
    assert_eq!(ann.edit(&message.id, " \n", SOON).await.expect_err("empty").code, Code::Empty);

    let body = |content: &str| json!({ "content": content });
    let patch = |person: &Person, message: &str, content: &str| {
        let (rest, path) = (person.rest(second), format!("/chats/{order}/messages/{message}"));
        let body = body(content);
        async move { rest.call("PATCH", &path, Some(&body), &[]).await.expect("an answer") }
    };
    let reply = patch(&deal.client, "1", "write to ann@example.org").await;
    assert_eq!((reply.status, &reply.json()["content"]), (200, &json!("write to ***")), "{reply:?}");
    assert_eq!(reply.json()["masked"][0]["category"], "email");
    let reply = patch(&deal.client, &format!("{order}:1"), "see you at two").await;
    assert_eq!((reply.status, &reply.json()["version"]), (200, &json!(5)), "{reply:?}");
    assert!(reply.json().get("masked").is_none(), "{reply:?}");
    let stranger = Person::new("eve", "client");
    assert_eq!(patch(&stranger, "1", "x").await.code(), "forbidden");
    assert_eq!(patch(&deal.contractor, "1", "x").await.code(), "not_author");
    assert_eq!(patch(&deal.client, "other:1", "x").await.code(), "bad_request");
    assert_eq!(patch(&deal.client, "99", "x").await.code(), "not_found");

    for device in &devices {
        device.sees("see you at two", SOON).await;
        assert!(device.record().told("message_edited") >= 3, "{}", device.name);
    }
    let history = History::read(&deal, second).await;
    assert_eq!(history.texts(), ["see you at two"]);
    check(&history, &[&ann.record(), &bob.record()], true);
    only_answers_tell_what_was_masked(&devices);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_again_and_again_is_refused_on_every_node_and_a_retry_never_counts() {
    let test = "moderation: spam";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    let cluster = Cluster::start(&stack, 2, &[]).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let order = deal.order.as_str();
    let consumer = Consumer::start(&stack.kafka, &stack.kafka_tools);
    let [here, there] = [deal.client.rest(first), deal.client.rest(second)];
    assert_eq!(here.send(order, "Great job!", Some("a")).await.status, 201);
    for _ in 0..3 {
        assert_eq!(here.send(order, "Great job!", Some("a")).await.status, 200, "a retry");
        assert_eq!(there.send(order, "Great job!", Some("a")).await.status, 200, "a retry elsewhere");
    }
    assert_eq!(there.send(order, "great JOB", Some("b")).await.status, 201, "the second time");
    for (rest, key) in [(&here, "c"), (&there, "c"), (&there, "d")] {
        let reply = rest.send(order, "Great… job 😀", Some(key)).await;
        assert_eq!((reply.status, reply.code().as_str()), (422, "spam"), "{reply:?}");
    }
    assert_eq!(there.send(order, "Great job!", Some("a")).await.status, 200, "what stands is the answer");
    assert_eq!(here.send(order, "thank you", Some("e")).await.status, 201);
    assert_eq!(deal.contractor.rest(first).send(order, "Great job!", None).await.status, 201, "who says it counts");
    let history = History::read(&deal, second).await;
    assert_eq!(history.texts(), ["Great job!", "great JOB", "thank you", "Great job!"]);

    let events = consumer.wait_for(order, MODERATION, 2, EVENTS_WITHIN).await;
    for event in &events {
        assert_eq!((&event.data["action"], &event.data["flags"]), (&"refused".into(), &json!(["spam"])), "{event:?}");
    }
    let mut spam = 0;
    for node in &cluster.nodes {
        let figures = node.operator("/metrics").await.expect("an answer").text;
        let of_spam =
            |line: &&str| line.starts_with("souk_moderation_decisions_total{category=\"spam\",action=\"refuse\"");
        spam += figures.lines().filter(of_spam).count();
        assert!(node.metric("souk_moderation_seconds_count").await > 0.0, "{} judged something", node.name);
    }
    assert_eq!(spam, 2, "both nodes counted what they refused");
}

/// Files of a folder, and of those in it, with their bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
    found
}

/// Alone: nothing but the program is needed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_read_again_without_a_restart_and_originals_are_closed_on_the_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = folder.path().join("words.toml");
    let write = |text: &str| std::fs::write(&words, text).expect("the folder can be written");
    write("[profanity]\nadd = [\"blarghle\"]\n");
    let settings = Settings::default()
        .with("SOUK_AUTH_SECRET", SECRET)
        .with("SOUK_MODERATION_LEXICON", words.to_str().expect("a path in UTF-8"));
    let mut node = Node::start("alone", settings).await;
    let deal = Deal::make(node.clients).await;
    let (order, ann) = (deal.order.as_str(), deal.client.rest(node.clients));
    let says = |text: &'static str| {
        let ann = deal.client.rest(node.clients);
        async move { ann.send(order, text, None).await.json()["content"].as_str().expect("a text").to_owned() }
    };
    assert_eq!(says("such a blarghle").await, "such a ***");
    assert_eq!(says("what a frobnik").await, "what a frobnik");

    write("[profanity]\nadd = [\"blarghle\", \"frobnik\"]\n");
    node.signal("HUP");
    wait::until("the new words are in force", SOON, || async {
        (node.metric("souk_moderation_reloads_total").await >= 1.0).then_some(())
    })
    .await;
    assert_eq!(says("what a frobnik again").await, "what a *** again");

    write("[profanity]\nadd = 7\n");
    node.signal("HUP");
    wait::until("the bad words are told of", SOON, || async {
        (node.metric("souk_moderation_reloads_failed_total").await >= 1.0).then_some(())
    })
    .await;
    assert!(node.metric("souk_moderation_lexicon_refused").await > 0.0);
    assert_eq!(says("still a frobnik").await, "still a ***");
    assert!(node.log().contains("those before stay in force") && node.log().contains("line 2"), "{}", node.log());

    // What was masked lies on the disk, and not so that it can be read there.
    assert_eq!(ann.send(order, "call +1 416 555 7391", None).await.json()["content"], "call ***");
    let admin = Person::new("root", "admin").rest(node.clients);
    let originals = admin.get(&format!("/admin/chats/{order}/originals")).await;
    assert!(
        originals.text.contains("+1 416 555 7391") && originals.text.contains("what a frobnik again"),
        "{originals:?}"
    );
    node.signal("TERM");
    assert!(node.ended(SOON).await.success());
    let files = files(&node.data_dir());
    let holds = |text: &str| files.iter().any(|(_, bytes)| bytes.windows(text.len()).any(|at| at == text.as_bytes()));
    assert!(holds("what a frobnik") && holds("call ***"), "history is there: {:?}", files.len());
    assert!(!holds("555 7391") && !holds("a frobnik again"), "an original can be read in the data folder");
}
