//! A CQL cluster: ScyllaDB, or Cassandra.
//!
//! Nothing is remembered here that matters: an order's log is numbered by compare-and-set in its partition, and any number of
//! nodes may do so at once. Requests are sent once; what has no clear answer is [`StoreError::Unknown`], for the caller to look.

mod answer;
mod append;
mod audit;
mod connect;
mod epochs;
mod link;
mod lists;
mod look;
mod migrate;
mod orders;
mod originals;
mod others;
mod outbox;
mod read;
mod rows;
mod schema;
mod settings;
mod statements;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use async_trait::async_trait;
use parking_lot::Mutex;
use scylla::client::session::Session;
use scylla::response::query_result::QueryRowsResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use souk_chat::limits::{PAGE_MESSAGES_MAX, REMEMBERED_ORDERS};
use souk_chat::log::{Entry, EntryKey, Head, Seq};
use souk_chat::ports::Epochs;
use souk_chat::ports::store::{Appended, Log, Look, StoreError};
use souk_chat::{Epoch, Message, NewEntry, OrderId, Timestamp};
use tokio::sync::Semaphore;

use self::answer::{read_failed, unreadable, write_failed};
use self::connect::{Levels, Product};
use self::link::Link;
use self::schema::Volumes;
use self::statements::Statements;
use crate::address::Cql as Address;
use crate::error::OpenError;
use crate::settings::Settings;

/// Copies of changed messages back to their own volume that may be under way at once. More are left to later readers.
const COPIES_BACK: usize = 16;

/// The store in a CQL keyspace.
pub(crate) struct Cql {
    link: Arc<Link>,
    statements: Statements,
    levels: Levels,
    volumes: Volumes,
    /// The newest volume seen of orders that have more than one. Volumes are never closed again, so an old number is a place
    /// to start from. Emptied when it has [`REMEMBERED_ORDERS`].
    newest: Mutex<HashMap<OrderId, u32>>,
    copies_back: Arc<Semaphore>,
    /// The last hour that was announced to have audit rows.
    audit_hour: AtomicI64,
    epoch: epochs::Known,
    server: String,
}

impl Cql {
    /// Connects and checks the schema.
    pub(crate) async fn open(address: &Address, settings: &Settings) -> Result<Self, OpenError> {
        let session = connect::connect(address, settings, None).await?;
        connect::within(settings.connect_timeout, async {
            if !migrate::exists(&session, &address.keyspace).await? {
                let keyspace = address.keyspace.clone();
                return Err(OpenError::Unmigrated { keyspace, found: "no such keyspace".into() });
            }
            let refused = |error: String| OpenError::Connect(error);
            session.use_keyspace(&address.keyspace, false).await.map_err(|error| refused(error.to_string()))?;
            let size = migrate::check(&session, address).await?;
            let epoch = epochs::Known::new(epochs::find_or_make(&session).await?);
            let levels = Levels::of(address);
            let statements = Statements::prepare(&session, levels.serial_read()).await;
            let statements = statements.map_err(|error| refused(error.to_string()))?;
            let server = Product::of(&session).await?.to_string();
            Ok(Self {
                link: Link::new(session, address, settings),
                statements,
                levels,
                volumes: Volumes { size },
                newest: Mutex::new(HashMap::new()),
                copies_back: Arc::new(Semaphore::new(COPIES_BACK)),
                audit_hour: AtomicI64::new(i64::MIN),
                epoch,
                server,
            })
        })
        .await
    }

    /// Makes the keyspace, or brings it up to date.
    pub(crate) async fn migrate(address: &Address, settings: &Settings) -> Result<(), OpenError> {
        migrate::migrate(address, settings).await
    }

