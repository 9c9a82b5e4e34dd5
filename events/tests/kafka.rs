//! The Kafka engine against a real broker: what consumers see, and a broker that goes away and comes back.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and says what it left out")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use souk_chat::EventType;
use souk_chat::ports::{Event, Events};
use souk_events::Settings;
use souk_testkit::left_out;
use souk_testkit::proxy::Fault;

use support::kafka::{DEADLINE, Reader, firsts, ids, moderation, notification};
use support::proxy;

/// The broker's address; `None`: left out, and said so.
fn broker() -> Option<String> {
    left_out::server("events against a real Kafka", "SOUK_TEST_KAFKA")
}

/// An order id that no other run uses.
fn fresh(name: &str) -> String {
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("{name}-{nanos:x}-{}", std::process::id())
}

fn engine(brokers: &str, patience: Duration) -> Arc<dyn Events> {
    let url = format!("kafka://{brokers}?partitions=3&replication=1");
    souk_events::open(&url, Settings { patience, source: "/souk/test".into(), ..Settings::default() }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_see_binary_cloudevents_in_the_order_of_each_chat() {
    let Some(broker) = broker() else { return };
    let engine = engine(&broker, Duration::from_secs(20));
    // The first emit waits for the topics, made if missing.
    engine.emit(&[notification(&fresh("warm"), 1)]).await.unwrap();
    let [notified, moderated] =
        [EventType::Notification, EventType::Moderation].map(|kind| Reader::at_end(&broker, kind));

    let orders = [fresh("a"), fresh("b"), fresh("c")];
    let emits = orders.clone().map(|order| {
        let engine = Arc::clone(&engine);
        tokio::spawn(async move {
            for page in (1..=100).collect::<Vec<u64>>().chunks(10) {
                let events: Vec<Event> = page
                    .iter()
                    .flat_map(|number| [notification(&order, *number), moderation(&order, *number)])
                    .collect();
                engine.emit(&events).await.unwrap();
            }
        })
    });
    for emit in emits {
        emit.await.unwrap();
    }
    let keys: Vec<&str> = orders.iter().map(String::as_str).collect();
    let wanted = |make: fn(&str, u64) -> Event| -> Vec<Event> {
        orders.iter().flat_map(|order| (1..=100).map(move |number| make(order, number))).collect()
    };
    for (reader, make) in [(&notified, notification as fn(&str, u64) -> Event), (&moderated, moderation)] {
        let wanted = ids(&wanted(make));
        let records = reader.read(&keys, &wanted);
        assert_eq!(records.len(), 300, "each once");
        for (order, ids) in orders.iter().zip(wanted.chunks(100)) {
            assert!(firsts(&records, order) == ids, "out of order");
        }
        let record = &records[0];
        let header = |name: &str| record.headers[name].as_str();
        assert_eq!((header("ce_specversion"), header("ce_source")), ("1.0", "/souk/test"));
        assert_eq!(header("ce_subject"), record.key);
        assert_eq!(header("ce_time"), "2023-11-14T22:13:20.000Z");
        assert_eq!(header("content-type"), "application/json");
        assert_eq!(record.value["orderId"], record.key.as_str());
        assert!(record.id().contains(header("ce_type")));
        assert!(record.value.get("specversion").is_none(), "binary mode: the value is the data alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_and_comes_back_loses_and_disorders_nothing() {
    let Some(broker) = broker() else { return };
    let proxy = proxy::before(broker.split(',').next().unwrap()).await;
    let engine = engine(&proxy.address().to_string(), Duration::from_millis(700));
    let order = fresh("cut");
    let events: Vec<Event> = (1..=600).map(|number| notification(&order, number)).collect();
    let end = Instant::now() + DEADLINE;
    while engine.emit(&events[..1]).await.is_err() {
        assert!(Instant::now() < end, "the broker never answered through the proxy");
    }
    let reader = Reader::at_end(&broker, EventType::Notification);
    let mut failures = 0;
    for (number, page) in events[1..].chunks(50).enumerate() {
        if number % 3 == 1 {
            proxy.set(Fault::Down);
        }
        // As the relay does: the page again, until all of it is confirmed.
        while let Err(error) = engine.emit(page).await {
            failures += 1;
            proxy.set(Fault::None);
            assert!(Instant::now() < end, "{error}");
        }
    }
    assert!(failures >= 4, "the cuts bit: {failures}");
    let wanted = ids(&events[1..]);
    let records = reader.read(&[&order], &wanted);
    assert!(firsts(&records, &order) == wanted, "out of order");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_chats_at_once_go_out_together() {
    let Some(broker) = broker() else { return };
    let engine = engine(&broker, Duration::from_secs(20));
    let tag = fresh("many");
    engine.emit(&[notification(&tag, 1)]).await.unwrap();
    let begun = Instant::now();
    let emits: Vec<_> = (0..2_000)
        .map(|number| {
            let (engine, event) = (Arc::clone(&engine), notification(&format!("{tag}-{number}"), 1));
            tokio::spawn(async move { engine.emit(&[event]).await })
        })
        .collect();
    for emit in emits {
        emit.await.unwrap().unwrap();
    }
    // One awaited send at a time would take the broker's round trip 2,000 times.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    eprintln!("2,000 emits of one event at once: {:?}", begun.elapsed());
}
