//! The tables, and bringing an older file up to date.

use rusqlite::Connection;

use super::fault::Fault;

/// Marks a file as souk's ("souk" in ASCII), so that another program's database is never migrated.
pub(crate) const APPLICATION_ID: i64 = 0x736F_756B;

/// Each step's number is its place, counted from 1; the file keeps the last one done as `user_version`. Steps are never
/// changed, only added.
const STEPS: &[&str] = &[FIRST, SECOND, THIRD, EPOCHS, SETTINGS];

/// The version this program writes.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

// People and orders are numbered once and named by number everywhere else: names are up to 264 bytes, numbers one to four.
// `0` as a person is souk itself. Entries stand in the order they came, whatever their order; `places` and `keys` find them
// again and lag behind (see `recent`): all rows of `entries` before `recent.first_row` are in both, later ones may be missing.
// In `entries`, NULL stands for the value that nearly every message has: `sender` that of the key, `name` as
// `client_message_id`, `created_at` = `at`, `rev` = the entry's own number.
const FIRST: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, client INTEGER NOT NULL, contractor INTEGER NOT NULL,
    title TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_of_client ON orders (client);
CREATE INDEX orders_of_contractor ON orders (contractor);
CREATE TABLE logs (
    ord INTEGER PRIMARY KEY, seq INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0,
    client INTEGER NOT NULL DEFAULT 0, contractor INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL,
    owes INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0,
    client_delivered INTEGER NOT NULL DEFAULT 0, client_delivered_others INTEGER NOT NULL DEFAULT 0,
    client_read INTEGER NOT NULL DEFAULT 0, client_read_others INTEGER NOT NULL DEFAULT 0,
    contractor_delivered INTEGER NOT NULL DEFAULT 0, contractor_delivered_others INTEGER NOT NULL DEFAULT 0,
    contractor_read INTEGER NOT NULL DEFAULT 0, contractor_read_others INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX logs_owing ON logs (ord) WHERE owes > events;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, ord INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL,
    client INTEGER NOT NULL, contractor INTEGER NOT NULL, owner INTEGER NOT NULL, name TEXT NOT NULL, fingerprint BLOB,
    targets TEXT, rev INTEGER, version INTEGER, content TEXT, edited_at INTEGER, moderated INTEGER, flags INTEGER,
    sender INTEGER, created_at INTEGER, client_message_id TEXT
) STRICT;
CREATE TABLE places (
    log INTEGER NOT NULL, number INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (log, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
    log INTEGER NOT NULL, owner INTEGER NOT NULL, name TEXT NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (log, owner, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE recent (one INTEGER PRIMARY KEY CHECK (one = 1), first_row INTEGER NOT NULL) STRICT;
INSERT INTO recent (one, first_row) VALUES (1, 1);
CREATE TABLE owed (
    ord INTEGER NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, about TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (ord, seq, type, about)
) STRICT, WITHOUT ROWID;
CREATE TABLE heartbeats (
    incarnation TEXT PRIMARY KEY, beat INTEGER NOT NULL, oldest_minute INTEGER NOT NULL, minute INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

// Rows of `originals` are found by the name that they were written under, before their entry had a number. They stand in the
// order they came, like entries.
const SECOND: &str = "
CREATE TABLE originals (
    id INTEGER PRIMARY KEY, ord INTEGER NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, message INTEGER NOT NULL,
    why INTEGER NOT NULL, version INTEGER NOT NULL, sender TEXT NOT NULL, at INTEGER NOT NULL, sealed BLOB NOT NULL,
    UNIQUE (ord, owner, name, message, why)
) STRICT;
CREATE TABLE audit (
    at INTEGER NOT NULL, number INTEGER NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, action TEXT NOT NULL,
    ord TEXT, details TEXT NOT NULL, PRIMARY KEY (at, number)
) STRICT, WITHOUT ROWID;
";

// `at` is the place of a chat in people's lists and moves with messages alone; `last_at` is the time of the last entry, whatever
// it is. The first versions kept that in `at`.
const THIRD: &str = "
ALTER TABLE logs ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;
UPDATE logs SET last_at = at WHERE seq > 0;
";

// 0: written before there were epochs.
const EPOCHS: &str = "
CREATE TABLE epochs (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
ALTER TABLE entries ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
";

// `settings`: what was decided once for this file. `tries`: something to write, where it is to be seen whether the disk takes it.
const SETTINGS: &str = "
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tries (one INTEGER PRIMARY KEY CHECK (one = 1), filling BLOB NOT NULL) STRICT;
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
