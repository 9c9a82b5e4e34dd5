//! What was really written: in the hands of admins who are noted, and nowhere else.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use souk_chat::ClientMessageId;
use souk_protocol::Code;
use souk_tests::cluster::Cluster;
use souk_tests::device::{PLAIN, SOCKET_IO, Spec};
use souk_tests::history::History;
use souk_tests::kafka::Consumer;
use souk_tests::left_out::program;
use souk_tests::people::{Deal, Person};
use souk_tests::proxy::Proxy;
use souk_tests::rest::Rest;
use souk_tests::stack::Stack;

const SOON: Duration = Duration::from_secs(15);
/// A JVM starts, joins a group and finds topics.
const EVENTS_WITHIN: Duration = Duration::from_secs(40);
const MODERATION: &str = "chat.moderation.v1";
const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// Pieces of what was planted, each of which tells it to who finds it; and where they were found.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    /// One more: a text, and pieces of it that must not be found.
    fn plant(&mut self, text: &str, pieces: &[&str]) -> String {
        self.0.extend(pieces.iter().map(|piece| (*piece).to_owned()));
        for piece in pieces {
            assert!(text.contains(piece), "{piece:?} is no piece of {text:?}");
        }
        text.to_owned()
    }

    /// Those in a text, as it is and without spaces.
    fn in_text(&self, text: &str) -> BTreeSet<&str> {
        let dense: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let found = |piece: &&String| {
            let dense_piece: String = piece.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
            text.contains(piece.as_str()) || dense.contains(&dense_piece)
        };
        self.0.iter().filter(found).map(String::as_str).collect()
    }
}

/// What came from a node over all connections.
fn heard(ear: &Proxy) -> String {
    String::from_utf8_lossy(&ear.heard().expect("everything was kept")).into_owned()
}

