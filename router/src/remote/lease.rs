use std::sync::Arc;
use std::time::Duration;

use redis::{Pipeline, RedisError, Value, cmd};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::link::{Link, Live};
use super::names::Names;
use super::people::{Changes, People};
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
/// A person's hash is forgotten after this, if nobody reads it and no node says anything about the person.
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
        let mut held_before = false;
        loop {
            let stop = match self.link.now() {
                Some(live) => self.serve(&live, &mut held_before).await,
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

    async fn serve(&self, live: &Live, held_before: &mut bool) -> Stop {
        let mut changes = self.link.changes();
        let mut held = match self.renew(live, held_before).await {
            Ok(lease) => lease,
            Err(stop) => return stop,
        };
        // A server one connects to may have forgotten some people even where it kept the lease.
        self.people.assert_all();
        let mut renewal = interval(RENEW_EVERY);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewal.reset();
        let mut assertion = interval(ASSERT_EVERY);
        assertion.reset();
        loop {
            let outcome = tokio::select! {
                () = left(&mut changes, live.generation) => Err(Stop::Changed),
                _ = renewal.tick() => self.renew(live, held_before).await.map(|lease| held = lease),
                _ = assertion.tick() => {
                    self.people.assert_all();
                    Ok(())
                }
                () = self.people.some.notified() => self.write_all(live, &mut held, held_before).await,
            };
            if let Err(stop) = outcome {
                return stop;
            }
        }
    }

    /// Writes the lease; where it was missing, everybody is to be written again. Answers with its name.
    async fn renew(&self, live: &Live, held_before: &mut bool) -> Result<Arc<str>, Stop> {
        let _turn = self.turn.lock().await;
        if self.people.has_left() {
            return Err(Stop::Left);
        }
        let (lease, former) = self.people.lease();
        let mut pipeline = Pipeline::with_capacity(2);
        let lifetime = u64::try_from(LEASE.as_millis()).expect("a lease is short");
        pipeline.cmd("SET").arg(self.names.lease(&lease)).arg(1).arg("PX").arg(lifetime).arg("GET");
        if let Some(former) = &former {
            pipeline.cmd("DEL").arg(self.names.lease(former));
        }
        let answers = self.write(live, &pipeline).await?;
        if let Some(former) = former {
            self.people.removed(&former);
        }
        if matches!(answers.first(), Some(Value::Nil)) {
            if std::mem::replace(held_before, true) {
                self.metrics.leases_lost.one();
                tracing::warn!("the lease was missing and was taken anew; all people of this node are written again");
            }
            self.people.assert_all();
        }
        Ok(lease)
    }

    /// Writes every change, in batches; renews in between when it takes long or the lease has a new name.
    async fn write_all(&self, live: &Live, held: &mut Arc<str>, held_before: &mut bool) -> Result<(), Stop> {
        let mut renewed = Instant::now();
        loop {
            let changes = self.people.take(BATCH);
            if changes.counts.is_empty() {
                return Ok(());
            }
            if changes.lease != *held || renewed.elapsed() >= RENEW_EVERY {
                match self.renew(live, held_before).await {
                    Ok(lease) => *held = lease,
                    Err(stop) => {
                        self.people.put_back(changes);
                        return Err(stop);
                    }
                }
                renewed = Instant::now();
            }
            let is_full = changes.counts.len() == BATCH;
            if let Err(stop) = self.write(live, &self.commands(&changes)).await {
                self.people.put_back(changes);
                return Err(stop);
            }
            if is_full {
                sleep(PACE).await;
            }
        }
    }

    fn commands(&self, changes: &Changes) -> Pipeline {
        let mut pipeline = Pipeline::with_capacity(changes.counts.len() * 2);
        let expires = u64::try_from(PERSON_EXPIRES.as_millis()).expect("a day is short");
        for (user, devices) in &changes.counts {
            let person = self.names.person(user);
            if *devices == 0 {
                pipeline.add_command(cmd("HDEL")).arg(person).arg(&*changes.lease);
            } else {
                pipeline.add_command(cmd("HSET")).arg(&person).arg(&*changes.lease).arg(*devices);
                pipeline.add_command(cmd("PEXPIRE")).arg(person).arg(expires);
            }
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
