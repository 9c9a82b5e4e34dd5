//! A copy of a database while somebody writes it.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use souk_chat::ports::StoreError;

use super::fault::Fault;
use super::file::ONLY_OWNER;
use super::schema::{self, State};
use crate::upkeep::BackupError;

/// Copies the database at `from`, as it is at one moment, into a new file at `to`. Readers and the writer of `from` go on
/// meanwhile; only its log is not moved into the database until this is done. `to` appears whole and on the disk, or not at all.
/// Blocks. Returns the bytes of the copy.
pub(crate) fn backup(from: &Path, to: &Path) -> Result<u64, BackupError> {
    let database = |fault: Fault| BackupError::Database { path: from.to_owned(), why: fault.to_string() };
    let file = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists { path: to.to_owned() },
        _ => BackupError::File { path: to.to_owned(), why: error.to_string() },
    };
    if to.symlink_metadata().is_ok() {
        return Err(file(io::ErrorKind::AlreadyExists.into()));
    }
    let source = open(from).map_err(database)?;
    let draft = draft_of(to);
    OpenOptions::new().write(true).create_new(true).mode(ONLY_OWNER).open(&draft).map_err(|error| {
        match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists { path: draft.clone() },
            _ => file(error),
        }
    })?;
    let made = copy(&source, &draft).map_err(database).and_then(|()| publish(&draft, to).map_err(file));
    let removed = fs::remove_file(&draft);
    let bytes = made?;
    removed.map_err(file)?;
    Ok(bytes)
}

fn open(from: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    connection.busy_timeout(super::file::BUSY)?;
    match schema::state(&connection)? {
        State::Current | State::Older | State::Newer(_) => Ok(connection),
        State::Foreign => Err(StoreError::Invalid("it is another program's database".into()).into()),
    }
}

/// The name that the copy has until it is whole.
fn draft_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn copy(source: &Connection, draft: &Path) -> Result<(), Fault> {
    // One reading transaction, and so one moment; empty pages are left behind.
    let draft = draft.to_str().ok_or_else(|| StoreError::Invalid("the name of a copy is UTF-8".into()))?;
    source.execute("VACUUM INTO ?1", [draft])?;
    Ok(())
}

fn publish(draft: &Path, to: &Path) -> io::Result<u64> {
    let copied = fs::File::open(draft)?;
    copied.sync_all()?;
    // A second name for it: unlike renaming this never takes the place of another file.
    fs::hard_link(draft, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()?;
    Ok(copied.metadata()?.len())
}
