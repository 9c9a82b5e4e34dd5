use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::ports::Room;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::names::Names;
use crate::metrics::Metrics;

/// A subscription nobody wants any more stands this long: people who switch between chats come back.
pub(super) const LINGER: Duration = Duration::from_secs(2);

struct Entry {
    room: Room,
    /// Subscribers on this node.
    count: u32,
    /// The server confirmed it on the connection that stands.
    stands: bool,
    /// Who waits for the confirmation.
    waiters: Vec<oneshot::Sender<()>>,
    /// Somebody waited in vain: the confirmation is told as a gap.
    is_late: bool,
    /// Since when nobody wants it; `queued` says whether it waits in the queue of the idle.
    idle_since: Instant,
    queued: bool,
}

#[derive(Default)]
struct Inner {
    rooms: HashMap<Arc<str>, Entry>,
    /// Channels to subscribe.
    pending: VecDeque<Arc<str>>,
    /// Channels to look at again, oldest first; each at most once.
    idle: VecDeque<Arc<str>>,
    /// The connection whose confirmations count.
    generation: u64,
}

/// What this node is subscribed to, or wants to be; as large as what its connections joined.
pub(super) struct Rooms {
    inner: Mutex<Inner>,
    names: Arc<Names>,
    metrics: Arc<Metrics>,
    /// There is something to subscribe.
    pub(super) wanted: Notify,
}

impl Rooms {
    pub(super) fn new(names: Arc<Names>, metrics: Arc<Metrics>) -> Self {
        Self { inner: Mutex::default(), names, metrics, wanted: Notify::new() }
    }

    pub(super) fn subscribe(&self, room: &Room) {
        let channel: Arc<str> = self.names.channel(room).into();
        let mut inner = self.inner.lock();
        if let Some(entry) = inner.rooms.get_mut(&channel) {
            entry.count += 1;
            return;
        }
        let entry = Entry {
            room: room.clone(),
            count: 1,
            stands: false,
            waiters: Vec::new(),
            is_late: false,
            idle_since: Instant::now(),
            queued: false,
        };
        inner.rooms.insert(channel.clone(), entry);
        inner.pending.push_back(channel);
        self.metrics.subscriptions.up();
        drop(inner);
        self.wanted.notify_one();
    }

    pub(super) fn unsubscribe(&self, room: &Room) {
        let channel = self.names.channel(room);
        let mut inner = self.inner.lock();
        let Inner { rooms, idle, .. } = &mut *inner;
        let Some((channel, _)) = rooms.get_key_value(channel.as_str()) else { return };
        let channel = channel.clone();
        let Some(entry) = rooms.get_mut(&channel) else { return };
        entry.count = entry.count.saturating_sub(1);
        if entry.count == 0 {
            entry.idle_since = Instant::now();
            if !entry.queued {
                entry.queued = true;
                idle.push_back(channel);
            }
        }
    }

