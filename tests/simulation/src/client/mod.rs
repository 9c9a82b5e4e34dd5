//! A simulated client: one device of one person, that talks, comes and goes, and checks what it is told.

mod deeds;
mod receive;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::Mutex;
use souk_chat::{ClientMessageId, OrderId, Seq, UserId};
use souk_protocol::{Request, plain};

use crate::cluster::Cluster;
use crate::ledger::{Ledger, SendKey};
use crate::rng::Rng;
use crate::wire::Wire;
use crate::world::World;

pub use view::{Phase, View};

/// What a request was about.
#[derive(Clone, Debug)]
enum What {
    SignIn,
    Join {
        order: OrderId,
        since: Option<Seq>,
        told: Seq,
    },
    Leave(OrderId),
    Send(Sending),
    /// A known id with another text.
    Conflict(SendKey),
    /// Another text for one of the person's messages.
    Edit {
        key: SendKey,
        text: String,
    },
    /// Another text for somebody else's.
    EditOfAnother(Seq),
    Sync(BTreeMap<OrderId, Seq>),
    Other,
}

/// A send under way on a connection.
#[derive(Clone, Debug)]
struct Sending {
    key: SendKey,
    /// The life of the join that it was sent in; `None`: not live then.
    life: Option<u64>,
    /// Place among the sends of this connection.
    place: u64,
}

/// Something asked on a connection.
struct Asked {
    what: What,
    at: u64,
}

/// A message that waits to be acknowledged, however often it is sent.
#[derive(Clone, Debug)]
struct Unsent {
    key: SendKey,
    text: String,
    /// The request that carries it now, on this connection.
    request: Option<u64>,
}

#[derive(Default)]
struct State {
    wire: Option<Arc<Wire>>,
    wires: u64,
    requests: BTreeMap<u64, Asked>,
    next: u64,
    places: u64,
    /// Per order what was acknowledged on this connection: place of the send, number.
    acknowledged: Vec<(OrderId, u64, Seq)>,
    views: BTreeMap<OrderId, View>,
    unsent: VecDeque<Unsent>,
    /// What was refused for what it completes: sent again under the same id now and then.
    refused: Vec<Unsent>,
    /// What was sent and answered on this connection, the newest last.
    sent: VecDeque<SendKey>,
    /// Orders that were joined on this connection, and not surely left again.
    joined: BTreeSet<OrderId>,
    /// What came on this connection of orders that are not among those.
    aside: BTreeSet<(OrderId, Seq)>,
    lives: u64,
    back_at: u64,
    /// It was away for long, and is back in everything from this moment on.
    settled_at: u64,
    patience: u64,
    deserted: bool,
}

/// By when most are back whose connection broke, in milliseconds, and between what and what a few are.
const BACK_WITHIN_MS: u64 = 1_500;
const LEAVE_MS: (u64, u64) = (20_000, 35_000);
/// How long whoever comes back after that takes to join and to send what waited.
const SETTLED_WITHIN_MS: u64 = 10_000;

/// One device of one person.
pub struct Client {
    world: Arc<World>,
    cluster: Weak<Cluster>,
    ledger: Arc<Ledger>,
    user: UserId,
    number: u64,
    /// Orders that the person is party to; a stranger tries them all and is party to none.
    orders: Vec<OrderId>,
    stranger: bool,
    rng: Mutex<Rng>,
    /// For what it says of what it read.
    marks_rng: Mutex<Rng>,
    state: Mutex<State>,
}

/// Who a client is.
pub struct Identity {
    /// The person.
    pub user: UserId,
    /// The client's number.
    pub number: u64,
    /// The orders it knows of.
    pub orders: Vec<OrderId>,
    /// It is party to none of them.
    pub stranger: bool,
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(world: Arc<World>, cluster: &Arc<Cluster>, ledger: Arc<Ledger>, identity: Identity) -> Arc<Self> {
        let Identity { user, number, orders, stranger } = identity;
        let rng = world.rng().fork(number);
        let marks_rng = Mutex::new(rng.clone().fork(1));
        let views = orders.iter().map(|order| (order.clone(), View::default())).collect();
        let state = State { views, patience: 10_000, ..State::default() };
        Arc::new(Self {
            world,
            cluster: Arc::downgrade(cluster),
            ledger,
            user,
            number,
            orders,
            stranger,
            rng: Mutex::new(rng),
            marks_rng,
            state: Mutex::new(state),
        })
    }

    /// Whose device it is.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// Whether it is party to no order.
    pub fn is_stranger(&self) -> bool {
        self.stranger
    }

