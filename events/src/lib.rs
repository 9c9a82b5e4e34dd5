//! Events out of souk, at least once and in order per chat.
//!
//! Two engines of [`souk_chat::ports::Events`], chosen by URL with [`open`]: an append-only log of NDJSON files, and Kafka.
//! Both write CloudEvents 1.0. The [`relay`] stands between the store and the engine: what the store owes goes out, whoever
//! crashed in between.

mod cloud;
mod file;
#[cfg(feature = "kafka")]
mod kafka;
pub mod relay;
mod settings;

use std::sync::Arc;

use souk_chat::ports::Events;

pub use file::{DiskError, FileLog};
#[cfg(feature = "kafka")]
pub use kafka::Kafka;
pub use relay::{Intents, Metrics, Relay};
pub use settings::{ConfigError, Settings};

use settings::Target;

/// Opens the engine that `url` names: `file:<dir>[?file_bytes=…&keep=…]` or
/// `kafka://[user:password@]host:port[,host:port][?…]`.
///
/// Options of the log: `file_bytes` (most bytes of one file, 64 MiB), `keep` (full files that stay; 0, the default: all). Options
/// of Kafka: `partitions` (6) and `replication` (the broker's default) of topics that are missing and are made, `queue` (events
/// on their way at once, 100,000), and with the cargo feature `kafka-tls`: `tls=true`, `ca` (file), `sasl` (`plain`, `scram-sha-256`,
/// `scram-sha-512`).
///
/// The local log is locked, checked and repaired before this returns, which takes disk time of at most one file. Kafka is not
/// waited for: topics are made in the background. Errors: the URL makes no sense, or the folder cannot be used.
pub fn open(url: &str, settings: Settings) -> Result<Arc<dyn Events>, ConfigError> {
    match settings::parse(url)? {
        Target::File(options) => Ok(Arc::new(FileLog::open(options, settings)?)),
        #[cfg(feature = "kafka")]
        Target::Kafka(options) => Ok(Arc::new(Kafka::open(&options, settings)?)),
        #[cfg(not(feature = "kafka"))]
        Target::Kafka(_) => Err(ConfigError::NotBuiltIn { what: "kafka://", feature: "kafka" }),
    }
}
