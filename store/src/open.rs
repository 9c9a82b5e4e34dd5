//! Opening and migrating a store by its address.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::Tasks;
use souk_chat::ports::{KeptSettings, Store, StoreError};

use crate::address::Address;
use crate::cql::Cql;
use crate::sqlite::Sqlite;
use crate::upkeep::Upkeep;

/// What may be set beside the address.
#[derive(Clone, Debug)]
pub struct Settings {
    /// SQLite: how many threads read. At least one.
    pub readers: usize,
    /// SQLite: entries that are found by memory, about 250 bytes each, before they are indexed. More make writing cheaper
    /// where many orders are busy, and opening slower.
    pub recent_entries: usize,
    /// How long one request may take before its outcome counts as unknown. SQLite: a disk that hangs longer takes no more writes
    /// until it has done the one that hangs.
    pub request_timeout: Duration,
    /// CQL: how long connecting to the cluster may take, all in all.
    pub connect_timeout: Duration,
    /// Is told what becomes of the store's threads.
    pub tasks: Tasks,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            readers: cores.clamp(2, 8),
            recent_entries: 16_384,
            request_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            tasks: Tasks::default(),
        }
    }
}

/// An open store.
#[non_exhaustive]
pub struct Opened {
    /// The store. SQLite: dropping the last handle closes it, as [`Upkeep::close`] does, and blocks meanwhile.
    pub store: Arc<dyn Store>,
    /// What is kept for the whole store. Another handle of it.
    pub settings: Arc<dyn KeptSettings>,
    /// What is the engine's own business. Another handle of it.
    pub upkeep: Upkeep,
    /// `sqlite` or `cql`.
    pub engine: &'static str,
    /// What runs there, for the log: product and version.
    pub server: String,
}

/// Why a store could not be opened or migrated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The address is not one.
    #[error("the store's address is wrong: {0}")]
    Address(String),
    /// SQLite: another process, or another store of this one, has the file.
    #[error("{} is in use: another souk has it open, and SQLite serves one at a time", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// SQLite: the file cannot be made or read, or is damaged.
    #[error("{} cannot be used: {why}", path.display())]
    File {
        /// The database.
        path: PathBuf,
        /// What the system or SQLite says.
        why: String,
    },
    /// SQLite: the file is another program's database.
    #[error("{} is another program's database", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The schema was written by a newer souk.
    #[error("the schema has version {found}, this souk knows {known}: start a newer one")]
    Newer {
        /// The version that is there.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// CQL: keyspace or tables are missing or older.
    #[error("the keyspace {keyspace} has not been brought up to date ({found}): run `souk migrate`")]
    Unmigrated {
        /// The keyspace.
        keyspace: String,
        /// What was found instead.
        found: String,
    },
    /// CQL: nodes of an older version are alive on a keyspace that is to be brought up to date.
    #[error(
        "nodes of an older version are running on the keyspace {keyspace} ({node} is alive), and cannot read what newer ones write: \
         stop all nodes first, then run `souk migrate`"
    )]
    InUse {
        /// The keyspace.
        keyspace: String,
        /// One of them.
        node: String,
    },
    /// CQL: the address names another volume size than the keyspace was made with; it can never change.
    #[error("the keyspace was made with {made} entries a volume, the address says {asked}")]
    Volume {
        /// What the keyspace was made with.
        made: u64,
        /// What the address says.
        asked: u64,
    },
    /// CQL: the address names another data centre, or none, than the keyspace's numbers are agreed in.
    #[error(
        "the nodes of the keyspace {keyspace} agree on numbers {}, and this address says {}: nodes that differ would give one \
         number twice; {} in store.url, on all nodes",
        where_agreed(made), asked.as_ref().map_or("no dc".into(), |dc| format!("dc={dc}")),
        made.as_ref().map_or("leave dc= out".into(), |dc| format!("write dc={dc}"))
    )]
    DataCentre {
        /// The keyspace.
        keyspace: String,
        /// The data centre that the keyspace was made for; `None`: all.
        made: Option<String>,
        /// What the address says.
        asked: Option<String>,
    },
    /// CQL: the cluster cannot be reached or refuses us.
    #[error("the CQL cluster does not let us in: {0}")]
    Connect(String),
    /// CQL: a schema statement failed.
    #[error("the keyspace could not be brought up to date: {0}")]
    Migrate(String),
}

impl OpenError {
    /// Whether another address mends it.
    pub fn is_misconfigured(&self) -> bool {
        matches!(self, Self::Address(_) | Self::Volume { .. } | Self::DataCentre { .. })
    }
}

fn where_agreed(dc: &Option<String>) -> String {
    dc.as_ref().map_or("over all data centres".into(), |dc| format!("in the data centre {dc}"))
}

/// Opens the store at `address`. SQLite files are made and brought up to date; a CQL keyspace must have been [`migrate`]d.
/// Must be called inside a tokio runtime. Dropping the future leaves nothing open.
pub async fn open(address: &str, settings: &Settings) -> Result<Opened, OpenError> {
    match Address::parse(address)? {
        Address::Sqlite(path) => {
            let settings = settings.clone();
            let store = Arc::new(blocking(move || Sqlite::open(&path, &settings)).await?);
            let server = format!("SQLite {}", rusqlite::version());
            Ok(Opened {
                store: Arc::<Sqlite>::clone(&store),
                settings: Arc::<Sqlite>::clone(&store),
                upkeep: Upkeep::of(Some(store)),
                engine: "sqlite",
                server,
            })
        }
        Address::Cql(address) => {
            let store = Arc::new(Cql::open(&address, settings).await?);
            let server = store.server().to_owned();
            let settings = Arc::<Cql>::clone(&store);
            Ok(Opened { store, settings, upkeep: Upkeep::of(None), engine: "cql", server })
        }
    }
}

/// Makes or brings up to date what `address` names. Safe to repeat, and to run on several nodes at once. A CQL keyspace of an older
/// version is looked at for some seconds first: while nodes give signs of life there, it stays as it is.
pub async fn migrate(address: &str, settings: &Settings) -> Result<(), OpenError> {
    match Address::parse(address)? {
        Address::Sqlite(path) => blocking(move || Sqlite::migrate(&path)).await,
        Address::Cql(address) => Cql::migrate(&address, settings).await,
    }
}

/// Begins a new epoch in the store at `address`, so that every cursor from before is answered with the history that is there
/// now: for who has put a backup back. Returns its name. Running nodes follow within seconds.
pub async fn begin_epoch(address: &str, settings: &Settings) -> Result<String, OpenError> {
    let failed = |error: StoreError| OpenError::Migrate(error.to_string());
    let store = open(address, settings).await?.store;
    let from = store.epoch().await.map_err(failed)?;
    let epoch = store.begin_epoch(&from).await.map_err(failed)?;
    Ok(epoch.to_string())
}

pub(crate) async fn blocking<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
