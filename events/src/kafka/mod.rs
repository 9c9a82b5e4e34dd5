//! Kafka: CloudEvents in binary mode, keyed by order, through an idempotent producer that gives up nothing.

mod client;
mod flight;
mod health;
mod topics;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _};
use souk_chat::EventType;
use souk_chat::ports::{Event, Events, EventsError};

use crate::cloud::{self, DATA_CONTENT_TYPE, SPEC_VERSION};
use crate::settings::{ConfigError, KafkaOptions, Settings};
use client::{Callbacks, Producer};
use flight::{Batch, Flight};
use health::Health;
use topics::{Shape, Topics};

const TOPICS: [EventType; 2] = [EventType::Notification, EventType::Moderation];

/// The Kafka engine. Nothing in it blocks: the client's own threads talk to the brokers, and wait for them for as long as it takes.
///
/// The topic is the event's type, the key its order. An emit that has waited for [`Settings::patience`] answers with an error while
/// its events stay queued in their places; emitted again, they wait for the same records instead of being queued twice. While no
/// broker answers, an emit of something new fails at once, but for a probe now and then.
pub struct Kafka {
    settings: Settings,
    config: ClientConfig,
    producer: Mutex<Held>,
    flight: Arc<Flight>,
    health: Arc<Health>,
    topics: Topics,
}

impl Kafka {
    /// Starts the client and the making of topics. No broker is waited for. Errors: the client refuses its configuration.
    pub(crate) fn open(options: &KafkaOptions, settings: Settings) -> Result<Self, ConfigError> {
        let names = TOPICS.map(|kind| kind.as_str().to_owned()).to_vec();
        let shape = Shape { names, partitions: options.partitions, replication: options.replication };
        let health = Arc::new(Health::new(Instant::now()));
        let topics = Topics::start(client::base_config(options), shape, Arc::clone(&health), settings.tasks.clone())
            .map_err(|error| ConfigError::Kafka(format!("no thread for making topics: {error}")))?;
        let (config, flight) = (client::producer_config(options), Arc::default());
        let producer = start_producer(&config, &flight, &health, &topics).map_err(ConfigError::Kafka)?;
        Ok(Self { settings, config, producer: Mutex::new(producer), flight, health, topics })
    }

    /// The producer, a new one if the old has stopped for good.
    fn producer(&self) -> Result<Held, EventsError> {
        let mut producer = self.producer.lock();
        if let Some((code, reason)) = producer.client().fatal_error() {
            tracing::warn!(%code, reason, "the Kafka producer stopped; starting another");
            *producer = start_producer(&self.config, &self.flight, &self.health, &self.topics).map_err(EventsError)?;
        }
        Ok(producer.clone())
    }

    /// Queues the events, in order, and tells when all have their outcome.
    async fn send(&self, events: &[Event]) -> Result<(), EventsError> {
        self.topics.ready().await;
        let (batch, outcome) = Batch::new(events.len());
        {
            let producer = self.producer()?;
            let ids = events.iter().map(|event| event.id.as_str());
            let may_begin = |idle| self.health.may_begin(idle, Instant::now());
            let Some(boarded) = self.flight.board(ids, &batch, may_begin) else {
                return Err(EventsError("Kafka does not answer; what is new waits".into()));
            };
            let mut failed = None;
            for (event, id) in events.iter().zip(boarded).filter_map(|(event, id)| Some((event, id?))) {
                // Nothing may pass an event that could not be queued: the whole is emitted again.
                let queued = match failed.take() {
                    None => self.queue(&producer, event, &id),
                    Some(reason) => Err(reason),
                };
                if let Err(reason) = queued {
                    self.flight.land(&id, Err(&reason));
                    failed = Some(reason);
                }
            }
            if let Some(reason) = failed {
                return Err(EventsError(reason));
            }
        }
        let outcome = outcome.await.unwrap_or_else(|_| Err("the producer ended".into()));
        outcome.map_err(EventsError)
    }

    fn queue(&self, producer: &Producer, event: &Event, id: &Arc<str>) -> Result<(), String> {
        let data = cloud::data(event);
        let record = BaseRecord::with_opaque_to(event.data.event_type().as_str(), Box::new(Arc::clone(id)))
            .key(event.order.as_str())
            .payload(&data)
            .headers(self.headers(event));
        producer.send(record).map_err(|(error, _)| error.to_string())
    }

    fn headers(&self, event: &Event) -> OwnedHeaders {
        let time = cloud::rfc3339(event.at);
        let headers = [
            ("ce_specversion", SPEC_VERSION),
            ("ce_id", &event.id),
            ("ce_source", &self.settings.source),
            ("ce_type", event.data.event_type().as_str()),
            ("ce_time", &time),
            ("ce_subject", event.order.as_str()),
            ("content-type", DATA_CONTENT_TYPE),
        ];
        let empty = OwnedHeaders::new_with_capacity(headers.len());
        headers.into_iter().fold(empty, |all, (key, value)| all.insert(Header { key, value: Some(value) }))
    }
}

fn start_producer(
    config: &ClientConfig,
    flight: &Arc<Flight>,
    health: &Arc<Health>,
    topics: &Topics,
) -> Result<Held, String> {
    let (flight, health) = (Arc::clone(flight), Arc::clone(health));
    let callbacks = Callbacks { flight, health, topic_missing: topics.missing() };
    let producer = Producer::from_config_and_context(config, callbacks);
    producer.map(|producer| Held(Some(Arc::new(producer)))).map_err(|error| error.to_string())
}

/// A share in a producer. Who lets go of the last one waits for the producer's threads, so that happens in a thread of its own.
#[derive(Clone)]
struct Held(Option<Arc<Producer>>);

impl std::ops::Deref for Held {
    type Target = Producer;

    fn deref(&self) -> &Producer {
        self.0.as_deref().expect("taken only when dropped")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(producer) = self.0.take().and_then(Arc::into_inner) else { return };
        let ended = std::thread::Builder::new().name("souk-kafka-end".into()).spawn(move || drop(producer));
        if let Err(error) = ended {
            tracing::warn!(%error, "no thread to end a Kafka producer in");
        }
    }
}

#[async_trait]
impl Events for Kafka {
    async fn emit(&self, events: &[Event]) -> Result<(), EventsError> {
        if events.is_empty() {
            return Ok(());
        }
        let (patience, begun) = (self.settings.patience, Instant::now());
        tokio::time::timeout(patience, self.send(events)).await.unwrap_or_else(|_| {
            self.health.unconfirmed(begun, Instant::now());
            Err(EventsError(format!("no broker confirmed within {patience:?}")))
        })
    }

    async fn flush(&self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.flight.empty()).await;
    }
}

#[cfg(all(test, feature = "kafka-tls"))]
mod tests {
    #[test]
    fn the_client_takes_tls_and_every_kind_of_sasl() {
        for url in [
            "kafka://127.0.0.1:1?tls=true",
            "kafka://user:p%40ss@127.0.0.1:1?tls=true&sasl=scram-sha-512",
            "kafka://user:p%40ss@127.0.0.1:1?sasl=scram-sha-256",
            "kafka://user:p%40ss@127.0.0.1:1?tls=true&sasl=plain",
        ] {
            assert!(crate::open(url, crate::Settings::default()).is_ok(), "{url}");
        }
    }
}
