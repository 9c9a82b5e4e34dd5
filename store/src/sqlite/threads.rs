//! The threads that hold the connections. Callers hand over work and await the answer; nothing here runs on theirs.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use souk_chat::ports::StoreError;
use tokio::sync::oneshot;

use super::fault::Fault;
use super::file::File;
use super::queue::Queue;
use super::read::Read;
use super::recent::Recent;
use super::write::Write;

/// Most writes that wait for the writing thread; the next is refused.
pub(crate) const WRITES_WAITING: usize = 16_384;
/// Most reads that wait for a reading thread; the next is refused.
pub(crate) const READS_WAITING: usize = 16_384;
/// Most writes that one commit makes durable.
const GROUP_WRITES: usize = 1_024;

/// Work for the writing thread. It may be run again after a rollback.
pub(crate) trait WriteJob: Send {
    /// Does the work inside the open transaction and keeps what came out.
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), Fault>;
    /// Tells the caller what came out, after the commit.
    fn answer(self: Box<Self>);
    /// Tells the caller that it failed.
    fn refuse(self: Box<Self>, error: StoreError);
}

struct Job<F, T> {
    work: F,
    result: Option<T>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> WriteJob for Job<F, T>
where
    F: FnMut(&mut Write<'_>) -> Result<T, Fault> + Send,
    T: Send,
{
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), Fault> {
        self.result = Some((self.work)(write)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        let result = self.result.expect("a transaction is committed after all its jobs ran");
        // A caller that went away does not hear it; what was committed stays.
        let _ = self.caller.send(Ok(result));
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.caller.send(Err(error));
    }
}

type ReadJob = Box<dyn FnOnce(&mut Read<'_>) + Send>;

/// The queues to the threads.
pub(crate) struct Queues {
    writes: Queue<Box<dyn WriteJob>>,
    reads: Queue<ReadJob>,
}

impl Queues {
    /// Empty queues.
    pub(crate) fn new() -> Self {
        Self {
            writes: Queue::new("writes to SQLite", WRITES_WAITING),
            reads: Queue::new("reads from SQLite", READS_WAITING),
        }
    }

    /// Runs `work` in a transaction, together with what others wait for, and answers after the commit. The work is done even
    /// when the returned future is dropped. Errors: [`StoreError::Unknown`] where the thread ended before it could tell.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Write<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let (caller, answer) = oneshot::channel();
        let pushed = self.writes.push(Box::new(Job { work, result: None, caller }));
        Box::pin(async move {
            pushed?;
            answer.await.unwrap_or_else(|_| Err(StoreError::Unknown("the writing thread ended".into())))
        })
    }

    /// Runs `work` on the next free reading connection.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Read<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let (caller, answer) = oneshot::channel();
        let pushed = self.reads.push(Box::new(move |read: &mut Read<'_>| {
            // The work of a caller that went away is not worth doing.
            if !caller.is_closed() {
                let _ = caller.send(work(read).map_err(|fault| fault.before_commit()));
            }
        }));
        Box::pin(async move {
            pushed?;
            answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the reading thread ended".into())))
        })
    }

    /// Takes no more reads; what waits is still done.
    pub(crate) fn close_reads(&self) {
        self.reads.close();
    }

    /// Takes no more writes; what waits is still done.
    pub(crate) fn close_writes(&self) {
        self.writes.close();
    }
}

/// Abandons a queue when its thread ends for whatever reason, so that nobody waits for a thread that is gone.
struct Farewell<'q, T>(&'q Queue<T>);

impl<T> Drop for Farewell<'_, T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// What a thread works with.
pub(crate) struct Work {
    pub(crate) queues: Arc<Queues>,
    pub(crate) recent: Arc<RwLock<Recent>>,
    /// Held so that the file stays locked while anybody works on it.
    pub(crate) file: Arc<File>,
    pub(crate) connection: rusqlite::Connection,
}

/// The reading thread: one job at a time until the queue is closed and empty.
pub(crate) fn read_until_closed(work: Work) {
    let Work { queues, recent, file, connection } = work;
    let _farewell = Farewell(&queues.reads);
    let mut read = match Read::prepare(&connection, recent) {
        Ok(read) => read,
        Err(fault) => return tracing::error!(file = %file.path().display(), %fault, "SQLite reads are not possible"),
    };
    let mut jobs = Vec::with_capacity(1);
    while queues.reads.take(1, &mut jobs) {
        jobs.drain(..).for_each(|job| job(&mut read));
    }
}

/// The writing thread: whatever waits goes into one transaction, so that many callers share one `fsync`.
pub(crate) fn write_until_closed(work: Work) {
    let Work { queues, recent, file, connection } = work;
    let _farewell = Farewell(&queues.writes);
    let mut write = match Write::prepare(&connection, recent) {
        Ok(write) => write,
        Err(fault) => return tracing::error!(file = %file.path().display(), %fault, "SQLite writes are not possible"),
    };
    let mut group = Vec::with_capacity(GROUP_WRITES);
    while queues.writes.take(GROUP_WRITES, &mut group) {
        write_group(&connection, &mut write, &mut group);
    }
}

fn write_group(connection: &rusqlite::Connection, write: &mut Write<'_>, group: &mut Vec<Box<dyn WriteJob>>) {
    match write_together(connection, write, group) {
        Ok(()) => group.drain(..).for_each(|job| job.answer()),
        // What failed in company is tried alone: one bad request must not fail the others.
        Err(Failure::Work(_)) if group.len() > 1 => {
            for job in group.drain(..) {
                let mut alone = vec![job];
                write_group(connection, write, &mut alone);
            }
        }
        Err(Failure::Work(error) | Failure::Commit(error)) => {
            group.drain(..).for_each(|job| job.refuse(error.clone()));
        }
    }
}

enum Failure {
    /// Before the commit: nothing was written.
    Work(StoreError),
    /// The commit itself failed: the error says what may have happened.
    Commit(StoreError),
}

fn write_together(
    connection: &rusqlite::Connection,
    write: &mut Write<'_>,
    group: &mut [Box<dyn WriteJob>],
) -> Result<(), Failure> {
    let done = write.begin.execute([]).map_err(Fault::from);
    let done = done.and_then(|_| write.begun());
    let done = done.and_then(|()| group.iter_mut().try_for_each(|job| job.run(write)));
    let failure = match done {
        Ok(()) => match write.commit.execute([]) {
            Ok(_) => {
                write.committed();
                return Ok(());
            }
            Err(error) => Failure::Commit(Fault::from(error).at_commit()),
        },
        Err(fault) => Failure::Work(fault.before_commit()),
    };
    // SQLite rolls back by itself after some errors; asking again would be an error of its own.
    if !connection.is_autocommit()
        && let Err(error) = write.rollback.execute([])
    {
        tracing::error!(%error, "SQLite did not roll back");
    }
    write.rolled_back();
    Err(failure)
}
