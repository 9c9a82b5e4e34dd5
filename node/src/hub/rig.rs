//! A node of which tests use the parts: over a store of its own, with a clock that stands still, and a router and a presence that do as
//! they are told.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;
use souk_chat::log::{Body, Counts, Entry, EntryKey, NewEntry};
use souk_chat::ports::{
    Appended, Channel, Committed, Decision, Envelope, Feed, Inbox, Incarnation, Limiter, Moderations, Orphan,
    OutboxIntent, OutboxIntents, Presence, PresenceError, Router, RouterError, Runtime, Store,
};
use souk_chat::service::{Chats, Ports};
use souk_chat::{
    Actor, Fingerprints, Message, NewOrder, Order, OrderId, Role, RulesCell, Sealer, Seq, Side, Tasks, Timestamp,
    UserId, guarded,
};
use tokio::sync::oneshot;

use crate::delivery::Delivery;

use super::{ConnectionHandle, Device, Encoding, Hub};

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// A device of `user` on a connection of its own, heard just now.
pub(crate) fn device(name: &str, now: Duration) -> Arc<Device> {
    let handle = Arc::new(ConnectionHandle::new(1, u32::try_from(now.as_secs()).unwrap()));
    let actor = Actor { user: user(name), role: Role::Client, name: None, locale: None };
    Arc::new(Device::new(handle, 0, Encoding::Plain, Arc::new(actor), 1))
}

/// Time that passes when a test says so. Waiting takes none.
pub(crate) struct Clock {
    passed: Mutex<Duration>,
    tasks: Tasks,
}

impl Clock {
    pub(crate) fn pass(&self, how_long: Duration) {
        *self.passed.lock() += how_long;
    }
}

impl Runtime for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + i64::try_from(self.monotonic().as_millis()).unwrap())
    }

    fn monotonic(&self) -> Duration {
        *self.passed.lock()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::task::yield_now())
    }

    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        tokio::spawn(guarded(&self.tasks, name, task).map(drop));
    }

    fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn random(&self) -> u64 {
        7
    }
}

/// Presence that says what a test wants.
#[derive(Default)]
pub(crate) struct People {
    /// Who is connected to another node.
    pub(crate) elsewhere: Mutex<Vec<UserId>>,
    /// It does not answer who is connected.
    pub(crate) is_silent: AtomicBool,
    /// People of dead nodes: those that are not dealt with are named first, again and again.
    pub(crate) orphans: Mutex<Vec<Orphan>>,
    /// How often it was asked for them.
    pub(crate) asked: Mutex<usize>,
    pub(crate) released: Mutex<Vec<UserId>>,
}

/// What the methods of the ports return.
type Answer<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

impl Presence for People {
    fn set(&self, _: &UserId, _: u32) {}

    fn release(&self, user: &UserId) {
        self.released.lock().push(user.clone());
    }

    fn online<'a, 'b, 'c>(&'a self, users: &'b [UserId]) -> Answer<'c, Vec<bool>, PresenceError>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        if self.is_silent.load(Ordering::Relaxed) {
            return Box::pin(ready(Err(PresenceError("no answer".into()))));
        }
        let elsewhere = self.elsewhere.lock();
        Box::pin(ready(Ok(users.iter().map(|user| elsewhere.contains(user)).collect())))
    }

    fn orphans<'a, 'c>(&'a self, limit: usize) -> Answer<'c, Vec<Orphan>, PresenceError>
    where
        'a: 'c,
        Self: 'c,
    {
        *self.asked.lock() += 1;
        Box::pin(ready(Ok(self.orphans.lock().iter().take(limit).cloned().collect())))
    }

    fn adopted<'a, 'b, 'c>(&'a self, orphans: &'b [Orphan]) -> Answer<'c, (), PresenceError>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.orphans.lock().retain(|known| !orphans.contains(known));
        Box::pin(ready(Ok(())))
    }

    fn leave<'a, 'c>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>>
    where
        'a: 'c,
        Self: 'c,
    {
        Box::pin(ready(()))
    }
}

/// A router that brings nothing back.
#[derive(Default)]
pub(crate) struct Wire {
    /// Publishes fail.
    pub(crate) is_down: AtomicBool,
    /// Publishes wait here until they are failed.
    pub(crate) held: Mutex<Option<Vec<oneshot::Sender<()>>>>,
    /// What was published.
    pub(crate) published: Mutex<Vec<Envelope>>,
}

impl Router for Wire {
    fn attach(&self, _: Arc<dyn Inbox>) {}

    fn subscribe(&self, _: &Channel) {}

    fn unsubscribe(&self, _: &Channel) {}

    fn confirmed<'a, 'b, 'c>(&'a self, _: &'b Channel) -> Answer<'c, (), RouterError>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(ready(Ok(())))
    }

    fn publish(&self, _: &[Channel], envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>> {
        let failed = Err(RouterError("down".into()));
        if let Some(held) = &mut *self.held.lock() {
            let (fail, failing) = oneshot::channel();
            held.push(fail);
            return Box::pin(failing.map(|_| failed));
        }
        if self.is_down.load(Ordering::Relaxed) {
            return Box::pin(ready(failed));
        }
        self.published.lock().push(envelope);
        Box::pin(ready(Ok(())))
    }

    fn is_connected(&self) -> bool {
        !self.is_down.load(Ordering::Relaxed)
    }
}

