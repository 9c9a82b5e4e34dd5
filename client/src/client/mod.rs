//! A client that stays: it reconnects, joins again, catches up and sends what waited.

mod alarm;
mod builder;
mod driver;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use souk_chat::{ClientMessageId, Cursor, MessageId, OrderId, Seq};
use souk_protocol::Request;
use souk_protocol::dto::{Hello, Message, Synced};
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::connection::{Answer, ConnectOptions};
use crate::engine::{Engine, JoinOutcome, JoinedOrder, PendingSend, SendOutcome, Waiter, Way};
use crate::error::{JoinError, RequestError, SendError};
use crate::event::{EventQueue, StopReason};
use crate::token::Tokens;

pub use builder::ClientBuilder;
use builder::Times;

/// What the user's side and the task share.
#[derive(Debug)]
struct Shared {
    engine: Mutex<Engine>,
    events: Arc<EventQueue>,
    /// Something is to be done.
    wake: Notify,
    closing: AtomicBool,
    /// The task has ended.
    done: Notify,
}

impl Shared {
    fn new(engine: Engine, events: Arc<EventQueue>) -> Self {
        let closing = AtomicBool::new(false);
        Self { engine: Mutex::new(engine), events, wake: Notify::new(), closing, done: Notify::new() }
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock()
    }

    fn ask_to_close(&self) {
        self.closing.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    fn stop(&self, why: StopReason) {
        self.engine().stop();
        self.events.stop(why);
        self.done.notify_waiters();
    }
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    times: Times,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.ask_to_close();
    }
}

/// A person's device in souk, for as long as wanted. Clones are the same client; it closes when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Client(Arc<Handle>);

