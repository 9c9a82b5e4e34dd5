//! One person who tests the limit, on all their devices in turn.

use std::sync::Arc;
use std::time::Duration;

use souk_protocol::{Code, Error};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::judge::{self, Accepted};
use super::{LimitPart, Pace, Quota};
use crate::context::Context;
use crate::crowd::Tester;
use crate::device::Command;
use crate::ledger::Micros;
use crate::report::{LimitGroup, ViolationKind};

/// How long an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(20);
/// Announced waits below this are too short to try before they are over.
const TRIED_EARLY_FROM: Duration = Duration::from_millis(400);
/// How much later than announced somebody who is told to wait comes back: the way there and clocks in milliseconds.
const COURTESY: Duration = Duration::from_millis(30);

pub(super) struct Sender {
    tester: Tester,
    pace: Pace,
    quota: Quota,
    gap: Duration,
    context: Arc<Context>,
    turn: usize,
    accepted: Vec<Accepted>,
    /// Tries that nobody knows the end of.
    unanswered: usize,
    found: LimitGroup,
    early: u64,
    in_time: u64,
}

/// What a try came to.
enum Tried {
    Accepted {
        message: u32,
        seq: u64,
    },
    /// It left then.
    Refused(Error, Micros),
    /// No answer, which the rest of the harness tells.
    Nothing,
}

impl Sender {
    pub(super) fn new(tester: Tester, pace: Pace, quota: Quota, gap: Duration, context: Arc<Context>) -> Self {
        let found = LimitGroup { senders: 1, ..LimitGroup::default() };
        Self {
            tester,
            pace,
            quota,
            gap,
            context,
            turn: 0,
            accepted: Vec::new(),
            unanswered: 0,
            found,
            early: 0,
            in_time: 0,
        }
    }

    /// Sends for so long, and judges.
    pub(super) async fn test(mut self, time: Duration) -> LimitPart {
        let end = Instant::now() + time;
        let mut next = Instant::now();
        while next < end {
            sleep_until(next).await;
            next += self.gap;
            match self.say(None).await {
                Tried::Accepted { message, seq } if self.pace == Pace::At => self.retry(message, seq).await,
                Tried::Accepted { .. } | Tried::Nothing => {}
                Tried::Refused(error, left) => {
                    self.refused(&error, left, end).await;
                    next = next.max(Instant::now());
                }
            }
        }
        self.judge(time);
        let groups = [(self.pace, self.found)].into();
        LimitPart { groups, early: self.early, in_time: self.in_time }
    }

    /// Says something, or this message once more.
    async fn say(&mut self, again: Option<u32>) -> Tried {
        let recorder = &self.context.recorder;
        let device = &self.tester.devices[self.turn % self.tester.devices.len()];
        self.turn += 1;
        let left = recorder.now();
        let message = match again {
            Some(message) => message,
            None => match self.tester.order.plan(device.number, 0, left) {
                Some(message) => message,
                None => return Tried::Nothing,
            },
        };
        if again.is_none() {
            recorder.intended();
            self.found.tried += 1;
        }
        let (reply, answer) = oneshot::channel();
        if device.commands.send(Command::Ask(message, reply)).await.is_err() {
            return Tried::Nothing;
        }
        match tokio::time::timeout(ANSWER_TIME, answer).await {
            Ok(Ok(Ok(seq))) => {
                if again.is_none() {
                    self.found.accepted += 1;
                    self.accepted.push(Accepted { left, acknowledged: self.context.recorder.now() });
                }
                Tried::Accepted { message, seq }
            }
            Ok(Ok(Err(error))) => {
                self.found.refused += 1;
                Tried::Refused(error, left)
            }
            Ok(Err(_)) | Err(_) => {
                // The server may have counted it.
                self.unanswered += 1;
                Tried::Nothing
            }
        }
    }

