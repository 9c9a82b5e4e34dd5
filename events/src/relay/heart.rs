//! The sign of life.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::core::Core;
use super::metrics::count;
use super::settings::{BEAT_EVERY, BEAT_PATIENCE, BEAT_RETRY, REST_FIRST};

/// Writes signs of life until the relay stops.
pub(super) async fn beat_on(core: Arc<Core>) {
    let mut failures = 0;
    loop {
        let beat = core.beats.fetch_add(1, Ordering::Relaxed) + 1;
        let wait = if beat_once(&core, beat).await {
            failures = 0;
            BEAT_EVERY
        } else {
            failures += 1;
            core.pace.backoff(REST_FIRST, BEAT_RETRY, failures)
        };
        let oldest = core.walks.oldest(core.pace.runtime.monotonic());
        let millis = u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX);
        core.metrics.oldest_owed_millis.store(millis, Ordering::Relaxed);
        if !core.pace.sleep(wait).await {
            return;
        }
    }
}

async fn beat_once(core: &Core, beat: u64) -> bool {
    // The lease is counted from before the write: nobody can have seen the sign of life earlier.
    let at = core.pace.runtime.monotonic();
    let heartbeat = core.intents.heartbeat(beat);
    match core.pace.within(BEAT_PATIENCE, core.store.beat(&heartbeat)).await {
        Some(Ok(())) => {
            core.intents.beaten(heartbeat.minute, at);
            true
        }
        failed => {
            count(&core.metrics.beats_failed);
            if let Some(Err(error)) = failed {
                tracing::debug!(%error, beat, "the sign of life could not be written");
            }
            false
        }
    }
}