/// Every page of originals; and how many there were.
async fn originals(admin: &Rest, order: &str) -> (Vec<Value>, usize) {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for page in 1.. {
        let reply = admin.get(&format!("/admin/chats/{order}/originals?limit=3{cursor}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let found = reply.json();
        let rows = found["originals"].as_array().expect("a list").clone();
        assert!(rows.len() <= 3);
        all.extend(rows);
        match found["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (all, page),
        }
    }
    unreachable!("pages end")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_found_by_admins_and_nowhere_else() {
    let test = "originals: canaries";
    let Some(stack) = Stack::find(test) else { return };
    let Some(()) = program(test, "java", "install a Java runtime, 17 or newer") else { return };
    // Everything is logged: what is not in these logs is in none.
    let more = [("SOUK_LOG_FILTER", "trace"), ("SOUK_MODERATION_LINK", "refuse"), ("SOUK_LIMITS_MESSAGES", "100")];
    let cluster = Cluster::start(&stack, 2, &more).await;
    let [first, second] = [cluster.nodes[0].clients, cluster.nodes[1].clients];
    let deal = Deal::make(first).await;
    let order = deal.order.as_str();
    let consumer = Consumer::start(&stack.kafka, &stack.kafka_tools);

    // Everybody is listened to on the wire.
    let eve = Person::new("eve", "client");
    let mut ears = Vec::new();
    for (name, node) in [("ann", first), ("ann's phone", second), ("bob", second), ("eve", first)] {
        ears.push((name, Proxy::listening(node).await.expect("loopback has a free port")));
    }
    let at = |place: usize| [ears[place].1.address()];
    let ann = Spec::new("ann", &deal.client, &deal.order, &at(0), PLAIN).start();
    let phone = Spec::new("ann's phone", &deal.client, &deal.order, &at(1), SOCKET_IO).start();
    let bob = Spec::new("bob", &deal.contractor, &deal.order, &at(2), SOCKET_IO).start();
    let stranger = Spec::new("eve", &eve, &deal.order, &at(3), PLAIN).aside().start();
    for device in [&ann, &phone, &bob, &stranger] {
        device.live(SOON).await;
    }

    let (mut kept, mut nowhere) = (Canaries::default(), Canaries::default());
    let number = || rand::random_range(1_000_u32..10_000);
    let mark = format!("{:06x}", rand::random::<u32>() >> 8);

    let four = number();
    let text = kept.plant(&format!("call me: +1 416 555 {four}"), &[&format!("416 555 {four}")]);
    let sent = ann.acknowledged(&ann.send(text), SOON).await;
    assert_eq!((&*sent.content, sent.masked.len()), ("call me: ***", 1));

    let spoken: Vec<&str> =
        (0..7).map(|_| DIGITS[usize::try_from(rand::random_range(0..10)).expect("a digit")]).collect();
    let spoken = spoken.join(" ");
    let text = kept.plant(&format!("my number is four one six {spoken}"), &[&spoken]);
    let sent_words = phone.acknowledged(&phone.send(text), SOON).await;
    assert!(sent_words.is_moderated, "{sent_words:?}");

    let text = kept.plant(&format!("or canary{mark}@example.org"), &[&format!("canary{mark}")]);
    let reply = deal.client.rest(second).send(order, &text, Some("mail")).await;
    assert_eq!((reply.status, &reply.json()["content"]), (201, &json!("or ***")), "{reply:?}");
    assert_eq!(
        reply.json()["masked"],
        json!([{ "start": 3, "end": 27, "category": "email", "rule": "email.address" }])
    );

    let text = kept.plant(&format!("see https://refused-{mark}.example.net/x"), &[&format!("refused-{mark}")]);
    let refused = ann.send(text.clone());
    assert_eq!(ann.refused(&refused, SOON).await, "refused_by_moderation");
    let reply_refused = deal.client.rest(second).send(order, &text, Some("link")).await;
    assert_eq!((reply_refused.status, &reply_refused.json()["details"]["flags"]), (422, &json!(["link"])));

    let four = number();
    let text = kept.plant(&format!("no, +1 514 555 {four}"), &[&format!("514 555 {four}")]);
    let edited = phone.edit(&sent.id, &text, SOON).await.expect("the author may");
    assert_eq!((&*edited.content, edited.masked.len()), ("no, ***", 1));
    let text = kept.plant(&format!("see https://edited-{mark}.example.net/x"), &[&format!("edited-{mark}")]);
    assert_eq!(ann.edit(&sent.id, &text, SOON).await.expect_err("refused").code, Code::RefusedByModeration);

    // What comes to nothing is nobody's message, and never takes the place of what was said first.
    let text = nowhere.plant(&format!("conflict clash{mark}@example.net"), &[&format!("clash{mark}")]);
    let conflict = deal.client.rest(first).send(order, &text, Some("mail")).await;
    assert_eq!(conflict.code(), "idempotency_conflict");
    let as_id = ClientMessageId::new("mail").expect("an id");
    assert_eq!(ann.refused(&ann.send_as(as_id, text), SOON).await, "idempotency_conflict");
    let text = nowhere.plant(&format!("lost-{mark}@example.net"), &[&format!("lost-{mark}")]);
    assert_eq!(eve.rest(second).send(order, &text, None).await.code(), "forbidden");
    assert_eq!(bob.edit(&sent.id, &text, SOON).await.expect_err("not his").code, Code::NotAuthor);

    bob.sees("no, ***", SOON).await;
    ann.sees("or ***", SOON).await;
    let events = consumer.wait_for(order, MODERATION, 6, EVENTS_WITHIN).await;
    assert!(events.iter().any(|event| event.data["action"] == "refused"), "{events:?}");

    // Only admins, and each look is noted.
    let admin = Person::new("root", "admin");
    let path = format!("/admin/chats/{order}/originals");
    let service = Person::new("shop", "service");
    for person in [&deal.client, &deal.contractor, &eve, &service] {
        for path in [path.as_str(), "/admin/audit"] {
            let reply = person.rest(first).get(path).await;
            assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{path}: {reply:?}");
        }
    }
    assert_eq!(admin.rest(first).get("/admin/chats/no-such-order/originals").await.status, 403);
    assert_eq!(admin.rest(first).get(&format!("{path}?limit=101")).await.code(), "bad_request");
    let (rows, looks) = originals(&admin.rest(second), order).await;
    assert!(looks > 1, "pages go on");
    let shown = json!(rows).to_string();
    let missing: Vec<&String> = kept.0.iter().filter(|piece| !kept.in_text(&shown).contains(piece.as_str())).collect();
    assert!(missing.is_empty(), "not kept: {missing:?} in {shown}");
    for row in rows.iter().filter(|row| !nowhere.in_text(&row.to_string()).is_empty()) {
        assert!(row["entry"].is_null() && row["messageId"].is_null(), "{row}");
    }
    assert!(!shown.contains(&format!("lost-{mark}")), "nobody who may not write is listened to: {shown}");
    let mail = rows.iter().find(|row| row["messageId"] == format!("{order}:3"));
    assert_eq!(mail.map(|row| &row["content"]), Some(&json!(format!("or canary{mark}@example.org"))), "{shown}");
    let reasons: BTreeSet<&str> = rows.iter().filter_map(|row| row["reason"].as_str()).collect();
    assert!(["masked", "refused", "edited"].iter().all(|reason| reasons.contains(reason)), "{reasons:?}");
    let masked = rows.iter().find(|row| row["messageId"] == format!("{order}:1") && row["reason"] == "masked");
    assert_eq!(
        masked.map(|row| (&row["senderId"], &row["version"])),
        Some((&json!(deal.client.id.as_str()), &json!(1)))
    );
    let audit = admin.rest(first).get("/admin/audit?limit=100").await.json();
    let entries = audit["entries"].as_array().expect("a list");
    let noted = entries.iter().filter(|entry| {
        entry["orderId"] == order && entry["userId"] == admin.id.as_str() && entry["action"] == "originals_read"
    });
    assert_eq!(noted.count(), looks, "{audit}");

    let mut places: Vec<(String, String)> =
        ears.iter().map(|(name, ear)| (format!("the frames of {name}"), heard(ear))).collect();
    for (name, text) in &places[..3] {
        assert!(text.contains("or ***"), "{name} were not listened to");
    }
    assert!(places[3].1.contains("101 Switching"), "eve was not listened to");
    let history = History::read(&deal, first).await;
    assert_eq!(history.messages.len(), 3);
    places.push(("history".into(), format!("{history:?}")));
    for (person, query) in [(&deal.client, "since=0"), (&deal.contractor, "before=1000"), (&admin, "limit=200")] {
        let reply = person.rest(second).get(&format!("/chats/{order}/messages?{query}")).await;
        places.push((format!("history by {query}"), reply.text));
    }
    places.push(("the list of chats".into(), deal.contractor.rest(first).get("/chats").await.text));
    places.push(("Kafka".into(), format!("{:?}", consumer.all())));
    places.push(("answers".into(), format!("{reply:?} {reply_refused:?} {conflict:?}")));
    places.push(("the audit log".into(), audit.to_string()));
    for node in &cluster.nodes {
        let figures = node.operator("/metrics").await.expect("an answer").text;
        assert!(figures.contains("souk_moderation_decisions_total"), "no figures");
        places.push((format!("figures of {}", node.name), figures));
        assert!(node.log().contains("TRACE"), "{} does not log everything", node.name);
        places.push((format!("the log of {}", node.name), node.log()));
    }
    for (place, text) in &places {
        let found: Vec<&str> = kept.in_text(text).into_iter().chain(nowhere.in_text(text)).collect();
        assert!(found.is_empty(), "{found:?} in {place}");
    }
}
