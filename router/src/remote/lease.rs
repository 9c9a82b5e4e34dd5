use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::{Pipeline, RedisError, Value, cmd};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::link::{Link, Live};
use super::names::Names;
use super::people::{Changes, People, State};
use crate::metrics::Metrics;

/// A node that stopped renewing is gone after this.
const LEASE: Duration = Duration::from_secs(30);
/// How often the lease is renewed: three renewals may fail.
const RENEW_EVERY: Duration = Duration::from_secs(8);
/// The server answers a renewal or a batch within this time.
const DEADLINE: Duration = Duration::from_secs(2);
/// After a failure nothing is tried for this long.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// People written together.
const BATCH: usize = 256;
/// Between two full batches: all people of a node are written in a few hundred milliseconds, and others get their turn.
const PACE: Duration = Duration::from_millis(2);
/// A person's hash is forgotten after this, if nobody reads it and no node says anything about the person; and so is whom a node
/// answered for, if no other node looks after them.
const PERSON_EXPIRES: Duration = Duration::from_hours(25);
/// So everybody is written again this often.
const ASSERT_EVERY: Duration = Duration::from_hours(12);

/// Why the lease is looked at anew.
enum Stop {
    /// The connection is another one, or gone.
    Changed,
    /// The server refused, or was silent.
    Failed,
    /// The node left.
    Left,
}

/// What the server was told so far.
#[derive(Default)]
struct Told {
    /// The lease that was written last.
    lease: Option<Arc<str>>,
    /// The connection on which everybody was written again.
    generation: u64,
}

/// Holds the node's lease, and writes who is connected to it.
pub(super) struct Lease {
    people: Arc<People>,
    link: Arc<Link>,
    names: Arc<Names>,
    metrics: Arc<Metrics>,
    /// Held while the lease is written or removed.
    pub(super) turn: Mutex<()>,
}

impl Lease {
    pub(super) fn new(people: Arc<People>, link: Arc<Link>, names: Arc<Names>, metrics: Arc<Metrics>) -> Self {
        Self { people, link, names, metrics, turn: Mutex::new(()) }
    }

