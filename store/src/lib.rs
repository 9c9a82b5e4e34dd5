//! History: every entry of every order's log, in SQLite or in a CQL cluster (ScyllaDB, Cassandra). Beside it, in tables of their
//! own: originals, sealed, and the audit log.
//!
//! [`open`] gives the store at an address as the domain's [`Store`](souk_chat::ports::Store); [`migrate`] prepares a CQL
//! keyspace. Both engines pass one conformance suite, `tests/suite`. Which one runs is nowhere visible but in the address:
//!
//! * `sqlite:<path>`: one file, one process. Waiting writes share one commit (`synchronous=FULL`).
//! * `cql://[user:password@]host:port[,host:port]/keyspace[?replication=3&dc=…&volume=50000]`: any number of nodes. Entries are
//!   numbered by compare-and-set in the order's partition; `volume` is fixed when the keyspace is made.

mod address;
mod apart;
mod blocking;
mod cql;
mod error;
mod form;
mod open;
mod plan;
mod settings;
mod sqlite;
mod upkeep;

pub use error::OpenError;
pub use open::{Opened, begin_epoch, migrate, open};
pub use settings::Settings;
pub use upkeep::{BackupError, Upkeep, Writes, backup};
