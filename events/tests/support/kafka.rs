use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::TopicPartitionList;
use souk_chat::ports::{Event, EventData};
use souk_chat::{EventType, MessageId, ModerationAction, OrderId, Seq, Timestamp, UserId};

/// How long any of these tests waits for a broker.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub fn notification(order: &str, number: u64) -> Event {
    let order = OrderId::new(order).unwrap();
    Event {
        id: format!("{order}:{number}#chat.notification.v1#ann"),
        order: order.clone(),
        at: Timestamp(1_700_000_000_000),
        data: EventData::Notification {
            user: UserId::new("ann").unwrap(),
            message: MessageId { order, seq: Seq(number) },
            title: "Roof".into(),
            body: "Bob: hi".into(),
            locale: "en".into(),
            unread_total: number,
        },
    }
}

pub fn moderation(order: &str, number: u64) -> Event {
    let order = OrderId::new(order).unwrap();
    Event {
        id: format!("{order}:{number}#chat.moderation.v1#"),
        order: order.clone(),
        at: Timestamp(1_700_000_000_000),
        data: EventData::Moderation {
            message: MessageId { order, seq: Seq(number) },
            sender: UserId::new("bob").unwrap(),
            flags: vec!["phone"],
            action: ModerationAction::Masked,
            rules: vec!["phone.na".into()],
            rules_version: "1".into(),
        },
    }
}

/// A record as a consumer sees it.
#[derive(Clone, Debug)]
pub struct Record {
    pub key: String,
    pub value: serde_json::Value,
    pub headers: HashMap<String, String>,
}

impl Record {
    pub fn id(&self) -> &str {
        &self.headers["ce_id"]
    }
}

/// Reads a topic from where it ended when this was made.
pub struct Reader {
    consumer: BaseConsumer,
    pub partitions: usize,
}

impl Reader {
    /// Waits until the topic is there.
    pub fn at_end(brokers: &str, kind: EventType) -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            .set("group.id", "souk-events-tests")
            .set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().unwrap();
        let end = Instant::now() + DEADLINE;
        let (mut places, mut partitions) = (TopicPartitionList::new(), 0);
        while partitions == 0 {
            assert!(Instant::now() < end, "the topic never came");
            let Ok(metadata) = consumer.fetch_metadata(Some(kind.as_str()), Duration::from_secs(5)) else { continue };
            let topic = metadata.topics().iter().find(|topic| topic.error().is_none());
            partitions = topic.map_or(0, |topic| topic.partitions().len());
        }
        for partition in 0..i32::try_from(partitions).unwrap() {
            let high = loop {
                assert!(Instant::now() < end, "no end of {partition}");
                if let Ok((_, high)) = consumer.fetch_watermarks(kind.as_str(), partition, Duration::from_secs(5)) {
                    break high;
                }
            };
            places.add_partition_offset(kind.as_str(), partition, Offset::Offset(high)).unwrap();
        }
        consumer.assign(&places).unwrap();
        Self { consumer, partitions }
    }

    /// Reads until every id of `wanted` was seen. Returns all records with these keys, repeats too, in the order of each key.
    pub fn read(&self, keys: &[&str], wanted: &[String]) -> Vec<Record> {
        let mut missing: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        let (mut records, end) = (Vec::new(), Instant::now() + DEADLINE);
        while !missing.is_empty() {
            assert!(Instant::now() < end, "never came: {missing:?}");
            let Some(Ok(message)) = self.consumer.poll(Duration::from_millis(200)) else { continue };
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let key = text(message.key().unwrap());
            if !keys.contains(&key.as_str()) {
                continue;
            }
            let headers =
                message.headers().unwrap().iter().map(|h| (h.key.to_owned(), text(h.value.unwrap()))).collect();
            let record = Record { key, value: serde_json::from_slice(message.payload().unwrap()).unwrap(), headers };
            missing.remove(record.id());
            records.push(record);
        }
        records
    }
}

/// Ids of one key in the order of their first occurrence.
pub fn firsts(records: &[Record], key: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let of_key = records.iter().filter(|record| record.key == key).map(|record| record.id().to_owned());
    of_key.filter(|id| seen.insert(id.clone())).collect()
}

pub fn ids(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.id.clone()).collect()
}
