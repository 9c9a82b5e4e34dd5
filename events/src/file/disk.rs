//! The folder of the log: its lock, its files, and the repair of the last one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes of a file's end that are looked at for a torn line: more than any line and any group of unsynced lines.
const TAIL_BYTES: u64 = 4 << 20;

/// The disk did not do it.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {path}: {kind}: {reason}", path = path.display())]
pub struct DiskError {
    /// What was tried.
    pub doing: &'static str,
    /// With which file or folder.
    pub path: PathBuf,
    /// The kind of failure, for example `StorageFull`.
    pub kind: io::ErrorKind,
    /// In the system's words.
    pub reason: String,
}

impl DiskError {
    pub(super) fn new(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        Self { doing, path: path.to_owned(), kind: error.kind(), reason: error.to_string() }
    }
}

/// The locked folder.
pub(super) struct Folder {
    path: PathBuf,
    /// Held while the log is open: two writers would cut each other's lines.
    _lock: File,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, DiskError> {
        fs::create_dir_all(path).map_err(|error| DiskError::new("make the folder", path, &error))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|error| DiskError::new("open", &lock_path, &error))?;
        lock.try_lock().map_err(|error| {
            let error = match error {
                TryLockError::WouldBlock => io::Error::new(io::ErrorKind::WouldBlock, "another process has it"),
                TryLockError::Error(error) => error,
            };
            DiskError::new("lock", &lock_path, &error)
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(super) fn file_path(&self, number: u64) -> PathBuf {
        self.path.join(format!("events-{number:012}.ndjson"))
    }

    /// The numbers of the log's files, rising.
    pub(super) fn numbers(&self) -> Result<Vec<u64>, DiskError> {
        let failed = |error: &io::Error| DiskError::new("list", &self.path, error);
        let mut numbers = Vec::new();
        for file in fs::read_dir(&self.path).map_err(|error| failed(&error))? {
            let name = file.map_err(|error| failed(&error))?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("events-")?.strip_suffix(".ndjson"));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Opens a file for appending, made if missing and then on disk by name too. Returns it and its length.
    pub(super) fn append_to(&self, number: u64) -> Result<(File, u64), DiskError> {
        let path = self.file_path(number);
        let file = OpenOptions::new().create(true).read(true).append(true).open(&path);
        let file = file.map_err(|error| DiskError::new("open", &path, &error))?;
        let length = file.metadata().map_err(|error| DiskError::new("read", &path, &error))?.len();
        if length == 0 {
            let folder = File::open(&self.path).and_then(|folder| folder.sync_all());
            folder.map_err(|error| DiskError::new("sync", &self.path, &error))?;
        }
        Ok((file, length))
    }

    /// Cuts what a crash left of lines at the end. Returns the length that is good.
    pub(super) fn cut_torn_end(&self, number: u64, file: &mut File, length: u64) -> Result<u64, DiskError> {
        let path = self.file_path(number);
        let good = good_length(file, length).map_err(|error| DiskError::new("read", &path, &error))?;
        if good < length {
            tracing::warn!(path = %path.display(), bytes = length - good, "the event log ended in a torn line: cut");
            let cut = file.set_len(good).and_then(|()| file.sync_all());
            cut.map_err(|error| DiskError::new("cut", &path, &error))?;
        }
        Ok(good)
    }

    pub(super) fn remove(&self, number: u64) -> Result<(), DiskError> {
        let path = self.file_path(number);
        fs::remove_file(&path).map_err(|error| DiskError::new("remove", &path, &error))
    }
}

/// The length of the file up to its last whole line. Only lines at the very end can be torn: each group was synced before
/// the next was begun.
fn good_length(file: &mut File, length: u64) -> io::Result<u64> {
    let from = length.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let mut good = tail.len();
    while good > 0 {
        let start = tail[..good - 1].iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1);
        let line = &tail[start..good];
        let whole = line.ends_with(b"\n") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
        // What begins before the tail cannot be judged by its JSON.
        if whole || (start == 0 && from > 0 && line.ends_with(b"\n")) {
            break;
        }
        good = start;
    }
    Ok(from + good as u64)
}
