//! SQLite: one file, one writing thread that commits for many callers at once, a few reading threads.

mod append;
mod fault;
mod file;
mod log;
mod outbox;
mod parties;
mod ports;
mod queue;
mod read;
mod recent;
mod rows;
mod schema;
mod threads;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::RwLock;

use self::file::File;
use self::read::Read;
use self::threads::{Queues, Work};
use self::write::Write;
use crate::open::{OpenError, Settings};

/// The store in one SQLite file. Dropping it finishes the writes it took and frees the file; that blocks for one commit.
pub(crate) struct Sqlite {
    queues: Arc<Queues>,
    threads: Vec<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens the file, brings its schema up to date and starts the threads. Blocks.
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let file = Arc::new(File::lock(path)?);
        let writer = file.writer()?;
        let recent = file.checked(append::load_recent(&writer, settings.recent_entries))?;
        let recent = Arc::new(RwLock::new(recent));
        let readers = (0..settings.readers.max(1)).map(|_| file.reader()).collect::<Result<Vec<_>, _>>()?;
        // Prepared here once for the error alone: each thread prepares its own.
        file.checked(Write::prepare(&writer, recent.clone()).map(drop))?;
        file.checked(Read::prepare(&readers[0], recent.clone()).map(drop))?;
        let mut store = Self { queues: Arc::new(Queues::new()), threads: Vec::new() };
        let work = |connection| {
            let (queues, recent, file) = (store.queues.clone(), recent.clone(), file.clone());
            Work { queues, recent, file, connection }
        };
        let writer = work(writer);
        let readers: Vec<Work> = readers.into_iter().map(work).collect();
        store.start(&file, "souk-write", move || threads::write_until_closed(writer))?;
        for reader in readers {
            store.start(&file, "souk-read", move || threads::read_until_closed(reader))?;
        }
        Ok(store)
    }

    /// Brings the schema of the file up to date. Blocks.
    pub(crate) fn migrate(path: &Path) -> Result<(), OpenError> {
        File::lock(path)?.writer().map(drop)
    }

    fn start(&mut self, file: &File, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
        let spawned = thread::Builder::new().name(name.into()).spawn(work);
        let failed = |error: std::io::Error| OpenError::File { path: file.path().to_owned(), why: error.to_string() };
        self.threads.push(spawned.map_err(failed)?);
        Ok(())
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.queues.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}
