//! What people do in a chat.
//!
//! [`Chats`] answers questions and takes messages. A message becomes an entry of its order's log in the
//! [`sequencer`]; what is read comes straight from the store.

mod absence;
mod admin;
mod allowance;
mod catch_up;
mod edit;
mod lists;
mod marks;
mod memory;
mod originals;
mod recent;
mod send;
pub mod sequencer;
mod view;

use std::sync::Arc;
use std::time::Duration;

use crate::actor::{Actor, Role};
use crate::fingerprint::Fingerprints;
use crate::id::OrderId;
use crate::order::Order;
use crate::ports::{Feed, Limiter, Moderations, OutboxIntents, Presence, Runtime, Store};
use crate::refusal::Refusal;
use crate::rules::RulesCell;
use crate::seal::Sealer;

pub use admin::OrderSpec;
pub use catch_up::{CatchUp, History, Window};
pub use edit::Edit;
pub use lists::{ChatList, Synced};
pub use marks::{Progress, Standing};
pub use memory::Memory;
pub use originals::{AuditPage, Original, OriginalsPage};
pub use send::{Send, Sent};
pub use sequencer::Sequencer;
pub use view::{ChatView, Participant};

/// How often a node that leaves looks whether its writes are done.
const SETTLE_EVERY: Duration = Duration::from_millis(10);

/// Everything the service reaches the world through.
#[derive(Clone)]
pub struct Ports {
    /// History.
    pub store: Arc<dyn Store>,
    /// Who is connected.
    pub presence: Arc<dyn Presence>,
    /// How much a person may send.
    pub limiter: Arc<dyn Limiter>,
    /// Where committed entries go.
    pub feed: Arc<dyn Feed>,
    /// Intents of owed events.
    pub intents: Arc<dyn OutboxIntents>,
    /// Time, tasks, randomness.
    pub runtime: Arc<dyn Runtime>,
    /// What may be said.
    pub rules: Arc<RulesCell>,
    /// Who hears of decisions.
    pub moderations: Arc<dyn Moderations>,
    /// What originals are sealed with.
    pub sealer: Arc<Sealer>,
    /// Telling repeats from second texts.
    pub fingerprints: Arc<Fingerprints>,
}

/// The chats of a node.
pub struct Chats {
    ports: Ports,
    memory: Arc<Memory>,
    sequencer: Arc<Sequencer>,
    raising: Arc<marks::Raising>,
}

impl Chats {
    /// A service over these ports.
    pub fn new(ports: Ports) -> Self {
        let memory = Arc::new(Memory::default());
        let sequencer = Arc::new(Sequencer::new(ports.clone(), Arc::clone(&memory)));
        Self { ports, memory, sequencer, raising: Arc::default() }
    }

    /// The order, if this actor may read it: a party, or an admin. No such order and not yours look the same, and take the same one
    /// read, whatever this node remembers for others. Title and status may be five seconds old.
    pub async fn readable(&self, actor: &Actor, id: &OrderId) -> Result<Arc<Order>, Refusal> {
        self.readable_since(actor, id, memory::ORDER_FRESH).await
    }

    /// As [`readable`](Self::readable), for whom only its parties concern, as in a send: it may be a minute old.
    /// Nothing is decided by title or status of what this returns.
    pub async fn accessible(&self, actor: &Actor, id: &OrderId) -> Result<Arc<Order>, Refusal> {
        self.readable_since(actor, id, memory::PARTIES_FRESH).await
    }

    async fn readable_since(&self, actor: &Actor, id: &OrderId, fresh: Duration) -> Result<Arc<Order>, Refusal> {
        let may = |order: &Arc<Order>| actor.role == Role::Admin || order.side_of(&actor.user).is_some();
        let now = self.ports.runtime.monotonic();
        if let Some(order) = self.memory.order(id, now, fresh).filter(may) {
            return Ok(order);
        }
        let order = self.ports.store.order(id).await?;
        let order = order.map(Arc::new).filter(may).ok_or(Refusal::Forbidden)?;
        self.memory.remember_order(Arc::clone(&order), now);
        Ok(order)
    }

    /// Waits until no write of this node is under way and each was followed up, for at most `patience`; returns whether that is
    /// so. For a node that leaves: what it wrote and did not tell, others see only at their next comparison. Cancel-safe.
    pub async fn settle(&self, patience: Duration) -> bool {
        let runtime = &self.ports.runtime;
        let deadline = runtime.monotonic() + patience;
        while !self.sequencer.is_idle() {
            if runtime.monotonic() >= deadline {
                return false;
            }
            runtime.sleep(SETTLE_EVERY).await;
        }
        true
    }

    async fn order(&self, id: &OrderId) -> Result<Option<Arc<Order>>, Refusal> {
        let now = self.ports.runtime.monotonic();
        if let Some(order) = self.memory.order(id, now, memory::ORDER_FRESH) {
            return Ok(Some(order));
        }
        let order = self.ports.store.order(id).await?.map(Arc::new);
        if let Some(order) = &order {
            self.memory.remember_order(Arc::clone(order), now);
        }
        Ok(order)
    }
}
