//! Turns of a node, given to those who wait, one source after another.
//!
//! Who comes while the bucket is not empty and nobody waits has a turn at once. All others stand in a line of their source, and
//! turns go round the lines: a source that sends thousands waits for itself, and whoever else comes is next after one turn of each
//! busy source. A waiter who leaves costs no turn.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::{Tasks, supervised};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::BACKLOG;
use super::source::{Bucket, Source};

/// The name of the task that gives turns.
const TURNS: &str = "turns";

/// Gives turns at a rate.
#[derive(Debug)]
pub(super) struct Turns {
    each: Duration,
    /// Most who wait: as many as have a turn within [`BACKLOG`].
    waiting_max: usize,
    lines: Mutex<Lines>,
    tasks: Tasks,
}

/// Too many wait, or the turn did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoTurn;

#[derive(Debug)]
struct Lines {
    bucket: Bucket,
    /// Those who wait, by source. A line that everybody left is there until its turn.
    lines: HashMap<Source, Line>,
    /// Every source in `lines` once, the next first.
    round: VecDeque<Source>,
    /// How many stand in all lines, with those who left and still stand there.
    waiting: usize,
    /// A task gives turns.
    served: bool,
}

#[derive(Debug, Default)]
struct Line {
    waiters: VecDeque<oneshot::Sender<()>>,
    /// How many of them left.
    left: usize,
}

/// A place in a line, left when dropped. A turn that was given and not taken goes back.
struct Waiter<'a> {
    turns: &'a Turns,
    source: Source,
    turn: oneshot::Receiver<()>,
    taken: bool,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        self.turn.close();
        let mut lines = self.turns.lines.lock();
        match self.turn.try_recv() {
            Ok(()) => lines.bucket.give_back(self.turns.each),
            Err(_) => lines.leave(self.source),
        }
    }
}

impl Turns {
    /// So many a second; `None` for 0: no limit. `tasks`: are told if giving them panics.
    pub(super) fn new(per_second: u32, tasks: Tasks) -> Option<Arc<Self>> {
        let each = Duration::from_secs(1).checked_div(per_second)?;
        let waiting_max = usize::try_from(u64::from(per_second) * BACKLOG.as_secs()).unwrap_or(usize::MAX);
        let lines = Lines {
            bucket: Bucket::full(Instant::now()),
            lines: HashMap::new(),
            round: VecDeque::new(),
            waiting: 0,
            served: false,
        };
        Some(Arc::new(Self { each, waiting_max, lines: Mutex::new(lines), tasks }))
    }

    /// Waits for a turn, at most until `deadline`; whether it had to wait. Dropping the future leaves the line.
    pub(super) async fn turn(self: &Arc<Self>, source: Source, deadline: Instant) -> Result<bool, NoTurn> {
        let Some(turn) = self.stand_in_line(source, Instant::now())? else { return Ok(false) };
        let mut waiter = Waiter { turns: self, source, turn, taken: false };
        match tokio::time::timeout_at(deadline, &mut waiter.turn).await {
            Ok(Ok(())) => {
                waiter.taken = true;
                Ok(true)
            }
            Ok(Err(_)) | Err(_) => Err(NoTurn),
        }
    }

    /// `None`: a turn was there and was taken.
    fn stand_in_line(self: &Arc<Self>, source: Source, now: Instant) -> Result<Option<oneshot::Receiver<()>>, NoTurn> {
        let mut lines = self.lines.lock();
        if lines.waiting == 0 && lines.bucket.wait(now).is_zero() {
            lines.bucket.take(now, self.each);
            return Ok(None);
        }
        let line = lines.lines.get(&source).map_or(0, |line| line.waiters.len());
        // A line may be as long as there is room left for others: one source gets half of all, and however many there are with
        // long lines, there is room for a new one. Lines that everybody left take room until their turn.
        if line >= self.waiting_max.saturating_sub(lines.waiting.max(lines.round.len())) {
            return Err(NoTurn);
        }
        let (waiter, turn) = oneshot::channel();
        if !lines.lines.contains_key(&source) {
            lines.round.push_back(source);
        }
        lines.lines.entry(source).or_default().waiters.push_back(waiter);
        lines.waiting += 1;
        if !std::mem::replace(&mut lines.served, true) {
            let this = Arc::clone(self);
            tokio::spawn(async move {
                supervised(&this.tasks, TURNS, tokio::time::sleep, || Arc::clone(&this).serve()).await;
            });
        }
        Ok(Some(turn))
    }

