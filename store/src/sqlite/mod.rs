//! SQLite: one file, one writing thread that commits for many callers at once, a few reading threads.

mod fault;
mod file;
mod outbox;
mod parties;
mod ports;
mod queue;
mod read;
mod rows;
mod schema;
mod threads;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use self::file::File;
use self::threads::Queues;
use crate::open::OpenError;

/// The store in one SQLite file. Dropping it finishes the writes it took and frees the file; that blocks for one commit.
pub(crate) struct Sqlite {
    queues: Arc<Queues>,
    threads: Vec<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens the file, brings its schema up to date and starts the threads. Blocks.
    pub(crate) fn open(path: &Path, readers: usize) -> Result<Self, OpenError> {
        let file = Arc::new(File::lock(path)?);
        let writer = file.writer()?;
        let readers = (0..readers.max(1)).map(|_| file.reader()).collect::<Result<Vec<_>, _>>()?;
        let mut store = Self { queues: Arc::new(Queues::new()), threads: Vec::new() };
        store.start("souk-write", file.clone(), writer, threads::write_until_closed)?;
        for reader in readers {
            store.start("souk-read", file.clone(), reader, threads::read_until_closed)?;
        }
        Ok(store)
    }

    /// Brings the schema of the file up to date. Blocks.
    pub(crate) fn migrate(path: &Path) -> Result<(), OpenError> {
        File::lock(path)?.writer().map(drop)
    }

    fn start(
        &mut self,
        name: &str,
        file: Arc<File>,
        connection: rusqlite::Connection,
        work: fn(Arc<Queues>, &File, &rusqlite::Connection),
    ) -> Result<(), OpenError> {
        let queues = self.queues.clone();
        let path = file.path().to_owned();
        let thread = thread::Builder::new()
            .name(name.into())
            .spawn(move || work(queues, &file, &connection))
            .map_err(|error| OpenError::File { path, why: error.to_string() })?;
        self.threads.push(thread);
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
