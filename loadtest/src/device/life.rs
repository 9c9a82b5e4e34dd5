//! One connection of a device, from its join to its end.

mod hearing;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use souk_chat::{Cursor, MessageId, Seq};
use souk_client::{Answer, CloseReason, Connection, Incoming, Reply, RequestError};
use souk_protocol::dto::Joined;
use souk_protocol::{Error, Request};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::log::{self, How};
use super::{Command, Worker};
use crate::ledger;

/// How long a join may stay unanswered.
const JOIN_TIME: Duration = Duration::from_secs(20);
/// How often a connection is looked at that does nothing.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long to wait before asking again what the server could not do just now, if it does not say.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How a connection ended, for what comes next.
pub(super) enum End {
    /// Told to stop.
    Stopped,
    /// Told to go away for so long.
    Left(Duration),
    /// The server or the network ended it.
    Cut(CloseReason),
    /// Told to lose it.
    CutByUs,
}

/// Why to stop being live.
enum Over {
    Stop,
    Leave { away: Duration, half_open: bool },
    CutByUs,
    Lost(CloseReason),
}

/// What was asked.
enum Asked {
    Message { message: u32, first: bool, reply: Option<Tell> },
    Other(&'static str),
}

type Tell = oneshot::Sender<Result<u64, Error>>;

/// What happened next.
enum Next {
    Came(Result<Incoming, CloseReason>),
    Told(Option<Command>),
    Time,
}

/// A connection at work.
pub(super) struct Life<'a> {
    worker: &'a mut Worker,
    connection: Connection,
    asked: VecDeque<(u64, Asked)>,
    /// What to ask again, and when.
    later: VecDeque<(Instant, Command)>,
    /// The place of the join's answer: pushes before it promise nothing.
    joined_at: u64,
    /// When to mark what as read.
    read: Option<(Instant, u64)>,
    /// When to stop reading or to begin again, for slow readers.
    turn: Option<Instant>,
    paused: bool,
    /// The server says that it lost track: join again.
    resync: bool,
    /// A join is asked and not answered.
    joining: bool,
}

impl<'a> Life<'a> {
    pub(super) fn new(worker: &'a mut Worker, connection: Connection) -> Self {
        let turn = worker.device.slow.map(|(between, _)| Instant::now() + between);
        Self {
            worker,
            connection,
            asked: VecDeque::new(),
            later: VecDeque::new(),
            joined_at: 0,
            read: None,
            turn,
            paused: false,
            resync: false,
            joining: false,
        }
    }

    /// Until it ends.
    pub(super) async fn live(mut self) -> End {
        // Boxed, like the end: what is waited for only now and then should not take room all the time.
        let over = match Box::pin(self.join()).await {
            Err(over) => over,
            Ok(()) => {
                self.is_live(true);
                let over = self.go_on().await;
                self.is_live(false);
                match over {
                    // Whoever is told to stop in the middle of joining again has not seen everything.
                    Over::Stop => self.worker.log.live_at_end = !self.joining,
                    Over::CutByUs | Over::Lost(_) => self.worker.context.storm.was_cut(self.worker.device.number),
                    Over::Leave { .. } => {}
                }
                over
            }
        };
        Box::pin(self.finish(over)).await
    }

    fn is_live(&self, live: bool) {
        let (context, device) = (&self.worker.context, &self.worker.device);
        self.worker.status.live.store(live, Ordering::Relaxed);
        context.recorder.live(live);
        if live {
            context.storm.is_back(device.number, context.recorder.now());
        }
    }

    async fn finish(mut self, over: Over) -> End {
        // What was not answered is said again by the next connection, before everything else.
        let unanswered = self.asked.drain(..).filter_map(|(_, asked)| match asked {
            Asked::Message { message, reply: Some(reply), .. } => Some(Command::Ask(message, reply)),
            Asked::Message { message, reply: None, .. } => Some(Command::Send(message)),
            Asked::Other(_) => None,
        });
        let mut unanswered: Vec<_> = unanswered.collect();
        unanswered.extend(self.later.drain(..).map(|(_, command)| command));
        for command in unanswered.into_iter().rev() {
            self.worker.waiting.push_front(command);
        }
        match over {
            Over::Stop => {
                Worker::say_goodbye(self.connection).await;
                End::Stopped
            }
            Over::Leave { away, half_open } => {
                match half_open {
                    true => self.worker.forget(self.connection),
                    false => Worker::say_goodbye(self.connection).await,
                }
                End::Left(away)
            }
            Over::CutByUs => End::CutByUs,
            Over::Lost(reason) => End::Cut(reason),
        }
    }

