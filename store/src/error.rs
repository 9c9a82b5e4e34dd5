use std::path::PathBuf;

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
    /// A schema statement, or a read that decides about one, failed.
    pub(crate) fn migrating(error: impl std::fmt::Display) -> Self {
        Self::Migrate(error.to_string())
    }

    /// Whether another address mends it.
    pub fn is_misconfigured(&self) -> bool {
        matches!(self, Self::Address(_) | Self::Volume { .. } | Self::DataCentre { .. })
    }
}

fn where_agreed(dc: &Option<String>) -> String {
    dc.as_ref().map_or("over all data centres".into(), |dc| format!("in the data centre {dc}"))
}
