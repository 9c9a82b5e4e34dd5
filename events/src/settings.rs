//! What can be set, and the URL that says which engine.

use std::path::PathBuf;
use std::time::Duration;

use souk_chat::Tasks;

use crate::file::DiskError;

/// Bytes after which the local log goes on in another file.
const FILE_BYTES: u64 = 64 << 20;
/// The least that may be asked for: room for an event of any size souk makes.
const FILE_BYTES_MIN: u64 = 4 << 10;
/// Partitions of a topic that souk makes.
const PARTITIONS: i32 = 6;
/// Most partitions that may be asked for.
const PARTITIONS_MAX: i32 = 10_000;
/// Most replicas that may be asked for.
const REPLICATION_MAX: i32 = 16;
/// Events that may be on their way to Kafka at once, over all orders.
const QUEUE_EVENTS: u32 = 100_000;
/// Most events that may be asked for.
const QUEUE_EVENTS_MAX: u32 = 10_000_000;

/// What every engine needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `source` of every CloudEvent. All nodes of a deployment say the same: consumers drop repeats by `source` and `id`.
    pub source: String,
    /// How long one `emit` may wait for the engine before it answers with an error.
    pub patience: Duration,
    /// Is told what becomes of the engine's threads.
    pub tasks: Tasks,
}

impl Default for Settings {
    fn default() -> Self {
        Self { source: "/souk".into(), patience: Duration::from_secs(10), tasks: Tasks::default() }
    }
}

/// Why the engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Neither `file:` nor `kafka://`.
    #[error("events.url is file:<dir> or kafka://host:port[,host:port], not {0:?}")]
    Scheme(String),
    /// No folder, no host, no port, or a port that is no number.
    #[error("events.url: {0}")]
    Address(String),
    /// An option that does not exist, or a value that it cannot have.
    #[error("events.url, option {name:?}: {reason}")]
    Option {
        /// The option as it was written.
        name: String,
        /// What it should be.
        reason: String,
    },
    /// This program was built without what the URL asks for.
    #[error("{what} is not built into this program (cargo feature {feature})")]
    NotBuiltIn {
        /// What was asked for.
        what: &'static str,
        /// The feature that brings it.
        feature: &'static str,
    },
    /// The log's folder cannot be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The Kafka client refuses its configuration.
    #[error("the Kafka client: {0}")]
    Kafka(String),
}

/// The engine and its own options.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    File(FileOptions),
    Kafka(KafkaOptions),
}

/// Options of `file:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileOptions {
    pub(crate) dir: PathBuf,
    /// `file_bytes`: most bytes of one file.
    pub(crate) file_bytes: u64,
    /// `keep`: full files that stay; 0: all of them.
    pub(crate) keep: usize,
}

/// Options of `kafka://`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KafkaOptions {
    /// `host:port`, comma-separated.
    pub(crate) brokers: String,
    /// User and password; asks for SASL.
    pub(crate) user: Option<(String, String)>,
    /// `partitions` of topics that souk makes. Later changes of it would break the order per chat, so topics that are there
    /// are left as they are.
    pub(crate) partitions: i32,
    /// `replication` of topics that souk makes; -1: the broker's own default.
    pub(crate) replication: i32,
    /// `queue`: events on their way at once.
    pub(crate) queue: u32,
    /// `tls=true`.
    pub(crate) tls: bool,
    /// `ca`: file of the authority that signed the brokers' certificates.
    pub(crate) ca: Option<String>,
    /// `sasl`: `plain`, `scram-sha-256` or `scram-sha-512`.
    pub(crate) sasl: Option<String>,
}

impl std::fmt::Debug for KafkaOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of logs.
        f.debug_struct("KafkaOptions").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

/// Reads an `events.url`.
pub(crate) fn parse(url: &str) -> Result<Target, ConfigError> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let options =
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    if let Some(hosts) = address.strip_prefix("kafka://") {
        parse_kafka(hosts, options).map(Target::Kafka)
    } else if let Some(dir) = address.strip_prefix("file:") {
        parse_file(dir, options).map(Target::File)
    } else {
        // Only the scheme: the rest may hold a password.
        Err(ConfigError::Scheme(url.split(':').next().unwrap_or_default().to_owned()))
    }
}

fn parse_file<'a>(dir: &str, options: impl Iterator<Item = (&'a str, &'a str)>) -> Result<FileOptions, ConfigError> {
    let dir = dir.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(dir);
    if dir.is_empty() {
        return Err(ConfigError::Address("file: needs a folder".into()));
    }
    let mut file = FileOptions { dir: dir.into(), file_bytes: FILE_BYTES, keep: 0 };
    for (name, value) in options {
        match name {
            "file_bytes" => file.file_bytes = number(name, value, FILE_BYTES_MIN, u64::from(u32::MAX))?,
            "keep" => file.keep = number(name, value, 0, 1_000_000)?,
            _ => return Err(unknown(name, "file_bytes, keep")),
        }
    }
    Ok(file)
}

