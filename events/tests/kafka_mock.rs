//! The Kafka engine against librdkafka's own mock brokers, which speak the protocol and fail when told to.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use souk_chat::EventType;
use souk_chat::ports::{Event, Events};
use souk_events::Settings;

use support::kafka::{DEADLINE, Reader, firsts, ids, notification};

type Brokers = MockCluster<'static, DefaultProducerContext>;

fn brokers() -> Brokers {
    let brokers = MockCluster::new(1).unwrap();
    for kind in [EventType::Notification, EventType::Moderation] {
        brokers.create_topic(kind.as_str(), 3, 1).unwrap();
    }
    brokers
}

fn engine(brokers: &Brokers, query: &str, patience: Duration) -> Arc<dyn Events> {
    let url = format!("kafka://{}?{query}", brokers.bootstrap_servers());
    souk_events::open(&url, Settings { patience, ..Settings::default() }).unwrap()
}

/// As the relay does: again from the first, until all is confirmed. Returns how often it failed.
async fn insist(engine: &Arc<dyn Events>, events: &[Event]) -> usize {
    let end = Instant::now() + DEADLINE;
    for failures in 0.. {
        match engine.emit(events).await {
            Ok(()) => return failures,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
    }
    unreachable!()
}

fn events(order: &str, count: u64) -> Vec<Event> {
    (1..=count).map(|number| notification(order, number)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_no_broker_answers_emits_fail_in_time_and_events_queue_once() {
    let brokers = brokers();
    let reader = Reader::at_end(&brokers.bootstrap_servers(), EventType::Notification);
    let engine = engine(&brokers, "", Duration::from_millis(400));
    let events = events("o-1", 5);
    insist(&engine, &events[..1]).await;
    brokers.broker_down(1).unwrap();
    for _ in 0..4 {
        let begun = Instant::now();
        let error = engine.emit(&events).await.unwrap_err();
        assert!(error.0.contains("no broker confirmed within 400ms"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
    brokers.broker_up(1).unwrap();
    insist(&engine, &events).await;
    engine.flush(DEADLINE).await;
    let records = reader.read(&["o-1"], &ids(&events));
    assert!(firsts(&records, "o-1") == ids(&events), "out of order");
    assert_eq!(records.len(), 5, "the first was confirmed before; the rest waited in one place");
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_waits_for_no_broker() {
    let brokers = brokers();
    brokers.broker_down(1).unwrap();
    let begun = Instant::now();
    let engine = engine(&brokers, "", Duration::from_millis(200));
    assert!(begun.elapsed() < Duration::from_secs(1));
    engine.emit(&events("o-1", 1)).await.unwrap_err();
    drop(engine);
    assert!(begun.elapsed() < Duration::from_secs(2), "nor does ending");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_an_error_and_nothing_is_dropped() {
    let brokers = brokers();
    let reader = Reader::at_end(&brokers.bootstrap_servers(), EventType::Notification);
    let engine = engine(&brokers, "queue=3", Duration::from_millis(400));
    let events = events("o-1", 5);
    insist(&engine, &events[..1]).await;
    brokers.broker_down(1).unwrap();
    let begun = Instant::now();
    let error = engine.emit(&events).await.unwrap_err();
    assert!(error.0.contains("Queue full"), "{error}");
    assert!(begun.elapsed() < Duration::from_millis(300), "at once");
    brokers.broker_up(1).unwrap();
    // Five do not fit at once while three are the bound: smaller pages do.
    for page in events.chunks(2) {
        insist(&engine, page).await;
    }
    let records = reader.read(&["o-1"], &ids(&events));
    assert!(firsts(&records, "o-1") == ids(&events), "out of order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_refused_for_good_is_passed_by_none_of_its_chat() {
    let brokers = brokers();
    let reader = Reader::at_end(&brokers.bootstrap_servers(), EventType::Notification);
    let engine = engine(&brokers, "", Duration::from_secs(5));
    let events = events("o-1", 400);
    insist(&engine, &events[..1]).await;
    brokers.broker_round_trip_time(1, Duration::from_millis(150)).unwrap();
    let mut refusals = 0;
    for pages in events.chunks(100) {
        // Two requests under way at once; the broker refuses the first of them.
        brokers.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]);
        let second = async {
            tokio::time::sleep(Duration::from_millis(40)).await;
            engine.emit(&pages[50..]).await
        };
        let (first, _) = tokio::join!(engine.emit(&pages[..50]), second);
        refusals += usize::from(first.is_err());
        insist(&engine, pages).await;
    }
    assert_eq!(refusals, 4, "the refusals bit");
    insist(&engine, &events).await;
    let records = reader.read(&["o-1"], &ids(&events));
    assert!(firsts(&records, "o-1") == ids(&events), "out of order");
}
