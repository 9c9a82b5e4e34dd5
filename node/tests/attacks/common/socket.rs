//! A WebSocket that sends whatever bytes it is told to.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::http::{self, Answer};
use super::{SOON, soon};

/// A first byte: a whole text message.
pub(crate) const TEXT: u8 = 0x81;
/// A whole binary message.
pub(crate) const BINARY: u8 = 0x82;
/// A close frame.
pub(crate) const CLOSE: u8 = 0x88;
/// A ping.
pub(crate) const PING: u8 = 0x89;
/// A pong.
pub(crate) const PONG: u8 = 0x8a;
const MASK: [u8; 4] = [0x5a, 0x00, 0xff, 0x13];

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
    /// The stream ended; without a close frame if that did not come before.
    End,
}

/// A masked frame.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, 0x80, payload.len());
    bytes.extend_from_slice(&MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The same without a mask.
pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, 0, payload.len());
    bytes.extend_from_slice(payload);
    bytes
}

fn header(first: u8, masked: u8, length: usize) -> Vec<u8> {
    match u16::try_from(length) {
        Ok(short @ 0..=125) => vec![first, masked | short.to_be_bytes()[1]],
        Ok(short) => [&[first, masked | 126][..], &short.to_be_bytes()].concat(),
        Err(_) => [&[first, masked | 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

/// Connects from this address of this machine.
pub(crate) async fn connect_from(source: Ipv4Addr, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    socket.connect(address).await.unwrap()
}

/// A connection after its upgrade.
pub(crate) struct Socket {
    stream: TcpStream,
    read: Vec<u8>,
    /// The answer to the handshake.
    pub(crate) handshake: Answer,
}

impl Socket {
    /// Opens `path`. `Err`: no upgrade but this answer.
    pub(crate) async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        Self::upgrade(TcpStream::connect(address).await.unwrap(), path, headers).await
    }

    /// The same from another address of this machine.
    pub(crate) async fn open_from(
        source: Ipv4Addr,
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Answer> {
        Self::upgrade(connect_from(source, address).await, path, headers).await
    }

    /// The same from a host with hardly any room for what comes.
    pub(crate) async fn open_narrow(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        Self::upgrade(socket.connect(address).await.unwrap(), path, headers).await
    }

    async fn upgrade(mut stream: TcpStream, path: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        stream.set_nodelay(true).unwrap();
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nhost: souk.test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        let (handshake, read) = http::answer(&mut stream).await;
        if handshake.status != 101 {
            return Err(handshake);
        }
        assert_eq!(handshake.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{handshake:?}");
        Ok(Self { stream, read, handshake })
    }

    /// Sends these bytes as they are. A server that has closed meanwhile is no matter here: what it said is still to be read.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(SOON, self.stream.write_all(bytes)).await.expect("the server takes what is sent");
    }

    /// Sends a text message.
    pub(crate) async fn text(&mut self, text: &str) {
        self.send(&frame(TEXT, text.as_bytes())).await;
    }

    /// The next frame. Panics on a frame that a server must not send.
    pub(crate) async fn next(&mut self) -> Frame {
        soon("the server says something", self.read_frame()).await
    }

    /// The next frame if one comes within `patience`.
    pub(crate) async fn next_within(&mut self, patience: Duration) -> Option<Frame> {
        timeout(patience, self.read_frame()).await.ok()
    }

    async fn read_frame(&mut self) -> Frame {
        loop {
            if let Some((frame, used)) = parse(&self.read) {
                self.read.drain(..used);
                return frame;
            }
            match self.stream.read_buf(&mut self.read).await {
                Ok(0) => {
                    assert!(self.read.is_empty(), "the stream ended inside a frame: {:?}", self.read);
                    return Frame::End;
                }
                Ok(_) => {}
                Err(_) => return Frame::End,
            }
        }
    }

    /// Reads until the server closes; the code it closed with. Everything before is dropped.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.next().await {
                Frame::Close(code, _) => {
                    self.send(&frame(CLOSE, &code.to_be_bytes())).await;
                    assert_eq!(self.next().await, Frame::End, "nothing comes after a close frame");
                    return code;
                }
                Frame::End => panic!("the stream ended without a close frame"),
                _ => {}
            }
        }
    }

    /// Waits until the server ends the stream, however it does: a connection that is given up may end inside a frame.
    pub(crate) async fn ended(&mut self) {
        let mut rest = Vec::new();
        let _ = soon("the server ends the stream", self.stream.read_to_end(&mut rest)).await;
    }
}

fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    assert!(second & 0x80 == 0, "a server does not mask");
    let (length, start) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap(), 10),
        short => (usize::from(short), 2),
    };
    let payload = bytes.get(start..start + length)?;
    let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).expect("a server sends UTF-8");
    let frame = match *first {
        TEXT => Frame::Text(text(payload)),
        PING => Frame::Ping(payload.to_vec()),
        PONG => Frame::Pong(payload.to_vec()),
        CLOSE => {
            let code = payload.first_chunk().expect("this server always says a code");
            Frame::Close(u16::from_be_bytes(*code), text(&payload[2..]))
        }
        other => panic!("a server does not send frames that begin with {other:#x}"),
    };
    Some((frame, start + length))
}
