//! How far people got: what arrived on a device of theirs, and what they read.
//!
//! Marks only rise, in a plain write whose timestamp is the mark's own number, so that it does not matter which node raises them, or
//! in which order. Those of one person in one order are raised one after another, what comes meanwhile goes together: reading five
//! hundred messages at once is a write or two, and as many pushes to everybody who looks.

use std::collections::HashMap;
use std::collections::hash_map;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::join3;
use parking_lot::Mutex;

use crate::actor::Actor;
use crate::id::{OrderId, UserId};
use crate::limits::{MARKS_EVERY, MARKS_RAISED_AT_ONCE};
use crate::log::{Head, Seq};
use crate::order::Side;
use crate::ports::Marked;
use crate::refusal::Refusal;
use crate::tasks::guarded;
use crate::watermark::{Mark, Marks};

use super::catch_up::CatchUp;
use super::lists::unread_total;
use super::memory::{Memory, PARTIES_FRESH};
use super::{Chats, Ports};

/// The name of the task that raises marks.
const MARKS: &str = "marks";

/// Marks that could not be raised are tried again, after pauses that double up to this one; about twelve seconds in all.
const RAISED_AGAIN_WITHIN: Duration = Duration::from_secs(4);

/// What is known of a person: up to where messages arrived on a device of theirs, and up to where they read. 0: nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    /// Arrived.
    pub delivered: Seq,
    /// Read, and so arrived.
    pub read: Seq,
}

impl Progress {
    /// Messages up to `seq` arrived.
    pub fn delivered(seq: Seq) -> Self {
        Self { delivered: seq, read: Seq::ZERO }
    }

    /// Messages up to `seq` were read.
    pub fn read(seq: Seq) -> Self {
        Self { delivered: seq, read: seq }
    }

    /// The later of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { delivered: self.delivered.max(other.delivered), read: self.read.max(other.read) }
    }
}

/// Where a person stands in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How far they got.
    pub marks: Marks,
    /// The end of the log that this was held against.
    pub head: Seq,
    /// The other party's messages that they have not read.
    pub unread: u64,
    /// The same of all their chats, by the list rows.
    pub unread_total: u64,
}

type Asked = oneshot::Sender<Result<Standing, Refusal>>;

/// What waits to be raised next.
#[derive(Default)]
struct Waiting {
    progress: Progress,
    asked: Vec<Asked>,
}

/// Whose marks a node raises now.
#[derive(Default)]
pub(super) struct Raising(Mutex<HashMap<(OrderId, UserId), Waiting>>);

impl Raising {
    /// Adds to what waits. `true`: somebody has to begin.
    fn add(&self, order: &OrderId, user: &UserId, progress: Progress, asked: Option<Asked>) -> Result<bool, Refusal> {
        let mut raising = self.0.lock();
        let is_full = raising.len() >= MARKS_RAISED_AT_ONCE;
        match raising.entry((order.clone(), user.clone())) {
            hash_map::Entry::Vacant(_) if is_full => Err(Refusal::unavailable()),
            hash_map::Entry::Vacant(free) => {
                free.insert(Waiting { progress, asked: asked.into_iter().collect() });
                Ok(true)
            }
            hash_map::Entry::Occupied(mut there) => {
                let waiting = there.get_mut();
                waiting.progress = waiting.progress.max(progress);
                waiting.asked.extend(asked);
                Ok(false)
            }
        }
    }

    /// This could not be raised: it waits with what came meanwhile.
    fn put_back(&self, key: &(OrderId, UserId), progress: Progress) {
        if let Some(waiting) = self.0.lock().get_mut(key) {
            waiting.progress = waiting.progress.max(progress);
        }
    }

    /// What waits; nothing: whoever asked is done, and the next begins anew.
    fn take(&self, key: &(OrderId, UserId)) -> Option<Waiting> {
        let mut raising = self.0.lock();
        let waiting = std::mem::take(raising.get_mut(key)?);
        if waiting.asked.is_empty() && waiting.progress == Progress::default() {
            raising.remove(key);
            if raising.len() * 4 < raising.capacity() {
                raising.shrink_to_fit();
            }
            return None;
        }
        Some(waiting)
    }
}

/// The task that raises the marks of one person in one order. However it ends, the next can begin.
struct Raiser {
    ports: Ports,
    memory: Arc<Memory>,
    raising: Arc<Raising>,
    key: (OrderId, UserId),
    is_done: bool,
}

impl Drop for Raiser {
    fn drop(&mut self) {
        if !self.is_done {
            self.raising.0.lock().remove(&self.key);
        }
    }
}

impl Raiser {
    async fn run(mut self) {
        let mut pause = MARKS_EVERY;
        while let Some(Waiting { progress, asked }) = self.raising.take(&self.key) {
            let raised = guarded(self.ports.runtime.tasks(), MARKS, self.raise(progress, !asked.is_empty())).await;
            let raised = raised.unwrap_or_else(|_| Err(Refusal::unavailable()));
            pause = match raised {
                // What devices were shown stays true: it is tried again for a while, with whatever comes meanwhile.
                Err(Refusal::Unavailable { .. }) if pause <= RAISED_AGAIN_WITHIN => {
                    self.raising.put_back(&self.key, progress);
                    pause * 2
                }
                _ => MARKS_EVERY,
            };
            for asked in asked {
                // Who is gone does not mind.
                let _ = asked.send(raised.clone());
            }
            self.ports.runtime.sleep(pause).await;
        }
        // Its place may be another's by now.
        self.is_done = true;
    }

