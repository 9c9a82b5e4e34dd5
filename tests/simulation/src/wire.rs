//! A connection between a simulated client and a node: texts travel in order, both ways, until it breaks.
//!
//! On the node's side it does what the task of a real connection does: texts go to the driver, what the handle holds goes out.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use souk_chat::ports::Runtime;
use souk_node::hub::{ConnectionHandle, Outgoing};
use souk_node::socket::{Driver, Opening};

use crate::client::Client;
use crate::cluster::{Node, sign_in};
use crate::runtime::may_panic;
use crate::world::World;

/// The name of a connection's task.
const CONNECTION: &str = "connection";

#[derive(Default)]
struct State {
    inbound: VecDeque<String>,
    waker: Option<Waker>,
    /// The node knows that the client is gone.
    hung_up: bool,
    /// The client said so.
    said_goodbye: bool,
    /// Nothing travels any more.
    over: bool,
    up_at: u64,
    down_at: u64,
}

/// One connection.
pub struct Wire {
    world: Arc<World>,
    client: Weak<Client>,
    number: u64,
    node: usize,
    state: Mutex<State>,
}

enum Woken {
    Text(String),
    Outgoing(Outgoing),
    HungUp,
}

impl Wire {
    /// Connects a client to a node. `early`: the token comes with the handshake.
    pub fn open(world: Arc<World>, client: &Arc<Client>, number: u64, node: &Arc<Node>, early: bool) -> Arc<Self> {
        let wire =
            Arc::new(Self { world, client: Arc::downgrade(client), number, node: node.slot, state: Mutex::default() });
        let opening = early.then(|| (sign_in(client.user(), node.runtime.now()), client.user().to_string()));
        let serving = serve(Arc::clone(&wire), Arc::clone(node), Opening::Plain(opening));
        node.runtime.spawn(CONNECTION, Box::pin(serving));
        wire
    }

    /// Which node it leads to.
    pub fn node(&self) -> usize {
        self.node
    }

    /// The connection's number, of all connections of a run.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether nothing travels on it any more.
    pub fn is_over(&self) -> bool {
        self.state.lock().over
    }

    /// Whether its client waits for the outcome of a send.
    pub fn has_send_under_way(&self) -> bool {
        self.client.upgrade().is_some_and(|client| client.has_send_on(self.number))
    }

    /// A text for the node.
    pub fn send(self: &Arc<Self>, text: String) {
        let delay = self.world.rng().below(10);
        let at = {
            let mut state = self.state.lock();
            state.up_at = state.up_at.max(self.world.now() + delay);
            state.up_at
        };
        let me = Arc::clone(self);
        self.world.at(at, move || {
            let mut state = me.state.lock();
            if !state.over && !state.hung_up {
                state.inbound.push_back(text);
                state.waker.take().into_iter().for_each(Waker::wake);
            }
        });
    }

    /// The client is gone; the node notices after some milliseconds.
    pub fn hang_up(self: &Arc<Self>, noticed_after: u64) {
        let me = Arc::clone(self);
        self.world.after(noticed_after, move || {
            let mut state = me.state.lock();
            state.hung_up = true;
            state.said_goodbye = noticed_after == 0;
            state.waker.take().into_iter().for_each(Waker::wake);
        });
    }

    /// The node is gone; the client notices soon.
    pub fn break_off(self: &Arc<Self>) {
        self.state.lock().over = true;
        let delay = self.world.rng().below(50);
        let me = Arc::clone(self);
        self.world.after(delay, move || {
            if let Some(client) = me.client.upgrade() {
                client.lost(me.number);
            }
        });
    }

    fn carry_down(self: &Arc<Self>, frames: VecDeque<Bytes>) {
        if frames.is_empty() {
            return;
        }
        let delay = self.world.rng().below(10);
        let at = {
            let mut state = self.state.lock();
            state.down_at = state.down_at.max(self.world.now() + delay);
            state.down_at
        };
        let me = Arc::clone(self);
        self.world.at(at, move || {
            if let Some(client) = me.client.upgrade() {
                client.receive(me.number, &frames);
            }
        });
    }

    async fn wake(&self, handle: &ConnectionHandle, reads: bool) -> Woken {
        let woken = poll_fn(|context| {
            if let Poll::Ready(outgoing) = handle.poll_take(context, true) {
                return Poll::Ready(Woken::Outgoing(outgoing));
            }
            let mut state = self.state.lock();
            if state.hung_up {
                return Poll::Ready(Woken::HungUp);
            }
            if reads && let Some(text) = state.inbound.pop_front() {
                return Poll::Ready(Woken::Text(text));
            }
            state.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        may_panic(&self.world);
        woken
    }
}

/// The node's side. When it is dropped, at the end of its task or in a panic, the socket is closed.
struct Side {
    wire: Arc<Wire>,
    handle: Arc<ConnectionHandle>,
    /// The client went first, and knows.
    hung_up: bool,
}

impl Drop for Side {
    fn drop(&mut self) {
        self.handle.close();
        let was_over = std::mem::replace(&mut self.wire.state.lock().over, true);
        if !self.hung_up && !was_over {
            self.wire.break_off();
        }
    }
}

/// The node's side, to the end of the connection.
async fn serve(wire: Arc<Wire>, node: Arc<Node>, opening: Opening) {
    let context = Arc::clone(&node.context);
    drop(node);
    let handle = Arc::new(ConnectionHandle::new(wire.number, context.seconds()));
    let mut side = Side { wire, handle: Arc::clone(&handle), hung_up: false };
    let mut driver = Driver::open(opening, Arc::clone(&handle), Arc::clone(&context));
    while driver.ended().is_none() {
        match side.wire.wake(&handle, !driver.is_busy()).await {
            Woken::HungUp => {
                side.hung_up = true;
                if side.wire.state.lock().said_goodbye {
                    handle.heard(context.seconds(), true);
                }
                break;
            }
            Woken::Text(text) => {
                handle.heard(context.seconds(), true);
                driver.text(&text);
            }
            Woken::Outgoing(outgoing) => {
                side.wire.carry_down(outgoing.frames);
                outgoing.notices.into_iter().for_each(|notice| driver.notice(notice));
            }
        }
    }
    handle.close();
    drop(driver);
}
