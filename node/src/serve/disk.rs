//! Watching the disk of a store on this machine, for readiness, the log and `/metrics`: one that is full or hangs would otherwise
//! be seen by nobody but those who wait for their messages.

use std::time::Duration;

use souk_store::{Upkeep, Writes};
use tokio::time::Instant;

use crate::metrics::{Metrics, Sample, SampleKind};
use crate::readiness::Readiness;

/// How often the disk is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A write that takes longer is taken for a disk that hangs.
const HANGS: Duration = Duration::from_secs(2);
/// How often a trouble that stays is said again.
const SAY_AGAIN: Duration = Duration::from_secs(30);
/// What readiness calls it.
const PART: &str = "disk";

/// Lets `/metrics` read how the disk takes the writes.
pub(super) fn attach(metrics: &Metrics, upkeep: &Upkeep) {
    if upkeep.writes().is_none() {
        return;
    }
    let upkeep = upkeep.clone();
    metrics.attach(move || upkeep.writes().as_ref().map_or_else(Vec::new, samples));
}

fn samples(writes: &Writes) -> Vec<Sample> {
    let sample = |name, help, kind, value| Sample { name, help, kind, value };
    vec![
        sample("store_writes_failed", "Writes that the disk did not take", SampleKind::Counter, writes.failed),
        sample("store_writes_waiting", "Writes that wait for the disk", SampleKind::Gauge, writes.waiting as u64),
        sample(
            "store_write_running_seconds",
            "How long the write that is being made has taken so far",
            SampleKind::Gauge,
            writes.running.as_secs(),
        ),
    ]
}

/// Watches until it is dropped; at once done where there is no disk of this machine to watch.
pub(super) async fn watch(upkeep: Upkeep, readiness: Readiness) {
    let mut log = Log::default();
    while let Some(writes) = upkeep.writes() {
        let trouble = trouble(&writes);
        match &trouble {
            None => readiness.ready(PART),
            Some(why) => readiness.not_ready(PART, why.clone()),
        }
        match log.next(trouble, writes.failed, Instant::now()) {
            Some(Line::Trouble(why)) => tracing::error!(%why, failed = writes.failed, "history cannot be written"),
            Some(Line::Passed(failed)) => tracing::warn!(failed, "writes failed that the disk takes again"),
            Some(Line::Over) => tracing::info!("history is written again"),
            None => {}
        }
        // Nobody else may write while this node is not ready.
        if writes.trouble.is_some()
            && let Err(error) = upkeep.touch().await
        {
            tracing::debug!(%error, "the disk takes no writes yet");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What is wrong, in a sentence.
fn trouble(writes: &Writes) -> Option<String> {
    if writes.running > HANGS {
        return Some(format!("the disk hangs: a write has been running for {} s", writes.running.as_secs()));
    }
    writes.trouble.as_ref().map(|why| format!("the disk takes no writes: {why}"))
}

#[derive(Debug, PartialEq, Eq)]
enum Line {
    Trouble(String),
    /// So many writes failed, and the last did not.
    Passed(u64),
    Over,
}

/// What was said, so that a trouble of hours is a line now and then.
#[derive(Default)]
struct Log {
    said: Option<Instant>,
    failed: u64,
}

impl Log {
    fn next(&mut self, trouble: Option<String>, failed: u64, now: Instant) -> Option<Line> {
        let new = failed - std::mem::replace(&mut self.failed, failed);
        match (trouble, self.said) {
            (Some(_), Some(said)) if now.duration_since(said) < SAY_AGAIN => None,
            (Some(why), _) => {
                self.said = Some(now);
                Some(Line::Trouble(why))
            }
            (None, Some(_)) => {
                self.said = None;
                Some(Line::Over)
            }
            (None, None) => (new > 0).then_some(Line::Passed(new)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_runs_long_or_failed_is_a_trouble() {
        let well = Writes { failed: 3, waiting: 9, running: HANGS, trouble: None };
        assert_eq!(trouble(&well), None);
        let hangs = Writes { running: Duration::from_secs(7), ..well.clone() };
        assert!(trouble(&hangs).is_some_and(|why| why.contains("hangs") && why.contains("7 s")));
        let full = Writes { trouble: Some("database or disk is full".into()), ..well };
        assert!(trouble(&full).is_some_and(|why| why.contains("disk is full")));
    }

    #[tokio::test]
    async fn a_trouble_is_said_when_it_begins_now_and_then_and_when_it_ends() {
        let (mut log, start) = (Log::default(), Instant::now());
        let mut at = |seconds, trouble: Option<&str>, failed| {
            log.next(trouble.map(str::to_owned), failed, start + Duration::from_secs(seconds))
        };
        assert_eq!(at(0, None, 0), None);
        assert_eq!(at(1, Some("full"), 1), Some(Line::Trouble("full".into())));
        assert_eq!(at(2, Some("full"), 5), None);
        assert_eq!(at(30, Some("hangs"), 60), None);
        assert_eq!(at(31, Some("hangs"), 62), Some(Line::Trouble("hangs".into())));
        assert_eq!(at(40, None, 62), Some(Line::Over));
        assert_eq!(at(41, None, 62), None);
        // So short that nobody looked in between.
        assert_eq!(at(42, None, 64), Some(Line::Passed(2)));
    }
}
