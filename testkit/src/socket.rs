//! WebSocket as bytes: the handshake, whole frames. Nothing is checked that a test may want to break.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use crate::http::{Answer, Ask};

/// The first byte of a whole text message.
pub const TEXT: u8 = 0x81;
/// The first byte of a whole binary message.
pub const BINARY: u8 = 0x82;
/// The first byte of a close frame.
pub const CLOSE: u8 = 0x88;
/// The first byte of a ping.
pub const PING: u8 = 0x89;
/// The first byte of a pong.
pub const PONG: u8 = 0x8a;

/// One mask for all frames: it must be there and be undone, but nothing here needs to be unforeseeable.
const MASK: [u8; 4] = [0x5a, 0x00, 0xff, 0x13];

/// What every handshake here says as its key.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What a server answers to the key of [`upgrade`].
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Connects from this address of this machine, on any port.
pub async fn connect_from(source: impl Into<IpAddr>, server: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // Thousands of connections of one address do not run out of ports that an old one still holds.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(source.into(), 0))?;
    socket.connect(server).await
}

/// Asks for an upgrade of `path`, with these lines more. What is answered, and the bytes behind an upgrade.
pub async fn upgrade(stream: &mut TcpStream, path: &str, headers: &[(&str, &str)]) -> io::Result<(Answer, Vec<u8>)> {
    stream.set_nodelay(true)?;
    let handshake = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
    let ask = Ask::new("GET", path).header("sec-websocket-key", KEY);
    let lines = handshake.iter().chain(headers);
    lines.fold(ask, |ask, (name, value)| ask.header(name, value)).through(stream).await
}

/// A client's frame, masked: `first` is its first byte.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    put_head(first, 0x80, payload.len(), &mut out);
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

/// A server's frame, without a mask, put behind `out`.
pub fn put_unmasked(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    put_head(first, 0, payload.len(), out);
    out.extend_from_slice(payload);
}

/// The same as a frame of its own.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 10);
    put_unmasked(first, payload, &mut out);
    out
}

fn put_head(first: u8, masked: u8, length: usize, out: &mut Vec<u8>) {
    out.push(first);
    match u16::try_from(length) {
        Ok(short @ 0..=125) => out.push(masked | short.to_be_bytes()[1]),
        Ok(short) => {
            out.push(masked | 126);
            out.extend_from_slice(&short.to_be_bytes());
        }
        Err(_) => {
            out.push(masked | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its own bytes, without the mask.
    pub bytes: usize,
    /// Bytes of the frame: head, mask and payload.
    pub all: u64,
    /// The first byte.
    pub first: u8,
    /// Whether a mask follows.
    pub masked: bool,
}

impl Head {
    /// Reads it. `None`: it is not there whole.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [first, second, rest @ ..] = bytes else { return None };
        let (bytes, payload) = match second & 0x7f {
            126 => (4, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
            127 => (10, u64::from_be_bytes(*rest.first_chunk()?)),
            short => (2, u64::from(short)),
        };
        let masked = second & 0x80 != 0;
        let mask = if masked { 4 } else { 0 };
        Some(Self { bytes, all: payload.saturating_add(bytes as u64 + mask), first: *first, masked })
    }

    /// The kind of frame: the lower half of its first byte.
    pub fn opcode(&self) -> u8 {
        self.first & 0x0f
    }
}

/// A whole frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The first byte.
    pub first: u8,
    /// What it holds.
    pub payload: &'a [u8],
    /// How many bytes it took.
    pub length: usize,
}

/// The first frame in `buffer`, once it is there in whole. Panics on one that is masked: a server masks nothing.
pub fn decode(buffer: &[u8]) -> Option<Frame<'_>> {
    let head = Head::read(buffer)?;
    assert!(!head.masked, "a server does not mask");
    let length = usize::try_from(head.all).ok()?;
    Some(Frame { first: head.first, payload: buffer.get(head.bytes..length)?, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_once_it_is_whole() {
        for length in [0, 1, 125, 126, 300, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let frame = unmasked(TEXT, &payload);
            assert_eq!(decode(&frame[..frame.len() - 1]), None);
            assert_eq!(decode(&frame), Some(Frame { first: TEXT, payload: &payload, length: frame.len() }));
            let masked = masked(PING, &payload);
            let head = Head::read(&masked).unwrap();
            assert_eq!((head.opcode(), head.all, head.masked), (9, masked.len() as u64, true));
            let undone = masked[head.bytes + 4..].iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            assert!(undone.eq(payload));
        }
    }
}
