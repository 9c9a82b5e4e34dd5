//! WebSocket frames from a server, read out of whatever bytes have arrived.
//!
//! fastwebsockets gives the opcodes, the close codes and the mask, but not the reader: its own keeps 8 KiB per idle socket and
//! loses its place when its future is dropped. This one holds no memory while nothing is half read, and nothing is lost when a
//! caller stops waiting, since it never waits itself.

use fastwebsockets::{CloseCode, OpCode};

/// Longest payload of a control frame (RFC 6455).
const CONTROL_BYTES: usize = 125;

/// What arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Text(String),
    Ping(Vec<u8>),
    Pong,
    /// The number (1005: none) and the text.
    Close(u16, String),
}

/// Bytes that break RFC 6455, or the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("a frame breaks the rules of WebSocket")]
    Rules,
    #[error("a text is not UTF-8")]
    Utf8,
    #[error("a message is larger than this client takes")]
    TooBig,
    #[error("a binary message")]
    Binary,
}

impl Broken {
    /// What to close with.
    pub(crate) fn number(self) -> u16 {
        match self {
            Self::Rules => 1002,
            Self::Binary => 1003,
            Self::Utf8 => 1007,
            Self::TooBig => 1009,
        }
    }
}

/// Bytes not yet read as frames, and the message that is not whole yet.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    start: usize,
    /// The parts of a fragmented text; `None`: none has begun.
    parts: Option<Vec<u8>>,
    max: usize,
}

struct Head {
    fin: bool,
    opcode: OpCode,
    payload: std::ops::Range<usize>,
}

impl Frames {
    /// A reader that starts with what came along with the handshake.
    pub(crate) fn new(early: &[u8], max: usize) -> Self {
        Self { bytes: early.to_vec(), start: 0, parts: None, max }
    }

    /// Where to put bytes that arrive. At least `room` fit without growing.
    pub(crate) fn space(&mut self, room: usize) -> &mut Vec<u8> {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.reserve(room);
        &mut self.bytes
    }

    /// Gives memory back that holds nothing.
    pub(crate) fn release(&mut self) {
        if self.start == self.bytes.len() {
            self.bytes = Vec::new();
            self.start = 0;
        }
    }

