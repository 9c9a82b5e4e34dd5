//! A process that takes part in a run that another one leads.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::wire::{Lines, Sabotage, Task, ToFollower, ToLeader, hear, say};
use crate::run::people::Share;
use crate::run::{Prepared, RunError, Setup};
use crate::run::{Together, run};
use crate::scenario::Scenario;
use crate::target::{Carriers, NodeAddress, OrderMaking, Target};

/// How long the leader may take to say what to do: it may be building a node.
const TASK_WITHIN: Duration = Duration::from_secs(300);
/// How long the leader may not be there.
const REACH_WITHIN: Duration = Duration::from_secs(1);

/// Why this process could not take part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    /// Nobody leads there.
    #[error(
        "no run to join at {address}: {source}; start one with `souk-loadtest run … --processes N --lead {address}`"
    )]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The leader went away.
    #[error("the leader went away: {0}")]
    Gone(#[from] io::Error),
    /// The leader is another version of this program.
    #[error("the leader is version {0}, this is {here}: use the same program", here = env!("CARGO_PKG_VERSION"))]
    Version(String),
    /// The leader's task cannot be understood.
    #[error("the leader's task makes no sense: {0}")]
    Task(String),
    /// The run cannot begin.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Joins the run that is led at `address`, and does its part.
pub(crate) async fn follow(address: SocketAddr) -> Result<(), FollowError> {
    let unreachable = |source| FollowError::Unreachable { address, source };
    let connected = timeout(REACH_WITHIN, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_| unreachable(io::ErrorKind::TimedOut.into()))?.map_err(unreachable)?;
    let mut lines = Lines::new(stream);
    let heard = timeout(TASK_WITHIN, lines.hear()).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let ToFollower::Task(task) = heard else { return Err(FollowError::Task("it begins with something else".into())) };
    match take_part(*task, lines).await {
        Ok(()) => Ok(()),
        Err((mut to, error)) => {
            // The leader learns why, if it is still there.
            let _ = say(&mut to, &ToLeader::Failed(error.to_string())).await;
            Err(error)
        }
    }
}

type To = tokio::net::tcp::OwnedWriteHalf;

async fn take_part(task: Task, lines: Lines) -> Result<(), (To, FollowError)> {
    let (mut from, mut to) = lines.split();
    let setup = match setup(task) {
        Ok(setup) => setup,
        Err(error) => return Err((to, error)),
    };
    let mut prepared = match Prepared::new(setup).await {
        Ok(prepared) => prepared,
        Err(error) => return Err((to, error.into())),
    };
    let (stop, interrupt) = watch::channel(false);
    let (go, told_to_go) = watch::channel(false);
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = Arc::clone(&gone);
    let listening = tokio::spawn(async move {
        loop {
            match hear::<ToFollower>(&mut from).await {
                Ok(ToFollower::Go) => drop(go.send(true)),
                Ok(ToFollower::Stop) => drop(stop.send(true)),
                // A leader that went away wants nothing more.
                Err(_) => {
                    is_gone.store(true, Ordering::Relaxed);
                    stop.send_replace(true);
                }
                Ok(ToFollower::Task(_)) => {}
            }
            if *stop.borrow() {
                // Kept until the run ends: what is waited for must not vanish.
                std::future::pending::<()>().await;
            }
        }
    });
    let mut together = WithLeader { to: Some(to), told_to_go };
    let part = run(&mut prepared, interrupt, &|_| {}, &mut together).await;
    let Some(back) = together.to.take() else { return Ok(()) };
    to = back;
    if gone.load(Ordering::Relaxed) {
        return Err((to, io::Error::from(io::ErrorKind::UnexpectedEof).into()));
    }
    let said = say(&mut to, &ToLeader::Part(Box::new(part))).await;
    listening.abort();
    said.map_err(|error| (to, error.into()))
}

struct WithLeader {
    to: Option<To>,
    told_to_go: watch::Receiver<bool>,
}

impl Together for WithLeader {
    async fn connected(&mut self) {
        if let Some(to) = &mut self.to {
            // A leader that went away is noticed by the reader, which ends the run.
            let _ = say(to, &ToLeader::Connected).await;
        }
        let _ = self.told_to_go.wait_for(|go| *go).await;
    }
}

fn setup(task: Task) -> Result<Setup, FollowError> {
    if task.version != env!("CARGO_PKG_VERSION") {
        return Err(FollowError::Version(task.version));
    }
    let scenario =
        Scenario::parse(&task.scenario, "", &task.knobs).map_err(|mistakes| FollowError::Task(mistakes.to_string()))?;
    let nodes = task.nodes.into_iter();
    let target = Target {
        nodes: nodes.map(|(name, clients)| NodeAddress { name, clients, operators: None, pid: None }).collect(),
        secret: task.secret,
        carriers: Carriers { plain: task.plain, socketio: task.socketio },
        history: task.history,
        orders: if task.makes_orders { OrderMaking::Rest } else { OrderMaking::None },
        engines: task.engines,
        redis: None,
    };
    let sabotage = task.sabotage.and_then(|(Sabotage(kind), every)| Some((kind, NonZeroU32::new(every)?)));
    let share = Share { process: task.process, of: task.of };
    Ok(Setup { scenario, target, own: None, sabotage, share, tag: task.tag })
}
