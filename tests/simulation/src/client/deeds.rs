//! What a client does by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::{MessageId, OrderId, Seq};
use souk_protocol::Request;
use souk_protocol::request::Token;

use crate::coverage::Seen;
use crate::judge::{FIRST, FORBIDDEN, LAST, SECOND};
use crate::ledger::{CANARY, REPEATED};
use crate::wire::Wire;

use super::{Client, Phase, Sending, State, What};

/// Between two looks at what is to be done, when nothing goes wrong any more, in milliseconds.
const CALM_MS: u64 = 600;

impl Client {
    /// Lives until dropped.
    pub async fn live(self: Arc<Self>) {
        loop {
            let pause = match self.world.is_faulty() {
                true => self.rng.lock().between(1, self.world.plan.pause_ms),
                false => CALM_MS,
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            self.act();
        }
    }

    fn act(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.wire.is_none() {
            if self.world.now() >= state.back_at {
                self.connect(&mut state);
            }
            return;
        }
        if self.world.is_faulty() && self.is_out_of_patience(&state) {
            return self.drop_connection(&mut state);
        }
        self.join_all(&mut state);
        self.send_unsent(&mut state);
        if self.world.is_faulty() {
            self.mark(&mut state);
            self.deed(&mut state);
        }
    }

    /// Says now and then that something it knows was delivered, or read: also what it said of before.
    fn mark(&self, state: &mut State) {
        let mut rng = self.marks_rng.lock();
        if self.stranger || !rng.chance(150) {
            return;
        }
        let order = self.orders[rng.index(self.orders.len())].clone();
        // What it never knew is not said to have come, though a mark would say so of all before it.
        let view = &state.views[&order];
        let Some(known) = view.cursor.filter(|cursor| *cursor > Seq::ZERO && view.from == Seq::ZERO && !view.void)
        else {
            return;
        };
        let (seq, is_read) = (rng.between(1, known.0), rng.chance(500));
        let message = MessageId { order, seq: Seq(seq) };
        let request = if is_read { Request::MessageRead { message } } else { Request::MessageDelivered { message } };
        self.ask(state, &request, What::Other);
    }

    fn is_out_of_patience(&self, state: &State) -> bool {
        let now = self.world.now();
        state.requests.values().any(|asked| now - asked.at > state.patience)
    }

    fn connect(self: &Arc<Self>, state: &mut State) {
        let Some(cluster) = self.cluster.upgrade() else { return };
        let nodes = cluster.living();
        let (Some(node), early, patience) = ({
            let mut rng = self.rng.lock();
            let node = (!nodes.is_empty()).then(|| &nodes[rng.index(nodes.len())]);
            (node, rng.chance(500), rng.between(3_000, 15_000))
        }) else {
            return;
        };
        state.wires += 1;
        state.patience = patience;
        let number = self.number * 1_000 + state.wires;
        let wire = Wire::open(Arc::clone(&self.world), self, number, node, early);
        self.world.note("connect", &[self.number, number, node.slot as u64], || self.name());
        cluster.connected(&wire);
        state.wire = Some(wire);
        if !early {
            self.ask(state, &Request::Authenticate { token: Token(self.user.as_str().into()) }, What::SignIn);
        }
        // Some clients send what waits before they join again.
        if self.rng.lock().chance(300) {
            self.send_unsent(state);
        }
        self.join_all(state);
        self.send_unsent(state);
    }

    fn drop_connection(&self, state: &mut State) {
        let noticed = if self.rng.lock().chance(500) { 0 } else { self.rng.lock().between(500, 8_000) };
        if noticed > 0 {
            self.world.saw(Seen::HalfOpenConnection);
        }
        if let Some(wire) = state.wire.take() {
            self.world.note("hang up", &[self.number, wire.number(), noticed], String::new);
            wire.hang_up(noticed);
        }
        self.forget_connection(state);
    }

    /// Hangs up for good.
    pub fn quit(&self) {
        self.go_for_good(&mut self.state.lock(), 0);
    }

    /// Is gone for good, in the middle of things; the node notices after some milliseconds.
    pub fn desert(&self, noticed_after: u64) {
        let mut state = self.state.lock();
        self.go_for_good(&mut state, noticed_after);
        state.unsent.clear();
        state.deserted = true;
        self.world.note("desert", &[self.number, noticed_after], || self.name());
    }

    fn go_for_good(&self, state: &mut State, noticed_after: u64) {
        if let Some(wire) = state.wire.take() {
            wire.hang_up(noticed_after);
        }
        self.forget_connection(state);
        state.back_at = u64::MAX;
    }

    fn join_all(&self, state: &mut State) {
        if self.stranger && !(self.world.is_faulty() && self.rng.lock().chance(100)) {
            return;
        }
        for order in &self.orders {
            let view = &mut state.views.get_mut(order).expect("every known order has a view");
            if view.phase != Phase::Out {
                continue;
            }
            if view.away && self.world.is_faulty() && !self.rng.lock().chance(150) {
                continue;
            }
            view.away = false;
            self.join(state, order);
        }
    }

    pub(super) fn join(&self, state: &mut State, order: &OrderId) {
        let told = self.ledger.told(order);
        let fresh = self.rng.lock().chance(400);
        let view = state.views.get_mut(order).expect("every known order has a view");
        let cursor = view.known().or((!fresh).then_some(Seq::ZERO.into()));
        let since = cursor.as_ref().map(|cursor| cursor.since);
        let open =
            state.requests.values().any(|asked| matches!(&asked.what, What::Send(sending) if sending.key.0 == *order));
        if view.life().is_some() && open {
            self.world.saw(Seen::RejoinedWithSendOpen);
        }
        let what = What::Join { order: order.clone(), since, told };
        let request = self.ask(state, &Request::JoinOrderChat { order: order.clone(), cursor }, what);
        state.joined.insert(order.clone());
        let view = state.views.get_mut(order).expect("every known order has a view");
        view.phase = request.map_or(Phase::Out, Phase::Joining);
    }

    fn leave(&self, state: &mut State, order: &OrderId) {
        let open =
            state.requests.values().any(|asked| matches!(&asked.what, What::Send(sending) if sending.key.0 == *order));
        let view = state.views.get_mut(order).expect("every known order has a view");
        if view.life().is_some() && open {
            self.world.saw(Seen::LeftWithSendOpen);
        }
        view.away = true;
        view.phase = Phase::Out;
        self.ask(state, &Request::LeaveOrderChat { order: order.clone() }, What::Leave(order.clone()));
    }

    /// Sends what waits and is not under way on this connection, in its order.
    pub(super) fn send_unsent(&self, state: &mut State) {
        for place in 0..state.unsent.len() {
            if state.unsent[place].request.is_none() && state.wire.is_some() {
                self.send(state, place);
            }
        }
    }

    fn send(&self, state: &mut State, place: usize) {
        let Some(node) = state.wire.as_ref().map(|wire| wire.node()) else { return };
        let (key, text) = (state.unsent[place].key.clone(), state.unsent[place].text.clone());
        self.ledger.issue(&key, &text, node);
        state.places += 1;
        let life = state.views.get(&key.0).and_then(super::View::life);
        let sending = Sending { key: key.clone(), life, place: state.places };
        let request = Request::SendMessage { order: key.0, content: text.into(), client_message_id: Some(key.2) };
        state.unsent[place].request = self.ask(state, &request, What::Send(sending));
    }

    fn some_order(&self) -> OrderId {
        self.orders[self.rng.lock().index(self.orders.len())].clone()
    }

    fn say_something(&self, state: &mut State) {
        let Some(number) = self.ledger.number(self.world.plan.messages) else { return };
        let (order, word) = (self.some_order(), word(number));
        let (kind, tag) = {
            let mut rng = self.rng.lock();
            (rng.below(1_000), rng.below(3))
        };
        let (word, text) = match kind {
            0..60 => (word.clone(), format!("call {CANARY} now, {word}")),
            60..200 => (word.clone(), format!("{word} {}", self.a_part(FIRST, tag))),
            200..340 => (word.clone(), format!("{word} {}", self.a_part(SECOND, tag))),
            340..370 => (format!("{FORBIDDEN}-{word}"), format!("{FORBIDDEN} {word}")),
            370..420 => (format!("spam-{word}"), self.a_variation()),
            420..450 => (format!("{LAST}{word}"), format!("{word} {LAST}xa {LAST}xb {LAST}xc")),
            _ => (word.clone(), format!("{word} from {}", self.user)),
        };
        self.begin(state, &order, &word, text);
    }

    /// One of the two parts of something; a person's parts meet only their own.
    fn a_part(&self, mark: &str, tag: u64) -> String {
        let letters = ["xa", "xb", "xc"][usize::try_from(tag % 3).unwrap_or(0)];
        format!("{mark}{letters}")
    }

    fn a_variation(&self) -> String {
        let variation = self.rng.lock().index(3);
        [REPEATED.to_owned(), REPEATED.to_uppercase(), REPEATED.replace(' ', " 😀 ")][variation].clone()
    }

    /// Edits one of the person's messages, or tries another's.
    fn edit(&self, state: &mut State) {
        let (pick, kind, tag) = {
            let mut rng = self.rng.lock();
            (rng.bits(), rng.below(100), rng.below(3))
        };
        let Some((key, issued)) = self.ledger.pick(&self.user, pick, true) else { return };
        let Some(seq) = issued.acknowledged else { return };
        if kind < 5 {
            return self.edit_anothers(state, &key.0);
        }
        let text = match kind {
            5..15 => issued.text.clone(),
            15..40 => format!("edited {}", self.a_part(FIRST, tag)),
            40..60 => format!("edited {}", self.a_part(SECOND, tag)),
            60..65 => format!("edited {FORBIDDEN}"),
            65..75 => format!("edited, call {CANARY} now"),
            _ => format!("edited by {} for the {pick}th time", self.user),
        };
        self.ledger.edit(&key, &text);
        let message = MessageId { order: key.0.clone(), seq };
        let request = Request::EditMessage { message, content: text.as_str().into() };
        self.ask(state, &request, What::Edit { key, text: text.clone() });
    }

    fn edit_anothers(&self, state: &mut State, order: &OrderId) {
        let Some(seq) = self.ledger.anothers(order, &self.user) else { return };
        let message = MessageId { order: order.clone(), seq };
        let request = Request::EditMessage { message, content: "mine now".into() };
        self.ask(state, &request, What::EditOfAnother(seq));
    }

    fn deed(&self, state: &mut State) {
        if self.stranger {
            return self.strange_deed(state);
        }
        let deed = self.rng.lock().below(100);
        match deed {
            0..40 => self.say_something(state),
            40..50 => self.edit(state),
            50..60 => {
                let count = self.rng.lock().between(2, 6);
                (0..count).for_each(|_| self.say_something(state));
            }
            60..68 => self.repeat(state),
            68..72 => self.contradict(state),
            72..76 => self.say_again(state),
            76..79 => self.come_back(state),
            79..84 => {
                let order = self.some_order();
                if state.views[&order].life().is_some() {
                    self.join(state, &order);
                }
            }
            84..88 => {
                let order = self.some_order();
                if state.views[&order].life().is_some() {
                    self.leave(state, &order);
                }
            }
            88..91 => {
                let cursors: BTreeMap<OrderId, Seq> = self
                    .orders
                    .iter()
                    .map(|order| (order.clone(), state.views[order].cursor.unwrap_or_default()))
                    .collect();
                let known = |order: &OrderId| state.views[order].known().unwrap_or(Seq::ZERO.into());
                let asked = self.orders.iter().map(|order| (order.clone(), known(order))).collect();
                let request = Request::Sync { cursors: asked };
                self.ask(state, &request, What::Sync(cursors));
            }
            91..93 => {
                let order = self.some_order();
                self.ask(state, &Request::Typing { order }, What::Other);
            }
            93 => drop(self.ask(state, &Request::Ping, What::Other)),
            94 => drop(self.ask(state, &Request::JoinApp, What::Other)),
            95 => drop(self.ask(state, &Request::ListChats { cursor: None, limit: None }, What::Other)),
            96 if !state.unsent.is_empty() => {
                // Somebody closes the page before it was sent for sure.
                state.unsent.pop_front();
            }
            _ => self.drop_connection(state),
        }
    }

    fn strange_deed(&self, state: &mut State) {
        if self.rng.lock().chance(300) {
            let order = self.some_order();
            let request = Request::SendMessage { order, content: "let me in".into(), client_message_id: None };
            self.ask(state, &request, What::Other);
        }
    }

    /// Sends one of the person's messages again, perhaps one of another device, perhaps while it is under way there.
    fn repeat(&self, state: &mut State) {
        let pick = self.rng.lock().bits();
        let Some((key, issued)) = self.ledger.pick(&self.user, pick, false) else { return };
        if !state.unsent.iter().any(|unsent| unsent.key == key) {
            state.unsent.push_back(super::Unsent { key, text: issued.text, request: None });
            self.send_unsent(state);
        }
    }

    /// Sends again, under its old id, what was refused.
    fn come_back(&self, state: &mut State) {
        let Some(unsent) = state.refused.pop() else { return };
        if !state.unsent.iter().any(|other| other.key == unsent.key) {
            self.world.saw(Seen::CameBackAfterRefusal);
            state.unsent.push_back(unsent);
            self.send_unsent(state);
        }
    }

    /// Sends another text under an id that was acknowledged.
    fn contradict(&self, state: &mut State) {
        let pick = self.rng.lock().bits();
        let Some((key, issued)) = self.ledger.pick(&self.user, pick, true) else { return };
        let content = format!("not {}", issued.text).into();
        let request = Request::SendMessage { order: key.0.clone(), content, client_message_id: Some(key.2.clone()) };
        self.ask(state, &request, What::Conflict(key));
    }

    /// Sends what is under way once more, on the same connection.
    fn say_again(&self, state: &mut State) {
        if !state.unsent.is_empty() {
            let place = self.rng.lock().index(state.unsent.len());
            self.send(state, place);
        }
    }
}

/// A word for a number, of letters only: moderation looks for digits. No letter follows itself, which would be the same word said
/// with emphasis.
fn word(number: u64) -> String {
    const LETTERS: [[char; 10]; 2] =
        [['a', 'c', 'e', 'g', 'k', 'n', 'p', 't', 'w', 'y'], ['b', 'd', 'f', 'h', 'j', 'm', 'q', 'r', 'x', 'z']];
    let digits = number.to_string();
    let letters = digits.bytes().enumerate().map(|(place, digit)| LETTERS[place % 2][usize::from(digit - b'0')]);
    std::iter::once('v').chain(letters).collect()
}
