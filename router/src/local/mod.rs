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

/// The limits of sends and repetitions, kept in memory. Clones share the windows: give them to every node of a process.
#[derive(Clone)]
pub struct LocalLimiter {
    windows: Arc<Windows>,
}

impl LocalLimiter {
    /// A limiter that allows `quota`; 0 messages means no limit.
    pub fn new(quota: Quota, metrics: Arc<Metrics>) -> Self {
        Self { windows: Arc::new(Windows::new(quota, metrics)) }
    }

    /// Whether anything of the attempt is counted.
    fn counts(&self, attempt: &Attempt<'_>) -> bool {
        self.windows.has_quota() || attempt.said.is_some()
    }
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn admit(&self, attempt: &Attempt<'_>) -> Admission {
        match self.counts(attempt) {
            true => self.windows.admit(attempt),
            false => Admission::Allowed { counted: false, repeated: false },
        }
    }

    fn forgive(&self, attempt: &Attempt<'_>) {
        self.windows.forgive(attempt);
    }
}
