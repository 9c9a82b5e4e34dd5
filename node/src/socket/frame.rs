//! Reading WebSocket frames, as RFC 6455 section 5 wants them from a client.
//!
//! Works on a slice that the caller read into; nothing is kept but the message being put together from fragments. Cancel-safe by
//! construction: there is no await in here.

use fastwebsockets::{OpCode, unmask};

/// Longest message, over all its fragments. Announced as `frameBytes` and `maxPayload`.
pub const MESSAGE_BYTES_MAX: usize = souk_protocol::limits::FRAME_BYTES;
/// Most frames that may make up one message.
pub const FRAGMENTS_MAX: u32 = 64;
/// Longest payload of a control frame (RFC 6455, 5.5).
const CONTROL_BYTES_MAX: usize = 125;
/// Longest header: two bytes, eight of length, four of mask.
pub const HEADER_BYTES_MAX: usize = 14;

/// Why a connection must end, with the close code that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// 1002.
    #[error("{0}")]
    Protocol(&'static str),
    /// 1009.
    #[error("a message has at most {MESSAGE_BYTES_MAX} bytes")]
    TooBig,
    /// 1007.
    #[error("text is not valid UTF-8")]
    Utf8,
}

impl FrameError {
    /// The close code of RFC 6455.
    pub fn close_code(self) -> u16 {
        match self {
            Self::Protocol(_) => 1002,
            Self::TooBig => 1009,
            Self::Utf8 => 1007,
        }
    }
}

/// Something whole that came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message; souk has no use for one.
    Binary,
    /// A ping with its payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// A close frame with its code, if it had one.
    Close(Option<u16>),
}

/// A message of which not all fragments are here.
#[derive(Debug, Default)]
struct Partial {
    text: bool,
    frames: u32,
    bytes: Vec<u8>,
}

/// The reader of one connection. Two words while no fragmented message is under way.
#[derive(Debug, Default)]
pub struct FrameReader {
    partial: Option<Box<Partial>>,
}

/// A frame's place in the buffer.
struct Header {
    fin: bool,
    opcode: OpCode,
    mask: [u8; 4],
    start: usize,
    end: usize,
}

