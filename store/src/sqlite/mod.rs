//! SQLite: one file, one writing thread that commits for many callers at once, a few reading threads.

mod apart;
mod append;
mod backup;
mod disk;
mod epochs;
mod fault;
mod file;
mod log;
mod log_statements;
mod outbox;
mod parties;
mod ports;
mod queue;
mod read;
mod recent;
mod rows;
mod schema;
mod settings;
mod threads;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;
use souk_chat::Epoch;
use souk_chat::ports::StoreError;

pub(crate) use self::backup::backup;
use self::disk::Disk;
use self::file::File;
use self::read::Read;
use self::recent::Recent;
use self::threads::{Queues, Work};
use self::write::Write;
use crate::error::OpenError;
use crate::settings::Settings;

/// The store in one SQLite file. Closing it, or dropping it, finishes the writes it took and frees the file.
pub(crate) struct Sqlite {
    queues: Arc<Queues>,
    threads: Mutex<Threads>,
    /// The newest epoch of the file, which no other process opens.
    epoch: Mutex<Epoch>,
}

#[derive(Default)]
struct Threads {
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens the file, brings its schema up to date and starts the threads. Blocks.
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let file = Arc::new(File::lock(path)?);
        let writer = file.writer()?;
        file.checked(epochs::begin(&writer))?;
        let recent = file.checked(append::load_recent(&writer, settings.recent_entries))?;
        let recent = Arc::new(RwLock::new(recent));
        let readers = (0..settings.readers.max(1)).map(|_| file.reader()).collect::<Result<Vec<_>, _>>()?;
        // Prepared here once for the error alone: each thread prepares its own.
        file.checked(Write::prepare(&writer, recent.clone()).map(drop))?;
        file.checked(Read::prepare(&readers[0], recent.clone()).map(drop))?;
        Self::start(&file, &recent, (writer, readers), settings)
    }

    fn start(
        file: &Arc<File>,
        recent: &Arc<RwLock<Recent>>,
        (writer, readers): (Connection, Vec<Connection>),
        settings: &Settings,
    ) -> Result<Self, OpenError> {
        let epoch = Mutex::new(file.checked(epochs::current(&writer))?);
        // Made first: whatever was started ends with it when the rest cannot be.
        let queues = Arc::new(Queues::new(settings.request_timeout));
        let store = Self { queues, threads: Mutex::default(), epoch };
        let work = |connection| Work {
            queues: store.queues.clone(),
            recent: recent.clone(),
            file: file.clone(),
            connection,
            tasks: settings.tasks.clone(),
        };
        let (writer, readers) = (work(writer), readers.into_iter().map(work).collect::<Vec<_>>());
        let mut threads = store.threads.lock();
        threads.writer = Some(spawn(file, "souk-write", move || threads::write_until_closed(writer))?);
        for reader in readers {
            threads.readers.push(spawn(file, "souk-read", move || threads::read_until_closed(reader))?);
        }
        drop(threads);
        Ok(store)
    }

    /// Brings the schema of the file up to date. Blocks.
    pub(crate) fn migrate(path: &Path) -> Result<(), OpenError> {
        File::lock(path)?.writer().map(drop)
    }

    /// How the disk takes the writes.
    pub(crate) fn disk(&self) -> &Disk {
        self.queues.disk()
    }

    /// How many writes wait.
    pub(crate) fn writes_waiting(&self) -> usize {
        self.queues.writes_waiting()
    }

    /// Tries the disk with a write that changes nothing for anybody.
    pub(crate) async fn touch(&self) -> Result<(), StoreError> {
        self.queues.write(|write| write.touch()).await?;
        self.disk().is_well();
        Ok(())
    }

    /// Takes no more work, does what it took, and moves the log into the database. Blocks: for one commit, or as long as a disk
    /// hangs. Whoever comes second waits for the first.
    pub(crate) fn close(&self) {
        let mut threads = self.threads.lock();
        // A thread that panicked has said so already. The writer ends last: nobody may read while it moves the log.
        self.queues.close_reads();
        threads.readers.drain(..).for_each(|thread| drop(thread.join()));
        self.queues.close_writes();
        if let Some(thread) = threads.writer.take() {
            drop(thread.join());
        }
    }
}

fn spawn(file: &File, name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    let failed = |error: std::io::Error| OpenError::File { path: file.path().to_owned(), why: error.to_string() };
    thread::Builder::new().name(name.into()).spawn(work).map_err(failed)
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use souk_chat::log::{Body, Counts, Entry, EntryKey, Head, NewEntry};
    use souk_chat::ports::store::{Appended, Log as _, Orders as _, StoreError};
    use souk_chat::{NewOrder, OrderId, Seq, Timestamp, UserId};

    use super::*;

    fn entry(seq: Seq) -> NewEntry {
        let key = EntryKey { owner: None, id: format!("{seq}-{}", "x".repeat(400)).into() };
        let entry = Entry { seq, key, at: Timestamp(0), counts: Counts::default(), body: Body::Empty };
        NewEntry { entry, fingerprint: None, owed: Vec::new() }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_leaves_nothing_half_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("souk.db");
        let order = OrderId::new("o").unwrap();
        let user = |name| UserId::new(name).unwrap();
        let (client, contractor) = (user("ann"), user("bob"));
        let new = NewOrder { id: order.clone(), client, contractor, title: None, status: None };
        Sqlite::open(&path, &Settings::default()).unwrap().put_order(&new, Timestamp(0)).await.unwrap();

        // The same threads on a connection that may not let the file grow beyond 60 pages.
        let file = Arc::new(File::lock(&path).unwrap());
        let (writer, reader) = (file.writer().unwrap(), file.reader().unwrap());
        writer.execute_batch("PRAGMA max_page_count = 60").unwrap();
        let recent = Arc::new(RwLock::new(append::load_recent(&writer, 50).unwrap()));
        let store = Sqlite::start(&file, &recent, (writer, vec![reader]), &Settings::default()).unwrap();
        let mut head = Head::default();
        let full = loop {
            match store.append(&order, &head, &[entry(head.seq.next())]).await {
                Ok(Appended::Applied(next)) => head = next,
                Ok(Appended::Refused) => panic!("nobody else writes"),
                Err(error) => break error,
            }
        };
        assert!(matches!(&full, StoreError::Unavailable(why) if why.contains("full")), "{full}");
        assert!(head.seq.0 > 50, "the disk was full before anything was indexed");
        let key = entry(head.seq.next()).entry.key;
        let look = store.look(&order, &[key]).await.unwrap().unwrap();
        assert_eq!((look.head, look.known), (head, vec![None]));
        assert_eq!(store.entries(&order, Seq::ZERO, 10_000).await.unwrap().len() as u64, head.seq.0);
        drop(store);
        drop(file);
        // With room again it goes on where it stopped.
        let store = Sqlite::open(&path, &Settings::default()).unwrap();
        assert!(matches!(store.append(&order, &head, &[entry(head.seq.next())]).await, Ok(Appended::Applied(_))));
    }
}
