//! From the first bytes to an open WebSocket.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Joined to the key before it is hashed (RFC 6455).
const ACCEPT_TAIL: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Longest head of a request.
const HEAD_BYTES: usize = 16 * 1024;
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Opens a WebSocket; what came behind the head stays in `buffer`. The value of `Authorization: Bearer`, if there is one.
pub(crate) async fn open(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<String>> {
    let end = loop {
        if let Some(end) = memmem::find(buffer, b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > HEAD_BYTES || stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    };
    let head = std::str::from_utf8(&buffer[..end]).map_err(|_| io::ErrorKind::InvalidData)?;
    let target = head.split(' ').nth(1).unwrap_or_default();
    let key = header(head, "sec-websocket-key");
    let (Some(key), "/ws") = (key, target.split('?').next().unwrap_or_default()) else {
        stream.write_all(NOT_FOUND).await?;
        return Err(io::ErrorKind::NotFound.into());
    };
    let accept = STANDARD.encode(Sha1::new().chain_update(key).chain_update(ACCEPT_TAIL).finalize());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Protocol: souk.v1\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let token = header(head, "authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    stream.write_all(answer.as_bytes()).await?;
    buffer.drain(..end + 4);
    Ok(token)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
