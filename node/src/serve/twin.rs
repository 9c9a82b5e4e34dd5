//! Noticing that another living process has this node's name.
//!
//! Engines add a number of their own to a node's name, so two of one name do no harm to messages; but their figures and log lines are
//! taken for one node's. Usually it is one setting given to all. A node that starts cannot tell at once whether the process that has
//! its name lives: its sign of life in the store rises every ten seconds. So a node starts, and looks for another with its name for
//! its first minute; of two that live, the one that started later leaves. A node that starts again after a crash is not held up.

use std::collections::HashMap;
use std::time::Duration;

use souk_chat::Timestamp;
use souk_chat::ports::{Heartbeat, Incarnation, Store};
use tokio::time::Instant;

use crate::config::Config;

/// For so long others are looked for: a few signs of life.
const LOOK_FOR: Duration = Duration::from_secs(60);
/// How often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The name of this run of the node: its own name, when it started (milliseconds, so that it sorts), and a random number.
pub(super) fn incarnation(name: &str, started: Timestamp, random: u64) -> Incarnation {
    Incarnation(format!("{name}-{:012x}-{random:016x}", started.millis().max(0)).into())
}

/// When a run with this name started; `None`: it is another's run, or an older souk's.
fn started<'a>(incarnation: &'a Incarnation, name: &str) -> Option<&'a str> {
    let (started, random) = incarnation.0.strip_prefix(name)?.strip_prefix('-')?.split_once('-')?;
    (started.len() == 12 && random.len() == 16).then_some(started)
}

/// Waits until another process with this name is seen to live that started earlier; for ever, if there is none.
pub(super) async fn seen(store: &dyn Store, config: &Config, own: &Incarnation) {
    let (name, began, mut beats) = (&config.node.id, Instant::now(), Beats::default());
    // Alone there is nobody else: SQLite's file is locked.
    while config.is_cluster() && began.elapsed() < LOOK_FOR {
        for shard in 0..store.heartbeat_shards() {
            match store.heartbeats(shard).await {
                Ok(heartbeats) if beats.an_elder_lives(&heartbeats, name, own) => return,
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "others with this node's name cannot be looked for"),
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    std::future::pending().await
}

/// The signs of life at the first look.
#[derive(Default)]
struct Beats(HashMap<Incarnation, u64>);

impl Beats {
    fn an_elder_lives(&mut self, heartbeats: &[Heartbeat], name: &str, own: &Incarnation) -> bool {
        let mine = (started(own, name), &own.0);
        let elders = heartbeats.iter().filter(|beat| {
            let theirs = started(&beat.incarnation, name);
            theirs.is_some() && (theirs, &beat.incarnation.0) < mine
        });
        let mut lives = false;
        for Heartbeat { incarnation, beat, .. } in elders {
            lives |= *self.0.entry(incarnation.clone()).or_insert(*beat) != *beat;
        }
        lives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(incarnation: &Incarnation, beat: u64) -> Heartbeat {
        Heartbeat { incarnation: incarnation.clone(), beat, oldest_minute: 0, minute: 0 }
    }

    #[test]
    fn of_two_that_live_the_later_one_leaves() {
        let run = |name, at| incarnation(name, Timestamp(at), 7);
        let (elder, own, dead) = (run("n-1", 1_000), run("n-1", 2_000), run("n-1", 500));
        let (other, like) = (run("n", 1_000), run("n-1-a", 1_000));
        let (mut ours, mut theirs) = (Beats::default(), Beats::default());
        let at = |n: u64| [beat(&elder, n), beat(&own, n), beat(&dead, 40), beat(&other, n), beat(&like, n)];
        assert!(!ours.an_elder_lives(&at(1), "n-1", &own) && !theirs.an_elder_lives(&at(1), "n-1", &elder));
        assert!(!ours.an_elder_lives(&at(1), "n-1", &own), "nothing rose");
        assert!(ours.an_elder_lives(&at(2), "n-1", &own));
        assert!(!theirs.an_elder_lives(&at(2), "n-1", &elder), "the elder stays");
        // The elder is seen only later: it has to rise all the same.
        let mut late = Beats::default();
        assert!(!late.an_elder_lives(&[], "n-1", &own) && !late.an_elder_lives(&at(3), "n-1", &own));
        assert!(late.an_elder_lives(&at(4), "n-1", &own));
        // Within one millisecond the number decides, the same way for both.
        let (a, b) = (incarnation("n", Timestamp(5), 1), incarnation("n", Timestamp(5), 2));
        let both = |n| [beat(&a, n), beat(&b, n)];
        let (mut of_a, mut of_b) = (Beats::default(), Beats::default());
        assert!(!of_a.an_elder_lives(&both(1), "n", &a) && !of_b.an_elder_lives(&both(1), "n", &b));
        assert!(!of_a.an_elder_lives(&both(2), "n", &a) && of_b.an_elder_lives(&both(2), "n", &b));
    }
}
