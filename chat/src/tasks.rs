//! Tasks that panic: told of, counted, begun again.
//!
//! A panic ends the task in which it happens, and nothing else. Whoever waits for that task, or relies on what it does again and
//! again, would wait for ever and hear nothing. So work that others rely on runs inside one of two functions:
//!
//! * [`guarded`], for work with an end: who started it learns of the panic, gives back what the work held and answers who waits.
//! * [`supervised`], for work that goes on: it is begun again, from its state that outlived it.
//!
//! [`catch`] is for threads. All tell [`Tasks`], which counts by task and knows when one of them cannot go on: then the program should leave, and say so.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{Either, FutureExt, select};
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

/// The wait before a task is begun again after its first panic; it doubles with each more up to [`PAUSE_MAX`].
pub const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest such wait: what a task does for others is missed no longer than that.
pub const PAUSE_MAX: Duration = Duration::from_secs(1);
/// A task that ran so long was well: its earlier panics are over.
pub const WELL_AFTER: Duration = Duration::from_secs(10);
/// So many panics in a row, and the task cannot go on.
pub const PANICS_IN_A_ROW: u32 = 10;

/// The work panicked. It was told to [`Tasks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task panicked")]
pub struct Panicked;

/// Is told of a panic: the task's name, and what the panic said.
pub type Tell = fn(&'static str, &str);

#[derive(Default)]
struct State {
    panics: BTreeMap<&'static str, u64>,
    beyond_help: Option<&'static str>,
}

struct Inner {
    tell: Tell,
    #[cfg(feature = "sabotage")]
    is_unguarded: std::sync::atomic::AtomicBool,
    state: Mutex<State>,
    /// The one who waits in [`Tasks::beyond_help`].
    waker: AtomicWaker,
}

/// What became of the tasks of a program. Cheap to clone, all clones are one. The default one counts and tells nobody.
#[derive(Clone)]
pub struct Tasks(Arc<Inner>);

impl Default for Tasks {
    fn default() -> Self {
        Self::new(|_, _| {})
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("panics", &self.0.state.lock().panics).finish_non_exhaustive()
    }
}

impl Tasks {
    /// `tell` is called at each panic, on the thread where it was caught; it must not panic itself.
    pub fn new(tell: Tell) -> Self {
        Self(Arc::new(Inner {
            tell,
            #[cfg(feature = "sabotage")]
            is_unguarded: Default::default(),
            state: Mutex::default(),
            waker: AtomicWaker::new(),
        }))
    }

    /// From now on panics pass every guard. For showing that the guards are needed.
    #[cfg(feature = "sabotage")]
    pub fn take_guards_away(&self) {
        self.0.is_unguarded.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// A task of this name panicked with `payload`.
    fn caught(&self, task: &'static str, payload: Box<dyn Any + Send>) -> Panicked {
        *self.0.state.lock().panics.entry(task).or_default() += 1;
        (self.0.tell)(task, said(&*payload));
        #[cfg(feature = "sabotage")]
        if self.0.is_unguarded.load(std::sync::atomic::Ordering::Relaxed) {
            std::panic::resume_unwind(payload);
        }
        Panicked
    }

    /// A task of this name cannot go on, and the program not without it.
    pub fn give_up(&self, task: &'static str) {
        self.0.state.lock().beyond_help.get_or_insert(task);
        self.0.waker.wake();
    }

    /// Waits until some task cannot go on, and says which. For one waiter at a time. Cancel-safe.
    pub async fn beyond_help(&self) -> &'static str {
        poll_fn(|context| {
            self.0.waker.register(context.waker());
            self.0.state.lock().beyond_help.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// How many panics there were, by the task's name.
    pub fn panics(&self) -> Vec<(&'static str, u64)> {
        self.0.state.lock().panics.iter().map(|(task, count)| (*task, *count)).collect()
    }
}

/// What a panic said, if it said it in words.
fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

/// Runs work that ends. A panic of it ends here. Cancel-safe if the work is.
pub fn guarded<T, Work: Future<Output = T>>(
    tasks: &Tasks,
    task: &'static str,
    work: Work,
) -> impl Future<Output = Result<T, Panicked>> + use<T, Work> {
    let tasks = tasks.clone();
    // No `async fn`: that would hold the work twice.
    AssertUnwindSafe(work).catch_unwind().map(move |outcome| outcome.map_err(|payload| tasks.caught(task, payload)))
}

/// The same as [`guarded`] for work that blocks: a thread lives on after a panic of what it does.
pub fn catch<T>(tasks: &Tasks, task: &'static str, work: impl FnOnce() -> T) -> Result<T, Panicked> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| tasks.caught(task, payload))
}

/// Runs what `start` makes until it ends by itself. After a panic it is made and run again, a moment later. After
/// [`PANICS_IN_A_ROW`] it is given up. May be dropped at any time.
///
/// What the work keeps between its runs lives outside it; what it held when it panicked must be given back when it is dropped, or
/// at the start of the next run.
pub async fn supervised<Work, Wait>(
    tasks: &Tasks,
    task: &'static str,
    sleep: impl Fn(Duration) -> Wait,
    mut start: impl FnMut() -> Work,
) where
    Work: Future<Output = ()>,
    Wait: Future<Output = ()>,
{
    let in_a_row = AtomicU32::new(0);
    loop {
        // Everything that is not this loop is inside the guard: making the work, and waiting, may panic as well.
        let run = async {
            let panics = in_a_row.load(Ordering::Relaxed);
            if panics > 0 {
                sleep(PAUSE_MIN.saturating_mul(1 << (panics - 1).min(10)).min(PAUSE_MAX)).await;
            }
            if let Either::Right(((), work)) = select(pin!(start()), pin!(sleep(WELL_AFTER))).await {
                in_a_row.store(0, Ordering::Relaxed);
                work.await;
            }
        };
        if guarded(tasks, task, run).await.is_ok() {
            return;
        }
        if in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= PANICS_IN_A_ROW {
            return tasks.give_up(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{pending, ready};

    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> Option<T> {
        future.now_or_never()
    }

    #[test]
    fn a_panic_is_an_error_to_who_started_the_work_and_is_counted_by_name() {
        let tasks = Tasks::default();
        let died = async { panic!("as it happens") };
        assert_eq!(run(guarded(&tasks, "one", died)), Some(Err::<(), _>(Panicked)));
        assert_eq!(run(guarded(&tasks, "other", ready(7))), Some(Ok(7)));
        assert_eq!(tasks.panics(), [("one", 1)]);
        assert_eq!(run(tasks.beyond_help()), None);
    }

    #[test]
    fn what_the_panic_said_is_told() {
        static TOLD: Mutex<Vec<(&str, String)>> = Mutex::new(Vec::new());
        let tasks = Tasks::new(|task, why| TOLD.lock().push((task, why.to_owned())));
        let number = 7;
        let _ = run(guarded(&tasks, "a", async { panic!("plain") }));
        let _ = run(guarded(&tasks, "b", async { panic!("with a {number}") }));
        let _ = run(guarded(&tasks, "c", async { std::panic::panic_any(number) }));
        let told = TOLD.lock().clone();
        assert_eq!(told, [("a", "plain".to_owned()), ("b", "with a 7".into()), ("c", "no words".into())]);
    }

    #[test]
    fn work_that_panics_is_begun_again_after_ever_longer_waits_until_it_ends() {
        let (tasks, runs, waits) = (Tasks::default(), AtomicU32::new(0), Mutex::new(Vec::new()));
        let sleep = |wait| {
            waits.lock().push(wait);
            // A run's own clock stands still; a pause is over at once.
            async move {
                if wait == WELL_AFTER {
                    pending().await
                }
            }
        };
        let work = || async { assert!(runs.fetch_add(1, Ordering::Relaxed) == 8, "not yet") };
        assert_eq!(run(supervised(&tasks, "loop", sleep, work)), Some(()));
        assert_eq!((runs.load(Ordering::Relaxed), tasks.panics()), (9, vec![("loop", 8)]));
        let pauses: Vec<u128> =
            waits.lock().iter().filter(|wait| **wait != WELL_AFTER).map(Duration::as_millis).collect();
        assert_eq!(pauses, [20, 40, 80, 160, 320, 640, 1_000, 1_000]);
    }

    #[test]
    fn work_that_always_panics_is_given_up_and_work_that_was_well_in_between_is_not() {
        let tasks = Tasks::default();
        let at_once = |wait| async move {
            if wait == WELL_AFTER {
                pending().await
            }
        };
        run(supervised(&tasks, "ill", at_once, || async { panic!("again") })).unwrap();
        assert_eq!(run(tasks.beyond_help()), Some("ill"));
        assert_eq!(tasks.panics(), [("ill", u64::from(PANICS_IN_A_ROW))]);

        let (tasks, left) = (Tasks::default(), AtomicU32::new(3 * PANICS_IN_A_ROW));
        let work = || {
            let (mut polled, is_last) = (false, left.fetch_sub(1, Ordering::Relaxed) == 1);
            poll_fn(move |_| {
                // The second look is after its clock has run out.
                if !std::mem::replace(&mut polled, true) {
                    return Poll::Pending;
                }
                assert!(is_last, "now");
                Poll::Ready(())
            })
        };
        run(supervised(&tasks, "well for a while", |_| ready(()), work)).unwrap();
        assert_eq!(run(tasks.beyond_help()), None);
        assert_eq!(tasks.panics(), [("well for a while", u64::from(3 * PANICS_IN_A_ROW) - 1)]);
    }

    #[test]
    fn a_start_or_a_wait_that_panics_does_not_end_the_supervision() {
        let (tasks, starts, pauses) = (Tasks::default(), AtomicU32::new(0), AtomicU32::new(0));
        let start = || {
            assert!(starts.fetch_add(1, Ordering::Relaxed) == 3, "no work yet");
            ready(())
        };
        let sleep = |wait| {
            let pauses = &pauses;
            async move {
                if wait == WELL_AFTER {
                    return pending().await;
                }
                assert!(pauses.fetch_add(1, Ordering::Relaxed) > 0, "no clock yet");
            }
        };
        assert_eq!(run(supervised(&tasks, "start", sleep, start)), Some(()));
        assert_eq!(tasks.panics(), [("start", 4)]);
    }
}