impl FrameReader {
    /// Takes whole frames from the front of `buffer` and hands each message to `sink`, until the frames or the sink's patience
    /// (`false`) end. Returns how many bytes are used up; the caller keeps the rest and brings it again, with more behind it.
    pub fn read(&mut self, buffer: &mut [u8], mut sink: impl FnMut(Incoming<'_>) -> bool) -> Result<usize, FrameError> {
        let mut used = 0;
        while let Some(header) = parse(&buffer[used..])? {
            let frame = &mut buffer[used..];
            unmask(&mut frame[header.start..header.end], header.mask);
            let payload = &frame[header.start..header.end];
            used += header.end;
            if !self.take(&header, payload, &mut sink)? {
                break;
            }
        }
        Ok(used)
    }

    fn take(
        &mut self,
        header: &Header,
        payload: &[u8],
        sink: &mut impl FnMut(Incoming<'_>) -> bool,
    ) -> Result<bool, FrameError> {
        match header.opcode {
            OpCode::Ping => Ok(sink(Incoming::Ping(payload))),
            OpCode::Pong => Ok(sink(Incoming::Pong(payload))),
            OpCode::Close => Ok(sink(Incoming::Close(close_code(payload)?))),
            OpCode::Text | OpCode::Binary => {
                if self.partial.is_some() {
                    return Err(FrameError::Protocol("a new message began before the last one ended"));
                }
                let text = header.opcode == OpCode::Text;
                if header.fin {
                    return deliver(text, payload, sink);
                }
                self.partial = Some(Box::new(Partial { text, frames: 1, bytes: payload.to_vec() }));
                Ok(true)
            }
            OpCode::Continuation => {
                let Some(partial) = &mut self.partial else {
                    return Err(FrameError::Protocol("a continuation without a message"));
                };
                partial.frames += 1;
                if partial.bytes.len() + payload.len() > MESSAGE_BYTES_MAX {
                    return Err(FrameError::TooBig);
                }
                if partial.frames > FRAGMENTS_MAX {
                    return Err(FrameError::Protocol("too many fragments in one message"));
                }
                partial.bytes.extend_from_slice(payload);
                if !header.fin {
                    return Ok(true);
                }
                let whole = self.partial.take().expect("it was there a line ago");
                deliver(whole.text, &whole.bytes, sink)
            }
        }
    }
}

fn deliver(text: bool, payload: &[u8], sink: &mut impl FnMut(Incoming<'_>) -> bool) -> Result<bool, FrameError> {
    if !text {
        return Ok(sink(Incoming::Binary));
    }
    let text = simdutf8::basic::from_utf8(payload).map_err(|_| FrameError::Utf8)?;
    Ok(sink(Incoming::Text(text)))
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, FrameError> {
    match payload {
        [] => Ok(None),
        [_] => Err(FrameError::Protocol("a close code has two bytes")),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !fastwebsockets::CloseCode::from(code).is_allowed() {
                return Err(FrameError::Protocol("a close code that may not be sent"));
            }
            simdutf8::basic::from_utf8(reason).map_err(|_| FrameError::Utf8)?;
            Ok(Some(code))
        }
    }
}

/// The header of the first frame in `buffer`, once the whole frame is there. What is wrong is said as soon as it shows, before
/// the payload came.
fn parse(buffer: &[u8]) -> Result<Option<Header>, FrameError> {
    let [first, second, rest @ ..] = buffer else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err(FrameError::Protocol("reserved bits are set, and no extension was agreed on"));
    }
    let fin = first & 0x80 != 0;
    let opcode = OpCode::try_from(first & 0x0f).map_err(|_| FrameError::Protocol("unknown opcode"))?;
    if second & 0x80 == 0 {
        return Err(FrameError::Protocol("frames from a client are masked"));
    }
    let control = matches!(opcode, OpCode::Ping | OpCode::Pong | OpCode::Close);
    let short = usize::from(second & 0x7f);
    if control && (!fin || short > CONTROL_BYTES_MAX) {
        return Err(FrameError::Protocol("control frames are whole and have at most 125 bytes"));
    }
    let (length, length_bytes) = match (short, rest) {
        (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 2),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (usize::try_from(length).map_err(|_| FrameError::TooBig)?, 8)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (short, 0),
    };
    if length > MESSAGE_BYTES_MAX {
        return Err(FrameError::TooBig);
    }
    if matches!((length_bytes, length), (2, 0..=125) | (8, 0..=65_535)) {
        return Err(FrameError::Protocol("the length is not in its shortest form"));
    }
    let start = 2 + length_bytes + 4;
    let Some(mask) = rest.get(length_bytes..length_bytes + 4).and_then(|mask| mask.try_into().ok()) else {
        return Ok(None);
    };
    if buffer.len() < start + length {
        return Ok(None);
    }
    Ok(Some(Header { fin, opcode, mask, start, end: start + length }))
}

/// A frame as a server sends it: whole, unmasked.
pub fn encode(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 10);
    frame.push(0x80 | opcode as u8);
    match payload.len() {
        length @ 0..=125 => frame.push(u8::try_from(length).expect("at most 125")),
        length @ 126..=65_535 => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(length).expect("at most 65,535").to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// A close frame. The reason is cut to what a control frame holds.
pub fn encode_close(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    let room = reason.floor_char_boundary(CONTROL_BYTES_MAX - 2);
    payload.extend_from_slice(&reason.as_bytes()[..room]);
    encode(OpCode::Close, &payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MASK: [u8; 4] = [7, 99, 0, 255];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = encode(OpCode::Text, payload);
        bytes[0] = first;
        let header = bytes.len() - payload.len();
        bytes[1] |= 0x80;
        let mut masked = payload.to_vec();
        unmask(&mut masked, MASK);
        bytes.truncate(header);
        bytes.extend_from_slice(&MASK);
        bytes.extend_from_slice(&masked);
        bytes
    }

    fn read_all(reader: &mut FrameReader, bytes: &[u8], slice: usize) -> Result<Vec<String>, FrameError> {
        let mut seen = Vec::new();
        let mut kept: Vec<u8> = Vec::new();
        for chunk in bytes.chunks(slice.max(1)) {
            kept.extend_from_slice(chunk);
            let used = reader.read(&mut kept, |incoming| {
                seen.push(format!("{incoming:?}"));
                true
            })?;
            kept.drain(..used);
        }
        Ok(seen)
    }

    #[test]
    fn fragments_join_and_control_frames_slip_in_between() {
        let mut bytes = frame(0x01, "hé".as_bytes());
        bytes.extend(frame(0x89, b"p"));
        bytes.extend(frame(0x80, b"llo"));
        for slice in 1..=bytes.len() {
            let seen = read_all(&mut FrameReader::default(), &bytes, slice).unwrap();
            assert_eq!(seen, ["Ping([112])", "Text(\"héllo\")"], "in slices of {slice}");
        }
    }

    #[test]
    fn every_breach_has_its_close_code() {
        let mut unmasked = frame(0x81, b"x");
        unmasked[1] &= 0x7f;
        let cases: Vec<(&str, Vec<u8>, u16)> = vec![
            ("unmasked", unmasked, 1002),
            ("reserved bit", frame(0xc1, b"x"), 1002),
            ("unknown opcode", frame(0x83, b"x"), 1002),
            ("fragmented ping", frame(0x09, b"x"), 1002),
            ("long ping", frame(0x89, &[b'x'; 126]), 1002),
            ("stray continuation", frame(0x80, b"x"), 1002),
            ("message inside a message", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), 1002),
            ("too big", frame(0x81, &vec![b'x'; MESSAGE_BYTES_MAX + 1]), 1009),
            ("too big in parts", [frame(0x01, &[b'x'; 40_000]), frame(0x80, &[b'x'; 40_000])].concat(), 1009),
            (
                "endless fragments",
                std::iter::repeat_n(frame(0x00, b""), 70).fold(frame(0x01, b""), |a, b| [a, b].concat()),
                1002,
            ),
            ("bad UTF-8", frame(0x81, &[0xc3, 0x28]), 1007),
            ("bad UTF-8 in a reason", frame(0x88, &[0x03, 0xe8, 0xff]), 1007),
            ("close code of one byte", frame(0x88, &[3]), 1002),
            ("reserved close code", frame(0x88, &1005_u16.to_be_bytes()), 1002),
            ("long form of a short length", vec![0x81, 0xfe, 0, 1, 0, 0, 0, 0, b'x'], 1002),
        ];
        for (name, bytes, code) in cases {
            let error = read_all(&mut FrameReader::default(), &bytes, bytes.len()).expect_err(name);
            assert_eq!(error.close_code(), code, "{name}");
        }
    }

    #[test]
    fn a_length_is_refused_before_its_payload_came() {
        let header = [&[0x81, 0xff][..], &(1_u64 << 40).to_be_bytes(), &MASK].concat();
        assert_eq!(read_all(&mut FrameReader::default(), &header, header.len()), Err(FrameError::TooBig));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_slices_never_panic_and_agree(
            bytes in proptest::collection::vec(any::<u8>(), 0..300), slice in 1_usize..50,
        ) {
            let whole = read_all(&mut FrameReader::default(), &bytes, bytes.len().max(1));
            let sliced = read_all(&mut FrameReader::default(), &bytes, slice);
            prop_assert_eq!(whole.is_ok(), sliced.is_ok());
            if let (Ok(whole), Ok(sliced)) = (whole, sliced) {
                prop_assert_eq!(whole, sliced);
            }
        }

        #[test]
        fn messages_come_back_as_they_went(texts in proptest::collection::vec(".{0,200}", 1..6), slice in 1_usize..64) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| frame(0x81, text.as_bytes())).collect();
            let seen = read_all(&mut FrameReader::default(), &bytes, slice).unwrap();
            let expected: Vec<String> = texts.iter().map(|text| format!("Text({text:?})")).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
