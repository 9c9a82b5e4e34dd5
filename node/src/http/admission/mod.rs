//! Who may come in, and when (docs/design.md, "Admission and drain").
//!
//! A handshake that could be one waits for its turn twice: for its source, which has a rate of its own, and for the node, which gives
//! turns to one source after another. Over these rates handshakes are delayed, since stock Socket.IO clients do not look at announced
//! waits; what would wait longer than [`BACKLOG`] is refused with 503 and a random `Retry-After`, which is cheaper than everything
//! after it.

mod source;
mod tally;
mod turns;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::Tasks;
use tokio::time::Instant;

use source::Pacer;
pub(super) use source::Source;
pub use tally::Tally;
use turns::Turns;

/// Longest time that a handshake is held back.
const BACKLOG: Duration = Duration::from_secs(10);
/// The buckets hold the handshakes of so much time: short bursts are not delayed at all.
const BURST: Duration = Duration::from_secs(1);

/// Bounds; 0: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Handshakes a second.
    pub handshakes_per_second: u32,
    /// Handshakes a second from one source.
    pub handshakes_per_second_per_ip: u32,
    /// Open connections.
    pub connections: usize,
    /// Open connections from one source.
    pub connections_per_ip: usize,
}

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The node has all the connections it may have.
    Full,
    /// This source has.
    FullForSource,
    /// Too many handshakes wait.
    Backlog,
    /// Too many of this source do.
    BacklogOfSource,
    /// The node leaves.
    Leaving,
}

impl Refused {
    /// What is to blame: the name of the limit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "connections",
            Self::FullForSource => "connections_per_ip",
            Self::Backlog => "handshakes_per_second",
            Self::BacklogOfSource => "handshakes_per_second_per_ip",
            Self::Leaving => "leaving",
        }
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub struct AdmissionCounters {
    /// Handshakes let in.
    pub admitted: AtomicU64,
    /// Handshakes held back first.
    pub delayed: AtomicU64,
    /// Handshakes that wait for their turn now.
    pub waiting: AtomicUsize,
    /// Clients that left before their turn.
    pub left: AtomicU64,
    /// Refused: the node is full.
    pub full: Tally,
    /// Refused: the source has all it may have.
    pub full_for_source: Tally,
    /// Refused: too many wait.
    pub backlog: Tally,
    /// Refused: too many of the source wait.
    pub backlog_of_source: Tally,
}

/// Lets connections in.
pub struct Admission {
    limits: Limits,
    pacer: Option<Pacer>,
    turns: Option<Arc<Turns>>,
    open: AtomicUsize,
    /// Open connections by source: no more sources than connections.
    sources: Mutex<HashMap<Source, usize>>,
    counters: AdmissionCounters,
}

/// A connection's place; given back when dropped.
pub struct Place {
    admission: Arc<Admission>,
    source: Option<Source>,
}

impl Place {
    /// Counts it for another source; `None`: only for the node. Errors: that source has all it may have, and the place stays what it
    /// was.
    pub fn count_for(&mut self, source: Option<Source>) -> Result<(), Refused> {
        if self.source == source {
            return Ok(());
        }
        source.map_or(Ok(()), |source| self.admission.enter(source))?;
        if let Some(before) = std::mem::replace(&mut self.source, source) {
            self.admission.leave(before);
        }
        Ok(())
    }
}

impl Admission {
    /// Nobody is in yet. `tasks`: are told of panics.
    pub fn new(limits: Limits, tasks: Tasks) -> Self {
        Self {
            limits,
            pacer: Pacer::new(limits.handshakes_per_second_per_ip),
            turns: Turns::new(limits.handshakes_per_second, tasks),
            open: AtomicUsize::new(0),
            sources: Mutex::default(),
            counters: AdmissionCounters::default(),
        }
    }

    /// What was counted.
    pub fn counters(&self) -> &AdmissionCounters {
        &self.counters
    }

    /// Open connections.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// A place for a connection from `source`; `None`: from a proxy, which brings many people.
    pub fn place(self: &Arc<Self>, source: Option<Source>) -> Result<Place, Refused> {
        let bound = self.limits.connections;
        if self.open.fetch_add(1, Ordering::Relaxed) >= bound && bound > 0 {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(self.refused(Refused::Full, source));
        }
        let mut place = Place { admission: Arc::clone(self), source: None };
        place.count_for(source)?;
        Ok(place)
    }

    fn enter(&self, source: Source) -> Result<(), Refused> {
        let bound = self.limits.connections_per_ip;
        let mut sources = self.sources.lock();
        let count = sources.entry(source).or_default();
        if *count >= bound && bound > 0 {
            drop(sources);
            return Err(self.refused(Refused::FullForSource, Some(source)));
        }
        *count += 1;
        Ok(())
    }

