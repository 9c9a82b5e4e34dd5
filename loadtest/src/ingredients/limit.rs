//! People who test the rate limit: below it, exactly at it, and far above it. What the server lets through is compared with what
//! it promised, at the moments that the sender knows: a message is judged somewhere between leaving and being acknowledged.

mod judge;
mod sender;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use souk_protocol::dto::Hello;

use crate::context::Context;
use crate::crowd::Tester;
use crate::scenario::Limit;

/// How a sender stands to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Pace {
    Below,
    At,
    Above,
}

impl Pace {
    /// That of the sender of this number: a third each.
    pub(crate) fn of(number: usize) -> Self {
        [Self::Below, Self::At, Self::Above][number % 3]
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::At => "at",
            Self::Above => "above",
        }
    }
}

/// The limit, as the server told it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Quota {
    pub(crate) messages: u32,
    pub(crate) window: Duration,
}

impl Quota {
    pub(crate) fn of(hello: &Hello) -> Self {
        Self { messages: hello.limits.messages, window: Duration::from_millis(hello.limits.window_ms) }
    }

    /// The gap between messages that just keeps to the limit.
    fn gap(self) -> Duration {
        self.window / self.messages.max(1)
    }
}

/// What a process found, in a form that can be sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LimitPart {
    pub(crate) groups: BTreeMap<Pace, crate::report::LimitGroup>,
    pub(crate) early: u64,
    pub(crate) in_time: u64,
}

impl LimitPart {
    /// Both together.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (pace, theirs) in &other.groups {
            let mine = self.groups.entry(*pace).or_default();
            mine.senders += theirs.senders;
            mine.tried += theirs.tried;
            mine.accepted += theirs.accepted;
            mine.refused += theirs.refused;
            mine.retried += theirs.retried;
            mine.most_in_window = mine.most_in_window.max(theirs.most_in_window);
        }
        self.early += other.early;
        self.in_time += other.in_time;
    }
}

/// Lets everybody test, each for the scenario's time, and says what was found.
pub(crate) async fn test(limit: Limit, quota: Quota, testers: Vec<Tester>, context: Arc<Context>) -> LimitPart {
    let time = quota.window.mul_f64(limit.windows);
    let mut tasks = tokio::task::JoinSet::new();
    for (number, tester) in testers.into_iter().enumerate() {
        let (pace, context) = (Pace::of(number), Arc::clone(&context));
        let gap = match pace {
            Pace::Below => quota.gap() * 2,
            // A little wider than the edge: clocks of two machines tick in milliseconds.
            Pace::At => quota.gap().mul_f64(1.02),
            Pace::Above => quota.gap().div_f64(limit.above.max(1.0)),
        };
        tasks.spawn(async move { sender::Sender::new(tester, pace, quota, gap, context).test(time).await });
    }
    let mut part = LimitPart::default();
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok(found) => part.merge(&found),
            Err(error) => context.remarks.add(|| format!("a sender who tests the limit broke off: {error}")),
        }
    }
    part
}