    /// `total`: somebody wants to know what is unread in all chats.
    async fn raise(&self, progress: Progress, total: bool) -> Result<Standing, Refusal> {
        let (Ports { store, feed, runtime, .. }, (id, user)) = (&self.ports, &self.key);
        let users = [user];
        let order = self.memory.order(id, runtime.monotonic(), PARTIES_FRESH);
        let order = async {
            match order {
                Some(order) => Ok(Some(order)),
                None => store.order(id).await.map(|order| order.map(Arc::new)),
            }
        };
        let (order, head, marks) = join3(order, store.head(id), store.marks(id, &users)).await;
        let (Some(order), Some(head)) = (order?, head?) else { return Err(Refusal::Forbidden) };
        let side = order.side_of(user).ok_or(Refusal::Forbidden)?;
        let known = head.cap(marks?.first().copied().unwrap_or_default(), side);
        let read = self.mark(progress.read, known.read, &head, side).await?;
        let arrived = progress.delivered.max(progress.read);
        let delivered = match read {
            Some(read) if read.seq >= arrived.min(head.seq) => Some(read).filter(|read| read.seq > known.delivered.seq),
            _ => self.mark(arrived, known.delivered, &head, side).await?,
        };
        let raised = Marks { delivered: delivered.unwrap_or_default(), read: read.unwrap_or_default() };
        let marks = known.max(raised).shown();
        if marks != known {
            // What is not known to be written may be: then nobody else tells of it.
            store.raise(id, user, delivered, read).await.inspect_err(|_| feed.suspect(id))?;
            feed.marked(&Marked { order: id.clone(), user: user.clone(), marks, at: runtime.now() });
        }
        let unread = head.counts.by(side.other()).saturating_sub(marks.read.others);
        let unread_total = if total { unread_total(&**store, user).await? } else { 0 };
        Ok(Standing { marks, head: head.seq, unread, unread_total })
    }

    /// The mark at `seq`, or at the end of the log where that is before; `None`: it is not above the one that is known.
    async fn mark(&self, seq: Seq, known: Mark, head: &Head, side: Side) -> Result<Option<Mark>, Refusal> {
        let seq = seq.min(head.seq);
        if seq <= known.seq {
            return Ok(None);
        }
        let counts = if seq == head.seq {
            head.counts
        } else {
            let entries = self.ports.store.entries(&self.key.0, Seq(seq.0 - 1), 1).await?;
            entries.first().filter(|entry| entry.seq == seq).ok_or_else(Refusal::unavailable)?.counts
        };
        Ok(Some(Mark { seq, others: counts.by(side.other()) }))
    }
}

impl Chats {
    /// Raises how far the actor got in an order, and waits until that is in the store. A mark above the head counts as at the head, a
    /// lower one than there is changes nothing. Cancel-safe: what was asked happens all the same.
    ///
    /// Errors: [`Refusal::WrongRole`], [`Refusal::Forbidden`], [`Refusal::Unavailable`].
    pub async fn mark(&self, actor: &Actor, order: &OrderId, progress: Progress) -> Result<Standing, Refusal> {
        if !actor.talks() {
            return Err(Refusal::WrongRole("client or contractor"));
        }
        let known = self.accessible(actor, order).await?;
        known.side_of(&actor.user).ok_or(Refusal::Forbidden)?;
        let (asked, raised) = oneshot::channel();
        self.raise(order, &actor.user, progress, Some(asked))?;
        raised.await.unwrap_or_else(|_| Err(Refusal::unavailable()))
    }

    /// A party of the order was certainly shown this. Returns at once. What cannot be raised now counts as soon as more is shown, or
    /// read.
    pub fn note(&self, order: &OrderId, user: &UserId, progress: Progress) {
        let _ = self.raise(order, user, progress, None);
    }

    /// What has arrived once the actor got this answer; nothing, where that was known before.
    pub fn arrives_with(&self, actor: &Actor, caught_up: &CatchUp) -> Option<Progress> {
        let (chat, history) = (&caught_up.chat, &caught_up.history);
        let side = chat.order.side_of(&actor.user).filter(|_| actor.talks())?;
        let known = chat.participants[usize::from(side == Side::Contractor)].marks.delivered;
        let is_more = history.up_to < chat.head.seq || chat.head.counts.by(side.other()) > known.others;
        (history.up_to > known.seq && is_more).then(|| Progress::delivered(history.up_to))
    }

    fn raise(&self, order: &OrderId, user: &UserId, progress: Progress, asked: Option<Asked>) -> Result<(), Refusal> {
        if self.raising.add(order, user, progress, asked)? {
            let raiser = Raiser {
                ports: self.ports.clone(),
                memory: Arc::clone(&self.memory),
                raising: Arc::clone(&self.raising),
                is_done: false,
                key: (order.clone(), user.clone()),
            };
            self.ports.runtime.spawn(MARKS, Box::pin(raiser.run()));
        }
        Ok(())
    }
}
