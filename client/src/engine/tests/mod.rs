//! The rules of cursors, resending and order, told step by step.

mod cursors;
mod sends;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::{ClientMessageId, OrderId, Seq};
use souk_protocol::{PushKind, Request, ServerEvent};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::testing::message;
use super::{Engine, Figures, JoinOutcome, PendingSend, SendOutcome, Waiter, Way, Wire};
use crate::backoff::Dice;
use crate::close::CloseReason;
use crate::connection::{Answer, Item};
use crate::error::{JoinError, RequestError, SendError};
use crate::event::{Change, Event, EventQueue, Events};

/// A connection that only notes what it is given: the request's number, its name, and its order or content.
#[derive(Default)]
struct Notes {
    next: u64,
    out: Vec<(u64, &'static str, String)>,
    room: usize,
}

impl Wire for Notes {
    fn ask(&mut self, request: &Request<'_>) -> Result<u64, RequestError> {
        if self.room == 0 {
            return Err(RequestError::Full);
        }
        self.room -= 1;
        self.next += 1;
        let detail = match request {
            Request::SendMessage { order, content, .. } => format!("{order} {content}"),
            Request::JoinOrderChat { order, cursor } => {
                let epoch = cursor.as_ref().and_then(|cursor| cursor.epoch.as_ref());
                let epoch = epoch.map_or(String::new(), |epoch| format!(" of {epoch}"));
                format!("{order} {:?}{epoch}", cursor.as_ref().map(|cursor| cursor.since.0))
            }
            _ => String::new(),
        };
        self.out.push((self.next, request.name(), detail));
        Ok(self.next)
    }

    fn tell(&mut self, request: &Request<'_>) -> Result<(), RequestError> {
        self.out.push((0, request.name(), String::new()));
        Ok(())
    }
}

struct Stage {
    engine: Engine,
    wire: Notes,
    events: Events,
    now: Instant,
}

const MINUTE: Duration = Duration::from_secs(60);

fn order(name: &str) -> OrderId {
    OrderId::new(name).unwrap()
}

impl Stage {
    fn new(window: usize, cursors: &[(&str, u64)]) -> Self {
        let figures = Figures { outbox: 3, window, view: 100, answer_time: Duration::from_secs(20) };
        let queue = Arc::new(EventQueue::new(100));
        let cursors: BTreeMap<_, _> = cursors.iter().map(|(name, seq)| (order(name), Seq(*seq).into())).collect();
        let engine = Engine::new(figures, queue.clone(), cursors, Dice::new(1));
        let wire = Notes { room: 1_000, ..Notes::default() };
        Self { engine, wire, events: Events(queue), now: Instant::now() }
    }

    /// Connects, with `join_app` answered by nothing.
    fn online(mut self) -> Self {
        self.connect();
        self
    }

    fn connect(&mut self) {
        self.engine.connected();
        assert_eq!(self.pump()[0].1, "join_app");
    }

    /// What is written now.
    fn pump(&mut self) -> Vec<(u64, &'static str, String)> {
        self.engine.pump(&mut self.wire, self.now);
        std::mem::take(&mut self.wire.out)
    }

    /// What is written now: one request of this name; its number and details.
    fn one(&mut self, name: &str) -> (u64, String) {
        let out = self.pump();
        assert_eq!(out.len(), 1, "{out:?}");
        assert_eq!(out[0].1, name);
        (out[0].0, out[0].2.clone())
    }

    fn join(&mut self, name: &str, since: Option<u64>) -> oneshot::Receiver<JoinOutcome> {
        let (to, outcome) = oneshot::channel();
        self.engine.join(&order(name), since.map(Seq), Waiter { deadline: self.now + MINUTE, to });
        outcome
    }

    fn send(&mut self, name: &str, text: &str) -> oneshot::Receiver<SendOutcome> {
        let (to, outcome) = oneshot::channel();
        self.engine.send(PendingSend {
            order: order(name),
            id: ClientMessageId::new(text).unwrap(),
            content: text.into(),
            deadline: self.now + MINUTE,
            to,
            state: Way::Waits(None),
        });
        outcome
    }

    fn answer(&mut self, id: u64, answer: Answer) {
        self.engine.incoming(Item::Answer { id, result: Ok(answer) }, self.now);
    }

    fn refuse(&mut self, id: u64, code: souk_protocol::Code, retry_after_ms: Option<u64>) {
        let error = souk_protocol::Error { retry_after_ms, ..souk_protocol::Error::new(code, "no") };
        self.engine.incoming(Item::Answer { id, result: Err(error) }, self.now);
    }

    fn joined(&mut self, id: u64, name: &str, seqs: &[u64], up_to: u64, head: u64) {
        self.joined_in(id, name, seqs, (up_to, head), serde_json::json!({}));
    }

    /// The same, with `more` fields in the answer.
    fn joined_in(&mut self, id: u64, name: &str, seqs: &[u64], (up_to, head): (u64, u64), more: serde_json::Value) {
        let messages: Vec<_> = seqs.iter().map(|seq| message(name, *seq, 1)).collect();
        let mut joined = serde_json::json!({
            "chat": {"orderId": name, "kind": "order", "participants": [], "state": "open", "head": head, "unread": 0,
                "createdAt": "2026-01-02T03:04:05.678Z"},
            "messages": messages, "upTo": up_to, "head": head, "more": up_to < head
        });
        for (name, value) in more.as_object().unwrap() {
            joined[name] = value.clone();
        }
        self.answer(id, Answer::Joined(serde_json::from_value(joined).unwrap()));
    }

    fn push(&mut self, event: ServerEvent) {
        self.engine.incoming(Item::Push(Box::new(event)), self.now);
    }

    fn pushed(&mut self, name: &str, seq: u64) {
        self.push(ServerEvent::NewMessage(message(name, seq, 1)));
    }

    fn cursor(&self, name: &str) -> Option<u64> {
        self.engine.cursor(&order(name)).map(|seq| seq.0)
    }

    /// The new and changed messages told so far.
    fn told(&mut self) -> Vec<(u64, Change)> {
        let told = std::iter::from_fn(|| self.events.try_next()).filter_map(|event| match event {
            Event::Message { message, change } => Some((message.seq.0, change)),
            _ => None,
        });
        told.collect()
    }
}
