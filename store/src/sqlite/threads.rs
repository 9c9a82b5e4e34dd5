//! The threads that hold the connections. Callers hand over work and await the answer; nothing here runs on theirs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use souk_chat::ports::StoreError;
use souk_chat::tasks::{Panicked, Tasks, catch};
use tokio::sync::oneshot;

use super::disk::{Disk, Fate};
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
    fate: Arc<Fate>,
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
        if self.fate.take() {
            self.result = Some((self.work)(write)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>) {
        // Without a result it was withdrawn. A caller that went away does not hear it; what was committed stays.
        if let Some(result) = self.result {
            let _ = self.caller.send(Ok(result));
        }
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
    disk: Disk,
}

impl Queues {
    /// Empty queues, to threads whose answers are awaited so long.
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            writes: Queue::new("writes to SQLite", WRITES_WAITING),
            reads: Queue::new("reads from SQLite", READS_WAITING),
            disk: Disk::new(patience),
        }
    }

    /// How the disk takes the writes.
    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// How many writes wait.
    pub(crate) fn writes_waiting(&self) -> usize {
        self.writes.len()
    }

    /// Runs `work` in a transaction, together with what others wait for, and answers after the commit, or when patience ends. The
    /// work is done even when the returned future is dropped. Errors: [`StoreError::Unavailable`] where the write will not be
    /// made, [`StoreError::Unknown`] where it was begun and the disk, or a thread that ended, does not tell.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Write<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let (caller, answer) = oneshot::channel();
        let fate = Arc::new(Fate::default());
        let job = Job { fate: fate.clone(), work, result: None, caller };
        let pushed = self.disk.check().and_then(|()| self.writes.push(Box::new(job)));
        let patience = self.disk.patience;
        Box::pin(async move {
            pushed?;
            match tokio::time::timeout(patience, answer).await {
                Ok(answer) => answer.unwrap_or_else(|_| Err(StoreError::Unknown("the writing thread ended".into()))),
                Err(_) if fate.withdraw() => {
                    Err(StoreError::Unavailable(format!("the disk did not come to this write within {patience:?}")))
                }
                Err(_) => Err(StoreError::Unknown(format!("the disk did not end this write within {patience:?}"))),
            }
        })
    }

    /// Runs `work` on the next free reading connection; answers when patience ends at the latest.
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
        let patience = self.disk.patience;
        Box::pin(async move {
            pushed?;
            match tokio::time::timeout(patience, answer).await {
                Ok(answer) => {
                    answer.unwrap_or_else(|_| Err(StoreError::Unavailable("the reading thread ended".into())))
                }
                Err(_) => Err(StoreError::Unavailable(format!("the disk did not end this read within {patience:?}"))),
            }
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
    /// Is told of panics, and of a thread that cannot go on.
    pub(crate) tasks: Tasks,
}

/// Names of the threads' work.
const READ: &str = "SQLite read";
const WRITE: &str = "SQLite write";

/// The reading thread: one job at a time until the queue is closed and empty.
pub(crate) fn read_until_closed(work: Work) {
    let Work { queues, recent, file, connection, tasks } = work;
    let _farewell = Farewell(&queues.reads);
    let mut read = match Read::prepare(&connection, recent) {
        Ok(read) => read,
        Err(fault) => {
            tracing::error!(file = %file.path().display(), %fault, "SQLite reads are not possible");
            return tasks.give_up(READ);
        }
    };
    let mut jobs = Vec::with_capacity(1);
    while queues.reads.take(1, &mut jobs) {
        for job in jobs.drain(..) {
            // The caller learns of a panic by its job being dropped. The next job must not find a snapshot of this one's.
            if catch(&tasks, READ, || job(&mut read)).is_err()
                && !connection.is_autocommit()
                && let Err(error) = connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "SQLite did not end a read");
                return tasks.give_up(READ);
            }
        }
    }
}

/// The writing thread: whatever waits goes into one transaction, so that many callers share one `fsync`.
pub(crate) fn write_until_closed(work: Work) {
    let Work { queues, recent, file, connection, tasks } = work;
    let _farewell = Farewell(&queues.writes);
    let mut write = match Write::prepare(&connection, recent) {
        Ok(write) => write,
        Err(fault) => {
            tracing::error!(file = %file.path().display(), %fault, "SQLite writes are not possible");
            return tasks.give_up(WRITE);
        }
    };
    let mut group = Vec::with_capacity(GROUP_WRITES);
    while queues.writes.take(GROUP_WRITES, &mut group) {
        // A job's panic goes no further than its group. One beyond that may have left memory and file at odds.
        let disk = queues.disk();
        if catch(&tasks, WRITE, || write_group(&connection, &mut write, (disk, &tasks), &mut group)).is_err() {
            return tasks.give_up(WRITE);
        }
    }
    drop(write);
    // So that whoever copies the file next has all of it. The readers are gone.
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::error!(file = %file.path().display(), %error, "SQLite's log was not moved into the database");
    }
}