    /// Gives turns until nobody waits.
    async fn serve(self: Arc<Self>) {
        self.lines.lock().set_right();
        loop {
            let Some(pause) = self.lines.lock().serve(Instant::now(), self.each) else { return };
            tokio::time::sleep(pause).await;
        }
    }
}

impl Lines {
    /// Puts in order what a panic in the middle of a turn left behind. Where there was none, hardly anybody stands here yet.
    fn set_right(&mut self) {
        for line in self.lines.values_mut() {
            line.left = line.waiters.iter().filter(|waiter| waiter.is_closed()).count();
        }
        self.waiting = self.lines.values().map(|line| line.waiters.len()).sum();
        let known: HashSet<Source> = self.round.iter().copied().collect();
        self.round.extend(self.lines.keys().filter(|source| !known.contains(source)));
    }

    /// Gives the turns that are there. How long until the next; `None`: nobody waits any more.
    fn serve(&mut self, now: Instant, each: Duration) -> Option<Duration> {
        loop {
            let pause = self.bucket.wait(now);
            if self.waiting > 0 && !pause.is_zero() {
                return Some(pause);
            }
            if !self.next() {
                self.served = false;
                return None;
            }
            self.bucket.take(now, each);
        }
    }

    /// Gives one turn, to the first who is still there in the line whose turn it is. `false`: nobody is.
    fn next(&mut self) -> bool {
        while let Some(source) = self.round.pop_front() {
            let Some(line) = self.lines.get_mut(&source) else { continue };
            let before = line.waiters.len();
            let given = std::iter::from_fn(|| line.waiters.pop_front()).any(|waiter| waiter.send(()).is_ok());
            let gone = before - line.waiters.len();
            line.left = line.left.saturating_sub(gone - usize::from(given));
            self.waiting -= gone;
            if line.waiters.is_empty() {
                self.lines.remove(&source);
            } else {
                self.round.push_back(source);
            }
            if given {
                return true;
            }
        }
        false
    }

