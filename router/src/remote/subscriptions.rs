use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::ports::Channel;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::names::Names;
use crate::metrics::Metrics;

/// A subscription nobody wants any more stands this long: people who switch between chats come back.
pub(super) const LINGER: Duration = Duration::from_secs(2);

struct Entry {
    channel: Channel,
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
    channels: HashMap<Arc<str>, Entry>,
    /// Channels to subscribe.
    pending: VecDeque<Arc<str>>,
    /// Channels to look at again, oldest first; each at most once.
    idle: VecDeque<Arc<str>>,
    /// The connection whose confirmations count.
    generation: u64,
}

/// What this node is subscribed to, or wants to be; as large as what its connections joined.
pub(super) struct Subscriptions {
    inner: Mutex<Inner>,
    names: Arc<Names>,
    metrics: Arc<Metrics>,
    /// There is something to subscribe.
    pub(super) wanted: Notify,
}

impl Subscriptions {
    pub(super) fn new(names: Arc<Names>, metrics: Arc<Metrics>) -> Self {
        Self { inner: Mutex::default(), names, metrics, wanted: Notify::new() }
    }

    pub(super) fn subscribe(&self, channel: &Channel) {
        let name: Arc<str> = self.names.channel(channel).into();
        let mut inner = self.inner.lock();
        if let Some(entry) = inner.channels.get_mut(&name) {
            entry.count += 1;
            return;
        }
        let entry = Entry {
            channel: channel.clone(),
            count: 1,
            stands: false,
            waiters: Vec::new(),
            is_late: false,
            idle_since: Instant::now(),
            queued: false,
        };
        inner.channels.insert(name.clone(), entry);
        inner.pending.push_back(name);
        self.metrics.subscriptions.up();
        drop(inner);
        self.wanted.notify_one();
    }

    pub(super) fn unsubscribe(&self, channel: &Channel) {
        let name = self.names.channel(channel);
        let mut inner = self.inner.lock();
        let Inner { channels, idle, .. } = &mut *inner;
        let Some((name, _)) = channels.get_key_value(name.as_str()) else { return };
        let name = name.clone();
        let Some(entry) = channels.get_mut(&name) else { return };
        entry.count = entry.count.saturating_sub(1);
        if entry.count == 0 {
            entry.idle_since = Instant::now();
            if !entry.queued {
                entry.queued = true;
                idle.push_back(name);
            }
        }
    }

    /// `Ok`: confirmed. Otherwise what resolves when it is; an error there: nobody wants the channel any more.
    pub(super) fn confirmation(&self, channel: &Channel) -> Result<(), oneshot::Receiver<()>> {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.inner.lock();
        if let Some(entry) = inner.channels.get_mut(self.names.channel(channel).as_str()) {
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
    pub(super) fn came_late(&self, channel: &Channel) -> bool {
        let mut inner = self.inner.lock();
        let Some(entry) = inner.channels.get_mut(self.names.channel(channel).as_str()) else { return false };
        entry.is_late = !entry.stands;
        entry.stands
    }

    /// A new connection: nothing stands on it. Returns whether anything is wanted.
    pub(super) fn begin(&self, generation: u64) -> bool {
        let mut inner = self.inner.lock();
        let Inner { channels, pending, generation: current, .. } = &mut *inner;
        *current = generation;
        *pending = channels.keys().cloned().collect();
        channels.values_mut().for_each(|entry| entry.stands = false);
        !pending.is_empty()
    }

    /// The connection is gone; its confirmations count no more.
    pub(super) fn interrupted(&self) {
        let mut inner = self.inner.lock();
        inner.generation = 0;
        inner.channels.values_mut().for_each(|entry| entry.stands = false);
    }

    /// The next channels to subscribe, at most `most`.
    pub(super) fn take_wanted(&self, most: usize) -> Vec<Arc<str>> {
        let mut inner = self.inner.lock();
        let Inner { channels, pending, .. } = &mut *inner;
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some(name) = pending.pop_front() else { break };
            if channels.get(&name).is_some_and(|entry| !entry.stands) {
                taken.push(name);
            }
        }
        taken
    }

    /// The next channels to unsubscribe, at most `most`: nobody has wanted them for [`LINGER`]. They are forgotten here.
    pub(super) fn take_idle(&self, most: usize) -> Vec<Arc<str>> {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let Inner { channels, idle, .. } = &mut *inner;
        let mut taken = Vec::new();
        // Each is looked at once: who left again meanwhile goes to the end.
        for _ in 0..idle.len() {
            let Some(name) = idle.pop_front() else { break };
            let Some(entry) = channels.get_mut(&name) else { continue };
            if entry.count > 0 {
                entry.queued = false;
            } else if now.duration_since(entry.idle_since) < LINGER {
                idle.push_back(name);
            } else {
                channels.remove(&name);
                self.metrics.subscriptions.down();
                taken.push(name);
                if taken.len() == most {
                    break;
                }
            }
        }
        taken
    }

    /// The server confirmed a name. `Some`: somebody had given up waiting for this channel.
    pub(super) fn confirm(&self, name: &str, generation: u64) -> Option<Channel> {
        let mut inner = self.inner.lock();
        if inner.generation != generation {
            return None;
        }
        let entry = inner.channels.get_mut(name)?;
        entry.stands = true;
        for waiter in entry.waiters.drain(..) {
            // Who gave up waiting does not mind.
            let _ = waiter.send(());
        }
        std::mem::take(&mut entry.is_late).then(|| entry.channel.clone())
    }

    /// The channel of a name that somebody on this node wants now.
    pub(super) fn wanted_channel(&self, name: &str) -> Option<Channel> {
        let inner = self.inner.lock();
        inner.channels.get(name).filter(|entry| entry.count > 0).map(|entry| entry.channel.clone())
    }
}

#[cfg(test)]
mod tests {
    use souk_chat::id::UserId;

