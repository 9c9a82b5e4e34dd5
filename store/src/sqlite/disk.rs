//! How the disk takes the writes: what the writing thread notes, and what others see of it while that thread is stuck.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use souk_chat::ports::StoreError;

/// Nothing is being written.
const IDLE: u64 = 0;

/// What is known of the disk.
pub(crate) struct Disk {
    /// How long a caller waits for its write, or its read. What a disk that hangs holds back is refused then, and so are new
    /// writes until the one that hangs is done.
    pub(crate) patience: Duration,
    epoch: Instant,
    /// When the write that is being made began, in milliseconds since `epoch` and one more; [`IDLE`].
    began: AtomicU64,
    failures: AtomicU64,
    /// Why a write failed, until the disk was tried and took one.
    trouble: Mutex<Option<Arc<str>>>,
}

impl Disk {
    /// Nothing is wrong so far.
    pub(crate) fn new(patience: Duration) -> Self {
        let (began, failures) = (AtomicU64::new(IDLE), AtomicU64::new(0));
        Self { patience, epoch: Instant::now(), began, failures, trouble: Mutex::new(None) }
    }

    /// A write begins.
    pub(crate) fn begin(&self) {
        self.began.store(self.now() + 1, Ordering::Relaxed);
    }

    /// It is over, and the disk took it, or was not asked.
    pub(crate) fn done(&self) {
        self.began.store(IDLE, Ordering::Relaxed);
    }

    /// It is over, and the disk did not take it.
    pub(crate) fn failed(&self, why: &str) {
        self.began.store(IDLE, Ordering::Relaxed);
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.trouble.lock().replace(why.into());
    }

    /// The disk was tried, with as much as it may be given at once, and took it. That some write succeeds says less: on a full disk
    /// there is often room for a small one.
    pub(crate) fn is_well(&self) {
        self.trouble.lock().take();
    }

    /// How long the write that is being made has taken so far; nothing, if none is.
    pub(crate) fn running(&self) -> Duration {
        match self.began.load(Ordering::Relaxed) {
            IDLE => Duration::ZERO,
            began => Duration::from_millis((self.now() + 1).saturating_sub(began)),
        }
    }

    /// How many writes the disk did not take.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Why a write failed, until the disk was tried and took one.
    pub(crate) fn trouble(&self) -> Option<Arc<str>> {
        self.trouble.lock().clone()
    }

    /// Errors: [`StoreError::Unavailable`] while a write hangs: what came now would only wait behind it.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let running = self.running();
        if running <= self.patience {
            return Ok(());
        }
        Err(StoreError::Unavailable(format!("the disk hangs: a write has been running for {} s", running.as_secs())))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// Whether a write that waits is still wanted: the writing thread takes it, or its caller withdraws it, never both.
#[derive(Default)]
pub(crate) struct Fate(AtomicU8);

impl Fate {
    const TAKEN: u8 = 1;
    const WITHDRAWN: u8 = 2;

    /// The thread begins with it, or again. False: it was withdrawn.
    pub(crate) fn take(&self) -> bool {
        self.settle(Self::TAKEN)
    }

    /// The caller gives up. False: it is too late, the write may be made.
    pub(crate) fn withdraw(&self) -> bool {
        self.settle(Self::WITHDRAWN)
    }

    fn settle(&self, as_what: u8) -> bool {
        let settled = self.0.compare_exchange(0, as_what, Ordering::AcqRel, Ordering::Acquire);
        settled.is_ok() || settled == Err(as_what)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::Sqlite;
    use super::super::write::Write;
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn a_write_is_taken_or_withdrawn_once_and_for_all() {
        let fate = Fate::default();
        assert!(fate.take() && fate.take() && !fate.withdraw(), "taken, also for a second try");
        let fate = Fate::default();
        assert!(fate.withdraw() && !fate.take());
    }

    #[test]
    fn the_disk_is_well_again_when_it_was_tried() {
        let disk = Disk::new(Duration::from_secs(1));
        assert_eq!((disk.running(), disk.failures(), disk.trouble()), (Duration::ZERO, 0, None));
        disk.begin();
        std::thread::sleep(Duration::from_millis(3));
        assert!(disk.running() >= Duration::from_millis(2));
        disk.failed("full");
        assert_eq!((disk.running(), disk.failures(), disk.trouble().as_deref()), (Duration::ZERO, 1, Some("full")));
        disk.begin();
        disk.done();
        assert_eq!(disk.trouble().as_deref(), Some("full"), "a small write says nothing");
        disk.is_well();
        assert_eq!((disk.running(), disk.failures(), disk.trouble()), (Duration::ZERO, 1, None));
    }

    #[tokio::test]
    async fn a_write_that_hangs_is_bounded_and_so_are_those_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let patience = Duration::from_millis(200);
        let settings = Settings { request_timeout: patience, ..Settings::default() };
        let store = Sqlite::open(&folder.path().join("souk.db"), &settings).unwrap();
        let (queues, ran) = (store.queues.clone(), Arc::new(parking_lot::Mutex::new(Vec::new())));
        let note = |who: &'static str| {
            let ran = ran.clone();
            move |_: &mut Write<'_>| {
                ran.lock().push(who);
                Ok(())
            }
        };
        let ((hangs, begun), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let first = note("first");
        let first = queues.write(move |write| {
            let _ = hangs.send(());
            let _ = released.recv();
            first(write)
        });
        begun.recv().unwrap();
        let behind = queues.write(note("behind"));
        let (first, behind) = futures_util::join!(first, behind);
        assert!(matches!(first, Err(StoreError::Unknown(_))), "it was begun: {first:?}");
        assert!(matches!(behind, Err(StoreError::Unavailable(_))), "it will not be made: {behind:?}");
        // The write began a moment after it was asked for. When it has run for longer than that, nobody waits any more.
        while store.disk().running() <= patience {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let refused = queues.write(note("late")).await;
        assert!(matches!(&refused, Err(StoreError::Unavailable(why)) if why.contains("hangs")), "{refused:?}");
        assert!(store.disk().running() > patience && store.writes_waiting() == 1);
        release.send(()).unwrap();
        while let Err(error) = queues.write(note("after")).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
            tokio::task::yield_now().await;
        }
        assert_eq!(*ran.lock(), ["first", "after"], "what was refused was not made, what was unknown was");
        assert_eq!((store.disk().running(), store.disk().failures()), (Duration::ZERO, 0));
    }

    #[tokio::test]
    async fn a_read_that_hangs_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { request_timeout: Duration::from_millis(200), readers: 1, ..Settings::default() };
        let store = Sqlite::open(&folder.path().join("souk.db"), &settings).unwrap();
        let (release, released) = mpsc::channel::<()>();
        let hangs = store.queues.read(move |_| {
            let _ = released.recv();
            Ok(())
        });
        let behind = store.queues.read(|_| Ok(()));
        let (hangs, behind) = futures_util::join!(hangs, behind);
        for answer in [hangs, behind] {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        release.send(()).unwrap();
        while store.queues.read(|_| Ok(())).await.is_err() {}
    }
}
