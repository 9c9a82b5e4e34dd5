use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use redis::{Cmd, Pipeline, Value};
use smallvec::SmallVec;
use souk_chat::ports::RouterError;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use super::link::{Link, Live};
use crate::metrics::Metrics;

/// Envelopes that wait to be written; the next is refused.
pub(super) const QUEUE: usize = 8_192;
/// Envelopes written together.
const BATCH: usize = 128;
/// Batches on the way at once.
const BATCHES_ON_THE_WAY: usize = 16;
/// The server answers a batch within this time, or its envelopes count as lost.
const DEADLINE: Duration = Duration::from_secs(2);

/// One envelope to publish: a command per channel.
pub(super) struct Job {
    pub(super) commands: SmallVec<[Cmd; 3]>,
    pub(super) done: oneshot::Sender<Result<(), RouterError>>,
}

/// Who waits for how many answers.
type Waiting = Vec<(usize, oneshot::Sender<Result<(), RouterError>>)>;

/// Writes what is published: everything that waits at a wake-up goes as one pipeline, in the order of the calls, and the next does
/// not wait for its answer.
pub(super) struct Publisher {
    pub(super) link: Arc<Link>,
    /// Locked for as long as the task runs; another run finds what waits.
    pub(super) jobs: Mutex<mpsc::Receiver<Job>>,
    pub(super) metrics: Arc<Metrics>,
}

impl Publisher {
    /// Runs until nobody can publish any more.
    pub(super) async fn run(self: Arc<Self>) {
        let mut jobs = self.jobs.lock().await;
        let mut on_the_way = FuturesUnordered::new();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                Some(()) = on_the_way.next() => {}
                taken = jobs.recv_many(&mut batch, BATCH), if on_the_way.len() < BATCHES_ON_THE_WAY => {
                    if taken == 0 {
                        return;
                    }
                    let mut sending = Box::pin(send(self.link.clone(), std::mem::take(&mut batch), self.metrics.clone()));
                    // Polled here for the first time, which queues it: batches keep their order.
                    if futures_util::poll!(&mut sending).is_pending() {
                        on_the_way.push(sending);
                    }
                }
            }
        }
    }
}

async fn send(link: Arc<Link>, batch: Vec<Job>, metrics: Arc<Metrics>) {
    let mut pipeline = Pipeline::with_capacity(batch.iter().map(|job| job.commands.len()).sum());
    let mut waiting: Waiting = Vec::with_capacity(batch.len());
    for job in batch {
        waiting.push((job.commands.len(), job.done));
        for command in job.commands {
            pipeline.add_command(command);
        }
    }
    match write(&link, &pipeline).await {
        Ok(answers) => settle(waiting, &answers, &metrics),
        Err(error) => {
            metrics.publish_failed.add(waiting.len() as u64);
            for (_, done) in waiting {
                // Who does not wait does not mind.
                let _ = done.send(Err(error.clone()));
            }
        }
    }
}

async fn write(link: &Link, pipeline: &Pipeline) -> Result<Vec<Value>, RouterError> {
    let Some(Live { mut connection, .. }) = link.now() else { return Err(not_connected()) };
    match timeout(DEADLINE, connection.send_packed_commands(pipeline, 0, pipeline.len())).await {
        Ok(Ok(answers)) => Ok(answers),
        Ok(Err(error)) => {
            link.report(&error);
            Err(RouterError(error.to_string()))
        }
        Err(_) => Err(RouterError("no answer in time".into())),
    }
}

fn settle(waiting: Waiting, answers: &[Value], metrics: &Metrics) {
    let mut answers = answers.iter();
    for (count, done) in waiting {
        // Every command is looked at, also after a refused one: the next envelope's answers come after them.
        let mut outcome = Ok(());
        for _ in 0..count {
            match answers.next() {
                Some(Value::ServerError(error)) => outcome = Err(RouterError(error.to_string())),
                Some(_) => {}
                None => outcome = Err(RouterError("the server left an answer out".into())),
            }
        }
        match &outcome {
            Ok(()) => metrics.published.one(),
            Err(_) => metrics.publish_failed.one(),
        }
        let _ = done.send(outcome);
    }
}

pub(super) fn not_connected() -> RouterError {
    RouterError("not connected".into())
}