    /// Joins from the cursor until nothing is missing.
    async fn join(&mut self) -> Result<(), Over> {
        let began = self.worker.context.recorder.now();
        (self.resync, self.joining) = (false, true);
        self.worker.log.lives.push(log::Life { since: self.worker.cursor, ..log::Life::default() });
        loop {
            let order = self.worker.device.order.id.clone();
            let cursor = Cursor { since: Seq(self.worker.cursor), epoch: self.worker.epoch.clone() };
            let request = Request::JoinOrderChat { order, cursor: Some(cursor) };
            let asking = Box::pin(self.connection.request(&request, JOIN_TIME));
            let reply = match self.worker.while_waiting(asking).await {
                None => return Err(Over::Stop),
                Some(Ok(reply)) => reply,
                Some(Err(error)) => return Err(self.join_failed(error)),
            };
            let Reply { position, answer: Answer::Joined(joined) } = reply else {
                return Err(Over::Lost(CloseReason::Malformed("a join's answer of another form".into())));
            };
            self.joined_at = position;
            if !self.take_joined(&joined) {
                break;
            }
        }
        let (context, now) = (&self.worker.context, self.worker.context.recorder.now());
        context.recorder.caught_up(self.worker.device.group, began);
        self.worker.present_since.get_or_insert(now);
        self.joining = false;
        Ok(())
    }

    fn join_failed(&self, error: RequestError) -> Over {
        match error {
            RequestError::Refused(error) => {
                self.worker.context.recorder.request_refused("join_order_chat", error.code.as_str());
                Over::Lost(CloseReason::Unanswered)
            }
            RequestError::Lost(reason) => Over::Lost(reason),
            _ => Over::Lost(CloseReason::Unanswered),
        }
    }

    /// Notes the messages of a join. Returns whether there is more.
    fn take_joined(&mut self, joined: &Joined) -> bool {
        if joined.reset {
            // What was seen before is of a history that is gone; whether it may be gone, the acknowledgements say.
            let since = joined.messages.first().map_or(joined.up_to.0, |first| first.seq.0 - 1);
            self.worker.log.lives = vec![log::Life { since, ..log::Life::default() }];
            self.worker.cursor = since;
        }
        self.worker.epoch = joined.epoch.clone();
        let before = self.worker.cursor;
        for message in &joined.messages {
            self.note(How::CaughtUp, message.rev.0, message);
            if message.seq.0 > before {
                self.arrived(message, false);
            }
        }
        self.worker.cursor = before.max(joined.up_to.0);
        self.saw(self.worker.cursor);
        if let Some(life) = self.worker.log.lives.last_mut().filter(|_| !joined.more) {
            life.up_to = Some(joined.up_to.0);
        }
        joined.more
    }