/// Intents that stand, unless a test says otherwise.
pub(crate) struct Word(pub(crate) AtomicBool);

impl OutboxIntents for Word {
    fn intent(&self, order: &OrderId, key: &EntryKey, head: Seq) -> OutboxIntent {
        let (incarnation, shard) = (Incarnation("rig".into()), OutboxIntent::shard_of(order));
        OutboxIntent { incarnation, minute: 0, shard, order: order.clone(), key: key.clone(), head }
    }

    fn standing(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Unheard;

impl Moderations for Unheard {
    fn decided(&self, _: &Decision) {}
}

/// The parts.
pub(crate) struct Rig {
    pub(crate) clock: Arc<Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) people: Arc<People>,
    pub(crate) wire: Arc<Wire>,
    pub(crate) word: Arc<Word>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) chats: Arc<Chats>,
    _limits: souk_router::Parts,
    _folder: tempfile::TempDir,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("souk.db").display());
        let store = souk_store::open(&address, &souk_store::Settings::default()).await.unwrap().store;
        let clock = Arc::new(Clock { passed: Mutex::new(Duration::from_secs(1_000)), tasks: Tasks::default() });
        let (people, wire, word) = (Arc::<People>::default(), Arc::<Wire>::default(), Word(AtomicBool::new(true)));
        let word = Arc::new(word);
        let limits = souk_router::connect("local", &souk_router::Settings::default()).unwrap();
        let router = Arc::<Wire>::clone(&wire) as Arc<dyn Router>;
        let presence = Arc::<People>::clone(&people) as Arc<dyn Presence>;
        let runtime = Arc::<Clock>::clone(&clock) as Arc<dyn Runtime>;
        let hub = Arc::new(Hub::new(Arc::clone(&router), Arc::clone(&presence), 0));
        let delivery =
            Delivery::new(Arc::clone(&hub), router, Arc::clone(&store), Arc::clone(&runtime), Box::new(|_| {}));
        let rules = souk_moderation::Rules::new(souk_moderation::Settings::default()).unwrap();
        let chats = Arc::new(Chats::new(Ports {
            store: Arc::clone(&store),
            presence,
            limiter: Arc::clone(&limits.limiter) as Arc<dyn Limiter>,
            feed: Arc::<Delivery>::clone(&delivery) as Arc<dyn Feed>,
            intents: Arc::<Word>::clone(&word) as Arc<dyn OutboxIntents>,
            runtime,
            rules: Arc::new(RulesCell::new(rules)),
            moderations: Arc::new(Unheard),
            sealer: Arc::new(Sealer::new([&[7; 32]])),
            fingerprints: Arc::new(Fingerprints::new([b"test".as_slice()])),
        }));
        Self { clock, store, people, wire, word, hub, delivery, chats, _limits: limits, _folder: folder }
    }

    /// An order of ann and bob.
    pub(crate) async fn order(&self, name: &str) -> Order {
        let id = OrderId::new(name).unwrap();
        let new = NewOrder { id, client: user("ann"), contractor: user("bob"), title: None, status: None };
        self.store.put_order(&new, self.clock.now()).await.unwrap().unwrap().0
    }

    /// Ann says something, and nobody is told.
    pub(crate) async fn say(&self, order: &Order, text: &str) -> Entry {
        let head = self.store.head(&order.id).await.unwrap().unwrap();
        let (seq, at) = (head.seq.next(), self.clock.now());
        let message = Message {
            order: order.id.clone(),
            seq,
            rev: seq,
            version: 1,
            sender: Some(user("ann")),
            content: text.into(),
            edited_at: None,
            is_moderated: false,
            flags: souk_moderation::Categories::EMPTY,
            created_at: at,
            client_message_id: None,
        };
        let key = EntryKey { owner: Some(user("ann")), id: format!("m-{seq}").into() };
        let counts: Counts = head.counts.plus(Side::Client);
        let entry = Entry { seq, key, at, counts, body: Body::Message(Arc::new(message)) };
        let new = NewEntry { entry: entry.clone(), fingerprint: None, owed: Vec::new() };
        let Appended::Applied(head) = self.store.append(&order.id, &head, &[new]).await.unwrap() else {
            panic!("nobody else writes")
        };
        self.store.advance(order, &head, at).await.unwrap();
        entry
    }

    /// What a send tells of its entry.
    pub(crate) async fn committed(&self, order: &Order, entry: Entry) -> Committed {
        Committed {
            order: Arc::new(order.clone()),
            entries: vec![Arc::new(entry)],
            origins: vec![Default::default()],
            masked: vec![Arc::default()],
            head: self.store.head(&order.id).await.unwrap().unwrap(),
            repeat: false,
            owes: false,
        }
    }

    /// The events that an order owes.
    pub(crate) async fn owing(&self, order: &Order) -> usize {
        self.store.owed(&order.id, Seq::ZERO, 100).await.unwrap().len()
    }
}
