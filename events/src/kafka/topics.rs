//! Making the topics that are missing. In a thread of its own: asking for the list of topics blocks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use souk_chat::Tasks;
use souk_chat::tasks::catch;
use tokio::sync::watch;

use super::client::{log, report};
use super::health::Health;

/// How long a broker may take to list topics or to make one.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Time between two attempts while no broker answers.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// At most so often is looked again after a topic was found missing.
const MISSING_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The thread that makes topics; ends when this is dropped.
pub(super) struct Topics {
    poke: SyncSender<()>,
    ready: watch::Receiver<bool>,
}

/// Which topics are made, and how.
pub(super) struct Shape {
    pub(super) names: Vec<String>,
    pub(super) partitions: i32,
    pub(super) replication: i32,
}

impl Topics {
    pub(super) fn start(
        config: ClientConfig,
        shape: Shape,
        health: Arc<Health>,
        tasks: Tasks,
    ) -> std::io::Result<Self> {
        let (poke, poked) = sync_channel(1);
        let (tell, ready) = watch::channel(false);
        let name = "souk-kafka-topics".to_owned();
        let make = move || run(&config, &shape, Quiet(health), &poked, &tell, &tasks);
        std::thread::Builder::new().name(name).spawn(make)?;
        Ok(Self { poke, ready })
    }

    /// Waits until the topics are there, or are known to be somebody else's to make.
    pub(super) async fn ready(&self) {
        let mut ready = self.ready.clone();
        // An error means that the thread could not begin; sending shows then what is wrong.
        let _ = ready.wait_for(|ready| *ready).await;
    }

    /// What tells the thread that a topic is missing after all. Never waits.
    pub(super) fn missing(&self) -> Box<dyn Fn() + Send + Sync> {
        let poke = self.poke.clone();
        Box::new(move || match poke.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        })
    }
}

struct Quiet(Arc<Health>);

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        report(&error, reason, &self.0, false);
    }
}

fn run(
    config: &ClientConfig,
    shape: &Shape,
    quiet: Quiet,
    poked: &Receiver<()>,
    ready: &watch::Sender<bool>,
    tasks: &Tasks,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let (admin, runtime) = match (AdminClient::from_config_and_context(config, quiet), runtime) {
        (Ok(admin), Ok(runtime)) => (admin, runtime),
        (Err(error), _) => return tracing::error!(%error, "topics cannot be looked at"),
        (_, Err(error)) => return tracing::error!(%error, "topics cannot be looked at"),
    };
    let mut told = false;
    loop {
        let made = catch(tasks, "Kafka topics", || runtime.block_on(make_missing(&admin, shape)));
        let wait = match made.unwrap_or(Err(KafkaError::Canceled)) {
            Ok(()) => {
                ready.send_replace(true);
                None
            }
            Err(error) => {
                if !told {
                    tracing::warn!(%error, "Kafka does not answer yet; events wait");
                    told = true;
                }
                Some(AGAIN_AFTER)
            }
        };
        let over = match wait {
            Some(wait) => matches!(poked.recv_timeout(wait), Err(RecvTimeoutError::Disconnected)),
            None => poked.recv().is_err() || pause(poked),
        };
        if over {
            return;
        }
    }
}

/// Lets some time pass after a topic was found missing. `true`: the engine is gone.
fn pause(poked: &Receiver<()>) -> bool {
    let end = std::time::Instant::now() + MISSING_AGAIN_AFTER;
    loop {
        match poked.recv_timeout(end.saturating_duration_since(std::time::Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
}

/// Errors: no broker answered. What a broker refuses is logged, and left to whoever runs it.
async fn make_missing(admin: &AdminClient<Quiet>, shape: &Shape) -> Result<(), KafkaError> {
    let there = admin.inner().fetch_metadata(None, ANSWER_WITHIN)?;
    let is_there = |name: &str| there.topics().iter().any(|topic| topic.name() == name);
    let missing: Vec<&str> = shape.names.iter().map(String::as_str).filter(|name| !is_there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let new = missing.iter().map(|name| NewTopic {
        name,
        num_partitions: shape.partitions,
        replication: TopicReplication::Fixed(shape.replication),
        config: Vec::new(),
    });
    let new: Vec<_> = new.collect();
    let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN)).request_timeout(Some(ANSWER_WITHIN));
    for made in admin.create_topics(&new, &options).await? {
        match made {
            Ok(topic) => tracing::info!(topic, partitions = shape.partitions, "topic made"),
            // Another node was faster.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, RDKafkaErrorCode::RequestTimedOut | RDKafkaErrorCode::NotController)) => {
                tracing::debug!(topic, "the topic is not made yet");
                return Err(KafkaError::AdminOp(RDKafkaErrorCode::RequestTimedOut));
            }
            Err((topic, error)) => tracing::error!(
                topic,
                %error,
                partitions = shape.partitions,
                "this topic is missing and may not be made by souk: its events wait until somebody makes it"
            ),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(name: &str) -> String {
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        format!("souk-test-{name}-{nanos:x}")
    }

    fn partitions(admin: &AdminClient<Quiet>, name: &str) -> Option<usize> {
        // All topics, as above: asking for one by name may make it.
        let there = admin.inner().fetch_metadata(None, ANSWER_WITHIN).unwrap();
        there.topics().iter().find(|topic| topic.name() == name).map(|topic| topic.partitions().len())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn missing_topics_are_made_once_and_what_is_refused_stops_nobody() {
        let Ok(brokers) = std::env::var("SOUK_TEST_KAFKA") else {
            assert!(std::env::var("SOUK_REQUIRE").as_deref() != Ok("all"), "start a broker with `deploy/stack up`");
            eprintln!("LEFT OUT: making topics on a real Kafka; SOUK_TEST_KAFKA is not set");
            return;
        };
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &brokers);
        let health = Arc::new(Health::new(std::time::Instant::now()));
        let admin = AdminClient::from_config_and_context(&config, Quiet(Arc::clone(&health))).unwrap();
        let (good, bad) = (fresh("good"), fresh("bad"));
        let within = Duration::from_secs(30);

        for partitions_asked in [5, 7] {
            let shape = Shape { names: vec![good.clone()], partitions: partitions_asked, replication: -1 };
            let topics = Topics::start(config.clone(), shape, Arc::clone(&health), Tasks::default()).unwrap();
            tokio::time::timeout(within, topics.ready()).await.unwrap();
            assert_eq!(partitions(&admin, &good), Some(5), "made, and left as it is");
        }
        let shape = Shape { names: vec![bad.clone()], partitions: 1, replication: 16 };
        let topics = Topics::start(config.clone(), shape, health, Tasks::default()).unwrap();
        tokio::time::timeout(within, topics.ready()).await.unwrap();
        assert_eq!(partitions(&admin, &bad), None, "no broker has 16 peers here");
        let deleted = admin.delete_topics(&[&good], &AdminOptions::new()).await.unwrap();
        assert!(deleted[0].is_ok());
    }
}
