//! Opening and migrating a store by its address.

use std::sync::Arc;

use souk_chat::ports::{KeptSettings, Store};

use crate::address::Address;
use crate::blocking::blocking;
use crate::cql::Cql;
use crate::error::OpenError;
use crate::settings::Settings;
use crate::sqlite::Sqlite;
use crate::upkeep::Upkeep;

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
    let store = open(address, settings).await?.store;
    let from = store.epoch().await.map_err(OpenError::migrating)?;
    let epoch = store.begin_epoch(&from).await.map_err(OpenError::migrating)?;
    Ok(epoch.to_string())
}
