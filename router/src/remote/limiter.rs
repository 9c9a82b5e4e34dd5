use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, Pipeline, Script};
use souk_chat::limits::{Quota, SPAM_ORDERS, SPAM_REMEMBERED, SPAM_TIMES, SPAM_WINDOW};
use souk_chat::ports::{Admission, Attempt, Limiter, Said};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::breaker::Breaker;
use super::link::{Link, Live};
use super::names::Names;
use crate::metrics::Metrics;
use crate::spread::number;
use crate::window::Windows;

/// The server decides within this time, or the node does.
const DEADLINE: Duration = Duration::from_millis(100);
/// Countings to take back that wait; the next is dropped, and counted.
const FORGIVE_QUEUE: usize = 4_096;
/// Countings taken back together.
const FORGIVE_BATCH: usize = 128;
/// The server answers such a batch within this time, or it counts as dropped.
const FORGIVE_DEADLINE: Duration = Duration::from_secs(2);

/// The limits of sends and repetitions over all nodes, in Redis; while that does not answer, over this node.
pub(super) struct RedisLimiter {
    quota: Quota,
    link: Arc<Link>,
    names: Arc<Names>,
    script: Script,
    breaker: Breaker,
    /// Knows also what Redis admitted here, so that the node's own limit does not begin with nothing.
    local: Windows,
    forgiven: mpsc::Sender<Cmd>,
    metrics: Arc<Metrics>,
}

impl RedisLimiter {
    /// With what is to be taken back: for a [`Forgiver`].
    pub(super) fn new(
        quota: Quota,
        link: Arc<Link>,
        names: Arc<Names>,
        metrics: Arc<Metrics>,
    ) -> (Self, mpsc::Receiver<Cmd>) {
        let (forgiven, queue) = mpsc::channel(FORGIVE_QUEUE);
        let limiter = Self {
            quota,
            link,
            names,
            script: Script::new(include_str!("limit.lua")),
            breaker: Breaker::new(),
            local: Windows::new(quota, metrics.clone()),
            forgiven,
            metrics,
        };
        (limiter, queue)
    }

    /// What the server says; `None` when it does not.
    async fn ask(&self, attempt: &Attempt<'_>) -> Option<Admission> {
        let Live { mut connection, .. } = self.link.now()?;
        if !self.breaker.may_ask() {
            return None;
        }
        let mode = match attempt.said {
            None => "",
            Some(Said { refuse: true, .. }) => "refuse",
            Some(_) => "tell",
        };
        let mut call = self.script.key(self.names.limit(attempt.user));
        call.key(self.names.said(attempt.user))
            .arg(millis(self.quota.window))
            .arg(self.quota.messages)
            .arg(attempt.key);
        call.arg(mode).arg(&member(attempt.said.as_ref())[..]).arg(millis(SPAM_WINDOW));
        call.arg(SPAM_TIMES).arg(SPAM_ORDERS).arg(SPAM_REMEMBERED);
        match timeout(DEADLINE, call.invoke_async::<i64>(&mut connection)).await {
            Ok(Ok(wait)) => {
                self.breaker.succeeded();
                Some(match wait {
                    0 => Admission::Allowed { counted: true, repeated: false },
                    -2 => Admission::Repeated,
                    -3 => Admission::Allowed { counted: true, repeated: true },
                    -4 => Admission::Allowed { counted: false, repeated: true },
                    ..0 => Admission::Allowed { counted: false, repeated: false },
                    wait => Admission::Limited { retry_after: Duration::from_millis(wait.unsigned_abs()) },
                })
            }
            Ok(Err(error)) => {
                self.breaker.failed();
                self.link.report(&error);
                tracing::debug!(%error, "the server did not decide about a send");
                None
            }
            Err(_) => {
                self.breaker.failed();
                None
            }
        }
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn admit(&self, attempt: &Attempt<'_>) -> Admission {
        if self.quota.messages == 0 && attempt.said.is_none() {
            return Admission::Allowed { counted: false, repeated: false };
        }
        let Some(admission) = self.ask(attempt).await else {
            self.metrics.limiter_fallbacks.one();
            return self.local.admit(attempt);
        };
        if matches!(admission, Admission::Allowed { .. }) {
            self.local.note(attempt);
        }
        admission
    }

    fn forgive(&self, attempt: &Attempt<'_>) {
        self.local.forgive(attempt);
        let mut commands = Vec::new();
        if self.quota.messages > 0 {
            let mut command = redis::cmd("ZREM");
            command.arg(self.names.limit(attempt.user)).arg(attempt.key);
            commands.push(command);
        }
        if let Some(said) = &attempt.said {
            let mut command = redis::cmd("ZREM");
            command.arg(self.names.said(attempt.user)).arg(&member(Some(said))[..]);
            commands.push(command);
        }
        for command in commands {
            if self.forgiven.try_send(command).is_err() {
                self.metrics.forgive_dropped.one();
            }
        }
    }
}

/// What is said, as the server keeps it: form, order and name, eight bytes each. Nothing of the text can be told from it.
fn member(said: Option<&Said<'_>>) -> Vec<u8> {
    let numbers = said.map(|said| [said.form, number(said.order.as_str()), said.name]);
    numbers.into_iter().flatten().flat_map(u64::to_be_bytes).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Takes countings back, all that wait in one write.
pub(super) struct Forgiver {
    /// Locked for as long as the task runs; another run finds what waits.
    pub(super) queue: Mutex<mpsc::Receiver<Cmd>>,
    pub(super) link: Arc<Link>,
    pub(super) metrics: Arc<Metrics>,
}

impl Forgiver {
    /// Runs until nothing can be taken back any more.
    pub(super) async fn forgive(self: Arc<Self>) {
        let mut queue = self.queue.lock().await;
        let mut batch = Vec::with_capacity(FORGIVE_BATCH);
        while queue.recv_many(&mut batch, FORGIVE_BATCH).await > 0 {
            let mut pipeline = Pipeline::with_capacity(batch.len());
            batch.drain(..).for_each(|command| {
                pipeline.add_command(command);
            });
            let is_done = match self.link.now() {
                Some(Live { mut connection, .. }) => {
                    let write = connection.send_packed_commands(&pipeline, 0, pipeline.len());
                    matches!(timeout(FORGIVE_DEADLINE, write).await, Ok(Ok(_)))
                }
                None => false,
            };
            if !is_done {
                self.metrics.forgive_dropped.add(pipeline.len() as u64);
            }
        }
    }
}