    /// Live, until there is a reason to stop.
    async fn go_on(&mut self) -> Over {
        let mut timer = pin!(sleep_until(self.wake()));
        self.say_what_waits();
        loop {
            let next = tokio::select! {
                came = self.connection.next(), if !self.paused => Next::Came(came),
                told = self.worker.commands.recv() => Next::Told(told),
                () = timer.as_mut() => Next::Time,
            };
            let over = match next {
                Next::Came(Ok(incoming)) => {
                    self.take(incoming);
                    None
                }
                Next::Came(Err(reason)) => Some(Over::Lost(reason)),
                Next::Told(command) => self.told(command),
                Next::Time => self.look(),
            };
            if let Some(over) = over {
                return over;
            }
            if self.resync {
                if let Err(over) = Box::pin(self.join()).await {
                    return over;
                }
                self.say_what_waits();
            }
            let wake = self.wake();
            if wake < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(wake);
            }
        }
    }

    /// Says what came to be said while there was no answer to a join: only that is kept.
    fn say_what_waits(&mut self) {
        for command in std::mem::take(&mut self.worker.waiting) {
            match command {
                Command::Send(message) => self.say(message, None),
                Command::Ask(message, reply) => self.say(message, Some(reply)),
                _ => {}
            }
        }
    }

    /// When something is to be done without being told.
    fn wake(&self) -> Instant {
        let moments = [self.read.map(|(when, _)| when), self.later.front().map(|(when, _)| *when), self.turn];
        moments.into_iter().flatten().min().unwrap_or_else(|| Instant::now() + LOOK_EVERY)
    }

    /// Does what is due.
    fn look(&mut self) -> Option<Over> {
        let now = Instant::now();
        if let Some((_, seq)) = self.read.take_if(|(when, _)| *when <= now) {
            self.mark_read(seq);
        }
        while self.later.front().is_some_and(|(when, _)| *when <= now) {
            let command = self.later.pop_front().map(|(_, command)| command);
            if let Some(over) = self.told(command) {
                return Some(over);
            }
        }
        if let (Some((between, pause)), Some(_)) = (self.worker.device.slow, self.turn.take_if(|when| *when <= now)) {
            self.paused = !self.paused;
            self.turn = Some(now + if self.paused { pause } else { between });
        }
        let silent = !self.paused && self.connection.last_heard().elapsed() > self.connection.silence();
        // A slow reader has its own silence to blame.
        (silent && self.worker.device.slow.is_none()).then_some(Over::Lost(CloseReason::Silent))
    }

    fn told(&mut self, command: Option<Command>) -> Option<Over> {
        match command {
            None | Some(Command::Stop) => return Some(Over::Stop),
            Some(Command::Cut) => return Some(Over::CutByUs),
            Some(Command::Leave { away, half_open }) => return Some(Over::Leave { away, half_open }),
            // Slow readers read on.
            Some(Command::Return) => (self.paused, self.turn) = (false, None),
            Some(Command::Send(message)) => self.say(message, None),
            Some(Command::Ask(message, reply)) => self.say(message, Some(reply)),
            Some(Command::Typing) => {
                let order = self.worker.device.order.id.clone();
                self.ask("typing", &Request::Typing { order });
                self.worker.context.recorder.typing(true);
            }
        }
        None
    }

    fn ask(&mut self, name: &'static str, request: &Request<'_>) {
        // A connection that takes no more is noticed by reading it.
        if let Ok(id) = self.connection.send(request) {
            self.asked.push_back((id, Asked::Other(name)));
        }
    }

    fn say(&mut self, message: u32, reply: Option<Tell>) {
        let (order, recorder) = (&self.worker.device.order, &self.worker.context.recorder);
        let request = Request::SendMessage {
            order: order.id.clone(),
            content: order.text(message).into(),
            client_message_id: Some(ledger::client_message_id(message)),
        };
        match self.connection.send(&request) {
            Ok(id) => {
                let first = order.leaves(message, recorder.now());
                recorder.sent(first);
                self.asked.push_back((id, Asked::Message { message, first, reply }));
            }
            Err(_) => self.say_later(message, reply, AGAIN_AFTER),
        }
    }

    fn say_later(&mut self, message: u32, reply: Option<Tell>, wait: Duration) {
        let command = match reply {
            Some(reply) => Command::Ask(message, reply),
            None => Command::Send(message),
        };
        let when = Instant::now() + wait;
        let place = self.later.partition_point(|(other, _)| *other <= when);
        self.later.insert(place, (when, command));
    }

    fn mark_read(&mut self, seq: u64) {
        let message = MessageId { order: self.worker.device.order.id.clone(), seq: Seq(seq) };
        self.ask("message_read", &Request::MessageRead { message });
        self.worker.context.recorder.read();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Most bytes of a client that waits, without its connection's kernel side: a process has thousands.
    const LIVE_MAX: usize = 2_048;
    const TASK_MAX: usize = 1_024;

    fn size_of_future<A, F>(_: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_client_that_waits_takes_little() {
        assert!(size_of_future(|life: Life<'static>| life.live()) <= LIVE_MAX);
        assert!(size_of_future(|worker: Box<Worker>| worker.work()) <= TASK_MAX);
    }
}
