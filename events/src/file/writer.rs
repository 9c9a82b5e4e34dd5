//! The one thread that writes: groups, syncs, goes on in the next file.

use std::fs::File;
use std::io::Write;

use souk_chat::Tasks;
use souk_chat::tasks::catch;
use tokio::sync::{mpsc, oneshot};

use super::disk::{DiskError, Folder};

/// Bytes that one sync covers at most, give or take one emit.
const GROUP_BYTES: usize = 1 << 20;

/// Whole lines to be written, and who waits for them.
pub(super) struct Job {
    pub(super) lines: Vec<u8>,
    pub(super) done: oneshot::Sender<Result<(), String>>,
}

pub(super) struct Writer {
    folder: Folder,
    file_bytes: u64,
    keep: usize,
    number: u64,
    file: File,
    /// What is synced; what lies beyond after an error is cut before anything else is written.
    durable: u64,
    broken: bool,
}

impl Writer {
    pub(super) fn open(folder: Folder, file_bytes: u64, keep: usize) -> Result<Self, DiskError> {
        let number = folder.numbers()?.last().copied().unwrap_or(1);
        let (mut file, length) = folder.append_to(number)?;
        let durable = folder.cut_torn_end(number, &mut file, length)?;
        Ok(Self { folder, file_bytes, keep, number, file, durable, broken: false })
    }

    /// Writes jobs until nobody can send another.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>, tasks: &Tasks) {
        while let Some(first) = queue.blocking_recv() {
            let mut bytes = first.lines.len();
            let mut group = vec![first];
            while bytes < GROUP_BYTES {
                let Ok(job) = queue.try_recv() else { break };
                bytes += job.lines.len();
                group.push(job);
            }
            // A panic is an error like another: what it left behind is cut, and whoever emitted emits again.
            let outcome = catch(tasks, "event log", || self.write_group(&group).map_err(|error| error.to_string()));
            let outcome = outcome.unwrap_or_else(|panicked| Err(panicked.to_string()));
            if let Err(error) = &outcome {
                tracing::error!(%error, emits = group.len(), "the event log cannot be written");
                self.broken = true;
            }
            for job in group {
                // Whoever gave up waiting emits again; a line twice does no harm.
                let _ = job.done.send(outcome.clone());
            }
        }
    }

    fn write_group(&mut self, group: &[Job]) -> Result<(), DiskError> {
        if self.broken {
            self.repair()?;
        }
        let mut pending = Vec::new();
        let lines = group.iter().flat_map(|job| job.lines.split_inclusive(|byte| *byte == b'\n'));
        for line in lines {
            let length = self.durable + pending.len() as u64;
            if length > 0 && length + line.len() as u64 > self.file_bytes {
                self.write_synced(&pending)?;
                pending.clear();
                self.next_file()?;
            }
            pending.extend_from_slice(line);
        }
        self.write_synced(&pending)
    }

    fn write_synced(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all(bytes).map_err(|error| ("write", error));
        let synced = written.and_then(|()| self.file.sync_data().map_err(|error| ("sync", error)));
        synced.map_err(|(doing, error)| DiskError::new(doing, &self.folder.file_path(self.number), &error))?;
        self.durable += bytes.len() as u64;
        Ok(())
    }

    fn next_file(&mut self) -> Result<(), DiskError> {
        let (file, length) = self.folder.append_to(self.number + 1)?;
        (self.number, self.file, self.durable) = (self.number + 1, file, length);
        if self.keep > 0
            && let Err(error) = self.forget_old()
        {
            // No reason to refuse events: the next file's turn tries again.
            tracing::warn!(%error, "an old file of the event log stays");
        }
        Ok(())
    }

    fn forget_old(&self) -> Result<(), DiskError> {
        let numbers = self.folder.numbers()?;
        // The one being written is not counted.
        let old = &numbers[..numbers.len().saturating_sub(self.keep + 1)];
        old.iter().try_for_each(|number| self.folder.remove(*number))
    }

    /// After an error: the file anew, without what was not confirmed. After a failed sync the old handle proves nothing.
    fn repair(&mut self) -> Result<(), DiskError> {
        let (file, _) = self.folder.append_to(self.number)?;
        let cut = file.set_len(self.durable).and_then(|()| file.sync_all());
        cut.map_err(|error| DiskError::new("cut", &self.folder.file_path(self.number), &error))?;
        (self.file, self.broken) = (file, false);
        Ok(())
    }
}
