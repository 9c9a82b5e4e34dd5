//! What a store on a disk of this machine wants beside reads and writes: to be watched, ended and copied.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use souk_chat::ports::StoreError;

use crate::address::Address;
use crate::blocking::blocking;
use crate::error::OpenError;
use crate::sqlite::{self, Sqlite};

/// What an engine of this machine wants beside reads and writes. A CQL cluster looks after itself.
#[derive(Clone)]
pub struct Upkeep(Option<Arc<Sqlite>>);

/// How the disk takes the writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writes {
    /// How many failed since the store was opened.
    pub failed: u64,
    /// How many wait for the disk.
    pub waiting: usize,
    /// How long the one that is being made has taken so far; nothing, if none is.
    pub running: Duration,
    /// Why one failed, until [`Upkeep::touch`] succeeds.
    pub trouble: Option<Arc<str>>,
}

impl Upkeep {
    pub(crate) fn of(sqlite: Option<Arc<Sqlite>>) -> Self {
        Self(sqlite)
    }

    /// How the disk takes the writes, told at once whatever the disk does; `None`: this engine writes to no disk of this machine.
    pub fn writes(&self) -> Option<Writes> {
        self.0.as_ref().map(|store| {
            let (disk, waiting) = (store.disk(), store.writes_waiting());
            Writes { failed: disk.failures(), waiting, running: disk.running(), trouble: disk.trouble() }
        })
    }

    /// Tries the disk with a write that changes nothing for anybody; if it takes that, the trouble that
    /// [`writes`](Self::writes) tells of is over. Errors: as any write.
    pub async fn touch(&self) -> Result<(), StoreError> {
        match &self.0 {
            Some(store) => store.touch().await,
            None => Ok(()),
        }
    }

    /// Ends the store: takes no more work, finishes what was taken, and moves SQLite's log into the database, so that the file
    /// alone is all of it. Waits as long as a disk hangs; dropping the future leaves that to a thread.
    pub async fn close(&self) {
        let Some(store) = self.0.clone() else { return };
        if let Err(error) = tokio::task::spawn_blocking(move || store.close()).await {
            tracing::error!(%error, "closing the store failed");
        }
    }
}

/// Why a copy was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The address is not one.
    #[error("the store's address is wrong: {0}")]
    Address(String),
    /// The address is no file's.
    #[error("only an SQLite store is copied like this: a CQL cluster has tools of its own (snapshots)")]
    Cluster,
    /// There is something already.
    #[error("{} exists already, and is not overwritten", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The copy could not be written.
    #[error("{} cannot be written: {why}", path.display())]
    File {
        /// The copy.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The database could not be read, or not copied.
    #[error("{} cannot be copied: {why}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        why: String,
    },
}

/// Copies the SQLite store at `address`, also while a souk runs on it, into a new file. It is the store as it was at one moment, and
/// appears whole or not at all. Returns its bytes.
pub async fn backup(address: &str, to: &Path) -> Result<u64, BackupError> {
    let parsed = Address::parse(address).map_err(|error| match error {
        OpenError::Address(why) => BackupError::Address(why),
        other => BackupError::Address(other.to_string()),
    })?;
    let Address::Sqlite(from) = parsed else { return Err(BackupError::Cluster) };
    let to = to.to_owned();
    blocking(move || sqlite::backup(&from, &to)).await
}