fn parse_kafka<'a>(
    address: &str,
    options: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<KafkaOptions, ConfigError> {
    let (user, hosts) = match address.rsplit_once('@') {
        Some((user, hosts)) => {
            let (user, password) =
                user.split_once(':').ok_or_else(|| ConfigError::Address("before the @ stands user:password".into()))?;
            (Some((percent_decoded(user)?, percent_decoded(password)?)), hosts)
        }
        None => (None, address),
    };
    for host in hosts.trim_end_matches('/').split(',') {
        let port = host.rsplit_once(':').filter(|(name, _)| !name.is_empty()).map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(1..))) {
            return Err(ConfigError::Address(format!("{host:?} is no host:port")));
        }
    }
    let mut kafka = KafkaOptions {
        brokers: hosts.trim_end_matches('/').to_owned(),
        user,
        partitions: PARTITIONS,
        replication: -1,
        queue: QUEUE_EVENTS,
        tls: false,
        ca: None,
        sasl: None,
    };
    for (name, value) in options {
        match name {
            "partitions" => kafka.partitions = number(name, value, 1, PARTITIONS_MAX)?,
            "replication" => kafka.replication = number(name, value, 1, REPLICATION_MAX)?,
            "queue" => kafka.queue = number(name, value, 1, QUEUE_EVENTS_MAX)?,
            "tls" => kafka.tls = choice(name, value, &["true", "false"])? == "true",
            "ca" => kafka.ca = Some(percent_decoded(value)?),
            "sasl" => kafka.sasl = Some(choice(name, value, &["plain", "scram-sha-256", "scram-sha-512"])?),
            _ => return Err(unknown(name, "partitions, replication, queue, tls, ca, sasl")),
        }
    }
    if kafka.ca.is_some() && !kafka.tls {
        return Err(option("ca", "only with tls=true"));
    }
    if kafka.sasl.is_some() != kafka.user.is_some() {
        return Err(option("sasl", "goes together with user:password@ before the hosts"));
    }
    if !cfg!(feature = "kafka-tls") && (kafka.tls || kafka.sasl.is_some()) {
        return Err(ConfigError::NotBuiltIn { what: "TLS and SASL towards Kafka", feature: "kafka-tls" });
    }
    Ok(kafka)
}

fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    name: &str,
    value: &str,
    least: T,
    most: T,
) -> Result<T, ConfigError> {
    let number = value.parse().ok().filter(|number| *number >= least && *number <= most);
    number.ok_or_else(|| option(name, &format!("a number from {least} to {most}")))
}

fn choice(name: &str, value: &str, choices: &[&str]) -> Result<String, ConfigError> {
    let found = choices.contains(&value).then(|| value.to_owned());
    found.ok_or_else(|| option(name, &format!("one of {}", choices.join(", "))))
}

fn option(name: &str, reason: &str) -> ConfigError {
    ConfigError::Option { name: name.to_owned(), reason: reason.to_owned() }
}

fn unknown(name: &str, known: &str) -> ConfigError {
    option(name, &format!("not known; known are {known}"))
}

fn percent_decoded(text: &str) -> Result<String, ConfigError> {
    let bad = || ConfigError::Address("a % is followed by two hexadecimal digits, and the whole is UTF-8".into());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok()).ok_or_else(bad)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| bad())?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kafka(url: &str) -> KafkaOptions {
        match parse(url).unwrap() {
            Target::Kafka(options) => options,
            other @ Target::File(_) => panic!("{other:?}"),
        }
    }

    #[test]
    fn urls_name_their_engine_and_its_options() {
        let file = FileOptions { dir: "./data/events".into(), file_bytes: FILE_BYTES, keep: 0 };
        assert_eq!(parse("file:./data/events").unwrap(), Target::File(file.clone()));
        assert_eq!(
            parse("file:///var/events?file_bytes=8192&keep=3").unwrap(),
            Target::File(FileOptions { dir: "/var/events".into(), file_bytes: 8192, keep: 3 })
        );
        let options = kafka("kafka://a:9092,b:9093?partitions=3&replication=2&queue=10");
        assert_eq!((options.brokers.as_str(), options.partitions), ("a:9092,b:9093", 3));
        assert_eq!((options.replication, options.queue, options.user), (2, 10, None));
        assert_eq!(kafka("kafka://a:9092").replication, -1);
    }

    #[test]
    fn mistakes_are_named_and_passwords_are_not() {
        for (url, says) in [
            ("redis://u:secret@a:1", "not \"redis\""),
            ("file:", "needs a folder"),
            ("file:x?keep=-1", "keep"),
            ("file:x?colour=red", "colour"),
            ("kafka://a", "no host:port"),
            ("kafka://a:0", "no host:port"),
            ("kafka://:9092", "no host:port"),
            ("kafka://a:9092,", "no host:port"),
            ("kafka://secret@a:9092", "user:password"),
            ("kafka://u:secret%4@a:9092", "hexadecimal"),
            ("kafka://u:secret@a:9092", "sasl"),
            ("kafka://a:9092?sasl=plain", "user:password"),
            ("kafka://a:9092?ca=/x", "tls=true"),
            ("kafka://a:9092?partitions=0", "partitions"),
            ("kafka://a:9092?tls=yes", "tls"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn percent_signs_are_decoded() {
        assert_eq!(percent_decoded("a%40b%C3%A9").unwrap(), "a@bé");
        assert!(percent_decoded("%é").is_err());
        assert!(percent_decoded("%FF").is_err());
    }
}
