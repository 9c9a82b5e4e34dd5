use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use redis::Cmd;
use souk_chat::ports::{Channel, Envelope, Inbox, Router, RouterError};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::gaps::Gaps;
use super::link::Link;
use super::names::Names;
use super::publisher::{Job, not_connected};
use super::subscriptions::Subscriptions;
use crate::envelope;
use crate::metrics::Metrics;

/// A subscription is confirmed within this time, or whoever joins is answered from the store.
const CONFIRM_DEADLINE: Duration = Duration::from_secs(1);

/// Subscriptions over Redis.
pub(super) struct RedisRouter {
    pub(super) link: Arc<Link>,
    pub(super) subscriptions: Arc<Subscriptions>,
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

    fn subscribe(&self, channel: &Channel) {
        self.subscriptions.subscribe(channel);
    }

    fn unsubscribe(&self, channel: &Channel) {
        self.subscriptions.unsubscribe(channel);
    }

    async fn confirmed(&self, channel: &Channel) -> Result<(), RouterError> {
        let Err(confirmation) = self.subscriptions.confirmation(channel) else { return Ok(()) };
        match timeout(CONFIRM_DEADLINE, confirmation).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(RouterError("nobody is subscribed to this channel".into())),
            Err(_) if self.subscriptions.came_late(channel) => Ok(()),
            Err(_) => {
                self.metrics.unconfirmed.one();
                Err(RouterError("the subscription was not confirmed in time".into()))
            }
        }
    }

    fn publish(&self, channels: &[Channel], envelope: Envelope) -> BoxFuture<'static, Result<(), RouterError>> {
        if !self.link.stands() {
            return self.refuse(not_connected());
        }
        let payload = envelope::encode(&envelope);
        let command = |channel: &Channel| {
            let channel = self.names.channel(channel);
            let mut command = Cmd::with_capacity(3, channel.len() + payload.len() + 7);
            command.arg("PUBLISH").arg(channel).arg(&payload[..]);
            command
        };
        let (done, answer) = oneshot::channel();
        match self.jobs.try_send(Job { commands: channels.iter().map(command).collect(), done }) {
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