fn write_group(
    connection: &rusqlite::Connection,
    write: &mut Write<'_>,
    (disk, tasks): (&Disk, &Tasks),
    group: &mut Vec<Box<dyn WriteJob>>,
) {
    disk.begin();
    let mut outcome = write_together(connection, write, group, Company::Trusted, tasks);
    // One bad request must not fail the others, nor cost each of them a commit of its own.
    if matches!(outcome, Err(Failure::Request(_))) && group.len() > 1 {
        outcome = write_together(connection, write, group, Company::Suspected, tasks);
    }
    match outcome {
        Ok(failed) => {
            disk.done();
            let failed = failed.into_iter().chain(std::iter::repeat_with(|| None));
            for (job, failed) in group.drain(..).zip(failed) {
                match failed {
                    None => job.answer(),
                    Some(error) => job.refuse(error),
                }
            }
        }
        // It was the whole transaction that failed: what goes in alone is written alone.
        Err(Failure::Request(_)) if group.len() > 1 => {
            for job in group.drain(..) {
                write_group(connection, write, (disk, tasks), &mut vec![job]);
            }
        }
        Err(Failure::Request(error)) => {
            disk.done();
            group.drain(..).for_each(|job| job.refuse(error.clone()));
        }
        // What the disk refuses to one it refuses to all: trying each would make them wait for it one after the other.
        Err(Failure::Disk(error)) => {
            disk.failed(&error.to_string());
            group.drain(..).for_each(|job| job.refuse(error.clone()));
        }
    }
}

enum Failure {
    /// One of the requests cannot be done: nothing was written.
    Request(StoreError),
    /// The database cannot be written: the error says what may have happened.
    Disk(StoreError),
}

/// What is thought of the jobs of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Company {
    /// All are good: that costs nothing, and one that fails fails all.
    Trusted,
    /// Some are bad: each has a savepoint, and one that fails is undone alone.
    Suspected,
}

