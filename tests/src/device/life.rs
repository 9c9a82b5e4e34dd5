//! The task of a device: connect, join, talk, and again.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::RngExt;
use souk_chat::{ClientMessageId, Cursor, Seq};
use souk_client::{AccessToken, Answer, CloseReason, ConnectOptions, Connection, Item};
use souk_protocol::dto::{Joined, Message};
use souk_protocol::{Code, Error, PushKind, Request, ServerEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Command, Shared, Spec};
use crate::record::{How, Life, Seen};

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long an answer may take before the connection counts as broken.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);
/// Bounds of the random wait before coming back, in milliseconds.
const BACK_AFTER: std::ops::Range<u64> = 20..250;
/// The wait before a send is tried again that the server could not take.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A request that is not answered yet.
enum Asked {
    Join,
    Send { id: ClientMessageId, in_sequence: bool },
    Edit(oneshot::Sender<Result<Message, Error>>),
    Other,
}

struct Talk<'a> {
    spec: &'a Spec,
    shared: &'a Mutex<Shared>,
    outbox: &'a mut VecDeque<ClientMessageId>,
    connection: Connection,
    asked: HashMap<u64, (Asked, Instant)>,
    in_flight: usize,
    pause_until: Option<Instant>,
}

pub(super) async fn live(spec: Spec, shared: Arc<Mutex<Shared>>, mut commands: mpsc::UnboundedReceiver<Command>) {
    let token = AccessToken::from(spec.person.token.as_str());
    // What is to be sent and was not acknowledged, in order.
    let mut outbox = VecDeque::new();
    for node in spec.nodes.iter().cycle() {
        let address = format!("ws://{node}").parse().expect("an address");
        let options = ConnectOptions::new(address, spec.carrier).connect_time(CONNECT_WITHIN);
        if let Ok(connection) = Connection::connect(&options, Some(&token)).await {
            begin(&spec, &shared, *node);
            let mut talk = Talk {
                spec: &spec,
                shared: &shared,
                outbox: &mut outbox,
                connection,
                asked: HashMap::new(),
                in_flight: 0,
                pause_until: None,
            };
            let end = talk.until_end(&mut commands).await;
            talk.put_back();
            let mut shared = shared.lock();
            shared.live = false;
            if let Some(life) = shared.record.lives.last_mut() {
                life.end = Some(end);
            }
        }
        let wait = rand::rng().random_range(BACK_AFTER);
        sleep(Duration::from_millis(wait)).await;
    }
}

fn begin(spec: &Spec, shared: &Mutex<Shared>, node: SocketAddr) {
    let mut shared = shared.lock();
    let since = spec.joins.then_some(shared.cursor.since);
    shared.record.lives.push(Life { node, up_to: None, since, seen: Vec::new(), told: Vec::new(), end: None });
    shared.live = !spec.joins;
}