    /// A retry is answered with the same message, and does not count.
    async fn retry(&mut self, message: u32, seq: u64) {
        self.found.retried += 1;
        match self.say(Some(message)).await {
            Tried::Accepted { seq: again, .. } if again == seq => {}
            Tried::Accepted { seq: again, .. } => {
                self.offend(ViolationKind::Doubled, || format!("a retry of {seq} was answered with {again}"));
            }
            Tried::Refused(error, _) => {
                self.offend(ViolationKind::UnderLimit, || {
                    format!("a retry of {seq} was refused: {}", error.code.as_str())
                });
            }
            Tried::Nothing => {}
        }
    }

    /// A refusal must be due, and the announced wait true: too early is refused again, in time is accepted.
    async fn refused(&mut self, error: &Error, left: Micros, end: Instant) {
        let limit = self.quota.messages;
        if error.code != Code::RateLimited {
            return self.offend(ViolationKind::UnderLimit, || format!("refused with {}", error.code.as_str()));
        }
        let held = judge::may_count(&self.accepted, left, self.quota.window) + self.unanswered;
        if held < usize::try_from(limit).unwrap_or(usize::MAX) {
            self.offend(ViolationKind::UnderLimit, || {
                format!("refused after {held} messages in the last window, where {limit} are allowed")
            });
        }
        let Some(wait) = error.retry_after_ms.map(Duration::from_millis) else {
            return self.offend(ViolationKind::RetryAfter, || "a refusal does not say how long to wait".to_owned());
        };
        if wait > self.quota.window {
            self.offend(ViolationKind::RetryAfter, || format!("told to wait {wait:?}, longer than the window"));
        }
        let told = Instant::now();
        if told + wait + COURTESY >= end {
            return sleep_until(end).await;
        }
        if wait >= TRIED_EARLY_FROM {
            sleep(wait / 2).await;
            self.early += 1;
            let tried = self.say(None).await;
            // It was refused at or after it left; an answer that comes after that and the wait proves nothing.
            let over = left + micros(wait.saturating_sub(COURTESY));
            if matches!(tried, Tried::Accepted { .. }) && self.context.recorder.now() < over {
                self.offend(ViolationKind::RetryAfter, || {
                    format!("told to wait {wait:?}, and let through after half of it")
                });
            }
        }
        sleep_until(told + wait + COURTESY).await;
        self.in_time += 1;
        if let Tried::Refused(again, _) = self.say(None).await {
            self.offend(ViolationKind::RetryAfter, || {
                format!("told to wait {wait:?}, and refused after that with {:?}", again.retry_after_ms)
            });
        }
    }

    /// No window held more than the limit; who tried more had all of it.
    fn judge(&mut self, time: Duration) {
        let limit = usize::try_from(self.quota.messages).unwrap_or(usize::MAX);
        let most = judge::most_in_window(&self.accepted, self.quota.window);
        self.found.most_in_window = u64::try_from(most).unwrap_or(u64::MAX);
        if most > limit {
            self.offend(ViolationKind::OverLimit, || format!("{most} messages went through in one window of {limit}"));
        }
        let tried_it = self.pace == Pace::Above && time >= self.quota.window;
        if tried_it && self.unanswered == 0 && self.accepted.len() < limit {
            let accepted = self.accepted.len();
            self.offend(ViolationKind::UnderLimit, || format!("only {accepted} messages went through in {time:?}"));
        }
        let last: Option<Micros> = self.accepted.last().map(|message| message.acknowledged);
        if last.is_none() {
            self.context.remarks.add(|| format!("a sender {} the limit had nothing accepted", self.pace.name()));
        }
    }

    fn offend(&self, kind: ViolationKind, what: impl FnOnce() -> String) {
        let (order, user) = (self.tester.order.id.as_str(), self.tester.order.people[0].as_str());
        self.context.offences.add(kind, order, Some(format!("{user} ({})", self.pace.name())), what);
    }
}

fn micros(time: Duration) -> Micros {
    u64::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}
