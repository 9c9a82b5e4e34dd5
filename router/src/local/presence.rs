use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use souk_chat::id::UserId;
use souk_chat::ports::{Orphan, Presence, PresenceError};

use super::bus::LocalBus;
use crate::metrics::Metrics;

/// Who is connected to the nodes of one process. A dropped node's people are gone.
pub struct LocalPresence {
    bus: Arc<LocalBus>,
    number: u64,
    metrics: Arc<Metrics>,
    /// Whether the node gave up its lease. Held while counts change, so that nothing is set after leaving.
    left: Mutex<bool>,
}

impl LocalPresence {
    /// A node on the bus.
    pub fn new(bus: Arc<LocalBus>, metrics: Arc<Metrics>) -> Self {
        Self { number: bus.next_number(), bus, metrics, left: Mutex::new(false) }
    }

    fn give_up(&self) {
        let mut left = self.left.lock();
        *left = true;
        self.bus.forget_people(self.number);
        self.metrics.people.set(0);
    }
}

#[async_trait]
impl Presence for LocalPresence {
    fn set(&self, user: &UserId, devices: u32) {
        let left = self.left.lock();
        if *left {
            return;
        }
        match (self.bus.set_devices(self.number, user, devices), devices) {
            (0, 1..) => self.metrics.people.up(),
            (1.., 0) => self.metrics.people.down(),
            _ => {}
        }
    }

    /// Nothing to do: nobody else could find this node's people.
    fn release(&self, _user: &UserId) {}

    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>, PresenceError> {
        Ok(users.iter().map(|user| self.bus.is_online(user)).collect())
    }

    /// None: nodes of one process end together.
    async fn orphans(&self, _limit: usize) -> Result<Vec<Orphan>, PresenceError> {
        Ok(Vec::new())
    }

    async fn adopted(&self, _orphans: &[Orphan]) -> Result<(), PresenceError> {
        Ok(())
    }

    async fn leave(&self) {
        self.give_up();
    }
}

impl Drop for LocalPresence {
    fn drop(&mut self) {
        self.give_up();
    }
}