    /// What runs there.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    fn session(&self) -> Arc<Session> {
        self.link.session()
    }

    /// Reads with one request. Errors: [`StoreError::Unavailable`] or `Invalid`.
    async fn select(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<QueryRowsResult, StoreError> {
        let answer = self.session().execute_unpaged(statement, values).await.map_err(read_failed)?;
        answer.into_rows_result().map_err(unreadable)
    }

    /// Writes without a condition. Errors: [`StoreError::Unknown`] or `Invalid`.
    async fn write(&self, statement: &PreparedStatement, values: impl SerializeRow) -> Result<(), StoreError> {
        self.session().execute_unpaged(statement, values).await.map(drop).map_err(write_failed)
    }

    /// Writes under a condition, and tells whether it held. Errors: [`StoreError::Unknown`] or `Invalid`.
    async fn write_if(&self, statement: &PreparedStatement, values: impl SerializeRow) -> Result<bool, StoreError> {
        let answer = self.session().execute_unpaged(statement, values).await.map_err(write_failed)?;
        answer::applied(answer)
    }

    /// The newest volume of this order that was ever seen here.
    fn seen_volume(&self, order: &OrderId) -> u32 {
        self.newest.lock().get(order).copied().unwrap_or(0)
    }

    /// Remembers that this volume is open.
    fn saw_volume(&self, order: &OrderId, volume: u32) {
        if volume == 0 {
            return;
        }
        let mut newest = self.newest.lock();
        if newest.len() >= REMEMBERED_ORDERS && !newest.contains_key(order) {
            newest.clear();
        }
        let known = newest.entry(order.clone()).or_insert(volume);
        *known = volume.max(*known);
    }
}

/// Statements that are sent together, each with its values.
struct CqlBatch<'a> {
    batch: Batch,
    values: Vec<Box<dyn SerializeRow + Send + Sync + 'a>>,
}

impl<'a> CqlBatch<'a> {
    fn new() -> Self {
        // All of it goes to one partition, where a batch is one mutation: a log of batches would add nothing.
        Self { batch: Batch::new(BatchType::Unlogged), values: Vec::new() }
    }

    fn add(&mut self, statement: &PreparedStatement, values: impl SerializeRow + Send + Sync + 'a) {
        self.batch.append_statement(BatchStatement::PreparedStatement(statement.clone()));
        self.values.push(Box::new(values));
    }

    async fn send_if(&self, session: &Session) -> Result<bool, StoreError> {
        let answer = session.batch(&self.batch, &self.values).await.map_err(write_failed)?;
        answer::applied(answer)
    }

    async fn send(&self, session: &Session) -> Result<(), StoreError> {
        session.batch(&self.batch, &self.values).await.map(drop).map_err(write_failed)
    }
}

#[async_trait]
impl Log for Cql {
    async fn look(&self, order: &OrderId, keys: &[EntryKey]) -> Result<Option<Look>, StoreError> {
        self.look_serial(order, keys).await
    }

    async fn append(&self, order: &OrderId, head: &Head, entries: &[NewEntry]) -> Result<Appended, StoreError> {
        self.append_batch(order, head, entries).await
    }

    async fn head(&self, order: &OrderId) -> Result<Option<Head>, StoreError> {
        self.read_head(order).await
    }

    async fn entries(&self, order: &OrderId, after: Seq, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.read_entries(order, after, limit).await
    }

    async fn messages_before(
        &self,
        order: &OrderId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.read_messages_before(order, before, limit).await
    }

    async fn messages(&self, order: &OrderId, seqs: &[Seq]) -> Result<Vec<Message>, StoreError> {
        if seqs.len() > PAGE_MESSAGES_MAX {
            return Err(StoreError::Invalid(format!("at most {PAGE_MESSAGES_MAX} messages at once")));
        }
        Ok(self.read_messages(order, seqs).await?.into_values().map(Arc::unwrap_or_clone).collect())
    }
}

#[async_trait]
impl Epochs for Cql {
    async fn epoch(&self) -> Result<Epoch, StoreError> {
        Ok(self.newest_epoch().await)
    }

    async fn is_ours(&self, _order: &OrderId, epoch: &Epoch, _since: Seq) -> Result<bool, StoreError> {
        self.is_our_epoch(epoch).await
    }

    fn began(&self, epoch: &Epoch) -> Option<Timestamp> {
        Some(epochs::began(epoch))
    }

    async fn begin_epoch(&self, from: &Epoch) -> Result<Epoch, StoreError> {
        self.begin_next_epoch(from).await
    }
}