    /// The next whole message; `None`: more bytes are needed. Errors are final.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, Broken> {
        loop {
            let Some(head) = self.head()? else {
                self.release();
                return Ok(None);
            };
            let payload = &self.bytes[head.payload.clone()];
            let message = match head.opcode {
                OpCode::Ping => Some(Message::Ping(payload.to_vec())),
                OpCode::Pong => Some(Message::Pong),
                OpCode::Close => Some(close(payload)?),
                OpCode::Binary => return Err(Broken::Binary),
                OpCode::Text if self.parts.is_some() => return Err(Broken::Rules),
                OpCode::Text if head.fin => Some(Message::Text(text(payload.to_vec())?)),
                OpCode::Text => {
                    self.parts = Some(payload.to_vec());
                    None
                }
                OpCode::Continuation => {
                    let parts = self.parts.as_mut().ok_or(Broken::Rules)?;
                    parts.extend_from_slice(payload);
                    if head.fin { self.parts.take().map(text).transpose()?.map(Message::Text) } else { None }
                }
            };
            self.start = head.payload.end;
            self.release();
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    fn head(&self) -> Result<Option<Head>, Broken> {
        let bytes = &self.bytes[self.start..];
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let opcode = OpCode::try_from(first & 0x0f).map_err(|_| Broken::Rules)?;
        let fin = first & 0x80 != 0;
        // Reserved bits mean extensions that nobody agreed on, and servers do not mask.
        if first & 0x70 != 0 || second & 0x80 != 0 {
            return Err(Broken::Rules);
        }
        let (length, size) = match (second & 0x7f, rest) {
            (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
            (127, [a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 10),
            (126 | 127, _) => return Ok(None),
            (short, _) => (u64::from(short), 2),
        };
        let control = matches!(opcode, OpCode::Close | OpCode::Ping | OpCode::Pong);
        let length = usize::try_from(length).map_err(|_| Broken::TooBig)?;
        if control && (length > CONTROL_BYTES || !fin) {
            return Err(Broken::Rules);
        }
        if length > self.max.saturating_sub(self.parts.as_ref().map_or(0, Vec::len)) {
            return Err(Broken::TooBig);
        }
        let from = self.start + size;
        Ok((bytes.len() >= size + length).then_some(Head { fin, opcode, payload: from..from + length }))
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Broken> {
    String::from_utf8(bytes).map_err(|_| Broken::Utf8)
}

fn close(payload: &[u8]) -> Result<Message, Broken> {
    match payload {
        [] => Ok(Message::Close(u16::from(CloseCode::Status), String::new())),
        [_] => Err(Broken::Rules),
        [high, low, reason @ ..] => {
            let number = u16::from_be_bytes([*high, *low]);
            if !CloseCode::from(number).is_allowed() {
                return Err(Broken::Rules);
            }
            Ok(Message::Close(number, text(reason.to_vec())?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        match payload.len() {
            short @ 0..=125 => out.push(u8::try_from(short).unwrap()),
            long => {
                out.push(126);
                out.extend_from_slice(&u16::try_from(long).unwrap().to_be_bytes());
            }
        }
        out.extend_from_slice(payload);
        out
    }

    fn read(bytes: &[u8], step: usize) -> Result<Vec<Message>, Broken> {
        let mut frames = Frames::new(&[], 1_000);
        let mut out = Vec::new();
        for piece in bytes.chunks(step) {
            frames.space(piece.len()).extend_from_slice(piece);
            while let Some(message) = frames.next()? {
                out.push(message);
            }
        }
        Ok(out)
    }

    #[test]
    fn messages_are_the_same_however_the_bytes_arrive() {
        let long = "я".repeat(300);
        let mut bytes = frame(0x81, b"one");
        bytes.extend(frame(0x81, long.as_bytes()));
        bytes.extend(frame(0x01, b"tw"));
        bytes.extend(frame(0x89, b"beat"));
        bytes.extend(frame(0x80, b"o"));
        bytes.extend(frame(0x88, &[0x0f, 0xa1, b'x']));
        let expected = vec![
            Message::Text("one".into()),
            Message::Text(long),
            Message::Ping(b"beat".to_vec()),
            Message::Text("two".into()),
            Message::Close(4001, "x".into()),
        ];
        for step in [1, 2, 3, 7, 64, 10_000] {
            assert_eq!(read(&bytes, step).unwrap(), expected, "in pieces of {step}");
        }
    }

    #[test]
    fn nothing_is_kept_between_messages() {
        let mut frames = Frames::new(&frame(0x81, b"one"), 1_000);
        assert!(frames.next().unwrap().is_some());
        assert_eq!(frames.bytes.capacity(), 0);
    }

    #[test]
    fn what_breaks_the_rules_is_told_apart() {
        for (bytes, error) in [
            (frame(0xc1, b"a"), Broken::Rules),
            (vec![0x81, 0x81, 0, 0, 0, 0, 0], Broken::Rules),
            (frame(0x83, b"a"), Broken::Rules),
            (frame(0x09, b""), Broken::Rules),
            (frame(0x89, &[b'a'; 126]), Broken::Rules),
            (frame(0x80, b"a"), Broken::Rules),
            ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), Broken::Rules),
            (frame(0x88, &[1]), Broken::Rules),
            (frame(0x88, &[0x03, 0xed]), Broken::Rules),
            (frame(0x82, b"a"), Broken::Binary),
            (frame(0x81, &[0xff]), Broken::Utf8),
            (frame(0x81, &[b'a'; 1_001]), Broken::TooBig),
            ([frame(0x01, &[b'a'; 600]), frame(0x80, &[b'a'; 401])].concat(), Broken::TooBig),
            (vec![0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0], Broken::TooBig),
        ] {
            assert_eq!(read(&bytes, 1_000_000), Err(error), "{:?}", &bytes[..bytes.len().min(12)]);
        }
    }
}
