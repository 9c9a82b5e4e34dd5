//! A client: one device of one person in one order, with everything that a phone does. It connects, joins from where it was,
//! says what it is told to, reads, notes what it sees, and comes back by the server's policy when it was cut.

mod life;
pub(crate) mod log;
mod notes;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use souk_chat::{Epoch, Role, UserId};
use souk_client::{AccessToken, Backoff, Carrier, CloseReason, ConnectError, ConnectOptions, Connection, Disconnect};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::context::Context;
use crate::ledger::{Micros, Order};
use crate::recorder::Group;
use life::{End, Life};
use log::Log;

/// Commands that wait for a device that is busy.
pub(crate) const COMMANDS_MAX: usize = 64;
/// Commands that a device keeps while it is not connected.
const WAITING_MAX: usize = 100_000;
/// Devices that share an address of this machine: less than a node's default bound of connections per address.
const DEVICES_PER_ADDRESS: usize = 500;
/// How long a polite end may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// Half-open sockets of a device; the oldest is closed for one more.
const HALF_OPEN_MAX: usize = 4;
/// How long a token is good: longer than any run. A device signs in again with a new one.
const TOKEN_TIME: Duration = Duration::from_secs(24 * 3_600);
/// A connection that lived this long was a good one.
const STABLE: Duration = Duration::from_secs(5);

/// What a device is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Say this message of the order.
    Send(u32),
    /// Say it, and tell the answer: its number, or the refusal.
    Ask(u32, oneshot::Sender<Result<u64, souk_protocol::Error>>),
    /// Say that something is being typed.
    Typing,
    /// The connection is gone: closed without a word, as a network that drops it.
    Cut,
    /// Go away for so long. The old socket is closed, or stays half open.
    Leave {
        /// How long.
        away: Duration,
        /// Nobody reads it any more, and nobody closes it.
        half_open: bool,
    },
    /// Whoever went away comes back now.
    Return,
    /// It is over.
    Stop,
}

/// What a device is.
#[derive(Debug)]
pub(crate) struct Device {
    /// Its number among all of the process.
    pub(crate) number: u32,
    pub(crate) user: UserId,
    pub(crate) role: Role,
    pub(crate) order: Arc<Order>,
    /// The addresses that it may connect to, as places in those of the run.
    pub(crate) ring: Range<usize>,
    /// The one of them that it connects to first.
    pub(crate) home: usize,
    pub(crate) carrier: Carrier,
    pub(crate) group: Group,
    /// Reads in bursts: so long, then not for so long.
    pub(crate) slow: Option<(Duration, Duration)>,
}

/// What others see of a device.
#[derive(Debug, Default)]
pub(crate) struct Status {
    live: AtomicBool,
    /// The highest number that it has seen.
    seen: AtomicU64,
    /// The address that it is connected to, as a place in those of the run.
    place: AtomicUsize,
    /// It went away by its own wish.
    away: AtomicBool,
    /// It will not come back: the server does not want it.
    gone: AtomicBool,
}

