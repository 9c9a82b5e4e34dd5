//! Reading events with Kafka's own console consumer.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::people::tail;
use crate::wait;

/// An event, as a consumer of another library sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The partition.
    pub partition: u32,
    /// The place in it.
    pub offset: u64,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The key: an order.
    pub key: String,
    /// The value.
    pub data: Value,
    /// The value as text.
    pub text: String,
}

/// A console consumer that reads topics from their beginning and goes on. Ended when dropped.
pub struct Consumer {
    // Dropping it ends the process.
    _child: Child,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Consumer {
    /// Starts reading all topics whose names begin with `chat.`.
    pub fn start(kafka: &str, tools: &str) -> Self {
        let mut child = tokio::process::Command::new("java")
            .args(["-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", tools])
            .arg("org.apache.kafka.tools.consumer.ConsoleConsumer")
            .args(["--bootstrap-server", kafka, "--include", "chat[.].*", "--from-beginning"])
            .args(["--group", &format!("souk-tests-{}", tail())])
            // Topics made after this began are looked for often.
            .args(["--command-property", "metadata.max.age.ms=500"])
            .args(
                ["print.partition", "print.offset", "print.headers", "print.key"]
                    .iter()
                    .flat_map(|property| ["--formatter-property".to_owned(), format!("{property}=true")]),
            )
            .args(["--formatter-property", "headers.separator=|"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("java can be run");
        let output = child.stdout.take().expect("it is piped");
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&events);
        tokio::spawn(async move {
            let mut output = BufReader::new(output).lines();
            while let Ok(Some(line)) = output.next_line().await {
                if let Some(event) = parse(&line) {
                    kept.lock().push(event);
                }
            }
        });
        Self { _child: child, events }
    }

    /// All events of this order so far, in the order read.
    pub fn of(&self, order: &str) -> Vec<Event> {
        self.events.lock().iter().filter(|event| event.key == order).cloned().collect()
    }

    /// Everything read so far.
    pub fn all(&self) -> Vec<Event> {
        self.events.lock().clone()
    }

    /// Waits until there are `count` different events (by `ce_id`) of this type for the order.
    pub async fn wait_for(&self, order: &str, kind: &str, count: usize, within: Duration) -> Vec<Event> {
        wait::until(&format!("{count} {kind} of {order}"), within, || {
            let first = first_of_each(self.of(order), kind);
            std::future::ready((first.len() >= count).then_some(first))
        })
        .await
    }
}

/// The events of this type without repeats, which share their `ce_id`.
pub fn first_of_each(events: Vec<Event>, kind: &str) -> Vec<Event> {
    let mut seen = std::collections::BTreeSet::new();
    let of_kind = events.into_iter().filter(|event| event.headers.get("ce_type").is_some_and(|found| found == kind));
    of_kind.filter(|event| seen.insert(event.headers.get("ce_id").cloned())).collect()
}

/// `Partition:0<tab>Offset:1<tab>name:value|name:value<tab>key<tab>value`
fn parse(line: &str) -> Option<Event> {
    let mut fields = line.splitn(5, '\t');
    let partition = fields.next()?.strip_prefix("Partition:")?.parse().ok()?;
    let offset = fields.next()?.strip_prefix("Offset:")?.parse().ok()?;
    let headers = fields.next()?.split('|').filter_map(|header| header.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let key = fields.next()?.to_owned();
    let text = fields.next()?.to_owned();
    Some(Event { partition, offset, headers, key, data: serde_json::from_str(&text).unwrap_or(Value::Null), text })
}
