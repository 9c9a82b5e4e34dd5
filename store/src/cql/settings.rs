//! Settings kept for the whole keyspace: each a partition of its own, written under a condition only.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scylla::client::session::Session;
use scylla::statement::unprepared::Statement;
use souk_chat::ports::{KeptSettings, StoreError};

use super::Cql;
use super::answer::{read_failed, unreadable, write_failed};
use super::connect::Levels;
use crate::apart::check_setting;

// Not prepared beforehand: they are used a few times in a process's life.
const ALL: &str = "SELECT name, value FROM settings";
const ONE: &str = "SELECT value FROM settings WHERE name = ?";
const KEEP: &str = "INSERT INTO settings (name, value) VALUES (?, ?) IF NOT EXISTS";
const REPLACE: &str = "UPDATE settings SET value = ? WHERE name = ? IF value = ?";

/// All settings, as a quorum sees them.
pub(crate) async fn all(session: &Session) -> Result<BTreeMap<String, String>, StoreError> {
    let answer = session.query_unpaged(ALL, &[]).await.map_err(read_failed)?;
    let rows = answer.into_rows_result().map_err(unreadable)?;
    rows.rows::<(String, String)>().map_err(unreadable)?.map(|row| row.map_err(unreadable)).collect()
}

/// What stands under `name`, whatever was under way.
async fn one(session: &Session, levels: Levels, name: &str) -> Result<Option<String>, StoreError> {
    let mut statement = Statement::new(ONE);
    statement.set_consistency(levels.serial_read());
    let answer = session.query_unpaged(statement, (name,)).await.map_err(read_failed)?;
    let rows = answer.into_rows_result().map_err(unreadable)?;
    Ok(rows.maybe_first_row::<(String,)>().map_err(unreadable)?.map(|(value,)| value))
}

/// Runs a conditional write at `levels`. Whether it was applied does not matter: what stands is read after.
async fn write(
    session: &Session,
    levels: Levels,
    text: &str,
    values: impl scylla::serialize::row::SerializeRow,
) -> Result<(), StoreError> {
    let mut statement = Statement::new(text);
    statement.set_consistency(levels.normal);
    statement.set_serial_consistency(Some(levels.serial));
    session.query_unpaged(statement, values).await.map(drop).map_err(write_failed)
}

/// Keeps `value` under `name` if nothing is kept there, and returns what stands.
pub(crate) async fn keep(session: &Session, levels: Levels, name: &str, value: &str) -> Result<String, StoreError> {
    write(session, levels, KEEP, (name, value)).await?;
    let stands = one(session, levels, name).await?;
    stands.ok_or_else(|| StoreError::Unknown(format!("the setting {name} was written and is not there")))
}

#[async_trait]
impl KeptSettings for Cql {
    async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        all(&self.session()).await
    }

    async fn keep_setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        check_setting(name, value)?;
        keep(&self.session(), self.levels, name, value).await
    }

    async fn replace_setting(&self, name: &str, from: &str, to: &str) -> Result<Option<String>, StoreError> {
        check_setting(name, to)?;
        write(&self.session(), self.levels, REPLACE, (to, name, from)).await?;
        one(&self.session(), self.levels, name).await
    }
}
