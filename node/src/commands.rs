//! Carrying out what sessions ask for.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{Either, select};
use souk_chat::limits::Quota;
use souk_chat::ports::Runtime;
use souk_chat::service::{CatchUp, Chats, Edit, Progress, Send, Sent};
use souk_chat::{ClientMessageId, Cursor, Draft, OrderId, Refusal, Seq, Status, guarded};
use souk_protocol::dto::{self, Audience, Empty, encode_message, with_masked};
use souk_protocol::push::Exception;
use souk_protocol::{Code, Error, ServerEvent, json};

use crate::delivery::Delivery;
use crate::hub::{Ack, Arrival, Device, Frames, Hub, JoinTicket, Joined, ROOMS_PER_DEVICE, Room};
use crate::metrics::Metrics;
use crate::session::Command;

/// How long a join waits for the router to confirm its subscription before it is answered from the store alone.
const CONFIRM_WITHIN: Duration = Duration::from_secs(2);
/// How often a join reads again because entries passed that it had not kept.
const JOIN_READS: usize = 4;

/// What a node tells its clients at `join_app`.
#[derive(Clone, Copy, Debug)]
pub struct Announced {
    /// The rate limit.
    pub quota: Quota,
    /// How clients come back.
    pub reconnect: dto::ReconnectPolicy,
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How long it waits for the answer.
    pub ping_timeout: Duration,
}

/// What carries out commands.
pub struct Commands {
    chats: Arc<Chats>,
    hub: Arc<Hub>,
    delivery: Arc<Delivery>,
    runtime: Arc<dyn Runtime>,
    announced: Announced,
    metrics: Arc<Metrics>,
}

/// What a send or an edit is answered with. In the common case the gate has told the sender by the time it is there, and nobody needs it
/// encoded.
struct Answer {
    sent: Sent,
    status: Status,
}

impl Answer {
    fn seq(&self) -> Seq {
        self.sent.message.seq
    }

    fn encode(&self) -> Bytes {
        with_masked(encode_message(&self.sent.message, self.status, Audience::Sender), &self.sent.masked)
    }
}

/// Tells the session that its request is finished, however it ends.
struct Finish {
    device: Arc<Device>,
    send: bool,
}

impl Drop for Finish {
    fn drop(&mut self) {
        self.device.finished(self.send);
    }
}

/// An attempt at joining. However it ends, it keeps nothing for a device that is not live by it.
struct Joining<'a> {
    hub: &'a Hub,
    device: &'a Arc<Device>,
    order: &'a OrderId,
    ticket: JoinTicket,
    is_done: bool,
}

impl Drop for Joining<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.hub.abandon(self.device, self.order, self.ticket);
        }
    }
}

/// The name of a command's task.
const COMMAND: &str = "command";

impl Commands {
    /// Commands over these parts.
    pub fn new(
        chats: Arc<Chats>,
        hub: Arc<Hub>,
        delivery: Arc<Delivery>,
        runtime: Arc<dyn Runtime>,
        announced: Announced,
    ) -> Self {
        Self { chats, hub, delivery, runtime, announced, metrics: Arc::default() }
    }

    /// Counts into these figures.
    #[must_use]
    pub fn counting(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = metrics;
        self
    }

    /// Starts carrying out a command as a task of its own; answers when done, and tells the session.
    pub fn run(self: &Arc<Self>, device: Arc<Device>, ack: Option<Ack>, command: Command) {
        let me = Arc::clone(self);
        self.runtime.spawn(
            COMMAND,
            Box::pin(async move {
                let _finish = Finish { device: Arc::clone(&device), send: command.writes() };
                let event = command.event();
                if guarded(me.runtime.tasks(), COMMAND, me.carry_out(&device, ack, command)).await.is_err() {
                    let error = Error::from(Refusal::unavailable());
                    device.refuse(ack, &error, || exception(event, &error, None));
                }
            }),
        );
    }

    async fn carry_out(&self, device: &Arc<Device>, ack: Option<Ack>, command: Command) {
        let event = command.event();
        let outcome = match command {
            Command::Send { order, draft, id } => return self.send(device, ack, order, draft, id).await,
            Command::Join { order, cursor } => match self.join(device, ack, &order, cursor).await {
                Ok(()) => return,
                Err(error) => Err(error),
            },
            Command::Edit { order, seq, draft } => self.edit(device, order, seq, draft).await,
            Command::Hello => self.hello(device).await,
            Command::ListChats { cursor, limit } => self.list(device, cursor, limit).await,
            Command::Typing { order } => self.typing(device, &order).await,
            Command::Mark { order, progress, is_read } => self.mark(device, &order, progress, is_read).await,
            Command::SetVisible { order, visible } => self.set_visible(device, &order, visible).await,
            Command::Sync { cursors } => {
                let synced = self.chats.sync(device.actor(), &cursors).await;
                let caught_up = synced.iter().flat_map(|synced| synced.orders.values().flatten());
                let reset = caught_up.filter(|caught_up| caught_up.history.reset).count();
                self.metrics.cursors_reset.inc_by(reset as u64);
                match synced {
                    Ok(synced) => {
                        device.answer(ack, &json::encode(&dto::Synced::of(&synced, device.user())));
                        synced.orders.values().flatten().for_each(|caught_up| self.shown(device, caught_up));
                        return;
                    }
                    Err(refusal) => Err(Error::from(refusal)),
                }
            }
        };
        match outcome {
            Ok(body) => device.answer(ack, &body),
            Err(error) => {
                self.metrics.requests_refused.count(error.code.as_str());
                device.refuse(ack, &error, || exception(event, &error, None));
            }
        }
    }