    use super::*;

    fn subscriptions() -> (Subscriptions, Channel) {
        let subscriptions = Subscriptions::new(Arc::new(Names::new("s", false)), Arc::default());
        (subscriptions, Channel::User(UserId::new("a").unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_to_leave_ends_the_subscription_after_a_second_look() {
        let (subscriptions, channel) = subscriptions();
        subscriptions.begin(1);
        subscriptions.subscribe(&channel);
        subscriptions.subscribe(&channel);
        assert_eq!(subscriptions.take_wanted(9).len(), 1, "the second subscriber asks for nothing");
        subscriptions.unsubscribe(&channel);
        subscriptions.unsubscribe(&channel);
        assert!(subscriptions.wanted_channel("s:user:{a}").is_none(), "nobody hears it from now on");
        assert!(subscriptions.take_idle(9).is_empty(), "but it stands for a while");
        subscriptions.subscribe(&channel);
        tokio::time::advance(LINGER).await;
        assert!(subscriptions.take_idle(9).is_empty(), "somebody came back");
        subscriptions.unsubscribe(&channel);
        tokio::time::advance(LINGER).await;
        assert_eq!(*subscriptions.take_idle(9)[0], *"s:user:{a}");
        assert_eq!(subscriptions.metrics.subscriptions.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn leaving_and_coming_back_often_keeps_one_place_in_the_queue() {
        let (subscriptions, channel) = subscriptions();
        for _ in 0..100 {
            subscriptions.subscribe(&channel);
            subscriptions.unsubscribe(&channel);
        }
        assert_eq!(subscriptions.inner.lock().idle.len(), 1);
        assert_eq!(subscriptions.inner.lock().pending.len(), 1);
    }

    #[tokio::test]
    async fn confirmations_of_an_older_connection_do_not_count() {
        let (subscriptions, channel) = subscriptions();
        subscriptions.subscribe(&channel);
        assert!(subscriptions.begin(1));
        let waiting = subscriptions.confirmation(&channel).unwrap_err();
        assert!(subscriptions.begin(2));
        assert_eq!(subscriptions.confirm("s:user:{a}", 1), None);
        assert!(subscriptions.confirmation(&channel).is_err());
        subscriptions.confirm("s:user:{a}", 2);
        waiting.await.unwrap();
        assert!(subscriptions.confirmation(&channel).is_ok());
        subscriptions.interrupted();
        assert!(subscriptions.confirmation(&channel).is_err());
    }

    #[tokio::test]
    async fn a_late_confirmation_names_its_room_once() {
        let (subscriptions, channel) = subscriptions();
        subscriptions.subscribe(&channel);
        subscriptions.begin(1);
        assert!(!subscriptions.came_late(&channel));
        assert_eq!(subscriptions.confirm("s:user:{a}", 1), Some(channel.clone()));
        assert_eq!(subscriptions.confirm("s:user:{a}", 1), None);
        assert!(subscriptions.came_late(&channel), "it stands");
    }
}
