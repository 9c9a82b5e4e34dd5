//! A light client connection: a few hundred bytes while idle, so that ten thousand of them do not disturb what is measured.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use souk_protocol::{Request, plain};
use tokio::net::{TcpSocket, TcpStream};

use crate::wire;

/// How long a step of connecting or an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest head of a handshake's answer.
const HEAD_BYTES: usize = 4 * 1024;
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
    /// The node answered something else than an upgrade: its status line.
    #[error("the node answered {0}")]
    Refused(String),
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
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(source.into(), 0))?;
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        let socket = Self { stream: Arc::new(stream), kept: Vec::new() };
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
            plain::SUBPROTOCOL,
        );
        socket.write(head.as_bytes()).await?;
        socket.upgraded().await
    }

    async fn upgraded(mut self) -> Result<Self, OpenError> {
        let mut head = Vec::with_capacity(256);
        loop {
            self.stream.readable().await?;
            match self.stream.try_read_buf(&mut head) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            }
            if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
                if !head.starts_with(b"HTTP/1.1 101") {
                    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
                    return Err(OpenError::Refused(String::from_utf8_lossy(line).into_owned()));
                }
                self.kept = head[end + 4..].to_vec();
                return Ok(self);
            }
            if head.len() > HEAD_BYTES {
                return Err(OpenError::Refused("an endless head".into()));
            }
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
        while let Some(frame) = wire::decode(rest) {
            match frame.opcode {
                wire::TEXT => sink(frame.payload),
                wire::PING => {
                    let mut pong = Vec::with_capacity(16);
                    wire::encode(wire::PONG, frame.payload, &mut pong);
                    send_now(&self.stream, &pong)?;
                }
                wire::CLOSE => return Err(io::ErrorKind::ConnectionAborted.into()),
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
        self.write(&wire::text(&plain::request_frame(Some(id), request))).await?;
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