    async fn send(
        &self,
        device: &Arc<Device>,
        ack: Option<Ack>,
        order: OrderId,
        draft: Draft,
        id: Option<ClientMessageId>,
    ) {
        let named = id.is_some();
        let id = id.unwrap_or_else(|| self.chats.message_id());
        let in_sequence = self.hub.room(&order).filter(|room| room.expect(device, &id, draft.as_str(), ack));
        if named {
            device.sends(&order, &id);
        }
        let send = Send { order: order.clone(), draft, id: id.clone(), origin: device.origin() };
        let started = Instant::now();
        // The place that was kept for the answer is given up whatever happens to the send.
        let sent = guarded(self.runtime.tasks(), COMMAND, self.sent(device, send)).await;
        let outcome = sent.unwrap_or_else(|_| Err(Refusal::unavailable())).map_err(Error::from);
        self.count(&outcome, started.elapsed(), device);
        let told = |error: &Error| exception("send_message", error, named.then(|| id.clone()));
        match (in_sequence, &outcome) {
            (Some(room), Ok(answer)) => room.settle(device, &id, Ok((answer.seq(), &|| answer.encode())), told),
            (Some(room), Err(error)) => room.settle(device, &id, Err(error), told),
            (None, Ok(answer)) => device.answer(ack, &answer.encode()),
            (None, Err(error)) => {
                device.sends_no_more(&order, &id);
                device.refuse(ack, error, || told(error));
            }
        }
    }

    /// An edit's answer stands outside the sequence: on every device that is live in the order, this one included, the edit takes its
    /// place there as a push.
    async fn edit(&self, device: &Device, order: OrderId, seq: Seq, draft: Draft) -> Result<Bytes, Error> {
        let edit = Edit { order, seq, draft, origin: device.origin() };
        let sent = self.chats.edit(device.actor(), edit).await?;
        self.metrics.messages_edited.inc();
        let status = self.chats.status(&sent).await;
        Ok(Answer { sent, status }.encode())
    }

    fn count(&self, outcome: &Result<Answer, Error>, took: Duration, device: &Device) {
        match outcome {
            Ok(answer) if answer.sent.repeat => self.metrics.messages_repeated.inc(),
            Ok(_) => self.metrics.messages_sent.inc(),
            Err(error) => {
                self.metrics.messages_refused.count(error.code.as_str());
                return;
            }
        };
        self.metrics.send_seconds.observe(device.encoding().carrier().as_str(), took);
    }

    async fn sent(&self, device: &Device, send: Send) -> Result<Answer, Refusal> {
        let sent = self.chats.send(device.actor(), send).await?;
        // A repeat's message may have got further.
        let status = if sent.repeat { self.chats.status(&sent).await } else { Status::Sent };
        Ok(Answer { sent, status })
    }

    async fn join(
        &self,
        device: &Arc<Device>,
        ack: Option<Ack>,
        order: &OrderId,
        cursor: Option<Cursor>,
    ) -> Result<(), Error> {
        // A stranger makes no room and no subscription.
        self.chats.accessible(device.actor(), order).await?;
        let (room, ticket) =
            self.hub.join(device, order).map_err(|error| Error::new(Code::TooManyRooms, error.to_string()))?;
        let mut joining = Joining { hub: &self.hub, device, order, ticket, is_done: false };
        self.confirm(&room).await;
        for _ in 0..JOIN_READS {
            let caught_up = self.chats.catch_up(device.actor(), order, cursor.clone()).await?;
            let history = &caught_up.history;
            let body = json::encode(&dto::Joined::of(&caught_up, device.user()));
            let parties = caught_up.chat.participants.iter().map(|party| (&party.user, party.marks));
            room.know_marks(device, parties, self.runtime.now());
            if history.more && cursor.is_some() && !history.reset {
                drop(joining);
                device.answer(ack, &body);
                self.shown(device, &caught_up);
                return Ok(());
            }
            if room.finish_join(device, ticket, (history.up_to, &history.epoch), ack, &body) != Joined::ReadAgain {
                joining.is_done = true;
                self.shown(device, &caught_up);
                self.metrics.joins.inc();
                self.metrics.cursors_reset.inc_by(u64::from(history.reset));
                self.delivery.look_after(&room);
                return Ok(());
            }
            self.metrics.joins_read_again.inc();
        }
        Err(Refusal::unavailable().into())
    }