    /// Whether this connection carries a send whose outcome is not known.
    pub fn has_send_on(&self, wire: u64) -> bool {
        let state = self.state.lock();
        state.wire.as_ref().is_some_and(|own| own.number() == wire)
            && state.requests.values().any(|asked| matches!(asked.what, What::Send(_)))
    }

    /// What it sees of an order.
    pub fn view(&self, order: &OrderId) -> Option<View> {
        self.state.lock().views.get(order).cloned()
    }

    /// The node it is connected to.
    pub fn node(&self) -> Option<usize> {
        self.state.lock().wire.as_ref().map(|wire| wire.node())
    }

    /// Whether it stays away longer than people do whose connection broke, or has just come back.
    pub fn is_on_leave(&self) -> bool {
        let state = self.state.lock();
        let now = self.world.now();
        state.settled_at > now || state.wire.is_none() && state.back_at > now + BACK_WITHIN_MS
    }

    /// Whether it has gone for good.
    pub fn has_deserted(&self) -> bool {
        self.state.lock().deserted
    }

    /// What it still waits for since before `moment`, in words.
    pub fn waits_for(&self, moment: u64) -> Vec<String> {
        let state = self.state.lock();
        let asked = state.requests.iter().filter(|(_, asked)| asked.at <= moment);
        let asked = asked.map(|(id, asked)| format!("{} waits for {id} {:?}", self.name(), asked.what));
        let unsent = state.unsent.iter().map(|unsent| format!("{} has {:?} unsent", self.name(), unsent.key));
        asked.chain(unsent).collect()
    }

    /// The store lost what stood after `kept` in an order. The client is not told by this: only what is checked changes. A client that
    /// stands at `passed` or higher may be behind something lost without having seen it.
    pub fn lose(&self, order: &OrderId, kept: Seq, passed: Option<Seq>) {
        let mut state = self.state.lock();
        state.acknowledged.retain(|(known, _, seq)| known != order || *seq <= kept);
        state.aside.retain(|(known, seq)| known != order || *seq <= kept);
        for asked in state.requests.values_mut() {
            if let What::Join { order: joining, told, .. } = &mut asked.what
                && joining == order
            {
                *told = kept.min(*told);
            }
        }
        if let Some(view) = state.views.get_mut(order) {
            let knows_more = view.messages.keys().any(|seq| *seq > kept);
            let is_behind = |cursor| cursor > kept || passed.is_some_and(|passed| cursor >= passed);
            view.void |= knows_more || view.cursor.is_some_and(is_behind);
        }
    }

    /// The client in words.
    pub fn name(&self) -> String {
        format!("{}/{}", self.user, self.number)
    }

    fn ask(&self, state: &mut State, request: &Request<'_>, what: What) -> Option<u64> {
        let wire = state.wire.clone()?;
        state.next += 1;
        let id = state.next;
        self.world.note("ask", &[self.number, id], || format!("{} {what:?}", self.name()));
        state.requests.insert(id, Asked { what, at: self.world.now() });
        wire.send(text(&plain::request_frame(Some(id), request)));
        Some(id)
    }

    /// The connection is gone.
    pub fn lost(&self, wire: u64) {
        let mut state = self.state.lock();
        if state.wire.as_ref().is_some_and(|own| own.number() == wire) {
            self.world.note("lost", &[self.number, wire], String::new);
            self.forget_connection(&mut state);
        }
    }

    fn forget_connection(&self, state: &mut State) {
        state.wire = None;
        state.requests.clear();
        state.acknowledged.clear();
        state.sent.clear();
        state.joined.clear();
        state.aside.clear();
        state.unsent.iter_mut().for_each(|unsent| unsent.request = None);
        state.views.values_mut().for_each(|view| view.phase = Phase::Out);
        let mut rng = self.rng.lock();
        // A few come back when whoever was gone with them has been looked after.
        let on_leave = self.world.is_faulty() && rng.chance(20);
        let (least, most) = if on_leave { LEAVE_MS } else { (10, BACK_WITHIN_MS) };
        state.back_at = self.world.now() + rng.between(least, most);
        state.settled_at = if on_leave { state.back_at + SETTLED_WITHIN_MS } else { 0 };
    }

    /// Begins a message in an order. `word` is not said by anybody else.
    pub fn say(&self, order: &OrderId, word: &str) {
        let text = format!("{word} from {}", self.user);
        self.begin(&mut self.state.lock(), order, word, text);
    }

    fn begin(&self, state: &mut State, order: &OrderId, word: &str, text: String) {
        let id = format!("{}-{word}", self.number);
        let id = ClientMessageId::new(&id).expect("words are of the alphabet");
        let key = (order.clone(), self.user.clone(), id);
        state.unsent.push_back(Unsent { key, text, request: None });
        self.send_unsent(state);
    }
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
