//! The database's file: opened by one process at a time.

use std::fs::{self, DirBuilder, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::schema::{self, State};
use crate::error::OpenError;

/// Statements wait that long for a lock that an operator's tool holds (a shell). Less than callers wait, so that they
/// are told of it.
pub(crate) const BUSY: Duration = Duration::from_secs(3);
/// Pages of the write-ahead log after which the writer moves them into the database: 16 MiB.
const CHECKPOINT_PAGES: u32 = 4_096;
/// The write-ahead log is cut back to this many bytes when it is reused.
const WAL_BYTES: u32 = 64 * 1024 * 1024;
/// Page cache of the writing connection, in KiB.
const WRITER_CACHE_KIB: u32 = 32 * 1024;
/// Page cache of each reading connection, in KiB.
const READER_CACHE_KIB: u32 = 8 * 1024;

/// What is said may be read by nobody but who runs souk.
pub(crate) const ONLY_OWNER: u32 = 0o600;
const ONLY_OWNERS_FOLDER: u32 = 0o700;
/// Bits of a mode that give others something.
const OTHERS: u32 = 0o077;

/// The file, locked for this process. Unlocked when dropped, or when the process ends in any way.
pub(crate) struct File {
    path: PathBuf,
    _lock: fs::File,
}

impl File {
    /// Makes folder and file where they are missing, and locks. Errors: [`OpenError::Locked`] where another process, or
    /// another store of this one, has it.
    pub(crate) fn lock(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: io::Error| OpenError::File { path: path.to_owned(), why: error.to_string() };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(ONLY_OWNERS_FOLDER).create(folder).map_err(failed)?;
        }
        // A file of its own: SQLite's locks on the database come and go with its transactions.
        let lock = open_or_make(&beside(path, ".lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                // SQLite gives the files beside the database the mode of the database.
                open_or_make(path).map_err(failed)?;
                Ok(Self { path: path.to_owned(), _lock: lock })
            }
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where the database is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The writing connection, with the schema up to date.
    pub(crate) fn writer(&self) -> Result<Connection, OpenError> {
        let failed = |fault: super::fault::Fault| self.failed(&fault);
        let connect = || {
            let flags =
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(BUSY)?;
            let state = schema::state(&connection)?;
            Ok((connection, state))
        };
        let (mut connection, state) = connect().map_err(failed)?;
        match state {
            State::Newer(version) => {
                return Err(OpenError::Newer { found: version, known: schema::VERSION });
            }
            State::Foreign => return Err(OpenError::Foreign { path: self.path.clone() }),
            State::Current | State::Older => {}
        }
        for end in ["", "-wal", "-shm", ".lock"] {
            keep_others_out(&beside(&self.path, end)).map_err(|error| self.failed(&error))?;
        }
        let prepare = |connection: &mut Connection| {
            connection.execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
                 PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA journal_size_limit = {WAL_BYTES};
                 PRAGMA cache_size = -{WRITER_CACHE_KIB};"
            ))?;
            if state == State::Older { schema::migrate(connection) } else { Ok(()) }
        };
        prepare(&mut connection).map_err(failed)?;
        Ok(connection)
    }

    /// A reading connection. The writing one was opened before.
    pub(crate) fn reader(&self) -> Result<Connection, OpenError> {
        let connect = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags)?;
            connection.busy_timeout(BUSY)?;
            connection
                .execute_batch(&format!("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{READER_CACHE_KIB};"))?;
            Ok(connection)
        };
        connect().map_err(|fault: super::fault::Fault| self.failed(&fault))
    }

    /// What was tried on this file, with its name where it failed.
    pub(crate) fn checked<T>(&self, tried: Result<T, super::fault::Fault>) -> Result<T, OpenError> {
        tried.map_err(|fault| self.failed(&fault))
    }

    fn failed(&self, why: &impl std::fmt::Display) -> OpenError {
        OpenError::File { path: self.path.clone(), why: why.to_string() }
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn open_or_make(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(ONLY_OWNER).open(path)
}

/// Takes from others what earlier versions gave them.
fn keep_others_out(path: &Path) -> io::Result<()> {
    let mode = match path.metadata() {
        Ok(there) => there.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if mode & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS))?;
    tracing::warn!(file = %path.display(), "others could read this file; now only its owner can");
    Ok(())
}
