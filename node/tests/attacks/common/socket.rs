//! A WebSocket that sends whatever bytes it is told to.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use souk_testkit::socket::{ACCEPT, decode, upgrade};
pub(crate) use souk_testkit::socket::{BINARY, CLOSE, PING, PONG, TEXT, connect_from, masked as frame, unmasked};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::http::Answer;
use super::{SOON, soon};

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
        Self::upgrade(connect_from(source, address).await.unwrap(), path, headers).await
    }

    /// The same from a host with hardly any room for what comes.
    pub(crate) async fn open_narrow(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        Self::upgrade(socket.connect(address).await.unwrap(), path, headers).await
    }

    async fn upgrade(mut stream: TcpStream, path: &str, headers: &[(&str, &str)]) -> Result<Self, Answer> {
        let headers = [&[("host", "souk.test")], headers].concat();
        let (handshake, read) = soon("an answer", upgrade(&mut stream, path, &headers)).await.unwrap();
        if handshake.status != 101 {
            return Err(handshake);
        }
        assert_eq!(handshake.header("sec-websocket-accept"), Some(ACCEPT), "{handshake:?}");
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
    let found = decode(bytes)?;
    let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).expect("a server sends UTF-8");
    let payload = found.payload;
    let frame = match found.first {
        TEXT => Frame::Text(text(payload)),
        PING => Frame::Ping(payload.to_vec()),
        PONG => Frame::Pong(payload.to_vec()),
        CLOSE => {
            let code = payload.first_chunk().expect("this server always says a code");
            Frame::Close(u16::from_be_bytes(*code), text(&payload[2..]))
        }
        other => panic!("a server does not send frames that begin with {other:#x}"),
    };
    Some((frame, found.length))
}