/// Runs and commits the jobs. Returns what each failed of, and was undone for.
fn write_together(
    connection: &rusqlite::Connection,
    write: &mut Write<'_>,
    group: &mut [Box<dyn WriteJob>],
    company: Company,
    tasks: &Tasks,
) -> Result<Vec<Option<StoreError>>, Failure> {
    let begun = write.begin.execute([]).map_err(Fault::from);
    let begun = begun.and_then(|_| write.begun());
    // What no transaction can do without is damaged, whoever asks.
    let is_beyond_use = begun.as_ref().is_err_and(Fault::is_damage);
    let done = begun.and_then(|()| match company {
        Company::Trusted => group.iter_mut().try_for_each(|job| run(write, job, tasks)).map(|()| Vec::new()),
        Company::Suspected => group.iter_mut().map(|job| run_apart(connection, write, job, tasks)).collect(),
    });
    let failure = match done {
        Ok(failed) => match write.commit.execute([]) {
            Ok(_) => {
                write.committed();
                return Ok(failed);
            }
            Err(error) => Failure::Disk(Fault::from(error).at_commit()),
        },
        Err(fault) if is_beyond_use || fault.is_of_the_disk() => Failure::Disk(fault.before_commit()),
        Err(fault) => {
            if group.len() == 1 {
                tell_of_damage(&fault);
            }
            Failure::Request(fault.before_commit())
        }
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

/// Runs a job. One that panics has failed, and would again.
fn run(write: &mut Write<'_>, job: &mut Box<dyn WriteJob>, tasks: &Tasks) -> Result<(), Fault> {
    let panicked = |panicked: Panicked| Err(StoreError::Invalid(panicked.to_string()).into());
    catch(tasks, WRITE, || job.run(write)).unwrap_or_else(panicked)
}

/// A request that is refused for a damaged page is told to the operator as well: the disk as a whole is well.
fn tell_of_damage(fault: &Fault) {
    if fault.is_damage() {
        tracing::error!(%fault, "SQLite: a page is damaged, and what needs it is refused; put a copy of the database back");
    }
}

/// Runs one job behind a savepoint. Returns what it failed of; what it had written is undone. Errors: the transaction as a whole
/// cannot go on.
fn run_apart(
    connection: &rusqlite::Connection,
    write: &mut Write<'_>,
    job: &mut Box<dyn WriteJob>,
    tasks: &Tasks,
) -> Result<Option<StoreError>, Fault> {
    write.savepoint.execute([])?;
    let added = write.added();
    let fault = match run(write, job, tasks) {
        Ok(()) => {
            write.release.execute([])?;
            return Ok(None);
        }
        Err(fault) => fault,
    };
    if connection.is_autocommit() || fault.is_of_the_disk() {
        return Err(fault);
    }
    write.rollback_to.execute([])?;
    write.release.execute([])?;
    write.rolled_back_to(added);
    tell_of_damage(&fault);
    Ok(Some(fault.before_commit()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use rusqlite::StatementStatus;
    use souk_chat::log::{Body, Counts, Entry, EntryKey, Head, NewEntry, Seq};
    use souk_chat::ports::store::Appended;
    use souk_chat::{NewOrder, OrderId, Timestamp, UserId};

    use super::*;
    use crate::sqlite::append::load_recent;
    use crate::sqlite::epochs;

    type Answers = mpsc::Sender<(usize, Result<Appended, StoreError>)>;

    /// Appends an entry of this key to an order, and then fails if it is told to.
    struct Append {
        number: usize,
        order: OrderId,
        key: &'static str,
        fails: Option<fn() -> Fault>,
        answers: Answers,
        done: Option<Appended>,
    }

    impl WriteJob for Append {
        fn run(&mut self, write: &mut Write<'_>) -> Result<(), Fault> {
            let key = EntryKey { owner: None, id: self.key.into() };
            let entry = Entry { seq: Seq(1), key, at: Timestamp(1), counts: Counts::default(), body: Body::Empty };
            let new = NewEntry { entry, fingerprint: None, owed: Vec::new() };
            self.done = Some(write.append(&self.order, &Head::default(), &[new])?);
            self.fails.map_or(Ok(()), |fault| Err(fault()))
        }

        fn answer(self: Box<Self>) {
            self.answers.send((self.number, Ok(self.done.unwrap()))).unwrap();
        }

        fn refuse(self: Box<Self>, error: StoreError) {
            self.answers.send((self.number, Err(error))).unwrap();
        }
    }

    #[test]
    fn one_bad_request_costs_the_others_no_commit_of_their_own() {
        others_are_committed_together(|| StoreError::Invalid("told to".into()).into());
    }

    #[test]
    fn a_damaged_page_is_the_business_of_those_who_need_it() {
        others_are_committed_together(|| {
            let damaged = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            Fault::Sqlite(rusqlite::Error::SqliteFailure(damaged, None))
        });
    }

    fn others_are_committed_together(fault: fn() -> Fault) {
        let folder = tempfile::tempdir().unwrap();
        let file = File::lock(&folder.path().join("souk.db")).unwrap();
        let connection = file.writer().unwrap();
        epochs::begin(&connection).unwrap();
        let recent = Arc::new(RwLock::new(load_recent(&connection, 1_000).unwrap()));
        let mut write = Write::prepare(&connection, recent.clone()).unwrap();
        let orders: Vec<OrderId> = (0..50).map(|n| OrderId::new(&format!("o-{n}")).unwrap()).collect();
        write.begin.execute([]).unwrap();
        for id in &orders {
            let (client, contractor) = (UserId::new("ann").unwrap(), UserId::new("bob").unwrap());
            let order = NewOrder { id: id.clone(), client, contractor, title: None, status: None };
            write.put_order(&order, Timestamp(0)).unwrap();
        }
        write.commit.execute([]).unwrap();
        write.committed();
        let (disk, tasks) = (Disk::new(Duration::from_secs(1)), Tasks::default());
        let commits = |write: &Write<'_>| write.commit.get_status(StatementStatus::Run);
        let before = commits(&write);
        let (answers, heard) = mpsc::channel();
        let bad = |number: usize| number % 7 == 3;
        let job = |number: usize, order: &OrderId, key, fails| -> Box<dyn WriteJob> {
            Box::new(Append { number, order: order.clone(), key, fails, answers: answers.clone(), done: None })
        };
        let mut group: Vec<Box<dyn WriteJob>> = orders
            .iter()
            .enumerate()
            .map(|(number, order)| job(number, order, "k", bad(number).then_some(fault)))
            .collect();
        write_group(&connection, &mut write, (&disk, &tasks), &mut group);
        let mut outcomes: Vec<_> = heard.try_iter().collect();
        outcomes.sort_by_key(|(number, _)| *number);
        assert_eq!(outcomes.len(), orders.len());
        for (number, outcome) in outcomes {
            assert_eq!(outcome.is_err(), bad(number), "{number}: {outcome:?}");
        }
        assert_eq!(commits(&write) - before, 1, "they share one commit");
        assert_eq!((disk.failures(), disk.trouble()), (0, None), "the disk is well");
        // Nothing of what failed is there, on disk or in memory: the same key goes in.
        let mut again: Vec<Box<dyn WriteJob>> =
            orders.iter().enumerate().map(|(number, order)| job(number, order, "k", None)).collect();
        write_group(&connection, &mut write, (&disk, &tasks), &mut again);
        for (number, outcome) in heard.try_iter() {
            let applied = matches!(outcome, Ok(Appended::Applied(head)) if head.seq == Seq(1));
            assert_eq!(applied, bad(number), "{number}: {outcome:?}");
        }
        let rows: u32 = connection.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).unwrap();
        assert_eq!((rows as usize, recent.read().rollbacks() > 0), (orders.len(), true));
    }
}
