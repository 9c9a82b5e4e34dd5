//! A light client connection: a few hundred bytes while idle, so that ten thousand of them do not disturb what is measured.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use souk_protocol::{Request, plain};
use souk_testkit::socket::{CLOSE, PING, PONG, TEXT, connect_from, decode, masked, upgrade};
use tokio::net::TcpStream;

/// How long a step of connecting or an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes read at once.
const READ_BYTES: usize = 32 * 1024;
/// Connections from one source address: below what a node lets through from one.
const PER_SOURCE: usize = 400;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Why a connection was not opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The connection failed or was not answered in time.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The node answered something else than an upgrade: this status.
    #[error("the node answered {0}")]
    Refused(u16),
}

/// An open connection.
pub(crate) struct Socket {
    stream: Arc<TcpStream>,
    /// What is left of a frame that is not whole.
    kept: Vec<u8>,
}

/// The loopback address from which the client of this number connects: 127.0.0.2 and up.
pub(crate) fn source(number: usize) -> Ipv4Addr {
    let block = u32::try_from(number / PER_SOURCE).unwrap_or(u32::MAX) % 60_000;
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 0, 2).to_bits() + block)
}

impl Socket {
    /// Connects from `source`, upgrades `path`, and signs in with `token`.
    pub(crate) async fn open(
        server: SocketAddr,
        source: Ipv4Addr,
        path: impl AsRef<str>,
        token: &str,
    ) -> Result<Self, OpenError> {
        let opened = tokio::time::timeout(PATIENCE, Self::handshake(server, source, path.as_ref(), token)).await;
        opened.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }

    async fn handshake(server: SocketAddr, source: Ipv4Addr, path: &str, token: &str) -> Result<Self, OpenError> {
        let mut stream = connect_from(source, server).await?;
        let bearer = format!("Bearer {token}");
        let headers = [("sec-websocket-protocol", plain::SUBPROTOCOL), ("authorization", &bearer)];
        let (answer, kept) = upgrade(&mut stream, path, &headers).await?;
        match answer.status {
            101 => Ok(Self { stream: Arc::new(stream), kept }),
            status => Err(OpenError::Refused(status)),
        }
    }

    /// The stream, for a sender on another thread; see [`send_now`].
    pub(crate) fn stream(&self) -> Arc<TcpStream> {
        Arc::clone(&self.stream)
    }

    /// Writes all of `bytes`.
    pub(crate) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for bytes and hands each whole text to `sink`. Pings are answered. Errors: the connection ended.
    pub(crate) async fn read(&mut self, mut sink: impl FnMut(&[u8])) -> io::Result<()> {
        if !self.kept.is_empty() {
            let kept = std::mem::take(&mut self.kept);
            if self.take(&kept, &mut sink)? {
                return Ok(());
            }
        }
        loop {
            self.stream.readable().await?;
            let took = SCRATCH.with_borrow_mut(|scratch| {
                let kept = self.kept.len();
                if scratch.len() < kept + READ_BYTES {
                    scratch.resize(kept + READ_BYTES, 0);
                }
                scratch[..kept].copy_from_slice(&self.kept);
                match self.stream.try_read(&mut scratch[kept..]) {
                    Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(count) => self.take(&scratch[..kept + count], &mut sink),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
                    Err(error) => Err(error),
                }
            })?;
            if took {
                return Ok(());
            }
        }
    }

    /// Takes whole frames, keeps the rest. Whether there was one.
    fn take(&mut self, bytes: &[u8], sink: &mut impl FnMut(&[u8])) -> io::Result<bool> {
        let mut rest = bytes;
        while let Some(frame) = decode(rest) {
            match frame.first {
                TEXT => sink(frame.payload),
                PING => send_now(&self.stream, &masked(PONG, frame.payload))?,
                CLOSE => return Err(io::ErrorKind::ConnectionAborted.into()),
                _ => {}
            }
            rest = &rest[frame.length..];
        }
        self.kept = rest.to_vec();
        Ok(rest.len() < bytes.len())
    }

    /// Sends a request and waits for its answer. All texts go to `sink` in the order of the wire, the answer among them: what
    /// comes right behind it may have been read with it. Errors: the connection ended, or the request was refused (with the answer
    /// as the error's text).
    pub(crate) async fn ask(
        &mut self,
        id: u64,
        request: &Request<'_>,
        mut sink: impl FnMut(&[u8]),
    ) -> io::Result<Vec<u8>> {
        self.write(&masked(TEXT, &plain::request_frame(Some(id), request))).await?;
        let start = format!("{{\"id\":{id},");
        let answered = async {
            let mut answer = None;
            while answer.is_none() {
                self.read(|text| {
                    if text.starts_with(start.as_bytes()) {
                        answer = Some(text.to_vec());
                    }
                    sink(text);
                })
                .await?;
            }
            Ok(answer.unwrap_or_default())
        };
        let answer: Vec<u8> = tokio::time::timeout(PATIENCE, answered)
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))?;
        match answer[start.len()..].starts_with(b"\"data\":") {
            true => Ok(answer),
            false => Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned())),
        }
    }
}

/// Writes `frame` without waiting. Errors: the socket does not take it whole; then the connection is of no more use.
pub(crate) fn send_now(stream: &TcpStream, frame: &[u8]) -> io::Result<()> {
    match stream.try_write(frame) {
        Ok(count) if count == frame.len() => Ok(()),
        Ok(_) => Err(io::Error::other("the socket took half a frame")),
        Err(error) => Err(error),
    }
}