    /// A device was answered with this: what it holds of the other party arrives with it.
    fn shown(&self, device: &Device, caught_up: &CatchUp) {
        if let Some(progress) = self.chats.arrives_with(device.actor(), caught_up) {
            device.shows(&caught_up.chat.order.id, progress);
        }
    }

    /// Waits for the router's word, for a while: without it the room is compared with the store often.
    async fn confirm(&self, room: &Room) {
        let confirmed = std::pin::pin!(room.confirmed());
        let patience = self.runtime.sleep(CONFIRM_WITHIN);
        if !matches!(select(confirmed, patience).await, Either::Left((Ok(()), _))) {
            room.unconfirmed();
        }
    }

    async fn hello(&self, device: &Device) -> Result<Bytes, Error> {
        let actor = device.actor();
        let (unread_total, online) = self.chats.at_a_glance(actor).await?;
        let Announced { quota, reconnect, ping_interval, ping_timeout } = self.announced;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let hello = dto::Hello {
            me: dto::Me { user_id: actor.user.clone(), role: actor.role, name: actor.name.clone() },
            session_id: device.session_id().into(),
            server_time: self.runtime.now().into(),
            limits: dto::Limits::new(quota, ROOMS_PER_DEVICE),
            reconnect,
            ping_interval_ms: millis(ping_interval),
            ping_timeout_ms: millis(ping_timeout),
            online,
            unread_total,
        };
        Ok(json::encode(&hello))
    }

    async fn list(&self, device: &Device, cursor: Option<Box<str>>, limit: Option<usize>) -> Result<Bytes, Error> {
        let list = self.chats.list(device.actor(), cursor.as_deref(), limit).await?;
        Ok(json::encode(&dto::ChatList::of(&list, device.user())))
    }

    async fn mark(&self, device: &Device, order: &OrderId, progress: Progress, is_read: bool) -> Result<Bytes, Error> {
        let standing = self.chats.mark(device.actor(), order, progress).await?;
        if !is_read {
            return Ok(json::encode(&Empty {}));
        }
        Ok(json::encode(&dto::ReadUpTo { unread: standing.unread, unread_total: standing.unread_total }))
    }

    /// What the device was sent, and what arrives while its person looks, is read as soon as it certainly arrived.
    async fn set_visible(&self, device: &Arc<Device>, order: &OrderId, visible: bool) -> Result<Bytes, Error> {
        self.member(device, order).await?;
        device.look_at(order, visible).map_err(|_| {
            Error::new(Code::TooManyRooms, "too many orders are visible on this connection; hide one first")
        })?;
        let position = self.hub.room(order).filter(|_| visible).and_then(|room| room.position(device));
        if let Some(position) = position {
            device.shows(order, Progress::delivered(position));
        }
        Ok(json::encode(&Empty {}))
    }

    /// Messages that people here were certainly shown have arrived, these and those of devices that are gone.
    pub fn note_arrivals(&self, arrivals: Vec<Arrival>) {
        for Arrival { user, order, seq } in arrivals.into_iter().chain(self.hub.take_arrivals()) {
            self.chats.note(&order, &user, Progress::delivered(seq));
        }
    }

    /// A device answered a heartbeat: what it was shown before that arrived, and was read where its person looks.
    pub fn heartbeat_answered(&self, device: &Device, number: u32) {
        for (order, progress) in device.heartbeat_answered(number) {
            self.chats.note(&order, device.user(), progress);
        }
    }

    async fn member(&self, device: &Device, order: &OrderId) -> Result<(), Error> {
        let known = self.chats.accessible(device.actor(), order).await?;
        if !device.actor().talks() || known.side_of(device.user()).is_none() {
            return Err(Refusal::WrongRole("client or contractor").into());
        }
        Ok(())
    }

    async fn typing(&self, device: &Device, order: &OrderId) -> Result<Bytes, Error> {
        self.member(device, order).await?;
        if device.may_show_typing(self.runtime.monotonic()) {
            self.delivery.publish_typing(order, device.user(), device.origin());
        }
        Ok(json::encode(&Empty {}))
    }
}

/// The push that tells of a refusal nobody waits for.
pub fn exception(event: impl Into<Cow<'static, str>>, error: &Error, id: Option<ClientMessageId>) -> Frames {
    let exception = Exception { event: event.into(), error: error.clone(), client_message_id: id };
    Frames::from(&ServerEvent::Exception(exception))
}
