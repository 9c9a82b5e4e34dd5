//! What leader and followers say to each other, a line of JSON each.

use std::net::SocketAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::run::part::RunPart;
use crate::sabotage::SabotageKind;

/// Longest line: the part of a process with its histograms and offenders.
const LINE_MAX: u64 = 256 * 1024 * 1024;

/// What the leader says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToFollower {
    /// What to do; the first line.
    Task(Box<Task>),
    /// Everybody everywhere is that far.
    Go,
    /// End early, and say what there is.
    Stop,
}

/// A follower's part of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    /// The leader's version: both must be the same program.
    pub(super) version: String,
    pub(super) scenario: String,
    pub(super) knobs: Vec<(String, String)>,
    pub(super) nodes: Vec<(String, SocketAddr)>,
    pub(super) secret: String,
    pub(super) plain: bool,
    pub(super) socketio: bool,
    pub(super) history: bool,
    pub(super) makes_orders: bool,
    pub(super) engines: String,
    pub(super) process: usize,
    pub(super) of: usize,
    pub(super) tag: String,
    pub(super) sabotage: Option<(Sabotage, u32)>,
}

/// [`SabotageKind`], in a form that can be sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(remote = "SabotageKind")]
pub(super) enum SabotageForm {
    Drop,
    Double,
    Reorder,
}

/// What a follower is to spoil.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Sabotage(#[serde(with = "SabotageForm")] pub(super) SabotageKind);

/// What a follower says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToLeader {
    /// I am that far: ready to connect, or with everybody there.
    Here,
    /// What I found; the last line.
    Part(Box<RunPart>),
    /// I cannot take part, and why; the last line.
    Failed(String),
}

/// The two directions of a connection.
pub(super) fn ends(stream: tokio::net::TcpStream) -> (From, To) {
    let (from, to) = stream.into_split();
    (BufReader::new(from), to)
}

/// What the other end says.
pub(super) type From = BufReader<OwnedReadHalf>;
/// What is said to it.
pub(super) type To = OwnedWriteHalf;

/// The next line. Not cancel-safe. Errors: the other end went away, or said what is no line.
pub(super) async fn hear<T: DeserializeOwned>(from: &mut From) -> std::io::Result<T> {
    use tokio::io::AsyncReadExt;
    let mut line = Vec::new();
    let length = from.take(LINE_MAX).read_until(b'\n', &mut line).await?;
    if length == 0 || line.last() != Some(&b'\n') {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    serde_json::from_slice(&line).map_err(std::io::Error::other)
}

/// Says a line to this end.
pub(super) async fn say(to: &mut To, what: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(what).map_err(std::io::Error::other)?;
    line.push(b'\n');
    to.write_all(&line).await
}
