use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, ServerErrorKind};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::address::Servers;
use super::backoff::Backoff;
use super::session::{Ended, Session};
use crate::metrics::Metrics;

/// The connection for commands, as it is now.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    /// Rises with every connection; never 0.
    pub(super) generation: u64,
    pub(super) address: Arc<str>,
}

/// Keeps one connection for commands. Whoever asks gets it at once, or nothing.
pub(super) struct Link {
    live: RwLock<Option<Live>>,
    /// The generation that stands, 0 while none does.
    standing: watch::Sender<u64>,
    /// The newest one.
    generation: AtomicU64,
    suspected: Notify,
    metrics: Arc<Metrics>,
}

impl Link {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            live: RwLock::new(None),
            standing: watch::Sender::new(0),
            generation: AtomicU64::new(0),
            suspected: Notify::new(),
            metrics,
        }
    }

    pub(super) fn now(&self) -> Option<Live> {
        self.live.read().clone()
    }

    pub(super) fn stands(&self) -> bool {
        self.live.read().is_some()
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.standing.subscribe()
    }

    /// A command failed. When the error means that this server is not the one to ask any more, the link looks for it anew.
    pub(super) fn report(&self, error: &RedisError) {
        use ServerErrorKind::{ClusterDown, MasterDown, Moved, ReadOnly};
        if matches!(error.kind(), ErrorKind::Server(ReadOnly | Moved | ClusterDown | MasterDown)) {
            self.suspected.notify_one();
        }
    }

    /// Connects, and connects again, until dropped.
    pub(super) async fn keep(self: Arc<Self>, servers: Arc<Servers>) {
        let mut backoff = Backoff::default();
        let mut is_told = false;
        loop {
            match Session::dial(&servers, |_| {}).await {
                Ok(session) => {
                    is_told = false;
                    let generation = self.generation.fetch_add(1, Ordering::Relaxed) + 1;
                    if generation > 1 {
                        self.metrics.reconnects.one();
                    }
                    let begun = Instant::now();
                    let ended = self.serve(session, generation).await;
                    tracing::warn!(%ended, "the connection for commands was lost");
                    backoff.stood(begun.elapsed());
                }
                Err(error) if !is_told => {
                    is_told = true;
                    tracing::warn!(%error, "no connection for commands; trying on");
                }
                Err(error) => tracing::debug!(%error, "no connection for commands"),
            }
            sleep(backoff.next_wait()).await;
        }
    }

    async fn serve(&self, session: Session, generation: u64) -> Ended {
        let address: Arc<str> = session.address.as_str().into();
        tracing::info!(%address, generation, "connected for commands");
        *self.live.write() = Some(Live { connection: session.connection.clone(), generation, address });
        self.standing.send_replace(generation);
        self.metrics.connections.up();
        let _standing = Standing(self);
        tokio::select! {
            ended = session.ended() => ended,
            () = self.suspected.notified() => Ended::Moved,
        }
    }
}

/// A connection that is there to be asked for. However it ends, it is not there any more.
struct Standing<'a>(&'a Link);

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        *self.0.live.write() = None;
        self.0.standing.send_replace(0);
        self.0.metrics.connections.down();
    }
}