impl Client {
    /// A client to come, with everything else as usual.
    pub fn builder(options: ConnectOptions, tokens: Tokens) -> ClientBuilder {
        ClientBuilder::new(options, tokens)
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// Sends a message under an id made up for it. It is put into the outbox by this call, before the answer is awaited, and of
    /// one order messages go out in the order of these calls. It is sent again after every reconnect until it is acknowledged,
    /// refused, or its time is over, also when the answer is dropped. It needs no join.
    pub fn send(&self, order: &OrderId, content: impl Into<Box<str>>) -> Sending {
        self.send_as(order, content, made_up_id())
    }

    /// As [`send`](Self::send), under the caller's own id, unique in this order for ever. A message that is there already under
    /// this id is the answer.
    pub fn send_as(&self, order: &OrderId, content: impl Into<Box<str>>, id: ClientMessageId) -> Sending {
        let (to, outcome) = oneshot::channel();
        let send = PendingSend {
            order: order.clone(),
            id: id.clone(),
            content: content.into(),
            deadline: Instant::now() + self.0.times.send,
            to,
            state: Way::Waits(None),
        };
        self.shared().engine().send(send);
        self.shared().wake.notify_one();
        Sending { id, outcome }
    }

    /// Edits a message of mine: the message as it is then, with what was masked. Not asked again after a reconnect, and safe to
    /// repeat.
    pub async fn edit(&self, message: &MessageId, content: impl Into<Box<str>>) -> Result<Box<Message>, RequestError> {
        let content = String::from(content.into()).into();
        match self.request(Request::EditMessage { message: message.clone(), content }).await? {
            Answer::Message(message) => Ok(message),
            // An answer has the form of its request, or the connection has ended as malformed.
            _ => Err(RequestError::NotConnected),
        }
    }

    /// Joins an order from `since`, or else from the kept cursor, or else with the newest messages; answers when it is caught up
    /// and live. After that it is joined again by itself until [`leave`](Self::leave). Joining again is allowed.
    pub async fn join(&self, order: &OrderId, since: Option<Seq>) -> Result<JoinedOrder, JoinError> {
        let (to, outcome): (_, oneshot::Receiver<JoinOutcome>) = oneshot::channel();
        let waiter = Waiter { deadline: Instant::now() + self.0.times.join, to };
        self.shared().engine().join(order, since, waiter);
        self.shared().wake.notify_one();
        outcome.await.unwrap_or(Err(JoinError::Stopped))
    }

    /// Is no longer live in an order. Its cursor and view stay.
    pub fn leave(&self, order: &OrderId) {
        self.shared().engine().leave(order);
        self.shared().wake.notify_one();
    }

    /// Says that the user types. Forgotten when there is no connection.
    pub fn typing(&self, order: &OrderId) {
        self.shared().engine().cast(Request::Typing { order: order.clone() });
        self.shared().wake.notify_one();
    }

    /// Catches up with orders without joining them, one answer's worth: where `more` is true, ask again. The messages go into the
    /// view, and the kept cursors rise where `since` leaves no hole above them. Not asked again after a reconnect.
    pub async fn sync(&self, cursors: BTreeMap<OrderId, Cursor>) -> Result<Synced, RequestError> {
        let (to, outcome) = oneshot::channel();
        self.shared().engine().sync(cursors, self.deadline(), to);
        self.shared().wake.notify_one();
        outcome.await.unwrap_or(Err(RequestError::Stopped))
    }

    /// Any other request. Not asked again after a reconnect. For sending, joining, leaving and `sync` there are calls of their
    /// own, which keep what they learn.
    pub async fn request(&self, request: Request<'static>) -> Result<Answer, RequestError> {
        let (to, outcome) = oneshot::channel();
        self.shared().engine().call(request, self.deadline(), to);
        self.shared().wake.notify_one();
        outcome.await.unwrap_or(Err(RequestError::Stopped))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.0.times.request
    }

    /// What this device has seen of an order since it started: messages by their numbers, each in the highest version seen.
    pub fn view(&self, order: &OrderId) -> BTreeMap<Seq, Arc<Message>> {
        self.shared().engine().view(order)
    }

    /// The cursor of an order: everything up to there was seen. It is never moved by acknowledgements.
    pub fn cursor(&self, order: &OrderId) -> Option<Seq> {
        self.shared().engine().cursor(order)
    }

    /// All cursors, with the epochs they are of, to be kept by an app that ends and to be given to [`ClientBuilder::cursors`] when it starts again.
    pub fn cursors(&self) -> BTreeMap<OrderId, Cursor> {
        self.shared().engine().cursors()
    }

    /// Whether an order is caught up and live at the moment.
    pub fn is_live(&self, order: &OrderId) -> bool {
        self.shared().engine().is_live(order)
    }

    /// Whether there is a signed-in connection at the moment.
    pub fn is_connected(&self) -> bool {
        self.shared().engine().is_online()
    }

    /// Whether the client does nothing more.
    pub fn is_stopped(&self) -> bool {
        self.shared().engine().is_stopped()
    }

    /// What the server last told about itself and me.
    pub fn hello(&self) -> Option<Arc<Hello>> {
        self.shared().engine().hello().cloned()
    }

    /// How many messages wait for their acknowledgement.
    pub fn unsent(&self) -> usize {
        self.shared().engine().unsent()
    }

    /// Ends politely and waits for it, a few seconds at most. Messages that were not acknowledged fail with `Stopped`. All clones
    /// are closed by this.
    pub async fn close(self) {
        self.shared().ask_to_close();
        self.stopped().await;
    }

    /// Waits until the client does nothing more, whoever ended it. Cancel-safe.
    pub async fn stopped(&self) {
        // First this, then the question: what happens in between is not missed.
        let done = self.shared().done.notified();
        if !self.is_stopped() {
            done.await;
        }
    }
}

/// A message on its way; awaiting it gives the message as it was acknowledged. Dropping it does not take the message back.
#[derive(Debug)]
#[must_use = "the message is sent anyway, but only this tells whether it arrived"]
pub struct Sending {
    id: ClientMessageId,
    outcome: oneshot::Receiver<SendOutcome>,
}

impl Sending {
    /// The message's `clientMessageId`.
    pub fn id(&self) -> &ClientMessageId {
        &self.id
    }
}

impl Future for Sending {
    type Output = Result<Arc<Message>, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.outcome).poll(context));
        Poll::Ready(outcome.unwrap_or_else(|_| Err(SendError::Stopped { client_message_id: self.id.clone() })))
    }
}

/// An id that nobody else makes: 128 random bits.
fn made_up_id() -> ClientMessageId {
    let text = format!("{:032x}", rand::random::<u128>());
    ClientMessageId::new(&text).expect("32 hexadecimal digits are an id")
}

/// How long nothing may come from a server that announced these figures.
fn silence(hello: &Hello) -> Duration {
    Duration::from_millis(hello.ping_interval_ms.saturating_add(hello.ping_timeout_ms))
}
