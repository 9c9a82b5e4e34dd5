//! Between nodes: channels, presence and limits, in one process and over Redis.
//!
//! [`connect`] makes the engines that an address names. They stand behind the ports of `souk-chat`
//! ([`Router`], [`Presence`], [`Limiter`]); nothing here decides what a chat is. Nothing here is on the path of truth either: a server that forgets everything costs presence and limits for a moment, and no message.

pub mod envelope;
pub mod local;
mod metrics;
mod remote;
mod settings;
mod spread;
mod window;

use std::sync::Arc;

use souk_chat::ports::{Limiter, Presence, Router};
use souk_chat::{Tasks, supervised};
use tokio::task::JoinSet;

pub use metrics::{Counter, Gauge, Metrics, Sample, SampleKind};
pub use settings::{ConfigError, NODE_MAX, PREFIX_MAX, Settings};

/// The engines of one node.
pub struct Parts {
    /// Rooms.
    pub router: Arc<dyn Router>,
    /// Who is connected.
    pub presence: Arc<dyn Presence>,
    /// The limit of sends.
    pub limiter: Arc<dyn Limiter>,
    /// What they did, counted.
    pub metrics: Arc<Metrics>,
    /// Their tasks. Hold it: the engines stop when it is dropped.
    pub background: Background,
}

/// The tasks of the engines. Dropping it stops them; nothing is flushed, and the lease ends by itself (see
/// [`Presence::leave`] for giving it up at once).
#[derive(Default)]
pub struct Background {
    running: JoinSet<()>,
    tasks: Tasks,
}

impl Background {
    pub(crate) fn new(tasks: Tasks) -> Self {
        Self { running: JoinSet::new(), tasks }
    }

    /// Runs what `start` makes, again if it panics; see [`supervised`].
    pub(crate) fn keep<Work: Future<Output = ()> + Send + 'static>(
        &mut self,
        name: &'static str,
        start: impl FnMut() -> Work + Send + 'static,
    ) {
        let tasks = self.tasks.clone();
        self.running.spawn(async move { supervised(&tasks, name, tokio::time::sleep, start).await });
    }

    /// Stops the tasks and waits until they are gone.
    pub async fn shutdown(mut self) {
        self.running.shutdown().await;
    }
}

/// Makes the engines that `url` names: `local` for a node that stands alone, otherwise a Redis. The server need not be up: the
/// engines connect, and connect again, by themselves. Must be called inside a Tokio runtime. Errors: the address or a setting is
/// wrong.
pub fn connect(url: &str, settings: &Settings) -> Result<Parts, ConfigError> {
    settings.check()?;
    if url == "local" {
        let metrics = Arc::new(Metrics::default());
        let limiter = local::LocalLimiter::new(settings.quota, metrics.clone());
        return Ok(on_bus(&local::LocalBus::new(), limiter, metrics));
    }
    remote::connect(url, settings)
}

/// The engines of one node on a shared bus, with a limiter that may be shared as well.
pub fn on_bus(bus: &Arc<local::LocalBus>, limiter: local::LocalLimiter, metrics: Arc<Metrics>) -> Parts {
    Parts {
        router: Arc::new(local::LocalRouter::new(bus.clone(), metrics.clone())),
        presence: Arc::new(local::LocalPresence::new(bus.clone(), metrics.clone())),
        limiter: Arc::new(limiter),
        metrics,
        background: Background::default(),
    }
}
