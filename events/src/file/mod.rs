//! The local log: CloudEvents as lines of JSON in files of bounded size, on disk before anybody is told so.

mod disk;
mod writer;

use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use souk_chat::ports::{Event, Events, EventsError};
use tokio::sync::{mpsc, oneshot};

use crate::cloud;
use crate::settings::{ConfigError, FileOptions, Settings};

pub use disk::DiskError;
use disk::Folder;
use writer::{Job, Writer};

/// Emits that may wait for the disk at once; the next is told so and comes again.
const QUEUE_EMITS: usize = 1_024;

/// An append-only log in one folder, which it locks: files `events-<number>.ndjson`, the highest number is written to.
///
/// One thread writes. What waits while it syncs goes to disk together with the next sync.
pub struct FileLog {
    source: String,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl FileLog {
    /// Locks the folder (made if missing), cuts a torn last line, and starts the writer.
    pub(crate) fn open(options: FileOptions, settings: Settings) -> Result<Self, ConfigError> {
        let source = settings.source.clone();
        let writer = Writer::open(Folder::open(&options.dir)?, options.file_bytes, options.keep)?;
        let (jobs, queue) = mpsc::channel(QUEUE_EMITS);
        let thread = std::thread::Builder::new()
            .name("souk-event-log".into())
            .spawn(move || writer.run(queue, &settings.tasks))
            .map_err(|error| DiskError::new("start the writer for", &options.dir, &error))?;
        Ok(Self { source, jobs: Some(jobs), thread: Some(thread) })
    }

    async fn write(&self, lines: Vec<u8>) -> Result<(), EventsError> {
        let (done, outcome) = oneshot::channel();
        let jobs = self.jobs.as_ref().expect("taken only when dropped");
        jobs.try_send(Job { lines, done }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => EventsError(format!("{QUEUE_EMITS} emits wait for the disk already")),
            mpsc::error::TrySendError::Closed(_) => EventsError("the event log's writer has ended".into()),
        })?;
        let outcome = outcome.await.unwrap_or_else(|_| Err("the event log's writer has ended".into()));
        outcome.map_err(EventsError)
    }
}

#[async_trait]
impl Events for FileLog {
    async fn emit(&self, events: &[Event]) -> Result<(), EventsError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for event in events {
            cloud::write_line(event, &self.source, &mut lines);
        }
        self.write(lines).await
    }

    async fn flush(&self, patience: Duration) {
        // An empty job is answered after all that came before it.
        let _ = tokio::time::timeout(patience, self.write(Vec::new())).await;
    }
}

impl Drop for FileLog {
    fn drop(&mut self) {
        self.jobs = None;
        // At most the emits that are queued: whoever opens the folder next finds it unlocked.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
