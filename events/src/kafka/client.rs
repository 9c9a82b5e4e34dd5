//! The client: its configuration, its callbacks.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{ProducerContext, ThreadedProducer};

use super::flight::Flight;
use super::health::Health;
use crate::settings::KafkaOptions;

/// Memory for events that wait for a broker, in KiB.
const QUEUE_KBYTES: u32 = 256 << 10;

pub(super) type Producer = ThreadedProducer<Callbacks>;

/// What both the producer and the one that makes topics need to reach the brokers.
pub(super) fn base_config(options: &KafkaOptions) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("client.id", "souk")
        // A broker that comes back is noticed within this.
        .set("reconnect.backoff.max.ms", "2000")
        // A connection that swallows everything is given up after this.
        .set("socket.timeout.ms", "15000")
        .set("socket.keepalive.enable", "true")
        .set("log.connection.close", "false");
    let protocol = match (options.tls, options.sasl.is_some()) {
        (false, false) => "plaintext",
        (true, false) => "ssl",
        (false, true) => "sasl_plaintext",
        (true, true) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    if let Some(ca) = &options.ca {
        config.set("ssl.ca.location", ca);
    }
    if let (Some(sasl), Some((user, password))) = (&options.sasl, &options.user) {
        config.set("sasl.mechanism", sasl.to_uppercase());
        config.set("sasl.username", user).set("sasl.password", password);
    }
    config
}

/// Nothing is dropped for its age, nothing is written twice or out of order by a retry of the client's own.
pub(super) fn producer_config(options: &KafkaOptions) -> ClientConfig {
    let mut config = base_config(options);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0")
        // A record that the broker refuses for good stops the producer instead of letting the next ones of its chat pass it:
        // all are emitted again, in order, through a new producer.
        .set("enable.gapless.guarantee", "true")
        .set("queue.buffering.max.messages", options.queue.to_string())
        .set("queue.buffering.max.kbytes", QUEUE_KBYTES.to_string())
        .set("linger.ms", "2")
        // The same partition for a key as every Java producer takes.
        .set("partitioner", "murmur2_random");
    config
}

/// What the client tells.
pub(super) struct Callbacks {
    pub(super) flight: Arc<Flight>,
    pub(super) health: Arc<Health>,
    /// Told when a topic was found missing.
    pub(super) topic_missing: Box<dyn Fn() + Send + Sync>,
}

impl ClientContext for Callbacks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        report(&error, reason, &self.health, !self.flight.is_empty());
    }
}

impl ProducerContext for Callbacks {
    type DeliveryOpaque = Box<Arc<str>>;

    fn delivery(&self, result: &DeliveryResult<'_>, id: Self::DeliveryOpaque) {
        match result {
            Ok(_) => {
                self.health.confirmed(Instant::now());
                self.flight.land(&id, Ok(()));
            }
            Err((error, _)) => {
                let code = error.rdkafka_error_code();
                if matches!(code, Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition)) {
                    (self.topic_missing)();
                }
                self.flight.land(&id, Err(&error.to_string()));
            }
        }
    }
}

/// Connections come and go: what matters is said in [`report`] and by failed emits.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "souk_events::kafka", facility, "{message}");
        }
        _ => tracing::debug!(target: "souk_events::kafka", facility, "{message}"),
    }
}

/// What a client finds of the brokers. It tells that again and again for as long as it lasts. `waits`: something is on its way;
/// otherwise that no broker is connected means nothing, they end connections that are not used.
pub(super) fn report(error: &KafkaError, reason: &str, health: &Health, waits: bool) {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::AllBrokersDown) if waits => health.down(reason, Instant::now()),
        Some(RDKafkaErrorCode::Authentication) => health.down(reason, Instant::now()),
        Some(RDKafkaErrorCode::Fatal) => tracing::warn!(target: "souk_events::kafka", %error, "{reason}"),
        _ => tracing::debug!(target: "souk_events::kafka", %error, "{reason}"),
    }
}