impl Status {
    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Relaxed)
    }

    pub(crate) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    pub(crate) fn place(&self) -> usize {
        self.place.load(Ordering::Relaxed)
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

/// A device at work.
struct Worker {
    device: Device,
    context: Arc<Context>,
    status: Arc<Status>,
    commands: mpsc::Receiver<Command>,
    /// What it was told while it was not connected, and what the last connection left unanswered, oldest first.
    waiting: VecDeque<Command>,
    log: Log,
    /// The cursor of the order; 0: from the beginning.
    cursor: u64,
    /// The store's epoch, as the last join told it.
    epoch: Option<Epoch>,
    /// Since when it means to be there: since it was first live, or since it came back from an absence that it chose. What was due
    /// before is no concern of its times.
    present_since: Option<Micros>,
    /// The node that it tries next.
    node: usize,
    /// Sockets that were left half open, at most [`HALF_OPEN_MAX`].
    limbo: VecDeque<Connection>,
}

/// Why a wait ended.
enum Waited {
    Over,
    Stopped,
}

/// Runs a device until it is told to stop, and returns what it saw.
pub(crate) fn run(
    device: Device,
    context: Arc<Context>,
    status: Arc<Status>,
    commands: mpsc::Receiver<Command>,
) -> impl Future<Output = Log> + Send {
    let node = device.home;
    let worker = Box::new(Worker {
        device,
        context,
        status,
        commands,
        waiting: VecDeque::new(),
        log: Log::default(),
        cursor: 0,
        epoch: None,
        present_since: None,
        node,
        limbo: VecDeque::new(),
    });
    worker.work()
}

impl Worker {
    async fn work(mut self: Box<Self>) -> Log {
        let mut backoff = Backoff::new(self.context.policy, self.context.seed ^ u64::from(self.device.number));
        loop {
            let why = match Box::pin(self.connect()).await {
                None => break,
                Some(Err(error)) => {
                    self.context.recorder.connect_failed(&notes::connect_failure(&error));
                    self.context.storm.refused(&error);
                    self.node += 1;
                    Disconnect::Connect(error)
                }
                Some(Ok(connection)) => {
                    let since = Instant::now();
                    // Boxed: most of a device's life is waiting inside, and what it takes to live should not be paid while away.
                    let end = Box::pin(Life::new(&mut self, connection).live()).await;
                    if since.elapsed() >= STABLE {
                        backoff.forget();
                    }
                    match end {
                        End::Stopped => break,
                        End::Left(away) => match Box::pin(self.stay_away(away)).await {
                            Waited::Stopped => break,
                            Waited::Over => continue,
                        },
                        End::Cut(reason) => {
                            self.context.recorder.cut(&notes::cut(&reason));
                            Disconnect::Closed(reason)
                        }
                        End::CutByUs => Disconnect::Closed(CloseReason::Lost(std::io::ErrorKind::ConnectionReset)),
                    }
                }
            };
            let Some(wait) = backoff.after(&why) else {
                self.status.gone.store(true, Ordering::Relaxed);
                self.context.remarks.add(|| format!("device {} does not come back: {why}", self.name()));
                self.wait_for_stop().await;
                break;
            };
            if matches!(Box::pin(self.wait(wait)).await, Waited::Stopped) {
                break;
            }
        }
        std::mem::take(&mut self.log)
    }

    /// Connects and signs in. `None`: told to stop meanwhile.
    async fn connect(&mut self) -> Option<Result<Connection, ConnectError>> {
        let began = self.context.recorder.now();
        let options = self.options();
        let token: AccessToken =
            self.context.signer.sign(self.device.user.as_str(), self.device.role.as_str(), TOKEN_TIME).into();
        let connecting = Box::pin(async move { Connection::connect(&options, Some(&token)).await });
        self.context.storm.tried();
        let connected = self.while_waiting(connecting).await?;
        if connected.is_ok() {
            self.status.place.store(self.place(), Ordering::Relaxed);
            self.context.recorder.signed_in(self.device.group, began);
        }
        Some(connected)
    }

    fn options(&self) -> ConnectOptions {
        let server = self.context.addresses[self.place()];
        let address = format!("ws://{server}").parse().expect("an address with its port is an address");
        let options = ConnectOptions::new(address, self.device.carrier);
        let options = match self.device.slow {
            Some(_) => options.receive_buffer(self.context.slow_buffer),
            None => options,
        };
        match server {
            SocketAddr::V4(server) if server.ip().is_loopback() => options.local_ip(self.source()),
            _ => options,
        }
    }

    /// The address that it tries now.
    fn place(&self) -> usize {
        let ring = &self.device.ring;
        ring.start + self.node % ring.len()
    }

    /// The address of this machine that the device comes from: many, since ports of one are few, and nodes count connections per
    /// address.
    fn source(&self) -> IpAddr {
        let number =
            usize::try_from(self.device.number).unwrap_or(0) / DEVICES_PER_ADDRESS + self.context.first_address;
        let [low, middle, ..] = (number + 2).to_le_bytes();
        IpAddr::V4(Ipv4Addr::new(127, 0, middle, low))
    }

    fn name(&self) -> String {
        format!("{}#{}", self.device.user, self.device.number)
    }

    async fn wait(&mut self, time: Duration) -> Waited {
        match self.while_waiting(Box::pin(sleep_until(Instant::now() + time))).await {
            Some(()) => Waited::Over,
            None => Waited::Stopped,
        }
    }

    /// Stays away by its own wish, until the time is over or it is called back. What is due meanwhile is nobody's delay.
    async fn stay_away(&mut self, time: Duration) -> Waited {
        let until = Instant::now() + time;
        self.status.away.store(true, Ordering::Relaxed);
        self.context.storm.excuse(self.device.number);
        let waited = loop {
            tokio::select! {
                () = sleep_until(until) => break Waited::Over,
                command = self.commands.recv() => match command {
                    None | Some(Command::Stop) => break Waited::Stopped,
                    Some(Command::Return) => break Waited::Over,
                    Some(command) => self.keep(command),
                },
            }
        };
        self.status.away.store(false, Ordering::Relaxed);
        self.present_since = Some(self.context.recorder.now());
        waited
    }

    /// Keeps what it is told while it is not connected.
    fn keep(&mut self, command: Command) {
        match command {
            // A connection that is not there cannot be cut, and nobody types on it.
            Command::Cut | Command::Leave { .. } | Command::Typing | Command::Return | Command::Stop => {}
            Command::Send(_) | Command::Ask(..) => {
                if self.waiting.len() < WAITING_MAX {
                    self.waiting.push_back(command);
                }
            }
        }
    }

    /// Waits for something, and keeps what it is told meanwhile. `None`: told to stop.
    async fn while_waiting<F: Future + Unpin>(&mut self, mut what: F) -> Option<F::Output> {
        loop {
            tokio::select! {
                done = &mut what => return Some(done),
                command = self.commands.recv() => match command {
                    None | Some(Command::Stop) => return None,
                    Some(command) => self.keep(command),
                },
            }
        }
    }

    async fn wait_for_stop(&mut self) {
        while !matches!(self.commands.recv().await, None | Some(Command::Stop)) {}
    }

    /// Keeps a connection that nobody reads any more.
    fn forget(&mut self, connection: Connection) {
        if self.limbo.len() >= HALF_OPEN_MAX {
            self.limbo.pop_front();
        }
        self.limbo.push_back(connection);
    }

    async fn say_goodbye(connection: Connection) {
        // A server that does not answer is left without its answer.
        let _ = timeout(GOODBYE, connection.close()).await;
    }
}
