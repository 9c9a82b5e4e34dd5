//! The tables, and bringing an older file up to date.

use rusqlite::Connection;

use super::fault::Fault;

/// Marks a file as souk's ("souk" in ASCII), so that another program's database is never migrated.
pub(crate) const APPLICATION_ID: i64 = 0x736F_756B;

/// Each step's number is its place, counted from 1; the file keeps the last one done as `user_version`. Steps are never
/// changed, only added.
const STEPS: &[&str] = &[FIRST];

/// The version this program writes.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Bits of an entry's row number that hold its `seq`; the order's own number is above them. One integer key keeps an order's
/// entries side by side and in order.
pub(crate) const SEQ_BITS: u32 = 32;

// People and orders are numbered once and named by number everywhere else: names are up to 264 bytes, numbers one to four.
// `0` as a person is souk itself. In `entries`, NULL stands for the value that nearly every message has: `sender` that of the
// key, `name` as `client_message_id`, `created_at` = `at`, `rev` = the entry's own number.
const FIRST: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, client INTEGER NOT NULL, contractor INTEGER NOT NULL,
    title TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_of_client ON orders (client);
CREATE INDEX orders_of_contractor ON orders (contractor);
CREATE TABLE logs (
    ord INTEGER PRIMARY KEY, seq INTEGER NOT NULL, state INTEGER NOT NULL, client INTEGER NOT NULL,
    contractor INTEGER NOT NULL, at INTEGER NOT NULL, owes INTEGER NOT NULL, events INTEGER NOT NULL
) STRICT;
CREATE INDEX logs_owing ON logs (ord) WHERE owes > events;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at INTEGER NOT NULL, client INTEGER NOT NULL, contractor INTEGER NOT NULL,
    owner INTEGER NOT NULL, name TEXT NOT NULL, targets TEXT,
    rev INTEGER, version INTEGER, content TEXT, edited_at INTEGER, moderated INTEGER, flags INTEGER,
    sender INTEGER, created_at INTEGER, client_message_id TEXT
) STRICT;
CREATE TABLE keys (
    ord INTEGER NOT NULL, owner INTEGER NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, fingerprint BLOB,
    PRIMARY KEY (ord, owner, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE owed (
    ord INTEGER NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, about TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (ord, seq, type, about)
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (
    ord INTEGER NOT NULL, user INTEGER NOT NULL, delivered INTEGER NOT NULL, delivered_others INTEGER NOT NULL,
    read INTEGER NOT NULL, read_others INTEGER NOT NULL,
    PRIMARY KEY (ord, user)
) STRICT, WITHOUT ROWID;
CREATE TABLE heartbeats (
    incarnation TEXT PRIMARY KEY, beat INTEGER NOT NULL, oldest_minute INTEGER NOT NULL, minute INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What an existing file is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Empty, or of an older version: [`migrate`] will do.
    Older,
    /// What this program writes.
    Current,
    /// Written by a newer program; its version.
    Newer(i64),
    /// Another program's database.
    Foreign,
}

/// Looks what the file is.
pub(crate) fn state(connection: &Connection) -> Result<State, Fault> {
    let read = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let version = read("PRAGMA user_version")?;
    if read("PRAGMA application_id")? != APPLICATION_ID {
        let empty = version == 0 && read("SELECT count(*) FROM sqlite_schema")? == 0;
        return Ok(if empty { State::Older } else { State::Foreign });
    }
    Ok(match version {
        VERSION => State::Current,
        newer if newer > VERSION => State::Newer(newer),
        _ => State::Older,
    })
}

/// Does the steps that are missing, all in one transaction.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (_, step) in (1..).zip(STEPS).filter(|(number, _)| *number > done) {
        transaction.execute_batch(step)?;
    }
    transaction
        .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))?;
    transaction.commit()?;
    Ok(())
}