impl Talk<'_> {
    async fn until_end(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) -> CloseReason {
        match self.talk(commands).await {
            Ok(()) => CloseReason::Local,
            Err(reason) => reason,
        }
    }

    /// `Ok`: it was told to cut.
    async fn talk(&mut self, commands: &mut mpsc::UnboundedReceiver<Command>) -> Result<(), CloseReason> {
        if self.spec.joins {
            self.join()?;
        }
        loop {
            self.pump()?;
            let oldest = self.asked.values().map(|(_, at)| *at + ANSWER_WITHIN).min();
            let wake = oldest.into_iter().chain(self.pause_until).min();
            tokio::select! {
                incoming = self.connection.next() => self.take(incoming?.item)?,
                command = commands.recv() => match command {
                    None | Some(Command::Cut) => return Ok(()),
                    Some(Command::Send(id)) => self.outbox.push_back(id),
                    Some(Command::Edit(message, content, to)) => {
                        self.ask(&Request::EditMessage { message, content: content.into() }, Asked::Edit(to))?;
                    }
                    Some(Command::Typing) => {
                        let order = self.spec.order.clone();
                        self.ask(&Request::Typing { order }, Asked::Other)?;
                    }
                },
                () = sleep_until(wake.unwrap_or_else(|| Instant::now() + ANSWER_WITHIN)) => {
                    if oldest.is_some_and(|oldest| oldest <= Instant::now()) {
                        return Err(CloseReason::Unanswered);
                    }
                    self.pause_until = None;
                }
            }
        }
    }

    fn ask(&mut self, request: &Request<'_>, asked: Asked) -> Result<(), CloseReason> {
        let id = self.connection.send(request).map_err(|_| CloseReason::Lost(std::io::ErrorKind::NotConnected))?;
        self.asked.insert(id, (asked, Instant::now()));
        Ok(())
    }

    fn join(&mut self) -> Result<(), CloseReason> {
        let cursor = Some(self.shared.lock().cursor.clone());
        self.ask(&Request::JoinOrderChat { order: self.spec.order.clone(), cursor }, Asked::Join)
    }

    /// Writes what is due.
    fn pump(&mut self) -> Result<(), CloseReason> {
        while self.in_flight < self.spec.window && self.pause_until.is_none() {
            let Some(id) = self.outbox.pop_front() else { break };
            let (content, in_sequence) = {
                let mut shared = self.shared.lock();
                let live = shared.live && self.spec.joins;
                let attempt = shared.record.attempts.get_mut(&id).expect("it was put there first");
                attempt.first_sent.get_or_insert_with(Instant::now);
                attempt.sent += 1;
                (attempt.content.clone(), live && attempt.sent == 1)
            };
            let order = self.spec.order.clone();
            let request =
                Request::SendMessage { order, content: Cow::Owned(content), client_message_id: Some(id.clone()) };
            self.in_flight += 1;
            self.ask(&request, Asked::Send { id, in_sequence })?;
        }
        Ok(())
    }

    /// What was not answered goes out first next time, in its order.
    fn put_back(&mut self) {
        let mut lost: Vec<_> = self.asked.drain().collect();
        lost.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        for (_, (asked, _)) in lost {
            if let Asked::Send { id, .. } = asked {
                self.outbox.push_front(id);
            }
        }
    }

    fn take(&mut self, item: Item) -> Result<(), CloseReason> {
        match item {
            Item::Answer { id, result } => match self.asked.remove(&id) {
                Some((Asked::Join, _)) => return self.joined(result),
                Some((Asked::Send { id, in_sequence }, _)) => {
                    self.in_flight -= 1;
                    self.sent(id, in_sequence, result);
                }
                Some((Asked::Edit(to), _)) => self.edited(to, result),
                Some((Asked::Other, _)) | None => {}
            },
            Item::Push(event) => return self.pushed(*event),
            Item::Unknown(name) => self.life(|life| life.told.push(name.to_string())),
        }
        Ok(())
    }

    fn joined(&mut self, result: Result<Answer, Error>) -> Result<(), CloseReason> {
        let answer = match result {
            Ok(Answer::Joined(joined)) => *joined,
            Ok(_) => panic!("a join has another answer"),
            Err(error) if error.code == Code::Unavailable => return self.join(),
            Err(error) => panic!("{} may not join: {error}", self.spec.name),
        };
        let Joined { messages, up_to, more, epoch, reset, .. } = answer;
        {
            let mut shared = self.shared.lock();
            shared.cursor = Cursor { since: up_to, epoch };
            shared.live = !more;
            if reset {
                shared.record.start_anew(messages.first().map_or(up_to, |first| Seq(first.seq.0 - 1)));
            }
        }
        self.life(|life| {
            life.seen.extend(messages.into_iter().map(|message| Seen { how: How::CaughtUp, message }));
            life.up_to = (!more).then_some(up_to);
        });
        if more { self.join() } else { Ok(()) }
    }

    fn sent(&mut self, id: ClientMessageId, in_sequence: bool, result: Result<Answer, Error>) {
        match result {
            Ok(Answer::Message(message)) => {
                let how = if in_sequence { How::Ack } else { How::Repeat };
                self.attempt(&id, |attempt| attempt.acknowledged = Some((Instant::now(), (*message).clone())));
                self.life(|life| life.seen.push(Seen { how, message: *message }));
            }
            Ok(_) => panic!("a send has another answer"),
            Err(error) => {
                self.attempt(&id, |attempt| attempt.refusals.push(error.code.as_str().to_owned()));
                if error.code == Code::Unavailable {
                    self.outbox.push_back(id);
                    self.pause_until = Some(Instant::now() + AGAIN_AFTER);
                }
            }
        }
    }

    fn edited(&self, to: oneshot::Sender<Result<Message, Error>>, result: Result<Answer, Error>) {
        let result = result.map(|answer| match answer {
            Answer::Message(message) => *message,
            _ => panic!("an edit has another answer"),
        });
        if let Ok(message) = &result {
            self.life(|life| life.seen.push(Seen { how: How::Repeat, message: message.clone() }));
        }
        // Who asked may have given up.
        let _ = to.send(result);
    }

    fn attempt(&self, id: &ClientMessageId, change: impl FnOnce(&mut crate::record::Attempt)) {
        change(self.shared.lock().record.attempts.get_mut(id).expect("it was put there first"));
    }

    fn pushed(&mut self, event: ServerEvent) -> Result<(), CloseReason> {
        match event {
            ServerEvent::NewMessage(message) | ServerEvent::MessageSent(message)
                if message.order_id == self.spec.order =>
            {
                self.pushed_message(How::Push, message);
            }
            ServerEvent::MessageEdited(message) if message.order_id == self.spec.order => {
                self.life(|life| life.told.push(PushKind::MessageEdited.name().to_owned()));
                self.pushed_message(How::Change, message);
            }
            ServerEvent::MessagesMasked(masked) if masked.order_id == self.spec.order => {
                self.life(|life| life.told.push(PushKind::MessagesMasked.name().to_owned()));
                masked.messages.into_iter().for_each(|message| self.pushed_message(How::Change, message));
            }
            ServerEvent::ResyncRequired(resync) => {
                self.life(|life| life.told.push(PushKind::ResyncRequired.name().to_owned()));
                if self.spec.joins && resync.order_ids.contains(&self.spec.order) {
                    self.begin_again();
                    return self.join();
                }
            }
            other => self.life(|life| life.told.push(other.kind().name().to_owned())),
        }
        Ok(())
    }

    /// On this connection, but as if it were a new one.
    fn begin_again(&self) {
        let mut shared = self.shared.lock();
        let since = Some(shared.cursor.since);
        shared.live = false;
        if let Some(node) = shared.record.lives.last().map(|life| life.node) {
            shared.record.lives.push(Life { node, up_to: None, since, seen: Vec::new(), told: Vec::new(), end: None });
        }
    }

    /// A push that brought a message, `how` where the order is live.
    fn pushed_message(&self, how: How, message: Message) {
        let mut shared = self.shared.lock();
        let live = shared.live && self.spec.joins;
        let seen = Seen { how: if live { how } else { How::Aside }, message };
        if live {
            shared.cursor.since = shared.cursor.since.max(seen.entry());
        }
        if let Some(life) = shared.record.lives.last_mut() {
            life.seen.push(seen);
        }
    }

    fn life(&self, change: impl FnOnce(&mut Life)) {
        if let Some(life) = self.shared.lock().record.lives.last_mut() {
            change(life);
        }
    }
}
