//! The engines of a node that stands alone. Several nodes of one process may share a [`LocalBus`]; tests do.

mod bus;
mod lane;
mod presence;
mod router;

use std::sync::Arc;

use async_trait::async_trait;
use souk_chat::limits::Quota;
use souk_chat::ports::{Admission, Attempt, Limiter};

pub use bus::LocalBus;
pub use presence::LocalPresence;
pub use router::LocalRouter;

use crate::metrics::Metrics;
use crate::window::Windows;

/// The limit of sends, kept in memory. Clones share the windows: give them to every node of a process.
#[derive(Clone)]
pub struct LocalLimiter {
    windows: Option<Arc<Windows>>,
}

impl LocalLimiter {
    /// A limiter that allows `quota`; 0 messages means no limit.
    pub fn new(quota: Quota, metrics: Arc<Metrics>) -> Self {
        Self { windows: (quota.messages > 0).then(|| Arc::new(Windows::new(quota, metrics))) }
    }
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn admit(&self, attempt: &Attempt<'_>) -> Admission {
        let free = Admission::Allowed { counted: false, repeated: false };
        self.windows.as_ref().map_or(free, |windows| windows.admit(attempt.user, attempt.key))
    }

    fn forgive(&self, attempt: &Attempt<'_>) {
        if let Some(windows) = &self.windows {
            windows.forgive(attempt.user, attempt.key);
        }
    }
}
