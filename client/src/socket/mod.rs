//! One WebSocket over TCP, the client's side, without any meaning of its messages.

mod frames;
mod handshake;

use std::io;

use bytes::Bytes;
use fastwebsockets::{Frame, OpCode, Payload};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::close::CloseReason;
use crate::limits::{CLOSE_TIME, OUT_BYTES};
use frames::{Frames, Message};

pub(crate) use handshake::open;

/// How much is read at once, in bytes. The room is taken when bytes are there and given back when they were read.
const READ_BYTES: usize = 4_096;
/// Longest head of a frame.
const HEAD_BYTES: usize = 14;

/// More waits to be written than allowed; nothing was added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Full;

/// A WebSocket. Pings are answered here. All waiting is cancel-safe: what is half read or half written is kept.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    frames: Frames,
    out: Vec<u8>,
    written: usize,
    /// Writing failed: only what the server said before is still of interest.
    deaf: bool,
    closing: bool,
    heard: Instant,
}

impl Socket {
    fn new(stream: TcpStream, early: &[u8], max: usize) -> Self {
        let frames = Frames::new(early, max);
        Self { stream, frames, out: Vec::new(), written: 0, deaf: false, closing: false, heard: Instant::now() }
    }

    /// When bytes last arrived.
    pub(crate) fn heard(&self) -> Instant {
        self.heard
    }

    /// The local end's address.
    pub(crate) fn local_addr(&self) -> io::Result<std::net::SocketAddr> {
        self.stream.local_addr()
    }

    /// Puts a text message behind those that wait. It is written by [`Socket::next`] and [`Socket::flush`].
    pub(crate) fn queue(&mut self, text: Bytes) -> Result<(), Full> {
        if self.out.len() - self.written + text.len() + HEAD_BYTES > OUT_BYTES {
            return Err(Full);
        }
        self.frame(OpCode::Text, Vec::from(text));
        Ok(())
    }

    fn frame(&mut self, opcode: OpCode, payload: Vec<u8>) {
        if self.deaf || self.closing {
            return;
        }
        let mut frame = Frame::new(true, opcode, None, Payload::Owned(payload));
        frame.mask();
        let mut head = [0; HEAD_BYTES + 2];
        let size = frame.fmt_head(&mut head);
        self.out.reserve_exact(size + frame.payload.len());
        self.out.extend_from_slice(&head[..size]);
        self.out.extend_from_slice(&frame.payload);
    }

    /// The next text. Writes meanwhile. Cancel-safe. Errors are final.
    pub(crate) async fn next(&mut self) -> Result<String, CloseReason> {
        loop {
            match self.frames.next() {
                Ok(Some(Message::Text(text))) => return Ok(text),
                Ok(Some(Message::Ping(data))) => {
                    // The bound does not matter here: a server that pings this much and does not read is cut by it.
                    if self.out.len() - self.written < OUT_BYTES {
                        self.frame(OpCode::Pong, data);
                    }
                }
                Ok(Some(Message::Pong)) => {}
                Ok(Some(Message::Close(number, text))) => {
                    let echo = if number == 1005 { Vec::new() } else { number.to_be_bytes().to_vec() };
                    self.frame(OpCode::Close, echo);
                    self.closing = true;
                    self.try_write();
                    return Err(CloseReason::server(number, &text, None));
                }
                Ok(None) => self.wait().await?,
                Err(broken) => {
                    self.give_up(broken.number());
                    return Err(CloseReason::malformed(broken.to_string()));
                }
            }
        }
    }

    /// Waits until everything queued was handed to the network. Cancel-safe.
    pub(crate) async fn flush(&mut self) -> Result<(), CloseReason> {
        loop {
            self.try_write();
            if self.out.is_empty() {
                return Ok(());
            }
            self.stream.writable().await.map_err(|error| CloseReason::Lost(error.kind()))?;
        }
    }

    /// Waits for bytes, writing meanwhile.
    async fn wait(&mut self) -> Result<(), CloseReason> {
        loop {
            self.try_write();
            let interest =
                if self.out.is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
            let ready = self.stream.ready(interest).await.map_err(lost)?;
            if ready.is_readable() || ready.is_read_closed() || ready.is_error() {
                match self.stream.try_read_buf(self.frames.space(READ_BYTES)) {
                    Ok(0) => return Err(CloseReason::Lost(io::ErrorKind::UnexpectedEof)),
                    Ok(_) => {
                        self.heard = Instant::now();
                        return Ok(());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.frames.release(),
                    Err(error) => return Err(lost(error)),
                }
            }
        }
    }

    fn try_write(&mut self) {
        while self.written < self.out.len() {
            match self.stream.try_write(&self.out[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Why the server went away may still stand in what it sent: reading finds out, or fails by itself.
                Err(_) => {
                    self.deaf = true;
                    break;
                }
            }
        }
        self.out = Vec::new();
        self.written = 0;
    }

    /// Says why this side will not go on, without waiting for anything.
    pub(crate) fn give_up(&mut self, number: u16) {
        self.say_close(number, "");
        self.try_write();
    }

    fn say_close(&mut self, number: u16, text: &str) {
        let mut payload = number.to_be_bytes().to_vec();
        payload.extend_from_slice(text.as_bytes());
        self.frame(OpCode::Close, payload);
        self.closing = true;
    }

    /// Says goodbye and waits a moment for the server's half. `text`: at most 123 bytes.
    pub(crate) async fn close(mut self, number: u16, text: &str) {
        self.say_close(number, text);
        let goodbye = async { while self.next().await.is_ok() {} };
        // Without an answer the connection is dropped all the same.
        let _ = timeout(CLOSE_TIME, goodbye).await;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "so that it can be given to map_err")]
fn lost(error: io::Error) -> CloseReason {
    CloseReason::Lost(error.kind())
}
