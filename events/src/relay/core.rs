//! What the relay's tasks share.

use std::sync::Arc;

use souk_chat::ports::{Events, Store};

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
}
