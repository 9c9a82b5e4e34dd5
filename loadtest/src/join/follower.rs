//! A process that takes part in a run that another one leads.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::wire::{From, Sabotage, Task, To, ToFollower, ToLeader, ends, hear, say};
use crate::crowd::people::Share;
use crate::run::{AT_ONCE, Barrier, run};
use crate::run::{Prepared, RunError, Setup};
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
    let (mut from, mut to) = ends(stream);
    let heard = timeout(TASK_WITHIN, hear(&mut from)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let ToFollower::Task(task) = heard else { return Err(FollowError::Task("it begins with something else".into())) };
    let prepared = match setup(*task) {
        Ok(setup) => Prepared::new(setup).await.map_err(FollowError::from),
        Err(error) => Err(error),
    };
    match prepared {
        Ok(prepared) => take_part(prepared, from, to).await,
        Err(error) => {
            // The leader learns why, if it is still there.
            let _ = say(&mut to, &ToLeader::Failed(error.to_string())).await;
            Err(error)
        }
    }
}

async fn take_part(mut prepared: Prepared, mut from: From, to: To) -> Result<(), FollowError> {
    let (ends, interrupt) = watch::channel(0);
    let gone = interrupt.clone();
    let (goes, told_to_go) = watch::channel(0);
    let listening = tokio::spawn(async move {
        loop {
            match hear::<ToFollower>(&mut from).await {
                Ok(ToFollower::Go) => goes.send_modify(|goes| *goes += 1),
                Ok(ToFollower::Stop) => ends.send_modify(|ends| *ends += 1),
                Ok(ToFollower::Task(_)) => {}
                // A leader that went away wants nothing more.
                Err(_) => {
                    ends.send_replace(AT_ONCE);
                    // Kept until the run ends: what is waited for must not vanish.
                    std::future::pending::<()>().await;
                }
            }
        }
    });
    let mut barrier = WithLeader { to, told_to_go, met: 0 };
    let part = run(&mut prepared, interrupt, &|_| {}, &mut barrier).await;
    if *gone.borrow() >= AT_ONCE {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    let said = say(&mut barrier.to, &ToLeader::Part(Box::new(part))).await;
    listening.abort();
    Ok(said?)
}

struct WithLeader {
    to: To,
    /// How often the leader said so.
    told_to_go: watch::Receiver<u32>,
    /// How often this process was waiting for it.
    met: u32,
}

impl Barrier for WithLeader {
    async fn meet(&mut self) -> bool {
        self.met += 1;
        // A leader that went away is noticed by the reader, which ends the run.
        let said = say(&mut self.to, &ToLeader::Here).await;
        let met = self.met;
        said.is_ok() && self.told_to_go.wait_for(|goes| *goes >= met).await.is_ok()
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
