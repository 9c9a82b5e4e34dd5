//! What a client knows and wants, without sockets, tasks and clocks.
//!
//! The user's calls, what the server said, and time go in; requests for the server and events for the user come out. The driver
//! brings both sides together: see `client::driver`.

mod calls;
mod incoming;
mod orders;
mod outbox;
mod pump;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use souk_chat::{Cursor, OrderId, Seq};
use souk_protocol::Request;
use souk_protocol::dto::{Hello, Message, Synced};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::backoff::Dice;
use crate::close::CloseReason;
use crate::connection::Answer;
use crate::error::{JoinError, RequestError, SendError};
use crate::event::{Event, EventQueue};
use crate::limits::WAITING_REQUESTS;
use crate::token::AccessToken;

pub use orders::JoinedOrder;
pub(crate) use orders::{JoinOutcome, Phase, Waiter};
pub(crate) use outbox::{Outbox, PendingSend, SendOutcome, Way};

use calls::{Asked, Call, Purpose};
use orders::Orders;

/// What goes out: the connection, or a list in tests.
pub(crate) trait Wire {
    fn ask(&mut self, request: &Request<'_>) -> Result<u64, RequestError>;
    fn tell(&mut self, request: &Request<'_>) -> Result<(), RequestError>;
}

/// Figures that the user chose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) outbox: usize,
    pub(crate) window: usize,
    pub(crate) view: usize,
    pub(crate) answer_time: Duration,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Engine {
    figures: Figures,
    events: Arc<EventQueue>,
    orders: Orders,
    outbox: Outbox,
    asked: HashMap<u64, Asked>,
    calls: VecDeque<Call>,
    /// Requests that nobody waits for: typing, leaving.
    casts: VecDeque<Request<'static>>,
    dice: Dice,
    online: bool,
    stopped: bool,
    greet: bool,
    hello: Option<Arc<Hello>>,
    /// The server said that the token ends soon.
    token_ends: bool,
    /// A join or a send stayed unanswered.
    stuck: bool,
}

impl Engine {
    pub(crate) fn new(
        figures: Figures,
        events: Arc<EventQueue>,
        cursors: BTreeMap<OrderId, Cursor>,
        dice: Dice,
    ) -> Self {
        Self {
            figures,
            events,
            orders: Orders::with_cursors(cursors),
            outbox: Outbox::new(figures.outbox, figures.window),
            asked: HashMap::new(),
            calls: VecDeque::new(),
            casts: VecDeque::new(),
            dice,
            online: false,
            stopped: false,
            greet: false,
            hello: None,
            token_ends: false,
            stuck: false,
        }
    }

    /// Puts a message into the outbox.
    pub(crate) fn send(&mut self, send: PendingSend) {
        let id = &send.id;
        let refused = if self.stopped {
            Some(SendError::Stopped { client_message_id: id.clone() })
        } else {
            self.outbox.check(&send.order, id).err()
        };
        match refused {
            // The sender may not wait any more.
            Some(error) => drop(send.to.send(Err(error))),
            None => self.outbox.put(send),
        }
    }

    /// Wants an order, from `since` or else from the kept cursor.
    pub(crate) fn join(&mut self, order: &OrderId, since: Option<Seq>, waiter: Waiter) {
        let refusal = if self.stopped { JoinError::Stopped } else { JoinError::Full };
        let state = if self.stopped { None } else { self.orders.room_for(order) };
        let Some(state) = state else {
            // The caller may not wait any more.
            let _ = waiter.to.send(Err(refusal));
            return;
        };
        state.wanted = true;
        state.phase = Phase::Away;
        state.retry_at = None;
        if since.is_some() {
            // Where the user learned it, and in which epoch, is not known here.
            (state.cursor, state.epoch) = (since, None);
        }
        state.wait(waiter);
    }

    /// Wants it no longer. Cursor and messages stay.
    pub(crate) fn leave(&mut self, order: &OrderId) {
        let Some(state) = self.orders.get_mut(order) else { return };
        state.wanted = false;
        state.phase = Phase::Away;
        state.tell(&Err(JoinError::Left));
        self.cast(Request::LeaveOrderChat { order: order.clone() });
    }

    /// Something that nobody waits for; forgotten when there is no connection, or too much waits.
    pub(crate) fn cast(&mut self, request: Request<'static>) {
        if self.online && self.casts.len() < WAITING_REQUESTS {
            self.casts.push_back(request);
        }
    }

    /// A request of the user.
    pub(crate) fn call(
        &mut self,
        request: Request<'static>,
        deadline: Instant,
        to: oneshot::Sender<Result<Answer, RequestError>>,
    ) {
        match self.refuse_call() {
            // The caller may not wait any more.
            Some(error) => drop(to.send(Err(error))),
            None => self.calls.push_back(Call { request, deadline, purpose: Purpose::Call(to) }),
        }
    }

    /// Catches up with orders without joining them.
    pub(crate) fn sync(
        &mut self,
        cursors: BTreeMap<OrderId, Cursor>,
        deadline: Instant,
        to: oneshot::Sender<Result<Synced, RequestError>>,
    ) {
        if let Some(error) = self.refuse_call() {
            // The caller may not wait any more.
            let _ = to.send(Err(error));
            return;
        }
        let request = Request::Sync { cursors: cursors.clone().into_iter().collect() };
        self.calls.push_back(Call { request, deadline, purpose: Purpose::Sync(cursors, to) });
    }

    fn refuse_call(&self) -> Option<RequestError> {
        match () {
            () if self.stopped => Some(RequestError::Stopped),
            () if !self.online => Some(RequestError::NotConnected),
            () if self.calls.len() >= WAITING_REQUESTS => Some(RequestError::Full),
            () => None,
        }
    }

    /// Goes on with another token.
    pub(crate) fn refresh(&mut self, token: &AccessToken, now: Instant) {
        let request = Request::RefreshToken { token: token.for_request() };
        let deadline = now + self.figures.answer_time;
        self.calls.push_front(Call { request, deadline, purpose: Purpose::Refresh });
    }

    /// Signed in.
    pub(crate) fn connected(&mut self) {
        self.online = true;
        self.greet = true;
        self.tell(Event::Connected);
    }

    /// The connection ended, or none came about.
    pub(crate) fn disconnected(&mut self, why: &CloseReason) {
        self.online = false;
        self.stuck = false;
        self.token_ends = false;
        self.casts = VecDeque::new();
        self.outbox.rewind();
        for (_, state) in self.orders.iter_mut() {
            state.phase = Phase::Away;
            state.retry_at = None;
        }
        for (_, asked) in self.asked.drain() {
            asked.purpose.fail(&RequestError::Lost(why.clone()));
        }
        for call in std::mem::take(&mut self.calls) {
            call.purpose.fail(&RequestError::NotConnected);
        }
    }

    /// Nothing more happens: everybody who waits is told.
    pub(crate) fn stop(&mut self) {
        self.disconnected(&CloseReason::Local);
        self.stopped = true;
        self.outbox.stop();
        self.orders.iter_mut().for_each(|(_, state)| state.tell(&Err(JoinError::Stopped)));
    }

    /// Ends what took too long.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.outbox.expire(now);
        for (_, state) in self.orders.iter_mut() {
            for waiter in state.waiters.extract_if(.., |waiter| waiter.deadline <= now) {
                // The caller may have given up.
                let _ = waiter.to.send(Err(JoinError::TimedOut));
            }
        }
        for (_, asked) in self.asked.extract_if(|_, asked| asked.deadline <= now) {
            match asked.purpose {
                Purpose::Call(_) | Purpose::Sync(..) => asked.purpose.fail(&RequestError::TimedOut),
                Purpose::Hello | Purpose::Join(_) | Purpose::Send(..) | Purpose::Refresh => self.stuck = true,
            }
        }
    }

    /// The next moment after `now` at which [`expire`](Self::expire) or [`pump`](Self::pump) has something to do.
    pub(crate) fn alarm(&self, now: Instant) -> Option<Instant> {
        let orders = self.orders.iter().flat_map(|(_, state)| {
            let retry = state.retry_at.filter(|at| state.wanted && self.online && *at > now);
            state.waiters.iter().map(|waiter| waiter.deadline).chain(retry)
        });
        let asked = self.asked.values().map(|asked| asked.deadline);
        orders.chain(asked).chain(self.outbox.alarm(now)).min()
    }

    /// Whether the connection does not answer what it must.
    pub(crate) fn is_stuck(&self) -> bool {
        self.stuck
    }

    pub(crate) fn is_online(&self) -> bool {
        self.online
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether the server wants a newer token. Says so once.
    pub(crate) fn take_token_ends(&mut self) -> bool {
        std::mem::take(&mut self.token_ends)
    }

    pub(crate) fn hello(&self) -> Option<&Arc<Hello>> {
        self.hello.as_ref()
    }

    pub(crate) fn unsent(&self) -> usize {
        self.outbox.len()
    }

    pub(crate) fn cursors(&self) -> BTreeMap<OrderId, Cursor> {
        self.orders.cursors()
    }

    pub(crate) fn cursor(&self, order: &OrderId) -> Option<Seq> {
        self.orders.get(order)?.cursor
    }

    pub(crate) fn is_live(&self, order: &OrderId) -> bool {
        self.orders.get(order).is_some_and(|state| state.phase == Phase::Live)
    }

    pub(crate) fn view(&self, order: &OrderId) -> BTreeMap<Seq, Arc<Message>> {
        self.orders.get(order).map_or_else(BTreeMap::new, |state| state.view.messages().clone())
    }

    pub(crate) fn tell(&self, event: Event) {
        self.events.push(event);
    }
}
