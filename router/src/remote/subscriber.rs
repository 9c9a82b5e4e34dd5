use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::address::Servers;
use super::backoff::Backoff;
use super::dispatch::Dispatch;
use super::gaps::Gaps;
use super::link::Link;
use super::session::{Ended, Session};
use super::subscriptions::Subscriptions;
use crate::metrics::Metrics;

/// Channels of one SUBSCRIBE or UNSUBSCRIBE.
const BATCH: usize = 512;
/// The server confirms one batch within this time, or the connection is given up.
const BATCH_DEADLINE: Duration = Duration::from_secs(3);
/// How often subscriptions nobody wants are looked for.
const IDLE_EVERY: Duration = Duration::from_millis(500);

/// Keeps the connection for subscriptions. Batches go one after another, each after the confirmation of the one before: what comes
/// meanwhile is the next batch, and a server that has just come up is not buried.
pub(super) struct Subscriber {
    pub(super) servers: Arc<Servers>,
    /// The newest connection.
    pub(super) generation: AtomicU64,
    pub(super) link: Arc<Link>,
    pub(super) subscriptions: Arc<Subscriptions>,
    pub(super) dispatch: Arc<Dispatch>,
    pub(super) gaps: Arc<Gaps>,
    pub(super) metrics: Arc<Metrics>,
    /// Everything wanted at the beginning of the connection stands.
    pub(super) stands: Arc<AtomicBool>,
}

impl Subscriber {
    /// Connects, and connects again, until dropped.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut backoff = Backoff::default();
        let mut is_told = false;
        loop {
            let dispatch = self.dispatch.clone();
            let generation = self.generation.load(Ordering::Relaxed) + 1;
            match Session::dial(&self.servers, move |push| dispatch.take(generation, push)).await {
                Ok(session) => {
                    is_told = false;
                    self.generation.store(generation, Ordering::Relaxed);
                    if generation > 1 {
                        self.metrics.reconnects.one();
                    }
                    let begun = Instant::now();
                    let ended = self.serve(&session, generation).await;
                    tracing::warn!(%ended, "the connection for subscriptions was lost");
                    backoff.stood(begun.elapsed());
                }
                Err(error) if !is_told => {
                    is_told = true;
                    tracing::warn!(%error, "no connection for subscriptions; trying on");
                }
                Err(error) => tracing::debug!(%error, "no connection for subscriptions"),
            }
            sleep(backoff.next_wait()).await;
        }
    }

    async fn serve(&self, session: &Session, generation: u64) -> Ended {
        tracing::info!(address = %session.address, generation, "connected for subscriptions");
        self.metrics.connections.up();
        let _standing = Standing(self);
        tokio::select! {
            ended = session.ended() => ended,
            ended = self.work(session.connection.clone(), generation) => ended,
            () = self.moved(&session.address) => Ended::Moved,
        }
    }

    async fn work(&self, mut connection: MultiplexedConnection, generation: u64) -> Ended {
        let begun = Instant::now();
        let had_channels = self.subscriptions.begin(generation);
        if let Err(ended) = self.subscribe_wanted(&mut connection).await {
            return ended;
        }
        self.stands.store(true, Ordering::Relaxed);
        // On a node's first connection nothing can be missing, unless channels were wanted before it.
        if generation > 1 || had_channels {
            tracing::info!(took = ?begun.elapsed(), channels = self.metrics.subscriptions.get(), "subscriptions stand again");
            self.gaps.all();
        }
        let mut look = interval(IDLE_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                () = self.subscriptions.wanted.notified() => {
                    // Who subscribes in the same breath comes into the same batch.
                    tokio::task::yield_now().await;
                    self.subscribe_wanted(&mut connection).await
                }
                _ = look.tick() => self.unsubscribe_idle(&mut connection).await,
            };
            if let Err(ended) = outcome {
                return ended;
            }
        }
    }

    async fn subscribe_wanted(&self, connection: &mut MultiplexedConnection) -> Result<(), Ended> {
        loop {
            let channels = self.subscriptions.take_wanted(BATCH);
            if channels.is_empty() {
                return Ok(());
            }
            let names: Vec<&str> = channels.iter().map(AsRef::as_ref).collect();
            in_time(connection.subscribe(&names)).await?;
        }
    }

    async fn unsubscribe_idle(&self, connection: &mut MultiplexedConnection) -> Result<(), Ended> {
        loop {
            let channels = self.subscriptions.take_idle(BATCH);
            if channels.is_empty() {
                return Ok(());
            }
            let names: Vec<&str> = channels.iter().map(AsRef::as_ref).collect();
            in_time(connection.unsubscribe(&names)).await?;
        }
    }

    /// Resolves when the commands go to another server: after a failover the old one hears nothing new.
    async fn moved(&self, address: &str) {
        let mut changes = pin!(self.link.changes());
        loop {
            if self.link.now().is_some_and(|live| *live.address != *address) {
                return;
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// A connection on which channels are confirmed. However it ends, none stands any more.
struct Standing<'a>(&'a Subscriber);

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.0.stands.store(false, Ordering::Relaxed);
        self.0.subscriptions.interrupted();
        self.0.metrics.connections.down();
    }
}

async fn in_time(command: impl Future<Output = Result<(), RedisError>>) -> Result<(), Ended> {
    timeout(BATCH_DEADLINE, command).await.map_err(|_| Ended::Silent)?.map_err(Ended::Refused)
}