    /// Runs until the node left.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut changes = self.link.changes();
        let mut told = Told::default();
        loop {
            let stop = match self.link.now() {
                Some(live) => self.serve(&live, &mut told).await,
                None => Stop::Changed,
            };
            match stop {
                Stop::Left => return,
                Stop::Failed => sleep(RETRY_AFTER).await,
                // The link is gone or there is a new one; a new one may already stand.
                Stop::Changed if self.link.stands() => {}
                Stop::Changed => {
                    if changes.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn serve(&self, live: &Live, told: &mut Told) -> Stop {
        let mut changes = self.link.changes();
        if let Err(stop) = self.renew(live, told).await {
            return stop;
        }
        // A server one connects to may have forgotten some people even where it kept the lease.
        if std::mem::replace(&mut told.generation, live.generation) != live.generation {
            self.people.assert_all();
        }
        let mut renewal = interval(RENEW_EVERY);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewal.reset();
        let mut assertion = interval(ASSERT_EVERY);
        assertion.reset();
        loop {
            let outcome = tokio::select! {
                () = left(&mut changes, live.generation) => Err(Stop::Changed),
                _ = renewal.tick() => self.renew(live, told).await,
                _ = assertion.tick() => {
                    self.people.assert_all();
                    Ok(())
                }
                () = self.people.some.notified() => self.write_all(live, told).await,
            };
            if let Err(stop) = outcome {
                return stop;
            }
        }
    }

    /// Writes the lease; where it was missing, everybody is to be written again.
    async fn renew(&self, live: &Live, told: &mut Told) -> Result<(), Stop> {
        let _turn = self.turn.lock().await;
        if self.people.has_left() {
            return Err(Stop::Left);
        }
        let (lease, former) = self.people.lease();
        let mut pipeline = Pipeline::with_capacity(4);
        let lifetime = u64::try_from(LEASE.as_millis()).expect("a lease is short");
        pipeline.cmd("SET").arg(self.names.lease(&lease)).arg(1).arg("PX").arg(lifetime).arg("GET");
        // After the lease: who is on this list without one is dead.
        pipeline.cmd("HSET").arg(self.names.nodes()).arg(&*lease).arg(unix_millis());
        pipeline.cmd("PEXPIRE").arg(self.names.answers(&lease)).arg(person_expires());
        if let Some(former) = &former {
            pipeline.cmd("DEL").arg(self.names.lease(former));
        }
        let answers = self.write(live, &pipeline).await?;
        if let Some(former) = former {
            self.people.removed(&former);
        }
        let was_held = told.lease.as_ref() == Some(&lease);
        told.lease = Some(lease);
        if matches!(answers.first(), Some(Value::Nil)) {
            if was_held {
                self.metrics.leases_lost.one();
                tracing::warn!("the lease was missing and was taken anew; all people of this node are written again");
            }
            self.people.assert_all();
        }
        Ok(())
    }

    /// Writes every change, in batches; renews in between when it takes long or the lease has a new name.
    async fn write_all(&self, live: &Live, told: &mut Told) -> Result<(), Stop> {
        let mut renewed = Instant::now();
        loop {
            let mut taken = Taken { people: &self.people, changes: Some(self.people.take(BATCH)) };
            let Some(changes) = taken.changes.as_ref().filter(|changes| !changes.states.is_empty()) else {
                return Ok(());
            };
            let is_full = changes.states.len() == BATCH;
            if told.lease.as_ref() != Some(&changes.lease) || renewed.elapsed() >= RENEW_EVERY {
                self.renew(live, told).await?;
                renewed = Instant::now();
            }
            self.write(live, &self.commands(changes)).await?;
            taken.changes = None;
            if is_full {
                sleep(PACE).await;
            }
        }
    }

    fn commands(&self, changes: &Changes) -> Pipeline {
        let mut pipeline = Pipeline::with_capacity(changes.states.len() * 3);
        let answers = self.names.answers(&changes.lease);
        for (user, state) in &changes.states {
            let person = self.names.person(user);
            match state {
                State::Here(devices) => {
                    pipeline.add_command(cmd("HSET")).arg(&person).arg(&*changes.lease).arg(*devices);
                    pipeline.add_command(cmd("PEXPIRE")).arg(person).arg(person_expires());
                }
                State::Ended | State::Gone => {
                    pipeline.add_command(cmd("HDEL")).arg(person).arg(&*changes.lease);
                }
            }
            let answers_for = if *state == State::Gone { "SREM" } else { "SADD" };
            pipeline.add_command(cmd(answers_for)).arg(&answers).arg(user.as_str());
        }
        pipeline
    }

    async fn write(&self, live: &Live, pipeline: &Pipeline) -> Result<Vec<Value>, Stop> {
        let mut connection = live.connection.clone();
        let written = timeout(DEADLINE, connection.send_packed_commands(pipeline, 0, pipeline.len())).await;
        let refused = match written {
            Ok(Ok(answers)) => match answers.iter().find_map(server_error) {
                None => return Ok(answers),
                Some(error) => error,
            },
            Ok(Err(error)) => error,
            Err(_) => return Err(Stop::Failed),
        };
        self.link.report(&refused);
        tracing::debug!(error = %refused, "presence was not written");
        Err(Stop::Failed)
    }
}

fn person_expires() -> u64 {
    u64::try_from(PERSON_EXPIRES.as_millis()).expect("a day is short")
}

fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Changes under way: put back unless they were written, whatever ends the writing.
struct Taken<'a> {
    people: &'a People,
    changes: Option<Changes>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.changes.take().into_iter().for_each(|changes| self.people.put_back(changes));
    }
}

/// Resolves when `generation` does not stand any more.
async fn left(changes: &mut watch::Receiver<u64>, generation: u64) {
    // An error means that the link is dropped: it does not stand either.
    drop(changes.wait_for(|standing| *standing != generation).await);
}

fn server_error(answer: &Value) -> Option<RedisError> {
    match answer {
        Value::ServerError(error) => Some(error.clone().into()),
        _ => None,
    }
}
