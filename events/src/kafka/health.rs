//! Whether any broker answers.
//!
//! While none does, nothing new is handed to the client: what waits in its queue goes out when the brokers are back, also where
//! another node has sent it by then. What waits in the store goes out once. What is on its way already is the probe that shows that
//! they are back; it may wait for a broker that stays away, so something new is let through now and then.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often something new is let through while no broker answers and something is on its way already.
const PROBE_EVERY: Duration = Duration::from_secs(120);
/// How often is said that it is still so.
const SAY_EVERY: Duration = Duration::from_secs(300);

#[derive(Debug)]
struct State {
    /// When it was found that no broker answers; `None`: they do, as far as is known.
    down_since: Option<Instant>,
    said_at: Instant,
    /// What would have been said since then.
    unsaid: u64,
    /// When a record was confirmed last.
    confirmed_at: Instant,
    /// When something new was let through last.
    begun_at: Instant,
}

/// What is known of the brokers.
#[derive(Debug)]
pub(super) struct Health(Mutex<State>);

impl Health {
    pub(super) fn new(now: Instant) -> Self {
        let state = State { down_since: None, said_at: now, unsaid: 0, confirmed_at: now, begun_at: now };
        Self(Mutex::new(state))
    }

    /// Whether something new may be handed over. `idle`: nothing is on its way.
    pub(super) fn may_begin(&self, idle: bool, now: Instant) -> bool {
        let state = &mut *self.0.lock();
        let may = state.down_since.is_none() || idle || now >= state.begun_at + PROBE_EVERY;
        if may {
            state.begun_at = now;
        }
        may
    }

    /// A record was confirmed.
    pub(super) fn confirmed(&self, now: Instant) {
        let state = &mut *self.0.lock();
        state.confirmed_at = now;
        if let Some(since) = state.down_since.take() {
            let seconds = now.saturating_duration_since(since).as_secs();
            tracing::info!(target: "souk_events::kafka", seconds, "Kafka takes events again");
        }
    }

    /// What was handed over at `begun` was not confirmed in time. Where something else was, a part of the brokers answers.
    pub(super) fn unconfirmed(&self, begun: Instant, now: Instant) {
        let heard_since = self.0.lock().confirmed_at >= begun;
        if !heard_since {
            self.down("events were not confirmed in time", now);
        }
    }

    /// No broker can be reached. Said once when it begins, then seldom.
    pub(super) fn down(&self, why: &str, now: Instant) {
        let state = &mut *self.0.lock();
        match state.down_since {
            None => {
                (state.down_since, state.said_at, state.unsaid) = (Some(now), now, 0);
                tracing::warn!(target: "souk_events::kafka", why, "Kafka does not answer; events wait in the store");
            }
            Some(since) if now >= state.said_at + SAY_EVERY => {
                let (seconds, times) = (now.saturating_duration_since(since).as_secs(), state.unsaid + 1);
                (state.said_at, state.unsaid) = (now, 0);
                tracing::warn!(target: "souk_events::kafka", why, seconds, times, "Kafka still does not answer");
            }
            Some(_) => state.unsaid += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_no_broker_answers_only_probes_begin() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let health = Health::new(start);
        assert!(health.may_begin(false, at(1)));
        health.down("gone", at(2));
        assert!(!health.may_begin(false, at(3)));
        assert!(health.may_begin(true, at(4)), "one is needed to find out");
        assert!(!health.may_begin(false, at(123)));
        assert!(health.may_begin(false, at(124)));
        health.confirmed(at(125));
        assert!(health.may_begin(false, at(125)) && health.may_begin(false, at(125)));
    }

    #[test]
    fn a_part_that_answers_is_no_outage() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let health = Health::new(start);
        health.confirmed(at(5));
        health.unconfirmed(at(4), at(14));
        assert!(health.may_begin(false, at(14)));
        health.unconfirmed(at(6), at(16));
        assert!(!health.may_begin(false, at(16)));
    }
}
