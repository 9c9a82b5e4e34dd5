use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use redis::Cmd;
use souk_chat::ports::{Envelope, Inbox, Room, Router, RouterError};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::gaps::Gaps;
use super::link::Link;
use super::names::Names;
use super::publisher::{Job, not_connected};
use super::rooms::Rooms;
use crate::envelope;
use crate::metrics::Metrics;

/// A subscription is confirmed within this time, or whoever joins is answered from the store.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(1);

/// Rooms over Redis.
pub(super) struct RedisRouter {
    pub(super) link: Arc<Link>,
    pub(super) rooms: Arc<Rooms>,
    pub(super) gaps: Arc<Gaps>,
    pub(super) names: Arc<Names>,
    pub(super) jobs: mpsc::Sender<Job>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) subscriptions_stand: Arc<AtomicBool>,
}

impl RedisRouter {
    fn refuse(&self, why: RouterError) -> BoxFuture<'static, Result<(), RouterError>> {
        self.metrics.publish_failed.one();
        ready(Err(why)).boxed()
    }
}

#[async_trait]
impl Router for RedisRouter {
    fn attach(&self, inbox: Arc<dyn Inbox>) {
        if self.gaps.inbox.set(inbox).is_err() {
            tracing::error!("a second receiver was attached to the router and is not used");
        }
    }

    fn subscribe(&self, room: &Room) {
        self.rooms.subscribe(room);
    }

    fn unsubscribe(&self, room: &Room) {
        self.rooms.unsubscribe(room);
    }

    async fn confirmed(&self, room: &Room) -> Result<(), RouterError> {
        let Err(confirmation) = self.rooms.confirmation(room) else { return Ok(()) };
        match timeout(CONFIRM_DEADLINE, confirmation).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(RouterError("nobody is subscribed to this room".into())),
            Err(_) if self.rooms.came_late(room) => Ok(()),
            Err(_) => {
                self.metrics.unconfirmed.one();
                Err(RouterError("the subscription was not confirmed in time".into()))
            }
        }
    }

    fn publish(&self, rooms: &[Room], envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>> {
        if !self.link.stands() {
            return self.refuse(not_connected());
        }
        let payload = envelope::encode(&envelope);
        let command = |room: &Room| {
            let channel = self.names.channel(room);
            let mut command = Cmd::with_capacity(3, channel.len() + payload.len() + 7);
            command.arg("PUBLISH").arg(channel).arg(&payload[..]);
            command
        };
        let (done, answer) = oneshot::channel();
        match self.jobs.try_send(Job { commands: rooms.iter().map(command).collect(), done }) {
            Ok(()) => async move { answer.await.unwrap_or_else(|_| Err(not_connected())) }.boxed(),
            Err(TrySendError::Full(_)) => {
                self.metrics.publish_overflowed.one();
                self.refuse(RouterError("the publishing queue is full".into()))
            }
            Err(TrySendError::Closed(_)) => self.refuse(not_connected()),
        }
    }

    fn is_connected(&self) -> bool {
        self.link.stands() && self.subscriptions_stand.load(Ordering::Relaxed)
    }
}