    /// `Ok`: confirmed. Otherwise what resolves when it is; an error there: nobody wants the room any more.
    pub(super) fn confirmation(&self, room: &Room) -> Result<(), oneshot::Receiver<()>> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.inner.lock();
        if let Some(entry) = inner.rooms.get_mut(self.names.channel(room).as_str()) {
            if entry.stands {
                return Ok(());
            }
            // Whoever gave up waiting leaves its place.
            entry.waiters.retain(|waiter| !waiter.is_closed());
            entry.waiters.push(sender);
        }
        Err(receiver)
    }

    /// Somebody waited in vain. `true`: it stands after all.
    pub(super) fn came_late(&self, room: &Room) -> bool {
        let mut inner = self.inner.lock();
        let Some(entry) = inner.rooms.get_mut(self.names.channel(room).as_str()) else { return false };
        entry.is_late = !entry.stands;
        entry.stands
    }

    /// A new connection: nothing stands on it. Returns whether anything is wanted.
    pub(super) fn begin(&self, generation: u64) -> bool {
        let mut inner = self.inner.lock();
        let Inner { rooms, pending, generation: current, .. } = &mut *inner;
        *current = generation;
        *pending = rooms.keys().cloned().collect();
        rooms.values_mut().for_each(|entry| entry.stands = false);
        !pending.is_empty()
    }

    /// The connection is gone; its confirmations count no more.
    pub(super) fn interrupted(&self) {
        let mut inner = self.inner.lock();
        inner.generation = 0;
        inner.rooms.values_mut().for_each(|entry| entry.stands = false);
    }

    /// The next channels to subscribe, at most `most`.
    pub(super) fn take_wanted(&self, most: usize) -> Vec<Arc<str>> {
        let mut inner = self.inner.lock();
        let Inner { rooms, pending, .. } = &mut *inner;
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some(channel) = pending.pop_front() else { break };
            if rooms.get(&channel).is_some_and(|entry| !entry.stands) {
                taken.push(channel);
            }
        }
        taken
    }

    /// The next channels to unsubscribe, at most `most`: nobody has wanted them for [`LINGER`]. They are forgotten here.
    pub(super) fn take_idle(&self, most: usize) -> Vec<Arc<str>> {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let Inner { rooms, idle, .. } = &mut *inner;
        let mut taken = Vec::new();
        // Each is looked at once: who left again meanwhile goes to the end.
        for _ in 0..idle.len() {
            let Some(channel) = idle.pop_front() else { break };
            let Some(entry) = rooms.get_mut(&channel) else { continue };
            if entry.count > 0 {
                entry.queued = false;
            } else if now.duration_since(entry.idle_since) < LINGER {
                idle.push_back(channel);
            } else {
                rooms.remove(&channel);
                self.metrics.subscriptions.down();
                taken.push(channel);
                if taken.len() == most {
                    break;
                }
            }
        }
        taken
    }

    /// The server confirmed a channel. `Some`: somebody had given up waiting for this room.
    pub(super) fn confirm(&self, channel: &str, generation: u64) -> Option<Room> {
        let mut inner = self.inner.lock();
        if inner.generation != generation {
            return None;
        }
        let entry = inner.rooms.get_mut(channel)?;
        entry.stands = true;
        for waiter in entry.waiters.drain(..) {
            // Who gave up waiting does not mind.
            let _ = waiter.send(());
        }
        std::mem::take(&mut entry.is_late).then(|| entry.room.clone())
    }

    /// The room of a channel that somebody on this node wants now.
    pub(super) fn wanted_room(&self, channel: &str) -> Option<Room> {
        let inner = self.inner.lock();
        inner.rooms.get(channel).filter(|entry| entry.count > 0).map(|entry| entry.room.clone())
    }
}

#[cfg(test)]
mod tests {
    use souk_chat::id::UserId;

    use super::*;

    fn rooms() -> (Rooms, Room) {
        let rooms = Rooms::new(Arc::new(Names::new("s", false)), Arc::default());
        (rooms, Room::User(UserId::new("a").unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_to_leave_ends_the_subscription_after_a_second_look() {
        let (rooms, room) = rooms();
        rooms.begin(1);
        rooms.subscribe(&room);
        rooms.subscribe(&room);
        assert_eq!(rooms.take_wanted(9).len(), 1, "the second subscriber asks for nothing");
        rooms.unsubscribe(&room);
        rooms.unsubscribe(&room);
        assert!(rooms.wanted_room("s:user:{a}").is_none(), "nobody hears it from now on");
        assert!(rooms.take_idle(9).is_empty(), "but it stands for a while");
        rooms.subscribe(&room);
        tokio::time::advance(LINGER).await;
        assert!(rooms.take_idle(9).is_empty(), "somebody came back");
        rooms.unsubscribe(&room);
        tokio::time::advance(LINGER).await;
        assert_eq!(*rooms.take_idle(9)[0], *"s:user:{a}");
        assert_eq!(rooms.metrics.subscriptions.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn leaving_and_coming_back_often_keeps_one_place_in_the_queue() {
        let (rooms, room) = rooms();
        for _ in 0..100 {
            rooms.subscribe(&room);
            rooms.unsubscribe(&room);
        }
        assert_eq!(rooms.inner.lock().idle.len(), 1);
        assert_eq!(rooms.inner.lock().pending.len(), 1);
    }

    #[tokio::test]
    async fn confirmations_of_an_older_connection_do_not_count() {
        let (rooms, room) = rooms();
        rooms.subscribe(&room);
        assert!(rooms.begin(1));
        let waiting = rooms.confirmation(&room).unwrap_err();
        assert!(rooms.begin(2));
        assert_eq!(rooms.confirm("s:user:{a}", 1), None);
        assert!(rooms.confirmation(&room).is_err());
        rooms.confirm("s:user:{a}", 2);
        waiting.await.unwrap();
        assert!(rooms.confirmation(&room).is_ok());
        rooms.interrupted();
        assert!(rooms.confirmation(&room).is_err());
    }

    #[tokio::test]
    async fn a_late_confirmation_names_its_room_once() {
        let (rooms, room) = rooms();
        rooms.subscribe(&room);
        rooms.begin(1);
        assert!(!rooms.came_late(&room));
        assert_eq!(rooms.confirm("s:user:{a}", 1), Some(room.clone()));
        assert_eq!(rooms.confirm("s:user:{a}", 1), None);
        assert!(rooms.came_late(&room), "it stands");
    }
}
