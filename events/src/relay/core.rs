//! What the relay's tasks share.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::future::BoxFuture;
use souk_chat::ports::{Events, Store};
use souk_chat::supervised;

use super::intents::Intents;
use super::metrics::Metrics;
use super::pace::Pace;
use super::settings::Settings;
use super::walks::Walks;

pub(super) struct Core {
    pub(super) store: Arc<dyn Store>,
    pub(super) events: Arc<dyn Events>,
    pub(super) pace: Pace,
    pub(super) settings: Settings,
    pub(super) metrics: Arc<Metrics>,
    pub(super) intents: Arc<Intents>,
    pub(super) walks: Arc<Walks>,
    /// Signs of life written so far: their number rises for as long as the process lives.
    pub(super) beats: AtomicU64,
}

impl Core {
    /// A task that goes on until the relay stops, whatever panics in it.
    pub(super) fn keep<Work: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        work: fn(Arc<Self>) -> Work,
    ) -> BoxFuture<'static, ()> {
        let core = Arc::clone(self);
        Box::pin(async move {
            let runtime = &core.pace.runtime;
            supervised(runtime.tasks(), name, |pause| runtime.sleep(pause), || work(Arc::clone(&core))).await;
        })
    }
}
