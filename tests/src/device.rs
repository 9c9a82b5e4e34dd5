//! A device that talks, comes back, and writes down everything it sees in the order of the wire.
//!
//! It is made of [`Connection`](souk_client::Connection) and keeps to docs/protocol.md by its own means, so that the client's reconnecting is not the only one
//! that is tried.

mod life;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use souk_chat::{ClientMessageId, Cursor, MessageId, OrderId, Seq};
use souk_client::Carrier;
use souk_protocol::Error;
use souk_protocol::dto::Message;
use souk_protocol::socketio::Namespace;
use tokio::sync::{mpsc, oneshot};

use crate::people::{Person, tail};
use crate::record::{Attempt, Record};
use crate::{left_out, wait};

/// The plain carrier.
pub const PLAIN: Carrier = Carrier::Plain { batch: false };
/// Socket.IO in the namespace `/chat`.
pub const SOCKET_IO: Carrier = Carrier::SocketIo(Namespace::Chat);

/// What a device is.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name in what the checker says.
    pub name: String,
    /// Whose it is.
    pub person: Person,
    /// The order it is about.
    pub order: OrderId,
    /// Where it connects: the first, and after each end the next one.
    pub nodes: Vec<SocketAddr>,
    /// How it speaks.
    pub carrier: Carrier,
    /// Whether it joins the order; otherwise it only has signed in.
    pub joins: bool,
    /// How many sends may be unanswered.
    pub window: usize,
}

impl Spec {
    /// A device that joins, with a small window.
    pub fn new(name: &str, person: &Person, order: &OrderId, nodes: &[SocketAddr], carrier: Carrier) -> Self {
        Self {
            name: name.to_owned(),
            person: person.clone(),
            order: order.clone(),
            nodes: nodes.to_vec(),
            carrier,
            joins: true,
            window: 8,
        }
    }

    /// A device that does not join.
    #[must_use]
    pub fn aside(mut self) -> Self {
        self.joins = false;
        self
    }

    /// Starts it. It goes on until dropped.
    pub fn start(self) -> Device {
        let record = Record { device: self.name.clone(), joins: self.joins, ..Record::default() };
        let shared = Arc::new(Mutex::new(Shared { record, live: false, cursor: Seq(0).into() }));
        let (commands, inbox) = mpsc::unbounded_channel();
        let (name, order) = (self.name.clone(), self.order.clone());
        let task = tokio::spawn(life::live(self, Arc::clone(&shared), inbox));
        Device { name, order, shared, commands, task }
    }
}

/// What the task and its owner share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) record: Record,
    pub(crate) live: bool,
    pub(crate) cursor: Cursor,
}

/// What a device is told to do.
pub(crate) enum Command {
    Send(ClientMessageId),
    Edit(MessageId, String, oneshot::Sender<Result<Message, Error>>),
    Typing,
    Cut,
}

/// A device that runs.
pub struct Device {
    /// Its name.
    pub name: String,
    order: OrderId,
    shared: Arc<Mutex<Shared>>,
    commands: mpsc::UnboundedSender<Command>,
    task: tokio::task::JoinHandle<()>,
}

impl Device {
    /// Waits until it is signed in and, if it joins, caught up and live.
    pub async fn live(&self, within: Duration) {
        wait::until_true(&format!("{} is live in {}", self.name, self.order), within, || self.is_live()).await;
    }

    /// Whether it is live at the moment.
    pub fn is_live(&self) -> bool {
        self.shared.lock().live
    }

    /// Sends a text, now or when it is connected again, until it is acknowledged or refused for good.
    pub fn send(&self, content: impl Into<String>) -> ClientMessageId {
        let id = ClientMessageId::new(&format!("m-{}", tail())).expect("an id of the alphabet");
        self.send_as(id, content)
    }

    /// The same under an id of the caller.
    pub fn send_as(&self, id: ClientMessageId, content: impl Into<String>) -> ClientMessageId {
        let attempt =
            Attempt { content: content.into(), first_sent: None, sent: 0, acknowledged: None, refusals: Vec::new() };
        self.shared.lock().record.attempts.insert(id.clone(), attempt);
        self.commands.send(Command::Send(id.clone())).expect("the device runs");
        id
    }

    /// Edits a message on the connection that it has. Panics when there is no answer within this time.
    pub async fn edit(&self, id: &MessageId, content: &str, within: Duration) -> Result<Message, Error> {
        let (to, answer) = oneshot::channel();
        let command = Command::Edit(id.clone(), content.to_owned(), to);
        self.commands.send(command).expect("the device runs");
        let what = format!("{} got its edit of {id} answered", self.name);
        wait::within(&what, within, answer).await.expect("the connection stays")
    }

    /// The acknowledgement of a send. Panics when it was refused for good, or not within this time.
    pub async fn acknowledged(&self, id: &ClientMessageId, within: Duration) -> Message {
        wait::until(&format!("{} got {id} acknowledged", self.name), within, || {
            let shared = self.shared.lock();
            let attempt = &shared.record.attempts[id];
            let refused = attempt.refusals.iter().find(|code| *code != "unavailable");
            assert!(refused.is_none(), "{} of {}: {refused:?}", attempt.content, self.name);
            std::future::ready(attempt.acknowledged.as_ref().map(|(_, message)| message.clone()))
        })
        .await
    }

    /// Waits until every send was acknowledged.
    pub async fn all_acknowledged(&self, within: Duration) {
        let what = format!("{} got all its sends acknowledged", self.name);
        wait::until_true(&what, within, || {
            let shared = self.shared.lock();
            shared.record.acknowledged() == shared.record.attempts.len()
        })
        .await;
    }

    /// The refusal of a send. Panics when it was acknowledged, or not refused within this time.
    pub async fn refused(&self, id: &ClientMessageId, within: Duration) -> String {
        wait::until(&format!("{} got {id} refused", self.name), within, || {
            let shared = self.shared.lock();
            let attempt = &shared.record.attempts[id];
            assert!(attempt.acknowledged.is_none(), "{} of {} was taken", attempt.content, self.name);
            std::future::ready(attempt.refusals.last().cloned())
        })
        .await
    }

    /// Waits until it has seen a message with this text, in whatever way.
    pub async fn sees(&self, content: &str, within: Duration) -> Message {
        wait::until(&format!("{} sees {content:?}", self.name), within, || {
            let shared = self.shared.lock();
            let seen = shared.record.view().into_values().find(|message| &*message.content == content).cloned();
            std::future::ready(seen)
        })
        .await
    }

    /// Waits until it was pushed something of this name.
    pub async fn told(&self, name: &str, within: Duration) {
        let what = format!("{} is told {name}", self.name);
        wait::until_true(&what, within, || self.shared.lock().record.told(name) > 0).await;
    }

    /// Says that its user types.
    pub fn typing(&self) {
        self.commands.send(Command::Typing).expect("the device runs");
    }

    /// Its connection breaks now, if it has one. It comes back by itself.
    pub fn cut(&self) {
        self.commands.send(Command::Cut).expect("the device runs");
    }

    /// What it saw and did so far.
    pub fn record(&self) -> Record {
        self.shared.lock().record.clone()
    }

    /// How many messages it has seen.
    pub fn count(&self) -> usize {
        self.shared.lock().record.view().len()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.task.abort();
        if std::thread::panicking() {
            left_out::say(&self.shared.lock().record.to_string());
        }
    }
}
