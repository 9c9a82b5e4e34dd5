//! A file of an operator that is read again when it changes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use souk_chat::Tasks;
use souk_chat::tasks::catch;

use souk_settings::files;

/// How often such files are looked at.
pub const WATCH_EVERY: Duration = Duration::from_secs(10);

/// A file, and what it looked like when it was last read: so that the same one is read, and complained about, once.
pub(crate) struct Watched {
    path: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It was not looked at.
    Nothing,
    /// It could not be read.
    Unreadable,
    File {
        modified: SystemTime,
        bytes: u64,
    },
}

/// Does what blocks over files on a thread of its own. A panic of it is told and counted as one of the task `name`, and nothing else
/// ends with it.
pub(crate) async fn aside(tasks: &Tasks, name: &'static str, work: impl FnOnce() + Send + 'static) {
    let guard = tasks.clone();
    // It fails only where the program ends first.
    let _ = tokio::task::spawn_blocking(move || catch(&guard, name, work)).await;
}

impl Watched {
    /// A file that was not looked at yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), seen: Mutex::new(Seen::Nothing) }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds. Errors: see [`files::read`].
    pub(crate) fn read(&self) -> Result<Vec<u8>, String> {
        // Looked at before it is read: what changes meanwhile is found the next time.
        let stamp = stamp(&self.path);
        *self.seen.lock() = *stamp.as_ref().unwrap_or(&Seen::Unreadable);
        stamp.and_then(|_| files::read(&self.path)).map_err(|error| error.to_string())
    }

    /// What it holds, if it does not look as it did the last time. Blocks while it reads.
    pub(crate) fn changed(&self) -> Option<Result<Vec<u8>, String>> {
        let before = *self.seen.lock();
        (stamp(&self.path).unwrap_or(Seen::Unreadable) != before).then(|| self.read())
    }

    /// The next look reads it in any case.
    pub(crate) fn forget(&self) {
        *self.seen.lock() = Seen::Nothing;
    }
}

fn stamp(path: &Path) -> io::Result<Seen> {
    let file = std::fs::metadata(path)?;
    Ok(Seen::File { modified: file.modified()?, bytes: file.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_for_each_form_it_takes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let file = Watched::new(&path);
        assert!(file.changed().is_some_and(|read| read.is_err()), "there is none, and that is told");
        assert!(file.changed().is_none(), "once");
        std::fs::write(&path, "a").unwrap();
        assert_eq!(file.changed(), Some(Ok(b"a".to_vec())));
        assert_eq!(file.changed(), None);
        std::fs::write(&path, "bc").unwrap();
        assert_eq!(file.changed(), Some(Ok(b"bc".to_vec())));
        file.forget();
        assert_eq!(file.changed(), Some(Ok(b"bc".to_vec())), "it was asked for again");
        std::fs::File::create(&path).unwrap().set_len(2 * 1024 * 1024).unwrap();
        assert!(file.changed().is_some_and(|read| read.is_err()), "too large");
        assert_eq!(file.changed(), None);
        std::fs::remove_file(&path).unwrap();
        std::fs::rename(souk_testkit::disk::pipe(folder.path()), &path).unwrap();
        assert_eq!(file.changed(), Some(Err("it is not a regular file".to_owned())));
        assert_eq!(file.changed(), None);
    }

    #[tokio::test]
    async fn a_panic_over_a_file_is_counted_and_ends_nothing_else() {
        let tasks = Tasks::default();
        aside(&tasks, "file", || panic!("as it happens")).await;
        aside(&tasks, "file", || {}).await;
        assert_eq!(tasks.panics(), [("file", 1)]);
    }
}