    fn leave(&self, source: Source) {
        let mut sources = self.sources.lock();
        if let Some(count) = sources.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&source);
            }
        }
    }

    /// Waits until a handshake from `source` may go on, at most `BACKLOG`. Dropping the future gives the turn back.
    pub async fn turn(&self, source: Source) -> Result<(), Refused> {
        let mut waiting = Waiting::new(&self.counters);
        let now = Instant::now();
        let mut delayed = false;
        let mut token = None;
        if let Some(pacer) = &self.pacer {
            let Some((taken, wait)) = pacer.take(source, now) else {
                waiting.over = true;
                return Err(self.refused(Refused::BacklogOfSource, Some(source)));
            };
            token = Some(taken);
            if !wait.is_zero() {
                delayed = true;
                tokio::time::sleep(wait).await;
            }
        }
        if let Some(turns) = &self.turns {
            match turns.turn(source, now + BACKLOG).await {
                Ok(waited) => delayed |= waited,
                Err(turns::NoTurn) => {
                    waiting.over = true;
                    return Err(self.refused(Refused::Backlog, Some(source)));
                }
            }
        }
        waiting.over = true;
        token.into_iter().for_each(source::Token::used);
        self.counters.admitted.fetch_add(1, Ordering::Relaxed);
        self.counters.delayed.fetch_add(delayed.into(), Ordering::Relaxed);
        Ok(())
    }

    /// Counts a refusal, and logs it now and then.
    fn refused(&self, refused: Refused, source: Option<Source>) -> Refused {
        let tally = match refused {
            Refused::Full => &self.counters.full,
            Refused::FullForSource => &self.counters.full_for_source,
            Refused::Backlog => &self.counters.backlog,
            Refused::BacklogOfSource => &self.counters.backlog_of_source,
            Refused::Leaving => return refused,
        };
        if let Some(times) = tally.count() {
            let source = source.map(tracing::field::display);
            tracing::warn!(limit = refused.as_str(), source, times, "clients are refused: a limit is reached");
        }
        refused
    }
}

/// Counts who waits, and who leaves before the wait is over.
struct Waiting<'a> {
    counters: &'a AdmissionCounters,
    over: bool,
}

impl<'a> Waiting<'a> {
    fn new(counters: &'a AdmissionCounters) -> Self {
        counters.waiting.fetch_add(1, Ordering::Relaxed);
        Self { counters, over: false }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
        if !self.over {
            self.counters.left.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(source) = self.source {
            self.admission.leave(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn source(number: u8) -> Source {
        IpAddr::from([127, 0, 0, number]).into()
    }

    #[test]
    fn places_are_given_back() {
        let limits = Limits { connections: 3, connections_per_ip: 2, ..Limits::default() };
        let admission = Arc::new(Admission::new(limits, Tasks::default()));
        let first = admission.place(Some(source(1))).expect("a place");
        let _second = admission.place(Some(source(1))).expect("a place");
        assert_eq!(admission.place(Some(source(1))).err(), Some(Refused::FullForSource));
        assert!(admission.place(None).is_ok(), "a proxy is no source");
        let _third = admission.place(Some(source(2))).expect("a place");
        assert_eq!(admission.place(Some(source(2))).err(), Some(Refused::Full));
        assert_eq!(admission.place(None).err(), Some(Refused::Full), "a proxy counts as a connection");
        drop(first);
        let mut again = admission.place(Some(source(1))).expect("a place");
        assert_eq!(admission.open(), 3);
        again.count_for(Some(source(2))).expect("that one has room");
        assert_eq!(again.count_for(Some(source(2))), Ok(()), "it is counted once");
        again.count_for(Some(source(1))).expect("it has room again");
        drop(again);
        assert_eq!(admission.open(), 2);
        let counters = admission.counters();
        assert_eq!((counters.full.total(), counters.full_for_source.total()), (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_has_its_own_rate_below_that_of_the_node() {
        let limits = Limits { handshakes_per_second: 100, handshakes_per_second_per_ip: 10, ..Limits::default() };
        let admission = Arc::new(Admission::new(limits, Tasks::default()));
        let began = Instant::now();
        let ask = |number| {
            let admission = Arc::clone(&admission);
            tokio::spawn(async move { (admission.turn(source(number)).await, began.elapsed()) })
        };
        let flood: Vec<_> = (0..200).map(|_| ask(1)).collect();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(2).await.unwrap(), (Ok(()), Duration::ZERO));
        let (mut passed, mut refused) = (0, 0);
        for one in flood {
            match one.await.unwrap() {
                (Ok(()), took) => {
                    assert!(took <= BACKLOG + Duration::from_millis(10), "{took:?}");
                    passed += 1;
                }
                (Err(why), _) => {
                    assert_eq!(why, Refused::BacklogOfSource);
                    refused += 1;
                }
            }
        }
        assert_eq!((passed, refused), (111, 89), "a second's worth, ten seconds' worth, and the one of now");
        assert_eq!(admission.counters().backlog_of_source.total(), 89);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_while_waiting_gives_the_turn_back() {
        for limits in [
            Limits { handshakes_per_second: 10, ..Limits::default() },
            Limits { handshakes_per_second_per_ip: 10, ..Limits::default() },
        ] {
            let admission = Arc::new(Admission::new(limits, Tasks::default()));
            for _ in 0..=10 {
                admission.turn(source(1)).await.expect("a burst passes");
            }
            for _ in 0..50 {
                let one = tokio::time::timeout(Duration::from_millis(1), admission.turn(source(1))).await;
                assert!(one.is_err(), "it waits");
            }
            let began = Instant::now();
            admission.turn(source(1)).await.expect("a turn");
            assert!(began.elapsed() <= Duration::from_millis(110), "{limits:?}: {:?}", began.elapsed());
            assert_eq!(admission.counters().left.load(Ordering::Relaxed), 50);
        }
    }
}
