//! The book of a storm: who was cut, and who is back.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use souk_client::ConnectError;
use tokio::sync::Notify;

use crate::ledger::Micros;

/// Where a victim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    /// Not cut yet.
    Waits,
    Away,
    /// Back and caught up, so long after the cut.
    Back(Micros),
}

/// Who was cut, and who is back.
#[derive(Debug, Default)]
pub(crate) struct StormBook {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    began: Option<Micros>,
    victims: FxHashMap<u32, Victim>,
    missing: usize,
    tried: u64,
    refused: BTreeMap<String, u64>,
    retry_after: Option<(f64, f64)>,
}

/// What a process saw of a storm, in a form that can be sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StormPart {
    pub(crate) began: Micros,
    pub(crate) clients: u64,
    pub(crate) stayers: u64,
    /// Microseconds from the cut until each was back, rising.
    pub(crate) back: Vec<Micros>,
    pub(crate) tried: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) retry_after: Option<(f64, f64)>,
}

impl StormBook {
    /// The cut happens now, to these; one that is not live was cut already, by another process of the run that was a little faster.
    pub(crate) fn begin(&self, now: Micros, victims: impl Iterator<Item = (u32, bool)>) {
        let mut state = self.state.lock();
        state.began = Some(now);
        state.victims =
            victims.map(|(victim, live)| (victim, if live { Victim::Waits } else { Victim::Away })).collect();
        state.missing = state.victims.len();
    }

    /// A device went away by itself before it was cut: it is no victim.
    pub(crate) fn excuse(&self, device: u32) {
        let mut state = self.state.lock();
        if state.victims.get(&device) == Some(&Victim::Waits) {
            state.victims.remove(&device);
            state.missing -= 1;
            if state.missing == 0 {
                self.changed.notify_one();
            }
        }
    }

    /// A device lost its connection.
    pub(crate) fn was_cut(&self, device: u32) {
        if let Some(victim) = self.state.lock().victims.get_mut(&device)
            && *victim == Victim::Waits
        {
            *victim = Victim::Away;
        }
    }

    /// A device is live.
    pub(crate) fn is_back(&self, device: u32, now: Micros) {
        let mut state = self.state.lock();
        let Some(began) = state.began else { return };
        let Some(victim) = state.victims.get_mut(&device).filter(|victim| **victim == Victim::Away) else { return };
        *victim = Victim::Back(now.saturating_sub(began));
        state.missing -= 1;
        if state.missing == 0 {
            self.changed.notify_one();
        }
    }

    /// A handshake begins.
    pub(crate) fn tried(&self) {
        let mut state = self.state.lock();
        if state.began.is_some() {
            state.tried += 1;
        }
    }

    /// A handshake did not come about.
    pub(crate) fn refused(&self, why: &ConnectError) {
        let mut state = self.state.lock();
        if state.began.is_none() {
            return;
        }
        if let ConnectError::Http { status, .. } = why {
            *state.refused.entry(status.to_string()).or_default() += 1;
        }
        if let Some(wait) = why.retry_after().map(|wait| wait.as_secs_f64()) {
            let (least, most) = state.retry_after.unwrap_or((wait, wait));
            state.retry_after = Some((least.min(wait), most.max(wait)));
        }
    }

    /// Waits until everybody is back, at most so long. Returns whether they are.
    pub(crate) async fn everybody(&self, within: Duration) -> bool {
        if self.state.lock().missing == 0 {
            return true;
        }
        tokio::time::timeout(within, self.changed.notified()).await.is_ok()
    }

    /// How many are back, of how many; `None`: no storm yet.
    pub(crate) fn progress(&self) -> Option<(usize, usize)> {
        let state = self.state.lock();
        state.began.map(|_| (state.victims.len() - state.missing, state.victims.len()))
    }

    /// What was seen; `None`: there was no storm. `zero`: when the load began.
    pub(crate) fn part(&self, zero: Micros, devices: usize) -> Option<StormPart> {
        let state = self.state.lock();
        let began = state.began?;
        let mut back: Vec<_> = state
            .victims
            .values()
            .filter_map(|victim| match victim {
                Victim::Back(after) => Some(*after),
                _ => None,
            })
            .collect();
        back.sort_unstable();
        // Who was never cut was no victim: its connection was elsewhere when it happened.
        let clients = state.victims.values().filter(|victim| **victim != Victim::Waits).count();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Some(StormPart {
            began: began.saturating_sub(zero),
            clients: count(clients),
            stayers: count(devices.saturating_sub(clients)),
            back,
            tried: state.tried,
            refused: state.refused.clone(),
            retry_after: state.retry_after,
        })
    }
}

impl StormPart {
    /// Both together.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.clients += other.clients;
        self.stayers += other.stayers;
        self.back.extend(&other.back);
        self.back.sort_unstable();
        self.tried += other.tried;
        for (why, count) in &other.refused {
            *self.refused.entry(why.clone()).or_default() += count;
        }
        self.retry_after = match (self.retry_after, other.retry_after) {
            (Some(mine), Some(theirs)) => Some((mine.0.min(theirs.0), mine.1.max(theirs.1))),
            (mine, theirs) => mine.or(theirs),
        };
    }

    /// Seconds until so many in 100 of all clients were back.
    pub(crate) fn back_within(&self, percent: usize) -> Option<f64> {
        let clients = usize::try_from(self.clients).ok()?;
        let rank = (clients * percent).div_ceil(100);
        let after = *self.back.get(rank.checked_sub(1)?)?;
        Some(Duration::from_micros(after).as_secs_f64())
    }
}
