//! Looking for intents that nobody keeps: this process's own, and those of processes that ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use souk_chat::ports::{Heartbeat, Incarnation, StoreError};

use super::core::Core;
use super::metrics::count;
use super::settings::{
    DEAD_AFTER, DEAD_AGAIN, DEAD_LEFT, DEAD_MINUTES, FORGET_AFTER, OWN_MINUTES, SWEEP_EVERY, SWEEP_JITTER, SWEEP_PAGE,
    SWEEP_PAGES, WATCHED,
};
use super::settle::settle;

/// Another process's sign of life, as this one sees it.
struct Watched {
    heartbeat: Heartbeat,
    /// Where it is kept.
    shard: u32,
    /// When it was first seen like this.
    since: Duration,
    /// The next minute to look at.
    next: i64,
    /// Whether something was left in the minutes before that.
    left: bool,
    /// Not before this.
    again: Duration,
}

/// Sweeps until the relay stops.
pub(super) async fn sweep_on(core: Arc<Core>) {
    let mut watched = HashMap::new();
    // An engine that needs no intents answers with what an earlier run of this program left: that goes out at once.
    if let Ok(mut left) = core.store.intents(core.intents.incarnation(), core.intents.newest(), SWEEP_PAGE).await {
        // Sends may be under way already: their intents are young, and remembered.
        left.retain(|intent| !core.intents.remembers(intent));
        settle(&core, left).await;
    }
    loop {
        if !core.pace.sleep(SWEEP_EVERY + core.pace.jitter(SWEEP_JITTER)).await {
            return;
        }
        round(&core, &mut watched).await;
    }
}

/// One sweep. What fails for one process, or one shard of signs of life, ends nothing for the others.
async fn round(core: &Arc<Core>, watched: &mut HashMap<Incarnation, Watched>) {
    sweep_own(core).await;
    for shard in 0..core.store.heartbeat_shards() {
        match core.store.heartbeats(shard).await {
            Ok(heartbeats) => watch(core, watched, shard, heartbeats),
            Err(error) => {
                count(&core.metrics.sweeps_failed);
                tracing::debug!(%error, shard, "signs of life could not be read");
            }
        }
    }
    sweep_dead(core, watched).await;
}

async fn sweep_own(core: &Arc<Core>) {
    for _ in 0..SWEEP_PAGES {
        let aged = core.intents.aged(SWEEP_PAGE);
        if aged.is_empty() {
            break;
        }
        let left = settle(core, aged).await;
        core.intents.postpone(&left);
        if !left.is_empty() {
            break;
        }
    }
    for minute in core.intents.closed(OWN_MINUTES) {
        match empty_minute(core, core.intents.incarnation(), minute).await {
            Ok(true) => core.intents.emptied(minute),
            Ok(false) => {}
            Err(_) => return,
        }
    }
}

/// Deals with what a minute holds. `true`: all of it.
async fn empty_minute(core: &Arc<Core>, incarnation: &Incarnation, minute: i64) -> Result<bool, StoreError> {
    for _ in 0..SWEEP_PAGES {
        let page = core.store.intents(incarnation, minute, SWEEP_PAGE).await?;
        let last = page.len() < SWEEP_PAGE;
        if !settle(core, page).await.is_empty() || core.pace.stopped() {
            return Ok(false);
        }
        if last {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes note of the signs of life of one shard.
fn watch(core: &Core, watched: &mut HashMap<Incarnation, Watched>, shard: u32, heartbeats: Vec<Heartbeat>) {
    let now = core.pace.runtime.monotonic();
    watched.retain(|incarnation, seen| {
        seen.shard != shard || heartbeats.iter().any(|heartbeat| heartbeat.incarnation == *incarnation)
    });
    for heartbeat in heartbeats {
        if heartbeat.incarnation == *core.intents.incarnation() {
            continue;
        }
        if watched.get(&heartbeat.incarnation).is_some_and(|seen| seen.heartbeat == heartbeat) {
            continue;
        }
        if watched.len() >= WATCHED && !watched.contains_key(&heartbeat.incarnation) {
            tracing::warn!(most = WATCHED, "more signs of life than are watched");
            continue;
        }
        let next = heartbeat.oldest_minute;
        let seen = Watched { heartbeat: heartbeat.clone(), shard, since: now, next, left: false, again: now };
        watched.insert(heartbeat.incarnation, seen);
    }
}

async fn sweep_dead(core: &Arc<Core>, watched: &mut HashMap<Incarnation, Watched>) {
    for seen in watched.values_mut() {
        let now = core.pace.runtime.monotonic();
        if now < seen.since + DEAD_AFTER || now < seen.again || core.pace.stopped() {
            continue;
        }
        if let Err(error) = bury(core, seen).await {
            count(&core.metrics.sweeps_failed);
            tracing::debug!(%error, incarnation = %seen.heartbeat.incarnation.0, "intents of an ended process wait");
        }
    }
}

/// Deals with a dead process's intents, some minutes at a time; forgets it when it is long dead and nothing is left. What cannot be
/// dealt with in one minute keeps no later one waiting.
async fn bury(core: &Arc<Core>, seen: &mut Watched) -> Result<(), StoreError> {
    let end = seen.heartbeat.minute.saturating_add(1);
    let mut left = 0;
    for _ in 0..DEAD_MINUTES {
        if seen.next > end || left == DEAD_LEFT {
            break;
        }
        if !empty_minute(core, &seen.heartbeat.incarnation, seen.next).await? {
            if core.pace.stopped() {
                return Ok(());
            }
            seen.left = true;
            left += 1;
        }
        seen.next += 1;
    }
    if seen.next <= end {
        return Ok(());
    }
    if std::mem::take(&mut seen.left) {
        seen.next = seen.heartbeat.oldest_minute;
        return Ok(());
    }
    let now = core.pace.runtime.monotonic();
    seen.next = seen.heartbeat.oldest_minute;
    seen.again = now + DEAD_AGAIN;
    // A process that came back to life meanwhile is not forgotten.
    if now >= seen.since + FORGET_AFTER && core.store.heartbeats(seen.shard).await?.contains(&seen.heartbeat) {
        core.store.forget(&seen.heartbeat.incarnation).await?;
        count(&core.metrics.forgotten);
        tracing::info!(incarnation = %seen.heartbeat.incarnation.0, "an ended process's intents are all dealt with");
    }
    Ok(())
}

/// A process that leaves and has kept all its intents takes its sign of life along.
pub(super) async fn leave(core: &Core) {
    core.intents.retire();
    let Some(minutes) = core.intents.idle() else { return };
    for minute in minutes {
        if !matches!(core.store.intents(core.intents.incarnation(), minute, 1).await, Ok(page) if page.is_empty()) {
            return;
        }
    }
    // Otherwise a living node deals with what is left.
    let _ = core.store.forget(core.intents.incarnation()).await;
}
