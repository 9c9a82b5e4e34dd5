use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Pipeline, RedisError, Script, cmd};
use souk_chat::Timestamp;
use souk_chat::id::UserId;
use souk_chat::ports::{Orphan, Presence, PresenceError};
use tokio::time::timeout;

use super::breaker::Breaker;
use super::lease::Lease;
use super::link::{Link, Live};
use super::names::Names;
use super::people::People;
use crate::metrics::Metrics;

/// A question is answered within this time.
const DEADLINE: Duration = Duration::from_millis(100);
/// Looking for people whose node is gone, and saying that they were looked after, takes at most this long.
const ORPHANS_DEADLINE: Duration = Duration::from_secs(2);
/// Giving up the lease takes at most this long; otherwise it ends by itself.
const LEAVE_DEADLINE: Duration = Duration::from_secs(1);

/// Presence over Redis: a lease per node, and per person a hash lease → device count.
pub(super) struct RedisPresence {
    people: Arc<People>,
    lease: Arc<Lease>,
    link: Arc<Link>,
    names: Arc<Names>,
    script: Script,
    orphans: Script,
    breaker: Breaker,
    metrics: Arc<Metrics>,
}

impl RedisPresence {
    pub(super) fn new(
        people: Arc<People>,
        lease: Arc<Lease>,
        link: Arc<Link>,
        names: Arc<Names>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let script = Script::new(include_str!("online.lua"));
        let orphans = Script::new(include_str!("orphans.lua"));
        Self { people, lease, link, names, script, orphans, breaker: Breaker::new(), metrics }
    }

    /// The answer of something that is in no hurry.
    async fn unhurried<T>(&self, call: impl Future<Output = Result<T, RedisError>>) -> Result<T, PresenceError> {
        match timeout(ORPHANS_DEADLINE, call).await {
            Ok(answer) => answer.map_err(|error| {
                self.link.report(&error);
                PresenceError(error.to_string())
            }),
            Err(_) => Err(PresenceError("no answer in time".into())),
        }
    }

    async fn ask(&self, users: &[&UserId]) -> Result<Vec<bool>, PresenceError> {
        let unknown = |why: &str| PresenceError(why.to_owned());
        let Some(Live { mut connection, .. }) = self.link.now() else { return Err(unknown("not connected")) };
        if !self.breaker.may_ask() {
            return Err(unknown("the server did not answer a moment ago"));
        }
        let mut call = self.script.prepare_invoke();
        call.arg(self.names.lease_prefix());
        for user in users {
            call.key(self.names.person(user));
        }
        let answer: Result<Vec<bool>, RedisError> = match timeout(DEADLINE, call.invoke_async(&mut connection)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.breaker.failed();
                return Err(unknown("no answer in time"));
            }
        };
        match answer {
            Ok(answers) if answers.len() == users.len() => {
                self.breaker.succeeded();
                Ok(answers)
            }
            Ok(_) => Err(unknown("the server left an answer out")),
            Err(error) => {
                self.breaker.failed();
                self.link.report(&error);
                Err(PresenceError(error.to_string()))
            }
        }
    }
}

#[async_trait]
impl Presence for RedisPresence {
    fn set(&self, user: &UserId, devices: u32) {
        self.people.set(user, devices);
    }

    fn release(&self, user: &UserId) {
        self.people.release(user);
    }

    async fn online(&self, users: &[UserId]) -> Result<Vec<bool>, PresenceError> {
        // Who is here needs no question.
        let mut answers: Vec<bool> = users.iter().map(|user| self.people.is_here(user)).collect();
        let elsewhere: Vec<usize> = (0..users.len()).filter(|at| !answers[*at]).collect();
        if elsewhere.is_empty() {
            return Ok(answers);
        }
        let asked: Vec<&UserId> = elsewhere.iter().map(|at| &users[*at]).collect();
        match self.ask(&asked).await {
            Ok(told) => {
                elsewhere.into_iter().zip(told).for_each(|(at, online)| answers[at] = online);
                Ok(answers)
            }
            Err(error) => {
                self.metrics.presence_unknown.one();
                Err(error)
            }
        }
    }

    async fn orphans(&self, limit: usize) -> Result<Vec<Orphan>, PresenceError> {
        let Some(Live { mut connection, .. }) = self.link.now() else {
            return Err(PresenceError("not connected".into()));
        };
        let mut call = self.orphans.prepare_invoke();
        call.key(self.names.nodes()).arg(self.names.lease_prefix()).arg(self.names.answers_prefix()).arg(limit);
        let told: Vec<(String, i64, String)> = self.unhurried(call.invoke_async(&mut connection)).await?;
        let orphan = |(node, alive_at, user): (String, i64, String)| {
            let user = UserId::new(&user).ok()?;
            Some(Orphan { node: node.into(), alive_at: Timestamp(alive_at), user })
        };
        Ok(told.into_iter().filter_map(orphan).collect())
    }

    async fn adopted(&self, orphans: &[Orphan]) -> Result<(), PresenceError> {
        if orphans.is_empty() {
            return Ok(());
        }
        let Some(Live { mut connection, .. }) = self.link.now() else {
            return Err(PresenceError("not connected".into()));
        };
        let mut pipeline = Pipeline::with_capacity(orphans.len());
        for orphan in orphans {
            pipeline.cmd("SREM").arg(self.names.answers(&orphan.node)).arg(orphan.user.as_str());
        }
        self.unhurried(connection.send_packed_commands(&pipeline, 0, pipeline.len())).await.map(drop)
    }

    async fn leave(&self) {
        self.people.leave();
        let give_up = async {
            // After a renewal that is on its way, and no later one follows.
            let _turn = self.lease.turn.lock().await;
            let Some(Live { mut connection, .. }) = self.link.now() else { return Ok(()) };
            let (lease, former) = self.people.lease();
            let mut command = cmd("DEL");
            command.arg(self.names.lease(&lease));
            if let Some(former) = former {
                command.arg(self.names.lease(&former));
            }
            connection.send_packed_command(&command).await.map(drop)
        };
        match timeout(LEAVE_DEADLINE, give_up).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the lease was not given up; it ends by itself"),
            Err(_) => tracing::warn!("the lease was not given up in time; it ends by itself"),
        }
    }
}
