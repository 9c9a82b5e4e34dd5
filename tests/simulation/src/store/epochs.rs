//! Epochs, and what a store loses that had answered for it.

use async_trait::async_trait;
use parking_lot::Mutex;
use souk_chat::ports::Epochs;
use souk_chat::ports::store::StoreError;
use souk_chat::{Epoch, NewEntry, OrderId, Seq, Timestamp};

use crate::plan::Sabotage;
use crate::runtime::at;

use super::engine::{Engine, Shelf, unread};
use super::history::History;

/// How old the epoch may be that a node goes by, in milliseconds: as the real engines have it.
const FRESH_MS: u64 = 5_000;

/// The epoch as a node knows it, and when it last asked.
pub(super) struct Known(Mutex<(Epoch, u64)>);

impl Known {
    /// As the store has it now.
    pub(super) fn new(shelf: &Shelf) -> Self {
        Self(Mutex::new((shelf.history().epoch(), shelf.world.now())))
    }

    fn learn(&self, epoch: Epoch) -> Epoch {
        let mut known = self.0.lock();
        if number(&epoch) > number(&known.0) {
            known.0 = epoch;
        }
        known.0.clone()
    }
}

fn number(epoch: &Epoch) -> u64 {
    epoch.as_str().trim_start_matches('e').parse().expect("epochs are numbered here")
}

impl History {
    /// The epoch it is in.
    pub fn epoch(&self) -> Epoch {
        Epoch::new(&format!("e{}", self.epochs)).expect("a number is of the alphabet")
    }

    fn begin_epoch(&mut self, from: &Epoch, at: Timestamp) -> Epoch {
        if self.epoch() == *from {
            self.epochs += 1;
            self.epoch_began = at;
        }
        self.epoch()
    }

    /// Loses the last `count` entries of an order, as a crash does that takes back what was not synced. Returns them.
    pub fn lose(&mut self, order: &OrderId, count: usize) -> Vec<NewEntry> {
        self.logs.get_mut(order).map(|log| log.lose(count)).unwrap_or_default()
    }
}

#[async_trait]
impl Epochs for Engine {
    async fn epoch(&self) -> Result<Epoch, StoreError> {
        let now = self.shelf.world.now();
        let known = {
            let mut known = self.epoch.0.lock();
            if now < known.1 + FRESH_MS {
                return Ok(known.0.clone());
            }
            known.1 = now;
            known.0.clone()
        };
        let read = self.request(false, |history, _| history.epoch()).await;
        Ok(read.map_or(known, |epoch| self.epoch.learn(epoch)))
    }

    async fn is_ours(&self, _order: &OrderId, epoch: &Epoch, _since: Seq) -> Result<bool, StoreError> {
        let now = self.request(false, |history, _| history.epoch()).await.map_err(unread)?;
        let any = self.shelf.world.plan.sabotage == Sabotage::AnyEpoch;
        Ok(self.epoch.learn(now) == *epoch || any)
    }

    fn began(&self, _epoch: &Epoch) -> Option<Timestamp> {
        Some(self.shelf.history().epoch_began)
    }

    async fn begin_epoch(&self, from: &Epoch) -> Result<Epoch, StoreError> {
        let from = from.clone();
        let at = at(&self.shelf.world);
        let epoch = self.request(true, move |history, _| history.begin_epoch(&from, at)).await?;
        Ok(self.epoch.learn(epoch))
    }
}
