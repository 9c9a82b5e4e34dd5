//! The rules of cursors, resending and order, told step by step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::{ClientMessageId, OrderId, Seq};
use souk_protocol::{PushKind, Request, ServerEvent};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::testing::message;
use super::{Engine, Figures, JoinOutcome, Parcel, SendOutcome, Waiter, Way, Wire};
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
            Request::JoinOrderChat { order, since } => format!("{order} {:?}", since.map(|since| since.0)),
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
        let cursors: BTreeMap<_, _> = cursors.iter().map(|(name, seq)| (order(name), Seq(*seq))).collect();
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
        self.engine.send(Parcel {
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
        let messages: Vec<_> = seqs.iter().map(|seq| message(name, *seq, 1)).collect();
        let joined = serde_json::json!({
            "chat": {"orderId": name, "kind": "order", "participants": [], "state": "open", "head": head, "unread": 0,
                "createdAt": "2026-01-02T03:04:05.678Z"},
            "messages": messages, "upTo": up_to, "head": head, "more": up_to < head
        });
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

#[test]
fn only_the_joins_answer_and_later_pushes_move_the_cursor() {
    let mut stage = Stage::new(1, &[]).online();
    let mut outcome = stage.join("o", None);
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!(asked, "o None");
    stage.pushed("o", 9);
    assert_eq!(stage.cursor("o"), None, "a push before the answer");
    stage.joined(id, "o", &[6, 7], 7, 7);
    assert_eq!(stage.cursor("o"), Some(7));
    assert_eq!(outcome.try_recv().unwrap().unwrap().up_to, Seq(7));

    drop(stage.send("o", "mine"));
    let (id, _) = stage.one("send_message");
    stage.answer(id, Answer::Message(Box::new(message("o", 8, 1))));
    assert_eq!(stage.cursor("o"), Some(7), "an acknowledgement");
    stage.pushed("o", 10);
    assert_eq!(stage.cursor("o"), Some(10));
    stage.pushed("o", 9);
    assert_eq!(stage.cursor("o"), Some(10), "it never falls");
    assert_eq!(stage.told().iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [9, 6, 7, 8, 10]);
    assert_eq!(stage.engine.view(&order("o")).keys().map(|seq| seq.0).collect::<Vec<_>>(), [6, 7, 8, 9, 10]);
}

#[test]
fn every_kind_of_entry_moves_the_cursor_by_its_own_number() {
    let mut stage = Stage::new(1, &[]).online();
    drop(stage.join("o", None));
    let (id, _) = stage.one("join_order_chat");
    stage.joined(id, "o", &[], 0, 0);
    let parse = |kind, data: serde_json::Value| ServerEvent::parse(kind, &data.to_string()).unwrap();
    let edited = |rev, version| souk_protocol::dto::Message { rev: Seq(rev), ..message("o", 1, version) };
    for (push, cursor) in [
        (ServerEvent::MessageSent(message("o", 1, 1)), 1),
        (ServerEvent::MessageEdited(edited(2, 2)), 2),
        (parse(PushKind::ChatClosed, serde_json::json!({"orderId": "o", "seq": 3})), 3),
        (parse(PushKind::ChatReopened, serde_json::json!({"orderId": "o", "seq": 4})), 4),
        (parse(PushKind::MessagesMasked, serde_json::json!({"orderId": "o", "messages": [edited(5, 3)]})), 5),
        (parse(PushKind::Typing, serde_json::json!({"orderId": "o", "userId": "b", "expiresInMs": 1})), 5),
        (ServerEvent::NewMessage(message("p", 99, 1)), 5),
    ] {
        stage.push(push);
        assert_eq!(stage.cursor("o"), Some(cursor));
    }
    assert_eq!(stage.cursor("p"), None);
    let expected = [(1, Change::New), (1, Change::Changed), (1, Change::Changed), (99, Change::New)];
    assert_eq!(stage.told(), expected);
}

#[test]
fn more_means_joining_again_from_there_and_not_live_yet() {
    let mut stage = Stage::new(1, &[("o", 3)]).online();
    let mut outcome = stage.join("o", None);
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!(asked, "o Some(3)");
    stage.joined(id, "o", &[4, 5], 5, 9);
    assert!(outcome.try_recv().is_err() && !stage.engine.is_live(&order("o")));
    stage.pushed("o", 10);
    assert_eq!(stage.cursor("o"), Some(5), "not live: the push moves nothing");
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!(asked, "o Some(5)");
    stage.joined(id, "o", &[6, 10], 10, 10);
    assert!(outcome.try_recv().unwrap().is_ok() && stage.engine.is_live(&order("o")));
    assert_eq!((stage.cursor("o"), stage.pump().len()), (Some(10), 0));
}

#[test]
fn a_new_connection_joins_again_from_the_cursor() {
    let mut stage = Stage::new(1, &[]).online();
    drop((stage.join("o", None), stage.join("p", Some(4)), stage.join("q", None)));
    let asked = stage.pump();
    assert_eq!(asked[1].2, "p Some(4)");
    stage.joined(asked[0].0, "o", &[2], 2, 2);
    stage.joined(asked[1].0, "p", &[], 4, 4);
    stage.joined(asked[2].0, "q", &[], 1, 1);
    stage.pushed("o", 3);
    stage.engine.leave(&order("q"));
    assert_eq!(stage.pump()[0].1, "leave_order_chat");
    stage.engine.disconnected(&CloseReason::Silent);
    assert!(stage.pump().is_empty());
    stage.pushed("o", 4);
    stage.engine.connected();
    let again: Vec<_> = stage.pump().into_iter().map(|(_, name, detail)| (name, detail)).collect();
    let expected = [("join_app", ""), ("join_order_chat", "o Some(3)"), ("join_order_chat", "p Some(4)")];
    assert_eq!(again, expected.map(|(name, detail)| (name, detail.to_owned())));
    assert_eq!(stage.engine.cursors().len(), 3, "what was left keeps its cursor");
}

#[test]
fn answers_to_older_joins_change_nothing() {
    let mut stage = Stage::new(1, &[]).online();
    let mut first = stage.join("o", Some(1));
    let (old, _) = stage.one("join_order_chat");
    stage.engine.leave(&order("o"));
    assert_eq!(first.try_recv().unwrap(), Err(JoinError::Left));
    let mut second = stage.join("o", Some(5));
    let out = stage.pump();
    assert_eq!((out[0].1, out[1].1), ("leave_order_chat", "join_order_chat"));
    stage.joined(old, "o", &[2], 2, 2);
    assert!(second.try_recv().is_err() && !stage.engine.is_live(&order("o")));
    assert_eq!(stage.cursor("o"), Some(5));
    stage.joined(out[1].0, "o", &[6], 6, 6);
    assert!(second.try_recv().unwrap().is_ok());
}

#[test]
fn resync_catches_up_from_the_cursor_and_tells_of_others() {
    let mut stage = Stage::new(1, &[]).online();
    drop(stage.join("o", None));
    let (id, _) = stage.one("join_order_chat");
    stage.joined(id, "o", &[], 7, 7);
    let lost = serde_json::json!({"orderIds": ["o", "other"]});
    stage.push(ServerEvent::parse(PushKind::ResyncRequired, &lost.to_string()).unwrap());
    assert!(
        std::iter::from_fn(|| stage.events.try_next())
            .any(|event| { event == Event::ResyncRequired(vec![order("other")]) })
    );
    stage.pushed("o", 9);
    let (id, asked) = stage.one("join_order_chat");
    assert_eq!((asked.as_str(), stage.cursor("o")), ("o Some(7)", Some(7)));
    stage.joined(id, "o", &[8, 9], 9, 9);
    assert_eq!(stage.told().iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [9, 8], "9 is told once");
}

#[test]
fn a_refused_join_ends_and_one_that_must_wait_waits() {
    let mut stage = Stage::new(1, &[]).online();
    let mut outcome = stage.join("o", None);
    let (id, _) = stage.one("join_order_chat");
    stage.refuse(id, souk_protocol::Code::Unavailable, Some(500));
    assert!(stage.pump().is_empty() && outcome.try_recv().is_err());
    let alarm = stage.engine.alarm(stage.now).unwrap();
    assert!((500..=1_000).contains(&(alarm - stage.now).as_millis()));
    stage.now = alarm;
    let (id, _) = stage.one("join_order_chat");
    stage.refuse(id, souk_protocol::Code::Forbidden, None);
    assert!(matches!(outcome.try_recv().unwrap(), Err(JoinError::Refused(_))));
    stage.engine.disconnected(&CloseReason::Silent);
    stage.connect();
    assert!(stage.pump().is_empty(), "not joined again by itself");
}

#[test]
fn one_message_of_an_order_is_on_its_way_at_a_time() {
    let mut stage = Stage::new(1, &[]).online();
    let (mut a, b, c) = (stage.send("o", "a"), stage.send("o", "b"), stage.send("p", "c"));
    let sent = stage.pump();
    assert_eq!(sent.iter().map(|(_, _, detail)| detail.as_str()).collect::<Vec<_>>(), ["o a", "p c"]);
    // It could not be taken now: what is behind it waits as well, and comes after it.
    stage.refuse(sent[0].0, souk_protocol::Code::Unavailable, Some(500));
    assert!(stage.pump().is_empty());
    stage.now = stage.engine.alarm(stage.now).unwrap();
    let (id, detail) = stage.one("send_message");
    assert_eq!(detail, "o a");
    stage.answer(id, Answer::Message(Box::new(message("o", 1, 1))));
    assert_eq!(a.try_recv().unwrap().unwrap().seq, Seq(1));
    assert_eq!(stage.one("send_message").1, "o b");
    drop((b, c));
}

#[test]
fn a_wider_window_still_holds_back_behind_one_that_waits() {
    let mut stage = Stage::new(2, &[]).online();
    drop((stage.send("o", "a"), stage.send("o", "b"), stage.send("o", "c")));
    let sent = stage.pump();
    assert_eq!(sent.len(), 2);
    stage.refuse(sent[0].0, souk_protocol::Code::Unavailable, Some(500));
    assert!(stage.pump().is_empty());
}

#[test]
fn a_cut_sends_again_what_was_not_acknowledged_in_its_order() {
    let mut stage = Stage::new(3, &[]).online();
    let (mut a, b, c) = (stage.send("o", "a"), stage.send("o", "b"), stage.send("o", "c"));
    let sent = stage.pump();
    stage.answer(sent[1].0, Answer::Message(Box::new(message("o", 2, 1))));
    stage.engine.disconnected(&CloseReason::Silent);
    stage.engine.connected();
    let again: Vec<_> = stage.pump().into_iter().map(|(_, _, detail)| detail).collect();
    assert_eq!(again, ["", "o a", "o c"]);
    // An answer of the old connection cannot come; one of the new finishes it.
    stage.answer(stage.wire.next - 1, Answer::Message(Box::new(message("o", 1, 1))));
    assert!(a.try_recv().unwrap().is_ok());
    drop((b, c));
}

#[test]
fn the_outbox_overflows_with_a_type_and_refusals_are_told() {
    let mut stage = Stage::new(1, &[]);
    let (a, mut again) = (stage.send("o", "a"), stage.send("o", "a"));
    assert_eq!(again.try_recv().unwrap().unwrap_err(), SendError::Waiting);
    let (_b, _c, mut d) = (stage.send("o", "b"), stage.send("o", "c"), stage.send("o", "d"));
    assert_eq!(d.try_recv().unwrap().unwrap_err(), SendError::OutboxFull { max: 3 });
    drop(a);
    let mut stage = stage.online();
    stage.engine.disconnected(&CloseReason::Silent);
    stage.connect();
    let mut e = stage.send("p", "e");
    assert_eq!(e.try_recv().unwrap().unwrap_err(), SendError::OutboxFull { max: 3 });

    let mut stage = Stage::new(1, &[]).online();
    let mut spam = stage.send("o", "spam");
    let (id, _) = stage.one("send_message");
    stage.refuse(id, souk_protocol::Code::Spam, None);
    assert!(
        matches!(spam.try_recv().unwrap(), Err(SendError::Refused(error)) if error.code == souk_protocol::Code::Spam)
    );
}

#[test]
fn time_ends_sends_joins_and_silent_connections() {
    let mut stage = Stage::new(1, &[]);
    let (mut sent, mut joined) = (stage.send("o", "a"), stage.join("o", None));
    stage.now += MINUTE;
    stage.engine.expire(stage.now);
    let id = ClientMessageId::new("a").unwrap();
    assert_eq!(sent.try_recv().unwrap().unwrap_err(), SendError::TimedOut { client_message_id: id });
    assert_eq!(joined.try_recv().unwrap(), Err(JoinError::TimedOut));
    stage.engine.connected();
    assert!(stage.pump().iter().any(|(_, name, _)| *name == "join_order_chat"), "the client goes on trying");
    stage.now += Duration::from_secs(20);
    stage.engine.expire(stage.now);
    assert!(stage.engine.is_stuck());
}

#[test]
fn calls_need_a_connection_and_fail_with_it() {
    let mut stage = Stage::new(1, &[]);
    let call = |stage: &mut Stage| {
        let (to, outcome) = oneshot::channel();
        stage.engine.call(Request::Ping, stage.now + MINUTE, to);
        outcome
    };
    assert_eq!(call(&mut stage).try_recv().unwrap(), Err(RequestError::NotConnected));
    stage.connect();
    let (mut lost, mut late) = (call(&mut stage), call(&mut stage));
    stage.wire.room = 1;
    assert_eq!(stage.pump().len(), 1);
    stage.engine.disconnected(&CloseReason::Silent);
    assert_eq!(lost.try_recv().unwrap(), Err(RequestError::Lost(CloseReason::Silent)));
    assert_eq!(late.try_recv().unwrap(), Err(RequestError::NotConnected));
    stage.engine.stop();
    assert_eq!(call(&mut stage).try_recv().unwrap(), Err(RequestError::Stopped));
    assert!(matches!(stage.send("o", "a").try_recv().unwrap(), Err(SendError::Stopped { .. })));
    assert_eq!(stage.join("o", None).try_recv().unwrap(), Err(JoinError::Stopped));
}

#[test]
fn older_unread_updates_are_dropped() {
    let mut stage = Stage::new(1, &[]).online();
    let mut update = |head, read| {
        let data = serde_json::json!({"orderId": "o", "unread": 1, "total": 1, "head": head, "read": read});
        stage.push(ServerEvent::parse(PushKind::UnreadUpdate, &data.to_string()).unwrap());
    };
    [(5, 2), (4, 4), (5, 1), (5, 3)].into_iter().for_each(|(head, read)| update(head, read));
    let told = std::iter::from_fn(|| stage.events.try_next()).filter_map(|event| match event {
        Event::Unread(update) => Some((update.head.0, update.read.0)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(5, 2), (5, 3)]);
}