    /// Somebody left. They are taken out once half of their line is gone, so that each costs little.
    fn leave(&mut self, source: Source) {
        let Some(line) = self.lines.get_mut(&source) else { return };
        line.left += 1;
        let before = line.waiters.len();
        if 2 * line.left >= before {
            line.waiters.retain(|waiter| !waiter.is_closed());
            line.left = 0;
            self.waiting -= before - line.waiters.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::task::{Context, Wake, Waker};

    use super::*;

    fn source(number: u8) -> Source {
        IpAddr::from([192, 0, 2, number]).into()
    }

    /// So many of one source start to wait; each says how long it took, and whether it got a turn.
    fn wait(turns: &Arc<Turns>, source: Source, count: usize) -> Vec<tokio::task::JoinHandle<(Duration, bool)>> {
        let began = Instant::now();
        let one = |_| {
            let turns = Arc::clone(turns);
            tokio::spawn(async move {
                let turn = turns.turn(source, began + BACKLOG).await;
                (began.elapsed(), turn.is_ok())
            })
        };
        (0..count).map(one).collect()
    }

    async fn all(waiters: Vec<tokio::task::JoinHandle<(Duration, bool)>>) -> Vec<(Duration, bool)> {
        let mut done = Vec::new();
        for waiter in waiters {
            done.push(waiter.await.unwrap());
        }
        done
    }

    /// Lets all that can go on do so; no time passes.
    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    fn waiting(turns: &Turns) -> usize {
        turns.lines.lock().waiting
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_then_turns_come_at_the_rate() {
        let turns = Turns::new(10, Tasks::default()).unwrap();
        let done = all(wait(&turns, source(1), 31)).await;
        assert!(done.iter().all(|(_, given)| *given));
        assert_eq!(done.iter().filter(|(took, _)| took.is_zero()).count(), 11, "a second's worth, and the one of now");
        let last = done.iter().map(|(took, _)| *took).max().unwrap();
        assert!((Duration::from_millis(1_990)..Duration::from_millis(2_100)).contains(&last), "{last:?}");
        assert!(!turns.lines.lock().served && waiting(&turns) == 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_from_elsewhere_does_not_wait_behind_a_flood() {
        let turns = Turns::new(10, Tasks::default()).unwrap();
        let flood = wait(&turns, source(1), 60);
        settle().await;
        assert_eq!(waiting(&turns), 49);
        let honest = all([2, 3, 4].into_iter().flat_map(|number| wait(&turns, source(number), 1)).collect()).await;
        for (took, given) in honest {
            assert!(given && took <= Duration::from_millis(500), "{took:?}");
        }
        let flood = all(flood).await;
        assert!(flood.iter().all(|(_, given)| *given), "and the flood goes on at the rate");
    }

    #[tokio::test(start_paused = true)]
    async fn no_source_fills_the_room_of_all() {
        let turns = Turns::new(10, Tasks::default()).unwrap();
        let mut refused = Vec::new();
        for number in 1..=5 {
            refused.extend(wait(&turns, source(number), 500));
            settle().await;
        }
        assert!(waiting(&turns) < 100, "{}", waiting(&turns));
        let lines: Vec<usize> = turns.lines.lock().lines.values().map(|line| line.waiters.len()).collect();
        assert!(lines.iter().all(|line| (1..=50).contains(line)) && lines.len() == 5, "{lines:?}");
        let honest = all(wait(&turns, source(99), 1)).await;
        assert!(honest[0].1 && honest[0].0 < Duration::from_secs(1), "{honest:?}");
        for (took, given) in all(refused).await {
            assert!(took <= BACKLOG + Duration::from_millis(10), "nobody waits longer, {given}: {took:?}");
        }
    }

    /// Panics when it is woken.
    struct Trap;

    impl Wake for Trap {
        fn wake(self: Arc<Self>) {
            panic!("as it happens");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_has_a_turn_though_giving_one_panicked() {
        let tasks = Tasks::default();
        let turns = Turns::new(10, tasks.clone()).unwrap();
        all(wait(&turns, source(1), 11)).await;
        let trap = Waker::from(Arc::new(Trap));
        let mut first = Box::pin(turns.turn(source(1), Instant::now() + BACKLOG));
        assert!(first.as_mut().poll(&mut Context::from_waker(&trap)).is_pending());
        let mut behind = wait(&turns, source(1), 2);
        behind.extend(wait(&turns, source(2), 2));
        assert!(all(behind).await.iter().all(|(_, given)| *given), "nobody else comes, and they wait no longer for it");
        assert_eq!(tasks.panics(), [(TURNS, 1)]);
        drop(first);
        assert!(!turns.lines.lock().served && waiting(&turns) == 0, "and all is as it was");
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_costs_no_turn() {
        let turns = Turns::new(10, Tasks::default()).unwrap();
        all(wait(&turns, source(1), 11)).await;
        let left = wait(&turns, source(1), 40);
        settle().await;
        let stays = wait(&turns, source(1), 1);
        settle().await;
        assert_eq!(waiting(&turns), 41);
        left.iter().for_each(tokio::task::JoinHandle::abort);
        settle().await;
        assert!(waiting(&turns) <= 2, "they make room: {}", waiting(&turns));
        let took = all(stays).await[0].0;
        assert!(took <= Duration::from_millis(200), "{took:?}");
        assert_eq!(waiting(&turns), 0);
        assert!(Turns::new(0, Tasks::default()).is_none());
    }
}
